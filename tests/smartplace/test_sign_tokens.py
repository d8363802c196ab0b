import asyncio
import json

import pytest

from domain import api_keys
from store.places import import_places
from store.pool import open_pool

pytestmark = pytest.mark.db


@pytest.fixture
def sign_token(smartplace, database, monkeypatch, small_borough, noon):
    async def prepare():
        async with open_pool(database, size=1) as pool:
            await import_places(pool, small_borough, at=noon)

    asyncio.run(prepare())
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", database)
    return lambda *arguments: smartplace("sign-token", *arguments)


def test_a_token_is_issued_rotated_and_revoked(sign_token):
    first = sign_token("issue", "north")
    assert first.code == 0
    assert "only time" in first.err
    second = sign_token("rotate", "north", "--overlap-days", "1")
    listed = json.loads(sign_token("list", "north", "--json").out)["tokens"]

    ids = [api_keys.read(outcome.out.strip())[0] for outcome in (second, first)]
    assert [token["id"] for token in listed] == ids
    assert listed[0]["expires_at"] > listed[1]["expires_at"]
    assert sign_token("revoke", "north", ids[1]).out == "revoked 1 of north\n"
    assert f"{ids[1]}  revoked" in sign_token("list", "north").out
    assert sign_token("revoke", "north").out == "revoked 1 of north\n"


@pytest.mark.parametrize("arguments", [("issue", "nowhere"), ("issue", "No where"), ("revoke", "north")])
def test_what_cannot_be_is_one_sentence(sign_token, arguments):
    outcome = sign_token(*arguments)

    assert outcome.code != 0
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
