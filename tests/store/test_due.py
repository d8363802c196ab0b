"""What is told in one go: the present first, nothing for ever last, never too much."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.spans import BEGINNING, FOREVER
from store.history.due import Due, Extent, share

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def due(key, since, until, **more):
    return Due(asset_key=key, since=NOON + since * DAY, until=NOON + until * DAY, noted_at=NOON, **more)


@st.composite
def stretches(draw):
    """As the database gives them: by asset, the newest first, days apart."""
    found = []
    for key in range(draw(st.integers(1, 8))):
        at = 0
        for _ in range(draw(st.integers(1, 4))):
            at -= draw(st.integers(2, 90))
            until, at = at, at - draw(st.sampled_from([0, 1, 40, 400]))
            found.append(due(key, at, until))
    return found


def told_days(rounds, later):
    return sorted((one.asset_key, one.since, one.until) for one in [*(o for told in rounds for o in told), *later])


@given(stretches())
def test_nothing_is_lost_and_something_is_always_told(notes):
    extents = {key: Extent(NOON - 5000 * DAY, NOON) for key in range(8)}
    for _ in range(1000):
        rounds, later = share(notes, extents)
        assert sum(map(len, rounds)) > 0
        for told in rounds:
            assert len({one.asset_key for one in told}) == len(told)
            assert all(one.length <= timedelta(days=31) for one in told)
        # What is told and what waits are, without a gap, what there was.
        covered = told_days(rounds, later)
        for note in notes:
            mine = [
                one for one in covered if one[0] == note.asset_key and note.since <= one[1] and one[2] <= note.until
            ]
            assert min(one[1] for one in mine) == note.since
            assert max(one[2] for one in mine) == note.until
            assert all(a[2] >= b[1] for a, b in itertools.pairwise(mine))
        notes = sorted(later, key=lambda one: (one.asset_key, -one.until.timestamp()))
        if not notes:
            return
    raise AssertionError("it never ends")


def test_the_present_comes_before_a_long_past():
    notes = [due(1, -1, 0), due(1, -4000, -3)]
    rounds, later = share(notes, {1: Extent(NOON - 4000 * DAY, NOON)})

    assert [[(one.since, one.until) for one in told] for told in rounds] == [
        [(NOON - DAY, NOON)],
        [(NOON - 34 * DAY, NOON - 3 * DAY)],
    ]
    assert [(one.since, one.until) for one in later] == [(NOON - 4000 * DAY, NOON - 34 * DAY)]


def test_a_whole_history_is_as_long_as_its_words():
    whole = Due(asset_key=1, since=BEGINNING, until=FOREVER, noted_at=NOON)

    rounds, later = share([whole], {1: Extent(NOON - 10 * DAY, NOON)})

    assert (rounds, later) == ([[whole]], [])


def test_what_is_frozen_is_not_told():
    frozen = {"raw_from": NOON - 33 * DAY, "frozen_until": NOON - 30 * DAY}
    notes = [due(1, -50, -40, **frozen), due(2, -50, -32, **frozen), due(3, -50, 0, **frozen)]

    rounds, later = share(notes, {})

    assert [(one.asset_key, one.since, one.until) for told in rounds for one in told] == [
        # A word that still counts may say something of the time after it.
        (2, NOON - 30 * DAY, NOON - 30 * DAY),
        (3, NOON - 30 * DAY, NOON),
    ]
    assert later == []


def test_so_much_is_enough():
    rounds, later = share([due(key, -31, 0) for key in range(100)], {})

    assert 20 < len(rounds[0]) < 40
    assert len(rounds[0]) + len(later) == 100


def test_whole_histories_of_few_words_are_told_together():
    whole = [Due(asset_key=key, since=BEGINNING, until=FOREVER, noted_at=NOON) for key in range(400)]
    # Half of them have not said anything yet.
    extents = {key: Extent(NOON - timedelta(minutes=5), NOON) for key in range(200)}

    rounds, later = share(whole, extents)

    assert (len(rounds[0]), later) == (400, [])
