"""Every MQTT topic of the platform, built and parsed here: the wire contract on one page."""

from dataclasses import dataclass

CHIRPSTACK_UP_FILTER = "application/+/device/+/event/up"
DEVICE_UP_FILTER = "smartplace/v1/devices/+/up"

UPLINK_FILTERS = (CHIRPSTACK_UP_FILTER, DEVICE_UP_FILTER)


@dataclass(frozen=True, slots=True)
class ChirpStackTopic:
    """`application/{application_id}/device/{dev_eui}/event/{event}` of ChirpStack v4."""

    application_id: str
    dev_eui: str
    event: str


@dataclass(frozen=True, slots=True)
class DeviceTopic:
    """`smartplace/v1/devices/{device_id}/{channel}`: our own devices."""

    device_id: str
    channel: str


def chirpstack_up(application_id: str, dev_eui: str) -> str:
    """The topic of an uplink event of ChirpStack v4."""
    return f"application/{application_id}/device/{dev_eui}/event/up"


def device_up(device_id: str) -> str:
    """The topic on which a device of our own contract speaks."""
    return f"smartplace/v1/devices/{device_id}/up"


def site_state(site_id: str) -> str:
    """The retained topic with a site's state, same JSON as the API."""
    return f"smartplace/v1/sites/{site_id}/state"


def parse(topic: str) -> ChirpStackTopic | DeviceTopic | None:
    """What a topic names, or None where it is no topic of ours. The parts are as received, unchecked."""
    match topic.split("/"):
        case ["application", application_id, "device", dev_eui, "event", event]:
            return ChirpStackTopic(application_id, dev_eui, event)
        case ["smartplace", "v1", "devices", device_id, channel]:
            return DeviceTopic(device_id, channel)
        case _:
            return None
