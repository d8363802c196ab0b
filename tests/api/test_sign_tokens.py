"""Tokens of signs over the API, for keys with their scope."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from api.routes.sign_tokens import create_router
from tests.api.conftest import NOON
from tests.memory_sign_tokens import MemorySignTokens

KEY, OTHER = "sp_abcd1234_" + "s" * 43, "sp_other123_" + "s" * 43
SIGNS_OWN = "sp_ownown11_" + "s" * 43
PATH = "/v1/signs/harbour-road/tokens"


async def scopes_of(key):
    keys = {KEY: frozenset({"signs"}), OTHER: frozenset({"ingest"}), SIGNS_OWN: frozenset({"sign:harbour-road"})}
    return keys.get(key)


@pytest.fixture
def tokens():
    return MemorySignTokens(lambda: NOON)


@pytest.fixture
def client(make_app, live, tokens):
    app = make_app(live, routers=[create_router(tokens, scopes_of)])
    return TestClient(app, headers={"Authorization": f"Bearer {KEY}"})


def test_a_token_is_told_once(client):
    made = client.post(PATH, json={}).json()

    assert made["page"] == f"/signs/harbour-road#token={made['token']}"
    assert client.get(PATH).json() == {"tokens": [made["known"]]}
    assert made["token"] not in client.get(PATH).text


def test_a_rotation_says_how_long_the_old_ones_stay_good(client, tokens):
    client.post(PATH, json={"days": 30})
    client.post(PATH, json={"overlap_s": 3600})

    assert tokens.asked[0] == ("issue", "key abcd1234", timedelta(days=30))
    assert tokens.asked[1] == ("rotate", "key abcd1234", timedelta(hours=1))
    assert client.get(PATH).json()["tokens"][1]["expires_at"] == "2026-11-20T13:00:00.000Z"


def test_tokens_are_revoked_one_by_one_or_all(client):
    ids = [client.post(PATH, json={}).json()["known"]["id"] for _ in range(3)]

    assert client.delete(f"{PATH}/{ids[0]}").json() == {"revoked": 1}
    assert client.delete(f"{PATH}/{ids[0]}").status_code == 404
    assert client.delete(PATH).json() == {"revoked": 2}


@pytest.mark.parametrize(("key", "expected"), [("x", 401), (OTHER, 403), (SIGNS_OWN, 403)])
def test_a_key_needs_the_scope_and_a_sign_makes_itself_no_tokens(client, tokens, key, expected):
    headers = {"Authorization": f"Bearer {key}"}

    assert client.post(PATH, json={}, headers=headers).status_code == expected
    assert client.get(PATH, headers=headers).status_code == expected
    assert client.delete(PATH, headers=headers).status_code == expected
    assert tokens.asked == []


@pytest.mark.parametrize("body", [{"days": 0}, {"days": 5000}, {"overlap_s": -1}, {"overlap_s": 10**7}])
def test_lifetimes_are_bounded(client, body):
    assert client.post(PATH, json=body).status_code == 400


def test_a_sign_that_is_not_there_is_not_found(client):
    assert client.post("/v1/signs/nowhere/tokens", json={}).status_code == 404
