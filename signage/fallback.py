"""What a line says where no sensor decides it: never a number."""

from datetime import datetime

from domain.availability import ALMOST_FULL_SHARE, Availability
from domain.boards import Board, BoardLine, FallbackKind, LineMode
from domain.sign_words import WORDS
from domain.usual import UsualOccupancy

DASHES = "--"
FULL_SHARE = 0.02
"""A share of free bays below which a place is usually full."""


def fallback_text(line: BoardLine, board: Board, *, now: datetime, usual: UsualOccupancy) -> tuple[str, str]:
    """What stands instead of a number in the board's first language, and what it rests on (`Basis`)."""
    fallback = line.fallback or board.fallback
    match fallback.kind:
        case FallbackKind.TEXT:
            return fallback.text, "text"
        case FallbackKind.USUAL:
            known = usual.at(line.site_id, line.category, now)
            if known is not None:
                return WORDS[board.languages[0]].usual[_word(known.share_free)], "usual"
    return DASHES, "nothing"


def forced_text(mode: LineMode, language: str) -> str:
    """What stands on a line that somebody set to this mode."""
    words = WORDS[language]
    return {
        LineMode.FULL: words.full,
        LineMode.CLOSED: words.closed,
        LineMode.STAFF: words.staff,
        LineMode.TEST: words.test,
    }.get(mode, "")


def _word(free_share: float) -> Availability:
    if free_share < FULL_SHARE:
        return Availability.FULL
    return Availability.ALMOST_FULL if free_share <= ALMOST_FULL_SHARE else Availability.SPACES
