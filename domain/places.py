"""Places: sites, the bays and benches in them, the signs that speak of them, and the devices installed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.boards import Board
from domain.categories import Category
from domain.ids import AssetId, DeviceId, SignId, SiteId, ZoneId


class SiteKind(StrEnum):
    """What a site is."""

    CAR_PARK = "car_park"
    STREET = "street"
    SQUARE = "square"
    PARK = "park"


class AssetKind(StrEnum):
    """What is watched by a device."""

    BAY = "bay"
    BENCH = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A car park, street, square or park. `lon`, `lat` are WGS 84 degrees of its middle."""

    site_id: SiteId
    name: str
    kind: SiteKind
    locality: str
    lon: float
    lat: float
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A bay or a bench. `category` is None for benches, `zone_id` outside of zones; `lon`, `lat` are WGS 84 degrees."""

    asset_id: AssetId
    site_id: SiteId
    kind: AssetKind
    name: str
    category: Category | None
    lon: float
    lat: float
    zone_id: ZoneId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A digital sign in the street and its board."""

    sign_id: SignId
    name: str
    site_id: SiteId
    lon: float
    lat: float
    board: Board


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A piece of hardware. After `silent_after` without a frame, what it last said is no longer known to be true."""

    device_id: DeviceId
    model: str
    silent_after: timedelta
    asset_id: AssetId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A time in which an asset is out of use. `until` None means until further notice."""

    asset_id: AssetId
    begins_at: datetime
    ends_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Everything that a places file defines."""

    sites: tuple[Site, ...]
    assets: tuple[Asset, ...]
    signs: tuple[Sign, ...]
    devices: tuple[Device, ...]
    closures: tuple[Closure, ...]
