"""Closures over HTTP, over a register in memory that plans as the store does."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from api.routes.closures import create_router
from api.routes.registry import create_router as registry_router
from domain.api_keys import written
from tests.memory_registry import MemoryRegistry

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday
KEY, POOR = written("registry", "k" * 43), written("ingester", "k" * 43)
CSV = (
    "record,id,site,zone,name,kind,category,locality,lon,lat,area,direction,capacity\n"
    "site,yard,,,Mill Yard,car_park,,Grays,-0.325,51.475,,,\n"
    "zone,row-a,yard,,Row A,,,,,,,,\n"
    "asset,bay-1,yard,row-a,Bay 1,bay,general,,-0.325,51.475,,,\n"
    "asset,roof,yard,,Roof,area,general,,-0.325,51.475,,,40\n"
    "asset,ramp,yard,,Ramp,gate,,,-0.325,51.475,roof,both,\n"
)
MARKET = {"site": "yard", "reason": "Market", "weekdays": ["fri"], "from_time": "06:00", "to_time": "18:00"}


async def scopes_of(key):
    return {KEY: frozenset({"registry"}), POOR: frozenset({"ingest"})}.get(key)


def silent_after(_model):
    return timedelta(hours=60)


@pytest.fixture
def registry():
    return MemoryRegistry(lambda: AT)


@pytest.fixture
def client(make_app, borough, registry):
    routers = [create_router(registry, scopes_of, lambda: AT), registry_router(registry, scopes_of, silent_after)]
    client = TestClient(make_app(borough, routers=routers))
    client.headers["Authorization"] = f"Bearer {KEY}"
    client.post("/v1/registry/imports", content=CSV)
    return client


def test_a_market_is_made_listed_and_undone(client):
    made = client.post("/v1/closures", json=MARKET | {"begins_at": "2026-11-01T00:00:00Z"})
    assert made.status_code == 201
    assert (made.json()["closure"]["id"], made.json()["change_set"]) == ("yard-20261101", 2)
    [one] = client.get("/v1/closures").json()["closures"]
    assert one == {
        "id": "yard-20261101",
        "target": "site",
        "target_id": "yard",
        "reason": "Market",
        "begins_at": "2026-11-01T00:00:00.000Z",
        "ends_at": None,
        "weekdays": ["fri"],
        "from_time": "06:00",
        "to_time": "18:00",
        "except_days": [],
        "closed_now": True,
        "time": {"begins_at": "2026-11-20T06:00:00.000Z", "ends_at": "2026-11-20T18:00:00.000Z"},
    }
    assert client.post("/v1/registry/change-sets/2/undo").status_code == 200
    assert client.get("/v1/closures").json() == {"closures": []}


def test_without_a_beginning_it_begins_now_and_each_has_an_id_of_its_own(client):
    bodies = [
        {"asset": "bay-1", "reason": "Works"},
        {"asset": "bay-1", "reason": "Roots", "ends_at": "2026-12-01T00:00:00Z"},
    ]
    made = [client.post("/v1/closures", json=body).json()["closure"] for body in bodies]
    assert [one["id"] for one in made] == ["bay-1-20261120", "bay-1-20261120-2"]
    assert made[0]["time"] == {"begins_at": "2026-11-20T12:00:00.000Z", "ends_at": None}
    again = client.post("/v1/closures", json=bodies[0] | {"id": "bay-1-20261120"})
    assert (again.status_code, again.json()["errors"][0]["column"]) == (422, "id")


def test_a_change_says_all_but_what_is_closed(client):
    client.post("/v1/closures", json=MARKET | {"id": "market", "begins_at": "2026-11-01T00:00:00Z"})
    terms = {"reason": "Fair", "weekdays": ["sun", "sat"], "except_days": ["2026-12-26"]}
    changed = client.put("/v1/closures/market", json=terms).json()["closure"]
    assert (changed["target_id"], changed["reason"], changed["weekdays"]) == ("yard", "Fair", ["sat", "sun"])
    assert (changed["begins_at"], changed["from_time"]) == ("2026-11-01T00:00:00.000Z", None)
    assert (changed["except_days"], changed["closed_now"]) == (["2026-12-26"], False)
    # The day is done: nothing had to change.
    assert client.put("/v1/closures/market", json=terms).json()["change_set"] is None


def test_one_ends_now_or_goes_as_if_it_had_never_been(client, registry):
    client.post("/v1/closures", json=MARKET | {"id": "market", "begins_at": "2026-11-01T00:00:00Z"})
    ended = client.post("/v1/closures/market/end").json()["closure"]
    assert (ended["ends_at"], ended["closed_now"], ended["time"]) == ("2026-11-20T12:00:00.000Z", False, None)
    assert "has ended" in client.post("/v1/closures/market/end").json()["errors"][0]["message"]
    client.post("/v1/closures", json=MARKET | {"id": "later", "begins_at": "2026-12-01T00:00:00Z"})
    assert "has not begun" in client.post("/v1/closures/later/end").json()["errors"][0]["message"]
    assert client.delete("/v1/closures/later").json()["removed"] == 1
    assert client.delete("/v1/closures/later").status_code == 404
    assert client.put("/v1/closures/later", json={"reason": "x"}).status_code == 404
    assert {actor for actor, *_ in registry.sets} == {"key registry"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"site": "yard"}, 400),
        ({"site": "yard", "reason": ""}, 400),
        ({"reason": "Works"}, 422),
        ({"site": "yard", "zone": "row-a", "reason": "Works"}, 422),
        ({"site": "nowhere", "reason": "Works"}, 422),
        ({"asset": "ramp", "reason": "Works"}, 422),
        ({"site": "yard", "reason": "Works", "from_time": "6"}, 400),
        ({"site": "yard", "reason": "Works", "from_time": "06:00"}, 422),
        ({"site": "yard", "reason": "Works", "ends_at": "2026-11-20T12:00:00Z"}, 422),
        ({"site": "yard", "reason": "Works", "begins_at": "2026-11-20T12:00:00"}, 400),
        ({"site": "yard", "reason": "Works", "weekdays": ["friday"]}, 400),
        ({"site": "yard", "reason": "Works", "id": "No Id"}, 422),
    ],
)
def test_what_is_no_closure_is_refused(client, registry, body, status):
    assert client.post("/v1/closures", json=body).status_code == status
    assert len(registry.sets) == 1


def test_only_keys_for_the_register_close_anything(client):
    client.headers["Authorization"] = f"Bearer {POOR}"
    assert client.post("/v1/closures", json=MARKET).status_code == 403
    del client.headers["Authorization"]
    assert client.get("/v1/closures").status_code == 401
