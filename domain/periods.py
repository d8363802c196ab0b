"""Periods of UK local time: which steps there are, when each begins, and what somebody's words for a period mean.

A step is a quarter of an hour, an hour, a local day, an ISO week (from Monday) or a month. Local days have 23 hours
where the clocks go forward and 25 where they go back; quarters and hours are the same in UTC and in UK time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from domain.errors import InvalidQuestionError
from domain.local_time import LONDON

ZONE = "Europe/London"
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Nobody asks for what lies beyond."""

_QUARTER = timedelta(minutes=15)
_LAST = re.compile(r"(?P<number>[1-9]\d{0,3})(?P<unit>h|d|w|mo|y)")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Step(StrEnum):
    """How finely a period is told."""

    QUARTER = "15m"
    HOUR = "1h"
    DAY = "1d"
    WEEK = "1w"
    MONTH = "1mo"


STEPS = tuple(Step)
"""The finest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From one moment to another, both in UTC; the second does not belong to it."""

    since: datetime
    until: datetime

    def widened(self, step: Step) -> "Period":
        """The same, made of whole steps."""
        last = floor(self.until, step)
        return Period(since=floor(self.since, step), until=last if last == self.until else following(self.until, step))

    def steps(self, step: Step, *, most: int) -> list["Period"]:
        """Its steps in order; raises InvalidQuestionError where there are more than `most`."""
        found = []
        for begins_at in _beginnings(self, step):
            found.append(Period(since=begins_at, until=following(begins_at, step)))
            if len(found) > most:
                raise InvalidQuestionError("step", f"more than {most:,} rows: choose a longer step or a shorter period")
        return found

    def before(self) -> "Period":
        """The period of the same length in local days that ends where this one begins.

        What begins and ends with a month is compared with as many months.
        """
        since, until = self.since.astimezone(LONDON), self.until.astimezone(LONDON)
        if _begins_month(since) and _begins_month(until):
            months = 12 * (until.year - since.year) + until.month - since.month
            return Period(since=_months_before(since, months), until=self.since)
        length = until.replace(tzinfo=None) - since.replace(tzinfo=None)
        return Period(since=in_utc(since.replace(tzinfo=None) - length), until=self.since)

    def year_before(self) -> "Period":
        """The same weekdays 52 weeks before."""
        back = timedelta(weeks=52)
        since, until = (moment.astimezone(LONDON).replace(tzinfo=None) - back for moment in (self.since, self.until))
        return Period(since=in_utc(since), until=in_utc(until))

    def as_far_as(self, other: "Period", now: datetime) -> "Period":
        """Its beginning, as long on UK clocks as that of another one which is over, in whole quarters of an hour."""
        over_at = Period(since=now, until=now).widened(Step.QUARTER).until
        if over_at >= other.until:
            return self
        of_other, since, until = (
            one.astimezone(LONDON).replace(tzinfo=None) for one in (other.since, self.since, over_at)
        )
        ends_at = in_utc(since + (until - of_other))
        return Period(since=self.since, until=max(self.since, min(ends_at, self.until)))


def floor(moment: datetime, step: Step) -> datetime:
    """When the step began in which a moment lies, in UTC."""
    if step in {Step.QUARTER, Step.HOUR}:
        minutes = 15 if step is Step.QUARTER else 60
        whole = moment.astimezone(UTC).replace(second=0, microsecond=0)
        return whole.replace(minute=whole.minute - whole.minute % minutes)
    return _midnight(_first_day(moment.astimezone(LONDON).date(), step))


def following(moment: datetime, step: Step) -> datetime:
    """When the step after the one begins in which a moment lies, in UTC."""
    begins_at = floor(moment, step)
    if step is Step.QUARTER:
        return begins_at + _QUARTER
    if step is Step.HOUR:
        return begins_at + timedelta(hours=1)
    day = begins_at.astimezone(LONDON).date()
    days = {Step.DAY: 1, Step.WEEK: 7, Step.MONTH: 31}[step]
    return _midnight(_first_day(day + timedelta(days=days), step))


def in_utc(local: datetime) -> datetime:
    """A time on UK clocks in UTC: the first of a time that comes twice; what is left out lies after the gap."""
    return local.replace(tzinfo=LONDON).astimezone(UTC)


def read_period(*, since: str | None, until: str | None, last: str | None, step: Step, now: datetime) -> Period:
    """What `from`, `to` and `last` mean, widened to whole steps.

    `from` and `to` are moments with their zone, or local days such as 2026-03-01, which stand for their beginnings;
    `to` does not belong to the period. `last` (36h, 2d, 4w, 3mo, 1y) ends now. Without any of them: the last 7 days.

    Raises:
        InvalidQuestionError: they contradict one another, or are none.
    """
    now = max(now, EARLIEST + timedelta(days=1))
    if last is not None and (since is not None or until is not None):
        raise InvalidQuestionError("last", "is instead of from and to, not beside them")
    if since is None:
        if until is not None:
            raise InvalidQuestionError("from", "is missing")
        return Period(since=_back(now, last or "7d"), until=now).widened(step)
    begins_at = _moment("from", since)
    ends_at = now if until is None else _moment("to", until)
    if ends_at <= begins_at:
        raise InvalidQuestionError("to", "must be after from")
    return Period(since=begins_at, until=ends_at).widened(step)


def _beginnings(period: Period, step: Step) -> Iterator[datetime]:
    at = floor(period.since, step)
    while at < period.until:
        yield at
        at = following(at, step)


def _moment(parameter: str, text: str) -> datetime:
    try:
        # A plus sign that nobody escaped arrives as a space.
        found = (
            in_utc(datetime.fromisoformat(text))
            if _DAY.fullmatch(text)
            else datetime.fromisoformat(text.replace(" ", "+"))
        )
    except (ValueError, OverflowError):
        found = None
    if found is None or found.tzinfo is None:
        raise InvalidQuestionError(parameter, "write a day (2026-03-01) or a time with its zone (2026-03-01T08:00:00Z)")
    try:
        found = found.astimezone(UTC)
    except OverflowError:
        found = LATEST
    if not EARLIEST <= found < LATEST:
        raise InvalidQuestionError(parameter, f"must be from {EARLIEST.year} to {LATEST.year - 1}")
    return found


def _back(now: datetime, text: str) -> datetime:
    match = _LAST.fullmatch(text)
    if match is None:
        raise InvalidQuestionError("last", "write such as 36h, 2d, 4w, 3mo or 1y")
    number, unit = int(match["number"]), match["unit"]
    if unit == "h":
        begins_at = now - timedelta(hours=number)
    elif unit in {"d", "w"}:
        days = number * (7 if unit == "w" else 1)
        begins_at = in_utc(now.astimezone(LONDON).replace(tzinfo=None) - timedelta(days=days))
    else:
        begins_at = _months_before(now.astimezone(LONDON), number * (12 if unit == "y" else 1))
    return max(begins_at, EARLIEST)


def _months_before(local: datetime, months: int) -> datetime:
    """The same day so many months before, or the last one of that month."""
    count = 12 * local.year + local.month - 1 - months
    if count < 12 * EARLIEST.year:
        return EARLIEST
    first = date(count // 12, count % 12 + 1, 1)
    last_day = (_first_day(first + timedelta(days=31), Step.MONTH) - timedelta(days=1)).day
    day = first.replace(day=min(local.day, last_day))
    return in_utc(datetime.combine(day, local.time().replace(tzinfo=None)))


def _begins_month(local: datetime) -> bool:
    return (local.day, local.hour, local.minute, local.second) == (1, 0, 0, 0)


def _first_day(day: date, step: Step) -> date:
    if step is Step.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step is Step.MONTH else day


def _midnight(day: date) -> datetime:
    """London's clocks change at one in the morning: every day has its midnight, once."""
    return in_utc(datetime.combine(day, datetime.min.time()))
