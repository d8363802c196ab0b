"""Counting by passages: whatever the order, nothing is lost, and what is shown can be."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.counting import (
    COUNTER_ENDS,
    Anchor,
    Gate,
    Heard,
    Passages,
    Step,
    Told,
    Total,
    by_day,
    count,
    nightly,
    passages,
    sign_of,
    told,
)
from domain.places import Direction

ORIGIN = datetime(2026, 10, 24, 12, tzinfo=UTC)  # the clocks go back in the night
CAPACITY = 20


def at(minute):
    return ORIGIN + timedelta(minutes=minute)


@st.composite
def days(draw):
    """What counters at two gates said, without resets, and anchors."""
    totals = []
    for source in ("a", "b"):
        for sign in (1, -1):
            value = draw(st.integers(0, 100))
            for minute in sorted(draw(st.sets(st.integers(0, 40), max_size=8))):
                value += draw(st.integers(0, 12))
                totals.append(Total(at(minute), source, sign, value))
    anchors = draw(
        st.lists(
            st.builds(
                Anchor, st.integers(0, 40).map(at), st.integers(0, CAPACITY), st.sampled_from([None, "me", "you"])
            ),
            max_size=4,
        )
    )
    return totals, anchors


@given(day=days(), data=st.data())
def test_any_order_and_any_repetition_give_the_same_count(day, data):
    totals, anchors = day
    again = data.draw(st.permutations(totals + totals[:3]))
    other = data.draw(st.permutations(anchors + anchors[:1]))
    assert passages(again) == passages(totals)
    assert count(other, passages(again), capacity=CAPACITY) == count(anchors, passages(totals), capacity=CAPACITY)


@given(day=days())
def test_nothing_is_lost_and_what_is_shown_can_be(day):
    totals, anchors = day
    passed = passages(totals)
    steps = count(anchors, passed, capacity=CAPACITY)

    assert bool(steps) == bool(anchors)
    assert all(0 <= step.taken <= CAPACITY for step in steps)
    # The first step of each moment of an anchor may be what was shown before it.
    anchored = None
    since = 0
    net = {one.at: one.came - one.went for one in passed}
    by_anchor = {one.at for one in anchors}
    for step in steps:
        is_anchor = step.at in by_anchor and step.residual == 0 and (anchored is None or step.corrected is not None)
        if is_anchor:
            anchored, since = step.taken, 0
            continue
        since += net[step.at]
        assert anchored + since == step.taken + step.residual


@given(day=days())
def test_days_add_up_to_all_that_passed(day):
    totals, anchors = day
    passed = passages(totals)
    found = by_day(count(anchors, passed, capacity=CAPACITY), passed)
    assert sum(one.came for one in found) == sum(one.came for one in passed)
    assert sum(one.went for one in found) == sum(one.went for one in passed)


def totals_of(*values):
    return [Total(at(minute), "a", 1, value) for minute, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "came"),
    [
        ((5,), []),
        ((5, 5, 7), [2]),
        # Reset: only what was counted since is known.
        ((500, 3, 4), [3, 1]),
        # The end of 16 bits is none.
        ((65_530, 4), [10]),
        ((65_530, 60_000), [60_000]),
        # A counter of 32 bits that falls was reset.
        ((70_000, 4), [4]),
    ],
)
def test_totals_become_passages(values, came):
    assert [one.came for one in passages(totals_of(*values))] == came


def test_of_two_words_of_one_moment_the_greater_total_counts():
    said = [Total(at(0), "a", 1, 5), Total(at(1), "a", 1, 9), Total(at(1), "a", 1, 7)]
    assert passages(said) == passages(said[::-1]) == [Passages(at(1), 4, 0)]


@given(
    values=st.lists(st.integers(0, 50), min_size=2, max_size=12).map(sorted),
    begins=st.sampled_from([0, 70_000, COUNTER_ENDS - 25]),
    data=st.data(),
)
def test_totals_that_are_dated_in_the_wrong_order_are_told_in_the_right_one(values, begins, data):
    """At most three within a second; the first and the last one are alone."""
    said, rest, minute = [values[0]], values[1:-1], 0
    moments = [at(0)]
    while rest:
        size = data.draw(st.integers(1, 3))
        minute += 1
        part, rest = rest[:size], rest[size:]
        said += data.draw(st.permutations(part))
        moments += [at(minute) + timedelta(seconds=0.4 * n) for n in range(len(part))]
    said, moments = [*said, values[-1]], [*moments, at(minute + 1)]
    # Where a counter of 16 bits comes to its end, it begins anew.
    ends = COUNTER_ENDS if begins < COUNTER_ENDS else 2**32
    totals = [Total(moment, "a", 1, (begins + value) % ends) for moment, value in zip(moments, said, strict=True)]

    found = passages(totals)
    assert sum(one.came for one in found) == values[-1] - values[0]
    assert found == passages(data.draw(st.permutations(totals)))


def test_a_counter_that_is_reset_within_a_second_of_a_word_is_reset():
    said = [(0, 498), (60, 500), (60.4, 0), (120, 3)]
    totals = [Total(at(0) + timedelta(seconds=second), "a", 1, value) for second, value in said]
    assert [one.came for one in passages(totals)] == [2, 3]


def test_an_anchor_says_how_far_the_count_had_drifted():
    passed = [Passages(at(1), 5, 0), Passages(at(2), 0, 9), Passages(at(3), 30, 0)]
    steps = count([Anchor(at(0), 2, None), Anchor(at(4), 12, "me")], passed, capacity=CAPACITY)
    assert steps == [
        Step(at(0), 2, 0, None), Step(at(1), 7, 0, None), Step(at(2), 0, -2, None), Step(at(3), 20, 8, None),
        Step(at(4), 12, 0, -8),
    ]  # fmt: skip
    [day] = by_day(steps, passed)
    assert (day.came, day.went, day.residual, day.drift) == (35, 9, 12, -8)


def test_nothing_is_known_before_the_first_anchor():
    assert count([], [Passages(at(0), 3, 0)], capacity=CAPACITY) == []
    assert count([Anchor(at(1), 4, "me")], [Passages(at(0), 3, 0)], capacity=CAPACITY) == [Step(at(1), 4, 0, None)]


def test_the_nightly_anchor_is_at_its_time_on_the_clock():
    found = nightly(time(3, 30), 0, since=at(0), until=at(2 * 1440))
    assert [one.at for one in found] == [
        datetime(2026, 10, 25, 3, 30, tzinfo=UTC), datetime(2026, 10, 26, 3, 30, tzinfo=UTC)]  # fmt: skip
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    [one] = nightly(time(3, 30), 0, since=summer, until=summer + timedelta(hours=12))
    assert one.at == datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
    assert by_day([Step(one.at, 0, 0, 4)], [])[0].day == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("name", "direction", "sign"),
    [
        ("vehicles_in_total", Direction.BOTH, 1),
        ("people_out_total", Direction.BOTH, -1),
        ("vehicles_total", Direction.OUT, -1),
        # Nobody knows which way these went.
        ("vehicles_total", Direction.BOTH, None),
        ("vehicles_out_total", Direction.IN, None),
        ("pulses_1_total", Direction.IN, None),
    ],
)
def test_a_gate_says_what_its_counter_counts(name, direction, sign):
    assert sign_of(name, direction) == sign


def test_a_count_is_told_only_while_every_gate_is_heard():
    hour = timedelta(hours=1)
    steady = Gate(Heard(at(10 * n), 1, hour) for n in range(20))
    silent = Gate([Heard(at(0), 2, hour / 2)])
    steps = [Step(at(5), 3, 0, None), Step(at(20), 4, 0, None)]
    assert told(steps, [steady, silent]) == [Told(at(5), 3, 2), Told(at(10), 3, 2), Told(at(20), 4, 2)]
    assert told(steps, [steady])[-1] == Told(at(190), 4, 1)
    # A gate at which nothing counts, and an area without gates.
    assert told(steps, [steady, Gate([])]) == []
    assert told(steps, []) == []
