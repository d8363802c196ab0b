"""The register in the database: planned in memory under one lock, written set by set, every change on record."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from domain.errors import RegisterProblem, RegisterRefusedError, UnknownPlaceError
from domain.live import Clock
from domain.register import (
    NOTHING_FAULTY,
    Change,
    ChangeSet,
    Entry,
    Faulty,
    Made,
    Plan,
    RecordKind,
    Register,
    Value,
    Values,
    installation_id,
    nothing,
)
from domain.register_fields import unsaid
from domain.register_plan import plan, undo_plan
from store.closures import work_out_changed
from store.pool import Connection, Pool, connected
from store.queries import copy_in, one, query
from store.replay.retelling import ask_to_retell

_TIMES = ("begins_at", "ends_at")
_WITHIN_S = 120.0
# Installations are taken out and put in anew, so that no two overlap on the way.
_APPLY = (
    "delete_register_installations",
    "apply_register_sites",
    "apply_register_zones",
    "apply_register_assets",
    "apply_register_gates",
    "apply_register_devices",
    "apply_register_installations",
    "apply_register_closures",
)
_TAKE_OUT = (
    "delete_register_closures",
    "delete_register_assets",
    "delete_register_zones",
    "delete_register_devices",
    "delete_register_sites",
)

Planner = Callable[[Register], Plan]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOf:
    """Who changes the register, when and why; `undoes` names the change set that it takes back."""

    at: datetime
    actor: str
    what: str
    undoes: int | None = None


class StoreRegister:
    """Satisfies domain.register.Registry."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def records(self) -> Register:
        """All of it; raises StoreUnavailableError."""
        async with connected(self._pool, within_s=_WITHIN_S) as connection:
            return await read_register(connection)

    async def write(
        self, entries: Sequence[Entry], *, actor: str, what: str, dry_run: bool = False, faulty: Faulty = NOTHING_FAULTY
    ) -> Made:
        """Make records what the entries say, all or none.

        Raises:
            RegisterRefusedError: with every reason; nothing was changed.
            StoreUnavailableError: nothing was changed.
        """
        at = self._now()
        return await self._change(
            lambda register: plan(register, entries, at=at, faulty=faulty),
            ChangeOf(at=at, actor=actor, what=what),
            dry_run=dry_run,
        )

    async def remove(self, kind: RecordKind, record_id: str, *, actor: str) -> Made:
        """Take a record out; raises UnknownPlaceError, RegisterRefusedError, StoreUnavailableError."""

        def without(register: Register) -> Plan:
            if record_id not in register[kind]:
                raise UnknownPlaceError(kind, record_id)
            found = Change(kind=kind, record_id=record_id, before=None, after=register[kind][record_id])
            return undo_plan(register, [found])

        return await self._change(without, ChangeOf(at=self._now(), actor=actor, what=f"remove {kind} {record_id}"))

    async def undo(self, change_set_id: int, *, actor: str) -> Made:
        """Take a change set back; raises UnknownPlaceError, RegisterRefusedError, StoreUnavailableError."""
        found = await self._change_set(change_set_id)
        if found.undone_by is not None:
            message = f"change set {change_set_id} was undone already, by {found.undone_by}"
            raise RegisterRefusedError([RegisterProblem(message=message)])
        made = await self.changes_of(change_set_id)
        what = f"undo of {change_set_id}: {found.what}"
        return await self._change(
            lambda register: undo_plan(register, made),
            ChangeOf(at=self._now(), actor=actor, what=what, undoes=change_set_id),
        )

    async def change_sets(self, *, limit: int) -> list[ChangeSet]:
        """The newest first; raises StoreUnavailableError."""
        async with connected(self._pool) as connection:
            rows = await connection.execute(query("select_change_sets"), {"change_set_id": None, "limit": limit})
            return [ChangeSet(**row) for row in await rows.fetchall()]

    async def changes_of(self, change_set_id: int) -> list[Change]:
        """What one set changed; raises UnknownPlaceError, StoreUnavailableError."""
        await self._change_set(change_set_id)
        async with connected(self._pool, within_s=_WITHIN_S) as connection:
            rows = await connection.execute(query("select_audit"), {"change_set_id": change_set_id})
            return [_change(row) for row in await rows.fetchall()]

    async def _change_set(self, change_set_id: int) -> ChangeSet:
        async with connected(self._pool) as connection:
            rows = await connection.execute(query("select_change_sets"), {"change_set_id": change_set_id, "limit": 1})
            row = await rows.fetchone()
        if row is None:
            raise UnknownPlaceError("change set", str(change_set_id))
        return ChangeSet(**row)

    async def _change(self, planner: Planner, change_of: "ChangeOf", *, dry_run: bool = False) -> Made:
        async with connected(self._pool, within_s=_WITHIN_S) as connection, connection.transaction():
            return await change_register(connection, planner, change_of, dry_run=dry_run)


async def change_register(
    connection: Connection, planner: Planner, change_of: ChangeOf, *, dry_run: bool = False
) -> Made:
    """Plan and write in the transaction that is open; one at a time in the whole platform.

    Raises:
        RegisterRefusedError: with every reason. Undo the transaction.
    """
    await connection.execute(query("lock_register"))
    planned = planner(await read_register(connection))
    problems = [*planned.problems, *await _history(connection, planned)]
    if problems:
        raise RegisterRefusedError(problems)
    if dry_run or not planned.changes:
        return Made(plan=planned, change_set_id=None)
    change_set_id = await _write(connection, planned, change_of)
    retold = await ask_to_retell(connection, at=change_of.at)
    await publish(connection, at=change_of.at)
    await _judge_anew(connection, planned, at=change_of.at)
    return Made(plan=planned, change_set_id=change_set_id, retold=retold)


async def read_register(connection: Connection) -> dict[RecordKind, dict[str, Values]]:
    """All of it."""
    register = nothing()
    rows = await connection.execute(query("select_register"))
    for row in await rows.fetchall():
        kind, values = RecordKind(row["record"]), _values(row["value"])
        register[kind][_full_id(kind, row["record_id"], values)] = values
    return register


async def publish(connection: Connection, *, at: datetime) -> None:
    """Tell everyone that places are news: a new version of them, and a new revision."""
    await connection.execute(query("next_places_version"))
    # Nothing was heard: places are news, but `as_of` stays what ingest last vouched for.
    stamp = {**await one(connection, "next_revision", {}), "as_of": at}
    await connection.execute(query("insert_asset_states"), stamp)
    await connection.execute(query("tick_asset_states"), stamp)


async def _judge_anew(connection: Connection, planned: Plan, *, at: datetime) -> None:
    """What an area's newest believed count is hangs on how many spaces it has."""
    capacities = {c.record_id: [v and v.get("capacity") for v in (c.before, c.after)] for c in planned.changes}
    areas = [record_id for record_id, (before, after) in capacities.items() if before and before != after]
    if areas:
        stamp = {**await one(connection, "next_revision", {}), "as_of": at}
        rows = await connection.execute(query("select_keys_of_assets"), {"asset_ids": areas})
        keys = [row["asset_key"] for row in await rows.fetchall()]
        await connection.execute(query("rebuild_states"), {**stamp, "keys": keys})


async def _history(connection: Connection, planned: Plan) -> list[RegisterProblem]:
    """What cannot go, since something outside of the register builds on it."""
    gone = {
        f"{kind}_ids": [change.record_id for change in planned.changes if change.kind is kind and change.after is None]
        for kind in (RecordKind.SITE, RecordKind.ASSET, RecordKind.DEVICE)
    }
    if not any(gone.values()):
        return []
    rows = await connection.execute(query("select_register_history"), gone)
    return [
        RegisterProblem(message=f"{row['record']} {row['record_id']} {row['reason']}") for row in await rows.fetchall()
    ]


async def _write(connection: Connection, planned: Plan, change_of: ChangeOf) -> int:
    await connection.execute(query("create_register_change"))
    rows = [
        (change.kind.value, change.record_id, _json(change.before), _json(change.after)) for change in planned.changes
    ]
    await copy_in(connection, "copy_register_changes", ("text", "text", "jsonb", "jsonb"), rows)
    for step in _APPLY:
        await connection.execute(query(step))
    await work_out_changed(connection, at=change_of.at)
    for step in _TAKE_OUT:
        await connection.execute(query(step))
    await connection.execute(query("insert_history_due_of_register"))
    parameters = {name: getattr(change_of, name) for name in ("at", "actor", "what", "undoes")}
    made = await one(connection, "insert_change_set", parameters)
    await connection.execute(query("insert_audit"), {**parameters, **made})
    return int(str(made["change_set_id"]))


def _json(values: Values | None) -> Jsonb | None:
    return None if values is None else Jsonb(values, dumps=_dumps)


def _dumps(values: object) -> str:
    return json.dumps(values, default=lambda moment: moment.isoformat())


def _values(row: Mapping[str, Value]) -> Values:
    return {
        name: datetime.fromisoformat(str(value)) if name in _TIMES and value else value for name, value in row.items()
    }


def _full_id(kind: RecordKind, record_id: str, values: Values) -> str:
    begins_at = values.get("begins_at")
    named = kind is RecordKind.INSTALLATION and isinstance(begins_at, datetime)
    return installation_id(record_id, begins_at) if named else record_id  # type: ignore[arg-type]


def _change(row: Mapping[str, object]) -> Change:
    kind = RecordKind(str(row["record"]))
    # What was put on record before a field was there says nothing of it.
    before, after = (
        None if values is None else {**unsaid(kind), **_values(values)}  # type: ignore[arg-type]
        for values in (row["before"], row["after"])
    )
    return Change(kind=kind, record_id=str(row["record_id"]), before=before, after=after)
