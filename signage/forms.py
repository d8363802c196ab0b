"""The forms in which a frame is served besides JSON: one table from the ending of an address to its rendering."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from signage.frame import Frame
from signage.freshness import by_as_of, by_frame, by_instant, by_minute
from signage.renderings.datex2 import render_datex2
from signage.renderings.feeds import render_atom, render_rss
from signage.renderings.flat import render_flat
from signage.renderings.multi import MATRIX, Matrix, render_multi
from signage.renderings.picture import render_bmp, render_png
from signage.renderings.speech import render_speech
from signage.renderings.text import render_text

COUNTRY = "gb"
PICTURE_PX = (800, 480)
"""The size of a picture whose board is for no e-paper and whose address says none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a form depends on besides the frame; `address` is where the sign's page is."""

    address: str
    publisher: str
    size: tuple[int, int] = PICTURE_PX
    matrix: Matrix = MATRIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form. `tag` is its ETag: one that prints a time has it there, too."""

    media_type: str
    what: str
    render: Callable[[Frame, Wanted], bytes]
    tag: Callable[[Frame], str]


_PLAIN = "text/plain; charset=utf-8"

FORMS: Mapping[str, Form] = {
    "txt": Form(
        media_type=_PLAIN,
        what="plain text",
        render=lambda frame, _: render_text(frame).encode(),
        tag=by_minute,
    ),
    "say": Form(
        media_type=_PLAIN,
        what="one sentence to be spoken",
        render=lambda frame, _: render_speech(frame).encode(),
        tag=by_frame,
    ),
    "rss": Form(
        media_type="application/rss+xml",
        what="RSS 2.0",
        render=lambda frame, wanted: render_rss(frame, address=wanted.address),
        tag=by_as_of,
    ),
    "atom": Form(
        media_type="application/atom+xml",
        what="Atom",
        render=lambda frame, wanted: render_atom(frame, address=wanted.address),
        tag=by_as_of,
    ),
    "png": Form(
        media_type="image/png",
        what="a picture of one bit a pixel (PNG)",
        render=lambda frame, wanted: render_png(frame, wanted.size),
        tag=by_minute,
    ),
    "bmp": Form(
        media_type="image/bmp",
        what="a picture of one bit a pixel (BMP)",
        render=lambda frame, wanted: render_bmp(frame, wanted.size),
        tag=by_minute,
    ),
    "multi": Form(
        media_type=_PLAIN,
        what="an NTCIP 1203 MULTI string",
        render=lambda frame, wanted: render_multi(frame, wanted.matrix).encode(),
        tag=by_frame,
    ),
    "xibo": Form(
        media_type="application/json",
        what="flat JSON, as Xibo's DataSets take it",
        render=lambda frame, _: render_flat(frame).encode(),
        tag=by_instant,
    ),
    "datex2": Form(
        media_type="application/xml",
        what="a DATEX II VmsPublication",
        render=lambda frame, wanted: render_datex2(frame, country=COUNTRY, publisher=wanted.publisher),
        tag=by_instant,
    ),
}
