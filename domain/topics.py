"""Every MQTT topic of the platform, built and parsed here: the wire contract on one page."""

import re

from domain.values import value

CHIRPSTACK_UP_FILTER = "application/+/device/+/event/up"
CHIRPSTACK_LOG_FILTER = "application/+/device/+/event/log"
THINGS_STACK_UP_FILTER = "v3/+/devices/+/up"
DEVICE_UP_FILTER = "smartplace/v1/devices/+/up"

# What network servers say of downlinks.
COMMAND_FILTERS = (
    "application/+/device/+/event/txack",
    "application/+/device/+/event/ack",
    CHIRPSTACK_LOG_FILTER,
    *(f"v3/+/devices/+/down/{event}" for event in ("queued", "sent", "ack", "nack", "failed")),
)

INGEST_FILTERS = (CHIRPSTACK_UP_FILTER, CHIRPSTACK_LOG_FILTER, THINGS_STACK_UP_FILTER, DEVICE_UP_FILTER)

# What network servers push over HTTP has no topic: its path stands for one, and names no device.
CHIRPSTACK_PUSH = "/v1/ingest/chirpstack"
CHIRPSTACK_LOG_PUSH = "/v1/ingest/chirpstack?event=log"
THINGS_STACK_PUSH = "/v1/ingest/ttn"


@value(kw_only=False)
class ChirpStackTopic:
    """`application/{application_id}/device/{dev_eui}/event/{event}` of ChirpStack v4; None where none is named."""

    dev_eui: str | None
    event: str


@value(kw_only=False)
class ThingsStackTopic:
    """`v3/{application}@{tenant}/devices/{device_id}/{event}` of The Things Stack v3; None where none is named."""

    device_id: str | None
    event: str


_PUSHED: dict[str, ChirpStackTopic | ThingsStackTopic] = {
    CHIRPSTACK_PUSH: ChirpStackTopic(None, "up"),
    CHIRPSTACK_LOG_PUSH: ChirpStackTopic(None, "log"),
    THINGS_STACK_PUSH: ThingsStackTopic(None, "up"),
}


@value(kw_only=False)
class DeviceTopic:
    """`smartplace/v1/devices/{device_id}/{channel}`: our own devices."""

    device_id: str
    channel: str


def chirpstack_up(application_id: str, dev_eui: str) -> str:
    """The topic of an uplink event of ChirpStack v4."""
    return f"application/{application_id}/device/{dev_eui}/event/up"


def chirpstack_event(application_id: str, dev_eui: str, event: str) -> str:
    """The topic of any other event of ChirpStack v4."""
    return f"application/{application_id}/device/{dev_eui}/event/{event}"


def device_up(device_id: str) -> str:
    """The topic on which a device of our own contract speaks."""
    return f"smartplace/v1/devices/{device_id}/up"


def site_state(site_id: str) -> str:
    """The retained topic with how a site stands: the JSON of the API, and until when it holds."""
    return f"smartplace/v1/sites/{site_id}/state"


def sign_frame(sign_id: str) -> str:
    """The retained topic with the frame of a sign, same JSON as the API."""
    return f"smartplace/v1/signs/{sign_id}/frame"


def canary(client_id: str) -> str:
    """The topic on which an ingest process speaks to itself; what has a meaning in topics is no part of it."""
    return "smartplace/v1/canary/" + re.sub(r"[^A-Za-z0-9_-]", "_", client_id)


def parse(topic: str) -> ChirpStackTopic | ThingsStackTopic | DeviceTopic | None:
    """What a topic names, or None where it is no topic of ours. The parts are as received, unchecked."""
    if topic in _PUSHED:
        return _PUSHED[topic]
    match topic.split("/"):
        case ["application", _, "device", dev_eui, "event", event]:
            return ChirpStackTopic(dev_eui, event)
        case ["v3", _, "devices", device_id, "down", event]:
            return ThingsStackTopic(device_id, f"down/{event}")
        case ["v3", _, "devices", device_id, event]:
            return ThingsStackTopic(device_id, event)
        case ["smartplace", "v1", "devices", device_id, channel]:
            return DeviceTopic(device_id, channel)
        case _:
            return None
