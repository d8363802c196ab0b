"""A frame as a picture of one bit a pixel, for e-paper and for whoever shows pictures only.

Such a screen keeps its picture when power or network are gone, so the moment for which it holds stands on it. Words and
shapes say everything: there is no colour. FULL and CLOSED are white on black, which carries furthest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from domain.availability import Availability
from domain.sign_words import WORDS, joined
from signage.fallback import DASHES
from signage.frame import Basis, Frame, Line
from signage.renderings.fonts import BOLD, HEAVY, REGULAR, cap_height, cut, fitting, font
from signage.renderings.phrases import clock, is_expired, shown_lines
from signage.renderings.shapes import draw_arrow, draw_shape

BLACK, WHITE = 0, 1
_LABEL, _BELOW = 0.36, 0.22
"""Heights of capitals in a line, as shares of its own."""
_IN_WORDS = frozenset({Availability.FULL, Availability.CLOSED})


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the picture, in pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """From top to bottom."""
        return self.bottom - self.top

    def inner(self, x: int, y: int) -> "Box":
        """Without a margin."""
        return Box(self.left + x, self.top + y, self.right - x, self.bottom - y)


def render_png(frame: Frame, size: tuple[int, int]) -> bytes:
    """PNG of one bit a pixel."""
    return _saved(draw(frame, size), "PNG", optimize=True)


def render_bmp(frame: Frame, size: tuple[int, int]) -> bytes:
    """BMP of one bit a pixel, uncompressed."""
    return _saved(draw(frame, size), "BMP")


def draw(frame: Frame, size: tuple[int, int]) -> Image.Image:
    """The picture. A board that is not lit is white."""
    image = Image.new("1", size, WHITE)
    canvas = ImageDraw.Draw(image)
    canvas.fontmode = "1"
    if not frame.lit:
        return image
    whole = Box(0, 0, *size)
    if size[0] >= 4 * size[1]:
        _strip(canvas, frame, whole)
    else:
        _page(canvas, frame, whole)
    return image


def _saved(image: Image.Image, form: str, **options: bool) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _page(canvas: ImageDraw.ImageDraw, frame: Frame, box: Box) -> None:
    """Title, lines one below another, and when this holds."""
    edge = max(6, min(box.width, box.height) // 24)
    rule = max(1, min(box.width, box.height) // 160)
    head = max(20, min(box.height // 6, box.width // 7))
    foot = max(14, min(box.height // 11, box.width // 12))
    lines = [] if is_expired(frame) else shown_lines(frame)
    _title(canvas, frame, Box(box.left + edge, box.top, box.right - edge, box.top + head))
    _foot(canvas, frame, Box(box.left, box.bottom - foot, box.right, box.bottom), edge)
    room = Box(box.left + edge, box.top + head, box.right - edge, box.bottom - foot)
    if frame.message:
        share = 1.0 if not lines else 0.28
        top = room.bottom - int(room.height * share)
        if lines:
            canvas.rectangle((room.left, top, room.right - 1, top + rule - 1), fill=BLACK)
        _message(canvas, frame.message, Box(room.left, top, room.right, room.bottom).inner(0, max(3, foot // 5)))
        room = Box(room.left, room.top, room.right, top)
    rows = [
        Box(
            room.left,
            room.top + room.height * number // len(lines),
            room.right,
            room.top + room.height * (number + 1) // len(lines),
        )
        for number in range(len(lines))
    ]
    for row in rows:
        canvas.rectangle((row.left, row.top, row.right - 1, row.top + rule - 1), fill=BLACK)
    _lines(canvas, frame, list(zip(lines, (row.inner(0, rule + row.height // 14) for row in rows), strict=True)))


def _strip(canvas: ImageDraw.ImageDraw, frame: Frame, box: Box) -> None:
    """Lines side by side: a strip has no room below."""
    lines = [] if is_expired(frame) else shown_lines(frame)
    foot = max(10, box.height // 7)
    _foot(canvas, frame, Box(box.left, box.bottom - foot, box.right, box.bottom), max(4, foot // 3))
    room = Box(box.left, box.top, box.right, box.bottom - foot)
    cells: list[Line | str] = [*([frame.message] if frame.message else []), *lines] or [frame.title]
    placed: list[tuple[Line, Box]] = []
    for number, cell in enumerate(cells):
        left = room.left + room.width * number // len(cells)
        part = Box(left, room.top, room.left + room.width * (number + 1) // len(cells), room.bottom)
        if number:
            canvas.rectangle((left, part.top, left + 1, part.bottom), fill=BLACK)
        inner = part.inner(max(6, part.width // 24), max(2, part.height // 16))
        if isinstance(cell, str):
            _message(canvas, cell, inner)
        else:
            placed.append((cell, inner))
    _lines(canvas, frame, placed)


def _lines(canvas: ImageDraw.ImageDraw, frame: Frame, placed: Sequence[tuple[Line, Box]]) -> None:
    """Lines in their boxes; all labels in one size, so that none looks like more than the others."""
    parts = [(line, *_columns(line, box)) for line, box in placed]
    names = [(line, left) for line, left, _ in parts]
    sizes = [
        fitting(line.label, width=_text_room(line, box), height=int(box.height * _LABEL), weight=BOLD).size
        for line, box in names
    ]
    said = [(line, right, _is_plate(line)) for line, _, right in parts]
    plates = [_word_font(line, box).size for line, box, plate in said if plate]
    numbers = [_number_font(line, box).size for line, box, plate in said if not plate]
    for line, left, right in parts:
        _names(canvas, frame, line, left, font(int(min(sizes)), BOLD))
        found = font(int(min(plates if _is_plate(line) else numbers)), HEAVY)
        put = _plate if _is_plate(line) else _number
        put(canvas, line, right, found, align_right=right.top == left.top)


def _columns(line: Line, box: Box) -> tuple[Box, Box]:
    """Where the names of a line stand, and what is said of it: side by side, or one above the other in a narrow box."""
    if box.width < 2.6 * box.height:
        middle = box.top + int(box.height * 0.46)
        return Box(box.left, box.top, box.right, middle), Box(box.left, middle, box.right, box.bottom)
    middle = box.left + int(box.width * (0.6 if len(line.display) <= 4 else 0.52))
    gap = box.height // 8
    return Box(box.left, box.top, middle - gap, box.bottom), Box(middle, box.top, box.right, box.bottom)


def _arrow_side(box: Box) -> int:
    return min(int(box.height * 0.5), box.width // 6)


def _text_room(line: Line, box: Box) -> int:
    side = _arrow_side(box)
    return box.width - (side + max(4, side // 3) if line.arrow else 0)


def _names(canvas: ImageDraw.ImageDraw, frame: Frame, line: Line, box: Box, label_font: FreeTypeFont) -> None:
    """Where to go, the label in every language and, where the display is a number, the word for it."""
    room = _text_room(line, box)
    left = box.right - room
    if line.arrow:
        side = _arrow_side(box)
        draw_arrow(canvas, line.arrow, (box.left, box.top + (box.height - side) // 2), side)
    below = joined([*line.labels.values(), line.word if _needs_word(frame, line) else ""])
    high = cap_height(label_font)
    middle = (box.top + box.bottom) // 2
    baseline = middle + high // 2
    if below:
        found = fitting(below, width=room, height=min(int(box.height * _BELOW), int(high * 0.8)), weight=REGULAR)
        gap = max(4, box.height // 6)
        together = high + gap + cap_height(found)
        baseline = middle - together // 2 + high
        canvas.text(
            (left, baseline + gap + cap_height(found)), cut(below, found, room), font=found, fill=BLACK, anchor="ls"
        )
    canvas.text((left, baseline), cut(line.label, label_font, room), font=label_font, fill=BLACK, anchor="ls")


def _is_plate(line: Line) -> bool:
    return line.state in _IN_WORDS and line.basis in {Basis.MEASURED, Basis.FORCED}


def _shape_side(line: Line, box: Box) -> int:
    return 0 if line.basis is Basis.FORCED else int(min(box.height * 0.46, box.width * 0.2))


def _number_font(line: Line, box: Box) -> FreeTypeFont:
    room = box.width - _shape_side(line, box) * 3 // 2
    return fitting(line.display, width=room, height=int(box.height * 0.76), weight=HEAVY)


def _number(canvas: ImageDraw.ImageDraw, line: Line, box: Box, found: FreeTypeFont, *, align_right: bool) -> None:
    """The shape, and the number or what stands for one."""
    side = _shape_side(line, box)
    beside = side * 3 // 2
    text = cut(line.display, found, box.width - beside)
    if line.count is not None and text != line.display:
        # Half a number is another number.
        text = DASHES
    wide = int(found.getlength(text))
    left = box.right - wide if align_right else box.left + beside
    middle = (box.top + box.bottom) // 2
    if side:
        draw_shape(canvas, line.state, (left - beside, middle - side // 2), side)
    canvas.text((left, middle + cap_height(found) // 2), text, font=found, fill=BLACK, anchor="ls")


def _word_font(line: Line, box: Box) -> FreeTypeFont:
    return fitting(line.display, width=int(box.width * 0.86), height=int(box.height * 0.5), weight=HEAVY)


def _plate(canvas: ImageDraw.ImageDraw, line: Line, box: Box, found: FreeTypeFont, *, align_right: bool) -> None:
    """The word, white on black."""
    high = min(int(box.height * 0.84), int(cap_height(found) * 1.9))
    text = cut(line.display, found, box.width)
    wide = min(box.width, int(found.getlength(text) + cap_height(found) * 0.9))
    left = box.right - wide if align_right else box.left
    middle = (box.top + box.bottom) // 2
    plate = (left, middle - high // 2, left + wide - 1, middle + high // 2)
    canvas.rounded_rectangle(plate, radius=high // 10, fill=BLACK)
    canvas.text((left + wide // 2, middle + cap_height(found) // 2), text, font=found, fill=WHITE, anchor="ms")


def _title(canvas: ImageDraw.ImageDraw, frame: Frame, box: Box) -> None:
    _fitted(canvas, joined([frame.title, *frame.titles.values()]), box, weight=HEAVY, share=0.42)


def _foot(canvas: ImageDraw.ImageDraw, frame: Frame, box: Box, edge: int) -> None:
    """White on black, so that nobody misses it: a picture may hang there long after."""
    canvas.rectangle((box.left, box.top, box.right, box.bottom), fill=BLACK)
    as_at = joined([f"{WORDS[language].as_at} {clock(frame.as_of)}" for language in frame.languages])
    inner = Box(box.left + edge, box.top, box.right - edge, box.bottom)
    _fitted(canvas, as_at, inner, weight=BOLD, share=0.46, fill=WHITE, align_right=True)


def _message(canvas: ImageDraw.ImageDraw, message: str, box: Box) -> None:
    """As large as it fits in rows."""
    for size in range(min(box.height, box.width // 4), 9, -2):
        found = font(size, BOLD)
        rows = _rows(message, found, box.width)
        if len(rows) * size * 1.15 <= box.height and all(found.getlength(row) <= box.width for row in rows):
            break
    else:
        found = font(10, BOLD)
        rows = _rows(message, found, box.width)[: max(1, box.height // 12)]
    leading = int(found.size * 1.15)
    top = box.top + (box.height - leading * len(rows)) // 2
    for number, row in enumerate(rows):
        canvas.text((box.left, top + leading * number), cut(row, found, box.width), font=found, fill=BLACK, anchor="la")


def _rows(text: str, found: FreeTypeFont, width: int) -> list[str]:
    rows: list[str] = []
    for word in text.split():
        longer = f"{rows[-1]} {word}" if rows else word
        if rows and found.getlength(longer) <= width:
            rows[-1] = longer
        else:
            rows.append(word)
    return rows


def _fitted(
    canvas: ImageDraw.ImageDraw,
    text: str,
    box: Box,
    *,
    weight: int,
    share: float,
    fill: int = BLACK,
    align_right: bool = False,
) -> None:
    """One row in the middle of a box; its capitals are at most `share` of the box's height."""
    found = fitting(text, width=box.width, height=int(box.height * share), weight=weight)
    text = cut(text, found, box.width)
    left = box.right - int(found.getlength(text)) if align_right else box.left
    baseline = (box.top + box.bottom + cap_height(found)) // 2
    canvas.text((left, baseline), text, font=found, fill=fill, anchor="ls")


def _needs_word(frame: Frame, line: Line) -> bool:
    """FULL and CLOSED are their own word, unless there is another language to say it in."""
    return line.basis is not Basis.FORCED and (line.state not in _IN_WORDS or len(frame.languages) > 1)
