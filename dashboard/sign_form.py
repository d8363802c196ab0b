"""The form of a sign and its board: what was typed, as a document that the domain reads and judges."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.board_document import DAYS, Offered
from domain.board_writing import write_board
from domain.boards import FallbackKind
from domain.places import Sign
from domain.sign_words import WORDS

MOST_LINES, HOURS_ROWS = 12, 3
_NUMBERS = ("minimum", "maximum", "offset", "step")
_THRESHOLDS = ("full_enter", "full_leave", "almost_full_enter", "almost_full_leave")
_WHOLE = re.compile(r"-?\d{1,9}")
_PLACE = "|"
"""Between site, zone and category in the value of a choice; none of the three can have it."""

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignForm:
    """The fields by name, as the page shows and sends them; `lines` counts the lines that it has."""

    fields: Fields
    lines: int

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def languages(self) -> list[str]:
        """The languages of the board, the first one first."""
        first = self["language"] if self["language"] in WORDS else next(iter(WORDS))
        return [first, *(other for other in WORDS if other != first and self[f"language-{other}"])]

    @property
    def version(self) -> int:
        """The version from which somebody began; 0 for a sign that is new."""
        return int(self["version"]) if _WHOLE.fullmatch(self["version"]) else 0

    def with_another_line(self) -> "SignForm":
        """The same with an empty line at the end."""
        return SignForm(fields=self.fields, lines=min(self.lines + 1, MOST_LINES))

    def document(self) -> dict[str, Any]:
        """The board as a document; what is no number stays text, so that the reader of it says so."""
        return {
            **self._texts("title", "titles"),
            "languages": self.languages,
            "layout": self["layout"] or None,
            "width_px": _number(self["width_px"]),
            "height_px": _number(self["height_px"]),
            "brightness": self._brightness(),
            "hours": [hours for row in range(HOURS_ROWS) if (hours := self._hours(row))],
            "fallback": self._fallback("fallback") or {"kind": FallbackKind.DASHES.value},
            "epaper": self._epaper(),
            "radio_display": self._radio_display(),
            "lines": [line for number in self._order() if (line := self._line(number))],
        }

    def _order(self) -> Iterable[int]:
        """Lines by their position as typed; those without one as they stand."""
        positions = {number: _number(self[f"line-{number}-position"]) for number in range(self.lines)}
        return sorted(positions, key=lambda number: (_or(positions[number], number + 1), number))

    def _line(self, number: int) -> dict[str, Any] | None:
        prefix = f"line-{number}-"
        label, place = self[f"{prefix}label"].strip(), self[f"{prefix}place"]
        if self[f"{prefix}remove"] or not (label or place):
            return None
        site, zone, category = (*place.split(_PLACE), "", "", "")[:3]
        share = _number(self[f"{prefix}min_coverage"])
        document = {
            "key": self[f"{prefix}key"] or slug(label) or f"line-{number + 1}",
            **self._texts(f"{prefix}label", "labels", name="label"),
            "site": site or None,
            "zone": zone or None,
            "category": category or None,
            "arrow": self[f"{prefix}arrow"] or None,
            "mode": self[f"{prefix}mode"] or None,
            **{name: _number(self[f"{prefix}{name}"]) for name in _NUMBERS},
            "thresholds": {name: _number(self[f"{prefix}{name}"]) for name in _THRESHOLDS},
            "min_coverage": share / 100 if isinstance(share, int) else share,
            "max_age_s": _seconds(self[f"{prefix}max_age"]),
            "fallback": self._fallback(f"{prefix}fallback"),
        }
        if not any(value is not None for value in document["thresholds"].values()):
            del document["thresholds"]
        return document

    def _texts(self, field: str, many: str, *, name: str | None = None) -> dict[str, Any]:
        """A text, and its translations where the board has further languages."""
        others = {language: self[f"{field}-{language}"].strip() for language in self.languages[1:]}
        return {
            name or field: self[field].strip() or None,
            many: {language: text for language, text in others.items() if text},
        }

    def _fallback(self, field: str) -> dict[str, Any] | None:
        kind = self[f"{field}-kind"]
        if not kind:
            return None
        text = self[f"{field}-text"].strip() if kind == FallbackKind.TEXT else ""
        return {"kind": kind, "text": text or None}

    def _brightness(self) -> object:
        day, night = _number(self["brightness-day"]), _number(self["brightness-night"])
        if day is None and night is None:
            return None
        return {"day": _or(day, night), "night": _or(night, day)}

    def _hours(self, row: int) -> dict[str, Any] | None:
        days = [day.value for day in DAYS if self[f"hours-{row}-{day.value}"]]
        begins, ends = self[f"hours-{row}-from"].strip(), self[f"hours-{row}-to"].strip()
        return {"days": days, "from": begins, "to": ends} if days or begins or ends else None

    def _epaper(self) -> dict[str, Any] | None:
        macs = self["epaper-macs"].replace(",", " ").split()
        return {"macs": macs, "refresh_s": _seconds(self["epaper-refresh"])} if macs else None

    def _radio_display(self) -> dict[str, Any] | None:
        device = self["radio-device"].strip()
        minutes = _number(self["radio-every"])
        if not device:
            return None
        template = _number(self["radio-template"])
        return {
            "device": device,
            "template": template,
            "every_s": minutes * 60 if isinstance(minutes, int) else minutes,
        }


def form_of(sign: Sign) -> SignForm:
    """The form of a sign as it is."""
    document = write_board(sign.board, name=sign.name)
    fields: dict[str, Any] = {
        "name": sign.name,
        "site": sign.site_id,
        "lon": repr(sign.lon),
        "lat": repr(sign.lat),
        "version": sign.board.layout_version,
        "title": document.get("title"),
        **_translated("title", document.get("titles")),
        **{name: document.get(name) for name in ("layout", "width_px", "height_px")},
        "language": sign.board.languages[0],
        **{f"language-{language}": "yes" for language in sign.board.languages[1:]},
        **_fallback_fields("fallback", document.get("fallback")),
        **_screen_fields(sign, document),
    }
    for row, hours in enumerate(document.get("hours", [])):
        fields |= {f"hours-{row}-{day}": "yes" for day in hours["days"]}
        fields |= {f"hours-{row}-from": hours["from"], f"hours-{row}-to": hours["to"]}
    for number, line in enumerate(document["lines"]):
        fields |= {f"line-{number}-{name}": value for name, value in _line_fields(number, line).items()}
    texts = {name: str(value) for name, value in fields.items() if value not in (None, "")}
    return SignForm(fields=texts, lines=len(document["lines"]))


def empty_form() -> SignForm:
    """The form of a sign that is not there yet, with room for a line."""
    return SignForm(fields={"version": "0", "language": next(iter(WORDS))}, lines=1)


def form_sent(sent: Mapping[str, object]) -> SignForm:
    """The form as it was sent."""
    fields = {name: str(value) for name, value in sent.items()}
    numbers = [int(found[1]) for name in fields if (found := re.match(r"line-(\d{1,2})-", name))]
    return SignForm(fields=fields, lines=min(max(numbers, default=-1) + 1, MOST_LINES))


def places(offered: Offered) -> list[tuple[str, str, str | None, str | None]]:
    """What a line may point to: the value of each choice, then site, zone and category; sites first."""
    ordered = sorted(offered, key=lambda place: tuple(str(part or "") for part in place))
    return [(_PLACE.join(part or "" for part in place), place[0], place[1], place[2]) for place in ordered]


def slug(text: str) -> str:
    """A key from a label: `North car park` is `north-car-park`."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40]


def _line_fields(number: int, line: Mapping[str, Any]) -> dict[str, Any]:
    thresholds = line.get("thresholds", {})
    share, age_s = line.get("min_coverage"), line.get("max_age_s")
    return {
        "position": number + 1,
        "key": line["key"],
        "label": line["label"],
        **_translated("label", line.get("labels")),
        "place": _PLACE.join([line["site"], line.get("zone", ""), line.get("category", "")]),
        "arrow": line.get("arrow"),
        "mode": line.get("mode"),
        **{name: line.get(name) for name in _NUMBERS},
        **{name: thresholds.get(name) for name in _THRESHOLDS},
        "min_coverage": None if share is None else round(share * 100),
        "max_age": None if age_s is None else age_s // 60,
        **_fallback_fields("fallback", line.get("fallback")),
    }


def _screen_fields(sign: Sign, document: Mapping[str, Any]) -> dict[str, Any]:
    epaper, display = document.get("epaper"), document.get("radio_display")
    brightness = sign.board.brightness
    fields: dict[str, Any] = {}
    if brightness:
        fields |= {"brightness-day": brightness.day_percent, "brightness-night": brightness.night_percent}
    if epaper:
        fields |= {"epaper-macs": ", ".join(epaper["macs"]), "epaper-refresh": epaper["refresh_s"] // 60}
    if display:
        fields |= {
            "radio-device": display["device"],
            "radio-template": display["template"],
            "radio-every": display["every_s"] // 60,
        }
    return fields


def _translated(field: str, texts: Mapping[str, str] | None) -> dict[str, str]:
    return {f"{field}-{language}": text for language, text in (texts or {}).items()}


def _fallback_fields(field: str, fallback: Mapping[str, Any] | None) -> dict[str, Any]:
    return {f"{field}-kind": fallback["kind"], f"{field}-text": fallback.get("text")} if fallback else {}


def _number(text: str) -> int | str | None:
    """A whole number; None where nothing was typed; the text itself where it is no number."""
    written = text.strip()
    if not written:
        return None
    return int(written) if _WHOLE.fullmatch(written) else written


def _seconds(text: str) -> int | str | None:
    """Minutes as seconds."""
    minutes = _number(text)
    return minutes * 60 if isinstance(minutes, int) else minutes


def _or(value: int | str | None, otherwise: Any) -> Any:  # noqa: ANN401 - whichever of the two there is
    return otherwise if value is None else value
