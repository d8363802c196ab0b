"""Figures add up, and say nothing where nothing is known."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.figures import Figures, Sums, Times, beginnings, figures, over
from domain.periods import Period
from domain.states import State
from domain.stuck import QuietBay, StuckReason, StuckRules, judged

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = Period(since=NOON, until=NOON + timedelta(hours=1))
DAY_S = 86_400


@given(
    known=st.lists(st.integers(0, 5000), min_size=4, max_size=4),
    begun=st.dictionaries(st.integers(-7200, 7200), st.integers(1, 5), max_size=4),
)
def test_the_four_states_are_the_capacity_all_the_time(known, begun):
    sums = Sums(**dict(zip(("free_s", "occupied_s", "unknown_s", "closed_s"), known, strict=True)))
    found = figures(
        sums, Times([HOUR]), beginnings((NOON + timedelta(seconds=second), n) for second, n in begun.items())
    )

    assert found.sums.total_s == found.capacity * found.seconds
    assert found.sums.unknown_s >= sums.unknown_s
    assert (found.sums.free_s, found.sums.occupied_s, found.sums.closed_s) == (known[0], known[1], known[3])


def test_a_bay_that_begins_in_a_step_is_unknown_before():
    half = Sums(free_s=1200, occupied_s=600)
    found = figures(half, Times([HOUR]), beginnings([(NOON + timedelta(minutes=31), 1)]))

    # Its facts begin with a quarter of an hour.
    assert (found.capacity, found.sums.unknown_s, found.coverage) == (1, 1800, 0.5)


def test_what_begins_later_does_not_count():
    found = figures(Sums(free_s=3600), Times([HOUR]), beginnings([(HOUR.until, 1), (NOON - timedelta(days=1), 1)]))
    assert (found.capacity, found.sums.unknown_s) == (1, 0)


def test_shares_are_of_what_they_say():
    sums = Sums(free_s=2000, occupied_s=1000, unknown_s=600, closed_s=3600, inferred_s=300, arrivals=2)
    found = Figures(capacity=2, seconds=3600, sums=sums)

    assert found.coverage == 3000 / 3600
    assert found.occupancy == 1000 / 3000
    assert found.inferred_share == 0.1
    assert found.turnover == 2 * DAY_S / 3000
    nothing = Figures(capacity=0, seconds=0, sums=Sums())
    assert (nothing.coverage, nothing.occupancy, nothing.inferred_share, nothing.turnover) == (None,) * 4
    closed = Figures(capacity=1, seconds=60, sums=Sums(closed_s=60))
    assert (closed.coverage, closed.occupancy) == (None, None)


def test_only_what_is_over_is_told():
    assert over(HOUR, NOON) is None
    assert over(HOUR, NOON + timedelta(seconds=7)) == Period(since=NOON, until=NOON + timedelta(seconds=7))
    assert over(HOUR, NOON + timedelta(days=1)) == HOUR


def quiet(days, unknown_s=0):
    return QuietBay(
        asset_id="bay-1", name="Bay 1", site_id="yard", category=None, state=State.OCCUPIED, since=NOON,
        known_s=int(days * DAY_S), unknown_s=unknown_s,
    )  # fmt: skip


def test_a_bay_is_stuck_after_days_or_when_its_peers_are_not():
    # Its peers change ten times a day.
    peers = Sums(free_s=5 * DAY_S, occupied_s=5 * DAY_S, arrivals=50, departures=50)
    rules = StuckRules(days=7, expected=20)

    assert judged(quiet(1.9), peers, rules) is None
    unlike = judged(quiet(2.1), peers, rules)
    assert (unlike.reason, round(unlike.expected)) == (StuckReason.UNLIKE_ITS_PEERS, 21)
    assert judged(quiet(7), Sums(), rules).reason is StuckReason.NO_CHANGE
    assert judged(quiet(6.9), Sums(), rules) is None
    # However busy the others are, an hour is no time.
    busy = Sums(free_s=DAY_S, occupied_s=DAY_S, arrivals=5000, departures=5000)
    assert judged(quiet(0.5), busy, rules) is None
    assert quiet(1, unknown_s=DAY_S).coverage == 0.5
