"""Messages of our own MQTT contract: `smartplace/v1/devices/{device_id}/up`."""

from datetime import datetime

import msgspec

from domain.errors import InvalidIdError, Reason, RejectedFrameError
from domain.ids import parse_device_id
from domain.uplinks import Network, TimeSource, Uplink
from ingest.event_time import choose_time, parse_time
from ingest.json_message import read_json

MAX_BYTES = 16 * 1024


class _Message(msgspec.Struct):
    """What the envelope needs; the device's codec reads the rest."""

    seq: int
    time: str | None = None
    session: str = ""


_decoder = msgspec.json.Decoder(_Message)


def read_device_message(message: bytes, *, device_id: str, received_at: datetime) -> Uplink:
    """The uplink in a message that came on the topic of `device_id`; its payload is the whole message.

    Raises:
        RejectedFrameError: too large, not JSON, or without a usable `seq`.
    """
    if len(message) > MAX_BYTES:
        raise RejectedFrameError(Reason.TOO_LARGE, f"{len(message)} bytes, at most {MAX_BYTES}")
    try:
        known = parse_device_id(device_id)
    except InvalidIdError as error:
        raise RejectedFrameError(Reason.UNKNOWN_DEVICE, str(error)) from error
    envelope = read_json(_decoder, message, device_id=known)
    if not (0 <= envelope.seq < 2**63 and len(envelope.session) <= 64):
        raise RejectedFrameError(Reason.WRONG_SHAPE, "seq or session out of range", device_id=known)
    observed_at, time_source = choose_time([(TimeSource.DEVICE, parse_time(envelope.time))], received_at=received_at)
    return Uplink(
        device_id=known,
        network=Network.MQTT,
        session=envelope.session.replace("\0", ""),
        f_cnt=envelope.seq,
        f_port=0,
        payload=message,
        observed_at=observed_at,
        time_source=time_source,
        received_at=received_at,
    )
