"""How far history is behind: looked at also where the historian is stuck, and an alarm where it is far."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import date, datetime

from domain.alarms import PLATFORM, AlarmCode, Raised
from domain.errors import StoreUnavailableError
from domain.live import Clock
from store.alarms import settle_alarms
from store.pool import Connection, Pool, connected
from store.queries import one, query

LATE_S = 600.0
# A quarter of an hour that is not over yet is no delay.
_LATE_FACTS_S = 900.0 + LATE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryStatus:
    """`lag_s`: how long the oldest note waits; `facts_age_s`: from the end of facts to the moment that is vouched for.

    History is told anew from `frozen_until` on (of benches from `benches_frozen_until`); before, it stays what it is.
    """

    due_assets: int
    lag_s: float
    facts_until: datetime
    facts_age_s: float
    as_of: datetime
    frozen_until: datetime
    benches_frozen_until: datetime
    tidied_on: date | None

    @property
    def is_late(self) -> bool:
        """Whether somebody should look why."""
        return self.lag_s > LATE_S or self.facts_age_s > _LATE_FACTS_S


async def history_status(pool: Pool) -> HistoryStatus:
    """As it is now; raises StoreUnavailableError."""
    async with connected(pool) as connection:
        return await _status(connection)


async def make_due(pool: Pool, asset_id: str | None) -> int:
    """All history of an asset, or of every one, is due; of how many. Raises StoreUnavailableError."""
    async with connected(pool) as connection:
        return (await connection.execute(query("insert_history_due_of_all"), {"asset_id": asset_id})).rowcount


async def claim_night(pool: Pool, day: date) -> bool:
    """Whether the nightly work of that local day is now the caller's; raises StoreUnavailableError."""
    async with connected(pool) as connection:
        return (await connection.execute(query("claim_night"), {"day": day})).rowcount == 1


async def return_night(pool: Pool) -> None:
    """It was not done; raises StoreUnavailableError."""
    async with connected(pool) as connection:
        await connection.execute(query("return_night"))


class HistoryWatch:
    """The status as it was read last, for metrics, and the alarm."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now
        self.status: HistoryStatus | None = None

    async def look(self) -> None:
        """Read it, and raise the alarm or end it; raises StoreUnavailableError."""
        async with connected(self._pool) as connection, connection.transaction():
            self.status = status = await _status(connection)
            raised = [Raised(code=AlarmCode.HISTORY_LAGS, subject=PLATFORM, detail=_detail(status))]
            await settle_alarms(connection, AlarmCode.HISTORY_LAGS, raised if status.is_late else [], self._now)

    async def follow(self, *, every_s: float) -> None:
        """Until cancelled: look again and again."""
        while True:
            # Whoever keeps frames has the same trouble, and logs it.
            with contextlib.suppress(StoreUnavailableError):
                await self.look()
            await asyncio.sleep(every_s)


async def _status(connection: Connection) -> HistoryStatus:
    return HistoryStatus(**await one(connection, "select_history_status", {}))  # type: ignore[arg-type]


def _detail(status: HistoryStatus) -> str:
    return (
        f"{status.due_assets} bays, benches and areas wait to be told anew, the first for {status.lag_s / 60:.0f} min;"
        f" facts end at {status.facts_until:%Y-%m-%d %H:%M}Z"
    )
