"""Which facts tell a period: local days, hours beside them, quarters beside these, spans where none are kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.periods import Period, Step, floor, following


class Grain(StrEnum):
    """What is read: facts of local days, hours or quarters, or spans where facts are not kept yet."""

    DAY = "day"
    HOUR = "hour"
    QUARTER = "quarter"
    SPAN = "span"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time and how it is read."""

    grain: Grain
    period: Period


_FINER = {Grain.DAY: Grain.HOUR, Grain.HOUR: Grain.QUARTER}
_STEPS = {Grain.DAY: Step.DAY, Grain.HOUR: Step.HOUR}


def stretches(period: Period, *, facts_until: datetime, coarsest: Grain) -> list[Stretch]:
    """How a period is read that is over and begins with a quarter of an hour."""
    found: list[Stretch] = []
    if period.since < (kept_until := min(period.until, facts_until)):
        found += _split(Period(since=period.since, until=kept_until), coarsest)
    if (spans_from := max(period.since, facts_until)) < period.until:
        found.append(Stretch(Grain.SPAN, Period(since=spans_from, until=period.until)))
    return found


def _split(period: Period, grain: Grain) -> Iterator[Stretch]:
    """The whole steps in the middle as they are, what is left on both sides more finely."""
    if grain is Grain.QUARTER:
        yield Stretch(grain, period)
        return
    step = _STEPS[grain]
    begins_at = floor(period.since, step)
    begins_at = begins_at if begins_at == period.since else following(begins_at, step)
    ends_at = floor(period.until, step)
    if begins_at >= ends_at:
        yield from _split(period, _FINER[grain])
        return
    if period.since < begins_at:
        yield from _split(Period(since=period.since, until=begins_at), _FINER[grain])
    yield Stretch(grain, Period(since=begins_at, until=ends_at))
    if ends_at < period.until:
        yield from _split(Period(since=ends_at, until=period.until), _FINER[grain])
