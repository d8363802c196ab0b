"""The kiosk page: a frame as HTML that is complete before any script runs."""

from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from domain.availability import Availability
from domain.boards import Arrow
from domain.local_time import LONDON
from domain.sign_words import WORDS, joined
from signage.fallback import DASHES
from signage.frame import Frame
from signage.player import file_url


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
            css_url=file_url("kiosk.css"),
            setup_js_url=file_url("setup.js"),
            js_url=file_url("kiosk.js"),
        )
        self._template = environment.get_template("kiosk.html")
        self.setup = environment.get_template("setup.html").render()

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


def _uk_time(instant: datetime) -> str:
    return f"{instant.astimezone(LONDON):%H:%M:%S}"
