"""The demo borough that comes with the package."""

from collections.abc import Callable
from datetime import timedelta
from importlib import resources

from domain.places import Places
from domain.places_file import parse_places

DEMO_FILE = "thurrock.toml"


def demo_text() -> str:
    """The places file of the demo borough."""
    return resources.files("simulators").joinpath(DEMO_FILE).read_text(encoding="utf-8")


def demo_places(silent_after: Callable[[str], timedelta]) -> Places:
    """The demo borough; `silent_after` as for parse_places."""
    return parse_places(demo_text(), source=DEMO_FILE, silent_after=silent_after)
