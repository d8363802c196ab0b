"""A board as the document that `domain.board_document` reads."""

from typing import Any

from domain.availability import DEFAULT_THRESHOLDS, Thresholds
from domain.board_document import DAYS
from domain.boards import (
    PRIMARY_LANGUAGE,
    Board,
    BoardLine,
    Brightness,
    EPaper,
    Fallback,
    Hours,
    Layout,
    RadioDisplay,
)
from domain.ids import SiteId


def write_board(board: Board, *, name: str) -> dict[str, Any]:
    """The document of a board, JSON all through; what is as it would be anyway is left out."""
    document = {
        "title": board.title if board.title != name else None,
        "titles": dict(board.titles),
        "layout": board.layout.value if board.layout is not Layout.LANDSCAPE else None,
        "width_px": board.width_px,
        "height_px": board.height_px,
        "languages": list(board.languages) if board.languages != (PRIMARY_LANGUAGE,) else None,
        "brightness": _written_brightness(board.brightness),
        "hours": [_written_hours(hours) for hours in board.schedule],
        "fallback": _written_fallback(board.fallback) if board.fallback != Fallback() else None,
        "epaper": _written_epaper(board.epaper),
        "radio_display": _written_radio_display(board.radio_display),
        "lines": [_written_line(line) for line in board.lines],
    }
    return _without_nothing(document)


def _written_line(line: BoardLine) -> dict[str, Any]:
    given = BoardLine(key="", label="", site_id=SiteId(""))
    document = {
        "key": line.key,
        "label": line.label,
        "labels": dict(line.labels),
        "site": line.site_id,
        "zone": line.zone_id,
        "category": line.category.value if line.category else None,
        "arrow": line.arrow.value if line.arrow else None,
        "mode": line.mode.value,
        "minimum": line.minimum,
        "maximum": line.maximum,
        "offset": line.offset,
        "step": line.step,
        "thresholds": _written_thresholds(line.thresholds),
        "min_coverage": line.min_coverage,
        "max_age_s": None if line.max_age is None else int(line.max_age.total_seconds()),
        "fallback": _written_fallback(line.fallback),
    }
    unsaid = {name: getattr(given, name) for name in ("mode", "minimum", "offset", "step", "min_coverage")}
    return _without_nothing({name: value for name, value in document.items() if unsaid.get(name) != value})


def _written_thresholds(thresholds: Thresholds) -> dict[str, Any] | None:
    if thresholds == DEFAULT_THRESHOLDS:
        return None
    names = ("full_enter", "full_leave", "almost_full_enter", "almost_full_leave")
    return {name: getattr(thresholds, name) for name in names if getattr(thresholds, name) is not None}


def _written_fallback(fallback: Fallback | None) -> dict[str, Any] | None:
    if fallback is None:
        return None
    return _without_nothing({"kind": fallback.kind.value, "text": fallback.text, "texts": dict(fallback.texts)})


def _written_brightness(brightness: Brightness | None) -> object:
    if brightness is None:
        return None
    if brightness.day_percent == brightness.night_percent:
        return brightness.day_percent
    return {"day": brightness.day_percent, "night": brightness.night_percent}


def _written_epaper(epaper: EPaper | None) -> dict[str, Any] | None:
    return None if epaper is None else {"macs": list(epaper.macs), "refresh_s": epaper.refresh_s}


def _written_radio_display(display: RadioDisplay | None) -> dict[str, Any] | None:
    if display is None:
        return None
    return {"device": display.device_id, "template": display.template, "every_s": display.every_s}


def _written_hours(hours: Hours) -> dict[str, Any]:
    return {
        "days": [DAYS[day].value for day in sorted(hours.weekdays)],
        "from": f"{hours.begins:%H:%M}",
        "to": f"{hours.ends:%H:%M}",
    }


def _without_nothing(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value not in (None, "", [], {})}
