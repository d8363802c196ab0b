"""What pages about signs say in words."""

from collections.abc import Mapping

from dashboard.wording import CATEGORIES
from domain.boards import Arrow, FallbackKind, Layout, LineMode
from domain.categories import Category
from domain.sign_look import Condition

MODES: Mapping[LineMode, str] = {
    LineMode.AUTO: "What the sensors say",
    LineMode.BLANK: "Nothing",
    LineMode.FULL: "Full",
    LineMode.CLOSED: "Closed",
    LineMode.STAFF: "Staff only",
    LineMode.TEST: "Test",
}
ARROWS: Mapping[Arrow, str] = {Arrow.LEFT: "Left", Arrow.RIGHT: "Right", Arrow.AHEAD: "Ahead"}
LAYOUTS: Mapping[Layout, str] = {
    Layout.LANDSCAPE: "Landscape",
    Layout.PORTRAIT: "Portrait",
    Layout.TOTEM: "Totem: narrow and high",
    Layout.STRIP: "LED strip: wide and low",
    Layout.EPAPER: "E-paper",
}
FALLBACKS: Mapping[FallbackKind, str] = {
    FallbackKind.DASHES: "Dashes",
    FallbackKind.USUAL: "What is usual at this time of the week, in words",
    FallbackKind.TEXT: "A text of your own",
}
CONDITIONS: Mapping[Condition, str] = {
    Condition.NOW: "Now",
    Condition.FULL: "Every bay taken",
    Condition.CLOSED: "Every bay closed",
    Condition.UNKNOWN_30: "30 % of the bays unknown",
    Condition.STALE: "No data for a while",
}
LANGUAGES: Mapping[str, str] = {"en": "English", "cy": "Welsh", "fr": "French", "de": "German"}
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_SCALES = (100, 75, 50, 40, 30, 25, 20, 18, 15, 10, 5)
_WIDEST_PX, _HIGHEST_PX = 360, 400


def place_text(site: str, zone: str | None, category: str | None, names: Mapping[str, str]) -> str:
    """A place that a line may point to: `Quarry Lane, zone roof, accessible`."""
    parts = [names.get(site, site), f"zone {zone}" if zone else "", CATEGORIES[Category(category)] if category else ""]
    return ", ".join(part for part in parts if part)


def scale_percent(width_px: int, height_px: int) -> int:
    """How small a screen is drawn so that it fits beside others; the style sheet knows these sizes."""
    fits = (
        scale for scale in _SCALES if width_px * scale <= _WIDEST_PX * 100 and height_px * scale <= _HIGHEST_PX * 100
    )
    return next(fits, _SCALES[-1])
