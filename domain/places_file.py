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

from domain.board_document import offers, read_board, unknown_places
from domain.categories import Category
from domain.errors import PlacesFileError, UnknownModelError
from domain.ids import (
    AssetId,
    DeviceId,
    SiteId,
    ZoneId,
    parse_asset_id,
    parse_dev_eui,
    parse_device_id,
    parse_sign_id,
    parse_site_id,
    parse_zone_id,
)
from domain.places import (
    Asset,
    AssetKind,
    Closure,
    Device,
    Direction,
    Places,
    Sign,
    Site,
    SiteKind,
)
from domain.register_fields import LONGEST_STAY_MINUTES, MOST_SEATS
from domain.tables import Table

OWN_MODELS = frozenset({"smartplace-bench", "smartplace-count"})
"""The models that speak our own MQTT contract; all others are LoRaWAN."""
DEV_EUI_PREFIX = "5a0000"
"""What generated device EUIs begin with."""
MOST_IN_A_GROUP = 10_000
MOST_SPACES = 100_000
LONGEST_ID = 64
FARTHEST_MM = 20_000

_THRESHOLD = "distance_threshold_mm"

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
    installed: list[tuple[Asset, Device | None]] = []
    closures: list[Closure] = []
    for table in file.tables("site", "site"):
        site = _site(table, simulated=simulated)
        sites.append(site)
        installed += _bays(table, site, silent_after)
        installed += _benches(table, site, silent_after)
        installed += _areas(table, site, silent_after)
        installed += _gates(table, site, silent_after)
        closures += [closure for part in table.tables("closures", "closure") for closure in _closures(part, site)]
    signs = tuple(_sign(table) for table in file.tables("sign", "sign"))
    file.finish()
    return Places(
        sites=tuple(sites),
        assets=tuple(asset for asset, _ in installed),
        signs=signs,
        devices=tuple(device for _, device in installed if device is not None),
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


def _areas(table: Table, site: Site, silent_after: SilentAfter) -> Iterator[tuple[Asset, Device | None]]:
    for area in table.tables("areas", "area"):
        asset = Asset(
            asset_id=area.identifier("id", parse_asset_id),
            site_id=site.site_id,
            kind=AssetKind.AREA,
            name=area.text("name"),
            category=area.choice("category", Category) if area.has("category") else Category.GENERAL,
            lon=area.degrees("lon", 180),
            lat=area.degrees("lat", 90),
            capacity=area.whole("capacity", 1, MOST_SPACES),
            anchor_at=area.time_of_day("anchor_at") if area.has("anchor_at") else None,
            anchor_taken=area.whole("anchor_taken", 0, MOST_SPACES) if area.has("anchor_taken") else None,
        )
        if (asset.anchor_at is None) != (asset.anchor_taken is None):
            area.note("anchor_at and anchor_taken go together")
        if asset.anchor_taken is not None and asset.anchor_taken > asset.capacity:
            area.note("anchor_taken must be at most the capacity")
        # An area that is only counted at its gates has no device of its own.
        yield asset, _own_device(area, asset, silent_after) if area.has("device") or area.has("model") else None


def _gates(table: Table, site: Site, silent_after: SilentAfter) -> Iterator[tuple[Asset, Device | None]]:
    for gate in table.tables("gates", "gate"):
        asset = Asset(
            asset_id=gate.identifier("id", parse_asset_id),
            site_id=site.site_id,
            kind=AssetKind.GATE,
            name=gate.text("name"),
            category=None,
            lon=gate.degrees("lon", 180),
            lat=gate.degrees("lat", 90),
            area=gate.identifier("area", parse_asset_id),
            direction=gate.choice("direction", Direction),
        )
        yield asset, _own_device(gate, asset, silent_after)


def _own_device(entry: Table, asset: Asset, silent_after: SilentAfter) -> Device:
    model, silence = _model(entry, silent_after)
    device_id = entry.identifier("device", parse_device_id if model in OWN_MODELS else parse_dev_eui)
    return Device(device_id=device_id, model=model, silent_after=silence, asset_id=asset.asset_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What holds of each asset of a group, unless it says otherwise itself."""

    seats: int | None = None
    max_stay_minutes: int | None = None
    home_linked: bool = False


def _terms(table: Table, each: str, terms: _Terms) -> _Terms:
    if each == "bench":
        return replace(terms, seats=table.whole("seats", 1, MOST_SEATS)) if table.has("seats") else terms
    if table.has("max_stay_minutes"):
        terms = replace(terms, max_stay_minutes=table.whole("max_stay_minutes", 1, LONGEST_STAY_MINUTES))
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
    threshold_mm: int | None
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
        return asset, Device(
            device_id=device_id,
            model=self.model,
            silent_after=self.silent_after,
            asset_id=asset_id,
            distance_threshold_mm=self.threshold_mm,
        )


def _generated_device_id(asset_id: AssetId, model: str) -> DeviceId:
    if model in OWN_MODELS:
        return DeviceId(f"bench-{asset_id.replace('-bench-', '-')}")
    return DeviceId(DEV_EUI_PREFIX + blake2b(asset_id.encode(), digest_size=5).hexdigest())


def _spots(group: Table, each: str, silent_after: SilentAfter) -> Iterator[_Spot]:
    model, silence = _model(group, silent_after)
    threshold_mm = _threshold_mm(group)
    terms = _terms(group, each, _Terms())
    if group.has(each):
        for entry in group.tables(each, each):
            yield _explicit_spot(entry, model, silence, threshold_mm, _terms(entry, each, terms))
        return
    count = group.whole("count", 1, MOST_IN_A_GROUP)
    (lon, lat), (to_lon, to_lat) = group.point("from"), group.point("to")
    for step in range(count):
        share = step / max(count - 1, 1)
        yield _Spot(
            lon=round(lon + share * (to_lon - lon), 6),
            lat=round(lat + share * (to_lat - lat), 6),
            model=model,
            silent_after=silence,
            threshold_mm=threshold_mm,
            terms=terms,
        )


def _model(group: Table, silent_after: SilentAfter) -> tuple[str, timedelta]:
    model = group.text("model")
    try:
        return model, silent_after(model) if model else timedelta()
    except UnknownModelError as error:
        group.note(f"model: {error}")
        return model, timedelta()


def _threshold_mm(table: Table) -> int | None:
    """An optional distance in millimetres."""
    return table.whole(_THRESHOLD, 1, FARTHEST_MM) if table.has(_THRESHOLD) else None


def _explicit_spot(entry: Table, model: str, silence: timedelta, threshold_mm: int | None, terms: _Terms) -> _Spot:
    return _Spot(
        lon=entry.degrees("lon", 180),
        lat=entry.degrees("lat", 90),
        model=model,
        silent_after=silence,
        threshold_mm=_threshold_mm(entry) if entry.has(_THRESHOLD) else threshold_mm,
        terms=terms,
        asset_id=entry.identifier("id", parse_asset_id),
        device_id=entry.identifier("device", parse_device_id if model in OWN_MODELS else parse_dev_eui),
        name=entry.text("name") if entry.has("name") else None,
    )


def _closures(table: Table, site: Site) -> Iterator[Closure]:
    begins_at = table.moment("begins")
    ends_at = table.moment("ends") if table.has("ends") else None
    reason = table.text("reason")
    if begins_at and ends_at and ends_at <= begins_at:
        table.note("ends must be after begins")
    for asset_id, site_id, zone_id in list(_closed(table, site)):
        if begins_at is not None:
            yield Closure(
                asset_id=asset_id,
                site_id=site_id,
                zone_id=zone_id,
                begins_at=begins_at,
                ends_at=ends_at,
                reason=reason,
            )


def _closed(table: Table, site: Site) -> Iterator[tuple[AssetId | None, SiteId | None, ZoneId | None]]:
    """What is closed: assets, or the site or one zone of it."""
    named = [key for key in ("bays", "zone", "whole_site") if table.has(key)]
    if len(named) > 1:
        table.note(f"only one of bays, zone and whole_site can be there, got {' and '.join(named)}")
    elif named == ["whole_site"]:
        if table.value("whole_site", bool, "true") is False:
            table.note("whole_site must be true; leave it out and name bays or a zone")
        yield None, site.site_id, None
    elif named == ["zone"]:
        yield None, site.site_id, table.identifier("zone", parse_zone_id)
    elif named == ["bays"]:
        yield from ((AssetId(asset_id), None, None) for asset_id in table.texts("bays"))
    else:
        table.note("one of bays, zone and whole_site is missing: what is closed?")


def _sign(table: Table) -> Sign:
    sign_id, name = table.identifier("id", parse_sign_id), table.text("name")
    board = read_board(table, sign_id=sign_id, name=name)
    return Sign(
        sign_id=sign_id,
        name=name,
        site_id=table.identifier("site", parse_site_id),
        lon=table.degrees("lon", 180),
        lat=table.degrees("lat", 90),
        board=board,
    )


def _duplicates(places: Places) -> Iterator[str]:
    yield from _repeated("site id", (site.site_id for site in places.sites))
    yield from _repeated("asset id", (asset.asset_id for asset in places.assets))
    yield from _repeated("device id", (device.device_id for device in places.devices))
    yield from _repeated("sign id", (sign.sign_id for sign in places.signs))


def _repeated(what: str, ids: Iterable[str]) -> Iterator[str]:
    return (f"{what} {one!r} is used {times} times" for one, times in Counter(ids).items() if times > 1)


def _long_ids(places: Places) -> Iterator[str]:
    for generated in [asset.asset_id for asset in places.assets] + [one.device_id for one in places.devices]:
        if len(generated) > LONGEST_ID:
            yield f"{generated!r} is longer than {LONGEST_ID} characters; give its site a shorter id"


def _unknown_references(places: Places) -> Iterator[str]:
    sites = {site.site_id for site in places.sites}
    assets = {asset.asset_id for asset in places.assets}
    # The file knows no zones. Whether a site has the zone of a line is for whoever keeps the register to say.
    offered = offers((asset.site_id, None, asset.category) for asset in places.assets if asset.category)
    for closure in places.closures:
        if closure.asset_id is not None and closure.asset_id not in assets:
            yield f"closure {closure.reason!r}: there is no bay or bench {closure.asset_id!r}"
    yield from _gates_to_nowhere(places)
    for sign in places.signs:
        if sign.site_id not in sites:
            yield f"sign {sign.sign_id!r}: there is no site {sign.site_id!r}"
        without_zones = replace(sign.board, lines=tuple(replace(line, zone_id=None) for line in sign.board.lines))
        yield from (f"sign {sign.sign_id!r}, {problem}" for problem in unknown_places(without_zones, offered))


def _gates_to_nowhere(places: Places) -> Iterator[str]:
    areas = {(asset.asset_id, asset.site_id) for asset in places.assets if asset.kind is AssetKind.AREA}
    for asset in places.assets:
        if asset.area is not None and (asset.area, asset.site_id) not in areas:
            yield f"gate {asset.asset_id!r}: there is no area {asset.area!r} in site {asset.site_id!r}"
