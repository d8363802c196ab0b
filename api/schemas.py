"""What the API says, as documented in /openapi.json. Views only: never stored, never decoded."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, PlainSerializer

from domain.availability import Availability, availability
from domain.categories import Category
from domain.places import AssetKind, SiteKind
from domain.readiness import Check
from domain.snapshot import AssetStatus, SiteStatus, ZoneStatus
from domain.states import Counts as DomainCounts
from domain.states import State
from domain.times import rfc3339

Time = Annotated[datetime, PlainSerializer(rfc3339, when_used="json"), Field(examples=["2026-11-21T09:30:00.000Z"])]


class Counts(BaseModel):
    """How many are in each state. `free + occupied + unknown + closed` is always `capacity`."""

    capacity: int = Field(ge=0, examples=[40])
    free: int = Field(ge=0, examples=[12])
    occupied: int = Field(ge=0, examples=[25])
    unknown: int = Field(ge=0, description="No recent word from the sensor. Never counted as free.", examples=[2])
    closed: int = Field(ge=0, description="Out of use: not free, not full.", examples=[1])

    @classmethod
    def of(cls, counts: DomainCounts) -> "Counts":
        """The wire form."""
        return cls(
            capacity=counts.capacity,
            free=counts.free,
            occupied=counts.occupied,
            unknown=counts.unknown,
            closed=counts.closed,
        )


class Location(BaseModel):
    """WGS 84 degrees."""

    lon: float = Field(ge=-180, le=180, examples=[0.3252])
    lat: float = Field(ge=-90, le=90, examples=[51.4752])


class ZoneState(BaseModel):
    """The bays of one zone of a site now."""

    id: str = Field(examples=["roof"])
    availability: Availability = Field(description="How its bays stand, in the one word that signs use.")
    counts: Counts
    categories: dict[Category, Counts] = Field(description="The same bays by who may use them.")

    @classmethod
    def of(cls, zone_id: str, status: ZoneStatus) -> "ZoneState":
        """The wire form."""
        return cls(
            id=zone_id,
            availability=availability(status.bays),
            counts=Counts.of(status.bays),
            categories={category: Counts.of(counts) for category, counts in status.categories.items()},
        )


class SiteState(BaseModel):
    """A site now."""

    id: str
    name: str
    kind: SiteKind
    locality: str
    location: Location
    simulated: bool = Field(description="True where no real sensor stands behind these numbers.")
    availability: Availability = Field(description="How its bays stand, in the one word that pages and signs use.")
    counts: Counts = Field(description="Parking bays of every category, and the spaces of counted areas.")
    categories: dict[Category, Counts] = Field(description="The same bays and spaces by who may use them.")
    zones: list[ZoneState] = Field(
        description="Its zones that have bays, by id. Bays outside of every zone are in `counts` alone."
    )
    benches: Counts
    heard_at: Time | None = Field(description="When any device of the site was last heard.")

    @classmethod
    def of(cls, status: SiteStatus) -> "SiteState":
        """The wire form."""
        site = status.site
        return cls(
            id=site.site_id,
            name=site.name,
            kind=site.kind,
            locality=site.locality,
            location=Location(lon=site.lon, lat=site.lat),
            simulated=site.simulated,
            availability=availability(status.bays),
            counts=Counts.of(status.bays),
            categories={category: Counts.of(counts) for category, counts in status.categories.items()},
            zones=[ZoneState.of(zone_id, zone) for zone_id, zone in status.zones.items() if zone.bays.capacity],
            benches=Counts.of(status.benches),
            heard_at=status.heard_at,
        )


class _Stamped(BaseModel):
    revision: int = Field(description="Grows with every change; the same revision is the same numbers everywhere.")
    as_of: Time = Field(description="Up to this moment the platform was receiving and vouches for what it says.")


class SiteList(_Stamped):
    """Every site, by name."""

    sites: list[SiteState]


class SiteAnswer(_Stamped, SiteState):
    """One site."""


class SiteMessage(SiteAnswer):
    """One site as a retained message, which stays where nobody can ask how old it is."""

    valid_until: Time = Field(description="From then on nobody vouches for the numbers: show none of them.")

    @classmethod
    def at(cls, status: SiteStatus, *, revision: int, as_of: datetime, valid_until: datetime) -> "SiteMessage":
        """The wire form."""
        state = SiteState.of(status)
        return cls(revision=revision, as_of=as_of, valid_until=valid_until, **dict(state))


class AssetState(BaseModel):
    """A bay or bench now."""

    id: str
    site_id: str
    name: str
    category: Category | None = Field(description="Who may use the bay; null for benches.")
    location: Location
    state: State
    since: Time | None = Field(description="When this state began.")
    heard_at: Time | None = Field(description="When its sensor was last heard.")

    @classmethod
    def of(cls, status: AssetStatus) -> "AssetState":
        """The wire form."""
        asset = status.asset
        return cls(
            id=asset.asset_id,
            site_id=asset.site_id,
            name=asset.name,
            category=asset.category,
            location=Location(lon=asset.lon, lat=asset.lat),
            state=status.state,
            since=status.since,
            heard_at=status.heard_at,
        )


class AreaState(BaseModel):
    """A counted area now."""

    id: str
    site_id: str
    name: str
    category: Category = Field(description="Who may use its spaces.")
    location: Location
    state: State = Field(description="`free` while any of its spaces is; `occupied` when it is full.")
    counts: Counts
    since: Time | None = Field(description="When the count became what it is.")
    heard_at: Time | None = Field(description="When its counter was last heard.")

    @classmethod
    def of(cls, status: AssetStatus) -> "AreaState":
        """The wire form."""
        asset = status.asset
        assert asset.category is not None
        return cls(
            id=asset.asset_id,
            site_id=asset.site_id,
            name=asset.name,
            category=asset.category,
            location=Location(lon=asset.lon, lat=asset.lat),
            state=status.state,
            counts=Counts.of(status.counts),
            since=status.since,
            heard_at=status.heard_at,
        )


class _Page(_Stamped):
    counts: Counts = Field(description="Of all that match, on this page or not.")
    next: str | None = Field(description="Where the next page is; null on the last one.")


class BayList(_Page):
    """Bays, a page at a time."""

    bays: list[AssetState]


class AreaList(_Page):
    """Counted areas, a page at a time."""

    areas: list[AreaState]


class BenchList(_Page):
    """Benches, a page at a time."""

    benches: list[AssetState]


class Point(BaseModel):
    """GeoJSON point: longitude, then latitude."""

    type: Literal["Point"] = "Point"
    coordinates: tuple[float, float]


class AssetProperties(BaseModel):
    """What a map needs to know of a bay or bench."""

    kind: AssetKind
    site_id: str
    name: str
    category: Category | None
    state: State
    since: Time | None
    heard_at: Time | None


class Feature(BaseModel):
    """A bay or bench on the map."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: Point
    properties: AssetProperties

    @classmethod
    def of(cls, status: AssetStatus) -> "Feature":
        """The wire form."""
        asset = status.asset
        return cls(
            id=asset.asset_id,
            geometry=Point(coordinates=(asset.lon, asset.lat)),
            properties=AssetProperties(
                kind=asset.kind,
                site_id=asset.site_id,
                name=asset.name,
                category=asset.category,
                state=status.state,
                since=status.since,
                heard_at=status.heard_at,
            ),
        )


class FeatureCollection(_Page):
    """RFC 7946, with the stamp and the counts of every other answer."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[Feature]


class AssetChange(BaseModel):
    """A bay, bench or area whose state or last word changed."""

    id: str
    kind: AssetKind
    site_id: str
    state: State
    since: Time | None
    heard_at: Time | None
    counts: Counts | None = Field(description="Of the spaces of an area; null for everything else.")

    @classmethod
    def of(cls, status: AssetStatus) -> "AssetChange":
        """The wire form."""
        return cls(
            id=status.asset.asset_id,
            kind=status.asset.kind,
            site_id=status.asset.site_id,
            state=status.state,
            since=status.since,
            heard_at=status.heard_at,
            counts=Counts.of(status.counts) if status.asset.kind is AssetKind.AREA else None,
        )


class Change(_Stamped):
    """What one event of the stream says: the sites and assets that are new or different since the last one."""

    sites: list[SiteState]
    assets: list[AssetChange]


class Health(BaseModel):
    """Whether the platform lives, and whether it hears."""

    status: Literal["ok"] = "ok"


class ReadinessCheck(BaseModel):
    """One thing that must be well."""

    name: str
    ok: bool
    detail: str
    since: Time = Field(description="Since when it is as it is, as far as this process knows.")

    @classmethod
    def of(cls, check: Check) -> "ReadinessCheck":
        """The wire form."""
        return cls(name=check.name, ok=check.ok, detail=check.detail, since=check.since)


class Readiness(_Stamped):
    """Green: what the API says is fresh."""

    status: Literal["ready"] = "ready"
    age_s: float = Field(description="Seconds since `as_of`.")
    checks: list[ReadinessCheck]


class Problem(BaseModel):
    """RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[Literal["parameter", "fault"], str]] = Field([], description="One for each wrong parameter.")
