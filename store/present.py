"""The present in the database: what a batch of new frames changes of it. One worker at a time."""

from collections.abc import Set
from datetime import datetime
from itertools import starmap

from domain.security import RESET_BY
from store.arrays import arrays
from store.folds import DeviceFrames, Event, condition, frames_by_device, latest_by_asset, sayings
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
    due_rows,
    session_row,
    state_row,
)
from store.security import record_security_events
from store.suspicions import Link, suspicions


class StalePlacesError(Exception):
    """Somebody moved a device meanwhile: whose frames these are has to be asked anew, in another transaction."""


async def apply_batch(connection: Connection, keyed: Keyed, events: list[Event], *, places_version: int) -> None:
    """Move the present by these frames, which nobody has seen before, as one revision; `as_of` stays where it is.

    Raises:
        StalePlacesError: the places are not those of `places_version` any more.
    """
    now = max(frame.uplink.received_at for _, frame in keyed)
    stamp = await one(connection, "next_revision", {})
    if stamp["places_version"] != places_version:
        raise StalePlacesError
    as_of = stamp["as_of"]
    assert isinstance(as_of, datetime)
    if stamp["replaying"]:
        moments = ((device.device_key, frame.uplink.observed_at) for device, frame in keyed)
        await copy_in(connection, "copy_replay_newcomers", MOMENT_TYPES, moments)
    by_device = frames_by_device((device.device_key, frame) for device, frame in keyed)
    await _note_due(connection, events)
    if readings := [(device.device_key, at) for device, frame in keyed if (at := charging_at(frame)) is not None]:
        await connection.execute(query("insert_history_due_of_readings"), arrays(READING_COLUMNS, readings))
    # A count that cannot be is kept, and moves nothing.
    latest = latest_by_asset(event for event in events if event.is_believed)
    states = arrays(STATE_COLUMNS, map(state_row, latest))
    await connection.execute(query("apply_states"), {**states, **stamp, "as_of": max(as_of, now)})
    await _apply_to_devices(connection, by_device)


async def _note_due(connection: Connection, events: list[Event]) -> None:
    """History has to be told anew. Areas go note by note: what is noted of them is judged, too (`quality_due`)."""
    for name, noted in (
        ("insert_history_due_batch", [event for event in events if event.capacity is None]),
        ("insert_history_due", [event for event in events if event.capacity is not None]),
    ):
        if noted:
            await connection.execute(query(name), arrays(DUE_COLUMNS, due_rows(noted)))


async def _apply_to_devices(connection: Connection, by_device: list[DeviceFrames]) -> None:
    moved, noted = await _move(connection, [group for group in by_device if len(group[1]) == 1])
    unmoved = [group for group in by_device if group[0] not in moved]
    unnoted = [group for group in by_device if group[0] not in noted]
    last = await _fallen_counters(connection, unmoved)
    if said := list(sayings(by_device)):
        await connection.execute(query("apply_sayings"), columns(SAYING_COLUMNS, said))
    heard = await _heard_before(connection, unnoted)
    # A frame that moved its device and was noted as news is above suspicion.
    doubtful = [group for group in by_device if group[0] not in moved or group[0] not in noted]
    await record_security_events(connection, suspicions(doubtful, last_counters=last, heard=heard))


async def _move(connection: Connection, single: list[DeviceFrames]) -> tuple[Set[int], Set[int]]:
    """The devices whose condition is dealt with, and those whose counters are."""
    if not single:
        return frozenset(), frozenset()
    said = arrays(CONDITION_COLUMNS, starmap(condition, single))
    async with connection.cursor(binary=True) as cursor:
        done = await (await cursor.execute(query("move_devices"), {**said, "reset_by": RESET_BY})).fetchone()
    assert done is not None
    return set(done["moved"]), set(done["noted"])


async def _fallen_counters(connection: Connection, by_device: list[DeviceFrames]) -> dict[Link, int]:
    """What had been reached by those whose newest frame is far below it."""
    if not by_device:
        return {}
    conditions = arrays(CONDITION_COLUMNS, starmap(condition, by_device))
    falls = await connection.execute(query("apply_conditions"), {**conditions, "reset_by": RESET_BY})
    return {(row["device_key"], row["session"]): int(row["old_f_cnt"]) for row in await falls.fetchall()}


async def _heard_before(connection: Connection, by_device: list[DeviceFrames]) -> set[tuple[object, object, object]]:
    """Those of these frames' counters that had been heard."""
    if not by_device:
        return set()
    rows = (session_row(device_key, frame) for device_key, frames in by_device for frame in frames)
    known = await connection.execute(query("apply_sessions"), arrays(SESSION_COLUMNS, rows))
    return {(row["device_key"], row["session"], row["f_cnt"]) for row in await known.fetchall()}
