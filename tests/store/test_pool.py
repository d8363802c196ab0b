import asyncio
import contextlib

import pytest
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from store.pool import connected, open_pool

pytestmark = [pytest.mark.anyio, pytest.mark.db]


@pytest.mark.parametrize("turns", range(12))
async def test_who_is_told_to_stop_while_a_connection_comes_is_given_none(database, turns):
    given = []

    async def borrow(pool):
        async with pool.connection():
            given.append(asyncio.current_task().cancelling())
            await asyncio.Event().wait()

    async with open_pool(database, size=1) as pool:
        held = await pool.getconn()
        borrower = asyncio.create_task(borrow(pool))
        while not pool.get_stats().get("requests_waiting"):
            await asyncio.sleep(0)
        returning = asyncio.create_task(pool.putconn(held))
        for _ in range(turns):
            await asyncio.sleep(0)
        borrower.cancel()
        await asyncio.wait({returning})
        while not (borrower.done() or given):
            await asyncio.sleep(0)
        borrower.cancel()
        await asyncio.wait({borrower})
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")

    # Either it had its connection before it was told, or it ends: it never goes on as if nothing was said.
    assert given in ([], [0])


async def test_who_is_told_to_stop_and_then_waits_in_vain_is_told_to_stop(database, monkeypatch):
    async def forgets(_pool, _timeout):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        raise PoolTimeout("nobody there")

    async with open_pool(database, size=1) as pool:
        monkeypatch.setattr(AsyncConnectionPool, "getconn", forgets)
        borrower = asyncio.create_task(pool.getconn())
        await asyncio.sleep(0)
        borrower.cancel()
        await asyncio.wait({borrower})

    assert borrower.cancelled()


async def test_as_many_compressed_rows_are_opened_as_have_to_be(database):
    async with open_pool(database, size=1) as pool, connected(pool) as connection:
        rows = await connection.execute("SHOW timescaledb.max_tuples_decompressed_per_dml_transaction")
        assert list((await rows.fetchone()).values()) == ["0"]
