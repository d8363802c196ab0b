"""Places: sites, the bays, benches, areas and gates in them, the signs that speak of them, the devices installed."""

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
    AREA = "area"
    GATE = "gate"

    @property
    def has_category(self) -> bool:
        """Whether it is parking space, which is for somebody."""
        return self in (AssetKind.BAY, AssetKind.AREA)


class Direction(StrEnum):
    """Which way people or vehicles pass a gate: into its area, out of it, or both."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


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
    ward: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A bay, a bench, an area or a gate; `lon`, `lat` are WGS 84 degrees.

    An area is a number of spaces that are counted together: `capacity`, which is 1 for everything else. A gate is where
    a counter sees who enters or leaves the `area` that it belongs to. `category` is None for benches and gates. An area
    that is counted at its gates may have an anchor: at that time of the day in London so many are known to be there.
    `zone_id` is None outside of zones.

    `seats` of a bench, `max_stay_minutes` of a bay, where they are known. `home_linked`: a bay that belongs to one
    household, of which nothing is told in public.
    """

    asset_id: AssetId
    site_id: SiteId
    kind: AssetKind
    name: str
    category: Category | None
    lon: float
    lat: float
    zone_id: ZoneId | None = None
    capacity: int = 1
    area: AssetId | None = None
    direction: Direction | None = None
    anchor_at: str | None = None
    anchor_taken: int | None = None
    seats: int | None = None
    max_stay_minutes: int | None = None
    home_linked: bool = False


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
    """A piece of hardware. After `silent_after` without a frame, what it last said is no longer known to be true.

    What is nearer than `distance_threshold_mm` is at its asset, for models that measure a distance; None: as it is.
    """

    device_id: DeviceId
    model: str
    silent_after: timedelta
    asset_id: AssetId | None
    distance_threshold_mm: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A time in which an asset, a site or one zone of a site is out of use. `ends_at` None: until further notice."""

    begins_at: datetime
    ends_at: datetime | None
    reason: str
    asset_id: AssetId | None = None
    site_id: SiteId | None = None
    zone_id: ZoneId | None = None

    def closes(self, asset: Asset) -> bool:
        """Whether that is out of use with it."""
        in_site = self.site_id == asset.site_id and self.zone_id in {None, asset.zone_id}
        return self.asset_id == asset.asset_id if self.asset_id is not None else in_site


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Everything that a places file defines."""

    sites: tuple[Site, ...]
    assets: tuple[Asset, ...]
    signs: tuple[Sign, ...]
    devices: tuple[Device, ...]
    closures: tuple[Closure, ...]
