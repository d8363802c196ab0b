"""History as a pure function: what sensors said of one asset becomes spans of time, each in one state.

Any order, duplication and delay of the same observations ends in the same spans. Times are whole seconds: what happens
within one second is told by the last word of it.

What a span of time is told by, in this order:

0. Counts of an area that cannot be are no words (`domain.counts`); one that leapt away and back is told as the one
   before it.
1. A word counts until the next one, at most until its sensor is taken for silent or leaves (`counts_until`); then the
   state is unknown.
2. Missing words are inferred where a later one proves them: a sensor that tells how long the state before lasted fills
   that time, and where it was in that state before already, it had left it meanwhile; of one that reports the same
   change twice, with frames missing in between, a change was missed, and so it was where a heartbeat says something
   else than the word before it. Nobody knows when: the middle of the time in question is taken, which halves how long
   history is wrong after a frame was lost (docs/accuracy.md).
3. Flapping is smoothed: a known state that is over before `debounce` and lies between known states is told as the one
   before it.
4. A closure lies over all of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from domain.observations import NO_TIME, Observation, Quality, one_a_second, whole_second, without_spikes
from domain.states import State
from domain.uplinks import Kind

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The end of what nobody knows the end of."""

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
"""Before everything."""

_MOMENT = timedelta(seconds=1)
# From there on sensors tell no length of a state, but that it was longer.
_LONGEST_TOLD = timedelta(minutes=660)
_NOTHING = (0, 0)
_Word = tuple[State, int, Quality]
_CLOSED: _Word = (State.CLOSED, 0, Quality.OBSERVED)


class Closed(NamedTuple):
    """A time in which an asset is out of use."""

    begins_at: datetime
    ends_at: datetime


class Segment(NamedTuple):
    """A time of one word. `taken` None: nobody knows. `told`: it begins with a sensor's report of a change."""

    begins_at: datetime
    ends_at: datetime
    taken: int | None
    quality: Quality
    debounce: timedelta
    told: bool

    @property
    def is_stable(self) -> bool:
        """Whether it is told as it is, whatever lies before and after it."""
        return self.taken is not None and self.ends_at - self.begins_at >= self.debounce


class Span(NamedTuple):
    """A time in one state, as long as it can be. `taken` as in Observation, 0 where unknown or closed.

    `arrivals` and `departures` are those at its beginning.
    """

    begins_at: datetime
    ends_at: datetime
    state: State
    taken: int
    quality: Quality
    arrivals: int = 0
    departures: int = 0

    def continues(self, before: "Span") -> bool:
        """Whether nothing but the calendar parts it from the span before."""
        return (
            before.ends_at == self.begins_at
            and (before.state, before.taken, before.quality) == (self.state, self.taken, self.quality)
            and not self.arrivals
            and not self.departures
        )


def spans_of(
    observations: Iterable[Observation], closures: Iterable[Closed], *, since: datetime = FOREVER
) -> list[Span]:
    """The whole history of one asset, from its first word or closure on, at the latest from `since` on, to FOREVER."""
    return spans_of_segments(segments(one_a_second(observations)), closures, since=since)


def spans_of_segments(found: Iterable[Segment], closures: Iterable[Closed], *, since: datetime = FOREVER) -> list[Span]:
    """As `spans_of`, of segments."""
    return _counted(_with_closures(smoothed(found), _merged_closures(closures), since))


def segments(told: Sequence[Observation]) -> list[Segment]:
    """What is known before flapping is smoothed, without a gap, from the first of `one_a_second` to FOREVER."""
    found: list[Segment] = []
    for word, following in pairwise([*without_spikes(told), None]):
        assert word is not None
        missed = _missed_changes(word, following) if following else ()
        ends_at = following.at if following else FOREVER
        if not missed and word.counts_until >= ends_at:
            # The ordinary word, and nearly all are: it counts until the next one.
            is_told = word.kind is Kind.EVENT
            found.append(Segment(word.at, ends_at, word.taken, word.quality, word.debounce, is_told))
        else:
            found += _between(word, missed, ends_at)
    return found


def smoothed(found: Iterable[Segment]) -> list[Segment]:
    """The segments, with those that flapped told as the state before them."""
    found = list(found)
    if not any(segment.debounce for segment in found):
        return found
    runs = list(_runs(found))
    told: list[Segment] = []
    for run, following in pairwise([*runs, None]):
        assert run is not None
        before = told[-1].taken if told else None
        known = None not in (before, run[0].taken, following[0].taken if following else None)
        if known and run[-1].ends_at - run[0].begins_at < min(part.debounce for part in run):
            told += [part._replace(taken=before, quality=Quality.REPAIRED, told=False) for part in run]
        else:
            told += run
    return told


def clipped(spans: Iterable[Span], begins_at: datetime, ends_at: datetime) -> list[Span]:
    """What of the spans lies between; what is cut off at its beginning tells of no arrival there."""
    found = []
    for span in spans:
        if span.begins_at < begins_at < span.ends_at:
            span = span._replace(begins_at=begins_at, arrivals=0, departures=0)  # noqa: PLW2901
        if span.begins_at >= begins_at and span.begins_at < ends_at:
            found.append(span if span.ends_at <= ends_at else span._replace(ends_at=ends_at))
    return found


def joined(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that continue one another made one."""
    found: list[Span] = []
    for span in spans:
        found = _append(found, span)
    return found


def _between(word: Observation, missed: Sequence[tuple[datetime, int]], ends_at: datetime) -> Iterator[Segment]:
    """What is known from a word to the next one, of which so much was missed."""
    missed_at = min(missed[0][0], ends_at) if missed else ends_at
    silent_at = min(word.counts_until, missed_at)
    if word.at < silent_at:
        told = word.kind is Kind.EVENT
        yield _segment(word.at, silent_at, word.taken, word.debounce, told=told, quality=word.quality)
    if silent_at < missed_at:
        told = word.kind is Kind.EVENT and silent_at == word.at
        yield _segment(silent_at, missed_at, None, word.debounce, told=told)
    for (begins_at, taken), (until, _) in pairwise([*missed, (ends_at, 0)]):
        if begins_at < until:
            yield _segment(begins_at, until, taken, word.debounce, told=False, quality=Quality.INFERRED)


def _segment(
    begins_at: datetime,
    ends_at: datetime,
    taken: int | None,
    debounce: timedelta,
    *,
    told: bool,
    quality: Quality = Quality.OBSERVED,
) -> Segment:
    return Segment(begins_at=begins_at, ends_at=ends_at, taken=taken, quality=quality, debounce=debounce, told=told)


def _missed_changes(word: Observation, following: Observation) -> Sequence[tuple[datetime, int]]:
    """What is inferred between two words: from when on which state, in order, until the second one."""
    if word.counted or following.counted:
        return ()
    repeats = word.taken == following.taken
    missing = following.f_cnt - word.f_cnt - 1 if word.device_key == following.device_key else 0
    silent = word.counts_until < following.at
    if following.kind is not Kind.EVENT:
        # It is as the heartbeat says since some time, of which no event came.
        missed = not repeats and missing > 0 and not silent
        return [(_middle(word.at, following.at), following.taken)] if missed else []
    if following.previous_for is None:
        missed = repeats and missing > 0 and not silent
        return [(_middle(word.at, following.at), _other(following))] if missed else []
    return _told_changes(word, following, following.previous_for, missing)


def _told_changes(
    word: Observation, following: Observation, previous_for: timedelta, missing: int
) -> list[tuple[datetime, int]]:
    """As `_missed_changes`, where the sensor says how long the state before lasted."""
    since = max(word.at, following.at - max(previous_for, _MOMENT))
    told = (since, _other(following))
    if word.taken == following.taken:
        return [told]
    if word.counts_until < following.at:
        # It said so itself, until it fell silent: only the silence is filled.
        return [(max(since, word.counts_until), told[1])]
    twice = missing > 1 and since - word.at > _told_less_by(previous_for)
    return [(_middle(word.at, since), following.taken), told] if twice else []


def _other(word: Observation) -> int:
    return 0 if word.taken else 1


def _middle(begins_at: datetime, ends_at: datetime) -> datetime:
    return whole_second(begins_at + (ends_at - begins_at) / 2)


def _told_less_by(previous_for: timedelta) -> timedelta:
    """How much longer than a sensor tells the state before may have lasted.

    It counts in whole minutes, from some hours on in steps of up to a quarter, and not beyond the last code.
    """
    return max(timedelta(minutes=1), previous_for / 4) if previous_for < _LONGEST_TOLD else FOREVER - BEGINNING


def _runs(found: Iterable[Segment]) -> Iterator[list[Segment]]:
    run: list[Segment] = []
    for segment in found:
        if run and run[-1].taken != segment.taken:
            yield run
            run = []
        run.append(segment)
    if run:
        yield run


def _with_closures(told: Sequence[Segment], closures: Sequence[Closed], since: datetime) -> list[Segment | Closed]:
    """In order and without a gap: what is told, where the asset is in use."""
    heard_at = told[0].begins_at if told else FOREVER
    begins_at = min(heard_at, since, closures[0].begins_at if closures else FOREVER)
    unheard = [_segment(begins_at, heard_at, None, NO_TIME, told=False)] if begins_at < heard_at else []
    if not closures:
        return [*unheard, *told]
    parts: list[Segment | Closed] = [*closures, *_open_parts([*unheard, *told], closures)]
    return sorted(parts, key=lambda part: part.begins_at)


def _open_parts(told: Iterable[Segment], closures: Sequence[Closed]) -> Iterator[Segment]:
    first = 0
    for segment in told:
        while first < len(closures) and closures[first].ends_at <= segment.begins_at:
            first += 1
        at = segment.begins_at
        for closed in closures[first:]:
            if closed.begins_at >= segment.ends_at:
                break
            if at < closed.begins_at:
                yield _cut(segment, at, closed.begins_at)
            at = closed.ends_at
        if at < segment.ends_at:
            yield _cut(segment, at, segment.ends_at)


def _cut(segment: Segment, begins_at: datetime, ends_at: datetime) -> Segment:
    if begins_at == segment.begins_at and ends_at == segment.ends_at:
        return segment
    told = segment.told and begins_at == segment.begins_at
    return segment._replace(begins_at=begins_at, ends_at=ends_at, told=told)


def _counted(told: Iterable[Segment | Closed]) -> list[Span]:
    """Spans with what came and went at their beginnings: what was known before counts across silence, not closures."""
    found: list[Span] = []
    known: int | None = None
    begins_at = ends_at = FOREVER
    before: _Word | None = None
    came = _NOTHING
    for part in told:
        if _goes_on(part, before, known) and ends_at == part.begins_at:
            ends_at = part.ends_at
            continue
        if isinstance(part, Closed):
            known, word, comings = None, _CLOSED, _NOTHING
        else:
            word = (_state(part.taken), part.taken or 0, part.quality)
            comings = _comings(part, known, after_silence=before is not None and before[0] is State.UNKNOWN)
            known = known if part.taken is None else part.taken
        if before != word or comings != _NOTHING or ends_at != part.begins_at:
            if before is not None:
                found.append(Span(begins_at, ends_at, *before, *came))
            begins_at, before, came = part.begins_at, word, comings
        ends_at = part.ends_at
    if before is not None:
        found.append(Span(begins_at, ends_at, *before, *came))
    return found


def _goes_on(part: Segment | Closed, before: _Word | None, known: int | None) -> bool:
    """Whether it says again what was known, and nothing lies between."""
    return (
        known is not None
        and before is not None
        and before[0] is not State.UNKNOWN
        and isinstance(part, Segment)
        and part.taken == known
        and part.quality is before[2]
    )


def _state(taken: int | None) -> State:
    return State.UNKNOWN if taken is None else State.OCCUPIED if taken else State.FREE


def _comings(part: Segment, known: int | None, *, after_silence: bool) -> tuple[int, int]:
    """How many came and went at its beginning."""
    if part.taken is None or known is None:
        return _NOTHING
    if part.taken == known == 1 and part.told and after_silence:
        # A sensor that reports an arrival while its bay was taken before it fell silent: one left meanwhile.
        return 1, 1
    return max(0, part.taken - known), max(0, known - part.taken)


def _append(found: list[Span], span: Span) -> list[Span]:
    if found and span.continues(found[-1]):
        found[-1] = found[-1]._replace(ends_at=span.ends_at)
    else:
        found.append(span)
    return found


def _merged_closures(closures: Iterable[Closed]) -> list[Closed]:
    merged: list[Closed] = []
    for begins_at, ends_at in sorted((whole_second(c.begins_at), whole_second(c.ends_at)) for c in closures):
        if merged and begins_at <= merged[-1].ends_at:
            merged[-1] = Closed(merged[-1].begins_at, max(merged[-1].ends_at, ends_at))
        elif begins_at < ends_at:
            merged.append(Closed(begins_at, ends_at))
    return merged
