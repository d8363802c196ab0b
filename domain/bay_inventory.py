"""An inventory of bays as a council publishes it: a mapping says what its columns mean, rows become records.

What the signs beside the bays say is often in files of its own, joined by the number of a zone.
"""

import csv
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta

from domain.categories import Category
from domain.errors import MappingError, RegisterProblem, UnknownModelError
from domain.places import AssetKind, SiteKind
from domain.register import Entry, RecordKind
from domain.register_csv import read_entry
from domain.register_fields import FIELDS
from domain.tables import Table

Cells = dict[str, str]
ReadLines = Callable[[str], Iterable[str]]
"""The lines of a file beside the inventory, by its name; raises OSError."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NO_SLUG = re.compile(r"[^a-z0-9]+")
_MOST_MINUTES = 365 * 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Columns of another file: of its first row whose `key` is what the inventory has in `on`."""

    file: str
    key: str
    on: str
    take: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plates:
    """The signs of each zone, a row each. Of those that hold at `day` and `clock` the shortest stay counts.

    Where none holds then, the shortest of all does. `minutes` and `categories` say what a sign means.
    """

    file: str
    key: str
    on: str
    days: str
    begins: str
    ends: str
    display: str
    day: str
    clock: time
    minutes: Mapping[str, int]
    categories: Mapping[str, Category]


@dataclass(frozen=True, slots=True, kw_only=True)
class BayMapping:
    """Which column means what, and what is the same for all bays."""

    id: str
    lon: str
    lat: str
    site_id: str
    site_name: str
    prefix: str
    name: str
    category: Category
    site_kind: SiteKind
    locality: str
    joins: tuple[Join, ...] = ()
    plates: Plates | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What a file is as records, every row that is none, and the values that the register has no place for."""

    entries: tuple[Entry, ...]
    problems: tuple[RegisterProblem, ...]
    left_out: frozenset[str]


def read_bay_mapping(text: str) -> BayMapping:
    """A mapping from TOML; raises MappingError with every fault."""
    problems: list[str] = []
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError([f"this is not TOML: {error}"]) from error
    file = Table("the mapping", entries, problems)
    columns, bays, sites = (_table(file, key) for key in ("columns", "bays", "sites"))
    mapping = BayMapping(
        id=columns.text("id"),
        lon=columns.text("lon"),
        lat=columns.text("lat"),
        site_id=columns.text("site_id"),
        site_name=columns.text("site_name"),
        prefix=bays.text("prefix"),
        name=bays.text("name"),
        category=bays.choice("category", Category),
        site_kind=sites.choice("kind", SiteKind),
        locality=sites.text("locality"),
        joins=tuple(_join(one) for one in file.tables("join", "join")),
        plates=_plates(_table(file, "plates")) if file.has("plates") else None,
    )
    for table in (columns, bays, sites, file):
        table.finish()
    if problems:
        raise MappingError(problems)
    return mapping


def read_inventory(lines: Iterable[str], mapping: BayMapping, read_lines: ReadLines) -> Inventory:
    """The bays of a file with their sites; `read_lines` gives the files that the mapping names.

    Raises:
        OSError: one of these cannot be read.
    """
    joins = [(join, _first_by(read_lines(join.file), join.key)) for join in mapping.joins]
    plates = _by_zone(read_lines(mapping.plates.file), mapping.plates) if mapping.plates else {}
    reading = _Reading(mapping, plates)
    needed = {mapping.id, mapping.lon, mapping.lat, mapping.site_id, mapping.site_name}
    for line, cells in _records(lines):
        if missing := needed - cells.keys():
            reading.problems.append(RegisterProblem(line=1, message=f"there is no column {', '.join(sorted(missing))}"))
            break
        for join, rows in joins:
            found = rows.get(cells.get(join.on, "").strip(), {})
            cells |= {name: found.get(name, "") for name in join.take}
        reading.add(line, cells)
    return reading.inventory()


class _Reading:
    def __init__(self, mapping: BayMapping, plates: Mapping[str, Sequence[Cells]]) -> None:
        self._mapping = mapping
        self._plates = plates
        self._bays: dict[str, Entry] = {}
        self._points: dict[str, list[tuple[float, float]]] = {}
        self._sites: dict[str, tuple[int, str]] = {}
        self._left_out: set[str] = set()
        self.problems: list[RegisterProblem] = []

    def add(self, line: int, cells: Cells) -> None:
        """One more row."""
        mapping = self._mapping
        site_id = _slug(f"{mapping.prefix}{cells[mapping.site_id]}")
        bay = {
            "record": RecordKind.ASSET.value,
            "id": _slug(f"{mapping.prefix}{cells[mapping.id]}"),
            "site": site_id,
            "name": mapping.name.replace("{id}", cells[mapping.id].strip()),
            "kind": AssetKind.BAY.value,
            "category": mapping.category.value,
            "lon": cells[mapping.lon],
            "lat": cells[mapping.lat],
            **self._told_by_plates(cells),
        }
        entry, problems = read_entry(self._known(bay), silent_after=_no_device, line=line)
        if entry is not None and entry.record_id in self._bays:
            first = self._bays[entry.record_id].line
            problems = [RegisterProblem(line=line, column=mapping.id, message=f"is already on line {first}")]
        if entry is None or problems:
            self.problems += problems
            return
        self._bays[entry.record_id] = entry
        self._sites.setdefault(site_id, (line, cells[mapping.site_name].strip()))
        self._points.setdefault(site_id, []).append((float(cells[mapping.lon]), float(cells[mapping.lat])))

    def inventory(self) -> Inventory:
        """All that was added; a site is in the middle of its bays."""
        sites = []
        for site_id, (line, name) in self._sites.items():
            points = self._points[site_id]
            cells = {
                "record": RecordKind.SITE.value,
                "id": site_id,
                "name": name,
                "kind": self._mapping.site_kind.value,
                "locality": self._mapping.locality,
                "lon": repr(round(sum(lon for lon, _ in points) / len(points), 6)),
                "lat": repr(round(sum(lat for _, lat in points) / len(points), 6)),
            }
            entry, problems = read_entry(cells, silent_after=_no_device, line=line)
            self.problems += problems
            sites += [entry] if entry is not None else []
        return Inventory(
            entries=(*sites, *self._bays.values()),
            problems=tuple(self.problems),
            left_out=frozenset(self._left_out),
        )

    def _told_by_plates(self, cells: Cells) -> Cells:
        plates = self._mapping.plates
        if plates is None:
            return {}
        of_zone = self._plates.get(cells.get(plates.on, "").strip(), ())
        holding = [plate for plate in of_zone if _holds(plate, plates)] or of_zone
        known = [(plates.minutes[sign], sign) for plate in holding if (sign := _display(plate, plates))]
        if not known:
            return {}
        minutes, display = min(known)
        told = {"max_stay_minutes": str(minutes)}
        return told | ({"category": plates.categories[display].value} if display in plates.categories else {})

    def _known(self, bay: Cells) -> Cells:
        strange = bay.keys() - FIELDS[RecordKind.ASSET].keys() - {"record", "id"}
        self._left_out |= strange
        return {name: text for name, text in bay.items() if name not in strange}


def _display(plate: Cells, plates: Plates) -> str | None:
    display = plate.get(plates.display, "").strip()
    return display if display in plates.minutes else None


def _holds(plate: Cells, plates: Plates) -> bool:
    first, _, last = plate.get(plates.days, "").strip().partition("-")
    if first not in _DAYS or (last or first) not in _DAYS:
        return False
    on_day = _DAYS.index(first) <= _DAYS.index(plates.day) <= _DAYS.index(last or first)
    try:
        begins, ends = (time.fromisoformat(plate[name].strip()) for name in (plates.begins, plates.ends))
    except (KeyError, ValueError):
        return False
    return on_day and begins <= plates.clock < ends


def _records(lines: Iterable[str]) -> Iterator[tuple[int, Cells]]:
    reader = csv.reader(lines)
    header = [name.strip().removeprefix("\ufeff") for name in next(reader, [])]
    begins = reader.line_num + 1
    for row in reader:
        line, begins = begins, reader.line_num + 1
        if any(cell.strip() for cell in row):
            yield line, dict(zip(header, row, strict=False))


def _first_by(lines: Iterable[str], key: str) -> dict[str, Cells]:
    found: dict[str, Cells] = {}
    for _, cells in _records(lines):
        found.setdefault(cells.get(key, "").strip(), cells)
    found.pop("", None)
    return found


def _by_zone(lines: Iterable[str], plates: Plates) -> dict[str, list[Cells]]:
    found: dict[str, list[Cells]] = {}
    for _, cells in _records(lines):
        found.setdefault(cells.get(plates.key, "").strip(), []).append(cells)
    return found


def _slug(text: str) -> str:
    return _NO_SLUG.sub("-", text.lower()).strip("-")


def _no_device(model: str) -> timedelta:
    raise UnknownModelError(model)


def _table(parent: Table, key: str) -> Table:
    entries = parent.value(key, dict, f"a table [{key}]") or {}
    return Table(f"[{key}]", entries, parent.problems)


def _join(table: Table) -> Join:
    return Join(file=table.text("file"), key=table.text("key"), on=table.text("on"), take=tuple(table.texts("take")))


def _plates(table: Table) -> Plates:
    day, _, clock = table.text("at").partition(" ")
    if day not in _DAYS:
        table.note(f"at must be a day and a time such as Mon 12:00, got {day!r}")
    try:
        at = time.fromisoformat(clock)
    except ValueError:
        table.note(f"at must be a day and a time such as Mon 12:00, got {clock!r}")
        at = time(12)
    minutes = _table(table, "minutes")
    categories = _table(table, "categories") if table.has("categories") else Table("", {}, [])
    found = Plates(
        file=table.text("file"),
        key=table.text("key"),
        on=table.text("on"),
        days=table.text("days"),
        begins=table.text("begins"),
        ends=table.text("ends"),
        display=table.text("display"),
        day=day,
        clock=at,
        minutes={display: minutes.whole(display, 1, _MOST_MINUTES) for display in minutes.entries},
        categories={display: categories.choice(display, Category) for display in categories.entries},
    )
    table.finish()
    return found
