"""The places file: TOML that a council officer can read and write, checked to the last key.

`count` bays laid out `from` one point `to` another get ids such as `grays-market-017`; real places list each
`bay` with its own id, position and device. Generated LoRaWAN device EUIs begin with 5a0000: the second lowest
bit of 5a says "locally administered", so they are nobody's real hardware.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from hashlib import blake2b

from domain.errors import PlacesFileError, UnknownModelError
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
    Arrow,
    Asset,
    AssetKind,
    BoardLine,
    Category,
    Closure,
    Device,
    Places,
    Sign,
    Site,
    SiteKind,
)
from domain.register_fields import LONGEST_STAY_MINUTES, MOST_SEATS
from domain.toml_table import Table

OWN_MODEL = "smartplace-bench"
"""The model that speaks our own MQTT contract; all others are LoRaWAN."""
DEV_EUI_PREFIX = "5a0000"
"""What generated device EUIs begin with."""
MOST_IN_A_GROUP = 10_000
LONGEST_ID = 64

SilentAfter = Callable[[str], timedelta]


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
    places = _places(Table("the file", entries, problems), silent_after)
    problems += [*_duplicates(places), *_long_ids(places), *_unknown_references(places)]
    if problems:
        raise PlacesFileError(source, problems)
    return places


def _places(file: Table, silent_after: SilentAfter) -> Places:
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


def _site(table: Table, *, simulated: bool) -> Site:
    return Site(
        site_id=table.identifier("id", parse_site_id),
        name=table.text("name"),
        kind=table.choice("kind", SiteKind),
        locality=table.text("locality"),
        lon=table.degrees("lon", 180),
        lat=table.degrees("lat", 90),
        simulated=simulated,
        ward=table.text("ward") if table.has("ward") else None,
    )


def _bays(table: Table, site: Site, silent_after: SilentAfter) -> Iterator[tuple[Asset, Device]]:
    number = 0
    for group in table.tables("bays", "bays"):
        category = group.choice("category", Category)
        for spot in _spots(group, "bay", silent_after):
            number += 1
            yield spot.install(site, AssetKind.BAY, category, f"{site.site_id}-{number:03}", f"Bay {number}")


def _benches(table: Table, site: Site, silent_after: SilentAfter) -> Iterator[tuple[Asset, Device]]:
    number = 0
    for group in table.tables("benches", "benches"):
        for spot in _spots(group, "bench", silent_after):
            number += 1
            yield spot.install(site, AssetKind.BENCH, None, f"{site.site_id}-bench-{number:02}", f"Bench {number}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What holds of each asset of a group, unless it says otherwise itself."""

    seats: int | None = None
    max_stay_minutes: int | None = None
    home_linked: bool = False


def _terms(table: Table, each: str, terms: _Terms) -> _Terms:
    if each == "bench":
        return replace(terms, seats=table.count("seats", MOST_SEATS)) if table.has("seats") else terms
    if table.has("max_stay_minutes"):
        terms = replace(terms, max_stay_minutes=table.count("max_stay_minutes", LONGEST_STAY_MINUTES))
    if table.has("home_linked"):
        terms = replace(terms, home_linked=bool(table.value("home_linked", bool, "true or false")))
    return terms


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
    terms: _Terms

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
            **asdict(self.terms),
        )
        device_id = self.device_id or _generated_device_id(asset_id, self.model)
        return asset, Device(device_id=device_id, model=self.model, silent_after=self.silent_after, asset_id=asset_id)


def _generated_device_id(asset_id: AssetId, model: str) -> DeviceId:
    if model == OWN_MODEL:
        return DeviceId(f"bench-{asset_id.replace('-bench-', '-')}")
    return DeviceId(DEV_EUI_PREFIX + blake2b(asset_id.encode(), digest_size=5).hexdigest())


def _spots(group: Table, each: str, silent_after: SilentAfter) -> Iterator[_Spot]:
    model, silence = _model(group, silent_after)
    terms = _terms(group, each, _Terms())
    if group.has(each):
        for entry in group.tables(each, each):
            yield _explicit_spot(entry, model, silence, _terms(entry, each, terms))
        return
    count = group.count("count", MOST_IN_A_GROUP)
    (lon, lat), (to_lon, to_lat) = group.point("from"), group.point("to")
    for step in range(count):
        share = step / max(count - 1, 1)
        yield _Spot(
            lon=round(lon + share * (to_lon - lon), 6),
            lat=round(lat + share * (to_lat - lat), 6),
            model=model,
            silent_after=silence,
            terms=terms,
        )


def _model(group: Table, silent_after: SilentAfter) -> tuple[str, timedelta]:
    model = group.text("model")
    try:
        return model, silent_after(model) if model else timedelta()
    except UnknownModelError as error:
        group.note(f"model: {error}")
        return model, timedelta()


def _explicit_spot(entry: Table, model: str, silence: timedelta, terms: _Terms) -> _Spot:
    return _Spot(
        lon=entry.degrees("lon", 180),
        lat=entry.degrees("lat", 90),
        model=model,
        silent_after=silence,
        terms=terms,
        asset_id=entry.identifier("id", parse_asset_id),
        device_id=entry.identifier("device", parse_device_id if model == OWN_MODEL else parse_dev_eui),
        name=entry.text("name") if entry.has("name") else None,
    )


def _closures(table: Table) -> Iterator[Closure]:
    begins_at = table.moment("begins")
    ends_at = table.moment("ends") if table.has("ends") else None
    reason = table.text("reason")
    if begins_at and ends_at and ends_at <= begins_at:
        table.note("ends must be after begins")
    for asset_id in table.texts("bays"):
        if begins_at is not None:
            yield Closure(asset_id=AssetId(asset_id), begins_at=begins_at, ends_at=ends_at, reason=reason)


def _sign(table: Table) -> Sign:
    lines = tuple(_line(line) for line in table.tables("line", "line"))
    if not lines:
        table.note("line is missing; a sign needs at least one [[sign.line]]")
    return Sign(
        sign_id=table.identifier("id", parse_sign_id),
        name=table.text("name"),
        site_id=table.identifier("site", parse_site_id),
        lon=table.degrees("lon", 180),
        lat=table.degrees("lat", 90),
        lines=lines,
    )


def _line(table: Table) -> BoardLine:
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
        yield from _repeated(f"sign {sign.sign_id!r}: line key", (line.key for line in sign.lines))
        # Two numbers under one label are one lie.
        yield from _repeated(f"sign {sign.sign_id!r}: line label", (line.label for line in sign.lines))


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
        for line in sign.lines:
            if line.site_id not in sites:
                yield f"sign {sign.sign_id!r}, line {line.key!r}: there is no site {line.site_id!r}"
            elif (line.site_id, line.category) not in offered | offered_anything:
                kind = f"{line.category} bay" if line.category else "bay"
                yield f"sign {sign.sign_id!r}, line {line.key!r}: site {line.site_id!r} has no {kind}"
