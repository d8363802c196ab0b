"""What pages about signs say in words."""

from collections.abc import Mapping

from dashboard.wording import CATEGORIES
from domain.boards import Arrow, FallbackKind, Layout, LineMode
from domain.categories import Category
from domain.sign_look import Condition
from domain.sign_reports import Agreement, DayOfPlay, Refusal, Report

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
AGREEMENTS: Mapping[Agreement, str] = {
    Agreement.SAME: "What it is served",
    Agreement.DIFFERENT: "Something else than it is served",
    Agreement.NOT_KNOWN: "Not known: it does not say, or nobody here knows what it was served",
}
REFUSALS: Mapping[Refusal, str] = {
    Refusal.MALFORMED: "no frames",
    Refusal.FOREIGN: "of another sign",
    Refusal.REPLAYED: "older than what it showed",
    Refusal.EXPIRED: "past their time",
}
LANGUAGES: Mapping[str, str] = {"en": "English", "cy": "Welsh", "fr": "French", "de": "German"}
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_SCALES = (100, 75, 50, 40, 30, 25, 20, 18, 15, 10, 5)
_WIDEST_PX, _HIGHEST_PX = 360, 400


def place_text(site: str, zone: str | None, category: str | None, names: Mapping[str, str]) -> str:
    """A place that a line may point to: `Quarry Lane, zone roof, accessible`."""
    parts = [names.get(site, site), f"zone {zone}" if zone else "", CATEGORIES[Category(category)] if category else ""]
    return ", ".join(part for part in parts if part)


def shown_text(report: Report) -> str:
    """What a screen says that it shows: `A blank board`."""
    if report.heartbeat.frame_id is None and report.agreement is not Agreement.DIFFERENT:
        return "A blank board"
    return AGREEMENTS[report.agreement]


def vitals_text(report: Report) -> str:
    """How a screen is, as far as it says: `screen on, battery 3.91 V, −71 dBm, up for 3 h`."""
    said = report.heartbeat
    parts = [
        "" if said.screen_on is None else f"screen {'on' if said.screen_on else 'off'}",
        "" if said.battery_percent is None else f"battery {said.battery_percent:.0f} %",
        "" if said.battery_volts is None else f"battery {said.battery_volts:.2f} V",
        "" if said.rssi_dbm is None else f"{said.rssi_dbm:.0f} dBm".replace("-", "−"),
        "" if said.uptime is None else f"up for {said.uptime.total_seconds() / 3600:.1f} h",
        said.player,
    ]
    return ", ".join(part for part in parts if part) or "It does not say"


def refused_text(report: Report) -> str:
    """What a screen refused since its player began: `2 older than what it showed`."""
    refused = report.heartbeat.refused
    return ", ".join(f"{refused[why]:,} {words}" for why, words in REFUSALS.items() if refused.get(why)) or "Nothing"


def share_text(day: DayOfPlay, part: str) -> str:
    """A part of a day in percent of it: `87.5 %`; what is a little is not nothing."""
    seconds, length = getattr(day, part).total_seconds(), day.length.total_seconds()
    percent = 100 * seconds / length if length else 0.0
    return "under 0.1 %" if 0 < percent < 0.05 else f"{percent:.1f} %"


def scale_percent(width_px: int, height_px: int) -> int:
    """How small a screen is drawn so that it fits beside others; the style sheet knows these sizes."""
    fits = (
        scale for scale in _SCALES if width_px * scale <= _WIDEST_PX * 100 and height_px * scale <= _HIGHEST_PX * 100
    )
    return next(fits, _SCALES[-1])
