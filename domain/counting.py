"""Counting by passages: how many are in an area that is known at some moments and counted at its gates in between.

A pure function of what gates' counters said and of anchors (recounts by people, and a time of the night at which it is
known how many are there). Any order, duplication and delay of the same words gives the same count. It is never below 0
nor above the capacity; what does not fit is kept as residual, so that nothing is lost: anchor + passages = shown +
residual. It is told only while every gate is heard: of one that is silent nobody knows who passes it.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple

from domain.local_time import at as local_at
from domain.local_time import local_day
from domain.places import Direction
from domain.spans import BEGINNING

COUNTER_ENDS = 2**16
"""Counters of 16 bits begin anew after 65,535."""
LEAST_BEFORE_END = COUNTER_ENDS - COUNTER_ENDS // 8
"""One that falls from here on to a small number has come to its end; one that falls from below was reset."""

_SIGNS: dict[str, dict[Direction, int]] = {
    "in_total": {Direction.IN: 1, Direction.BOTH: 1},
    "out_total": {Direction.OUT: -1, Direction.BOTH: -1},
    # A counter of one direction does not say which: its gate does.
    "total": {Direction.IN: 1, Direction.OUT: -1},
}


TOGETHER = timedelta(seconds=1)
"""Clocks of gateways differ: of words within so little time nobody knows by their times which was said first."""


class Total(NamedTuple):
    """What a counter said of all that it has counted so far; `sign` is -1 where that leaves the area."""

    at: datetime
    source: str
    sign: int
    value: int


class Passages(NamedTuple):
    """So many came in and went out between the words of a counter, told at a moment."""

    at: datetime
    came: int
    went: int


class Anchor(NamedTuple):
    """At that moment so many are there. `by`: who said so; None for the nightly one."""

    at: datetime
    taken: int
    by: str | None


class Heard(NamedTuple):
    """A word of a device; it counts for `silent_after`."""

    at: datetime
    device_key: int
    silent_after: timedelta


class Gate:
    """A gate, since when it is one, and every word of the devices that count there."""

    def __init__(self, heard: Iterable[Heard], since: datetime = BEGINNING) -> None:
        self.since = since
        self._heard = sorted(heard)
        self.moments = [one.at for one in self._heard]

    def last(self, moment: datetime) -> Heard | None:
        """Its newest word, where that still counts."""
        before = bisect_right(self.moments, moment)
        found = self._heard[before - 1] if before else None
        return found if found is not None and moment < found.at + found.silent_after else None


class Told(NamedTuple):
    """The count at a moment. `device_key` is the device that falls silent first."""

    at: datetime
    taken: int
    device_key: int


class Step(NamedTuple):
    """What is shown from a moment on, and what did not fit since the last anchor.

    `corrected` is what an anchor put right (drift): None where nothing was known before, or there is no anchor.
    """

    at: datetime
    taken: int
    residual: int
    corrected: int | None


LEAST_DRIFT = 2
DRIFT_SHARE = 0.05
"""An anchor that corrects more than that, and more than this share of the capacity, tells of a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedDay:
    """A local day: who came and went, how much of that did not fit (absolute), how much anchors put right."""

    day: date
    came: int
    went: int
    residual: int
    drift: int | None


def sign_of(measurement: str, direction: Direction) -> int | None:
    """Whether what a gate's counter counts comes (1) or goes (-1); None where it says nothing of the area."""
    kind, _, what = measurement.partition("_")
    return _SIGNS.get(what, {}).get(direction) if kind in {"vehicles", "people"} else None


def passages(totals: Iterable[Total]) -> list[Passages]:
    """The differences of running totals, in order of time; the first word of a counter is only where it begins.

    Words of a counter that lie within `TOGETHER` are taken to be in that order in which the fewest passed.
    """
    said: defaultdict[tuple[str, int], dict[datetime, int]] = defaultdict(dict)
    for total in totals:
        moments = said[total.source, total.sign]
        moments[total.at] = max(total.value, moments.get(total.at, 0))
    came: defaultdict[datetime, int] = defaultdict(int)
    went: defaultdict[datetime, int] = defaultdict(int)
    for (_, sign), moments in said.items():
        before: int | None = None
        for at, value in _in_order_said(sorted(moments.items())):
            if before is not None:
                (came if sign > 0 else went)[at] += _passed(before, value)
            before = value
    return [Passages(at, came[at], went[at]) for at in sorted({*came, *went}) if came[at] or went[at]]


def _in_order_said(words: Iterable[tuple[datetime, int]]) -> Iterator[tuple[datetime, int]]:
    """The same moments and the same totals, each with the one that was the total then."""
    before: int | None = None
    together: list[tuple[datetime, int]] = []
    for word in [*words, None]:
        if together and (word is None or word[0] - together[0][0] > TOGETHER):
            values = _least_passed(before, sorted(value for _, value in together))
            yield from zip((at for at, _ in together), values, strict=True)
            before, together = values[-1], []
        if word is not None:
            together.append(word)


def _least_passed(before: int | None, values: Sequence[int]) -> Sequence[int]:
    """Totals in the order in which the fewest passed: from the least on, or anew on the way."""
    orders = [[*values[first:], *values[:first]] for first in range(len(values))]
    known = [] if before is None else [before]
    return min(orders, key=lambda order: sum(_passed(*pair) for pair in pairwise([*known, *order])))


def _passed(before: int, value: int) -> int:
    if value >= before:
        return value - before
    ended = before < COUNTER_ENDS and before >= LEAST_BEFORE_END and value < COUNTER_ENDS - LEAST_BEFORE_END
    # What a counter had counted after its last word, before it was reset, nobody knows.
    return value + COUNTER_ENDS - before if ended else value


def count(anchors: Iterable[Anchor], passed: Iterable[Passages], *, capacity: int) -> list[Step]:
    """What is shown, from the first anchor on: a step at each anchor and each moment at which somebody passed."""
    found: list[Step] = []
    for at, net, anchor in _in_order(anchors, passed):
        if found and net:
            shown, residual = found[-1].taken, found[-1].residual
            taken = min(max(shown + net, 0), capacity)
            found.append(Step(at, taken, residual + shown + net - taken, None))
        if anchor is not None:
            found.append(Step(at, anchor.taken, 0, anchor.taken - found[-1].taken if found else None))
    return found


def _in_order(anchors: Iterable[Anchor], passed: Iterable[Passages]) -> Iterator[tuple[datetime, int, Anchor | None]]:
    """Who passed at the moment of an anchor is in its number; of anchors of one moment people's counts."""
    net: defaultdict[datetime, int] = defaultdict(int)
    for one in passed:
        net[one.at] += one.came - one.went
    by_moment: dict[datetime, Anchor] = {}
    for anchor in sorted(anchors, key=lambda one: (one.by is not None, one.taken, one.by or "")):
        by_moment[anchor.at] = anchor
    for at in sorted({*net, *by_moment}):
        yield at, net[at], by_moment.get(at)


def told(steps: Sequence[Step], gates: Sequence[Gate]) -> list[Told]:
    """The count at each moment at which a gate was heard or an anchor is, while all that there are by then are."""
    begins = [step.at for step in steps]
    found = []
    for moment in sorted({*begins, *(moment for gate in gates for moment in gate.moments)}):
        number = bisect_right(begins, moment)
        there = [gate for gate in gates if gate.since <= moment]
        words = [word for gate in there if (word := gate.last(moment)) is not None]
        if number and words and len(words) == len(there):
            first = min(words, key=lambda word: (word.silent_after, word.device_key))
            found.append(Told(moment, steps[number - 1].taken, first.device_key))
    return found


def nightly(clock: time, taken: int, *, since: datetime, until: datetime) -> list[Anchor]:
    """The anchors of every local day from one moment to another."""
    days = (local_day(since) + timedelta(days=n) for n in range((local_day(until) - local_day(since)).days + 1))
    found = (Anchor(local_at(day, clock), taken, None) for day in days)
    return [anchor for anchor in found if since <= anchor.at <= until]


def by_day(steps: Iterable[Step], passed: Iterable[Passages]) -> list[CountedDay]:
    """What happened on each local day on which anything did."""
    came: defaultdict[date, int] = defaultdict(int)
    went: defaultdict[date, int] = defaultdict(int)
    for one in passed:
        came[local_day(one.at)] += one.came
        went[local_day(one.at)] += one.went
    residual: defaultdict[date, int] = defaultdict(int)
    drift: dict[date, int] = {}
    before = 0
    for step in steps:
        day = local_day(step.at)
        if step.corrected is not None:
            drift[day] = drift.get(day, 0) + step.corrected
        residual[day] += abs(step.residual - before) if step.residual else 0
        before = step.residual
    return [
        CountedDay(day=day, came=came[day], went=went[day], residual=residual[day], drift=drift.get(day))
        for day in sorted({*came, *went, *residual})
    ]
