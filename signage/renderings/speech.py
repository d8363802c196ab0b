"""A frame as one sentence to be spoken: for telephone lines and screen readers."""

from domain.sign_words import WORDS
from signage.frame import Frame, Line
from signage.renderings.phrases import shown_lines, state_phrase


def render_speech(frame: Frame) -> str:
    """One sentence in the first language; it names no time, since who hears it hears it now."""
    parts = [_spoken(line, frame) for line in shown_lines(frame)] if frame.valid_for_s > 0 else []
    parts += [frame.message] if frame.message else []
    said = "; ".join(part.rstrip(".") for part in parts)
    return (f"{frame.title}: {said}" if said else frame.title) + "."


def _spoken(line: Line, frame: Frame) -> str:
    words = WORDS[frame.languages[0]]
    where = [line.label, words.arrows[line.arrow]] if line.arrow else [line.label]
    return f"{', '.join(where)}, {state_phrase(line, frame)}"
