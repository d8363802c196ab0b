"""What looks as if somebody had tampered with a device or its link: said by the network or seen in the frames."""

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


class SecurityCode(StrEnum):
    """What the platform sees by itself. The values are stored: never reuse one. Networks add codes of their own."""

    COUNTER_RESET = "counter_reset"
    COUNTER_REUSED = "counter_reused"
    SIGN_KEY_FOREIGN = "sign_key_foreign"
    IDENTITY_MISMATCH = "identity_mismatch"


# Frames overtake one another, but not by so many: a counter that falls further within a session began anew.
RESET_BY = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkNotice:
    """What a network server says about a device: a counter that went back, a signature that is wrong, a failed codec.

    `code` is the network server's own word for it, such as UPLINK_MIC; newer versions may bring words of their own.
    `said_at` is its clock as it stands in the event, None where it has none: with the words it names the notice,
    however often it is delivered.
    """

    device_id: DeviceId
    code: str
    level: Level
    description: str
    context: Mapping[str, str]
    said_at: datetime | None
    observed_at: datetime
    received_at: datetime

    @property
    def event(self) -> "SecurityEvent":
        """What it says of the device, in the form of what the platform sees by itself."""
        return SecurityEvent(
            code=self.code,
            device_id=self.device_id,
            session=self.context.get("dev_addr", ""),
            detail=f"{self.level.value}: {self.description}" if self.description else self.level.value,
            observed_at=self.observed_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """One thing that happened to a device; `device_id` as the network says it, in the register or not."""

    code: str
    device_id: str
    session: str
    detail: str
    observed_at: datetime
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityRecord:
    """What happened to a device in a session, counted; `detail` is of the newest time."""

    code: str
    device_id: str
    session: str
    detail: str
    first_at: datetime
    last_at: datetime
    times: int
