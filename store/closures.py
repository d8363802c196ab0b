"""The times of closures in the database: they follow whatever changes the register, and reach some weeks ahead."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from domain.closures import AHEAD, MARGIN
from domain.errors import StoreUnavailableError
from domain.live import Clock
from domain.register_closures import planned_closure
from domain.spans import FOREVER
from store.arrays import arrays
from store.pool import Connection, Pool, connected
from store.queries import query

logger = logging.getLogger(__name__)

_EVERY_S = 3600.0
_AGAIN_S = 10.0
_WITHIN_S = 120.0
_TYPES = {"planned_keys": "int4", "begins": "timestamptz", "ends": "timestamptz"}

Row = Mapping[str, object]


class ClosureTimes:
    """Works out ahead when closures come again."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def catch_up(self) -> int:
        """As far ahead as it is to be known; how many closures were due. Raises: StoreUnavailableError."""
        now = self._now()
        async with connected(self._pool, within_s=_WITHIN_S) as connection, connection.transaction():
            await connection.execute(query("lock_register"))
            rows = await (await connection.execute(query("select_closures_due"), {"ahead": now + AHEAD})).fetchall()
            await _work_out(connection, rows, at=now)
            return len(rows)

    async def follow(self) -> None:
        """Until cancelled: again and again."""
        while True:
            try:
                await self.catch_up()
            except StoreUnavailableError as error:
                logger.warning("closures wait: %s", error, extra={"action": "closures_retry"})
                await asyncio.sleep(_AGAIN_S)
            else:
                await asyncio.sleep(_EVERY_S)


async def work_out_changed(connection: Connection, *, at: datetime) -> None:
    """The times of those closures that this transaction's change of the register may have changed."""
    rows = await (await connection.execute(query("select_changed_closures"))).fetchall()
    await _work_out(connection, rows, at=at)


async def _work_out(connection: Connection, rows: Sequence[Row], *, at: datetime) -> None:
    if not rows:
        return
    until = at + AHEAD + MARGIN
    times = arrays(_TYPES, (time for row in rows if not row["gone"] for time in _times(row, until)))
    keys = [row["planned_key"] for row in rows]
    await connection.execute(query("work_out_closures"), {**times, "keys": keys, "until": until})


def _times(row: Row, until: datetime) -> Iterator[tuple[object, datetime, datetime | None]]:
    planned = planned_closure(row)  # type: ignore[arg-type]
    # What is far ahead and not again and again is known, too.
    until = until if planned.comes_again else FOREVER
    for begins_at, ends_at in planned.times(until):
        yield row["planned_key"], begins_at, None if ends_at == FOREVER else ends_at
