"""Any network's message to one Uplink or notice: the topic says whose it is, the content must agree."""

from domain.errors import Reason, RejectedFrameError
from domain.security import NetworkNotice
from domain.topics import ChirpStackTopic, DeviceTopic, ThingsStackTopic, parse
from domain.uplinks import Uplink
from ingest.chirpstack import read_up_event
from ingest.chirpstack_log import read_log_event
from ingest.device_json import read_device_message
from ingest.source import Delivery
from ingest.things_stack import read_uplink

MAX_BYTES = 64 * 1024


def open_envelope(delivery: Delivery) -> Uplink | NetworkNotice:
    """The uplink in a delivery, or what a network server noticed.

    Raises:
        RejectedFrameError: the delivery is none, with the reason.
    """
    if delivery.retained:
        # A broker repeats a retained message to everyone who subscribes: it tells of the past, not of now.
        raise RejectedFrameError(Reason.RETAINED, "an uplink must not be retained")
    if len(delivery.payload) > MAX_BYTES:
        raise RejectedFrameError(Reason.TOO_LARGE, f"{len(delivery.payload)} bytes, at most {MAX_BYTES}")
    match parse(delivery.topic):
        case ChirpStackTopic(dev_eui=dev_eui, event="up"):
            return read_up_event(delivery.payload, dev_eui=dev_eui, received_at=delivery.received_at)
        case ChirpStackTopic(dev_eui=dev_eui, event="log"):
            return read_log_event(delivery.payload, dev_eui=dev_eui, received_at=delivery.received_at)
        case ThingsStackTopic(device_id=named, event="up"):
            return read_uplink(delivery.payload, device_id=named, received_at=delivery.received_at)
        case DeviceTopic(device_id=device_id, channel="up"):
            return read_device_message(delivery.payload, device_id=device_id, received_at=delivery.received_at)
        case _:
            raise RejectedFrameError(Reason.UNKNOWN_TOPIC, "no uplinks are expected here")
