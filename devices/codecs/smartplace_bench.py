"""Our own solar bench with charging ports: a JSON message over MQTT."""

import json
import re
from datetime import datetime, timedelta
from typing import NoReturn, cast

from devices.codec import DeviceModel, Frame
from devices.octets import Encoded
from domain.measurements import QUANTITIES, Measurements, faults
from domain.places import AssetKind
from domain.uplinks import Kind

_MAX_BYTES = 16 * 1024
_MAX_SEQ = 2**53
_REQUIRED = {"seq", "kind", "measurements"}
_ORIGIN = {"seq", "time", "session"}
_KINDS = (Kind.EVENT, Kind.HEARTBEAT, Kind.STARTUP)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode the message of a bench, or of any device of our own: one JSON object in UTF-8, fPort 0, at most 16 KiB.

    | key          | value                                                         |
    | seq          | integer, 0..2^53, counts messages within a session            |
    | time         | optional; RFC 3339 with an offset: when it was observed       |
    | session      | optional; printable text, changes when the bench starts anew  |
    | kind         | "event", "heartbeat" or "startup"                             |
    | measurements | object of canonical keys (domain.measurements), possibly empty|

    Strict: an unknown, repeated or missing key, a wrong type, NaN or Infinity is an error, never a guess.

    Raises: ValueError: anything else.
    Source: our own MQTT contract, docs/devices.md.
    """
    if f_port != 0:
        raise ValueError("our own devices have no fPort but 0")
    message = _message(payload)
    raw = {key: value for key, value in message.items() if key in _ORIGIN}
    _check_origin(raw)
    return Frame(kind=_kind(message["kind"]), measurements=_measurements(message["measurements"]), raw=raw)


def _message(payload: bytes) -> dict[str, object]:
    if len(payload) > _MAX_BYTES:
        raise ValueError(f"more than {_MAX_BYTES} bytes")
    message = _object(_parse(payload.decode("utf-8")), "the message")
    if missing := _REQUIRED - message.keys():
        raise ValueError(f"no {', '.join(sorted(missing))}")
    if unknown := message.keys() - _REQUIRED - _ORIGIN:
        raise ValueError(f"unknown key {min(unknown)[:64]!r}")
    return message


def _parse(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse, parse_int=_integer)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a key is given twice")
    return fields


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _integer(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("an integer has more than 20 digits")
    return int(digits)


def _object(value: object, name: str) -> dict[str, object]:
    match value:
        case dict():
            return value
    raise ValueError(f"{name} is not a JSON object")


def _kind(value: object) -> Kind:
    for kind in _KINDS:
        if value == kind:
            return kind
    raise ValueError("kind is not event, heartbeat or startup")


def _check_origin(origin: dict[str, object]) -> None:
    seq, session = origin["seq"], origin.get("session", "")
    if type(seq) is not int or not 0 <= seq <= _MAX_SEQ:
        raise ValueError("seq is not an integer in 0..2^53")
    if not isinstance(session, str) or not session.isprintable():
        raise ValueError("session is not printable text")
    if "time" in origin:
        _check_time(origin["time"])


def _check_time(time: object) -> None:
    if not isinstance(time, str) or not _TIME.fullmatch(time):
        raise ValueError("time is not RFC 3339")
    datetime.fromisoformat(time)


def _measurements(value: object) -> Measurements:
    measurements = cast("Measurements", _object(value, "measurements"))
    if wrong := faults(measurements):
        raise ValueError("; ".join(wrong))
    return measurements


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode a message with seq 0 and neither time nor session.

    Raises:
        ValueError: another kind, neither `occupied` nor `occupants`, or a faulty measurement.
    """
    if not measurements.keys() & {"occupied", "occupants"}:
        raise ValueError("a message of a bench needs occupied or occupants")
    return Encoded(f_port=0, payload=encode_message(kind, measurements, seq=0))


def encode_message(
    kind: Kind,
    measurements: Measurements,
    *,
    seq: int,
    time: datetime | None = None,
    session: str | None = None,
) -> bytes:
    """Encode a message as a bench sends it, for simulators that keep count.

    Raises:
        ValueError: what `decode` would refuse.
    """
    origin = {"seq": seq, "time": time.isoformat() if time else None, "session": session}
    fields: dict[str, object] = {key: value for key, value in origin.items() if value is not None}
    fields |= {"kind": kind, "measurements": measurements}
    payload = json.dumps(fields, separators=(",", ":")).encode()
    decode(0, payload)
    return payload


MODEL = DeviceModel(
    key="smartplace-bench",
    vendor="Smartplace",
    name="Solar charging bench",
    senses=AssetKind.BENCH,
    measures=tuple(QUANTITIES),
    heartbeat=timedelta(minutes=10),
    heartbeat_source="docs/devices.md",
    version=1,
    source="our own MQTT contract, docs/devices.md",
    decode=decode,
    encode=encode,
)
