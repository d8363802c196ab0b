"""Plays, and the account of a day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sign_reports import Play, day_of_play, day_span

DAY = date(2026, 11, 20)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
LATER = MIDNIGHT + timedelta(days=3)


def play(begin_h, end_h, frame_id="a"):
    return Play(
        frame_id=frame_id, begins_at=MIDNIGHT + timedelta(hours=begin_h), ends_at=MIDNIGHT + timedelta(hours=end_h)
    )


def hours(account):
    return [one / timedelta(hours=1) for one in (account.right, account.wrong, account.blank, account.silent)]


def test_a_day_is_right_wrong_blank_or_silent():
    plays = [play(0, 1), play(1, 2), play(2, 2.5, None), play(10, 11, "b")]
    differed = [(MIDNIGHT + timedelta(hours=10.5), MIDNIGHT + timedelta(hours=12))]

    assert hours(day_of_play(DAY, plays, differed, now=LATER)) == [2.5, 0.5, 0.5, 20.5]


def test_today_has_got_as_far_as_now():
    account = day_of_play(DAY, [play(0, 1)], [], now=MIDNIGHT + timedelta(hours=2))

    assert (account.length, hours(account)) == (timedelta(hours=2), [1, 0, 0, 1])


def test_a_day_that_has_not_begun_has_no_length():
    assert day_of_play(DAY, [], [], now=MIDNIGHT - timedelta(days=2)).length == timedelta()


@pytest.mark.parametrize(("day", "length"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_days_are_as_long_as_they_are(day, length):
    begin, end = day_span(day, now=LATER)

    assert end - begin == timedelta(hours=length)


spans = st.tuples(st.integers(-30, 60), st.integers(1, 60)).map(lambda pair: (pair[0] / 2, (pair[0] + pair[1]) / 2))


@given(st.lists(st.tuples(spans, st.sampled_from(["a", "b", None]))), st.lists(spans), st.floats(0.1, 40))
def test_the_parts_are_the_whole_and_none_is_negative(plays, differed, now_h):
    account = day_of_play(
        DAY,
        [play(*span, frame_id) for span, frame_id in plays],
        [tuple(MIDNIGHT + timedelta(hours=hour) for hour in span) for span in differed],
        now=MIDNIGHT + timedelta(hours=now_h),
    )

    parts = (account.right, account.wrong, account.blank, account.silent)
    assert sum(parts, timedelta()) == account.length
    assert min(parts) >= timedelta()


@given(st.lists(st.tuples(spans, st.sampled_from(["a", None]))))
def test_a_play_that_is_told_twice_counts_once(plays):
    made = [play(*span, frame_id) for span, frame_id in plays]

    assert day_of_play(DAY, made, [], now=LATER) == day_of_play(DAY, made + made[::-1], [], now=LATER)


@pytest.mark.parametrize(
    ("begin_h", "end_h", "problem"),
    [
        (1, 1, "ends before"),
        (2, 1, "ends before"),
        (1.9, 2.1, "over the hour"),
        (1, 3, "over the hour"),
        (71.99, 72.1, "over the hour"),
        (72.01, 72.1, "in the future"),
        (-24 * 29, -24 * 29 + 0.5, "older than 31 days"),
        (1, 2, None),
        (1.25, 1.5, None),
    ],
)
def test_what_cannot_be_kept_says_why(begin_h, end_h, problem):
    found = play(begin_h, end_h).problem(LATER)

    assert found is None if problem is None else problem in found
