"""What ingest processes say of themselves, written by them and read by the web server."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from domain.errors import StoreUnavailableError
from domain.live import Clock
from domain.readiness import WorkerReport
from store.pool import Pool, connected
from store.queries import query


class Workers:
    """Satisfies ingest.readiness.Register. Every method may raise StoreUnavailableError."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def report(self, report: WorkerReport) -> None:
        """Replace what this worker said before."""
        async with connected(self._pool) as connection:
            await connection.execute(query("upsert_worker"), asdict(report))

    async def take_back(self, worker: str) -> None:
        """Forget what this worker said."""
        async with connected(self._pool) as connection:
            await connection.execute(query("delete_worker"), {"worker": worker})

    async def since(self, moment: datetime) -> list[WorkerReport]:
        """What was said after that moment, in order of the workers' names."""
        async with connected(self._pool) as connection:
            rows = await (await connection.execute(query("select_workers"), {"since": moment})).fetchall()
        return [WorkerReport(**row) for row in rows]


class KnownWorkers:
    """What was read lately, so that whoever asks for it costs the database nothing."""

    def __init__(self, workers: Workers, *, now: Clock, silent_after: timedelta) -> None:
        self._workers = workers
        self._now = now
        self._silent_after = silent_after
        self._reports: Sequence[WorkerReport] = ()
        self.answered_at = now()

    @property
    def reports(self) -> list[WorkerReport]:
        """Of those workers who are not silent."""
        since = self._now() - self._silent_after
        return [report for report in self._reports if report.said_at > since]

    async def follow(self, *, every_s: float) -> None:
        """Until cancelled: read them again and again. While the database is away, `answered_at` stands still."""
        while True:
            # The live snapshot has the same trouble, and logs it.
            with contextlib.suppress(StoreUnavailableError):
                self._reports = await self._workers.since(self._now() - self._silent_after)
                self.answered_at = self._now()
            await asyncio.sleep(every_s)
