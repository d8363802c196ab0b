"""Work on several connections side by side: while one waits for the database, Python is at work for another."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import nullcontext
from typing import Any, TypeVar

from domain.errors import StoreContendedError

T = TypeVar("T")

_TRIES = 5


async def side_by_side(*lanes: Coroutine[Any, Any, T]) -> list[T]:
    """What each gives; the first that fails ends the others, and they are over before its error is raised."""
    tasks = [asyncio.create_task(lane) for lane in lanes]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


class Turns:
    """Transactions of lanes that share no rows: side by side, until two collide; from then on one after another.

    On TimescaleDB they may: it opens compressed rows in batches, which are of many frames, and locks their chunk.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._collided = False

    async def take(self, work: Callable[[], Awaitable[T]]) -> T:
        """What the work gives, which is one transaction; it is done again after a collision.

        Raises: StoreContendedError: again and again.
        """
        for _ in range(_TRIES - 1):
            try:
                async with self._turn if self._collided else nullcontext():
                    return await work()
            except StoreContendedError:
                self._collided = True
        async with self._turn:
            return await work()
