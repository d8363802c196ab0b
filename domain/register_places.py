"""The places of a places file as entries of the register."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum

from domain.places import Asset, AssetKind, Device, Places
from domain.register import Entry, Plan, RecordKind, Register, Value
from domain.register_closures import entries_of_file, refuse_unknown_zones, without_closures_that_left_the_file
from domain.register_plan import plan


def plan_of(places: Places, register: Register, *, at: datetime) -> Plan:
    """What a places file changes. It keeps its own closures, and no others. Raises RegisterRefusedError."""
    refuse_unknown_zones(places, register)
    planned = plan(register, entries_of(places, register, at=at), at=at)
    return without_closures_that_left_the_file(planned, register, places)


def entries_of(places: Places, register: Register, *, at: datetime) -> list[Entry]:
    """What a places file wants the register to be. It knows no zones: an asset stays in its own while its site does."""
    return [
        *(_entry(RecordKind.SITE, site.site_id, _values(site, "site_id")) for site in places.sites),
        *(_asset(asset, register) for asset in places.assets),
        *(_device(device) for device in places.devices),
        *(entry for device in places.devices for entry in _installations(device, register, at)),
        *entries_of_file(places),
    ]


def _entry(kind: RecordKind, record_id: str, values: dict[str, Value]) -> Entry:
    return Entry(kind=kind, record_id=record_id, values=values)


def _values(record: object, *without: str) -> dict[str, Value]:
    values = {name: value for name, value in asdict(record).items() if name not in without}  # type: ignore[call-overload]
    return {name: value.value if isinstance(value, StrEnum) else value for name, value in values.items()}


def _asset(asset: Asset, register: Register) -> Entry:
    now = register[RecordKind.ASSET].get(asset.asset_id)
    zone = now["zone"] if now is not None and now["site"] == asset.site_id else None
    values = {"site": asset.site_id, "zone": zone, **_values(asset, "asset_id", "site_id", "zone_id")}
    values["capacity"] = asset.capacity if asset.kind is AssetKind.AREA else None
    return _entry(RecordKind.ASSET, asset.asset_id, values)


def _device(device: Device) -> Entry:
    silent_after_s = int(device.silent_after.total_seconds())
    return _entry(RecordKind.DEVICE, device.device_id, {"model": device.model, "silent_after_s": silent_after_s})


def _installations(device: Device, register: Register, at: datetime) -> Iterator[Entry]:
    if device.asset_id is not None:
        values: dict[str, Value] = dict.fromkeys(("begins_at", "ends_at", "distance_threshold_mm", "debounce_s"))
        values |= {"device": device.device_id, "asset": device.asset_id}
        values["distance_threshold_mm"] = device.distance_threshold_mm
        yield _entry(RecordKind.INSTALLATION, device.device_id, values)
        return
    for record_id, now in register[RecordKind.INSTALLATION].items():
        if now["device"] == device.device_id and now["ends_at"] is None:
            yield _entry(RecordKind.INSTALLATION, record_id, {**now, "ends_at": at})
