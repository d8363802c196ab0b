"""Words about one asset: what frames said of it, one for each second, as far as they are believed."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from domain.counts import Around, believed, is_spike
from domain.uplinks import Kind

NO_TIME = timedelta()


class Quality(StrEnum):
    """How a span is known: a sensor said so, later words prove it, or flapping was smoothed."""

    OBSERVED = "observed"
    INFERRED = "inferred"
    REPAIRED = "repaired"


class Observation(NamedTuple):
    """What one frame said of one asset. A tuple, for millions are made of them.

    `taken`: 0 or 1 for a bay, persons for a bench, what was counted in an area, which has a `capacity`; `counted` where
    it is a number that the sensor counted, not its yes or no. `counts_until`: when its word ends by itself.
    `previous_for`: how long the state before lasted, where the sensor says so. `debounce`: how long a change has to
    last. `quality` is that of its own word.
    """

    at: datetime
    f_cnt: int
    device_key: int
    kind: Kind
    taken: int
    counts_until: datetime
    counted: bool = False
    previous_for: timedelta | None = None
    debounce: timedelta = NO_TIME
    capacity: int | None = None
    quality: Quality = Quality.OBSERVED

    @property
    def order(self) -> tuple[object, ...]:
        """Which of two is the newer: the greater. As `store.folds.Event.order`, so that past and present agree.

        Words that are equal in this are equal in everything, so that none hangs on who was read first.
        """
        return (
            self.at, self.f_cnt, self.taken > 0, self.counts_until, self.taken,
            self.kind, self.device_key, self.counted, self.previous_for or NO_TIME, self.debounce,
            self.previous_for is not None,
        )  # fmt: skip


_new = tuple.__new__


def one_a_second(observations: Iterable[Observation]) -> list[Observation]:
    """The last believed word of each second, in order of time, in whole seconds."""
    seconds: dict[datetime, Observation] = {}
    for word in observations:
        if word.capacity is not None and believed(word.taken, word.capacity).taken is None:
            continue
        known = seconds.setdefault(whole_second(word.at), word)
        if known is not word and known.order < word.order:
            seconds[whole_second(word.at)] = word
    return [_in_whole_seconds(seconds[second], second) for second in sorted(seconds)]


def without_spikes(told: Sequence[Observation]) -> Sequence[Observation]:
    """The words of `one_a_second`, those that leapt away and back as the one before them.

    Whether one did is told by the two words before it and the one after it, as they came.
    """
    if all(word.capacity is None for word in told):
        return told
    found = list(told)
    for number, (earlier, before, word, after) in enumerate(zip(told, told[1:], told[2:], told[3:], strict=False), 2):
        if word.capacity is None:
            continue
        lasted, span = after.at - word.at, after.at - earlier.at
        around = Around(earlier.taken, before.taken, after.taken, lasted.total_seconds(), span.total_seconds())
        if is_spike(word.taken, around, capacity=word.capacity):
            found[number] = word._replace(taken=before.taken, quality=Quality.REPAIRED)
    return found


def whole_second(moment: datetime) -> datetime:
    """The second in which it lies."""
    # Less than half of what `replace` takes.
    return moment - timedelta(0, 0, moment.microsecond) if moment.microsecond else moment


def _in_whole_seconds(word: Observation, second: datetime) -> Observation:
    """A word that is believed, as what it says of whole seconds."""
    at, f_cnt, device_key, kind, number, until, counted, previous_for, debounce, capacity, quality = word
    taken = number if capacity is None else believed(number, capacity).taken
    # Nearly always so many whole seconds after the word itself: then it has the same fraction.
    until = until - (at - second) if until.microsecond == at.microsecond else whole_second(until)
    until = max(until, second)
    # As `_replace`, which takes five times as long.
    said = (second, f_cnt, device_key, kind, taken, until, counted, previous_for, debounce, capacity, quality)
    return _new(Observation, said)
