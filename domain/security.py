"""What looks as if somebody had tampered with a device or its link: said by the network or seen in the frames."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SecurityCode(StrEnum):
    """What the platform sees by itself. The values are stored: never reuse one. Networks add codes of their own."""

    COUNTER_RESET = "counter_reset"
    COUNTER_REUSED = "counter_reused"


# Frames overtake one another, but not by so many: a counter that falls further within a session began anew.
RESET_BY = 1000


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
