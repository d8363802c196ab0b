"""The quality of data in the database: areas whose words or spans changed are judged anew, day by day.

One judge works at a time. Notes in `quality_due` are taken in the transaction that acts on them; what an asset said is
judged only when history has told it.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from domain.errors import StoreUnavailableError
from domain.local_time import local_day
from domain.observations import Observation
from domain.quality import (
    AROUND,
    OF_COUNTS,
    AreaDay,
    Coverage,
    Fault,
    FaultyDay,
    FrozenRule,
    QualityChoice,
    QualityEvent,
    faults_of_counts,
    frozen_days,
    over,
)
from domain.uplinks import Kind
from store.pool import Connection, Pool, connected
from store.queries import one, query
from store.rows import columns

logger = logging.getLogger(__name__)

# So many areas in one transaction: an import of years of them is read in parts.
_AREAS = 20
_WITHIN_S = 600.0
_DAY = timedelta(days=1)
_COLUMNS = ("quality_keys", "faults", "days", "begins", "ends", "times", "residuals")
_JUDGED = (*OF_COUNTS, Fault.FROZEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """An area, the time in which its words or spans may have changed, and the time of which it has words."""

    asset_key: int
    capacity: int
    since: datetime
    until: datetime
    first_at: datetime | None
    last_at: datetime | None

    def days(self, *, until: date = date.max) -> list[date]:
        """The local days of that time of which there can be words; those that changes touch at their edges, too."""
        if self.first_at is None or self.last_at is None:
            return []
        first = max(local_day(self.first_at), _day_of(self.since, -AROUND))
        last = min(local_day(self.last_at), _day_of(self.until, AROUND), until)
        return [first + n * _DAY for n in range((last - first).days + 1)]


def _day_of(moment: datetime, shift: timedelta) -> date:
    if not datetime.min.replace(tzinfo=UTC) + _DAY < moment < datetime.max.replace(tzinfo=UTC) - _DAY:
        return moment.date()
    return local_day(moment + shift)


class Judge:
    """Keeps `quality_event` what words and spans make of it."""

    def __init__(self, pool: Pool, *, rule: FrozenRule | None = None) -> None:
        self._pool = pool
        self._rule = rule or FrozenRule()

    async def catch_up(self) -> int:
        """Judge what is due, and days that are over; how many areas were due. Raises StoreUnavailableError."""
        judged = 0
        while step := await self._step():
            judged += step
        return judged

    async def follow(self, *, every_s: float) -> None:
        """Until cancelled: catch up again and again."""
        while True:
            try:
                await self.catch_up()
            except StoreUnavailableError as error:
                logger.warning("quality waits: %s", error, extra={"action": "quality_retry"})
            await asyncio.sleep(every_s)

    async def _step(self) -> int:
        async with connected(self._pool, within_s=_WITHIN_S) as connection, connection.transaction():
            state = await one(connection, "lock_quality", {})
            if not state["locked"]:
                return 0
            last_day = await self._note_days_over(connection, state["days_until"], state["facts_until"])  # type: ignore[arg-type]
            rows = await connection.execute(query("take_quality_due"), {"areas": _AREAS})
            due = [_Due(**row) for row in await rows.fetchall()]
            for one_due in due:
                await self._judge(connection, one_due, last_day)
            return len(due)

    async def _note_days_over(self, connection: Connection, days_until: datetime, facts_until: datetime) -> date:
        """Areas are due as a whole where a day is over; the last that is."""
        last_day = self._last_day(facts_until)
        if last_day > self._last_day(days_until):
            parameters = {"since": days_until, "until": facts_until}
            await connection.execute(query("insert_quality_due_of_days"), parameters)
        return last_day

    def _last_day(self, facts_until: datetime) -> date:
        day = local_day(facts_until)
        return day if over(day, self._rule) <= facts_until else day - _DAY

    async def _judge(self, connection: Connection, due: _Due, last_day: date) -> None:
        days = due.days()
        found = await self._of_counts(connection, due, days) if days else []
        frozen, looked_at = await self._frozen(connection, due, last_day)
        wanted = {(one.fault, one.day): one for one in [*found, *frozen]}
        kept = await _kept(connection, due.asset_key)
        judged = {*((fault, day) for fault in OF_COUNTS for day in days), *((Fault.FROZEN, day) for day in looked_at)}
        # Of days whose words are gone nothing is left to look at: what was wrong with them is gone as well.
        judged |= {key for key, one in kept.items() if due.since <= one.ends_at and one.begins_at <= due.until}
        gone = [key for key in kept if key in judged and key not in wanted]
        await _write(connection, due.asset_key, gone, [one for key, one in wanted.items() if kept.get(key) != one])

    async def _of_counts(self, connection: Connection, due: _Due, days: Sequence[date]) -> list[FaultyDay]:
        parameters = {"asset_key": due.asset_key, "first_day": days[0], "last_day": days[-1], "around": AROUND}
        rows = await connection.execute(query("select_counts"), parameters)
        words = [_word(row, due.capacity) for row in await rows.fetchall()]
        return faults_of_counts(words, days)

    async def _frozen(self, connection: Connection, due: _Due, last_day: date) -> tuple[list[FaultyDay], list[date]]:
        """Those that stood still, of the days whose verdict can have changed; and these days."""
        touched = due.days(until=last_day)
        if not touched or due.last_at is None:
            return [], []
        last = min(last_day, touched[-1] + self._rule.look_back, local_day(due.last_at) + _DAY)
        days = [touched[0] + n * _DAY for n in range((last - touched[0]).days + 1)]
        parameters = {
            "asset_key": due.asset_key,
            "first_day": touched[0] - self._rule.look_back,
            "last_day": last,
            "begins": self._rule.begins,
            "ends": self._rule.ends,
        }
        rows = await connection.execute(query("select_area_days"), parameters)
        seen = [AreaDay(row["day"], int(row["values"]), int(row["known_s"])) for row in await rows.fetchall()]
        wanted = set(days)
        return [one for one in frozen_days(seen, self._rule, capacity=due.capacity) if one.day in wanted], days


def _word(row: Mapping[str, object], capacity: int) -> Observation:
    at, taken = row["observed_at"], row["taken"]
    assert isinstance(at, datetime)
    return Observation(
        at=at,
        f_cnt=int(str(row["f_cnt"])),
        device_key=int(str(row["device_key"])),
        kind=Kind(str(row["kind"])),
        taken=int(str(taken)),
        counts_until=at + timedelta(seconds=int(str(row["silent_after_s"]))),
        counted=True,
        capacity=capacity,
    )


async def _kept(connection: Connection, asset_key: int) -> dict[tuple[Fault, date], FaultyDay]:
    parameters = {"asset_key": asset_key, "faults": [fault.value for fault in _JUDGED]}
    rows = await connection.execute(query("select_kept_faults"), parameters)
    found = [_faulty_day(row) for row in await rows.fetchall()]
    return {(one.fault, one.day): one for one in found}


def _faulty_day(row: Mapping[str, object]) -> FaultyDay:
    return FaultyDay(**{**row, "fault": Fault(str(row["fault"]))})  # type: ignore[arg-type]


async def _write(
    connection: Connection, asset_key: int, gone: Iterable[tuple[Fault, date]], new: Iterable[FaultyDay]
) -> None:
    if taken_out := [(asset_key, fault.value, day) for fault, day in gone]:
        await connection.execute(query("delete_faults"), columns(_COLUMNS[:3], taken_out))
    if rows := [(asset_key, *_row(one)) for one in new]:
        await connection.execute(query("insert_faults"), columns(_COLUMNS, rows))


def _row(one: FaultyDay) -> Sequence[object]:
    return one.fault.value, one.day, one.begins_at, one.ends_at, one.times, one.residual


async def note_faults(pool: Pool, found: Mapping[str, Sequence[FaultyDay]]) -> None:
    """Keep faults of deliveries, by asset id, that only who delivers can see; said twice, they are the same.

    Raises StoreUnavailableError.
    """
    async with connected(pool) as connection, connection.transaction():
        rows = await connection.execute(query("select_keys_of_assets"), {"asset_ids": list(found)})
        keys = {row["asset_id"]: row["asset_key"] for row in await rows.fetchall()}
        new = [(keys[asset_id], *_row(one)) for asset_id, faults in found.items() if asset_id in keys for one in faults]
        if new:
            await connection.execute(query("insert_faults"), columns(_COLUMNS, new))


class StoreQuality:
    """Satisfies domain.quality.QualityRecords."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def events(self, choice: QualityChoice) -> list[QualityEvent]:
        """The newest day first, and on it the most frequent; raises StoreUnavailableError."""
        rows = await self._rows("select_quality_events", choice)
        return [QualityEvent(**{**row, "fault": Fault(str(row["fault"]))}) for row in rows]  # type: ignore[arg-type]

    async def totals(self, choice: QualityChoice) -> dict[Fault, int]:
        """How often each fault happened, of all that match; raises StoreUnavailableError."""
        rows = await self._rows("select_quality_totals", choice)
        found: defaultdict[Fault, int] = defaultdict(int)
        for row in rows:
            found[Fault(str(row["fault"]))] = int(str(row["times"]))
        return dict(found)

    async def coverage(self, choice: QualityChoice) -> list[Coverage]:
        """Sites with facts in that time, by name; raises StoreUnavailableError."""
        rows = await self._rows("select_coverage", choice)
        numbers = ("free_s", "occupied_s", "unknown_s", "closed_s", "frozen_s")
        return [Coverage(**{**row, **{name: int(str(row[name])) for name in numbers}}) for row in rows]  # type: ignore[arg-type]

    async def _rows(self, name: str, choice: QualityChoice) -> list[dict[str, object]]:
        parameters = {
            "first_day": choice.first_day,
            "last_day": choice.last_day,
            "site_id": choice.site_id,
            "asset_id": choice.asset_id,
            "fault": choice.fault.value if choice.fault else None,
            "limit": choice.limit,
        }
        async with connected(self._pool) as connection:
            return await (await connection.execute(query(name), parameters)).fetchall()
