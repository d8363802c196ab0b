"""Display-ready strings of a snapshot, by the name that pages give to the element which shows them."""

from dataclasses import asdict
from datetime import datetime

from dashboard import wording
from domain.places import AssetKind
from domain.snapshot import AssetStatus, SiteStatus, Snapshot
from domain.states import Counts
from domain.times import rfc3339


def place_fields(snapshot: Snapshot) -> dict[str, str]:
    """What the list of places shows."""
    fields: dict[str, str] = {}
    for site in snapshot.sites.values():
        fields |= site_fields(site)
    return fields


def site_page_fields(snapshot: Snapshot, site_id: str) -> dict[str, str]:
    """What the page of one place shows; raises UnknownPlaceError."""
    site = snapshot.site(site_id)
    fields = site_fields(site) | _count_fields(f"{site_id}.bays", site.bays)
    fields |= _count_fields(f"{site_id}.benches", site.benches)
    for category, counts in site.categories.items():
        fields |= _count_fields(f"{site_id}.{category}", counts)
    for asset in snapshot.assets_of(site_id):
        if asset.asset.kind is not AssetKind.GATE:
            fields |= asset_fields(asset)
    return fields


def site_fields(site: SiteStatus) -> dict[str, str]:
    """One row of the list of places."""
    site_id = site.site.site_id
    return {
        f"{site_id}.status": wording.site_status(site),
        f"{site_id}.free": wording.free_text(site.bays),
        f"{site_id}.unknown": wording.unknown_text(site.bays),
        f"{site_id}.accessible": wording.free_text(wording.accessible(site)),
        f"{site_id}.seats": wording.free_text(site.benches),
        f"{site_id}.heard": _moment(site.heard_at),
    }


def asset_fields(status: AssetStatus) -> dict[str, str]:
    """One bay, bench or area. How long somebody has sat on a bench is nobody's business."""
    asset = status.asset
    state = wording.status_text(status)
    fields = {
        f"{asset.asset_id}.state": state,
        f"{asset.asset_id}.label": f"{asset.name}, {wording.kind_text(asset).lower()}: {state.lower()}",
    }
    if asset.kind is AssetKind.AREA:
        fields[f"{asset.asset_id}.free"] = wording.free_text(status.counts)
        fields[f"{asset.asset_id}.heard"] = _moment(status.heard_at)
    if asset.kind is AssetKind.BAY:
        fields[f"{asset.asset_id}.since"] = _moment(status.since)
    return fields


def _count_fields(prefix: str, counts: Counts) -> dict[str, str]:
    return {f"{prefix}.{state}": str(count) for state, count in asdict(counts).items()}


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else rfc3339(moment)
