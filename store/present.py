"""The present in the database: what a batch of new frames changes of it. One worker at a time."""

from datetime import datetime
from itertools import starmap

from domain.security import RESET_BY
from store.folds import Event, condition, frames_by_device, latest_by_asset, sayings
from store.pool import Connection
from store.queries import copy_in, one, query
from store.rows import (
    CONDITION_COLUMNS,
    DUE_COLUMNS,
    MOMENT_TYPES,
    READING_COLUMNS,
    SAYING_COLUMNS,
    SESSION_COLUMNS,
    STATE_COLUMNS,
    Keyed,
    charging_at,
    columns,
    due_row,
    session_row,
    state_row,
)
from store.security import record_security_events
from store.suspicions import suspicions


class StalePlacesError(Exception):
    """Somebody moved a device meanwhile: whose frames these are has to be asked anew, in another transaction."""


async def apply_batch(
    connection: Connection, keyed: Keyed, events: list[Event], *, confirms: bool, places_version: int
) -> None:
    """Move the present by these frames, which nobody has seen before, as one revision.

    Only where they `confirm` that every frame can arrive does `as_of` move with them.

    Raises:
        StalePlacesError: the places are not those of `places_version` any more.
    """
    now = max(frame.uplink.received_at for _, frame in keyed)
    stamp = await one(connection, "next_revision", {"as_of": now if confirms else None})
    if stamp["places_version"] != places_version:
        raise StalePlacesError
    as_of = stamp["as_of"]
    assert isinstance(as_of, datetime)
    if stamp["replaying"]:
        moments = ((device.device_key, frame.uplink.observed_at) for device, frame in keyed)
        await copy_in(connection, "copy_replay_newcomers", MOMENT_TYPES, moments)
    by_device = frames_by_device((device.device_key, frame) for device, frame in keyed)
    latest = latest_by_asset(events)
    if latest:
        await connection.execute(query("insert_history_due"), columns(DUE_COLUMNS, map(due_row, latest)))
    if readings := [(device.device_key, at) for device, frame in keyed if (at := charging_at(frame)) is not None]:
        await connection.execute(query("insert_history_due_of_readings"), columns(READING_COLUMNS, readings))
    states = columns(STATE_COLUMNS, map(state_row, latest))
    await connection.execute(query("apply_states"), {**states, **stamp, "as_of": max(as_of, now)})
    conditions = columns(CONDITION_COLUMNS, starmap(condition, by_device))
    falls = await connection.execute(query("apply_conditions"), {**conditions, "reset_by": RESET_BY})
    last = {(row["device_key"], row["session"]): int(row["old_f_cnt"]) for row in await falls.fetchall()}
    if said := list(sayings(by_device)):
        await connection.execute(query("apply_sayings"), columns(SAYING_COLUMNS, said))
    sessions = columns(SESSION_COLUMNS, (session_row(*pair) for pair in keyed))
    known = await connection.execute(query("apply_sessions"), sessions)
    heard = {(row["device_key"], row["session"], row["f_cnt"]) for row in await known.fetchall()}
    await record_security_events(connection, suspicions(by_device, last_counters=last, heard=heard))
