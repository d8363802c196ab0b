"""Recounts in the database: each on record, each a reason to count its area anew."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from domain.counting import by_day, told
from domain.errors import RegisterProblem, RegisterRefusedError, UnknownPlaceError
from domain.live import Clock
from domain.local_time import at as local_at
from domain.recounts import Recount, TalliedArea
from store.audit import Note, put_on_record
from store.counting import counted
from store.pool import Connection, Pool, connected
from store.queries import one, query


class StoreRecounts:
    """Satisfies domain.recounts.Recounts. Every method may raise StoreUnavailableError."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def areas(self) -> dict[str, str]:
        """The ids and names of areas with gates."""
        async with connected(self._pool) as connection:
            rows = await (await connection.execute(query("select_tallied_areas"), {"asset_id": None})).fetchall()
        return {row["asset_id"]: f"{row['name']}, {row['site_name']}" for row in rows if row["gates"]}

    async def area(self, asset_id: str, *, first_day: date, last_day: date) -> TalliedArea:
        """One of them, with the local days from one to another; raises UnknownPlaceError."""
        now = self._now()
        since, until = (local_at(day, time()) for day in (first_day, last_day + timedelta(days=1)))
        async with connected(self._pool) as connection:
            area = await _area(connection, asset_id)
            found = await counted(connection, area, since, min(now, until))
            recounts = await connection.execute(query("select_recounts"), {"area_key": area["asset_key"]})
            rows = await recounts.fetchall()
        days = [day for day in by_day(found.steps, found.passed) if first_day <= day.day <= last_day]
        return TalliedArea(
            asset_id=asset_id,
            name=area["name"],
            site_name=area["site_name"],
            capacity=area["capacity"],
            anchor_at=area["anchor_at"],
            anchor_taken=area["anchor_taken"],
            shown=area["shown"],
            days=tuple(reversed(days)),
            recounts=tuple(_recount(row) for row in rows),
        )

    async def recount(self, asset_id: str, taken: int, *, at: datetime | None, by: str) -> Recount:
        """So many are there, now or at a moment; raises UnknownPlaceError, RegisterRefusedError."""
        now = self._now()
        moment = at or now
        async with connected(self._pool) as connection, connection.transaction():
            area = await _area(connection, asset_id)
            if problems := list(_problems(area, taken, moment, now)):
                raise RegisterRefusedError(problems)
            found = await counted(connection, area, moment, moment)
            before = told(found.steps, found.gates)
            parameters = {
                "asset_key": area["asset_key"],
                "counted_at": moment,
                "taken": taken,
                "shown": before[-1].taken if before else None,
                "made_by": by,
                "made_at": now,
            }
            row = await one(connection, "insert_recount", parameters)
            made = _recount({**row, "asset_id": asset_id})
            await _keep(connection, area["asset_key"], None, made, by, now)
        return made

    async def withdraw(self, recount_id: int, *, by: str) -> Recount:
        """Take one back; raises UnknownPlaceError, RegisterRefusedError."""
        now = self._now()
        async with connected(self._pool) as connection, connection.transaction():
            row = await (await connection.execute(query("lock_recount"), {"recount_id": recount_id})).fetchone()
            if row is None:
                raise UnknownPlaceError("recount", str(recount_id))
            before = _recount(row)
            if before.withdrawn_at is not None:
                raise RegisterRefusedError([RegisterProblem(message=f"recount {recount_id} was withdrawn already")])
            after = replace(before, withdrawn_by=by, withdrawn_at=now)
            await connection.execute(query("withdraw_recount"), {"recount_id": recount_id, "by": by, "at": now})
            await _keep(connection, row["asset_key"], before, after, by, now)
        return after


def _problems(area: Mapping[str, Any], taken: int, moment: datetime, now: datetime) -> list[RegisterProblem]:
    found = []
    if not area["gates"]:
        found.append(RegisterProblem(column="area", message="has no gate: no passages are counted there"))
    if not 0 <= taken <= area["capacity"]:
        found.append(RegisterProblem(column="taken", message=f"must be from 0 to the capacity, {area['capacity']}"))
    if moment < area["raw_from"]:
        found.append(RegisterProblem(column="at", message="must not be before what is kept of what gates said"))
    if moment > now:
        found.append(RegisterProblem(column="at", message="must not be in the future"))
    return found


async def _area(connection: Connection, asset_id: str) -> Mapping[str, Any]:
    row = await (await connection.execute(query("select_tallied_areas"), {"asset_id": asset_id})).fetchone()
    if row is None:
        raise UnknownPlaceError("area", asset_id)
    return row


async def _keep(
    connection: Connection, area_key: int, before: Recount | None, after: Recount, by: str, now: datetime
) -> None:
    """On record, and the area is counted anew from that moment on."""
    note = Note(
        at=now,
        actor=by,
        record="recount",
        record_id=str(after.recount_id),
        before=None if before is None else asdict(before),
        after=asdict(after),
    )
    await put_on_record(connection, note)
    await connection.execute(query("insert_tally_due_of_recount"), {"area_key": area_key, "since": after.counted_at})


def _recount(row: Mapping[str, Any]) -> Recount:
    return Recount(**{key: value for key, value in row.items() if key != "asset_key"})
