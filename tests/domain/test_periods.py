"""Periods and steps of UK local time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidQuestionError
from domain.local_time import LONDON
from domain.periods import Period, Step, floor, following, read_period
from domain.stretches import Grain, Stretch, stretches

NOW = datetime(2026, 11, 20, 12, 7, 31, tzinfo=UTC)
moments = st.integers(1_704_067_200, 1_830_297_600).map(lambda second: datetime.fromtimestamp(second, UTC))


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def understood(step=Step.DAY, **words):
    given_words = {"since": None, "until": None, "last": None} | words
    period = read_period(**given_words, step=step, now=NOW)
    return period.since, period.until


@given(moment=moments, step=st.sampled_from(Step))
def test_steps_follow_one_another_without_a_gap(moment, step):
    begins_at, ends_at = floor(moment, step), following(moment, step)

    assert begins_at <= moment < ends_at
    assert floor(begins_at, step) == begins_at
    assert floor(ends_at - timedelta(microseconds=1), step) == begins_at
    assert floor(ends_at, step) == ends_at
    local = begins_at.astimezone(LONDON)
    if step in {Step.DAY, Step.WEEK, Step.MONTH}:
        assert (local.hour, local.minute) == (0, 0)
    assert step is not Step.WEEK or local.weekday() == 0
    assert step is not Step.MONTH or local.day == 1


@pytest.mark.parametrize(
    ("moment", "hours"), [(utc(2026, 3, 29, 9), 23), (utc(2026, 10, 25, 9), 25), (utc(2026, 6, 1, 9), 24)]
)
def test_local_days_are_as_long_as_clocks_make_them(moment, hours):
    period = Period(since=moment, until=moment + timedelta(seconds=1)).widened(Step.DAY)

    assert period.until - period.since == timedelta(hours=hours)
    assert len(period.steps(Step.HOUR, most=100)) == hours


def test_words_are_understood_as_whole_steps():
    assert understood(since="2026-03-29", until="2026-03-31") == (utc(2026, 3, 29), utc(2026, 3, 30, 23))
    one_day = utc(2026, 6, 30, 23), utc(2026, 7, 1, 23)
    assert understood(since="2026-07-01T10:00Z", until="2026-07-01T11:00Z") == one_day
    assert understood(Step.QUARTER, since="2026-07-01T10:07:00 01:00", until="2026-07-01T10:08:00+01:00") == (
        utc(2026, 7, 1, 9),
        utc(2026, 7, 1, 9, 15),
    )
    assert understood(Step.HOUR, last="2d") == (utc(2026, 11, 18, 12), utc(2026, 11, 20, 13))
    assert understood(Step.MONTH, last="1y") == (utc(2025, 11, 1), utc(2026, 12, 1))
    assert understood(Step.WEEK, last="4w") == (utc(2026, 10, 18, 23), utc(2026, 11, 23))
    assert understood() == (utc(2026, 11, 13), utc(2026, 11, 21))
    assert understood(since="2026-11-19") == (utc(2026, 11, 19), utc(2026, 11, 21))


@pytest.mark.parametrize(
    ("words", "parameter"),
    [
        ({"since": "yesterday"}, "from"),
        ({"since": "2026-02-30"}, "from"),
        ({"since": "2026-03-01T10:00"}, "from"),
        ({"since": "1066-10-14"}, "from"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "from"),
        ({"since": "2026-03-02", "until": "2026-03-02"}, "to"),
        ({"since": "2026-03-02", "until": "9999-12-31T23:59:59-14:00"}, "to"),
        ({"since": "2027-01-01"}, "to"),
        ({"until": "2026-03-02"}, "from"),
        ({"last": "0d"}, "last"),
        ({"last": "2 days"}, "last"),
        ({"last": "2d", "since": "2026-03-02"}, "last"),
    ],
)
def test_words_that_mean_nothing_are_refused_by_name(words, parameter):
    with pytest.raises(InvalidQuestionError) as refused:
        understood(**words)
    assert refused.value.parameter == parameter


@pytest.mark.parametrize("last", ["9999h", "9999d", "9999w", "9999mo", "9999y"])
def test_no_length_is_too_long_to_be_understood(last):
    since, until = understood(last=last)
    assert utc(2000, 1, 1) <= since < until


def test_what_was_before_is_as_long_on_the_calendar():
    def before(since, until):
        found = Period(since=since, until=until).before()
        return found.since, found.until

    # March has 31 days, of which one has 23 hours; February has 28.
    assert before(utc(2026, 3, 1), utc(2026, 3, 31, 23)) == (utc(2026, 2, 1), utc(2026, 3, 1))
    assert before(utc(2026, 1, 1), utc(2026, 3, 31, 23)) == (utc(2025, 9, 30, 23), utc(2026, 1, 1))
    # The week of the change, and the one before.
    assert before(utc(2026, 3, 23), utc(2026, 3, 29, 23)) == (utc(2026, 3, 16), utc(2026, 3, 23))
    year = Period(since=utc(2026, 3, 30, 23), until=utc(2026, 4, 6, 23)).year_before()
    assert (year.since, year.until) == (utc(2025, 3, 31, 23), utc(2025, 4, 7, 23))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # November as far as the twentieth, a quarter past noon, beside as much of October, in which the clocks change.
        (utc(2026, 11, 20, 12, 7), utc(2026, 10, 20, 11, 15)),
        (utc(2026, 11, 30, 12), utc(2026, 10, 30, 12)),
        # What is over is beside all of it, what has not begun beside nothing.
        (utc(2026, 12, 1), utc(2026, 11, 1)),
        (utc(2026, 10, 1), utc(2026, 9, 30, 23)),
    ],
)
def test_what_is_not_over_is_compared_with_as_much_of_what_was_before(now, until):
    november = Period(since=utc(2026, 11, 1), until=utc(2026, 12, 1))
    october = november.before().as_far_as(november, now)
    assert (october.since, october.until) == (utc(2026, 9, 30, 23), until)
    # Of a longer month no more than there is of a shorter one.
    may = Period(since=utc(2026, 4, 30, 23), until=utc(2026, 5, 31, 23))
    assert may.before().as_far_as(may, utc(2026, 5, 31, 12)) == may.before()


def test_more_rows_than_anybody_reads_are_refused():
    with pytest.raises(InvalidQuestionError, match="more than 10 rows"):
        Period(since=utc(2026, 1, 1), until=utc(2026, 1, 2)).steps(Step.HOUR, most=10)


quarters = moments.map(lambda moment: floor(moment, Step.QUARTER))


@given(
    ends=st.lists(quarters, min_size=2, max_size=2, unique=True),
    facts_until=quarters,
    coarsest=st.sampled_from([Grain.DAY, Grain.HOUR, Grain.QUARTER]),
)
def test_a_period_is_read_once_and_whole(ends, facts_until, coarsest):
    since, until = sorted(ends)
    found = stretches(Period(since=since, until=until), facts_until=facts_until, coarsest=coarsest)

    assert [one.period.since for one in found] == [since, *(one.period.until for one in found[:-1])]
    assert found[-1].period.until == until
    for stretch in found:
        begins_at, ends_at = stretch.period.since, stretch.period.until
        assert begins_at < ends_at
        assert (stretch.grain is Grain.SPAN) == (begins_at >= facts_until)
        if stretch.grain in {Grain.DAY, Grain.HOUR}:
            step = Step.DAY if stretch.grain is Grain.DAY else Step.HOUR
            assert (floor(begins_at, step), floor(ends_at, step)) == (begins_at, ends_at)
            assert coarsest is Grain.DAY or stretch.grain is coarsest


def test_as_few_rows_as_there_are_for_a_period():
    march = Period(since=utc(2026, 2, 28, 22, 30), until=utc(2026, 3, 31, 23))

    assert stretches(march, facts_until=utc(2026, 4, 1), coarsest=Grain.DAY) == [
        Stretch(Grain.QUARTER, Period(since=utc(2026, 2, 28, 22, 30), until=utc(2026, 2, 28, 23))),
        Stretch(Grain.HOUR, Period(since=utc(2026, 2, 28, 23), until=utc(2026, 3, 1))),
        Stretch(Grain.DAY, Period(since=utc(2026, 3, 1), until=utc(2026, 3, 31, 23))),
    ]
