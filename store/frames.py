"""Frames into the database: a whole batch or nothing, each frame once, the present never backwards."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b

from domain.ids import DeviceId
from domain.states import reported_state
from domain.uplinks import Accepted, Rejected, Stored, Uplink
from store.folds import Event, Latest, condition_by_device, latest_by_asset
from store.places import KnownDevice, read_devices
from store.pool import Connection, Pool, translated
from store.queries import query

Rows = Iterable[Sequence[object]]
_Keyed = list[tuple[KnownDevice, Accepted]]

_UPLINK_TYPES = (
    "timestamptz", "int4", "text", "text", "int8", "int2", "bytea", "timestamptz", "text",
    "float4", "float4", "int2", "text", "int2", "text",
)  # fmt: skip
_MEASUREMENT_TYPES = ("timestamptz", "int4", "text", "float8")
_EVENT_TYPES = ("timestamptz", "int4", "int4", "int8", "text", "text")
_STATE_COLUMNS = ("asset_keys", "states", "observed", "f_cnts", "silent", "since", "unbroken", "earliest")
_CONDITION_COLUMNS = (
    "device_keys", "heard", "sessions", "device_f_cnts", "rssi", "snr", "battery_percent_at", "battery_percent",
    "battery_volts_at", "battery_volts", "battery_low_at", "battery_low", "fault_at", "fault", "tamper_at", "tamper",
)  # fmt: skip
_SESSION_COLUMNS = ("device_keys", "sessions", "f_cnts", "observed")


async def _copy(connection: Connection, name: str, types: Sequence[str], rows: Rows) -> None:
    """Binary COPY with the named statement."""
    async with connection.cursor() as cursor, cursor.copy(query(name)) as copy:
        copy.set_types(types)
        for row in rows:
            await copy.write_row(row)


class FrameStore:
    """Keeps batches of frames. Satisfies ingest.pipeline.FrameSink."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._devices: Mapping[DeviceId, KnownDevice] = {}
        self._places_version = -1

    def model_of(self, device_id: DeviceId) -> str | None:
        """The model of a device, as of the last refresh; None if it is unknown."""
        device = self._devices.get(device_id)
        return device.model if device else None

    async def refresh(self) -> None:
        """Read the devices anew if places were imported meanwhile; raises StoreUnavailableError."""
        with translated():
            async with self._pool.connection() as connection:
                platform = await _one(connection, "select_platform", {})
                if platform["places_version"] != self._places_version:
                    self._devices = await read_devices(connection)
                    self._places_version = int(str(platform["places_version"]))

    async def write(self, accepted: Sequence[Accepted], rejected: Sequence[Rejected]) -> Stored:
        """Keep a batch in one transaction: when this returns, it is committed.

        Frames kept before, in this batch or any other, are counted as duplicates and change nothing.

        Raises:
            StoreUnavailableError: nothing was kept, or it is not known whether it was; writing again is safe.
            StoreRefusedError: nothing was kept; some row is at fault.
        """
        by_key = {frame_key(frame.uplink): frame for frame in accepted}
        with translated():
            async with self._pool.connection() as connection, connection.transaction():
                fresh = await self._fresh(connection, by_key)
                await self._keep(connection, fresh)
                await self._set_aside(connection, rejected)
        return Stored(kept=len(fresh), duplicates=len(accepted) - len(fresh), dead_letters=len(rejected))

    async def tick(self, *, as_of: datetime) -> int:
        """Confirm that frames were being received at `as_of`; the silent become unknown, closures begin and end.

        Returns: the new revision. Raises: StoreUnavailableError.
        """
        with translated():
            async with self._pool.connection() as connection, connection.transaction():
                stamp = await _one(connection, "next_revision", {"as_of": as_of})
                await connection.execute(query("tick_asset_states"), {**stamp, "as_of": as_of})
        return int(str(stamp["revision"]))

    async def forget_frames(self, *, before: datetime) -> None:
        """Stop remembering frames seen before that moment; raises StoreUnavailableError."""
        with translated():
            async with self._pool.connection() as connection:
                await connection.execute(query("delete_seen_frames"), {"before": before})

    async def _fresh(self, connection: Connection, by_key: Mapping[bytes, Accepted]) -> list[Accepted]:
        if not by_key:
            return []
        seen_at = max(frame.uplink.received_at for frame in by_key.values())
        cursor = await connection.execute(query("insert_seen_frames"), {"frame_keys": list(by_key), "seen_at": seen_at})
        return [by_key[bytes(row["frame_key"])] for row in await cursor.fetchall()]

    async def _keep(self, connection: Connection, frames: list[Accepted]) -> None:
        if not frames:
            return
        keyed = [(self._devices[frame.uplink.device_id], frame) for frame in frames]
        events = [event for device, frame in keyed if (event := _event(device, frame)) is not None]
        await _copy(connection, "copy_uplinks", _UPLINK_TYPES, (_uplink_row(*pair) for pair in keyed))
        await _copy(connection, "copy_measurements", _MEASUREMENT_TYPES, _measurement_rows(keyed))
        await _copy(connection, "copy_events", _EVENT_TYPES, (_event_row(event) for event in events))
        await self._apply(connection, keyed, events)

    async def _apply(self, connection: Connection, keyed: _Keyed, events: list[Event]) -> None:
        """Everything that a batch changes of the present, as one revision; one worker at a time."""
        as_of = max(frame.uplink.received_at for _, frame in keyed)
        stamp = await _one(connection, "next_revision", {"as_of": as_of})
        states = _columns(_STATE_COLUMNS, map(_state_row, latest_by_asset(events)))
        conditions = condition_by_device((device.device_key, frame) for device, frame in keyed)
        await connection.execute(query("apply_states"), {**states, **stamp})
        await connection.execute(query("apply_conditions"), _columns(_CONDITION_COLUMNS, conditions))
        await connection.execute(query("apply_sessions"), _columns(_SESSION_COLUMNS, map(_session_row, keyed)))

    async def _set_aside(self, connection: Connection, rejected: Sequence[Rejected]) -> None:
        if rejected:
            async with connection.cursor() as cursor:
                await cursor.executemany(query("insert_dead_letters"), [_dead_letter_row(item) for item in rejected])


def frame_key(uplink: Uplink) -> bytes:
    """What names a frame, whoever delivers it and whenever: device, session, counter, payload; 16 bytes."""
    digest = blake2b(digest_size=16)
    digest.update(f"{uplink.device_id}\0{uplink.session}\0{uplink.f_cnt}\0{uplink.f_port}\0".encode())
    digest.update(uplink.payload)
    return digest.digest()


async def _one(connection: Connection, name: str, parameters: dict[str, object]) -> Mapping[str, object]:
    row = await (await connection.execute(query(name), parameters)).fetchone()
    assert row is not None
    return row


def _event(device: KnownDevice, frame: Accepted) -> Event | None:
    state = reported_state(frame.decoded.measurements)
    asset_key = device.asset_key_at(frame.uplink.observed_at)
    if state is None or asset_key is None:
        return None
    return Event(
        asset_key=asset_key,
        device_key=device.device_key,
        observed_at=frame.uplink.observed_at,
        f_cnt=frame.uplink.f_cnt,
        kind=frame.decoded.kind.value,
        state=state,
        silent_after=device.silent_after,
    )


def _uplink_row(device: KnownDevice, frame: Accepted) -> Sequence[object]:
    uplink, decoded = frame.uplink, frame.decoded
    return (
        uplink.received_at, device.device_key, uplink.network.value, uplink.session, uplink.f_cnt, uplink.f_port,
        uplink.payload, uplink.observed_at, uplink.time_source.value, uplink.rssi_dbm, uplink.snr_db,
        uplink.gateway_count, decoded.model, decoded.codec_version, decoded.kind.value,
    )  # fmt: skip


def _measurement_rows(keyed: Iterable[tuple[KnownDevice, Accepted]]) -> Rows:
    for device, frame in keyed:
        for key, value in frame.decoded.measurements.items():
            yield frame.uplink.observed_at, device.device_key, key, float(value)  # type: ignore[arg-type]


def _event_row(event: Event) -> Sequence[object]:
    return event.observed_at, event.asset_key, event.device_key, event.f_cnt, event.kind, event.state.value


def _state_row(latest: Latest) -> Sequence[object]:
    event = latest.event
    return (
        event.asset_key, event.state.value, event.observed_at, event.f_cnt, event.silent_at,
        latest.since, latest.unbroken, latest.earliest,
    )  # fmt: skip


def _session_row(pair: tuple[KnownDevice, Accepted]) -> Sequence[object]:
    device, frame = pair
    return device.device_key, frame.uplink.session, frame.uplink.f_cnt, frame.uplink.observed_at


def _columns(names: Sequence[str], rows: Rows) -> dict[str, list[object]]:
    """Rows turned into one array for each column."""
    columns: dict[str, list[object]] = {name: [] for name in names}
    for row in rows:
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    return columns


def _dead_letter_row(item: Rejected) -> dict[str, object]:
    fingerprint = blake2b(item.payload, digest_size=16, key=blake2b(f"{item.reason}\0{item.topic}".encode()).digest())
    return {
        "fingerprint": fingerprint.digest(),
        "reason": item.reason.value,
        "detail": _storable(item.detail),
        "topic": _storable(item.topic),
        "device_id": item.device_id and _storable(item.device_id),
        "payload": item.payload,
        "received_at": item.received_at,
    }


def _storable(text: str) -> str:
    """PostgreSQL's text has no NUL and no lone surrogates; nothing is dropped silently, only made visible."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()[:4000]
