"""The Things Stack v3 uplinks in JSON, from MQTT or a webhook. Whatever is empty, zero or false is absent there."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from domain.errors import Reason, RejectedFrameError
from domain.uplinks import Network, TimeSource, Uplink
from ingest.event_time import choose_time, gateway_times, parse_time
from ingest.json_message import read_json
from ingest.reception import check_numbers, check_session, device_of, signal


class _EndDeviceIds(msgspec.Struct):
    device_id: str
    dev_eui: str = ""
    dev_addr: str = ""


class _GatewayIds(msgspec.Struct):
    gateway_id: str = ""
    eui: str = ""


class _RxMetadata(msgspec.Struct):
    """One gateway that heard the frame."""

    gateway_ids: _GatewayIds = msgspec.field(default_factory=_GatewayIds)
    time: str | None = None
    rssi: float = 0
    snr: float = 0

    @property
    def gateway_id(self) -> str:
        """Its name there; its EUI where it has none."""
        return self.gateway_ids.gateway_id or self.gateway_ids.eui


class _Settings(msgspec.Struct):
    time: str | None = None


class _UplinkMessage(msgspec.Struct):
    session_key_id: str = ""
    f_port: int = 0
    f_cnt: int = 0
    frm_payload: bytes = b""
    rx_metadata: list[_RxMetadata] = []
    settings: _Settings = msgspec.field(default_factory=_Settings)
    received_at: str | None = None


class _Message(msgspec.Struct):
    end_device_ids: _EndDeviceIds
    uplink_message: _UplinkMessage
    received_at: str | None = None
    simulated: bool = False


_decoder = msgspec.json.Decoder(_Message)


def read_uplink(message: bytes, *, device_id: str | None, received_at: datetime) -> Uplink:
    """The uplink in a message that came on the topic of `device_id` (None: on a path without one).

    The payload is taken from `frm_payload`; `decoded_payload` is not looked at.

    Raises:
        RejectedFrameError: no uplink of version 3, simulated, or of another device than its topic's.
    """
    content = read_json(_decoder, message)
    ids, uplink = content.end_device_ids, content.uplink_message
    known = device_of(ids.dev_eui)
    if device_id is not None and device_id != ids.device_id:
        detail = f"topic of {device_id[:64]!r}, message of {ids.device_id[:64]!r}"
        raise RejectedFrameError(Reason.IDENTITY_MISMATCH, detail, device_id=known)
    if content.simulated:
        raise RejectedFrameError(
            Reason.SIMULATED, "made by a person in the console, not by the device", device_id=known
        )
    check_numbers(uplink.f_cnt, uplink.f_port, known)
    session = f"{ids.dev_addr}/{uplink.session_key_id}" if uplink.session_key_id else ids.dev_addr
    check_session(session, known)
    observed_at, time_source = choose_time(_moments(content), received_at=received_at)
    best = signal(uplink.rx_metadata)
    return Uplink(
        device_id=known,
        network=Network.THINGS_STACK,
        session=session,
        f_cnt=uplink.f_cnt,
        f_port=uplink.f_port,
        payload=uplink.frm_payload,
        observed_at=observed_at,
        time_source=time_source,
        received_at=received_at,
        rssi_dbm=best.rssi_dbm,
        snr_db=best.snr_db,
        gateway_count=best.gateway_count,
        gateways=best.gateways,
    )


def _moments(content: _Message) -> Iterator[tuple[TimeSource, datetime | None]]:
    uplink = content.uplink_message
    yield from gateway_times(heard.time for heard in uplink.rx_metadata)
    yield TimeSource.GATEWAY, parse_time(uplink.settings.time)
    yield TimeSource.NETWORK, parse_time(uplink.received_at)
    yield TimeSource.NETWORK, parse_time(content.received_at)
