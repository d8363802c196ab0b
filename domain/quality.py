"""What is wrong with the data of areas: found by rules, told once for each asset, fault and local day, and counted.

A fault is never mended in silence: `domain.counts` and `domain.spans` say what is believed instead, this says of what.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from domain.counts import believed
from domain.local_time import at, local_day
from domain.observations import Observation, Quality, one_a_second, without_spikes


class Fault(StrEnum):
    """What can be wrong. The values are stored: never reuse one."""

    ABOVE_CAPACITY = "above_capacity"
    FAR_ABOVE_CAPACITY = "far_above_capacity"
    NEGATIVE = "negative"
    SPIKE = "spike"
    FROZEN = "frozen"
    SENTINEL = "sentinel"
    DUPLICATE = "duplicate"
    BACK_FILL = "back_fill"
    RESIDUAL = "residual"
    DRIFT = "drift"


OF_COUNTS = (Fault.ABOVE_CAPACITY, Fault.FAR_ABOVE_CAPACITY, Fault.NEGATIVE, Fault.SPIKE)
"""Those that are seen in the counts of an area themselves."""
OF_TALLIES = (Fault.RESIDUAL, Fault.DRIFT)
"""Those of areas that are counted at their gates."""
AROUND = timedelta(hours=3)
"""So far away may be the counts that say whether one is a spike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultyDay:
    """One fault on one local day: from its first time to its last, how often, and by how much at most."""

    fault: Fault
    day: date
    begins_at: datetime
    ends_at: datetime
    times: int
    residual: int


@dataclass(slots=True)
class Faults:
    """Faults as they are found, put together by day."""

    _found: defaultdict[tuple[Fault, date], list[tuple[datetime, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, fault: Fault, moment: datetime, residual: int = 0) -> None:
        """One more."""
        self._found[fault, local_day(moment)].append((moment, residual))

    def by_day(self) -> list[FaultyDay]:
        """Every fault and day, in order."""
        return [_day(fault, day, times) for (fault, day), times in sorted(self._found.items())]


def _day(fault: Fault, day: date, times: Sequence[tuple[datetime, int]]) -> FaultyDay:
    moments = [moment for moment, _ in times]
    return FaultyDay(
        fault=fault,
        day=day,
        begins_at=min(moments),
        ends_at=max(moments),
        times=len(times),
        residual=max((residual for _, residual in times), key=abs),
    )


def faults_of_counts(words: Iterable[Observation], days: Iterable[date]) -> list[FaultyDay]:
    """What is wrong with the counts of an area on these days; `words` with those of `AROUND` before and after."""
    found = Faults()
    words = list(words)
    for word in words:
        assert word.capacity is not None
        taken, residual = believed(word.taken, word.capacity)
        if residual:
            found.add(_beyond(residual, refused=taken is None), word.at, residual)
    told = one_a_second(words)
    for word, instead in zip(told, without_spikes(told), strict=True):
        if instead.quality is Quality.REPAIRED:
            found.add(Fault.SPIKE, word.at, word.taken - instead.taken)
    wanted = set(days)
    return [one for one in found.by_day() if one.day in wanted]


def _beyond(residual: int, *, refused: bool) -> Fault:
    if residual < 0:
        return Fault.NEGATIVE
    return Fault.FAR_ABOVE_CAPACITY if refused else Fault.ABOVE_CAPACITY


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenRule:
    """When a feed that speaks is taken for dead.

    On a local day it gave no more than `most_values` numbers between the hours in which people come and go, and was
    known for `least_known` of them. In Cologne, asked by this, 43 to 64% of all days of 43 car parks are frozen, by
    month; of 13 healthy ones at most 10%.

    What is closed on Sundays stands still on Sundays: a day counts only where more than half of the same weekdays of
    the `look_back` before it moved; of all days where fewer than two of these are known. Where nothing moved in all of
    that time the feed is dead, whatever the weekday. An area of less than `least_capacity` spaces may stand still by
    chance: of it a week must be known first.
    """

    begins: time = time(7)
    ends: time = time(22)
    most_values: int = 2
    least_known: float = 0.5
    look_back: timedelta = timedelta(days=28)
    least_capacity: int = 20


class AreaDay(NamedTuple):
    """The hours of a local day in which people come and go: how many different numbers, for how long any was known."""

    day: date
    values: int
    known_s: int


_DAYS_OF_A_WEEK = 7


def over(day: date, rule: FrozenRule) -> datetime:
    """When a day has told all that the rule wants to know."""
    return at(day, rule.ends)


def frozen_days(days: Sequence[AreaDay], rule: FrozenRule, *, capacity: int) -> list[FaultyDay]:
    """Those of these days, in order, on which the area stood still though it should not have."""
    moved = {one.day: one.values > rule.most_values for one in days if _is_known(one, rule)}
    return [
        FaultyDay(
            fault=Fault.FROZEN,
            day=day,
            begins_at=at(day, rule.begins),
            ends_at=at(day, rule.ends),
            times=1,
            residual=0,
        )
        for day, has_moved in moved.items()
        if not has_moved and _should_move(day, moved, rule, capacity)
    ]


def _is_known(one: AreaDay, rule: FrozenRule) -> bool:
    length_s = (at(one.day, rule.ends) - at(one.day, rule.begins)).total_seconds()
    return one.known_s >= rule.least_known * length_s


def _should_move(day: date, moved: Mapping[date, bool], rule: FrozenRule, capacity: int) -> bool:
    past = [day - timedelta(days=n) for n in range(1, rule.look_back.days + 1)]
    before = [moved[one] for one in past if one in moved]
    if len(before) < _DAYS_OF_A_WEEK and capacity < rule.least_capacity:
        return False
    if not any(before):
        return True
    same = [moved[one] for one in past if one in moved and one.weekday() == day.weekday()]
    usual = same if len(same) > 1 else before
    return sum(usual) * 2 > len(usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityEvent:
    """A fault of an asset on a local day, as it is kept."""

    asset_id: str
    asset_name: str
    site_id: str
    capacity: int
    fault: Fault
    day: date
    begins_at: datetime
    ends_at: datetime
    times: int
    residual: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of the time of a site's areas and bays is known, in space-seconds.

    `frozen_s` of the known is what a feed said on days on which it stood still; it is part of `free_s + occupied_s`.
    """

    site_id: str
    site_name: str
    free_s: int
    occupied_s: int
    unknown_s: int
    closed_s: int
    frozen_s: int

    @property
    def open_s(self) -> int:
        """All of it but what was closed."""
        return self.free_s + self.occupied_s + self.unknown_s

    @property
    def known(self) -> float | None:
        """The share that is known, also of frozen days; None where all was closed."""
        return (self.free_s + self.occupied_s) / self.open_s if self.open_s else None

    @property
    def moving(self) -> float | None:
        """The share that is known and not frozen; None where all was closed."""
        return (self.free_s + self.occupied_s - self.frozen_s) / self.open_s if self.open_s else None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityChoice:
    """Which faults: from a day until another, both included; of one site, asset or kind, or of all."""

    first_day: date
    last_day: date
    site_id: str | None = None
    asset_id: str | None = None
    fault: Fault | None = None
    limit: int = 1000


class QualityRecords(Protocol):
    """What managers ask of the quality of data. Every method may raise StoreUnavailableError."""

    async def events(self, choice: QualityChoice) -> list[QualityEvent]:
        """The newest day first, and on it the most frequent."""
        ...

    async def totals(self, choice: QualityChoice) -> dict[Fault, int]:
        """How often each fault happened, of all that match."""
        ...

    async def coverage(self, choice: QualityChoice) -> list[Coverage]:
        """Sites with facts in that time, by name."""
        ...
