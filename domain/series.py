"""Time series of whole car parks as councils publish them: a mapping says what columns mean, rows become counts."""

import csv
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.categories import Category
from domain.errors import MappingError, RegisterProblem
from domain.ids import AssetId, DeviceId, SiteId, parse_asset_id, parse_device_id, parse_site_id
from domain.local_time import in_utc
from domain.places import SiteKind
from domain.tables import Table

MODEL = "smartplace-count"
"""The model whose frames the rows become."""
SESSION = "import"
"""The session of these frames; their counter is the second of their event."""
FURTHEST = 1_000_000
"""Numbers beyond that are codes, not counts."""
LATE_AFTER = timedelta(days=1)
"""Later than that it is a back-fill."""
LATEST = timedelta(days=92)
"""The journal dates no event more than that before its receipt: what came later is dated so."""

_UTC_ZONE = ZoneInfo("UTC")
_MOST_SPACES = 100_000
_WHOLE = re.compile(r"[+-]?\d{1,15}(\.0+)?")
_NO_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlaces:
    """What sites are that are not in the register yet, but for what their rows say."""

    kind: SiteKind
    locality: str
    category: Category
    lon: float
    lat: float
    points: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesMapping:
    """Which column means what. Of `taken` and `free` one is there; times without an offset are of `zone`.

    `received` is when the source itself took a row in, of `received_zone`. After `silent_after` without a row nobody
    knows any more. `sentinels` are numbers that are codes.
    """

    site: str
    time: str
    zone: ZoneInfo
    silent_after: timedelta
    taken: str | None = None
    free: str | None = None
    capacity: str | None = None
    received: str | None = None
    received_zone: ZoneInfo = _UTC_ZONE
    time_format: str | None = None
    prefix: str = ""
    sentinels: frozenset[int] = frozenset()
    capacities: Mapping[str, int] = field(default_factory=dict)
    places: NewPlaces | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that the file needs."""
        named = (self.site, self.time, self.taken, self.free, self.capacity, self.received)
        return tuple(name for name in named if name is not None)


class SeriesIds(NamedTuple):
    """Of one site of a series."""

    site_id: SiteId
    area_id: AssetId
    device_id: DeviceId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRow:
    """One row. `taken` is None where it says a code; `free` is the number as it was said, where it is what is left."""

    line: int
    code: str
    at: datetime
    received_at: datetime
    taken: int | None
    free: int | None
    capacity: int | None

    @property
    def seq(self) -> int:
        """The counter of its frame."""
        return int(self.at.timestamp())


class RowError(ValueError):
    """A row that cannot be read, in one column."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def read_mapping(text: str) -> SeriesMapping:
    """A mapping from TOML; raises MappingError with every fault."""
    problems: list[str] = []
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError([f"this is not TOML: {error}"]) from error
    file = Table("the mapping", entries, problems)
    mapping = _mapping(file)
    file.finish()
    if problems:
        raise MappingError(problems)
    return mapping


def ids_of(mapping: SeriesMapping, code: str) -> SeriesIds:
    """The ids of what the source calls by this code; raises InvalidIdError where none can be made of it."""
    slug = _NO_SLUG.sub("-", f"{mapping.prefix}{code}".lower()).strip("-")
    return SeriesIds(parse_site_id(slug), parse_asset_id(f"{slug}-area"), parse_device_id(f"feed-{slug}"))


def rows_of(
    lines: Iterable[str], mapping: SeriesMapping, *, capacities: Mapping[str, int], now: datetime
) -> Iterator[SeriesRow | RegisterProblem]:
    """Each row of a CSV file, or why it cannot be read, in order.

    `capacities` of sites by the source's codes, where the file has none of its own.
    """
    reader = csv.reader(lines, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        header[:1] = [name.removeprefix("\ufeff") for name in header[:1]]
        missing = [name for name in mapping.columns if name not in header]
        if missing:
            yield RegisterProblem(line=1, message=f"there is no column {', '.join(missing)}")
            return
        begins = reader.line_num + 1
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if any(cell.strip() for cell in cells):
                yield _row(dict(zip(header, cells, strict=False)), line, mapping, capacities, now)
    except csv.Error as error:
        yield RegisterProblem(line=reader.line_num, message=f"this is not CSV: {error}")


def _row(
    cells: Mapping[str, str], line: int, mapping: SeriesMapping, capacities: Mapping[str, int], now: datetime
) -> SeriesRow | RegisterProblem:
    try:
        return _read(cells, line, mapping, capacities, now)
    except RowError as fault:
        return RegisterProblem(line=line, column=fault.column, message=str(fault))


def _read(
    cells: Mapping[str, str], line: int, mapping: SeriesMapping, capacities: Mapping[str, int], now: datetime
) -> SeriesRow:
    code = cells.get(mapping.site, "").strip()
    if not code:
        raise RowError(mapping.site, "is empty")
    at = _moment(cells, mapping.time, mapping.zone, mapping.time_format)
    if at > now:
        raise RowError(mapping.time, f"{at.isoformat()} is in the future")
    capacity = capacities.get(code)
    if mapping.capacity is not None:
        capacity = _number(cells, mapping.capacity)
        if not 1 <= capacity <= _MOST_SPACES:
            raise RowError(mapping.capacity, f"must be from 1 to {_MOST_SPACES}, got {capacity}")
    said_in = mapping.taken or mapping.free or ""
    number = _number(cells, said_in)
    is_code = number in mapping.sentinels or abs(number) > FURTHEST
    if mapping.free is not None and capacity is None:
        raise RowError(said_in, f"how many are taken is not known: {code[:40]!r} has no capacity")
    return SeriesRow(
        line=line,
        code=code,
        at=at,
        received_at=_received(cells, mapping, at, now),
        taken=None if is_code else (capacity or 0) - number if mapping.free is not None else number,
        free=number if mapping.free is not None and not is_code else None,
        capacity=capacity,
    )


def _received(cells: Mapping[str, str], mapping: SeriesMapping, at: datetime, now: datetime) -> datetime:
    if mapping.received is None or not cells.get(mapping.received, "").strip():
        return at
    received_at = _moment(cells, mapping.received, mapping.received_zone, mapping.time_format)
    return min(max(received_at, at), at + LATEST, now)


def _number(cells: Mapping[str, str], column: str) -> int:
    text = cells.get(column, "").strip()
    if not _WHOLE.fullmatch(text):
        raise RowError(column, f"must be a whole number, got {text[:40]!r}")
    return int(text.split(".", 1)[0])


def _moment(cells: Mapping[str, str], column: str, zone: ZoneInfo, form: str | None) -> datetime:
    text = cells.get(column, "").strip()
    try:
        found = datetime.fromisoformat(text) if form is None else datetime.strptime(text, form)  # noqa: DTZ007
    except ValueError:
        raise RowError(column, f"{text[:40]!r} is no time") from None
    try:
        return found.astimezone(UTC) if found.tzinfo is not None else in_utc(found, zone)
    except (ValueError, OverflowError) as error:
        raise RowError(column, str(error)) from None


def _mapping(file: Table) -> SeriesMapping:
    columns = _table(file, "columns")
    times = _table(file, "time")
    feed = _table(file, "feed")
    taken, free = (_optional(columns, name) for name in ("taken", "free"))
    if (taken is None) == (free is None):
        columns.note("one of taken and free is needed")
    found = SeriesMapping(
        site=columns.text("site"),
        time=columns.text("time"),
        taken=taken,
        free=free,
        capacity=_optional(columns, "capacity"),
        received=_optional(columns, "received"),
        zone=_zone(times, "zone"),
        received_zone=_zone(times, "received_zone") if times.has("received_zone") else ZoneInfo("UTC"),
        time_format=_optional(times, "format"),
        silent_after=timedelta(minutes=feed.whole("silent_after_minutes", 1, 60 * 24 * 366)),
        prefix=_optional(feed, "prefix") or "",
        sentinels=frozenset(_numbers(feed, "sentinels")),
        capacities=_capacities(file),
        places=_places(file) if file.has("places") else None,
    )
    for table in (columns, times, feed):
        table.finish()
    return found


def _places(file: Table) -> NewPlaces:
    table = _table(file, "places")
    points = _table(table, "points").entries if table.has("points") else {}
    names = _table(table, "names").entries if table.has("names") else {}
    found = NewPlaces(
        kind=table.choice("kind", SiteKind),
        locality=table.text("locality"),
        category=table.choice("category", Category) if table.has("category") else Category.GENERAL,
        lon=table.degrees("lon", 180),
        lat=table.degrees("lat", 90),
        points={code: Table(f"points of {code}", points, file.problems).point(code) for code in points},
        names={code: str(name) for code, name in names.items()},
    )
    table.finish()
    return found


def _table(parent: Table, key: str) -> Table:
    entries = parent.value(key, dict, f"a table [{key}]") or {}
    return Table(f"[{key}]", entries, parent.problems)


def _optional(table: Table, key: str) -> str | None:
    return table.text(key) or None if table.has(key) else None


def _zone(table: Table, key: str) -> ZoneInfo:
    name = table.text(key)
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        table.note(f"{key} must be a time zone such as Europe/London, got {name!r}")
        return ZoneInfo("UTC")


def _numbers(table: Table, key: str) -> list[int]:
    if not table.has(key):
        return []
    found = table.value(key, list, "a list of whole numbers") or []
    if any(type(number) is not int for number in found):
        table.note(f"{key} must be a list of whole numbers")
    return [number for number in found if type(number) is int]


def _capacities(file: Table) -> Mapping[str, int]:
    if not file.has("capacities"):
        return {}
    table = _table(file, "capacities")
    return {code: table.whole(code, 1, _MOST_SPACES) for code in table.entries}
