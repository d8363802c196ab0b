"""What a frame says, in phrases for whoever has words but no board."""

from collections.abc import Sequence
from datetime import datetime

from domain.availability import Availability
from domain.local_time import LONDON
from domain.sign_words import WORDS
from signage.frame import Basis, Frame, Line

_COUNTED = frozenset({Availability.SPACES, Availability.ALMOST_FULL})


def shown_lines(frame: Frame) -> Sequence[Line]:
    """The lines that say anything: neither blank nor on an unlit board."""
    return [line for line in frame.lines if line.display]


def is_expired(frame: Frame) -> bool:
    """Whether nothing of it may be shown any more."""
    return frame.valid_for_s <= 0


def clock(moment: datetime) -> str:
    """The time of day in the United Kingdom: `14:32`."""
    return f"{moment.astimezone(LONDON):%H:%M}"


def state_phrase(line: Line, frame: Frame) -> str:
    """What a line says of its place in the first language: `4 spaces`, `1 space, almost full`, `full`."""
    words = WORDS[frame.languages[0]]
    if line.basis in {Basis.USUAL, Basis.TEXT}:
        return line.display
    if line.basis is Basis.FORCED:
        return line.display.lower()
    if line.state not in _COUNTED:
        return _lower_first(words.states[line.state], frame.languages[0])
    counted = f"{line.display} {words.one_space if line.count == 1 else words.many_spaces}"
    few = line.state is Availability.ALMOST_FULL
    return f"{counted}, {_lower_first(words.states[line.state], frame.languages[0])}" if few else counted


def _lower_first(text: str, language: str) -> str:
    return text if language == "de" else text[:1].lower() + text[1:]
