"""Moments of the journal told otherwise: what was derived of them goes, what is derived today comes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from domain.ids import DeviceId
from domain.measurements import CHARGING
from domain.uplinks import Decoded, Rejected
from store.arrays import arrays
from store.pool import Connection
from store.queries import copy_in, one, query
from store.replay.meaning import Change, JournalFrame, Meaning, Undecodable
from store.rows import DUE_COLUMNS, EVENT_TYPES, MEASUREMENT_TYPES, READING_COLUMNS, columns, dead_letter_row

_MOMENT_COLUMNS = {"observed": "timestamptz", "device_keys": "int4"}
_FRAME_COLUMNS = ("received", "device_keys", "sessions", "f_cnts", "payloads", "codecs", "versions", "kinds")


async def rewrite(
    connection: Connection, changes: Sequence[Change], names: Mapping[int, DeviceId], at_gates: Collection[int]
) -> None:
    """Put these moments right, in the caller's transaction. `at_gates`: the devices that were ever at one."""
    await _delete(connection, changes)
    await _insert(connection, changes)
    await _note_due(connection, changes)
    # Where a counter stands at a gate, its area is counted anew.
    if counted := [change for change in changes if change.moment[0] in at_gates]:
        moments = arrays(_MOMENT_COLUMNS, map(_moment, counted))
        await connection.execute(query("insert_tally_due_of_devices"), moments)
    told = [pair for change in changes for pair in change.frames]
    readable = [(frame, meaning) for frame, meaning in told if not isinstance(meaning, Undecodable)]
    await _retell(connection, readable)
    if (await one(connection, "select_journal_dead_letters", {}))["there"]:
        topics = [_topic(frame, names[frame.device_key]) for frame, _ in readable]
        await connection.execute(query("delete_journal_dead_letters"), {"topics": topics})
    await _set_aside(connection, told, names)


async def _delete(connection: Connection, changes: Sequence[Change]) -> None:
    moments = [_moment(change) for change in changes if change.before.measured or change.before.happened]
    for _, group in groupby(sorted(moments, key=_time), key=_day):
        day = list(group)
        parameters = {**arrays(_MOMENT_COLUMNS, day), "earliest": day[0][0], "latest": day[-1][0]}
        await connection.execute(query("delete_replay_measurements"), parameters)
        await connection.execute(query("delete_replay_events"), parameters)


async def _insert(connection: Connection, changes: Sequence[Change]) -> None:
    moments = [(*change.moment, change.after) for change in changes]
    measured = ((at, device, *pair) for device, at, after in moments for pair in after.measured)
    happened = ((at, said[0], device, *said[1:]) for device, at, after in moments for said in after.happened)
    await copy_in(connection, "copy_measurements", MEASUREMENT_TYPES, measured)
    await copy_in(connection, "copy_events", EVENT_TYPES, happened)


async def _note_due(connection: Connection, changes: Sequence[Change]) -> None:
    """History has to be told anew of every asset that these moments spoke of, or speak of now."""
    due: dict[tuple[int, object], tuple[datetime, datetime]] = {}
    for change in changes:
        _, at = change.moment
        for happened in (*change.before.happened, *change.after.happened):
            day = happened[0], at.date()
            first, last = due.get(day, (at, at))
            due[day] = (at if at < first else first), (at if at > last else last)
    if due:
        rows = ((asset_key, *times) for (asset_key, _), times in due.items())
        await connection.execute(query("insert_history_due"), arrays(DUE_COLUMNS, rows))
    readings = [
        (device_key, at)
        for change in changes
        for at, device_key in [_moment(change)]
        if any(key in CHARGING for key, _ in (*change.before.measured, *change.after.measured))
    ]
    if readings:
        await connection.execute(query("insert_history_due_of_readings"), arrays(READING_COLUMNS, readings))


async def _retell(connection: Connection, told: Sequence[tuple[JournalFrame, Meaning]]) -> None:
    """The journal says which codec reads a frame, and why the device spoke."""
    rows = [
        (
            frame.received_at, frame.device_key, frame.session, frame.f_cnt, frame.payload,
            meaning.decoded.model, meaning.decoded.codec_version, meaning.decoded.kind.value,
        )
        for frame, meaning in told
        if not isinstance(meaning, Undecodable) and not _is_told_so(frame, meaning.decoded)
    ]  # fmt: skip
    if rows:
        times = [row[0] for row in rows]
        span = {"earliest": min(times), "latest": max(times)}
        await connection.execute(query("update_replay_frames"), {**columns(_FRAME_COLUMNS, rows), **span})


def _is_told_so(frame: JournalFrame, decoded: Decoded) -> bool:
    """Whether the journal says just that."""
    told = (frame.codec, frame.codec_version, frame.kind)
    return told == (decoded.model, decoded.codec_version, decoded.kind)


async def _set_aside(
    connection: Connection, told: list[tuple[JournalFrame, Meaning]], names: Mapping[int, DeviceId]
) -> None:
    """A frame that means nothing any more is a dead letter, too."""
    letters = [
        _letter(frame, meaning, names[frame.device_key]) for frame, meaning in told if isinstance(meaning, Undecodable)
    ]
    async with connection.cursor() as cursor:
        if letters:
            rows = [dead_letter_row(letter) for letter in letters]
            await cursor.executemany(query("insert_journal_dead_letters"), rows)


def _letter(frame: JournalFrame, why: Undecodable, device_id: DeviceId) -> Rejected:
    return Rejected(
        reason=why.reason,
        detail=why.detail,
        topic=_topic(frame, device_id),
        device_id=device_id,
        payload=frame.payload,
        received_at=frame.received_at,
    )


def _topic(frame: JournalFrame, device_id: DeviceId) -> str:
    """Stands for the topic on which a frame came, which the journal does not keep."""
    return f"journal/{device_id}/{frame.session}/{frame.f_cnt}"


def _moment(change: Change) -> tuple[datetime, int]:
    """In the order of the columns."""
    device_key, observed_at = change.moment
    return observed_at, device_key


def _time(moment: tuple[datetime, int]) -> datetime:
    return moment[0]


def _day(moment: tuple[datetime, int]) -> object:
    return moment[0].date()
