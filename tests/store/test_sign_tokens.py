"""Tokens of signs in the database, and those that are good in memory."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from domain import api_keys
from domain.api_keys import Scope
from domain.errors import StoreUnavailableError, UnknownPlaceError
from domain.ids import SignId
from store.api_keys import ApiKeys
from store.pool import open_pool
from store.signs.tokens import KnownSignTokens, StoreSignTokens

pytestmark = [pytest.mark.anyio, pytest.mark.db]

NORTH = SignId("north")


@pytest.fixture
def pool(borough_pool):
    return borough_pool


@pytest.fixture
def tokens(pool, clock):
    return StoreSignTokens(pool, now=clock)


@pytest.fixture
def known(pool, clock):
    return KnownSignTokens(pool, ApiKeys(pool, now=clock).scopes_of, now=clock)


async def test_a_token_is_a_key_of_one_sign_and_of_nothing_else(tokens, pool, clock):
    token, made = await tokens.issue(NORTH, by="manager")

    assert await ApiKeys(pool, now=clock).scopes_of(token) == {"sign:north"}
    assert not {"sign:north"} & set(Scope)
    assert made.key_id == api_keys.read(token)[0]
    assert [one.key_id for one in await tokens.of_sign(NORTH)] == [made.key_id]


async def test_a_sign_that_is_not_there_gets_none(tokens):
    nowhere = SignId("nowhere")
    for asked in (tokens.issue(nowhere, by="m"), tokens.rotate(nowhere, by="m"), tokens.of_sign(nowhere)):
        with pytest.raises(UnknownPlaceError):
            await asked


async def test_a_rotation_overlaps_so_that_the_sign_does_not_go_dark(tokens, known, clock, noon):
    before, _ = await tokens.issue(NORTH, by="manager")
    clock.now = noon + timedelta(hours=1)
    after, _ = await tokens.rotate(NORTH, by="manager", overlap=timedelta(days=1))
    good = {}
    for hours in (1, 24.9, 25, 26):
        clock.now = noon + timedelta(hours=hours)
        await known.refresh()
        good[hours] = [await known.scopes_of(token) is not None for token in (before, after)]

    assert good == {1: [True, True], 24.9: [True, True], 25: [False, True], 26: [False, True]}


async def test_a_rotation_never_lengthens_a_life(tokens, clock, noon):
    _, before = await tokens.issue(NORTH, by="manager", lifetime=timedelta(days=1))
    await tokens.rotate(NORTH, by="manager", overlap=timedelta(days=31))

    assert {one.expires_at for one in await tokens.of_sign(NORTH)} == {before.expires_at, noon + timedelta(days=365)}


async def test_a_rotation_without_an_overlap_ends_the_old_one_at_once(tokens, known, clock, noon):
    before, _ = await tokens.issue(NORTH, by="manager")
    await tokens.rotate(NORTH, by="manager", overlap=timedelta())
    clock.now = noon + timedelta(seconds=1)
    await known.refresh()

    assert await known.scopes_of(before) is None


async def test_a_revoked_token_opens_nothing_once_it_is_known(tokens, known):
    (first, one), (second, _) = await tokens.issue(NORTH, by="manager"), await tokens.issue(NORTH, by="manager")
    await known.refresh()
    assert await tokens.revoke(NORTH, by="manager", key_id=one.key_id) == 1
    await known.refresh()

    assert [await known.scopes_of(token) for token in (first, second)] == [None, {"sign:north"}]
    assert await tokens.revoke(NORTH, by="manager") == 1
    assert await tokens.revoke(NORTH, by="manager") == 0


async def test_a_token_of_one_sign_cannot_be_revoked_through_another(tokens, database):
    _, made = await tokens.issue(NORTH, by="manager")

    assert await tokens.revoke(SignId("south"), by="manager", key_id=made.key_id) == 0


async def test_a_wrong_secret_opens_nothing_and_other_keys_are_asked_for(tokens, known, pool, clock):
    token, made = await tokens.issue(NORTH, by="manager")
    key, _ = await ApiKeys(pool, now=clock).create(
        label="program", scopes=frozenset({Scope.SIGNS}), lifetime=timedelta(days=1)
    )
    assert await known.scopes_of(token) == {"sign:north"}
    await known.refresh()

    assert await known.scopes_of(api_keys.written(made.key_id, "x" * 43)) is None
    assert await known.scopes_of(key) == {"signs"}
    assert await known.scopes_of("nonsense") is None


async def test_a_known_token_is_good_while_the_database_is_away(tokens, known, pool, clock, noon):
    token, _ = await tokens.issue(NORTH, by="manager")
    await known.refresh()
    async with open_pool("postgresql://nobody@127.0.0.1:1/nothing", size=1) as away:
        away.timeout = 0.1
        known._pool = away
        with pytest.raises(StoreUnavailableError):
            await known.refresh()

        assert await known.scopes_of(token) == {"sign:north"}
        clock.now = noon + timedelta(days=366)
        assert await known.scopes_of(token) is None


async def test_the_use_is_noted_while_they_are_followed(tokens, known, clock, noon):
    token, _ = await tokens.issue(NORTH, by="manager")
    await known.refresh()
    await known.scopes_of(token)
    following = asyncio.create_task(known.follow(every_s=0.01))
    while (await tokens.of_sign(NORTH))[0].last_used_at is None:
        await asyncio.sleep(0.01)
    following.cancel()

    assert (await tokens.of_sign(NORTH))[0].last_used_at == noon


async def test_everything_is_on_record_and_no_secret_is(tokens, database):
    token, made = await tokens.issue(NORTH, by="manager")
    await tokens.rotate(NORTH, by="key abcd1234")
    await tokens.revoke(NORTH, by="manager")

    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT actor, record_id, audit::text FROM audit WHERE record = 'sign_token'"
        ).fetchall()
    assert [row[0] for row in rows] == ["manager", "key abcd1234", "key abcd1234", "manager", "manager"]
    assert [row[1] for row in rows[:2]] == [made.key_id] * 2
    assert api_keys.read(token)[1] not in str(rows)
