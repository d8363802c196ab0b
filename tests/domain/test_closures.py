"""When closures are: minute by minute as clocks in London show it, on both days on which those change as well."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.closures import AHEAD, WEEKDAYS, PlannedClosure, Weekday
from domain.local_time import LONDON
from domain.spans import FOREVER, Closed

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)  # Sundays
SUNDAY = frozenset({Weekday.SUNDAY})
ALWAYS = datetime(2026, 1, 1, tzinfo=UTC)


def utc(day, hour, minute=0):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def market(closes, opens, **more):
    return PlannedClosure(**{"begins_at": ALWAYS, "weekdays": SUNDAY, "from_time": closes, "to_time": opens} | more)


@cache
def wall(change):
    """Every minute of some days around a change of the clocks, and what a clock on the wall shows."""
    minutes = [utc(change, 0) - 9 * DAY + number * MINUTE for number in range(18 * 1440)]
    return [(minute, minute.astimezone(LONDON).replace(tzinfo=None)) for minute in minutes]


def closed_minutes(planned, change, since, until):
    """Each minute in which it is closed, by looking at the clock on the wall every minute, and at nothing else."""
    found = set()
    for number in range(-7, 7):
        day = change + number * DAY
        if day in planned.except_days or WEEKDAYS[day.weekday()] not in planned.weekdays:
            continue
        begins = datetime.combine(day, planned.from_time or time())
        ends = datetime.combine(day, planned.to_time or time())
        ends += DAY if ends <= begins else timedelta()
        around = wall(change)[(number + 8) * 1440 : (number + 12) * 1440]
        # From when it is first that late, until the last time that the clock shows its end, or would have.
        first = next(minute for minute, clock in around if clock >= begins)
        last = next(minute for minute, clock in reversed(around) if clock < ends)
        shown = [minute for minute, clock in around if clock == ends]
        found |= {minute for minute, _ in around if first <= minute < (shown[-1] if shown else last + MINUTE)}
    ends_at = planned.ends_at or FOREVER
    return {one for one in found if since <= one < until and planned.begins_at <= one < ends_at}


clocks = st.one_of(
    st.none(),
    # Around the hours that are there twice, or not at all.
    st.builds(time, st.integers(0, 3), st.sampled_from([0, 1, 29, 30, 59])),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)


@st.composite
def weeks(draw):
    change = draw(st.sampled_from([SPRING, AUTUMN]))
    near = st.integers(-5 * 1440, 5 * 1440).map(lambda minutes: utc(change, 1) + minutes * MINUTE)
    begins_at = draw(st.one_of(st.just(ALWAYS), near))
    ends_at = draw(st.one_of(st.none(), near.filter(lambda moment: moment > begins_at)))
    planned = PlannedClosure(
        begins_at=begins_at,
        ends_at=ends_at,
        weekdays=frozenset(draw(st.sets(st.sampled_from(WEEKDAYS), min_size=1))),
        from_time=draw(clocks),
        to_time=draw(clocks),
        except_days=frozenset(draw(st.sets(st.integers(-4, 4).map(lambda days: change + days * DAY), max_size=2))),
    )
    return change, planned


@settings(max_examples=200, deadline=None)
@given(week=weeks(), offset=st.integers(-1440, 1440))
def test_it_is_closed_in_every_minute_in_which_clocks_say_so_and_in_no_other(week, offset):
    change, planned = week
    since = utc(change, 0) - 3 * DAY + offset * MINUTE
    until = since + 6 * DAY

    found = planned.times(until, since=since)

    told = {
        begins_at + number * MINUTE
        for begins_at, ends_at in found
        for number in range(int((ends_at - begins_at) / MINUTE))
    }
    assert {one for one in told if since <= one < until} == closed_minutes(planned, change, since, until)
    assert all(one.ends_at > since and one.begins_at < until for one in found)
    assert all(before.ends_at < after.begins_at for before, after in pairwise(found))


@settings(max_examples=100, deadline=None)
@given(week=weeks(), offset=st.integers(-4 * 1440, 4 * 1440))
def test_the_next_time_is_the_first_that_has_not_ended(week, offset):
    change, planned = week
    moment = utc(change, 0) + offset * MINUTE
    ahead = planned.times(moment + AHEAD)
    following = [one for one in ahead if one.ends_at > moment]
    found = planned.next_time(moment)

    assert (found is None) == (not following)
    if found is not None:
        assert found.ends_at == following[0].ends_at
        assert (found.begins_at <= moment) == (following[0].begins_at <= moment)


@pytest.mark.parametrize(
    ("closes", "opens", "expected"),
    [
        # A market keeps its hours by the clock: an hour earlier in UTC from then on.
        (time(6), time(18), (utc(SPRING, 5), utc(SPRING, 17))),
        # 01:30 is not there that day: it begins when the clocks go forward.
        (time(1, 30), time(4), (utc(SPRING, 1), utc(SPRING, 3))),
        (time(0, 30), time(1, 30), (utc(SPRING, 0, 30), utc(SPRING, 1))),
        # All day has 23 hours.
        (None, None, (utc(SPRING, 0), utc(SPRING, 23))),
        # From one Saturday night to Sunday morning: on Sunday it begins again, and ends on Monday.
        (time(22), time(1, 30), (utc(SPRING, 21), utc(SPRING + DAY, 0, 30))),
    ],
)
def test_where_clocks_go_forward(closes, opens, expected):
    [found] = market(closes, opens).times(utc(SPRING, 23), since=utc(SPRING, 0))
    assert found == Closed(*expected)


@pytest.mark.parametrize(
    ("closes", "opens", "expected"),
    [
        (time(6), time(18), (utc(AUTUMN, 6), utc(AUTUMN, 18))),
        # 01:30 is there twice: from the first on, until the second.
        (time(1, 30), time(4), (utc(AUTUMN, 0, 30), utc(AUTUMN, 4))),
        (time(0, 30), time(1, 30), (utc(AUTUMN - DAY, 23, 30), utc(AUTUMN, 1, 30))),
        # All day has 25 hours.
        (None, None, (utc(AUTUMN - DAY, 23), utc(AUTUMN + DAY, 0))),
    ],
)
def test_where_clocks_go_back(closes, opens, expected):
    [found] = market(closes, opens).times(utc(AUTUMN, 23), since=utc(AUTUMN - DAY, 23))
    assert found == Closed(*expected)


def test_an_hour_that_is_not_there_closes_nothing():
    assert market(time(1), time(2)).times(utc(SPRING, 23), since=utc(SPRING, 0)) == []


def test_once_is_once_and_until_further_notice_has_no_end():
    once = PlannedClosure(begins_at=utc(SPRING, 5), ends_at=utc(SPRING, 6))
    assert once.times(FOREVER) == [Closed(utc(SPRING, 5), utc(SPRING, 6))]
    assert once.next_time(utc(SPRING, 6)) is None
    for_good = PlannedClosure(begins_at=utc(SPRING, 5))
    assert for_good.times(utc(SPRING, 5)) == []
    assert for_good.next_time(utc(AUTUMN, 0)) == Closed(utc(SPRING, 5), FOREVER)


def test_days_one_after_another_are_one_time():
    weekend = PlannedClosure(begins_at=ALWAYS, weekdays=frozenset({Weekday.SATURDAY, Weekday.SUNDAY}))
    found = weekend.times(utc(SPRING, 23), since=utc(SPRING, 0) - 3 * DAY)
    assert found == [Closed(utc(SPRING - DAY, 0), utc(SPRING, 23))]
