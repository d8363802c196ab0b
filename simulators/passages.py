"""Who passes the gates of an area that is counted there: cars that come to one of its spaces and leave it again."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import dropwhile

from domain.ids import AssetId
from domain.measurements import Measurements
from domain.places import Asset, AssetKind, Closure, Direction
from domain.uplinks import Kind
from simulators.behaviour import Report, beat_times
from simulators.seeds import seeded
from simulators.spells import Spell, spells

_AT_ONCE = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Passage:
    """A car that comes into an area, or leaves it."""

    at: datetime
    enters: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedArea:
    """An area without a counter of its own, and its gates.

    Each of its spaces is used as a bay of its category would be, so that it is as full as such bays are at that hour.
    """

    area: Asset
    gates: Sequence[Asset]
    closures: Sequence[Closure]
    seed: int
    begins_at: datetime

    def passages(self) -> Iterator[Passage]:
        """All of them from the beginning on, in order, without end."""
        spaces = (_passages(space) for space in self._spaces())
        return dropwhile(lambda one: one.at < self.begins_at, heapq.merge(*spaces))

    def taken(self, at: datetime) -> int:
        """How many are there."""
        return sum(next(spell for spell in space if at < spell.ends_at).occupied for space in self._spaces())

    def passages_at(self, gate: Asset) -> Iterator[Passage]:
        """Those through one of its gates; of several that lead there each car takes any."""
        chance = seeded(self.seed, self.area.asset_id, "gates")
        for passage in self.passages():
            allowed = {Direction.BOTH, Direction.IN if passage.enters else Direction.OUT}
            ways = [one.asset_id for one in self.gates if one.direction in allowed]
            if ways and chance.choice(ways) == gate.asset_id:
                yield passage

    def _spaces(self) -> Iterator[Iterator[Spell]]:
        for number in range(self.area.capacity or 0):
            space = replace(self.area, asset_id=AssetId(f"{self.area.asset_id}/{number}"))
            yield spells(space, self.closures, seed=self.seed, begins_at=self.begins_at)


class GateCounter:
    """Counts who passes since it was started, in whatever words its model has; of `missed` of them it sees nothing."""

    def __init__(self, gate: Asset, *, missed: float, seed: int) -> None:
        self._missed = missed
        self._random = seeded(seed, gate.asset_id, "missed")
        self._came = self._went = 0

    def see(self, passage: Passage) -> bool:
        """Whether it was seen."""
        if self._random.random() < self._missed:
            return False
        self._came += passage.enters
        self._went += not passage.enters
        return True

    def read(self) -> Measurements:
        """Its totals."""
        return {
            "vehicles_in_total": self._came,
            "vehicles_out_total": self._went,
            "vehicles_total": self._came + self._went,
            "people_in_total": self._came,
            "people_out_total": self._went,
        }


def gate_reports(counted: CountedArea, gate: Asset, counter: GateCounter, *, heartbeat: timedelta) -> Iterator[Report]:
    """Everything that the counter at a gate says, in order, without end: its total at the start and at each passage."""
    begins_at = counted.begins_at
    yield Report(begins_at, gate, Kind.STARTUP, counter.read())
    # Not every startup frame says a total, and what is not said cannot be counted from.
    yield Report(begins_at + _AT_ONCE, gate, Kind.EVENT, counter.read())
    beating = beat_times(seeded(counted.seed, gate.asset_id, "phase"), heartbeat, begins_at)
    beat_at = next(beating)
    for passage in counted.passages_at(gate):
        while beat_at < passage.at:
            yield Report(beat_at, gate, Kind.HEARTBEAT, counter.read())
            beat_at = next(beating)
        if counter.see(passage):
            yield Report(passage.at, gate, Kind.EVENT, counter.read())


def counted_areas(
    assets: Sequence[Asset], closures: dict[AssetId, list[Closure]], *, seed: int, begins_at: datetime
) -> Iterator[CountedArea]:
    """Those among these places; of an area that is not there, no gate counts."""
    for area in assets:
        gates = [one for one in assets if one.kind is AssetKind.GATE and one.area == area.asset_id]
        if area.kind is AssetKind.AREA and gates:
            yield CountedArea(area=area, gates=gates, closures=closures[area.asset_id], seed=seed, begins_at=begins_at)


def _passages(space: Iterator[Spell]) -> Iterator[Passage]:
    for spell in space:
        if spell.occupied:
            yield Passage(spell.begins_at, enters=True)
            yield Passage(spell.ends_at, enters=False)
