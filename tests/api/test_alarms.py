"""Alarms over the API, for keys with their scope."""

import pytest
from fastapi.testclient import TestClient

from api.metrics import AlarmMetrics
from api.routes.alarms import create_router
from domain.alarms import PLATFORM, AlarmCode
from tests.api.conftest import NOON
from tests.memory_alarms import MemoryAlarms

KEY = "sp_abcd1234_" + "s" * 43
OTHER = "sp_other123_" + "s" * 43


async def scopes_of(key):
    return {KEY: frozenset({"alarms"}), OTHER: frozenset({"ingest"})}.get(key)


@pytest.fixture
def alarms():
    return MemoryAlarms(lambda: NOON)


@pytest.fixture
def client(make_app, live, alarms):
    app = make_app(live, routers=[create_router(alarms, scopes_of)])
    return TestClient(app, headers={"Authorization": f"Bearer {KEY}"})


def test_a_consequence_names_its_cause(client, alarms):
    alarms.made(AlarmCode.INGEST_STOPPED, PLATFORM)
    alarms.made(AlarmCode.SIGN_DIFFERS)
    answer = client.get("/v1/alarms").json()

    assert [(one["code"], one["explained_by"]) for one in answer["open"]] == [
        ("ingest_stopped", None),
        ("sign_differs", 1),
    ]
    assert answer["open"][1]["subject"] == {"kind": "sign", "id": "harbour-road"}
    assert answer["ended"] == []


def test_what_is_over_is_told_when_asked_for(client, alarms):
    alarms.made(ended_at=NOON)

    assert client.get("/v1/alarms").json() == {"open": [], "ended": []}
    (over,) = client.get("/v1/alarms?ended=5").json()["ended"]
    assert over["ended_at"] == "2026-11-20T12:00:00.000Z"


def test_a_key_says_that_somebody_saw_it(client, alarms):
    alarms.made()
    answer = client.post("/v1/alarms/1/acknowledgement")

    assert (answer.status_code, answer.json()["acknowledged_by"]) == (200, "key abcd1234")
    assert client.get("/v1/alarms").json()["open"] == [answer.json()]
    assert client.post("/v1/alarms/2/acknowledgement").status_code == 404
    assert client.post("/v1/alarms/x/acknowledgement").status_code == 400


def test_a_key_needs_the_scope(client, alarms):
    alarms.made()
    for headers, status in ({"Authorization": "Bearer x"}, 401), ({"Authorization": f"Bearer {OTHER}"}, 403):
        assert client.get("/v1/alarms", headers=headers).status_code == status
        assert client.post("/v1/alarms/1/acknowledgement", headers=headers).status_code == status
    assert alarms.kept[1].acknowledged_by is None


def test_open_alarms_are_a_metric_by_code_and_severity():
    (family,) = AlarmMetrics(lambda: {AlarmCode.SIGN_SILENT: 2, AlarmCode.INGEST_STOPPED: 0}).collect()

    assert {(sample.labels["code"], sample.labels["severity"]): sample.value for sample in family.samples} == {
        ("sign_silent", "warning"): 2,
        ("ingest_stopped", "critical"): 0,
    }
