"""A frame as flat JSON for Xibo: one array of flat objects under the data root `lines`, every text ready to show.

A DataSet of Xibo reads `lines` as its data root and each key as the path of a column; the same document serves data
connectors, which blank by themselves when `valid_for_s` have passed.
"""

import json

from domain.sign_words import WORDS, joined
from domain.times import rfc3339
from signage.frame import Frame, Line
from signage.renderings.phrases import clock, is_expired, shown_lines, state_phrase

COLOURS = {
    "spaces": "#7fe0b0",
    "almost_full": "#ffd34d",
    "full": "#ff9c94",
    "closed": "#cecece",
    "unknown": "#cbb8ff",
}
"""For a dark ground."""


def render_flat(frame: Frame) -> str:
    """Always at least one row, so that a player that keeps old rows gets a new one."""
    lines = [] if is_expired(frame) else shown_lines(frame)
    rows = [_row(frame, position, line) for position, line in enumerate(lines, 1)] or [_blank(frame)]
    return json.dumps({"lines": rows}, ensure_ascii=False)


def _row(frame: Frame, position: int, line: Line) -> dict[str, str | int | float]:
    words = WORDS[frame.languages[0]]
    return {
        **_frame_values(frame),
        "position": position,
        "key": line.key,
        "label": joined([line.label, *line.labels.values()]),
        "display": line.display,
        "word": line.word,
        "phrase": state_phrase(line, frame),
        "state": line.state.value,
        "arrow": line.arrow.value if line.arrow else "",
        "arrow_word": words.arrows[line.arrow] if line.arrow else "",
        "colour": COLOURS[line.state.value],
    }


def _blank(frame: Frame) -> dict[str, str | int | float]:
    texts = ("key", "label", "display", "word", "phrase", "arrow", "arrow_word")
    return {**_frame_values(frame), "position": 0, **dict.fromkeys(texts, ""), "state": "unknown", "colour": "#000000"}


def _frame_values(frame: Frame) -> dict[str, str | int | float]:
    return {
        "sign_id": frame.sign_id,
        "title": joined([frame.title, *frame.titles.values()]),
        "message": frame.message or "",
        "frame_id": frame.frame_id,
        "revision": frame.revision,
        "as_at": clock(frame.as_of),
        "valid_until": rfc3339(frame.valid_until),
        "valid_for_s": round(frame.valid_for_s, 3),
    }
