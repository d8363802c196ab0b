"""Counted areas: in the counts of their site, and one by one."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from api.routes.events import change
from domain.places import Asset, AssetKind, Category, Direction, Site, SiteKind
from domain.snapshot import AssetStatus, build_snapshot
from domain.states import State

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HEARD = NOON - timedelta(minutes=3)


def status(asset_id, state, taken, *, category=Category.GENERAL, kind=AssetKind.AREA):
    asset = Asset(
        asset_id=asset_id,
        site_id="quarry",
        kind=kind,
        name=asset_id.title(),
        category=category,
        lon=0.3,
        lat=51.4,
        capacity=40 if kind is AssetKind.AREA else 1,
        area="level-1" if kind is AssetKind.GATE else None,
        direction=Direction.IN if kind is AssetKind.GATE else None,
    )
    return AssetStatus(asset=asset, state=state, since=HEARD, heard_at=HEARD, taken=taken)


QUARRY = Site(site_id="quarry", name="Quarry", kind=SiteKind.CAR_PARK, locality="Grays", lon=0.3, lat=51.4)
STATUSES = [
    status("level-1", State.FREE, 12),
    status("level-2", State.OCCUPIED, 43),
    status("level-3", State.UNKNOWN, 9, category=Category.EV),
    status("bay-1", State.FREE, None, kind=AssetKind.BAY),
    status("ramp", State.UNKNOWN, None, kind=AssetKind.GATE, category=None),
]


@pytest.fixture
def quarry():
    return build_snapshot(revision=9, as_of=NOON, sites=[QUARRY], statuses=STATUSES, signs=[])


@pytest.fixture
def client(make_app, quarry):
    return TestClient(make_app(quarry))


def test_a_site_has_the_spaces_of_its_areas(client):
    site = client.get("/v1/sites/quarry").json()

    assert site["counts"] == {"capacity": 121, "free": 29, "occupied": 52, "unknown": 40, "closed": 0}
    assert site["categories"]["ev"] == {"capacity": 40, "free": 0, "occupied": 0, "unknown": 40, "closed": 0}
    assert site["benches"]["capacity"] == 0


def test_areas_are_listed_with_their_counts(client):
    answer = client.get("/v1/areas").json()

    assert [(one["id"], one["state"], one["counts"]["free"]) for one in answer["areas"]] == [
        ("level-1", "free", 28), ("level-2", "occupied", 0), ("level-3", "unknown", 0),
    ]  # fmt: skip
    assert answer["counts"] == {"capacity": 120, "free": 28, "occupied": 52, "unknown": 40, "closed": 0}
    assert answer["next"] is None


def test_areas_are_found_by_what_bays_are_found_by_and_page_by_page(client):
    assert [one["id"] for one in client.get("/v1/areas?category=ev").json()["areas"]] == ["level-3"]
    first = client.get("/v1/areas?limit=2").json()
    assert [one["id"] for one in client.get(first["next"]).json()["areas"]] == ["level-3"]
    assert client.get("/v1/areas?state=full").status_code == 400


def test_a_bay_is_no_area_and_a_gate_is_nothing(client):
    assert [one["id"] for one in client.get("/v1/bays").json()["bays"]] == ["bay-1"]
    assert client.get("/v1/benches").json()["benches"] == []


def test_a_change_of_an_area_says_how_many_are_free_now(quarry):
    after = quarry.changed(revision=10, as_of=NOON, statuses=[status("level-1", State.FREE, 13)])

    (said,) = change(quarry, after).assets
    assert (said.kind, said.counts.free, said.counts.capacity) == (AssetKind.AREA, 27, 40)
