import asyncio
from functools import partial

import pytest

from domain.errors import CommandError, StoreContendedError
from store.lanes import Turns, side_by_side
from store.pool import connected, open_pool

pytestmark = pytest.mark.anyio


async def test_each_gives_what_it_found_in_the_order_of_asking():
    first_may_end = asyncio.Event()

    async def first():
        await first_may_end.wait()
        return "first"

    async def second():
        first_may_end.set()
        return "second"

    assert await side_by_side(first(), second()) == ["first", "second"]


async def test_the_first_that_fails_ends_the_others_before_its_error_is_told():
    ended = []

    async def works_for_ever():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def fails():
        await asyncio.sleep(0)
        raise CommandError("no")

    with pytest.raises(CommandError):
        await side_by_side(works_for_ever(), fails())

    assert ended == [True]


async def test_lanes_that_collide_take_turns_from_then_on():
    turns, at_work, most, collided = Turns(), 0, [], asyncio.Event()

    async def work(*, collides):
        nonlocal at_work
        at_work += 1
        most.append(at_work)
        await asyncio.sleep(0)
        at_work -= 1
        if collides and not collided.is_set():
            collided.set()
            raise StoreContendedError("rows")
        return "kept"

    async def lane(collides):
        return [await turns.take(partial(work, collides=collides)) for _ in range(3)]

    assert await side_by_side(lane(True), lane(False)) == [["kept"] * 3, ["kept"] * 3]
    assert most[:2] == [1, 2]
    assert set(most[3:]) == {1}


async def test_what_collides_for_ever_is_said():
    tries = []

    async def work():
        tries.append(1)
        raise StoreContendedError("rows")

    with pytest.raises(StoreContendedError):
        await Turns().take(work)
    assert 1 < len(tries) < 20


@pytest.mark.db
async def test_two_snapshots_that_change_one_row_are_a_collision_and_both_are_kept(database):
    both_read, seen = asyncio.Event(), []

    async def count(pool):
        async with connected(pool) as connection, connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            (row,) = await (await connection.execute("SELECT number FROM counted")).fetchall()
            seen.append(row["number"])
            if len(seen) >= 2:
                both_read.set()
            await both_read.wait()
            await connection.execute("UPDATE counted SET number = %s", [row["number"] + 1])

    async with open_pool(database, size=2) as pool:
        async with connected(pool) as connection:
            await connection.execute("CREATE TABLE counted AS SELECT 0 AS number")
        turns = Turns()
        await side_by_side(*(turns.take(partial(count, pool)) for _ in range(2)))
        async with connected(pool) as connection:
            assert await (await connection.execute("SELECT number FROM counted")).fetchone() == {"number": 2}
    assert seen == [0, 0, 1]
