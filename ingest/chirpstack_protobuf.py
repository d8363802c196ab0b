"""ChirpStack v4 events in protobuf (`json=false` in its settings), read into the same shapes as their JSON."""

import struct
from typing import Any

import msgspec

from domain.errors import Reason, RejectedFrameError
from ingest.chirpstack_event import AckEvent, DeviceInfo, LogEvent, RxInfo, TxAckEvent, UpEvent

# The first three fields (deduplication id, time, device), of which every event has one, as length-delimited tags.
_FIRST_BYTES = b"\x0a\x12\x1a"


def recognised(message: bytes) -> bool:
    """Whether this is protobuf rather than JSON. A line feed may begin either; JSON goes on with a brace."""
    return message[:1] != b"" and message[0] in _FIRST_BYTES and message.lstrip()[:1] not in {b"", b"{", b"["}


def read_up(message: bytes) -> UpEvent:
    """An `up` event; fields of newer versions are ignored. Raises RejectedFrameError."""
    event = _parsed("UplinkEvent", message)
    encrypted = event.HasField("join_server_context")
    return UpEvent(
        device_info=DeviceInfo(dev_eui=event.device_info.dev_eui),
        time=_time(event, "time"),
        dev_addr=event.dev_addr,
        f_cnt=event.f_cnt,
        f_port=event.f_port,
        data=event.data,
        rx_info=[
            RxInfo(
                gateway_id=heard.gateway_id,
                gw_time=_time(heard, "gw_time"),
                rssi=heard.rssi,
                snr=_shortest(heard.snr),
            )
            for heard in event.rx_info
        ],
        join_server_context=msgspec.Raw(b"true" if encrypted else b"null"),
    )


def read_log(message: bytes) -> LogEvent:
    """A `log` event. Raises RejectedFrameError."""
    event = _parsed("LogEvent", message)
    from chirpstack_api.integration import LogCode, LogLevel

    return LogEvent(
        device_info=DeviceInfo(dev_eui=event.device_info.dev_eui),
        time=_time(event, "time"),
        level=_name(LogLevel, event.level),
        code=_name(LogCode, event.code),
        description=event.description,
        context=dict(event.context),
    )


def read_txack(message: bytes) -> TxAckEvent:
    """A `txack` event. Raises RejectedFrameError."""
    event = _parsed("TxAckEvent", message)
    return TxAckEvent(device_info=DeviceInfo(dev_eui=event.device_info.dev_eui), queue_item_id=event.queue_item_id)


def read_ack(message: bytes) -> AckEvent:
    """An `ack` event. Raises RejectedFrameError."""
    event = _parsed("AckEvent", message)
    device = DeviceInfo(dev_eui=event.device_info.dev_eui)
    return AckEvent(device_info=device, queue_item_id=event.queue_item_id, acknowledged=event.acknowledged)


def _parsed(kind: str, message: bytes) -> Any:  # noqa: ANN401 - generated classes have no types
    # Slow and heavy to import, and most installations never need it.
    from chirpstack_api import integration
    from google.protobuf.message import DecodeError

    try:
        return getattr(integration, kind).FromString(message)
    except DecodeError as error:
        raise RejectedFrameError(Reason.WRONG_SHAPE, f"neither JSON nor a protobuf {kind}: {error}") from error


def _time(event: Any, field: str) -> str | None:  # noqa: ANN401
    """A timestamp as JSON has it; None where it is absent or no moment at all."""
    if not event.HasField(field):
        return None
    try:
        return str(getattr(event, field).ToJsonString())
    except ValueError:
        return None


def _name(enumeration: Any, number: int) -> str:  # noqa: ANN401
    """The name of a value, or its number where a newer ChirpStack invented it."""
    return str(enumeration.Name(number)) if number in enumeration.values() else str(number)


def _shortest(value: float) -> float:
    """A 32-bit float as the decimal number that JSON has for it: 5.2, not 5.199999809265137."""
    for digits in (6, 7, 8):
        candidate = float(f"{value:.{digits}g}")
        try:
            if struct.unpack("<f", struct.pack("<f", candidate))[0] == value:
                return candidate
        except OverflowError:
            continue
    return value
