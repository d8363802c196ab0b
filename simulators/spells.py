"""The truth about one bay or bench: spells of being taken and of being vacant, one after another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.places import Asset, Closure
from simulators.seeds import seeded
from simulators.visits import WARM_UP, habit_of, visits


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which an asset was in one state, from one moment until just before another."""

    begins_at: datetime
    ends_at: datetime
    occupied: bool

    @property
    def lasts(self) -> timedelta:
        """From beginning to end."""
        return self.ends_at - self.begins_at


def spells(asset: Asset, closures: Sequence[Closure], *, seed: int, begins_at: datetime) -> Iterator[Spell]:
    """All spells that matter from `begins_at` on, in order and without gaps; nobody arrives in a closure."""
    vacant_from = begins_at - WARM_UP
    random = seeded(seed, asset.asset_id, "visits")
    for visit in visits(habit_of(asset, seed), random, begins_at=begins_at):
        yield Spell(vacant_from, visit.begins_at, occupied=False)
        yield Spell(visit.begins_at, visit.ends_at, occupied=not is_closed(closures, visit.begins_at))
        vacant_from = visit.ends_at


def is_closed(closures: Sequence[Closure], at: datetime) -> bool:
    """Whether any of an asset's closures covers a moment."""
    return any(one.begins_at <= at and (one.ends_at is None or at < one.ends_at) for one in closures)
