"""Messages over the API, for keys with their scope."""

from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from api.routes.messages import create_router
from domain.announcements import Policy
from domain.boards import Board
from domain.message_templates import TEMPLATES
from domain.places import Sign
from domain.snapshot import build_snapshot
from tests.api.conftest import NOON
from tests.memory_announcements import MemoryAnnouncements

KEY, SECOND, OTHER = (f"sp_{name}_" + "s" * 43 for name in ("abcd1234", "second12", "other123"))
LATER = "2026-11-20T14:00:00Z"
WANTED = {
    "text": "Market today",
    "texts": {"cy": "Marchnad heddiw"},
    "audience": {"everywhere": True},
    "ends_at": LATER,
}


async def scopes_of(key):
    return {KEY: {"messages"}, SECOND: {"messages"}, OTHER: {"signs", "sign:north"}}.get(key)


@pytest.fixture
def messages(borough):
    sites = [status.site for status in borough.sites.values()]
    board = Board(sign_id="north", title="North", lines=())
    north = Sign(sign_id="north", name="North", site_id="mill-yard", lon=0, lat=51, board=board)
    snapshot = build_snapshot(revision=7, as_of=NOON, sites=sites, statuses=borough.assets.values(), signs=[north])
    return MemoryAnnouncements(lambda: NOON, lambda: snapshot, Policy(second_person=True))


@pytest.fixture
def client(make_app, live, messages):
    app = make_app(live, routers=[create_router(messages, scopes_of, lambda: NOON)])
    return TestClient(app, headers={"Authorization": f"Bearer {KEY}"})


def test_a_message_is_made_agreed_to_and_withdrawn(client):
    made = client.post("/v1/messages", json=WANTED)
    assert (made.status_code, made.json()["standing"], made.json()["made_by"]) == (201, "waiting", "key abcd1234")
    path = f"/v1/messages/{made.json()['id']}"
    assert client.post(f"{path}/approval").status_code == 422
    second = {"Authorization": f"Bearer {SECOND}"}
    approved = client.post(f"{path}/approval", headers=second).json()
    assert (approved["standing"], approved["approved_by"]) == ("current", "key second12")
    assert client.get("/v1/messages").json() == {"messages": [approved]}
    withdrawn = client.post(f"{path}/withdrawal").json()
    assert (withdrawn["standing"], withdrawn["withdrawn_by"]) == ("withdrawn", "key abcd1234")
    assert client.get("/v1/messages").json() == {"messages": []}
    assert client.get("/v1/messages?over=5").json() == {"messages": [withdrawn]}


def test_a_template_needs_nobody_and_an_alternative_its_conditions(client):
    wanted = {
        "kind": "alternative",
        "template": "use-instead",
        "parameters": {"site": "mill-yard", "other": "the-green"},
        "audience": {"signs": ["north"]},
        "ends_at": LATER,
        "conditions": [{"site": "mill-yard", "states": ["full", "closed"]}],
    }
    made = client.post("/v1/messages", json=wanted).json()

    assert (made["standing"], made["text"]) == ("current", "Mill-Yard is full: use The-Green")
    assert made["conditions"] == [{"site": "mill-yard", "category": None, "states": ["closed", "full"]}]


def test_every_reason_is_told(client, messages):
    answer = client.post("/v1/messages", json=WANTED | {"text": "<b>", "audience": {}})

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "'<' is not allowed" in answer.json()["detail"]
    assert "choose at least one" in answer.json()["detail"]
    assert messages.kept == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"ends_at": None},
        {"ends_at": "2026-11-20T14:00:00"},
        {"kind": "rumour"},
        {"audience": {"sites": ["No where"]}},
        {"text": "x" * 1001},
        {"conditions": [{"site": "mill-yard", "states": []}]},
    ],
)
def test_what_is_no_message_is_a_problem_document(client, messages, wrong):
    assert client.post("/v1/messages", json=WANTED | wrong).status_code == 400
    assert messages.kept == {}


def test_without_an_end_there_is_no_message(client):
    wanted = {key: value for key, value in WANTED.items() if key != "ends_at"}

    assert client.post("/v1/messages", json=wanted).status_code == 400


@pytest.mark.parametrize(("key", "expected"), [("x", 401), (OTHER, 403)])
def test_a_key_needs_the_scope(client, messages, key, expected):
    headers = {"Authorization": f"Bearer {key}"}
    for method, path in (
        ("GET", "/v1/messages"),
        ("POST", "/v1/messages"),
        ("POST", f"/v1/messages/{UUID(int=1)}/approval"),
        ("POST", f"/v1/messages/{UUID(int=1)}/withdrawal"),
    ):
        assert client.request(method, path, json=WANTED, headers=headers).status_code == expected
    assert messages.kept == {}


def test_a_message_that_is_not_there_is_not_found(client):
    assert client.post(f"/v1/messages/{UUID(int=9)}/withdrawal").status_code == 404
    assert client.post("/v1/messages/9/withdrawal").status_code == 400


def test_templates_are_open(client):
    listed = client.get("/v1/messages/templates", headers={"Authorization": ""}).json()["templates"]

    assert {one["id"] for one in listed} == TEMPLATES.keys()
