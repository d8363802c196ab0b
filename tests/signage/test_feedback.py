"""Heartbeats, plays and the state of signs over HTTP."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from domain.errors import StoreRefusedError, UnknownPlaceError
from signage.credentials import Credentials
from signage.feedback import create_router
from signage.frames import Frames
from signage.served import ServedFrames
from tests.memory_sign_reports import MemoryReports

OWN, OTHERS, OPERATOR = (f"sp_{name}_" + "s" * 43 for name in ("ownown11", "others11", "operat11"))
KEYS = {OWN: {"sign:harbour-road"}, OTHERS: {"sign:old-quay"}, OPERATOR: {"signs"}}
BEAT = "/v1/signs/harbour-road/heartbeat"
PLAYS = "/v1/signs/harbour-road/plays"
SAID = {
    "frame_id_shown": None,
    "rendered_hash": "7c11f51d",
    "uptime_s": 12,
    "screen_on": True,
    "refused": {"replayed": 2},
}


@pytest.fixture
def noticed():
    return []


@pytest.fixture
def reports():
    return MemoryReports()


@pytest.fixture
def clock(now):
    class Clock:
        time = now

        def __call__(self):
            return self.time

    return Clock()


@pytest.fixture
def client(live, reports, noticed, clock):
    async def scopes_of(key):
        return frozenset(KEYS[key]) if key in KEYS else None

    async def notice(event):
        noticed.append(event)

    frames = Frames(now=clock, validity=timedelta(seconds=60))
    served = ServedFrames(lambda sign_id: frames.of(sign_id, live.snapshot) if sign_id in live.snapshot.signs else None)
    app = FastAPI()
    credentials = Credentials(scopes_of, notice=notice, now=clock)
    app.include_router(
        create_router(
            live=live,
            frames=frames,
            served=served,
            reports=reports,
            credentials=credentials,
            scopes_of=scopes_of,
            now=clock,
        )
    )

    @app.exception_handler(UnknownPlaceError)
    async def unknown(request, error):
        return JSONResponse({"title": str(error)}, 404)

    @app.exception_handler(StoreRefusedError)
    async def refused(request, error):
        return JSONResponse({"title": str(error)}, 422)

    return TestClient(app, headers={"Authorization": f"Bearer {OWN}"})


def as_operator(client, path):
    return client.get(path, headers={"Authorization": f"Bearer {OPERATOR}"})


def test_a_heartbeat_is_kept_and_told_what_is_served(client, reports, clock):
    client.post(BEAT, json=SAID)
    clock.time += timedelta(seconds=30)
    answer = client.post(BEAT, json=SAID)

    assert answer.status_code == 200
    served = reports.kept["harbour-road"].served_frame_id
    assert answer.json() == {"frame_id_served": served, "agreement": "different"}
    clock.time += timedelta(seconds=30)
    assert (
        client.post(BEAT, json=SAID | {"frame_id_shown": served, "rendered_hash": None}).json()["agreement"] == "same"
    )
    said = reports.kept["harbour-road"].heartbeat
    assert (said.uptime, said.screen_on, said.battery_volts) == (timedelta(seconds=12), True, None)
    assert said.refused == {"replayed": 2}


def test_only_the_sign_itself_reports_and_another_ones_key_is_noticed(client, reports, noticed):
    for key, status in ((None, 401), ("x", 401), (OPERATOR, 403), (OTHERS, 403)):
        headers = {"Authorization": f"Bearer {key}"} if key else {"Authorization": ""}
        assert client.post(BEAT, json=SAID, headers=headers).status_code == status
        batch = {"plays": [{"frame_id": None, "from": "2026-03-02T14:00:00Z", "to": "2026-03-02T14:01:00Z"}]}
        headers |= {"Idempotency-Key": "abcdefgh"}
        assert client.post(PLAYS, json=batch, headers=headers).status_code == status
    assert (reports.kept, reports.batches) == ({}, {})
    assert [event.session for event in noticed] == ["others11", "others11"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"frame_id_shown": "<script>"},
        {"uptime_s": -1},
        {"battery_percent": 101},
        {"interval_s": 1},
        {"shown_since": "yesterday"},
        {"refused": {"melted": 1}},
        {"refused": {"replayed": -1}},
        {"player": "x" * 101},
    ],
)
def test_what_is_no_heartbeat_is_refused(client, reports, wrong):
    assert client.post(BEAT, json=SAID | wrong).status_code == 422
    assert reports.kept == {}


def test_one_that_beats_too_fast_is_told_so(client, clock):
    assert client.post(BEAT, json=SAID).status_code == 200
    assert client.post(BEAT, json=SAID).status_code == 429
    clock.time += timedelta(seconds=1)
    assert client.post(BEAT, json=SAID).status_code == 200


def batch(*spans, frame_id="ab"):
    return {"plays": [{"frame_id": frame_id, "from": f"2026-03-02T{a}Z", "to": f"2026-03-02T{b}Z"} for a, b in spans]}


def test_a_batch_that_is_handed_in_again_is_kept_once(client, reports):
    body, headers = batch(("13:59:00", "14:00:00"), ("14:00:00", "14:00:30")), {"Idempotency-Key": "abcdefgh"}

    assert client.post(PLAYS, json=body, headers=headers).json() == {"kept": 2, "repeated": False}
    assert client.post(PLAYS, json=body, headers=headers).json() == {"kept": 0, "repeated": True}
    assert client.post(PLAYS, json=batch(("13:00:00", "13:30:00")), headers=headers).status_code == 422
    assert len(reports.batches) == 1


@pytest.mark.parametrize(
    ("spans", "key"),
    [
        ([("13:59:00", "14:01:00")], "abcdefgh"),
        ([("14:01:00", "14:00:00")], "abcdefgh"),
        ([("14:01:00", "14:40:00")], "abcdefgh"),
        ([], "abcdefgh"),
        ([("14:00:00", "14:00:30")], "short"),
        ([("14:00:00", "14:00:30")], "with spaces in it"),
        ([("14:00:00", "14:00:30")], None),
        ([("14:00:00", "14:00:30")] * 501, "abcdefgh"),
    ],
)
def test_a_batch_that_cannot_be_is_refused_as_a_whole(client, reports, spans, key):
    headers = {"Idempotency-Key": key} if key else {}

    assert client.post(PLAYS, json=batch(*spans), headers=headers).status_code == 422
    assert reports.batches == {}


def test_what_a_play_showed_is_kept_with_its_words(client, reports):
    served = client.post(BEAT, json=SAID).json()["frame_id_served"]
    body = batch(("14:00:00", "14:00:30"), frame_id=served)
    client.post(PLAYS, json=body, headers={"Idempotency-Key": "abcdefgh"})

    assert reports.frames["harbour-road", served]["lines"][0]["display"] == "4"


def test_operators_see_what_each_sign_says_and_how_old_that_is(client, clock):
    client.post(BEAT, json=SAID)
    clock.time += timedelta(seconds=5)
    status = as_operator(client, "/v1/signs/harbour-road/status").json()

    assert (status["id"], status["age_s"]) == ("harbour-road", 5.0)
    assert status["frame"]["lines"][0]["display"] == "4"
    assert status["report"]["received_at"] == "2026-03-02T14:32:10.000Z"
    assert status["report"]["refused"] == {"replayed": 2}
    assert as_operator(client, "/v1/sign-reports").json() == {"signs": [status]}
    assert as_operator(client, "/v1/signs/nowhere/status").status_code == 404


def test_a_sign_that_never_reported_has_no_report(client):
    assert as_operator(client, "/v1/signs/harbour-road/status").json()["report"] is None


def test_the_account_of_a_day_adds_up(client):
    (day,) = as_operator(client, "/v1/signs/harbour-road/days?last=1").json()["days"]

    assert day == {"day": "2026-03-02", "right_s": 72_000, "wrong_s": 3600, "blank_s": 7200, "silent_s": 3600}


@pytest.mark.parametrize("path", ["/v1/signs/harbour-road/status", "/v1/sign-reports", "/v1/signs/harbour-road/days"])
def test_a_sign_sees_only_its_own_frame(client, path):
    assert client.get(path).status_code == 403
    assert client.get(path, headers={"Authorization": ""}).status_code == 401
