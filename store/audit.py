"""What people did, on record: one row that is only ever added to, in the transaction that did it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from store.pool import Connection
from store.queries import query


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Who changed what when; `before` None where it is new, `after` None where it is gone. The two differ."""

    at: datetime
    actor: str
    record: str
    record_id: str
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None


async def put_on_record(connection: Connection, note: Note) -> None:
    """Keep it, in the caller's transaction."""
    parameters = {
        "at": note.at,
        "actor": note.actor,
        "record": note.record,
        "record_id": note.record_id,
        "before": _json(note.before),
        "after": _json(note.after),
    }
    await connection.execute(query("insert_audit_note"), parameters)


def _json(values: Mapping[str, object] | None) -> Jsonb | None:
    return None if values is None else Jsonb(dict(values), dumps=_dumps)


def _dumps(values: object) -> str:
    return json.dumps(values, default=lambda value: value.isoformat() if isinstance(value, datetime) else str(value))
