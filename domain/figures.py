"""Figures of a time: seconds of each state, and what follows from them; they add up, by construction."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from math import ceil

from domain.periods import Period, Step, floor

_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Facts added up: seconds times capacity in each state, and how many came and went.

    `inferred_s` is the part of free and occupied that no sensor said.
    """

    free_s: int = 0
    occupied_s: int = 0
    unknown_s: int = 0
    closed_s: int = 0
    inferred_s: int = 0
    arrivals: int = 0
    departures: int = 0

    @property
    def total_s(self) -> int:
        """All of it, whatever the state."""
        return self.free_s + self.occupied_s + self.unknown_s + self.closed_s

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(**{name: getattr(self, name) + getattr(other, name) for name in SUMS})

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(**{name: getattr(self, name) - getattr(other, name) for name in SUMS})


SUMS = tuple(field.name for field in fields(Sums))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was in a time of `seconds` length: `free_s + occupied_s + unknown_s + closed_s = capacity * seconds`."""

    capacity: int
    seconds: int
    sums: Sums

    @property
    def known_s(self) -> int:
        """Seconds of which somebody knows whether they were free or occupied."""
        return self.sums.free_s + self.sums.occupied_s

    @property
    def coverage(self) -> float | None:
        """The share of the time in use that is known, 0..1; None where none was in use."""
        open_s = self.known_s + self.sums.unknown_s
        return self.known_s / open_s if open_s else None

    @property
    def occupancy(self) -> float | None:
        """The share of the known time that was occupied, 0..1; None where nothing is known."""
        return self.sums.occupied_s / self.known_s if self.known_s else None

    @property
    def inferred_share(self) -> float | None:
        """The share of the known time that was inferred or smoothed, 0..1; None where nothing is known."""
        return self.sums.inferred_s / self.known_s if self.known_s else None

    @property
    def turnover(self) -> float | None:
        """Arrivals for each bay (or seat) and 24 hours of known time; None where nothing is known."""
        return self.sums.arrivals * _DAY_S / self.known_s if self.known_s else None


class Times:
    """Stretches of time that make one figure: a step, or each Monday's hour from nine to ten."""

    def __init__(self, periods: Iterable[Period]) -> None:
        self._periods: Sequence[Period] = tuple(periods)

    @cached_property
    def seconds(self) -> int:
        """Their length."""
        return sum(_seconds(one) for one in self._periods)

    def before_s(self, at: datetime) -> int:
        """Seconds of them that are over at a moment after which there are more; 0 where there are none."""
        if not self._periods or self._periods[-1].until <= at or at <= self._periods[0].since:
            return 0
        return sum(
            _seconds(one if one.until <= at else Period(since=one.since, until=at))
            for one in self._periods
            if one.since < at
        )


Beginnings = Mapping[datetime, int]
"""Capacity by the quarter of an hour from which on it counts."""


def beginnings(assets: Iterable[tuple[datetime, int]]) -> Beginnings:
    """Of assets, each with the moment since when it has a history and its capacity."""
    found: Counter[datetime] = Counter()
    for since, capacity in assets:
        found[floor(since, Step.QUARTER)] += capacity
    return found


def figures(sums: Sums, times: Times, begun: Beginnings) -> Figures:
    """The figures of assets in a time that is over.

    An asset counts for all of a time as soon as it counts in a part of it: what was before is unknown.
    """
    before_s = sum(capacity * times.before_s(at) for at, capacity in begun.items())
    # Where a capacity changed on the way, the larger one counts, the rest is unknown.
    capacity = ceil((sums.total_s + before_s) / times.seconds) if times.seconds else 0
    known = {name: getattr(sums, name) for name in SUMS}
    known["unknown_s"] += capacity * times.seconds - sums.total_s
    return Figures(capacity=capacity, seconds=times.seconds, sums=Sums(**known))


def over(period: Period, told_until: datetime) -> Period | None:
    """The part of a period that is over; None where it has not begun."""
    until = min(period.until, told_until)
    return Period(since=period.since, until=until) if period.since < until else None


def _seconds(period: Period) -> int:
    return int((period.until - period.since).total_seconds())
