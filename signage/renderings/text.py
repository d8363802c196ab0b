"""A frame as plain text: a line for each line, for terminals, teletext and people who want no more."""

from domain.boards import Arrow
from domain.sign_words import WORDS
from signage.frame import Frame
from signage.renderings.phrases import clock, is_expired, shown_lines, state_phrase

ARROWS = {Arrow.LEFT: "<", Arrow.RIGHT: ">", Arrow.AHEAD: "^"}


def render_text(frame: Frame) -> str:
    """Title, lines, message and for when it holds; the title alone where nothing may be said."""
    rows = [frame.title, *frame.titles.values()]
    lines = shown_lines(frame)
    width = max((len(line.label) for line in lines), default=0)
    for line in lines:
        arrow = ARROWS.get(line.arrow, " ") if line.arrow else " "
        rows.append(f"{arrow} {line.label:{width}}  {state_phrase(line, frame)}")
    rows += [frame.message] if frame.message else []
    if not is_expired(frame):
        rows.append(f"{WORDS[frame.languages[0]].as_at} {clock(frame.as_of)}")
    return "\n".join(row.rstrip() for row in rows) + "\n"
