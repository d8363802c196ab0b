"""ChirpStack v4 `up` events: from the wire to an Uplink. Source: chirpstack-api `integration.proto`, v4."""

from datetime import datetime

import msgspec

from domain.errors import Reason, RejectedFrameError
from domain.ids import DeviceId
from domain.uplinks import Network, TimeSource, Uplink
from ingest import chirpstack_protobuf as protobuf
from ingest.chirpstack_event import UpEvent
from ingest.event_time import choose_time, gateway_times, parse_time
from ingest.json_message import any_json, read_json
from ingest.reception import check_numbers, check_session, device_of, signal

_decoder = msgspec.json.Decoder(UpEvent)
# An enumeration looks its members up each time that they are asked for.
_CHIRPSTACK, _NETWORK = Network.CHIRPSTACK, TimeSource.NETWORK


def read_up_event(message: bytes, *, dev_eui: str | None, received_at: datetime) -> Uplink:
    """The uplink in an event, JSON or protobuf, that came on the topic of `dev_eui` (None: on a path without one).

    The payload is taken from `data`; what the network server's own codec made of it (`object`) is not looked at.

    Raises:
        RejectedFrameError: not an `up` event of version 4, or of another device than its topic's.
    """
    event = protobuf.read_up(message) if protobuf.recognised(message) else _read_json(message)
    device_id = own_device(event.device_info.dev_eui, dev_eui)
    if bytes(event.join_server_context) not in {b"null", b"{}"}:
        raise RejectedFrameError(Reason.ENCRYPTED, "joinServerContext: data is still encrypted", device_id=device_id)
    check_numbers(event.f_cnt, event.f_port, device_id)
    check_session(event.dev_addr, device_id)
    times = gateway_times([heard.gw_time for heard in event.rx_info])
    times.append((_NETWORK, parse_time(event.time)))
    observed_at, time_source = choose_time(times, received_at=received_at)
    best = signal(event.rx_info)
    return Uplink(
        device_id=device_id,
        network=_CHIRPSTACK,
        session=event.dev_addr,
        f_cnt=event.f_cnt,
        f_port=event.f_port,
        payload=event.data,
        observed_at=observed_at,
        time_source=time_source,
        received_at=received_at,
        rssi_dbm=best.rssi_dbm,
        snr_db=best.snr_db,
        gateway_count=best.gateway_count,
        gateways=best.gateways,
    )


def own_device(dev_eui: str, topic_dev_eui: str | None) -> DeviceId:
    """The device of an event, which must be that of its topic if the topic names one; raises RejectedFrameError."""
    device_id = device_of(dev_eui)
    if topic_dev_eui is not None and device_id != topic_dev_eui.lower():
        detail = f"topic of {topic_dev_eui[:64]!r}, event of {device_id}"
        raise RejectedFrameError(Reason.IDENTITY_MISMATCH, detail, device_id=device_id)
    return device_id


def _read_json(message: bytes) -> UpEvent:
    try:
        return read_json(_decoder, message)
    except RejectedFrameError as error:
        if error.reason is Reason.WRONG_SHAPE and _is_version_3(any_json(message)):
            detail = "an event of ChirpStack v3; version 4 is needed"
            raise RejectedFrameError(Reason.CHIRPSTACK_V3, detail) from error
        raise


def _is_version_3(content: object) -> bool:
    return isinstance(content, dict) and "devEUI" in content and "deviceInfo" not in content
