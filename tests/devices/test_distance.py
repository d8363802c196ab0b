"""From a distance to a state, by the threshold of an installation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.distance import Threshold, occupied

OVER_A_BAY = Threshold(occupied_below_mm=1500, margin_mm=100, blind_below_mm=250)
distances = st.integers(0, 65_535)
states = st.none() | st.booleans()


@pytest.mark.parametrize(
    ("distance_mm", "before", "state"),
    [
        (1499, False, True),
        (1499, None, True),
        (1500, True, True),
        (1500, False, False),
        (1500, None, None),
        (1599, True, True),
        (1600, True, False),
        (65_535, None, False),
        (250, False, True),
        (249, False, False),
        (249, True, True),
        (0, None, None),
    ],
)
def test_a_distance_is_a_state(distance_mm, before, state):
    assert occupied(distance_mm, OVER_A_BAY, before=before) is state


@given(distance_mm=distances, before=states)
def test_the_same_distance_again_changes_nothing(distance_mm, before):
    once = occupied(distance_mm, OVER_A_BAY, before=before)
    assert occupied(distance_mm, OVER_A_BAY, before=once) is once


@given(near=st.integers(250, 65_535), farther=st.integers(0, 60_000), before=states)
def test_what_is_farther_away_is_never_more_occupied(near, farther, before):
    if occupied(near, OVER_A_BAY, before=before) is False:
        assert occupied(near + farther, OVER_A_BAY, before=before) is False


@given(around=st.lists(st.integers(1500, 1599), max_size=20), before=st.booleans())
def test_a_bonnet_at_the_threshold_does_not_come_and_go(around, before):
    state = before
    for distance_mm in around:
        state = occupied(distance_mm, OVER_A_BAY, before=state)
    assert state is before


@pytest.mark.parametrize(("below", "margin", "blind"), [(0, 0, 0), (100, -1, 0), (100, 0, 100), (100, 0, -1)])
def test_a_threshold_that_cannot_be_is_refused(below, margin, blind):
    with pytest.raises(ValueError, match="threshold"):
        Threshold(occupied_below_mm=below, margin_mm=margin, blind_below_mm=blind)
