"""Whether an ingest process can do its work, and its word of it to others."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Protocol

from domain.errors import StoreUnavailableError
from domain.live import Clock
from domain.readiness import Check, Finding, Memory, WorkerReport
from domain.readiness import spool as spool_finding
from ingest.canary import Canary
from ingest.metered import StoreWord
from ingest.source import Link
from ingest.spool_queue import SpoolQueue

_LOOK_EVERY_S = 0.5
# Whoever ends waits no longer for a database that does not answer.
_TAKE_BACK_WITHIN_S = 2


class Register(Protocol):
    """Where ingest processes say how they are."""

    async def report(self, report: WorkerReport) -> None:
        """Replace what this worker said before; may raise StoreUnavailableError."""
        ...

    async def take_back(self, worker: str) -> None:
        """Forget what this worker said; may raise StoreUnavailableError."""
        ...


class Readiness:
    """The checks of one ingest process: subscribed, database, canary, and spool if it has one."""

    def __init__(
        self,
        worker: str,
        *,
        link: Link,
        store: StoreWord,
        silent_after: timedelta,
        canary: Canary,
        spool: SpoolQueue | None,
        now: Clock,
    ) -> None:
        self._worker = worker
        self._link = link
        self._store = store
        self._silent_after = silent_after
        self._canary = canary
        self._spool = spool
        self._now = now
        self._memory = Memory()

    def look(self) -> list[Check]:
        """How it is now."""
        return self._memory.checks(self._findings(), now=self._now())

    async def tell(self, register: Register, *, every_s: float) -> None:
        """Until cancelled: say so to the others, at once when something changes and every `every_s` in any case.

        When nobody can be told, that is what they notice. At the end the word is taken back: what this process could
        not do is not held against the one that is started after it.
        """
        try:
            await self._tell(register, every_s=every_s)
        finally:
            if not self._store.failed:
                with contextlib.suppress(StoreUnavailableError, TimeoutError):
                    async with asyncio.timeout(_TAKE_BACK_WITHIN_S):
                        await register.take_back(self._worker)

    async def _tell(self, register: Register, *, every_s: float) -> None:
        told: list[bool] | None = None
        tell_at = self._now()
        while True:
            well = [check.ok for check in self.look()]
            if well != told or self._now() >= tell_at:
                # `tick` has the same trouble, and logs it.
                with contextlib.suppress(StoreUnavailableError):
                    await register.report(self._report())
                    told, tell_at = well, self._now() + timedelta(seconds=every_s)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _findings(self) -> Iterator[Finding]:
        ready = self._link.ready
        detail = "Every subscription is granted." if ready else "Not connected, or a subscription is not granted."
        yield Finding(name="subscribed", ok=ready, detail=detail)
        yield self._database()
        if self._spool is not None:
            yield spool_finding(self._spool.fill)
        yield self._heard()

    def _database(self) -> Finding:
        silent = self._now() - self._store.answered_at
        ok = not self._store.failed and silent <= self._silent_after
        return Finding(name="database", ok=ok, detail=f"It last answered {silent.total_seconds():.0f} s ago.")

    def _heard(self) -> Finding:
        age = self._canary.age
        if age is None:
            return Finding(name="canary", ok=False, detail="No message to ourselves has come back yet.")
        detail = f"The newest message to ourselves that came back is {age.total_seconds():.0f} s old."
        return Finding(name="canary", ok=not self._canary.is_late, detail=detail)

    def _report(self) -> WorkerReport:
        return WorkerReport(
            worker=self._worker,
            said_at=self._now(),
            subscribed=self._link.ready,
            canary_late=self._canary.is_late,
            spool_fill=self._spool.fill if self._spool is not None else 0.0,
        )
