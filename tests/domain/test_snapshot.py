"""Counts of a site add up, whatever stands in it."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.places import Asset, AssetKind, Category, Direction, Site, SiteKind
from domain.snapshot import AssetStatus, build_snapshot
from domain.states import Counts, State

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
YARD = Site(site_id="yard", name="Yard", kind=SiteKind.CAR_PARK, locality="Grays", lon=0.3, lat=51.4)


def status(number, kind, state, *, category=Category.GENERAL, capacity=1, taken=None):
    is_area, is_gate = kind is AssetKind.AREA, kind is AssetKind.GATE
    asset = Asset(
        asset_id=f"a-{number}",
        site_id="yard",
        kind=kind,
        name=f"A {number}",
        category=category if kind.has_category else None,
        lon=0.3,
        lat=51.4,
        capacity=capacity if is_area else 1,
        area="a-0" if is_gate else None,
        direction=Direction.BOTH if is_gate else None,
    )
    return AssetStatus(asset=asset, state=state, since=NOON, heard_at=NOON, taken=taken if is_area else None)


def site_of(statuses):
    return build_snapshot(revision=1, as_of=NOON, sites=[YARD], statuses=statuses, signs=[]).site("yard")


@st.composite
def boroughs(draw):
    drawn = draw(
        st.lists(
            st.tuples(
                st.sampled_from(AssetKind),
                st.sampled_from(State),
                st.sampled_from(Category),
                st.integers(1, 500),
                st.none() | st.integers(-10, 700),
            ),
            max_size=12,
        )
    )
    return [
        status(number, kind, state, category=category, capacity=capacity, taken=taken)
        for number, (kind, state, category, capacity, taken) in enumerate(drawn)
    ]


@given(statuses=boroughs())
def test_every_space_is_counted_once_and_in_one_state(statuses):
    site = site_of(statuses)
    spaces = [one.asset.capacity for one in statuses if one.asset.kind.has_category]

    assert site.bays.capacity == sum(spaces)
    assert sum(site.categories.values(), Counts()) == site.bays
    assert min(site.bays.free, site.bays.occupied, site.bays.unknown, site.bays.closed) >= 0
    assert site.benches.capacity == sum(one.asset.kind is AssetKind.BENCH for one in statuses)


def test_an_area_counts_as_all_of_its_spaces():
    area = AssetKind.AREA
    assert site_of([status(0, area, State.FREE, capacity=40, taken=12)]).bays == Counts(free=28, occupied=12)
    assert site_of([status(0, area, State.OCCUPIED, capacity=40, taken=43)]).bays == Counts(occupied=40)
    assert site_of([status(0, area, State.UNKNOWN, capacity=40, taken=12)]).bays == Counts(unknown=40)
    assert site_of([status(0, area, State.CLOSED, capacity=40, taken=12)]).bays == Counts(closed=40)


def test_a_gate_counts_as_nothing():
    site = site_of([status(0, AssetKind.GATE, State.FREE), status(1, AssetKind.BENCH, State.FREE)])
    assert (site.bays, site.benches) == (Counts(), Counts(free=1))
