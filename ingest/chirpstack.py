"""ChirpStack v4 `up` events in JSON: from the wire to an Uplink. Source: chirpstack-api `integration.proto`, v4."""

from datetime import datetime

import msgspec

from domain.errors import InvalidIdError, Reason, RejectedFrameError
from domain.ids import parse_dev_eui
from domain.uplinks import Network, TimeSource, Uplink
from ingest.event_time import choose_time, parse_time

_MAX_F_CNT = 2**32 - 1


class _DeviceInfo(msgspec.Struct, rename="camel"):
    dev_eui: str


class _RxInfo(msgspec.Struct, rename="camel"):
    """One gateway that heard the frame. Zero values are left out by ChirpStack here."""

    gw_time: str | None = None
    rssi: int = 0
    snr: float = 0.0


class _UpEvent(msgspec.Struct, rename="camel"):
    device_info: _DeviceInfo
    time: str | None = None
    dev_addr: str = ""
    f_cnt: int = 0
    f_port: int = 0
    data: bytes = b""
    rx_info: list[_RxInfo] = []
    join_server_context: msgspec.Raw = msgspec.Raw(b"null")


_decoder = msgspec.json.Decoder(_UpEvent)


def read_up_event(message: bytes, *, dev_eui: str, received_at: datetime) -> Uplink:
    """The uplink in an event that came on the topic of `dev_eui`.

    The payload is taken from `data`; what the network server's own codec made of it (`object`) is not looked at.

    Raises:
        RejectedFrameError: not JSON, not an `up` event of version 4, or of another device than its topic's.
    """
    event = _parse(message)
    try:
        device_id = parse_dev_eui(event.device_info.dev_eui)
    except InvalidIdError as error:
        raise RejectedFrameError(Reason.WRONG_SHAPE, str(error)) from error
    if device_id != dev_eui.lower():
        raise RejectedFrameError(
            Reason.IDENTITY_MISMATCH, f"topic of {dev_eui[:64]!r}, event of {device_id}", device_id=device_id
        )
    if bytes(event.join_server_context) not in {b"null", b"{}"}:
        raise RejectedFrameError(Reason.ENCRYPTED, "joinServerContext: data is still encrypted", device_id=device_id)
    if not (0 <= event.f_cnt <= _MAX_F_CNT and 0 <= event.f_port <= 255):
        detail = f"fCnt {event.f_cnt}, fPort {event.f_port}: out of range"
        raise RejectedFrameError(Reason.WRONG_SHAPE, detail, device_id=device_id)
    gateway_times = [moment for heard in event.rx_info if (moment := parse_time(heard.gw_time)) is not None]
    observed_at, time_source = choose_time(
        [
            (TimeSource.GATEWAY, min(gateway_times, default=None)),
            (TimeSource.NETWORK, parse_time(event.time)),
        ],
        received_at=received_at,
    )
    best = max(event.rx_info, key=lambda heard: heard.snr, default=None)
    return Uplink(
        device_id=device_id,
        network=Network.CHIRPSTACK,
        session=event.dev_addr[:64],
        f_cnt=event.f_cnt,
        f_port=event.f_port,
        payload=event.data,
        observed_at=observed_at,
        time_source=time_source,
        received_at=received_at,
        rssi_dbm=_plausible(best.rssi if best else None),
        snr_db=_plausible(best.snr if best else None),
        gateway_count=min(len(event.rx_info), 1000),
    )


def _parse(message: bytes) -> _UpEvent:
    try:
        return _decoder.decode(message)
    except msgspec.ValidationError as error:
        # Of a broken message, only the part before the first surprise was looked at.
        raise _surprise(_any_json(message), str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RejectedFrameError(Reason.NOT_JSON, str(error)) from error


def _any_json(message: bytes) -> object:
    try:
        return msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RejectedFrameError(Reason.NOT_JSON, str(error)) from error


def _surprise(content: object, detail: str) -> RejectedFrameError:
    if isinstance(content, dict) and "devEUI" in content and "deviceInfo" not in content:
        return RejectedFrameError(Reason.CHIRPSTACK_V3, "an event of ChirpStack v3; version 4 is needed")
    return RejectedFrameError(Reason.WRONG_SHAPE, detail)


def _plausible(level: float | None) -> float | None:
    return level if level is not None and -300 <= level <= 100 else None
