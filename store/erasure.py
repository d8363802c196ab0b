"""The past of one bay or bench, deleted for good: what its sensors said there, and all that was made of it.

Everything goes in one transaction, on record. What is left is told anew, by what is left.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from domain.errors import CommandError
from domain.local_time import at
from domain.places import AssetKind
from store.audit import Note, put_on_record
from store.pool import Connection, Pool, connected
from store.queries import one, query

_WITHIN_S = 600.0
_OF_A_STAY = {
    "frames": "erase_frames",
    "measurements": "erase_measurements",
    "dead letters": "erase_dead_letters",
}
_OF_THE_ASSET = {
    "events": "erase_events",
    "spans": "erase_spans",
    "quarters": "erase_quarters",
    "hours": "erase_hours",
    "days": "erase_days",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Whose past goes: all days in London before `before`. `dry_run` only counts."""

    asset_id: str
    before: date
    dry_run: bool = False


async def erase(pool: Pool, what: Erasure, *, by: str, now: datetime) -> dict[str, int]:
    """Delete it; rows that went, by kind.

    Raises:
        CommandError: there is no such bay or bench, the days are not over, or a replay is running.
        StoreUnavailableError: nothing went, or it is not known whether it did; doing it again is safe.
    """
    before = at(what.before, time())
    if before > now:
        raise CommandError(f"{what.before} has not begun: only days that are over can be erased")
    async with (
        connected(pool, within_s=_WITHIN_S) as connection,
        connection.transaction(force_rollback=what.dry_run),
    ):
        # A replay derives again what it read before.
        if not (await one(connection, "lock_replay_for_now", {}))["locked"]:
            raise CommandError("a replay is running: erase when it is over")
        await connection.execute(query("wait_for_history"))
        erased = await _erase(connection, await _asset_key(connection, what.asset_id), before)
        if erased:
            gone = {"before": before, **erased}
            note = Note(at=now, actor=by, record="past", record_id=what.asset_id, before=gone, after=None)
            await put_on_record(connection, note)
    return erased


async def _asset_key(connection: Connection, asset_id: str) -> int:
    rows = await connection.execute(query("select_asset_to_erase"), {"asset_id": asset_id})
    found = await rows.fetchone()
    if found is None or found["kind"] not in {AssetKind.BAY, AssetKind.BENCH}:
        raise CommandError(f"there is no bay or bench {asset_id}")
    return int(found["asset_key"])


async def _erase(connection: Connection, asset_key: int, before: datetime) -> dict[str, int]:
    whole: dict[str, Any] = {"asset_key": asset_key, "before": before}
    gone: Counter[str] = Counter()
    stays = await connection.execute(query("select_stays_before"), whole)
    for stay in await stays.fetchall():
        for kind, name in _OF_A_STAY.items():
            gone[kind] += (await connection.execute(query(name), stay)).rowcount
    for kind, name in _OF_THE_ASSET.items():
        gone[kind] += (await connection.execute(query(name), whole)).rowcount
    gone["spans"] += (await connection.execute(query("cut_span"), whole)).rowcount
    await connection.execute(query("insert_history_due_of_rest"), whole)
    return dict(+gone)
