"""A part of an asset's history told anew: as much as new, gone or changed words can touch, and nothing else.

Between two stable segments (see `domain.spans.Segment`) history is told by the words between them alone. So it is
enough to know the words around a change as far as the nearest stable segment on each side. Whether a count of an area
is a spike hangs on its neighbours: there the nearest word before a change and the two nearest after it may change with
it, and of the first two words that were read, where there are more before them, nobody knows.

Words are given up after a while: before a moment history is frozen. The last words before it are still there, so that
what they say of the time after it is known.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from operator import attrgetter
from typing import NamedTuple

from domain.observations import Observation, Quality, one_a_second
from domain.spans import BEGINNING, FOREVER, Closed, Segment, Span, clipped, joined, segments, spans_of_segments
from domain.states import State

_MOMENT = timedelta(seconds=1)
# So many words before it say, with the one after it, whether a count is a spike.
_BEFORE = 2
_at, _begins_at, _ends_at = map(attrgetter, ("at", "begins_at", "ends_at"))
_NOTHING = Span(begins_at=FOREVER, ends_at=BEGINNING, state=State.UNKNOWN, taken=0, quality=Quality.OBSERVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Observations around a change, and whether these are all there are before and after it."""

    observations: Sequence[Observation]
    whole_before: bool
    whole_after: bool


class Retold(NamedTuple):
    """What history is from `begins_at` to `ends_at`, without a gap.

    `unsure_at`: what came or went then is not known any more, since what was before it is frozen.
    """

    begins_at: datetime
    ends_at: datetime
    spans: list[Span]
    unsure_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What becomes of the spans that are kept: these go, by their beginning, and those come.

    `touched` is the time in which anything changed; None where nothing did.
    """

    gone: list[datetime]
    new: list[Span]
    touched: tuple[datetime, datetime] | None


def retell(
    words: Words,
    closures: Iterable[Closed],
    *,
    since: datetime,
    until: datetime,
    frozen_until: datetime = BEGINNING,
    is_older: bool = False,
) -> Retold | None:
    """The history that changes of words or closures from `since` to `until` can touch; None: more words are needed.

    What lies before `frozen_until` stays as it is; `is_older` says whether there is any.
    """
    since, until = max(since, frozen_until), max(until, frozen_until)
    told = one_a_second(words.observations)
    found = segments(told)
    hang_together = _hang_together(told)
    begins_at = _beginning(words, told, found, since, hang_together=hang_together)
    ends_at = _end(words, told, found, until, hang_together=hang_together)
    if begins_at is None or ends_at is None:
        return None
    begins_at = max(begins_at, frozen_until)
    spans = spans_of_segments(found, closures, since=frozen_until if is_older else FOREVER)
    unsure = is_older and words.whole_before and bool(told) and told[0].at >= frozen_until
    return Retold(begins_at, ends_at, clipped(spans, begins_at, ends_at), told[0].at if unsure else None)


def rewrite(kept: Sequence[Span], retold: Retold) -> Rewrite:
    """How to make what is kept what is retold. `kept`: at least all spans that overlap or touch it, in order."""
    before = clipped(kept, BEGINNING, retold.begins_at)
    after = clipped(kept, retold.ends_at, FOREVER)
    wanted = joined([*before, *_with_what_came(kept, retold), *after])
    old, new = set(kept), set(wanted)
    gone = [span for span in kept if span not in new]
    come = [span for span in wanted if span not in old]
    return Rewrite([span.begins_at for span in gone], come, _touched(kept, wanted) if gone or come else None)


def _with_what_came(kept: Sequence[Span], retold: Retold) -> list[Span]:
    """The spans that are told anew; what came or went stays as it was told where that is not known any more."""
    if retold.unsure_at is None:
        return retold.spans
    was = next((span for span in kept if span.begins_at == retold.unsure_at), None)
    if was is None:
        return retold.spans
    same = (was.begins_at, was.state, was.taken)
    return [
        span._replace(arrivals=was.arrivals, departures=was.departures)
        if (span.begins_at, span.state, span.taken) == same
        else span
        for span in retold.spans
    ]


def _touched(kept: Sequence[Span], wanted: Sequence[Span]) -> tuple[datetime, datetime]:
    """From where on to where the two differ."""
    begins_at = next(
        min(old.ends_at, new.ends_at) if new == old._replace(ends_at=new.ends_at) else min(old.begins_at, new.begins_at)
        for old, new in zip_longest(kept, wanted, fillvalue=_NOTHING)
        if old != new
    )
    ends_at = next(
        max(old.begins_at, new.begins_at) + _MOMENT if _same_but_beginning(old, new) else max(old.ends_at, new.ends_at)
        for old, new in zip_longest(reversed(kept), reversed(wanted), fillvalue=_NOTHING)
        if old != new
    )
    # Where all else is the same, something came or went at the beginning of a span.
    return begins_at, max(ends_at, begins_at + _MOMENT)


def _same_but_beginning(old: Span, new: Span) -> bool:
    return (old.state, old.taken, old.quality, old.ends_at) == (new.state, new.taken, new.quality, new.ends_at)


def _beginning(
    words: Words, told: Sequence[Observation], found: Sequence[Segment], since: datetime, *, hang_together: bool
) -> datetime | None:
    known = bisect_left(told, since, key=_at)
    previous = told[known - 1].at if known else BEGINNING
    # Of a second that was read in part nobody knows the last word.
    unsure = _BEFORE if hang_together else 1
    known_from = BEGINNING if words.whole_before else _nth(told, unsure, default=FOREVER)
    for segment in reversed(found[: bisect_right(found, previous, key=_ends_at)]):
        if segment.begins_at < known_from:
            break
        if segment.is_stable:
            return segment.ends_at
    return BEGINNING if words.whole_before else None


def _end(
    words: Words, told: Sequence[Observation], found: Sequence[Segment], until: datetime, *, hang_together: bool
) -> datetime | None:
    following = _nth(told, bisect_right(told, until, key=_at) + (_BEFORE if hang_together else 0), default=FOREVER)
    # Of a second that was read in part, neither the last word nor what it says of the time before is known.
    known_until = FOREVER if words.whole_after else _nth(told[::-1], 1, default=BEGINNING)
    for segment in found[bisect_left(found, following, key=_begins_at) :]:
        if segment.ends_at > known_until:
            break
        if segment.is_stable:
            return segment.ends_at
    return FOREVER if words.whole_after else None


def _hang_together(told: Sequence[Observation]) -> bool:
    """Whether what a word means hangs on its neighbours."""
    return any(word.capacity is not None for word in told)


def _nth(told: Sequence[Observation], number: int, *, default: datetime) -> datetime:
    return told[number].at if number < len(told) else default
