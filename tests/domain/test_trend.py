from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.trend import LONGEST_DAYS, battery_days_left, slope_per_day

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def falling(*, start=90.0, per_day=0.5, days=60):
    return [(BEGAN + timedelta(days=day), start - per_day * day) for day in range(days)]


rates = st.floats(0.05, 1.0)


@given(rates, st.integers(15, 80))
def test_a_battery_that_falls_evenly_has_its_charge_over_its_rate_left(per_day, days):
    points = falling(per_day=per_day, days=days)
    # The charge now is the median of the last three.
    assert battery_days_left(points) == pytest.approx(points[-2][1] / per_day, rel=1e-6)


@given(rates, st.randoms())
def test_the_order_in_which_values_come_does_not_matter(per_day, dice):
    points = falling(per_day=per_day)
    shuffled = list(points)
    dice.shuffle(shuffled)
    assert battery_days_left(shuffled) == battery_days_left(points)


@given(rates, st.lists(st.tuples(st.integers(0, 59), st.floats(0, 100)), max_size=6, unique_by=lambda one: one[0]))
def test_a_tenth_of_nonsense_cannot_turn_a_slope(per_day, wild):
    points = falling(per_day=per_day)
    for day, value in wild:
        points[day] = (points[day][0], value)
    slope = slope_per_day(points)
    assert -1.5 * per_day <= slope <= -0.5 * per_day


@given(st.lists(st.tuples(st.integers(0, 400), st.floats(0, 100)), max_size=40))
def test_an_estimate_is_nothing_or_days_that_make_sense(values):
    left = battery_days_left([(BEGAN + timedelta(days=day), charge) for day, charge in values])
    assert left is None or 0 <= left <= LONGEST_DAYS


@given(st.floats(0, 2))
def test_a_charge_that_does_not_fall_tells_nothing(per_day):
    assert battery_days_left(falling(start=10, per_day=-per_day, days=40)) is None


@given(rates, st.integers(0, 14))
def test_a_fortnight_is_the_least_that_tells_anything(per_day, days):
    assert battery_days_left(falling(per_day=per_day, days=days)) is None


def test_a_new_battery_is_judged_by_itself():
    worn = falling(start=30, per_day=1.0, days=30)
    new = [(BEGAN + timedelta(days=30 + day), 100 - 0.1 * day) for day in range(30)]
    assert battery_days_left(worn + new) == pytest.approx((100 - 2.8) / 0.1, rel=0.02)
    assert battery_days_left(worn + new[:10]) is None


def test_one_moment_has_no_slope():
    assert slope_per_day([(BEGAN, 1.0), (BEGAN, 2.0)]) is None
