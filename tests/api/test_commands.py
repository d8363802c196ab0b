"""Commands over the API, for keys with their scope."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.routes.commands import create_router
from domain.commands import Reported, Telling
from tests.command_book import MemoryCommands

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PATH = "/v1/registry/devices/70b3d5e75e000001/commands"
INTERVAL = {"command": "set-reporting-interval", "parameters": {"seconds": 600}}
KEY = "sp_abcd1234_" + "s" * 43
OTHER = "sp_other123_" + "s" * 43


async def scopes_of(key):
    return {KEY: frozenset({"command"}), OTHER: frozenset({"ingest"})}.get(key)


@pytest.fixture
def book():
    return MemoryCommands(lambda: NOON)


@pytest.fixture
def client(book):
    app = create_app(
        live=None,
        now=lambda: NOON,
        organisation="Grays",
        version="1",
        look=list,
        meter=None,
        routers=[create_router(book, scopes_of)],
    )
    return TestClient(app, headers={"Authorization": f"Bearer {KEY}"})


def test_a_command_is_queued_and_listed(client):
    answer = client.post(PATH, json=INTERVAL | {"expires_in_s": 3600})

    assert answer.status_code == 202
    assert answer.json()["parameters"] == {"seconds": "600"}
    assert (answer.json()["state"], answer.json()["requested_by"]) == ("queued", "key abcd1234")
    assert answer.json()["expires_at"] == "2026-11-20T13:00:00.000Z"
    assert client.get(PATH).json()["commands"] == [answer.json()]


def test_what_is_wanted_and_what_the_device_reports_stand_beside_each_other(client, book):
    client.post(PATH, json=INTERVAL)
    interval = "set-reporting-interval"
    said = Reported(name=interval, parameters={"seconds": "900"}, said_at=NOON + timedelta(minutes=1))
    book.told = Telling(told=[said], tells=frozenset({interval}))

    assert client.get(PATH).json()["settings"] == [
        {
            "name": interval,
            "desired": {"seconds": "600"},
            "command_state": "queued",
            "asked_at": "2026-11-20T12:00:00.000Z",
            "reported": {"seconds": "900"},
            "reported_at": "2026-11-20T12:01:00.000Z",
            "agreement": "differs",
        }
    ]


def test_a_switch_is_given_as_a_switch(client, book):
    client.post(PATH, json={"command": "set-indicator", "parameters": {"on": True}})

    assert book.listed[0].parameters == {"on": "true"}


def test_a_key_needs_the_scope(client, book):
    assert client.post(PATH, json=INTERVAL, headers={"Authorization": "Bearer x"}).status_code == 401
    assert client.post(PATH, json=INTERVAL, headers={"Authorization": f"Bearer {OTHER}"}).status_code == 403
    assert client.get(PATH, headers={"Authorization": f"Bearer {OTHER}"}).status_code == 403
    assert book.listed == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (PATH, {"command": "set-reporting-interval", "parameters": {"seconds": 7}}, 422),
        (PATH, {"command": "dance"}, 422),
        (PATH, INTERVAL | {"expires_in_s": 5}, 400),
        (PATH, {"parameters": {}}, 400),
        (PATH.replace("01", "02"), INTERVAL, 404),
        (PATH.replace("70b3d5e75e000001", "Not_an_id"), INTERVAL, 400),
    ],
)
def test_what_cannot_be_is_a_problem_document(client, book, path, body, status):
    answer = client.post(path, json=body)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert book.listed == []


def test_an_unknown_device_has_no_list(client):
    assert client.get(PATH.replace("01", "02")).status_code == 404


def test_without_a_network_server_that_is_told(client, book):
    book.can_send = False

    assert client.post(PATH, json=INTERVAL).status_code == 409
    assert book.listed == []


def test_the_longest_lifetime_is_a_week(client):
    assert client.post(PATH, json=INTERVAL | {"expires_in_s": 604_800}).status_code == 202
    assert client.post(PATH, json=INTERVAL | {"expires_in_s": 604_801}).status_code == 400
    assert timedelta(seconds=604_800) == timedelta(days=7)
