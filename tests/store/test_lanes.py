import asyncio

import pytest

from domain.errors import CommandError
from store.lanes import side_by_side

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
