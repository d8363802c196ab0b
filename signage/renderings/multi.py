"""A frame as an NTCIP 1203 MULTI string, for LED signs at the roadside.

`[jp3]` is the middle of the sign, `[jl2]` left and `[jl4]` right in a row, `[jl3]` its middle, `[nl]` a new row,
`[np]` a new page, `[pt30o0]` three seconds for each page. A bracket in a text is written twice. An empty string is a
blank sign: that is what an expired frame is, since a driver has no use for a sentence about data. What the sign does
when it hears nothing any more is its own setting: let its "comms loss message" be blank, and its time-out 60 s.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from domain.boards import Arrow
from signage.frame import Frame, Line
from signage.renderings.phrases import is_expired, shown_lines

_ARROWS = {Arrow.LEFT: ("< ", ""), Arrow.RIGHT: ("", " >"), Arrow.AHEAD: ("^ ", "")}
# What has an accent in a language of ours and none in the fonts of signs.
_LATIN_1 = str.maketrans({"Œ": "OE", "ß": "SS", "’": "'", "‘": "'", "–": "-", "—": "-", "…": "..."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """How much a sign can show: rows of a page, and characters of a row."""

    rows: int
    columns: int


MATRIX = Matrix(rows=3, columns=18)
"""What a sign has of which nobody says more."""


def render_multi(frame: Frame, matrix: Matrix = MATRIX) -> str:
    """The MULTI string; empty for a blank sign."""
    if is_expired(frame) or not frame.lit:
        return ""
    blocks = [*_message(frame, matrix), *(_line(line, matrix) for line in shown_lines(frame))]
    pages = ["[jp3]" + "[nl]".join(page) for page in _pages(blocks, matrix.rows)]
    return "[np]".join(f"[pt30o0]{page}" if len(pages) > 1 else page for page in pages)


def _pages(blocks: Sequence[Sequence[str]], rows: int) -> Iterator[list[str]]:
    """Rows page by page; what belongs together stays together where a page has room for it."""
    page: list[str] = []
    for block in blocks:
        if page and len(page) + len(block) > rows:
            yield page
            page = []
        for row in block:
            if len(page) == rows:
                yield page
                page = []
            page.append(row)
    if page:
        yield page


def _message(frame: Frame, matrix: Matrix) -> list[list[str]]:
    """Each text of a message on rows of its own, by itself on its pages."""
    if not frame.message:
        return []
    rows = [f"[jl3]{_escaped(row)}" for row in wrap(_plain(frame.message), matrix.columns)]
    padding = -len(rows) % matrix.rows if frame.lines else 0
    return [[*rows, *[""] * padding]]


def _line(line: Line, matrix: Matrix) -> list[str]:
    before, after = _ARROWS[line.arrow] if line.arrow else ("", "")
    label, display = _plain(f"{before}{line.label}{after}"), _plain(line.display)
    if len(label) + 1 + len(display) <= matrix.columns:
        return [f"[jl2]{_escaped(label)}[jl4]{_escaped(display)}"]
    rows = wrap(label, matrix.columns)[:2] or [""]
    if len(rows[-1]) + 1 + len(display) <= matrix.columns:
        *firsts, last = rows
        return [*(f"[jl2]{_escaped(row)}" for row in firsts), f"[jl2]{_escaped(last)}[jl4]{_escaped(display)}"]
    return [*(f"[jl2]{_escaped(row)}" for row in rows), f"[jl4]{_escaped(display[: matrix.columns])}"]


def _plain(text: str) -> str:
    """Capitals of Latin-1, which is what the fonts of such signs have: `ŵ` becomes `W`, `é` stays `É`."""
    upper = text.translate(_LATIN_1).upper()
    return "".join(_latin_1(character) for character in upper)


def _latin_1(character: str) -> str:
    for form in (character, unicodedata.normalize("NFD", character)[:1]):
        if form.isprintable() and form.encode("latin-1", "ignore"):
            return form
    return "?"


def _escaped(text: str) -> str:
    return text.replace("[", "[[").replace("]", "]]")
