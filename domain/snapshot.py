"""What is true at one revision, for everyone: signs, pages, feeds and the API render this and nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.announcements import Announcement
from domain.categories import Category
from domain.errors import UnknownPlaceError
from domain.ids import SiteId, ZoneId
from domain.places import Asset, AssetKind, Sign, Site
from domain.states import Counts, State


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetStatus:
    """One bay, bench, area or gate now.

    `since` is when `state` began, `heard_at` when the device last said anything; both None if it never did. `taken` is
    how many were counted last, where something counts; it is true only while the state is known.
    """

    asset: Asset
    state: State
    since: datetime | None
    heard_at: datetime | None
    taken: int | None = None

    @property
    def counts(self) -> Counts:
        """What it adds to the counts of its site: an area its spaces, a gate nothing."""
        match self.asset.kind:
            case AssetKind.GATE:
                return Counts()
            case AssetKind.AREA:
                return Counts.of_area(self.state, capacity=self.asset.capacity, taken=self.taken)
        return Counts.of([self.state])


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneStatus:
    """The bays of a zone now, and those of each category; `heard` is the newest word from a bay of each category."""

    bays: Counts
    categories: Mapping[Category, Counts]
    heard: Mapping[Category, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteStatus:
    """One site now.

    `bays` counts its bays and the spaces of its areas, `benches` its benches; `categories` splits the bays; `heard_at`
    is the newest word. `heard` is the newest word from a bay or area of each category; `zones` has the zones in which
    there are any.
    """

    site: Site
    bays: Counts
    benches: Counts
    categories: Mapping[Category, Counts]
    heard_at: datetime | None
    heard: Mapping[Category, datetime] = field(default_factory=dict)
    zones: Mapping[ZoneId, ZoneStatus] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole borough at one revision. Immutable; the same revision is the same numbers everywhere.

    It is what everybody is told: of a bay that belongs to one household there is nothing in it, nor in its counts, from
    which it could be worked out.

    `as_of` is the moment up to which the platform vouches for it: frames were being received then.
    Mappings are in a stable order: sites by name, assets by site, kind and id. `announcements` are the messages that
    signs may show now or later.
    """

    revision: int
    as_of: datetime
    sites: Mapping[str, SiteStatus]
    assets: Mapping[str, AssetStatus]
    signs: Mapping[str, Sign]
    announcements: tuple[Announcement, ...] = ()

    def site(self, site_id: str) -> SiteStatus:
        """One site; raises UnknownPlaceError."""
        try:
            return self.sites[site_id]
        except KeyError:
            raise UnknownPlaceError("site", site_id) from None

    def sign(self, sign_id: str) -> Sign:
        """One sign; raises UnknownPlaceError."""
        try:
            return self.signs[sign_id]
        except KeyError:
            raise UnknownPlaceError("sign", sign_id) from None

    def bays(
        self, site_id: SiteId, zone_id: ZoneId | None = None, category: Category | None = None
    ) -> tuple[Counts, datetime | None]:
        """The bays of a site, narrowed down, and the newest word from any of them; no bays where there is no place."""
        site = self.sites.get(site_id)
        status = site.zones.get(zone_id) if site and zone_id else site
        if status is None:
            return Counts(), None
        if category is None:
            return status.bays, max(status.heard.values(), default=None)
        return status.categories.get(category, Counts()), status.heard.get(category)

    def assets_of(self, site_id: str, kind: AssetKind | None = None) -> list[AssetStatus]:
        """The assets of a site, or only one kind of them."""
        return [
            status
            for status in self.assets.values()
            if status.asset.site_id == site_id and (kind is None or status.asset.kind is kind)
        ]

    def changed(self, *, revision: int, as_of: datetime, statuses: Iterable[AssetStatus]) -> "Snapshot":
        """The next snapshot: these assets have a new status, everything else stays."""
        assets = dict(self.assets)
        touched: set[str] = set()
        for status in statuses:
            assets[status.asset.asset_id] = status
            touched.add(status.asset.site_id)
        sites = dict(self.sites)
        if touched:
            members = _by_site(assets.values(), touched)
            for site_id in touched:
                sites[site_id] = _site_status(sites[site_id].site, members[site_id])
        return replace(self, revision=revision, as_of=as_of, sites=sites, assets=assets)


def build_snapshot(
    *,
    revision: int,
    as_of: datetime,
    sites: Iterable[Site],
    statuses: Iterable[AssetStatus],
    signs: Iterable[Sign],
) -> Snapshot:
    """A snapshot from scratch."""
    ordered = sorted(statuses, key=lambda s: (s.asset.site_id, s.asset.kind, s.asset.asset_id))
    by_name = sorted(sites, key=lambda site: site.name)
    members = _by_site(ordered, {site.site_id for site in by_name})
    return Snapshot(
        revision=revision,
        as_of=as_of,
        sites={site.site_id: _site_status(site, members[site.site_id]) for site in by_name},
        assets={status.asset.asset_id: status for status in ordered},
        signs={sign.sign_id: sign for sign in sorted(signs, key=lambda sign: sign.sign_id)},
    )


def _by_site(statuses: Iterable[AssetStatus], wanted: Iterable[str]) -> dict[str, list[AssetStatus]]:
    members: dict[str, list[AssetStatus]] = {site_id: [] for site_id in wanted}
    for status in statuses:
        if status.asset.site_id in members:
            members[status.asset.site_id].append(status)
    return members


def _site_status(site: Site, members: list[AssetStatus]) -> SiteStatus:
    benches = [member.state for member in members if member.asset.kind is AssetKind.BENCH]
    by_zone: dict[ZoneId, list[AssetStatus]] = {}
    for member in members:
        if member.asset.zone_id is not None:
            by_zone.setdefault(member.asset.zone_id, []).append(member)
    heard = [member.heard_at for member in members if member.heard_at is not None]
    bays = _bays_status(members)
    return SiteStatus(
        site=site,
        bays=bays.bays,
        benches=Counts.of(benches),
        categories=bays.categories,
        heard_at=max(heard, default=None),
        heard=bays.heard,
        zones={zone_id: _bays_status(of_zone) for zone_id, of_zone in sorted(by_zone.items())},
    )


def _bays_status(members: list[AssetStatus]) -> ZoneStatus:
    counts: dict[Category, Counts] = {}
    heard: dict[Category, datetime] = {}
    for member in members:
        category = member.asset.category
        if category is None:
            continue
        counts[category] = counts.get(category, Counts()) + member.counts
        if member.heard_at is not None:
            heard[category] = max(member.heard_at, heard.get(category, member.heard_at))
    categories = {category: counts[category] for category in Category if category in counts}
    return ZoneStatus(bays=sum(categories.values(), Counts()), categories=categories, heard=heard)
