"""Work that one process in the whole installation does, and another takes over when it ends."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from enum import IntEnum

import psycopg

from domain.errors import StoreUnavailableError
from store.pool import ANSWER_WITHIN_S, Connection, Pool, translated
from store.queries import one, query

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0

Work = Callable[[], Coroutine[object, object, None]]


class Job(IntEnum):
    """What is done by one process alone. The values are keys of locks: never reuse one."""

    SIGNS = 3
    """What signs are told without asking: retained messages, commands to displays."""


class Turn:
    """Waits for the turn of this process, then lets it work until cancelled; holds one connection meanwhile.

    The database knows whose turn it is. While it is away nobody can take over, so whoever works goes on; when it is
    back and the turn is somebody else's, the work is cancelled until it comes again. Work that fails begins anew.
    """

    def __init__(
        self,
        pool: Pool,
        job: Job,
        work: Callable[[], Coroutine[object, object, None]],
        *,
        every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._pool = pool
        self._job = job
        self._work = work
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until cancelled; then the work has ended, too."""
        try:
            while True:
                try:
                    await self._hold()
                except StoreUnavailableError as error:
                    logger.warning("the database is away: %s", error, extra={"action": "turn_retry"})
                await asyncio.sleep(self._every_s)
        finally:
            await self._stop()

    async def _hold(self) -> None:
        with translated():
            async with self._pool.connection() as connection:
                if not (await one(connection, "try_turn", {"job": self._job.value}))["locked"]:
                    await self._stop()
                    return
                try:
                    while not await self._ended():
                        async with asyncio.timeout(ANSWER_WITHIN_S):
                            await connection.execute("SELECT 1")
                except asyncio.CancelledError:
                    # Whoever comes next begins where nothing of ours is on its way any more.
                    await self._stop()
                    await _end(connection, self._job)
                    raise
                await _end(connection, self._job)

    async def _ended(self) -> bool:
        """Work for a while; True once the work is over, which it should never be."""
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name=f"alone-{self._job.name}")
        await asyncio.wait({self._task}, timeout=self._every_s)
        if not self._task.done():
            return False
        if not self._task.cancelled() and (error := self._task.exception()) is not None:
            logger.error("%s failed", self._job.name, exc_info=error, extra={"action": "turn_failed"})
        self._task = None
        return True

    async def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _end(connection: Connection, job: Job) -> None:
    with contextlib.suppress(psycopg.Error):
        await connection.execute(query("end_turn"), {"job": job.value})
