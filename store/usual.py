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

    async def refresh(self) -> None:
        """Read it anew; raises StoreUnavailableError."""
        async with connected(self._pool, within_s=_WITHIN_S) as connection:
            until = floor((await one(connection, "select_history_told", {}))["told_until"], Step.HOUR)  # type: ignore[arg-type]
            parameters = {"kinds": sorted(PARKING), "since": until - self._length, "until": until}
            rows = await (await connection.execute(query("select_usual_hours"), parameters)).fetchall()
        weeks: dict[Place, list[Usual | None]] = {}
        for row in rows:
            if row["weeks"] >= LEAST_WEEKS:
                place = row["site_id"], Category(row["category"]) if row["category"] else None
                weeks.setdefault(place, [None] * HOURS_OF_A_WEEK)[row["hour"]] = _usual(row)
        self._known = UsualWeeks(weeks)

    async def follow(self, *, every_s: float) -> None:
        """Until cancelled: read it again and again."""
        while True:
            try:
                await self.refresh()
            except StoreUnavailableError as error:
                logger.warning("what is usual waits: %s", error, extra={"action": "usual_retry"})
            await asyncio.sleep(every_s)


def _usual(row: Mapping[str, object]) -> Usual:
    return Usual(share_free=float(str(row["share_free"])), weeks=int(str(row["weeks"])))
