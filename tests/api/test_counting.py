"""Counting at gates over HTTP."""

from datetime import UTC, date, datetime

import pytest
from fastapi.testclient import TestClient

from api.routes.counting import create_router
from domain.api_keys import written
from tests.memory_recounts import MemoryRecounts

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
READER, KEEPER = written("reader00", "k" * 43), written("keeper00", "k" * 43)


async def scopes_of(key):
    return {READER: frozenset({"quality"}), KEEPER: frozenset({"registry"})}.get(key)


@pytest.fixture
def recounts():
    return MemoryRecounts(lambda: AT)


@pytest.fixture
def client(make_app, borough, recounts):
    return TestClient(make_app(borough, routers=[create_router(recounts, scopes_of, lambda: AT)]))


def by(key):
    return {"Authorization": f"Bearer {key}"}


def test_days_and_drift_are_told(client, recounts):
    assert client.get("/v1/counting", headers=by(READER)).json() == {"areas": {"library-deck": "Deck, Library"}}
    found = client.get("/v1/counting/library-deck", headers=by(READER)).json()
    assert found["days"][1] == {"day": "2026-11-19", "came": 900, "went": 905, "residual": 0, "drift": -5}
    assert (found["taken"], found["capacity"], found["anchor_at"]) == (20, 300, "03:30")
    assert found["days"][0]["drift"] is None
    assert recounts.asked == [(date(2026, 10, 24), date(2026, 11, 20))]
    assert client.get("/v1/counting/nowhere", headers=by(READER)).status_code == 404
    for first_day in ("2026-11-21", "2025-11-01"):
        asked = client.get("/v1/counting/library-deck", headers=by(READER), params={"first_day": first_day})
        assert asked.status_code == 400
    for last_day in ("0001-01-01", "9999-12-31"):
        asked = client.get("/v1/counting/library-deck", headers=by(READER), params={"last_day": last_day})
        assert asked.status_code == 400


def test_a_recount_is_made_and_taken_back_by_who_keeps_the_register(client):
    path = "/v1/counting/library-deck/recounts"
    assert client.post(path, headers=by(READER), json={"taken": 25}).status_code == 403
    made = client.post(path, headers=by(KEEPER), json={"taken": 25, "counted_at": "2026-11-20T11:00:00Z"})
    assert made.status_code == 201
    assert made.json() | {"made_by": ""} == {
        "id": 1,
        "area": "library-deck",
        "counted_at": "2026-11-20T11:00:00.000Z",
        "taken": 25,
        "shown": 20,
        "made_by": "",
        "made_at": "2026-11-20T12:00:00.000Z",
        "withdrawn_by": None,
        "withdrawn_at": None,
    }
    back = client.post("/v1/counting/recounts/1/withdrawal", headers=by(KEEPER)).json()
    assert back["withdrawn_by"] == "key keeper00"
    assert client.post("/v1/counting/recounts/1/withdrawal", headers=by(KEEPER)).status_code == 422
    assert client.post("/v1/counting/recounts/9/withdrawal", headers=by(KEEPER)).status_code == 404
    assert client.post(path, headers=by(KEEPER), json={"taken": 301}).status_code == 422
    assert client.post(path, headers=by(KEEPER), json={"taken": -1}).status_code == 400
