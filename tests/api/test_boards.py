"""Boards over HTTP, over signs in memory."""

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from api.routes.boards import create_router
from domain.api_keys import written
from domain.boards import Board, BoardLine
from domain.places import Sign
from domain.snapshot import build_snapshot
from tests.memory_signs import MemorySigns

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY, POOR = written("signmngr", "k" * 43), written("ingester", "k" * 43)
BOARD = "/v1/signs/north/board"
LINE = {"key": "yard", "label": "Mill Yard", "site": "mill-yard"}


async def scopes_of(key):
    return {KEY: frozenset({"signs"}), POOR: frozenset({"ingest"})}.get(key)


@pytest.fixture
def signs(live):
    line = BoardLine(key="yard", label="Mill Yard", site_id="mill-yard")
    board = Board(sign_id="north", title="Northern approach", lines=(line,))
    sign = Sign(sign_id="north", name="Northern approach", site_id="mill-yard", lon=0.3, lat=51.4, board=board)
    snapshot = live.snapshot
    live.snapshot = build_snapshot(
        revision=snapshot.revision,
        as_of=snapshot.as_of,
        sites=[status.site for status in snapshot.sites.values()],
        statuses=snapshot.assets.values(),
        signs=[sign],
    )
    return MemorySigns(live, lambda: AT)


@pytest.fixture
def client(make_app, live, signs):
    client = TestClient(make_app(live, routers=[create_router(signs, live, scopes_of)]))
    client.headers["Authorization"] = f"Bearer {KEY}"
    return client


def test_a_board_is_read_with_its_version(client):
    answer = client.get(BOARD)
    assert answer.json() == {"sign_id": "north", "version": 1, "board": {"lines": [LINE]}}
    assert answer.headers["etag"] == '"1"'
    assert client.get("/v1/signs/nowhere/board").status_code == 404


def test_a_board_is_written_and_read_back(client):
    wanted = {
        "title": "North",
        "languages": ["en", "cy"],
        "titles": {"cy": "Gogledd"},
        "brightness": {"day": 100, "night": 40},
        "hours": [{"days": ["mon", "fri"], "from": "07:00", "to": "22:00"}],
        "fallback": {"kind": "text", "text": "see website"},
        "epaper": {"macs": ["A0:B1:C2:D3:E4:F5"], "refresh_s": 600},
        "lines": [{**LINE, "mode": "closed", "thresholds": {"full_enter": 2, "full_leave": 5}, "max_age_s": 900}],
    }
    answer = client.put(BOARD, json=wanted, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["version"], answer.headers["etag"]) == (200, 2, '"2"')
    assert client.get(BOARD).json()["board"] == wanted
    # What was read may be written: nothing changes.
    assert client.put(BOARD, json=client.get(BOARD).json()["board"]).json()["version"] == 2


def test_whoever_began_from_an_older_version_is_told(client):
    client.put(BOARD, json={"lines": [{**LINE, "label": "Yard"}]})
    answer = client.put(BOARD, json={"lines": [LINE]}, headers={"If-Match": '"1"'})
    assert answer.status_code == 412
    assert "at version 2" in answer.json()["detail"]
    assert client.put(BOARD, json={"lines": [LINE]}, headers={"If-Match": "two"}).status_code == 400


def test_every_fault_is_told_and_nothing_is_changed(client):
    lines = [{**LINE, "minimum": 9, "maximum": 3}, {**LINE, "label": "Other"}]
    answer = client.put(BOARD, json={"lines": lines, "languages": ["tlh"]})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [fault["message"] for fault in answer.json()["errors"]] == [
        "the board: languages: 'tlh' is none of en, cy, fr, de",
        "line 1: maximum 3 is less than minimum 9",
        "the board: line key 'yard' is used 2 times",
    ]
    assert client.get(BOARD).json()["version"] == 1


@pytest.mark.parametrize("body", [{}, {"lines": [{**LINE, "modes": "auto"}]}, {"lines": [LINE], "colour": "red"}, []])
def test_what_is_no_board_is_refused(client, body):
    assert client.put(BOARD, json=body).status_code == 400


def test_a_sign_is_made_and_moved(client):
    made = {"name": "South", "site_id": "mill-yard", "lon": 0.31, "lat": 51.4, "board": {"lines": [LINE]}}
    assert client.put("/v1/signs/south", json=made, headers={"If-Match": '"0"'}).json()["version"] == 1
    assert client.put("/v1/signs/south", json=made, headers={"If-Match": '"0"'}).status_code == 412
    assert client.put("/v1/signs/south", json={**made, "lon": 0.32}).json()["version"] == 2
    assert client.put("/v1/signs/south", json={**made, "site_id": "nowhere"}).status_code == 404
    assert client.put("/v1/signs/So+uth", json=made).status_code == 400


def test_every_version_says_who_and_when_and_comes_back(client):
    client.put(BOARD, json={"lines": [{**LINE, "mode": "full"}]})
    listed = client.get(f"{BOARD}/versions").json()["versions"]
    assert [(one["version"], one["actor"], one["made_at"]) for one in listed] == [
        (2, "key signmngr", "2026-11-20T12:00:00.000Z"),
        (1, "places file", "2026-11-20T12:00:00.000Z"),
    ]
    assert listed[1]["board"] == {"lines": [LINE]}
    assert client.post(f"{BOARD}/versions/1/restore").json() == {
        "sign_id": "north",
        "version": 3,
        "board": {"lines": [LINE]},
    }
    assert client.post(f"{BOARD}/versions/9/restore").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", BOARD),
        ("PUT", BOARD),
        ("PUT", "/v1/signs/south"),
        ("GET", f"{BOARD}/versions"),
        ("POST", f"{BOARD}/versions/1/restore"),
    ],
)
@pytest.mark.parametrize(("key", "status"), [(None, 401), ("sp_nonsense", 401), (POOR, 403)])
def test_without_a_key_of_the_scope_nobody_gets_in(client, method, path, key, status):
    del client.headers["Authorization"]
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    assert client.request(method, path, json={"lines": [LINE]}, headers=headers).status_code == status
