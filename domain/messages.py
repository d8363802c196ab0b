"""Messages to the public: what somebody wants signs to say, besides or instead of their lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class MessageKind(StrEnum):
    """Why a sign says it."""

    PLANNED = "planned"
    EMERGENCY = "emergency"
    ALTERNATIVE = "alternative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. `texts` are its translations by language tag; of several the highest `priority` comes first.

    With `replaces_lines` a sign shows the message alone.
    """

    message_id: str
    text: str
    texts: Mapping[str, str] = field(default_factory=dict)
    kind: MessageKind
    begins_at: datetime
    ends_at: datetime
    replaces_lines: bool = False
    priority: int = 0
