"""The present in the database: what a batch of new frames changes of it. One worker at a time."""

from datetime import datetime

from domain.security import RESET_BY
from store.folds import Event, condition_by_device, latest_by_asset
from store.pool import Connection
from store.queries import one, query
from store.rows import CONDITION_COLUMNS, SESSION_COLUMNS, STATE_COLUMNS, Keyed, columns, session_row, state_row
from store.security import record_security_events
from store.suspicions import suspicions


async def apply_batch(connection: Connection, keyed: Keyed, events: list[Event], *, confirms: bool) -> None:
    """Move the present by these frames, which nobody has seen before, as one revision.

    Only where they `confirm` that every frame can arrive does `as_of` move with them.
    """
    now = max(frame.uplink.received_at for _, frame in keyed)
    stamp = await one(connection, "next_revision", {"as_of": now if confirms else None})
    as_of = stamp["as_of"]
    assert isinstance(as_of, datetime)
    states = columns(STATE_COLUMNS, map(state_row, latest_by_asset(events)))
    conditions = condition_by_device((device.device_key, frame) for device, frame in keyed)
    sessions = columns(SESSION_COLUMNS, (session_row(*pair) for pair in keyed))
    await connection.execute(query("apply_states"), {**states, **stamp, "as_of": max(as_of, now)})
    falls = await connection.execute(
        query("apply_conditions"), {**columns(CONDITION_COLUMNS, conditions), "reset_by": RESET_BY}
    )
    last = {(row["device_key"], row["session"]): int(row["old_f_cnt"]) for row in await falls.fetchall()}
    known = await connection.execute(query("apply_sessions"), sessions)
    heard = {(row["device_key"], row["session"], row["f_cnt"]) for row in await known.fetchall()}
    await record_security_events(connection, suspicions(keyed, last_counters=last, heard=heard))
