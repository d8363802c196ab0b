"""What a sign looks like, for those who keep signs: now, or with another board, or if things were otherwise."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.boards import Board, LineMode


class Condition(StrEnum):
    """What a board may have to say one day, to be seen before it has to."""

    NOW = "now"
    FULL = "full"
    CLOSED = "closed"
    UNKNOWN_30 = "unknown-30"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookLine:
    """One line in words; `word` is its state in all languages."""

    label: str
    display: str
    word: str
    mode: LineMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A frame as people see it. Either `html` (a whole document) or `picture` (PNG) is what its screen shows.

    `body` is what a program that asks for the frame gets, byte for byte.
    """

    lines: tuple[LookLine, ...]
    message: str | None
    lit: bool
    frame_id: str
    generated_at: datetime
    as_of: datetime
    valid_until: datetime
    valid_for_s: float
    width_px: int
    height_px: int
    html: str | None
    picture: bytes | None
    body: bytes


class SignLooks(Protocol):
    """Renders signs as they are rendered in the street."""

    def now(self, sign_id: str) -> Look:
        """What a sign says now; raises UnknownPlaceError."""
        ...

    def preview(self, board: Board, condition: Condition) -> Look:
        """What a sign would say with this board under this condition; nothing is kept."""
        ...
