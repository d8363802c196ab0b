"""The typeface of pictures: Overpass, which was drawn for road signs, in sizes that fit."""

from functools import cache
from pathlib import Path

import fontpkg_overpass
from PIL import ImageFont

FONT_FILE = Path(fontpkg_overpass.ROOT) / "files" / "Overpass[wght].ttf"
LEAST_PX = 9

REGULAR, BOLD, HEAVY = 600, 700, 800
"""Weights. Thin strokes break up in one colour, so there is nothing lighter."""

_CAP_HEIGHT = 0.72
"""The height of capitals and digits, in sizes of the typeface."""


@cache
def font(size_px: int, weight: int) -> ImageFont.FreeTypeFont:
    """The typeface in one size and weight."""
    found = ImageFont.truetype(str(FONT_FILE), size_px)
    found.set_variation_by_axes([weight])
    return found


def fitting(text: str, *, width: int, height: int, weight: int) -> ImageFont.FreeTypeFont:
    """The largest size at which capitals are at most `height` and the text at most `width` pixels.

    There is a least size, so what does not fit even then has to be cut: see `cut`.
    """
    size = max(LEAST_PX, int(height / _CAP_HEIGHT))
    wide = font(size, weight).getlength(text)
    if wide > width:
        size = max(LEAST_PX, int(size * width / wide))
    return font(size, weight)


def cut(text: str, found: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, or as much of it as fits with an ellipsis."""
    if found.getlength(text) <= width:
        return text
    while text and found.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def cap_height(found: ImageFont.FreeTypeFont) -> int:
    """How high its capitals and digits are, in pixels."""
    return round(found.size * _CAP_HEIGHT)
