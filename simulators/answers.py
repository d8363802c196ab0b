"""Commands to simulated devices: what their network server says of one, and what the device itself answers."""

import json
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.octets import Encoded
from domain import topics
from domain.places import Device
from simulators.chirpstack import APPLICATION_ID
from simulators.transmission import Transmission

COMMANDS_FILTER = "application/+/device/+/command/down"
ON_AIR_AFTER = timedelta(seconds=1)
"""As soon as the device has spoken and listens: here it does at once."""
ANSWERED_AFTER = timedelta(seconds=3)
_LEVELS = COMMANDS_FILTER.count("/") + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command as ChirpStack is asked to send it."""

    item_id: str
    dev_eui: str
    encoded: Encoded


def read_command(topic: str, payload: bytes) -> Asked | None:
    """The command in a message; None where it is none."""
    levels = topic.split("/")
    if len(levels) != _LEVELS:
        return None
    dev_eui = levels[3]
    try:
        message = json.loads(payload)
        octets = b64decode(message["data"], validate=True)
        return Asked(
            item_id=str(message["id"]), dev_eui=dev_eui, encoded=Encoded(f_port=int(message["fPort"]), payload=octets)
        )
    except (ValueError, KeyError, TypeError, Base64Error):
        return None


def network_says(asked: Asked, at: datetime) -> list[Transmission]:
    """That it went on air, and that the device acknowledged it."""
    said = {"deviceInfo": {"devEui": asked.dev_eui}, "queueItemId": asked.item_id}
    told = [("txack", ON_AIR_AFTER, said), ("ack", ANSWERED_AFTER, {**said, "acknowledged": True})]
    return [
        Transmission(
            at + delay,
            topics.chirpstack_event(APPLICATION_ID, asked.dev_eui, event),
            json.dumps(message).encode(),
        )
        for event, delay, message in told
    ]


def device_answers(device: Device, asked: Asked) -> Encoded | None:
    """The frame in which a device says how it is set now; None where its maker documents none that we play."""
    octets = asked.encoded.payload
    maker = device.model.partition("-")[0]
    if maker == "milesight" and octets:
        # Its own octets, with fe before them; a block of a display as it was written.
        return Encoded(f_port=asked.encoded.f_port, payload=octets if octets[0] == 0xFB else b"\xfe" + octets[1:])
    if maker == "netvox" and octets[:1] == b"\x01":
        return Encoded(f_port=asked.encoded.f_port, payload=b"\x82" + octets[1:])
    return None
