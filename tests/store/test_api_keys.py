from datetime import timedelta
from hashlib import sha256

import psycopg
import pytest

from domain import api_keys
from domain.api_keys import Scope
from domain.errors import StoreUnavailableError
from store.api_keys import ApiKeys
from store.pool import open_pool

pytestmark = [pytest.mark.anyio, pytest.mark.db]

INGEST = frozenset({Scope.INGEST})


@pytest.fixture
async def keys(database, clock):
    async with open_pool(database, size=2) as pool:
        yield ApiKeys(pool, now=clock)


async def made(keys, *, days=365):
    key, record = await keys.create(label="gateway", scopes=INGEST, lifetime=timedelta(days=days))
    return key, record.key_id


async def test_a_key_may_do_what_it_was_made_for(keys):
    key, _ = await made(keys)

    assert await keys.scopes_of(key) == {"ingest"}


async def test_the_secret_is_nowhere_in_the_database(keys, database):
    key, _key_id = await made(keys)
    _, secret = api_keys.read(key)

    with psycopg.connect(database) as connection:
        (row,) = connection.execute("SELECT api_key::text, secret_hash FROM api_key").fetchall()
    assert secret not in row[0]
    assert row[1] == sha256(secret.encode()).digest()


async def test_two_keys_have_nothing_in_common(keys):
    (first, _), (second, _) = await made(keys), await made(keys)

    assert first.split("_")[1:] != second.split("_")[1:]
    assert len(api_keys.read(first)[1]) == 43


async def test_a_wrong_secret_opens_nothing(keys):
    (first, _), (second, _) = await made(keys), await made(keys)
    mixed = api_keys.written(api_keys.read(first)[0], api_keys.read(second)[1])

    assert await keys.scopes_of(mixed) is None


async def test_a_key_of_an_unknown_id_opens_nothing(keys):
    key, _ = await made(keys)

    assert await keys.scopes_of(api_keys.written("zzzzzzzz", api_keys.read(key)[1])) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sp_",
        "sp_aaaaaaaa_",
        "Bearer",
        "x" * 100_000,
        "sp_AAAAAAAA_" + "a" * 43,
        "\0",
        "é",
        "sp_aaaaaaaa_" + "é" * 43,
    ],
)
async def test_a_text_that_cannot_be_a_key_is_not_even_asked_for(text, clock):
    assert await ApiKeys(None, now=clock).scopes_of(text) is None


async def test_a_key_ends_with_its_last_day(keys, clock, noon):
    key, _ = await made(keys, days=1)

    clock.now = noon + timedelta(days=1, seconds=-1)
    assert await keys.scopes_of(key)
    clock.now = noon + timedelta(days=1)
    assert await keys.scopes_of(key) is None


async def test_a_revoked_key_opens_nothing_from_then_on(keys):
    (key, key_id), (other, _) = await made(keys), await made(keys)

    assert await keys.revoke(key_id)
    assert await keys.scopes_of(key) is None
    assert await keys.scopes_of(other)


async def test_what_is_not_there_or_was_revoked_cannot_be_revoked(keys):
    _, key_id = await made(keys)
    await keys.revoke(key_id)

    assert not await keys.revoke(key_id)
    assert not await keys.revoke("nobody00")


async def test_the_last_use_is_noted_to_the_minute(keys, clock, noon):
    key, _ = await made(keys)
    used = []
    for seconds in (0, 59, 61):
        clock.now = noon + timedelta(seconds=seconds)
        await keys.scopes_of(key)
        used.append((await keys.all())[0].last_used_at)

    assert used == [noon, noon, noon + timedelta(seconds=61)]


async def test_a_wrong_secret_is_no_use_of_the_key(keys):
    _key, key_id = await made(keys)
    await keys.scopes_of(api_keys.written(key_id, "x" * 43))

    assert (await keys.all())[0].last_used_at is None


async def test_every_key_is_listed_newest_first_also_those_that_ended(keys, clock, noon):
    _, first = await made(keys)
    clock.now = noon + timedelta(hours=1)
    _, second = await made(keys)
    await keys.revoke(first)

    listed = await keys.all()
    assert [key.key_id for key in listed] == [second, first]
    assert [key.revoked_at for key in listed] == [None, clock.now]
    assert listed[0].scopes == ("ingest",)


async def test_without_a_database_it_is_not_known_what_a_key_may_do(clock):
    async with open_pool("postgresql://nobody@127.0.0.1:1/nothing", size=1) as pool:
        pool.timeout = 0.1
        with pytest.raises(StoreUnavailableError):
            await ApiKeys(pool, now=clock).scopes_of(api_keys.written("aaaaaaaa", "a" * 43))
