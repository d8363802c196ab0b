"""A board as a document: the keys that the places file, the API, the pages and the database share.

title = "Harbour Road"            # of the board; the sign's name if left out
languages = ["en", "cy"]
brightness = 80                   # percent, or { day = 100, night = 30 }
fallback = { kind = "usual" }

[[hours]]
days = ["mon", "tue", "wed", "thu", "fri"]
from = "06:00"
to = "23:00"
[[line]]                          # `lines` in JSON
key = "north"
label = "North car park"
labels = { cy = "Maes parcio'r gogledd" }
site = "north"
thresholds = { full_enter = 2, full_leave = 5, almost_full_enter = 12, almost_full_leave = 18 }
max_age_s = 7200
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import time, timedelta
from enum import StrEnum
from typing import Any

from domain.availability import DEFAULT_THRESHOLDS, Thresholds
from domain.boards import (
    PRIMARY_LANGUAGE,
    Arrow,
    Board,
    BoardLine,
    Brightness,
    EPaper,
    Fallback,
    FallbackKind,
    Hours,
    Layout,
    LineMode,
    RadioDisplay,
    Texts,
)
from domain.categories import Category
from domain.errors import BoardRefusedError
from domain.ids import SignId, SiteId, ZoneId, parse_dev_eui, parse_site_id, parse_zone_id
from domain.sign_words import WORDS
from domain.tables import Table

MOST_LINES, MOST_HOURS = 12, 14
LONGEST_TITLE, LONGEST_LABEL, LONGEST_KEY, LONGEST_FALLBACK = 80, 60, 40, 24
MOST_BAYS = 9999
LEAST_PX, MOST_PX = 16, 4096
LEAST_AGE_S, MOST_AGE_S = 60, 14 * 86_400
LEAST_COVERAGE = 0.5
"""A board may ask for more than `domain.availability.MIN_COVERAGE`, or for less, but never for less than half."""

_MAC = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}")

Offered = Collection[tuple[SiteId, ZoneId | None, Category | None]]
"""What a line may point to: sites, their zones, and the categories in each."""


class Weekday(StrEnum):
    """Days as they are written, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


DAYS = tuple(Weekday)


def parse_board(document: Mapping[str, Any], *, sign_id: SignId, name: str, layout_version: int = 1) -> Board:
    """The board in a document that came as JSON; `name` is that of the sign.

    Raises:
        BoardRefusedError: with every fault, one sentence each.
    """
    problems: list[str] = []
    table = Table("the board", dict(document), problems)
    board = read_board(table, sign_id=sign_id, name=name, layout_version=layout_version, lines_key="lines")
    table.finish()
    if problems:
        raise BoardRefusedError(sign_id, problems)
    return board


def read_board(table: Table, *, sign_id: SignId, name: str, layout_version: int = 1, lines_key: str = "line") -> Board:
    """The board in a table, which may hold other keys as well; faults are noted there."""
    languages = _languages(table)
    lines = tuple(_line(line, languages) for line in table.tables(lines_key, "line"))
    if not lines:
        table.note(f"{lines_key} is missing; a sign needs at least one line")
    if len(lines) > MOST_LINES:
        table.note(f"{len(lines)} lines are more than {MOST_LINES}: nobody reads them")
    # Two numbers under one label are one lie.
    for what in ("key", "label"):
        for fault in _repeated(f"line {what}", (getattr(line, what) for line in lines)):
            table.note(fault)
    return Board(
        sign_id=sign_id,
        title=_words(table, "title", LONGEST_TITLE) if table.has("title") else name,
        titles=_translations(table, "titles", languages, LONGEST_TITLE),
        lines=lines,
        layout_version=layout_version,
        layout=table.choice("layout", Layout) if table.has("layout") else Layout.LANDSCAPE,
        width_px=table.whole("width_px", LEAST_PX, MOST_PX) if table.has("width_px") else None,
        height_px=table.whole("height_px", LEAST_PX, MOST_PX) if table.has("height_px") else None,
        languages=languages,
        brightness=_brightness(table) if table.has("brightness") else None,
        schedule=tuple(_hours(hours) for hours in table.tables("hours", "hours")),
        fallback=_fallback(table.table("fallback"), languages) if table.has("fallback") else Fallback(),
        epaper=_epaper(table.table("epaper")) if table.has("epaper") else None,
        radio_display=_radio_display(table.table("radio_display")) if table.has("radio_display") else None,
    )


def unknown_places(board: Board, offered: Offered) -> list[str]:
    """What the lines of a board point to and is not there, one sentence each."""
    sites = {site_id for site_id, _, _ in offered}
    problems = []
    for line in board.lines:
        if line.site_id not in sites:
            problems.append(f"line {line.key!r}: there is no site {line.site_id!r}")
        elif (line.site_id, line.zone_id, line.category) not in offered:
            kind = f"{line.category} bay" if line.category else "bay"
            zone = f", zone {line.zone_id!r}," if line.zone_id else ""
            problems.append(f"line {line.key!r}: site {line.site_id!r}{zone} has no {kind}")
    return problems


def offers(bays: Iterable[tuple[SiteId, ZoneId | None, Category]]) -> Offered:
    """What there is to point to, from where each bay is and who may use it."""
    found: set[tuple[SiteId, ZoneId | None, Category | None]] = set()
    for site_id, zone_id, category in bays:
        for zone in {None, zone_id}:
            found |= {(site_id, zone, None), (site_id, zone, category)}
    return found


def _languages(table: Table) -> tuple[str, ...]:
    if not table.has("languages"):
        return (PRIMARY_LANGUAGE,)
    given = table.texts("languages")
    for language in given:
        if language not in WORDS:
            table.note(f"languages: {language!r} is none of {', '.join(WORDS)}")
    for fault in _repeated("language", given):
        table.note(fault)
    known = tuple(language for language in dict.fromkeys(given) if language in WORDS)
    if not given:
        table.note("languages is empty")
    return known or (PRIMARY_LANGUAGE,)


def _line(table: Table, languages: tuple[str, ...]) -> BoardLine:
    minimum = table.whole("minimum", 1, MOST_BAYS) if table.has("minimum") else 1
    maximum = table.whole("maximum", 1, MOST_BAYS) if table.has("maximum") else None
    if maximum is not None and maximum < minimum:
        table.note(f"maximum {maximum} is less than minimum {minimum}")
    max_age_s = table.whole("max_age_s", LEAST_AGE_S, MOST_AGE_S) if table.has("max_age_s") else None
    given = BoardLine(key="", label="", site_id=SiteId(""))
    return BoardLine(
        key=_words(table, "key", LONGEST_KEY),
        label=_words(table, "label", LONGEST_LABEL),
        labels=_translations(table, "labels", languages, LONGEST_LABEL),
        site_id=table.identifier("site", parse_site_id),
        zone_id=table.identifier("zone", parse_zone_id) if table.has("zone") else None,
        category=table.choice("category", Category) if table.has("category") else None,
        arrow=table.choice("arrow", Arrow) if table.has("arrow") else None,
        mode=table.choice("mode", LineMode) if table.has("mode") else given.mode,
        minimum=minimum,
        maximum=maximum,
        offset=table.whole("offset", -MOST_BAYS, MOST_BAYS) if table.has("offset") else 0,
        step=table.whole("step", 1, 100) if table.has("step") else 1,
        thresholds=_thresholds(table.table("thresholds")) if table.has("thresholds") else DEFAULT_THRESHOLDS,
        min_coverage=table.number("min_coverage", LEAST_COVERAGE, 1)
        if table.has("min_coverage")
        else given.min_coverage,
        max_age=None if max_age_s is None else timedelta(seconds=max_age_s),
        fallback=_fallback(table.table("fallback"), languages) if table.has("fallback") else None,
    )


def _thresholds(table: Table) -> Thresholds:
    given = {
        name: table.whole(name, 0, MOST_BAYS) if table.has(name) else None
        for name in ("full_enter", "full_leave", "almost_full_enter", "almost_full_leave")
    }
    table.finish()
    full_enter = given["full_enter"] or 0
    thresholds = Thresholds(
        full_enter=full_enter,
        full_leave=full_enter if given["full_leave"] is None else given["full_leave"],
        almost_full_enter=given["almost_full_enter"],
        almost_full_leave=given["almost_full_leave"],
    )
    if thresholds.almost_full_leave is not None and thresholds.almost_full_enter is None:
        table.note("almost_full_leave needs almost_full_enter")
    order = [thresholds.full_enter, thresholds.full_leave, thresholds.almost_full_enter, thresholds.almost_full_leave]
    said = [number for number in order if number is not None]
    if said != sorted(said):
        table.note("must be full_enter <= full_leave <= almost_full_enter <= almost_full_leave")
    return thresholds


def _fallback(table: Table, languages: tuple[str, ...]) -> Fallback:
    kind = table.choice("kind", FallbackKind)
    text = ""
    if kind is FallbackKind.TEXT:
        text = _words(table, "text", LONGEST_FALLBACK)
    texts = _translations(table, "texts", languages, LONGEST_FALLBACK)
    for one in (text, *texts.values()):
        if any(character.isnumeric() for character in one):
            table.note(f"{one!r} has digits: where a number of spaces stands, people read them as one")
    table.finish()
    return Fallback(kind=kind, text=text, texts=texts)


def _brightness(table: Table) -> Brightness:
    if isinstance(table.entries["brightness"], dict):
        between = table.table("brightness")
        day, night = between.whole("day", 1, 100), between.whole("night", 1, 100)
        between.finish()
        return Brightness(day_percent=day, night_percent=night)
    return Brightness.fixed(table.whole("brightness", 1, 100))


def _epaper(table: Table) -> EPaper:
    macs = []
    for written in table.texts("macs"):
        if not _MAC.fullmatch(written.upper()):
            table.note(f"macs: {written!r} is no MAC address such as A0:B1:C2:D3:E4:F5")
        macs.append(written.upper())
    if not macs:
        table.note("macs is empty")
    refresh_s = table.whole("refresh_s", 60, 86_400) if table.has("refresh_s") else EPaper(macs=()).refresh_s
    table.finish()
    return EPaper(macs=tuple(macs), refresh_s=refresh_s)


def _radio_display(table: Table) -> RadioDisplay:
    device_id = table.identifier("device", parse_dev_eui)
    given = RadioDisplay(device_id=device_id)
    template = table.whole("template", 1, 2) if table.has("template") else given.template
    every_s = table.whole("every_s", 600, 86_400) if table.has("every_s") else given.every_s
    table.finish()
    return RadioDisplay(device_id=device_id, template=template, every_s=every_s)


def _hours(table: Table) -> Hours:
    written = table.texts("days")
    days = {day for day in Weekday if day.value in written}
    for wrong in sorted({*written} - {*DAYS}):
        table.note(f"days: {wrong!r} is none of {', '.join(DAYS)}")
    if not written:
        table.note("days is empty")
    return Hours(
        weekdays=frozenset(DAYS.index(day) for day in days), begins=_clock(table, "from"), ends=_clock(table, "to")
    )


def _clock(table: Table, key: str) -> time:
    written = table.text(key)
    try:
        found = time.fromisoformat(written)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or f"{found:%H:%M}" != written:
        if written:
            table.note(f"{key} must be a time of day such as 07:30, got {written!r}")
        return time()
    return found


def _words(table: Table, key: str, longest: int) -> str:
    """Text for a screen: printable, of a length that fits somewhere."""
    text = table.text(key).strip()
    if fault := _fault(text, longest):
        table.note(f"{key} {fault}")
    return text


def _fault(text: str, longest: int) -> str | None:
    if not text.isprintable():
        return "has characters that cannot be shown"
    return f"is longer than {longest} characters" if len(text) > longest else None


def _translations(table: Table, key: str, languages: tuple[str, ...], longest: int) -> Texts:
    if not table.has(key):
        return {}
    given = table.value(key, dict, "a table of texts by language") or {}
    texts: dict[str, str] = {}
    for language, text in given.items():
        if language not in languages[1:]:
            table.note(f"{key}: {language!r} is no further language of this board")
        elif not isinstance(text, str) or not text.strip():
            table.note(f"{key}: {language!r} must have a text, got {text!r}")
        elif fault := _fault(text.strip(), longest):
            table.note(f"{key}: {language!r} {fault}")
        else:
            texts[language] = text.strip()
    return texts


def _repeated(what: str, values: Iterable[str]) -> Iterator[str]:
    return (f"{what} {one!r} is used {times} times" for one, times in Counter(values).items() if times > 1)
