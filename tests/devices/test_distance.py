"""From a distance to a state, by the threshold of an installation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.distance import FARTHEST_MM, MARGIN_MM, Proposal, Threshold, occupied, proposal, state_at
from domain.states import State

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


@pytest.mark.parametrize(
    ("measurements", "threshold_mm", "state"),
    [
        ({"distance_mm": 700}, None, None),
        ({"distance_mm": 700}, 1500, State.OCCUPIED),
        ({"distance_mm": 1499}, 1500, State.OCCUPIED),
        ({"distance_mm": 1500}, 1500, None),
        ({"distance_mm": 1599}, 1500, None),
        ({"distance_mm": 1600}, 1500, State.FREE),
        ({"distance_mm": 0}, 1500, None),
        ({"distance_mm": 0}, 1, None),
        ({"distance_mm": 20_000}, 1500, State.FREE),
        ({"distance_mm": 65_535}, 1500, None),
        # It says by itself whether somebody is there: until somebody who installs it knows better.
        ({"distance_mm": 700, "occupied": False}, None, State.FREE),
        ({"distance_mm": 700, "occupied": False}, 1500, State.OCCUPIED),
        ({"occupied": True}, 1500, State.OCCUPIED),
        ({"battery_percent": 7.0}, 1500, None),
    ],
)
def test_what_a_frame_means_where_its_sensor_is_installed(measurements, threshold_mm, state):
    assert state_at(measurements, threshold_mm) is state


@pytest.mark.parametrize(
    ("distances_mm", "found"),
    [
        ([], None),
        ([0, 65_535], None),
        ([2500], Proposal(threshold_mm=2000, taken=None, free=(2500, 2500))),
        ([2480, 2510, 2495], Proposal(threshold_mm=1980, taken=None, free=(2480, 2510))),
        ([600], Proposal(threshold_mm=300, taken=None, free=(600, 600))),
        ([1], Proposal(threshold_mm=1, taken=None, free=(1, 1))),
        ([2500, 700, 710, 2490, 0, 65_535], Proposal(threshold_mm=1550, taken=(700, 710), free=(2490, 2500))),
    ],
)
def test_a_threshold_is_proposed_from_what_was_measured(distances_mm, found):
    assert proposal(distances_mm) == found


@given(distances_mm=st.lists(distances, max_size=30))
def test_a_proposed_threshold_tells_what_was_measured_apart(distances_mm):
    found = proposal(distances_mm)
    seen = [mm for mm in distances_mm if 0 < mm <= FARTHEST_MM]
    assert (found is None) == (not seen)
    if found is not None:
        assert 1 <= found.threshold_mm <= 20_000
        for mm in seen:
            is_taken = found.taken is not None and mm <= found.taken[1]
            if mm > MARGIN_MM * 2 + 1:
                assert state_at({"distance_mm": mm}, found.threshold_mm) is (State.OCCUPIED if is_taken else State.FREE)
