"""How full places usually are, read anew now and then from the last weeks: asking costs the database nothing."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.categories import Category
from domain.errors import StoreUnavailableError
from domain.history import HOURS_OF_A_WEEK, PARKING
from domain.periods import Step, floor
from domain.usual import LEAST_WEEKS, Place, Usual, UsualWeeks, Week
from store.pool import Pool, connected
from store.queries import one, query

logger = logging.getLogger(__name__)

_WITHIN_S = 60.0
_AGAIN = 12
"""So many times as often it is looked again where history was not told."""


class KnownUsual:
    """Satisfies domain.usual.UsualOccupancy with what was read last; before that nothing is known."""

    def __init__(self, pool: Pool, *, weeks: int) -> None:
        self._pool = pool
        self._length = timedelta(weeks=weeks)
        self._known = UsualWeeks({})

    def week(self, site_id: str, category: Category | None = None) -> Week:
        """A whole week."""
        return self._known.week(site_id, category)

    def at(self, site_id: str, category: Category | None, moment: datetime) -> Usual | None:
        """At one moment; None where it is not known."""
        return self._known.at(site_id, category, moment)

    async def refresh(self) -> bool:
        """Read it anew; whether that is so of every place. Raises StoreUnavailableError.

        Where history of some bays waits to be told, others would pass for all: there, what was known before stays.
        """
        async with connected(self._pool, within_s=_WITHIN_S) as connection, connection.transaction():
            await connection.execute(query("read_one_snapshot"))
            until = floor((await one(connection, "select_history_told", {}))["told_until"], Step.HOUR)  # type: ignore[arg-type]
            parameters = {"kinds": sorted(PARKING), "since": until - self._length, "until": until}
            waiting = await (await connection.execute(query("select_untold_sites"), parameters)).fetchall()
            rows = await (await connection.execute(query("select_usual_hours"), parameters)).fetchall()
        untold = {row["site_id"] for row in waiting}
        weeks: dict[Place, list[Usual | None]] = {}
        for row in rows:
            if row["weeks"] >= LEAST_WEEKS and row["site_id"] not in untold:
                place = row["site_id"], Category(row["category"]) if row["category"] else None
                weeks.setdefault(place, [None] * HOURS_OF_A_WEEK)[row["hour"]] = _usual(row)
        before = {place: week for place, week in self._known.weeks.items() if place[0] in untold}
        self._known = UsualWeeks({**weeks, **before})
        return not untold

    async def follow(self, *, every_s: float) -> None:
        """Until cancelled: read it again and again, sooner where it could not be read of every place."""
        while True:
            whole = False
            try:
                whole = await self.refresh()
            except StoreUnavailableError as error:
                logger.warning("what is usual waits: %s", error, extra={"action": "usual_retry"})
            await asyncio.sleep(every_s if whole else every_s / _AGAIN)


def _usual(row: Mapping[str, object]) -> Usual:
    return Usual(share_free=float(str(row["share_free"])), weeks=int(str(row["weeks"])))
