"""What is wrong with counts, and when a feed is taken for dead."""

from datetime import UTC, date, datetime, timedelta

from domain.observations import Observation
from domain.quality import AreaDay, Fault, FrozenRule, faults_of_counts, frozen_days
from domain.uplinks import Kind

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)
CAPACITY = 100
MONDAY = date(2026, 3, 2)
HOURS_S = 15 * 3600


def word(minutes, taken):
    at = NOON + timedelta(minutes=minutes)
    until = at + timedelta(hours=1)
    return Observation(
        at=at, f_cnt=0, device_key=1, kind=Kind.EVENT, taken=taken, counts_until=until, counted=True, capacity=CAPACITY
    )


def told(words):
    return [(one.fault, one.times, one.residual) for one in faults_of_counts(words, [NOON.date()])]


def test_each_count_that_cannot_be_is_counted_once_with_the_furthest_of_its_kind():
    words = [word(10 * n, taken) for n, taken in enumerate([50, 104, 110, 111, 32_228, -1, -8, 50])]

    assert told(words) == [
        (Fault.ABOVE_CAPACITY, 2, 10),
        (Fault.FAR_ABOVE_CAPACITY, 2, 32_128),
        (Fault.NEGATIVE, 2, -8),
    ]


def test_a_count_that_leapt_away_and_back_is_a_spike():
    assert told([word(15 * n, taken) for n, taken in enumerate([20, 21, 90, 22])]) == [(Fault.SPIKE, 1, 69)]
    # Neighbours of hours ago say nothing of it.
    assert told([word(60 * n, taken) for n, taken in enumerate([20, 21, 90, 22])]) == []


def test_a_day_is_a_day_in_london():
    # From then on it is summer time: midnight is an hour earlier.
    late = [word(60 * 11.75, -1), word(60 * 12.25, -1), word(60 * 35.25, -1)]
    days = [date(2026, 3, 28) + timedelta(days=n) for n in range(3)]
    assert [(one.day.day, one.times) for one in faults_of_counts(late, days)] == [(28, 1), (29, 1), (30, 1)]
    assert [one.day.day for one in faults_of_counts(late, days[1:2])] == [29]


def days(*values, first=MONDAY, known_s=HOURS_S):
    return [AreaDay(first + timedelta(days=n), number, known_s) for n, number in enumerate(values)]


def frozen(seen, *, capacity=200, **rule):
    return [(one.day - MONDAY).days for one in frozen_days(seen, FrozenRule(**rule), capacity=capacity)]


def test_a_feed_that_stands_still_for_a_day_on_which_it_usually_moves_is_frozen():
    assert frozen(days(*[40] * 14, 1, 2, 3, 40)) == [14, 15]
    assert frozen(days(*[40] * 14, 1, 2, 3, 40), most_values=3) == [14, 15, 16]


def test_what_is_closed_on_sundays_may_stand_still_on_sundays():
    week = [40, 40, 40, 40, 40, 40, 1]
    # Of the first two nobody knows yet.
    assert frozen(days(*week * 6)) == [6, 13]
    assert frozen(days(*week * 4, *[1] * 7)) == [6, 13, *range(28, 34)]


def test_a_feed_that_never_moves_is_dead_from_the_first_day_on_however_long_it_lasts():
    assert frozen(days(*[1] * 90)) == list(range(90))
    assert frozen(days(*[1] * 10), capacity=10) == [7, 8, 9]


def test_a_small_area_may_stand_still_where_it_often_does():
    assert frozen(days(3, *[2, 2, 2, 4, 2, 2, 2] * 4), capacity=8) == []


def test_a_day_of_which_little_is_known_is_neither_still_nor_moving():
    seen = [*days(*[40] * 14), *days(1, first=MONDAY + timedelta(days=14), known_s=HOURS_S // 2 - 1)]
    assert frozen(seen) == []
    seen[-1] = seen[-1]._replace(known_s=HOURS_S // 2)
    assert frozen(seen) == [14]
