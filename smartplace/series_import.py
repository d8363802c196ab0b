"""`smartplace import series`: rows become frames of our own model, and go the way of every other frame.

The file is read twice: first all of it is checked, then it is written. A row that is in the journal already is not
written again, so that a second run changes nothing, however much later.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from devices import codec
from devices.catalogue import model
from devices.codecs.smartplace_bench import encode_message
from domain.errors import CommandError, InvalidIdError, MappingError, RegisterProblem
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.quality import Fault, Faults, QualityChoice
from domain.register import Entry, Made, RecordKind, Register, Values
from domain.register_fields import unsaid
from domain.series import (
    LATE_AFTER,
    MODEL,
    SESSION,
    NewPlaces,
    SeriesIds,
    SeriesMapping,
    SeriesRow,
    ids_of,
    read_mapping,
    rows_of,
)
from domain.uplinks import Accepted, Kind, Network, TimeSource, Uplink
from smartplace.clock import utc_now
from store.frames import FrameStore
from store.history.telling import History
from store.history.watch import history_status
from store.pool import Pool
from store.quality import Judge, StoreQuality, note_faults
from store.register import StoreRegister

MAPPINGS = Path(__file__).parent / "mappings"
BATCH = 2000
MOST_PROBLEMS = 1000

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class SiteSeries:
    """What a file says of one site: its first line, the largest capacity, its first and last time, how many rows."""

    line: int
    first_at: datetime
    last_at: datetime
    capacity: int | None = None
    rows: int = 0

    def add(self, row: SeriesRow) -> None:
        """One more row."""
        self.first_at, self.last_at = min(self.first_at, row.at), max(self.last_at, row.at)
        self.capacity = max((one for one in (self.capacity, row.capacity) if one is not None), default=None)
        self.rows += 1


@dataclass(slots=True)
class Reading:
    """A file as it was read: what it says of each site by the source's code, what speaks against it, its own faults."""

    rows: int = 0
    sites: dict[str, SiteSeries] = field(default_factory=dict)
    problems: list[RegisterProblem] = field(default_factory=list)
    faults: dict[str, Faults] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)

    def add(self, row: SeriesRow) -> None:
        """One more row."""
        self.rows += 1
        if row.code not in self.sites:
            self.sites[row.code] = SiteSeries(row.line, row.at, row.at)
            self.faults[row.code] = Faults()
        self.sites[row.code].add(row)
        faults = self.faults[row.code]
        key = hash((row.code, row.at, row.taken, row.free))
        if key in self._seen:
            faults.add(Fault.DUPLICATE, row.at)
        self._seen.add(key)
        if row.taken is None:
            faults.add(Fault.SENTINEL, row.at)
        if row.received_at - row.at > LATE_AFTER:
            faults.add(Fault.BACK_FILL, row.at)


class _Told(NamedTuple):
    """The time of which history can be told anew."""

    begins_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a file. `made` is what became of the register, None where nothing was to be added."""

    reading: Reading
    made: Made | None
    kept: int = 0
    there_already: int = 0
    faults: dict[Fault, int] = field(default_factory=dict)


def mapping_at(name: str) -> SeriesMapping:
    """The mapping in a file, or one that comes with the platform by its name.

    Raises:
        CommandError: there is none, or it has faults.
    """
    path = Path(name)
    if not path.exists() and path.suffix == "":
        path = MAPPINGS / f"{name}.toml"
    try:
        return read_mapping(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(sorted(path.stem for path in MAPPINGS.glob("*.toml")))
        raise CommandError(f"{name} cannot be read: {error}; known by name are {known}") from error
    except MappingError as error:
        raise CommandError(f"{path}: {error}") from error


async def import_series(
    pool: Pool,
    file: Path,
    mapping: SeriesMapping,
    *,
    add_places: bool,
    skip_faulty: bool,
    dry_run: bool,
    actor: str,
    progress: Progress,
) -> Outcome:
    """Check the file, then write it; with a dry run only check.

    Raises:
        SeriesRefusedError: rows cannot be read or belong nowhere; nothing was changed.
        RegisterRefusedError: its places contradict the register; nothing was changed.
        StoreUnavailableError: what was written stays written; run it again.
    """
    registry = StoreRegister(pool, now=utc_now)
    register = await registry.records()
    told = _Told(now=utc_now(), begins_at=(await history_status(pool)).frozen_until)
    total = _count_lines(file)
    reading = Reading()
    for done, row in enumerate(_rows(file, mapping, register, told), 1):
        if isinstance(row, RegisterProblem):
            reading.problems.append(row)
        else:
            reading.add(row)
        if done % BATCH == 0:
            progress(done // 2, total)
    ids = dict(_ids(reading, mapping))
    entries = list(_entries(reading, ids, mapping, register)) if add_places else []
    reading.problems += _homeless(reading, ids, register, entries)
    if reading.problems and not skip_faulty:
        raise SeriesRefusedError(reading.problems)
    made = await registry.write(entries, actor=actor, what=file.name, dry_run=dry_run) if entries else None
    if dry_run:
        return Outcome(reading=reading, made=made)
    return await _write(pool, file, mapping, reading, made, ids, told=told, progress=progress)


class SeriesRefusedError(CommandError):
    """Rows that cannot be read or belong nowhere, each with its line; nothing was changed."""

    def __init__(self, problems: Sequence[RegisterProblem]) -> None:
        super().__init__(
            f"the file has faults ({len(problems)}), nothing was changed; --skip-faulty leaves those rows out"
        )
        self.problems = sorted(problems, key=lambda one: one.line or 0)


async def _write(
    pool: Pool,
    file: Path,
    mapping: SeriesMapping,
    reading: Reading,
    made: Made | None,
    ids: dict[str, SeriesIds],
    *,
    told: _Told,
    progress: Progress,
) -> Outcome:
    # What was imported is known for ever, not only while frames are remembered.
    store = FrameStore(pool, looks_back=True)
    await store.refresh()
    register = await StoreRegister(pool, now=utc_now).records()
    kept = there = 0
    batch: list[Accepted] = []
    known = {code: one for code, one in ids.items() if one.device_id in register[RecordKind.DEVICE]}
    done = 0
    for row in _rows(file, mapping, register, told):
        if isinstance(row, RegisterProblem) or row.code not in known:
            continue
        batch.append(frame_of(row, known[row.code]))
        done += 1
        if len(batch) == BATCH:
            stored = await store.write(batch, [])
            kept, there, batch = kept + stored.kept, there + stored.duplicates, []
            progress((reading.rows + done) // 2, reading.rows)
    if batch:
        stored = await store.write(batch, [])
        kept, there = kept + stored.kept, there + stored.duplicates
    await note_faults(
        pool, {known[code].area_id: found.by_day() for code, found in reading.faults.items() if code in known}
    )
    # Somebody else may be at it: then it follows.
    await History(pool, now=utc_now).catch_up()
    await Judge(pool).catch_up()
    faults = await _faults(pool, reading, known)
    return Outcome(reading=reading, made=made, kept=kept, there_already=there, faults=faults)


async def _faults(pool: Pool, reading: Reading, known: dict[str, SeriesIds]) -> dict[Fault, int]:
    """What is on record of these areas in the time of the file."""
    found: dict[Fault, int] = {}
    for code, site in reading.sites.items():
        if code not in known:
            continue
        choice = QualityChoice(
            first_day=site.first_at.date(), last_day=site.last_at.date(), asset_id=known[code].area_id
        )
        for fault, times in (await StoreQuality(pool).totals(choice)).items():
            found[fault] = found.get(fault, 0) + times
    return found


def frame_of(row: SeriesRow, ids: SeriesIds) -> Accepted:
    """The row as a frame of our own model, decoded from its own bytes."""
    said: Measurements = {}
    if row.taken is not None:
        said["vehicles_present"] = row.taken
    if row.free is not None:
        said["spaces_free"] = row.free
    # A code is no count, but somebody spoke.
    kind = Kind.HEARTBEAT if row.taken is None else Kind.EVENT
    payload = encode_message(kind, said, seq=row.seq, time=row.at, session=SESSION)
    uplink = Uplink(
        device_id=ids.device_id,
        network=Network.MQTT,
        session=SESSION,
        f_cnt=row.seq,
        f_port=0,
        payload=payload,
        observed_at=row.at,
        time_source=TimeSource.DEVICE,
        received_at=row.received_at,
    )
    return Accepted(uplink=uplink, decoded=codec.decode(model(MODEL), 0, payload))


def _rows(file: Path, mapping: SeriesMapping, register: Register, told: _Told) -> Iterator[SeriesRow | RegisterProblem]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for row in rows_of(lines, mapping, capacities=_Capacities(mapping, register), now=told.now):
                yield _too_old(row, mapping) if isinstance(row, SeriesRow) and row.at < told.begins_at else row
    except UnicodeDecodeError:
        yield RegisterProblem(message="this is not UTF-8: save the file as `CSV UTF-8`")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror or error}") from error


def _too_old(row: SeriesRow, mapping: SeriesMapping) -> RegisterProblem:
    message = f"{row.at:%Y-%m-%d %H:%M}Z is older than what history can still be told of (`smartplace history status`)"
    return RegisterProblem(line=row.line, column=mapping.time, message=message)


class _Capacities(dict[str, int]):
    """Capacities by the source's codes: as the mapping says, else as the register does."""

    def __init__(self, mapping: SeriesMapping, register: Register) -> None:
        super().__init__(mapping.capacities)
        self._mapping = mapping
        self._assets = register[RecordKind.ASSET]

    def get(self, code: str, default: int | None = None) -> int | None:  # type: ignore[override]
        """The capacity of one site."""
        if code not in self:
            try:
                area: Values = self._assets.get(ids_of(self._mapping, code).area_id, {})
            except InvalidIdError:
                return default
            if isinstance(capacity := area.get("capacity"), int):
                self[code] = capacity
        return super().get(code, default)


def _count_lines(file: Path) -> int:
    try:
        with file.open("rb") as content:
            return sum(1 for _ in content)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror or error}") from error


def _ids(reading: Reading, mapping: SeriesMapping) -> Iterator[tuple[str, SeriesIds]]:
    for code, site in reading.sites.items():
        try:
            yield code, ids_of(mapping, code)
        except InvalidIdError as error:
            reading.problems.append(RegisterProblem(line=site.line, column=mapping.site, message=str(error)))


def _entries(
    reading: Reading, ids: dict[str, SeriesIds], mapping: SeriesMapping, register: Register
) -> Iterator[Entry]:
    """The places of the file that the register does not have."""
    if mapping.places is None:
        raise CommandError("the mapping has no [places]: it does not say what to add to the register")
    for code, (site_id, area_id, device_id) in ids.items():
        site, series = mapping.places, reading.sites[code]
        lon, lat = site.points.get(code, (site.lon, site.lat))
        name = site.names.get(code, code)
        wanted: list[tuple[RecordKind, str, Values]] = [
            (RecordKind.SITE, site_id, _site(site, name, lon, lat)),
            (RecordKind.ASSET, area_id, _area(site, site_id, name, lon, lat, series.capacity)),
            (
                RecordKind.DEVICE,
                device_id,
                {"model": MODEL, "silent_after_s": int(mapping.silent_after.total_seconds())},
            ),
        ]
        yield from (
            Entry(kind=kind, record_id=record_id, values=values, line=series.line)
            for kind, record_id, values in wanted
            if record_id not in register[kind]
        )
        if device_id not in register[RecordKind.DEVICE]:
            values: Values = {
                **dict.fromkeys(("begins_at", "ends_at", "distance_threshold_mm", "debounce_s")),
                "device": device_id,
                "asset": area_id,
            }
            yield Entry(kind=RecordKind.INSTALLATION, record_id=device_id, values=values, line=series.line)


def _site(site: NewPlaces, name: str, lon: float, lat: float) -> Values:
    said: Values = {"name": name, "kind": site.kind.value, "locality": site.locality, "lon": lon, "lat": lat}
    return {**unsaid(RecordKind.SITE), **said}


def _area(site: NewPlaces, site_id: str, name: str, lon: float, lat: float, capacity: int | None) -> Values:
    return {
        **unsaid(RecordKind.ASSET),
        "site": site_id,
        "name": name,
        "kind": AssetKind.AREA.value,
        "category": site.category.value,
        "lon": lon,
        "lat": lat,
        "capacity": capacity,
    }


def _homeless(
    reading: Reading, ids: dict[str, SeriesIds], register: Register, entries: Iterable[Entry]
) -> Iterator[RegisterProblem]:
    """Sites whose counts would belong nowhere, at their first line."""
    added = {(entry.kind, entry.record_id) for entry in entries}
    for code, one in ids.items():
        line, where = reading.sites[code].line, f"site {code[:40]!r}"
        if (RecordKind.ASSET, one.area_id) in added and reading.sites[code].capacity is None:
            yield RegisterProblem(line=line, message=f"{where}: nobody says how many spaces it has")
        for kind, record_id in ((RecordKind.ASSET, one.area_id), (RecordKind.DEVICE, one.device_id)):
            if record_id not in register[kind] and (kind, record_id) not in added:
                message = f"{where}: the register has no {kind} {record_id}; --add-places adds it"
                yield RegisterProblem(line=line, message=message)
                break
