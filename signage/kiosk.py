"""The kiosk page: a frame as HTML that is complete before any script runs."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from domain.availability import WORDS
from domain.places import Arrow
from signage.frame import DASHES, EXPIRED_MESSAGE, Frame
from signage.player import file_url

ARROW_WORDS = {Arrow.LEFT: "to the left", Arrow.RIGHT: "to the right", Arrow.AHEAD: "straight ahead"}

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
            state_words=WORDS,
            arrow_words=ARROW_WORDS,
            dashes=DASHES,
            expired_message=EXPIRED_MESSAGE,
            css_url=file_url("kiosk.css"),
            setup_js_url=file_url("setup.js"),
            js_url=file_url("kiosk.js"),
        )
        self._template = environment.get_template("kiosk.html")
        self.setup = environment.get_template("setup.html").render()

    def html(self, frame: Frame) -> str:
        """The board with this frame."""
        return self._template.render(frame=frame)


def _uk_time(instant: datetime) -> str:
    return f"{instant.astimezone(_UK):%H:%M:%S}"
