"""The kiosk page: a frame as HTML that is complete before any script runs."""

from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from domain.availability import Availability
from domain.boards import Arrow
from domain.sign_words import WORDS, joined
from signage.fallback import DASHES
from signage.frame import Frame
from signage.renderings.fonts import FONT_FILE

STATIC_DIR = Path(__file__).with_name("static")
FONTS_DIR = FONT_FILE.parent
STATIC_URL = "/signage-static"
FONTS_URL = "/signage-fonts"
"""Where the style sheet finds the typeface; serve `FONTS_DIR` there."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_UK = ZoneInfo("Europe/London")


class KioskPage:
    """The page of any sign of one organisation."""

    def __init__(self, organisation: str) -> None:
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["uk_time"] = _uk_time
        environment.globals.update(
            organisation=organisation,
            dashes=DASHES,
            css_url=_hashed_url("kiosk.css"),
            js_url=_hashed_url("kiosk.js"),
        )
        self._template = environment.get_template("kiosk.html")

    def html(self, frame: Frame) -> str:
        """The board with this frame, in its languages; its script keeps it up to date."""
        return self._page(frame, live=True)

    def still(self, frame: Frame) -> str:
        """The same without a script: how the board looks, and nothing that moves."""
        return self._page(frame, live=False)

    def _page(self, frame: Frame, *, live: bool) -> str:
        words = [WORDS[language] for language in frame.languages]
        return self._template.render(
            frame=frame,
            live=live,
            state_words={state: joined([one.states[state] for one in words]) for state in Availability},
            arrow_words={arrow: joined([one.arrows[arrow] for one in words]) for arrow in Arrow},
            expired_message=joined([one.expired for one in words]),
        )


def _hashed_url(name: str) -> str:
    digest = blake2b((STATIC_DIR / name).read_bytes(), digest_size=8).hexdigest()
    return f"{STATIC_URL}/{name}?v={digest}"


def _uk_time(instant: datetime) -> str:
    return f"{instant.astimezone(_UK):%H:%M:%S}"
