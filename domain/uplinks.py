"""An uplink: one frame of one device, whoever carried it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.errors import Reason
from domain.ids import DeviceId
from domain.measurements import Measurements
from domain.values import value


class Network(StrEnum):
    """Who carried the frame."""

    CHIRPSTACK = "chirpstack"
    THINGS_STACK = "things_stack"
    MQTT = "mqtt"


class TimeSource(StrEnum):
    """Whose clock `observed_at` was read from, best first."""

    DEVICE = "device"
    GATEWAY = "gateway"
    NETWORK = "network"
    RECEIVED = "received"


class Kind(StrEnum):
    """Why a device spoke."""

    EVENT = "event"
    HEARTBEAT = "heartbeat"
    STARTUP = "startup"
    CONFIG = "config"
    ERROR = "error"


Hearing = tuple[str, float | None, float | None]
"""A gateway that heard a frame: its id, RSSI in dBm, SNR in dB; None where no radio can have measured that."""


@value
class Uplink:
    """A frame as received: which device, which counter, which bytes, and when.

    `session` changes when the device joins anew (dev_addr on LoRaWAN) and `f_cnt` counts within it; together with
    the payload they name the frame, whoever delivers it and however often. `payload` is the FRMPayload, or for our
    own MQTT devices the whole JSON message. `gateways` are the best of those that heard it, for asset managers alone;
    they are no part of its name: whoever delivers a frame again may have heard it elsewhere.
    """

    device_id: DeviceId
    network: Network
    session: str
    f_cnt: int
    f_port: int
    payload: bytes
    observed_at: datetime
    time_source: TimeSource
    received_at: datetime
    rssi_dbm: float | None = None
    snr_db: float | None = None
    gateway_count: int = 0
    gateways: tuple[Hearing, ...] = ()


@value
class Decoded:
    """What an uplink's bytes mean, by one version of one codec.

    `measurements` are canonical (domain.measurements); `raw` keeps the vendor's own fields, for people.
    """

    model: str
    codec_version: int
    kind: Kind
    measurements: Measurements
    raw: dict[str, object]


@value
class Accepted:
    """An uplink with its meaning, ready to be kept."""

    uplink: Uplink
    decoded: Decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A message that could not become an uplink, ready to be kept: `payload` is the whole message as received.

    Messages of one reason, topic and payload are one dead letter, counted; where
    given, `same_as` stands for the payload.
    """

    reason: Reason
    detail: str
    topic: str
    device_id: str | None
    payload: bytes
    received_at: datetime
    same_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of a batch: rows kept, frames that were there already, messages set aside, new notices."""

    kept: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    notices: int = 0
