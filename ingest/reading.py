"""One delivery to what it means, or to why it means nothing."""

from collections.abc import Callable

from devices import codec
from devices.catalogue import model
from domain.errors import DecodeError, Reason, RejectedFrameError, UnknownModelError
from domain.ids import DeviceId
from domain.security import NetworkNotice
from domain.uplinks import Accepted, Rejected
from ingest.envelope import open_envelope
from ingest.source import Delivery

Outcome = Accepted | Rejected | NetworkNotice
"""What a delivery means."""


def read_delivery(delivery: Delivery, model_of: Callable[[DeviceId], str | None]) -> Outcome:
    """Open and decode; `model_of` is the register of devices."""
    try:
        uplink = open_envelope(delivery)
    except RejectedFrameError as error:
        return reject(delivery, error.reason, error.detail, error.device_id)
    if isinstance(uplink, NetworkNotice):
        return uplink
    key = model_of(uplink.device_id)
    if key is None:
        return reject(delivery, Reason.UNKNOWN_DEVICE, "no such device is installed", uplink.device_id)
    try:
        decoded = codec.decode(model(key), uplink.f_port, uplink.payload)
    except UnknownModelError as error:
        return reject(delivery, Reason.UNKNOWN_MODEL, str(error), uplink.device_id)
    except DecodeError as error:
        return reject(delivery, Reason.UNDECODABLE, str(error), uplink.device_id)
    return Accepted(uplink=uplink, decoded=decoded)


def reject(delivery: Delivery, reason: Reason, detail: str, device_id: str | None, *, same_as: str = "") -> Rejected:
    """The delivery as a dead letter."""
    return Rejected(
        reason=reason,
        detail=detail,
        topic=delivery.topic,
        device_id=device_id,
        payload=delivery.payload,
        received_at=delivery.received_at,
        same_as=same_as,
    )
