"""The places file: TOML that a council officer can read and write, checked to the last key.

`count` bays laid out `from` one point `to` another get ids such as `grays-market-017`; real places list each
`bay` with its own id, position and device. Generated LoRaWAN device EUIs begin with 5a0000: the second lowest
bit of 5a says "locally administered", so they are nobody's real hardware.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeVar

from domain.boards import Arrow, Board, BoardLine
from domain.categories import Category
from domain.errors import InvalidIdError, PlacesFileError, UnknownModelError
from domain.ids import (
    AssetId,
    DeviceId,
    parse_asset_id,
    parse_dev_eui,
    parse_device_id,
    parse_sign_id,
    parse_site_id,
)
from domain.places import (
    Asset,
    AssetKind,
    Closure,
    Device,
    Places,
    Sign,
    Site,
    SiteKind,
)

OWN_MODEL = "smartplace-bench"
"""The model that speaks our own MQTT contract; all others are LoRaWAN."""
DEV_EUI_PREFIX = "5a0000"
"""What generated device EUIs begin with."""
MOST_IN_A_GROUP = 10_000
LONGEST_ID = 64

SilentAfter = Callable[[str], timedelta]
Id = TypeVar("Id", bound=str)
Choice = TypeVar("Choice", SiteKind, Category, Arrow)


def parse_places(text: str, *, source: str, silent_after: SilentAfter) -> Places:
    """Read a places file; `silent_after` says how long a model may be silent, or raises UnknownModelError.

    Raises:
        PlacesFileError: with every problem of the file, one sentence each.
    """
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlacesFileError(source, [f"this is not TOML: {error}"]) from error
    problems: list[str] = []
    places = _places(_Table("the file", entries, problems), silent_after)
    problems += [*_duplicates(places), *_long_ids(places), *_unknown_references(places)]
    if problems:
        raise PlacesFileError(source, problems)
    return places


@dataclass
class _Table:
    """One table of the file. Reading a bad value notes a problem and answers with a harmless stand-in."""

    where: str
    entries: dict[str, Any]
    problems: list[str]
    read: set[str] = field(default_factory=set)

    def has(self, key: str) -> bool:
        """Whether an optional key is there."""
        self.read.add(key)
        return key in self.entries

    def note(self, problem: str) -> None:
        self.problems.append(f"{self.where}: {problem}")

    def value(self, key: str, kind: type | tuple[type, ...], expected: str) -> Any:  # noqa: ANN401
        """The value of a required key, or None (and a problem) if it is missing or of another type."""
        self.read.add(key)
        if key not in self.entries:
            self.note(f"{key} is missing; it must be {expected}")
            return None
        value = self.entries[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.note(f"{key} must be {expected}, got {value!r}")
            return None
        return value

    def text(self, key: str) -> str:
        value = self.value(key, str, "text in quotes")
        if value is not None and not value.strip():
            self.note(f"{key} is empty")
        return value or ""

    def identifier(self, key: str, parse: Callable[[str], Id]) -> Id:
        value = self.value(key, str, "text in quotes")
        if value is not None:
            try:
                return parse(value)
            except InvalidIdError as error:
                self.note(f"{key} {error}")
        return parse(f"{len(self.problems):016x}")

    def choice(self, key: str, choices: type[Choice]) -> Choice:
        known = [choice.value for choice in choices]
        value = self.value(key, str, "one of " + ", ".join(known))
        if value is not None and value not in known:
            self.note(f"{key} must be one of {', '.join(known)}, got {value!r}")
        return choices(value) if value in known else next(iter(choices))

    def count(self, key: str) -> int:
        value = self.value(key, int, "a whole number")
        if value is not None and not 1 <= value <= MOST_IN_A_GROUP:
            self.note(f"{key} must be from 1 to {MOST_IN_A_GROUP}, got {value}")
            return 1
        return value or 1

    def degrees(self, key: str, limit: int) -> float:
        value = self.value(key, (int, float), f"degrees from {-limit} to {limit}")
        return 0.0 if value is None else self._within(key, value, limit)

    def point(self, key: str) -> tuple[float, float]:
        value = self.value(key, list, "[lon, lat]")
        if value is None:
            return 0.0, 0.0
        if len(value) != 2 or any(type(number) not in (int, float) for number in value):
            self.note(f"{key} must be [lon, lat], got {value!r}")
            return 0.0, 0.0
        return self._within(f"{key} lon", value[0], 180), self._within(f"{key} lat", value[1], 90)

    def _within(self, name: str, value: float, limit: int) -> float:
        if not -limit <= value <= limit:
            self.note(f"{name} must be degrees from {-limit} to {limit}, got {value}")
            return 0.0
        return float(value)

    def moment(self, key: str) -> datetime | None:
        value: datetime | None = self.value(key, datetime, "a date and time such as 2026-03-01T08:00:00Z")
        if value is not None and value.tzinfo is None:
            self.note(f"{key} needs Z or an offset such as +01:00, got {value.isoformat()}")
            return None
        return value.astimezone(UTC) if value else None

    def texts(self, key: str) -> list[str]:
        value = self.value(key, list, "a list of texts") or []
        if wrong := [item for item in value if not isinstance(item, str)]:
            self.note(f"{key} must be a list of texts, got {wrong[0]!r}")
        return [item for item in value if isinstance(item, str)]

    def tables(self, key: str, title: str) -> "Iterator[_Table]":
        """The tables of an optional list, each titled by its id, or by its place in the list."""
        if not self.has(key):
            return
        found = self.value(key, list, f"[[{key}]] tables") or []
        for position, entries in enumerate(found, 1):
            if not isinstance(entries, dict):
                self.note(f"{title} {position} must be a table, got {entries!r}")
                continue
            name = repr(entries["id"]) if "id" in entries else str(position)
            prefix = "" if self.where == "the file" else f"{self.where}, "
            table = _Table(f"{prefix}{title} {name}", entries, self.problems)
            yield table
            table.finish()

    def finish(self) -> None:
        for key in sorted(set(self.entries) - self.read):
            self.note(f"{key!r} is not a key here; known are {', '.join(sorted(self.read))}")


def _places(file: _Table, silent_after: SilentAfter) -> Places:
    file.text("name")
    simulated = bool(file.value("simulated", bool, "true or false"))
    sites: list[Site] = []
    installed: list[tuple[Asset, Device]] = []
    closures: list[Closure] = []
    for table in file.tables("site", "site"):
        site = _site(table, simulated=simulated)
        sites.append(site)
        installed += _bays(table, site, silent_after)
        installed += _benches(table, site, silent_after)
        closures += [closure for part in table.tables("closures", "closure") for closure in _closures(part)]
    signs = tuple(_sign(table) for table in file.tables("sign", "sign"))
    file.finish()
    return Places(
        sites=tuple(sites),
        assets=tuple(asset for asset, _ in installed),
        signs=signs,
        devices=tuple(device for _, device in installed),
        closures=tuple(closures),
    )


def _site(table: _Table, *, simulated: bool) -> Site:
    return Site(
        site_id=table.identifier("id", parse_site_id),
        name=table.text("name"),
        kind=table.choice("kind", SiteKind),
        locality=table.text("locality"),
        lon=table.degrees("lon", 180),
        lat=table.degrees("lat", 90),
        simulated=simulated,
    )


def _bays(table: _Table, site: Site, silent_after: SilentAfter) -> Iterator[tuple[Asset, Device]]:
    number = 0
    for group in table.tables("bays", "bays"):
        category = group.choice("category", Category)
        for spot in _spots(group, "bay", silent_after):
            number += 1
            yield spot.install(site, AssetKind.BAY, category, f"{site.site_id}-{number:03}", f"Bay {number}")


def _benches(table: _Table, site: Site, silent_after: SilentAfter) -> Iterator[tuple[Asset, Device]]:
    number = 0
    for group in table.tables("benches", "benches"):
        for spot in _spots(group, "bench", silent_after):
            number += 1
            yield spot.install(site, AssetKind.BENCH, None, f"{site.site_id}-bench-{number:02}", f"Bench {number}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """A position for one asset; the ids are None where they are to be generated."""

    lon: float
    lat: float
    model: str
    silent_after: timedelta
    asset_id: AssetId | None = None
    device_id: DeviceId | None = None
    name: str | None = None

    def install(
        self, site: Site, kind: AssetKind, category: Category | None, generated_id: str, generated_name: str
    ) -> tuple[Asset, Device]:
        asset_id = self.asset_id or AssetId(generated_id)
        asset = Asset(
            asset_id=asset_id,
            site_id=site.site_id,
            kind=kind,
            name=self.name or generated_name,
            category=category,
            lon=self.lon,
            lat=self.lat,
        )
        device_id = self.device_id or _generated_device_id(asset_id, self.model)
        return asset, Device(device_id=device_id, model=self.model, silent_after=self.silent_after, asset_id=asset_id)


def _generated_device_id(asset_id: AssetId, model: str) -> DeviceId:
    if model == OWN_MODEL:
        return DeviceId(f"bench-{asset_id.replace('-bench-', '-')}")
    return DeviceId(DEV_EUI_PREFIX + blake2b(asset_id.encode(), digest_size=5).hexdigest())


def _spots(group: _Table, each: str, silent_after: SilentAfter) -> Iterator[_Spot]:
    model, silence = _model(group, silent_after)
    if group.has(each):
        for entry in group.tables(each, each):
            yield _explicit_spot(entry, model, silence)
        return
    count = group.count("count")
    (lon, lat), (to_lon, to_lat) = group.point("from"), group.point("to")
    for step in range(count):
        share = step / max(count - 1, 1)
        yield _Spot(
            lon=round(lon + share * (to_lon - lon), 6),
            lat=round(lat + share * (to_lat - lat), 6),
            model=model,
            silent_after=silence,
        )


def _model(group: _Table, silent_after: SilentAfter) -> tuple[str, timedelta]:
    model = group.text("model")
    try:
        return model, silent_after(model) if model else timedelta()
    except UnknownModelError as error:
        group.note(f"model: {error}")
        return model, timedelta()


def _explicit_spot(entry: _Table, model: str, silence: timedelta) -> _Spot:
    return _Spot(
        lon=entry.degrees("lon", 180),
        lat=entry.degrees("lat", 90),
        model=model,
        silent_after=silence,
        asset_id=entry.identifier("id", parse_asset_id),
        device_id=entry.identifier("device", parse_device_id if model == OWN_MODEL else parse_dev_eui),
        name=entry.text("name") if entry.has("name") else None,
    )


def _closures(table: _Table) -> Iterator[Closure]:
    begins_at = table.moment("begins")
    ends_at = table.moment("ends") if table.has("ends") else None
    reason = table.text("reason")
    if begins_at and ends_at and ends_at <= begins_at:
        table.note("ends must be after begins")
    for asset_id in table.texts("bays"):
        if begins_at is not None:
            yield Closure(asset_id=AssetId(asset_id), begins_at=begins_at, ends_at=ends_at, reason=reason)


def _sign(table: _Table) -> Sign:
    lines = tuple(_line(line) for line in table.tables("line", "line"))
    if not lines:
        table.note("line is missing; a sign needs at least one [[sign.line]]")
    sign_id, name = table.identifier("id", parse_sign_id), table.text("name")
    return Sign(
        sign_id=sign_id,
        name=name,
        site_id=table.identifier("site", parse_site_id),
        lon=table.degrees("lon", 180),
        lat=table.degrees("lat", 90),
        board=Board(sign_id=sign_id, title=name, lines=lines),
    )


def _line(table: _Table) -> BoardLine:
    return BoardLine(
        key=table.text("key"),
        label=table.text("label"),
        site_id=table.identifier("site", parse_site_id),
        category=table.choice("category", Category) if table.has("category") else None,
        arrow=table.choice("arrow", Arrow) if table.has("arrow") else None,
    )


def _duplicates(places: Places) -> Iterator[str]:
    yield from _repeated("site id", (site.site_id for site in places.sites))
    yield from _repeated("asset id", (asset.asset_id for asset in places.assets))
    yield from _repeated("device id", (device.device_id for device in places.devices))
    yield from _repeated("sign id", (sign.sign_id for sign in places.signs))
    for sign in places.signs:
        yield from _repeated(f"sign {sign.sign_id!r}: line key", (line.key for line in sign.board.lines))
        # Two numbers under one label are one lie.
        yield from _repeated(f"sign {sign.sign_id!r}: line label", (line.label for line in sign.board.lines))


def _repeated(what: str, ids: Iterable[str]) -> Iterator[str]:
    return (f"{what} {one!r} is used {times} times" for one, times in Counter(ids).items() if times > 1)


def _long_ids(places: Places) -> Iterator[str]:
    for generated in [asset.asset_id for asset in places.assets] + [one.device_id for one in places.devices]:
        if len(generated) > LONGEST_ID:
            yield f"{generated!r} is longer than {LONGEST_ID} characters; give its site a shorter id"


def _unknown_references(places: Places) -> Iterator[str]:
    sites = {site.site_id for site in places.sites}
    assets = {asset.asset_id for asset in places.assets}
    offered = {(asset.site_id, asset.category) for asset in places.assets if asset.category}
    offered_anything = {(site_id, None) for site_id, _ in offered}
    for closure in places.closures:
        if closure.asset_id not in assets:
            yield f"closure {closure.reason!r}: there is no bay or bench {closure.asset_id!r}"
    for sign in places.signs:
        if sign.site_id not in sites:
            yield f"sign {sign.sign_id!r}: there is no site {sign.site_id!r}"
        for line in sign.board.lines:
            if line.site_id not in sites:
                yield f"sign {sign.sign_id!r}, line {line.key!r}: there is no site {line.site_id!r}"
            elif (line.site_id, line.category) not in offered | offered_anything:
                kind = f"{line.category} bay" if line.category else "bay"
                yield f"sign {sign.sign_id!r}, line {line.key!r}: site {line.site_id!r} has no {kind}"
