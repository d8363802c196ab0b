"""What is believed of a number that a source gives of an area: all of it, as much as there are spaces, or nothing.

Real feeds give counts above capacity and below zero, sentinels and leaps. What is not believed is no truth: the word of
before counts until it ends, then nobody knows. Nothing of it is dropped in silence: `domain.quality` tells of each.
"""

from typing import NamedTuple

TOLERATED_EXCESS = 0.10
"""So much above its capacity an area is full: cars stand beside bays, counters drift. Above that, or below zero, the
number is a fault. All 300 counts above capacity in ten weeks of Birmingham's feed are within 4.1%; of 4,520 in half a
year of that of Aarhus 3,784 are more than 10% above, up to 22 times it: a wrong capacity, or a broken counter."""

LEAST_LEAP_SHARE = 0.5
LEAST_LEAP = 20
LONGEST_LEAP_S = 45 * 60
FURTHEST_S = 3 * 3600
"""A leap is a spike: more than half of the capacity and 20 spaces away from two counts before it and from the one after
it, which are within three hours and agree within a tenth of the capacity, and over after 45 minutes. 99.9% of all
changes in a quarter of an hour are below 29% of the capacity in Cologne, in half an hour below 26% in Birmingham."""
_AGREE_SHARE = 0.10


class Believed(NamedTuple):
    """`taken` spaces are, None where the number is refused; by `residual` it is beyond what can be."""

    taken: int | None
    residual: int


def believed(number: int, capacity: int) -> Believed:
    """What is believed of a count of an area with so many spaces."""
    if number < 0:
        return Believed(None, number)
    excess = max(0, number - capacity)
    if excess > tolerated_excess(capacity):
        return Believed(None, excess)
    return Believed(min(number, capacity), excess)


def tolerated_excess(capacity: int) -> int:
    """How many more than there are spaces still mean that all are taken. As `count_is_refused` in the database."""
    return max(1, int(capacity * TOLERATED_EXCESS))


class Around(NamedTuple):
    """The two counts before one, and the one after it; how long it lasted, and how far apart the outer ones are."""

    earlier: int
    before: int
    after: int
    lasted_s: float
    span_s: float


def is_spike(number: int, around: Around, *, capacity: int) -> bool:
    """Whether a count leapt away from its neighbours and back."""
    away = max(LEAST_LEAP_SHARE * capacity, LEAST_LEAP)
    near = _AGREE_SHARE * capacity
    others = (around.earlier, around.before, around.after)
    return (
        around.lasted_s <= LONGEST_LEAP_S
        and around.span_s <= FURTHEST_S
        and min(abs(number - one) for one in others) > away
        and max(others) - min(others) <= near
    )
