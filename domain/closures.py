"""Closures: times in which places are out of use, once or again and again, on UK clocks.

What comes again begins at its time on the first of two equal hours and ends on the second: where the clocks leave a
doubt, the place is closed. A time that the clocks leave out is taken for the moment at which they go forward.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from domain.local_time import LONDON, local_day
from domain.spans import FOREVER, Closed

AHEAD = timedelta(days=30)
"""So far ahead every closure is worked out."""
MARGIN = timedelta(days=7)
"""By so much more, so that this need not be done every day."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before it nothing is closed."""
_DAY = timedelta(days=1)


class Weekday(StrEnum):
    """Days on which a closure comes again."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


WEEKDAYS = tuple(Weekday)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedClosure:
    """When something is closed: all the time from `begins_at` to `ends_at`, None for until further notice.

    With `weekdays` only at times within that: on those days but not on `except_days`, from `from_time` to `to_time` on
    UK clocks, which is on the day after if it is not later. None is midnight: both None are the whole day.
    """

    begins_at: datetime
    ends_at: datetime | None = None
    weekdays: frozenset[Weekday] = frozenset()
    from_time: time | None = None
    to_time: time | None = None
    except_days: frozenset[date] = frozenset()

    @property
    def comes_again(self) -> bool:
        """Whether it is at times only."""
        return bool(self.weekdays)

    def times(self, until: datetime, *, since: datetime = EARLIEST) -> list[Closed]:
        """When it is, in order and apart from one another: what of it ends after `since` and begins before `until`."""
        found: list[Closed] = []
        for one in self._all(since, until):
            begins_at, ends_at = max(one.begins_at, self.begins_at), min(one.ends_at, self.ends_at or FOREVER)
            if begins_at >= min(ends_at, until) or ends_at <= since:
                continue
            if found and begins_at <= found[-1].ends_at:
                begins_at = found.pop().begins_at
            found.append(Closed(begins_at, ends_at))
        return found

    def next_time(self, moment: datetime) -> Closed | None:
        """The time that is at a moment or, if it is not closed then, comes next; None where that is not known ahead."""
        return next(iter(self.times(moment + AHEAD, since=moment)), None)

    def _all(self, since: datetime, until: datetime) -> Iterator[Closed]:
        if not self.comes_again:
            yield Closed(self.begins_at, self.ends_at or FOREVER)
            return
        # Of the day before as well: it may last until the day after.
        day = local_day(max(since, self.begins_at)) - _DAY
        last = local_day(min(until, self.ends_at or FOREVER))
        while day <= last:
            yield from self._on(day)
            day += _DAY

    def _on(self, day: date) -> Iterator[Closed]:
        """What begins on a local day."""
        if day in self.except_days or WEEKDAYS[day.weekday()] not in self.weekdays:
            return
        closes, opens = self.from_time or time(), self.to_time or time()
        begins_at = _moment(day, closes, fold=0)
        ends_at = _moment(day if closes < opens else day + _DAY, opens, fold=1)
        if begins_at < ends_at:
            yield Closed(begins_at, ends_at)


def _moment(day: date, clock: time, *, fold: int) -> datetime:
    """A time on UK clocks in UTC; of two that are equal the first (fold 0) or the second."""
    wanted = datetime.combine(day, clock, tzinfo=LONDON).replace(fold=fold)
    found = wanted.astimezone(UTC)
    if found.astimezone(LONDON).replace(tzinfo=None) == wanted.replace(tzinfo=None):
        return found
    # The clocks leave it out: they go forward at a full hour.
    return wanted.replace(fold=0).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
