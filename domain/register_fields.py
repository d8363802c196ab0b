"""What each record of the register says: the one table of fields, and where text becomes their values."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from domain.categories import Category
from domain.closures import EARLIEST, WEEKDAYS, Weekday
from domain.errors import InvalidIdError
from domain.ids import parse_asset_id, parse_closure_id, parse_device_id, parse_site_id, parse_zone_id
from domain.places import AssetKind, Direction, SiteKind
from domain.register import RecordKind, Value

LONGEST_TEXT = 200
MOST_SPACES = 100_000
LONGEST_SILENCE_S = 366 * 86_400
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
MOST_SEATS = 1000
LONGEST_STAY_MINUTES = 365 * 1440
MOST_DAYS = 400
FLAGS = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value of a record. `read` turns text that is not empty into it, or raises ValueError or InvalidIdError.

    `refers_to` says of what kind the record is that it names.
    """

    read: Callable[[str], Value]
    required: bool = True
    refers_to: RecordKind | None = None


def written(value: Value) -> str:
    """A value as text, which `read` takes back without loss."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case float():
            return repr(value)
    return str(value)


def moment(text: str) -> datetime:
    """A time with its zone, in UTC; raises ValueError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError(f"{text[:40]!r} is no time with a zone: write 2026-11-20T08:00:00Z")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text[:40]!r} is out of range") from None


def _text(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"has more than {LONGEST_TEXT} characters")
    return text


def _choice(choices: type[StrEnum]) -> Callable[[str], str]:
    known = [choice.value for choice in choices]

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"must be one of {', '.join(known)}, got {text[:40]!r}")
        return text

    return read


def _degrees(limit: int) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not -limit <= number <= limit:
            raise ValueError(f"must be degrees from {-limit} to {limit}, got {text[:40]!r}")
        return number

    return read


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1
        if not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, got {text[:40]!r}")
        return number

    return read


def _time_of_day(text: str) -> str:
    if not _TIME_OF_DAY.fullmatch(text):
        raise ValueError(f"must be a time of the day such as 03:30, got {text[:40]!r}")
    return text


def _weekdays(text: str) -> str:
    """In the order of the week, without repetitions."""
    given = set(_words(text.lower()))
    if strange := sorted(given - set(WEEKDAYS)):
        raise ValueError(f"must be days such as {Weekday.MONDAY} {Weekday.FRIDAY}, got {strange[0][:40]!r}")
    return " ".join(day for day in WEEKDAYS if day in given)


def _days(text: str) -> str:
    """In order, without repetitions."""
    given = set()
    for word in _words(text):
        try:
            given.add(date.fromisoformat(word) if len(word) == len("2026-12-25") else None)
        except ValueError:
            given.add(None)
        if None in given:
            raise ValueError(f"must be days such as 2026-12-25 2027-01-01, got {word[:40]!r}")
    if len(given) > MOST_DAYS:
        raise ValueError(f"has more than {MOST_DAYS} days")
    return " ".join(day.isoformat() for day in sorted(day for day in given if day is not None))


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _flag(text: str) -> bool:
    if text.lower() not in FLAGS:
        raise ValueError(f"must be yes or no, got {text[:40]!r}")
    return FLAGS[text.lower()]


_SITE = Field(read=parse_site_id, refers_to=RecordKind.SITE)
_LON, _LAT = Field(read=_degrees(180)), Field(read=_degrees(90))

FIELDS: Mapping[RecordKind, Mapping[str, Field]] = {
    RecordKind.SITE: {
        "name": Field(read=_text),
        "kind": Field(read=_choice(SiteKind)),
        "locality": Field(read=_text),
        "lon": _LON,
        "lat": _LAT,
        "simulated": Field(read=_flag, required=False),
        "ward": Field(read=_text, required=False),
    },
    RecordKind.ZONE: {"site": _SITE, "name": Field(read=_text)},
    RecordKind.ASSET: {
        "site": _SITE,
        "zone": Field(read=parse_zone_id, required=False, refers_to=RecordKind.ZONE),
        "name": Field(read=_text),
        "kind": Field(read=_choice(AssetKind)),
        "category": Field(read=_choice(Category), required=False),
        "lon": _LON,
        "lat": _LAT,
        "capacity": Field(read=_whole(1, MOST_SPACES), required=False),
        "area": Field(read=parse_asset_id, required=False, refers_to=RecordKind.ASSET),
        "direction": Field(read=_choice(Direction), required=False),
        "anchor_at": Field(read=_time_of_day, required=False),
        "anchor_taken": Field(read=_whole(0, MOST_SPACES), required=False),
        "seats": Field(read=_whole(1, MOST_SEATS), required=False),
        "max_stay_minutes": Field(read=_whole(1, LONGEST_STAY_MINUTES), required=False),
        "home_linked": Field(read=_flag, required=False),
    },
    RecordKind.DEVICE: {
        "model": Field(read=_text),
        "silent_after_s": Field(read=_whole(1, LONGEST_SILENCE_S), required=False),
    },
    RecordKind.INSTALLATION: {
        "device": Field(read=parse_device_id, refers_to=RecordKind.DEVICE),
        "asset": Field(read=parse_asset_id, refers_to=RecordKind.ASSET),
        "begins_at": Field(read=moment, required=False),
        "ends_at": Field(read=moment, required=False),
        "distance_threshold_mm": Field(read=_whole(1, 20_000), required=False),
        "debounce_s": Field(read=_whole(0, 86_400), required=False),
    },
    RecordKind.CLOSURE: {
        "site": Field(read=parse_site_id, required=False, refers_to=RecordKind.SITE),
        "zone": Field(read=parse_zone_id, required=False, refers_to=RecordKind.ZONE),
        "asset": Field(read=parse_asset_id, required=False, refers_to=RecordKind.ASSET),
        "reason": Field(read=_text),
        "begins_at": Field(read=moment),
        "ends_at": Field(read=moment, required=False),
        "weekdays": Field(read=_weekdays, required=False),
        "from_time": Field(read=_time_of_day, required=False),
        "to_time": Field(read=_time_of_day, required=False),
        "except_days": Field(read=_days, required=False),
    },
}
"""Lengths in mm, times in s, degrees of WGS 84."""

FLAGS_OF: Mapping[RecordKind, tuple[str, ...]] = {RecordKind.SITE: ("simulated",), RecordKind.ASSET: ("home_linked",)}
"""Values that are no where nothing else is said."""

READ_ID: Mapping[RecordKind, Callable[[str], str]] = {
    RecordKind.SITE: parse_site_id,
    RecordKind.ZONE: parse_zone_id,
    RecordKind.ASSET: parse_asset_id,
    RecordKind.DEVICE: parse_device_id,
    RecordKind.CLOSURE: parse_closure_id,
}
"""How an id is read; an installation has none of its own, its device and its beginning name it."""


def unsaid(kind: RecordKind) -> dict[str, Value]:
    """A record that says nothing."""
    return {name: False if name in FLAGS_OF.get(kind, ()) else None for name in FIELDS[kind]}


COLUMNS: tuple[str, ...] = ("record", "id", *dict.fromkeys(name for fields in FIELDS.values() for name in fields))
"""Every column of the file."""

FaultyCell = tuple[str, str]
"""A column, and what is wrong there."""


def read_values(kind: RecordKind, cells: Mapping[str, str]) -> tuple[dict[str, Value], list[FaultyCell]]:
    """The values in the cells of one record, by column, and every fault; a value that cannot be read is None."""
    values: dict[str, Value] = {}
    faults: list[FaultyCell] = []
    for name, field in FIELDS[kind].items():
        text = cells.get(name, "").strip()
        values[name] = None
        if not text:
            faults += [(name, "is empty")] if field.required else []
            continue
        try:
            values[name] = field.read(text)
        except (ValueError, InvalidIdError) as error:
            faults.append((name, str(error)))
    strangers = [name for name, text in cells.items() if text.strip() and name not in FIELDS[kind]]
    faults += [(name, f"a record of a {kind} has no such value") for name in strangers if name not in {"record", "id"}]
    faulty = {name for name, _ in faults}
    return values, faults + [one for one in _contradictions(kind, values, faulty) if one[0] not in faulty]


def _contradictions(kind: RecordKind, values: Mapping[str, Value], faulty: Collection[str]) -> list[FaultyCell]:
    """What does not fit together, of the values that could be read."""
    if kind is RecordKind.ASSET:
        return (
            [] if values["kind"] is None else [*_asset_contradictions(AssetKind(str(values["kind"])), values, faulty)]
        )
    begins_at, ends_at = values.get("begins_at"), values.get("ends_at")
    if isinstance(begins_at, datetime) and isinstance(ends_at, datetime) and ends_at <= begins_at:
        return [("ends_at", "must be after begins_at")]
    return list(_closure_contradictions(values)) if kind is RecordKind.CLOSURE else []


def _closure_contradictions(values: Mapping[str, Value]) -> Iterator[FaultyCell]:
    if [values["site"], values["zone"], values["asset"]].count(None) != len(("site", "zone", "asset")) - 1:
        yield "asset", "a closure is of one site, one zone or one asset"
    begins_at = values["begins_at"]
    if isinstance(begins_at, datetime) and begins_at < EARLIEST:
        yield "begins_at", f"must be from {EARLIEST.date()} on"
    if values["weekdays"] is None:
        strangers = [name for name in ("from_time", "to_time", "except_days") if values[name] is not None]
        yield from ((name, "only of a closure that has weekdays") for name in strangers)


_NEEDED_BY = {AssetKind.BAY: ("category",), AssetKind.AREA: ("capacity",), AssetKind.GATE: ("area", "direction")}
_ONLY_OF = {
    "category": (AssetKind.BAY, AssetKind.AREA),
    "capacity": (AssetKind.AREA,),
    "area": (AssetKind.GATE,),
    "direction": (AssetKind.GATE,),
    "anchor_at": (AssetKind.AREA,),
    "anchor_taken": (AssetKind.AREA,),
    "seats": (AssetKind.BENCH,),
    "max_stay_minutes": (AssetKind.BAY,),
    "home_linked": (AssetKind.BAY,),
}


def _asset_contradictions(
    kind: AssetKind, values: Mapping[str, Value], faulty: Collection[str]
) -> Iterator[FaultyCell]:
    article = "an" if kind is AssetKind.AREA else "a"
    yield from ((name, f"{article} {kind} needs one") for name in _NEEDED_BY.get(kind, ()) if values[name] is None)
    strangers = (name for name, kinds in _ONLY_OF.items() if kind not in kinds and values[name] not in (None, False))
    yield from ((name, f"{article} {kind} has none") for name in strangers)
    if "anchor_at" not in faulty and (values["anchor_at"] is None) != (values["anchor_taken"] is None):
        yield "anchor_taken", "an anchor is a time and how many are there then: both or neither"
    capacity, anchor = values["capacity"], values["anchor_taken"]
    if isinstance(capacity, int) and isinstance(anchor, int) and anchor > capacity:
        yield "anchor_taken", f"must be at most the capacity, {capacity}"
