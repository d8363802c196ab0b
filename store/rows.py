"""Frames, events and dead letters as rows of the database."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b

from devices.distance import said_at
from domain.errors import Reason
from domain.measurements import CHARGING
from domain.sayings import beside
from domain.security import NetworkNotice
from domain.uplinks import Accepted, Rejected, Uplink
from store.folds import Event, Latest
from store.hearings import hearing_columns
from store.places import KnownDevice

Rows = Iterable[Sequence[object]]
Keyed = list[tuple[KnownDevice, Accepted]]

UPLINK_TYPES = (
    "timestamptz", "int4", "text", "text", "int8", "int2", "bytea", "timestamptz", "text",
    "float4", "float4", "int2", "text", "int2", "text", "text", "bytea", "int4",
)  # fmt: skip
MEASUREMENT_TYPES = ("timestamptz", "int4", "text", "float8")
EVENT_TYPES = ("timestamptz", "int4", "int4", "int8", "text", "text", "int4", "int4")
MOMENT_TYPES = ("int4", "timestamptz")
STATE_COLUMNS = {
    "asset_keys": "int4", "states": "text", "observed": "timestamptz", "f_cnts": "int8", "silent": "timestamptz",
    "taken": "int4", "areas": "bool", "since": "timestamptz", "unbroken": "bool", "earliest": "timestamptz",
}  # fmt: skip
CONDITION_COLUMNS = {
    "device_keys": "int4", "heard": "timestamptz", "sessions": "text", "device_f_cnts": "int8", "rssi": "float4",
    "snr": "float4",
}  # fmt: skip
SAYING_COLUMNS = (
    "device_keys", "battery_percent_at", "battery_percent", "battery_volts_at", "battery_volts",
    "battery_low_at", "battery_low", "fault_at", "fault", "tamper_at", "tamper",
)  # fmt: skip
DUE_COLUMNS = {"due_keys": "int4", "since": "timestamptz", "until": "timestamptz"}
READING_COLUMNS = {"device_keys": "int4", "observed": "timestamptz"}
SESSION_COLUMNS = {"device_keys": "int4", "sessions": "text", "f_cnts": "int8", "observed": "timestamptz"}


def frame_key(uplink: Uplink) -> bytes:
    """What names a frame, whoever delivers it and whenever: device, session, counter, payload; 16 bytes."""
    digest = blake2b(digest_size=16)
    digest.update(f"{uplink.device_id}\0{uplink.session}\0{uplink.f_cnt}\0{uplink.f_port}\0".encode())
    digest.update(uplink.payload)
    return digest.digest()


def notice_key(notice: NetworkNotice) -> bytes:
    """What names a notice, however often it is delivered: who said what of which device, and when; 16 bytes."""
    digest = blake2b(digest_size=16, person=b"notice")
    words = (notice.device_id, notice.said_at, notice.code, notice.description, sorted(notice.context.items()))
    digest.update(repr(words).encode("utf-8", "backslashreplace"))
    return digest.digest()


def event(device: KnownDevice, frame: Accepted) -> Event | None:
    """The state-bearing event in a frame, or None where it says nothing of an asset."""
    stay = device.stay_at(frame.uplink.observed_at)
    said = said_at(stay.kind, frame.decoded.measurements, stay.distance_threshold_mm) if stay else None
    if stay is None or said is None:
        return None
    return Event(
        asset_key=stay.asset_key,
        device_key=device.device_key,
        observed_at=frame.uplink.observed_at,
        f_cnt=frame.uplink.f_cnt,
        kind=frame.decoded.kind,
        state=said.state,
        silent_after=device.silent_after,
        taken=said.number,
        previous_s=said.before_s,
        capacity=stay.capacity,
    )


def charging_at(frame: Accepted) -> datetime | None:
    """When it was, of a frame that says how much was charged; None for others."""
    return None if CHARGING.isdisjoint(frame.decoded.measurements) else frame.uplink.observed_at


def uplink_row(device: KnownDevice, frame: Accepted) -> Sequence[object]:
    """The row of a frame in the journal; the view `journal` reads it."""
    uplink, decoded = frame.uplink, frame.decoded
    count, gateways, signals = hearing_columns(uplink)
    lag = uplink.received_at - uplink.observed_at
    said = not lag.days and not lag.microseconds % 1000
    return (
        uplink.received_at, device.device_key, uplink.network, uplink.session, uplink.f_cnt, uplink.f_port,
        uplink.payload, None if said else uplink.observed_at, uplink.time_source, uplink.rssi_dbm,
        uplink.snr_db, count, decoded.model, decoded.codec_version, decoded.kind, gateways, signals,
        1000 * lag.seconds + lag.microseconds // 1000 if said else None,
    )  # fmt: skip


def measurement_rows(keyed: Keyed, said: Iterable[Event | None]) -> Rows:
    """One row for each thing measured that is not in the event of its frame."""
    for (device, frame), its in zip(keyed, said, strict=True):
        for key, value in beside(frame.decoded.measurements, its.state if its else None):
            yield frame.uplink.observed_at, device.device_key, key, value


def event_row(event: Event) -> Sequence[object]:
    """The row of an event."""
    return (
        event.observed_at, event.asset_key, event.device_key, event.f_cnt, event.kind, event.state,
        event.taken, event.previous_s,
    )  # fmt: skip


def state_row(latest: Latest) -> Sequence[object]:
    """One row for `apply_states`."""
    event = latest.event
    return (
        event.asset_key, event.state, event.observed_at, event.f_cnt, event.silent_at, event.taken,
        event.capacity is not None, latest.since, latest.unbroken, latest.earliest,
    )  # fmt: skip


def due_rows(events: Iterable[Event]) -> Rows:
    """Rows for `insert_history_due`: one for each asset, from its first event to its last."""
    times: dict[int, tuple[datetime, datetime]] = {}
    for event in events:
        first, last = times.get(event.asset_key, (event.observed_at, event.observed_at))
        times[event.asset_key] = min(first, event.observed_at), max(last, event.observed_at)
    return ((key, *times[key]) for key in sorted(times))


def session_row(device_key: int, frame: Accepted) -> Sequence[object]:
    """One row for `apply_sessions`."""
    return device_key, frame.uplink.session, frame.uplink.f_cnt, frame.uplink.observed_at


def columns(names: Sequence[str], rows: Rows) -> dict[str, list[object]]:
    """Rows turned into one array for each column."""
    arrays = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return dict(zip(names, arrays, strict=True))


def fingerprint(reason: Reason, topic: str, payload: bytes) -> bytes:
    """What makes two dead letters the same: reason, topic and bytes."""
    key = blake2b(f"{reason}\0{topic}".encode("utf-8", "backslashreplace")).digest()
    return blake2b(payload, digest_size=16, key=key).digest()


def dead_letter_row(item: Rejected) -> dict[str, object]:
    """The row of a dead letter."""
    return {
        "fingerprint": fingerprint(item.reason, item.topic, item.same_as.encode() or item.payload),
        "reason": item.reason.value,
        "detail": storable(item.detail),
        "topic": storable(item.topic),
        "device_id": item.device_id and storable(item.device_id),
        "payload": item.payload,
        "received_at": item.received_at,
    }


def storable(text: str) -> str:
    """PostgreSQL's text has no NUL and no lone surrogates; nothing is dropped silently, only made visible."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()[:4000]
