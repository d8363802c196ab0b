"""What a network server noticed about a device that a person may have to look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.ids import DeviceId


class Level(StrEnum):
    """How serious the network server holds it to be."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """A notice about a device: a counter that went back, a frame repeated, a signature that is wrong, a failed codec.

    `code` is the network server's own word for it, such as UPLINK_MIC; newer versions may bring words of their own.
    """

    device_id: DeviceId
    code: str
    level: Level
    description: str
    context: Mapping[str, str]
    observed_at: datetime
