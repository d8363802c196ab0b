"""The register over HTTP, over one in memory that plans as the store does."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from api.routes.registry import create_router
from domain.api_keys import written
from domain.errors import UnknownModelError
from tests.memory_registry import MemoryRegistry

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY, POOR = written("registry", "k" * 43), written("ingester", "k" * 43)
CSV = (
    "record,id,site,name,kind,category,locality,lon,lat,model,device,asset\n"
    "site,yard,,Mill Yard,car_park,,Grays,-0.325,51.475,,,\n"
    "asset,bay-1,yard,=Bay 1,bay,general,,-0.325,51.475,,,\n"
    "device,70b3d50000000001,,,,,,,,bosch-tps110,,\n"
    "installation,,,,,,,,,,70b3d50000000001,bay-1\n"
)


async def scopes_of(key):
    return {KEY: frozenset({"registry"}), POOR: frozenset({"ingest"})}.get(key)


def silent_after(model):
    if model != "bosch-tps110":
        raise UnknownModelError(model)
    return timedelta(hours=60)


@pytest.fixture
def client(make_app, borough):
    app = make_app(borough, routers=[create_router(MemoryRegistry(lambda: AT), scopes_of, silent_after)])
    client = TestClient(app)
    client.headers["Authorization"] = f"Bearer {KEY}"
    return client


def test_a_file_is_tried_then_made_then_nothing_is_left_to_do(client):
    tried = client.post("/v1/registry/imports?dry_run=true", content=CSV).json()
    assert (tried["added"], tried["dry_run"], tried["change_set"]) == (4, True, None)
    made = client.post("/v1/registry/imports?name=bays.csv", content=CSV).json()
    assert (made["added"], made["change_set"]) == (4, 1)
    again = client.post("/v1/registry/imports", content=CSV).json()
    assert (again["unchanged"], again["change_set"]) == (4, None)
    [one] = client.get("/v1/registry/change-sets").json()["change_sets"]
    assert (one["actor"], one["what"], one["made_at"]) == ("key registry", "bays.csv", "2026-11-20T12:00:00.000Z")


def test_every_fault_of_a_file_is_told_by_line_and_nothing_is_made(client):
    bad = CSV.replace("general", "purple").replace("51.475,,,\n", "95,,,\n", 1)
    answer = client.post("/v1/registry/imports", content=bad)
    assert answer.status_code == 422
    assert [(fault["line"], fault["column"]) for fault in answer.json()["errors"]] == [(2, "lat"), (3, "category")]
    assert client.get("/v1/registry/site").json() == {"records": []}


def test_an_export_imports_again_and_is_safe_to_open(client):
    client.post("/v1/registry/imports", content=CSV)
    exported = client.get("/v1/registry/export.csv")
    assert exported.headers["content-type"].startswith("text/csv")
    assert ",'=Bay 1," in exported.text
    assert ",-0.325," in exported.text
    assert client.post("/v1/registry/imports", content=exported.content).json()["unchanged"] == 4


def test_a_change_is_looked_at_and_undone(client):
    client.post("/v1/registry/imports", content=CSV)
    client.put("/v1/registry/asset/bay-1", json={"values": {
        "site": "yard", "name": "First", "kind": "bay", "category": "ev", "lon": 0.1, "lat": 51}})  # fmt: skip
    [change] = client.get("/v1/registry/change-sets/2").json()["changes"]
    assert (change["before"]["name"], change["after"]["name"]) == ("=Bay 1", "First")
    refused = client.post("/v1/registry/change-sets/1/undo")
    assert (refused.status_code, "asset bay-1 has changed since" in refused.json()["detail"]) == (422, True)
    assert client.post("/v1/registry/change-sets/2/undo").json()["changed"] == 1


def test_a_device_is_put_somewhere_and_taken_out(client):
    client.post("/v1/registry/imports", content=CSV)
    put = client.put(
        "/v1/registry/installation/70b3d50000000001", json={"values": {"asset": "bay-1", "debounce_s": 30}}
    )
    assert put.json()["changed"] == 1
    refused = client.delete("/v1/registry/device/70b3d50000000001")
    assert "is needed by installation" in refused.json()["detail"]
    gone = client.delete("/v1/registry/installation/70b3d50000000001@2000-01-01T00:00:00+00:00")
    assert gone.json()["removed"] == 1
    assert client.delete("/v1/registry/device/70b3d50000000001").json()["removed"] == 1
    assert client.delete("/v1/registry/device/70b3d50000000001").status_code == 404


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("device/NOT-AN-EUI!", {"model": "bosch-tps110"}),
        ("device/dev-1", {"model": "nokia"}),
        ("site/x", {"name": "X"}),
        ("site/x", {"colour": "red"}),
    ],
)
def test_nonsense_is_refused_at_the_edge(client, path, values):
    assert client.put(f"/v1/registry/{path}", json={"values": values}).status_code == 422


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("sp_wrong", 401), (POOR, 403)])
@pytest.mark.parametrize("path", ["export.csv", "site", "change-sets"])
def test_only_keys_with_the_scope_come_in(client, key, status, path):
    headers = {"Authorization": f"Bearer {key}" if key else ""}
    assert client.get(f"/v1/registry/{path}", headers=headers).status_code == status
    refused = client.post("/v1/registry/imports", content=b"x" * 100_000, headers=headers)
    assert refused.status_code == status
