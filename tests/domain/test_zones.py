"""Counts of sites, zones and categories: they add up, also after changes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.categories import Category
from domain.places import Asset, AssetKind, Site, SiteKind
from domain.snapshot import AssetStatus, build_snapshot
from domain.states import Counts, State

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
SITES = [
    Site(site_id=key, name=key, kind=SiteKind.CAR_PARK, locality="", lon=0.3, lat=51.4) for key in ("yard", "green")
]


def status(number: int, site, zone, category, state, heard_s) -> AssetStatus:
    asset = Asset(
        asset_id=f"a{number}",
        site_id=site,
        kind=AssetKind.BENCH if category is None else AssetKind.BAY,
        name=str(number),
        category=category,
        lon=0.3,
        lat=51.4,
        zone_id=zone,
    )
    heard_at = None if heard_s is None else AT - timedelta(seconds=heard_s)
    return AssetStatus(asset=asset, state=state, since=None, heard_at=heard_at)


assets = st.lists(
    st.tuples(
        st.sampled_from(["yard", "green"]),
        st.sampled_from([None, "roof", "ground"]),
        st.sampled_from([None, Category.GENERAL, Category.EV]),
        st.sampled_from(State),
        st.none() | st.integers(0, 999),
    ),
    max_size=20,
)


def snapshot_of(rows):
    statuses = [status(number, *row) for number, row in enumerate(rows)]
    return build_snapshot(revision=1, as_of=AT, sites=SITES, statuses=statuses, signs=[]), statuses


@given(assets)
def test_zones_and_categories_add_up_to_the_site_and_benches_count_for_none(rows):
    snapshot, statuses = snapshot_of(rows)
    for site_id in ("yard", "green"):
        bays = [one for one in statuses if one.asset.site_id == site_id and one.asset.category]
        for zone_id in (None, "roof", "ground"):
            for category in (None, Category.GENERAL, Category.EV):
                wanted = [
                    one
                    for one in bays
                    if zone_id in {None, one.asset.zone_id} and category in {None, one.asset.category}
                ]
                counts, heard_at = snapshot.bays(site_id, zone_id, category)
                assert counts == Counts.of([one.state for one in wanted])
                assert heard_at == max((one.heard_at for one in wanted if one.heard_at), default=None)


@given(assets, st.integers(0, 19), st.sampled_from(State))
def test_a_changed_bay_changes_its_zone(rows, number, state):
    snapshot, _ = snapshot_of(rows)
    if number >= len(rows):
        return
    rows[number] = (*rows[number][:3], state, 0)
    changed = snapshot.changed(revision=2, as_of=AT, statuses=[status(number, *rows[number])])
    assert changed.sites == snapshot_of(rows)[0].sites


def test_a_place_that_is_not_there_has_no_bays():
    snapshot, _ = snapshot_of([("yard", "roof", Category.EV, State.FREE, 5)])
    for place in (("nowhere",), ("yard", "cellar"), ("yard", None, Category.TAXI), ("yard", "roof", Category.TAXI)):
        assert snapshot.bays(*place) == (Counts(), None)
