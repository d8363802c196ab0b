"""Work on several connections side by side: while one waits for the database, Python is at work for another."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def side_by_side(*lanes: Coroutine[Any, Any, T]) -> list[T]:
    """What each gives; the first that fails ends the others, and they are over before its error is raised."""
    tasks = [asyncio.create_task(lane) for lane in lanes]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
