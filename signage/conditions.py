"""Snapshots of what is not so, for previews: everything full, closed, silent, or old."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from domain.boards import Board
from domain.sign_look import Condition
from domain.snapshot import SiteStatus, Snapshot
from domain.states import Counts

UNKNOWN_SHARE = 0.3

Change = Callable[[Counts], Counts]


def supposed(snapshot: Snapshot, board: Board, condition: Condition, *, now: datetime, validity: timedelta) -> Snapshot:
    """The snapshot as it would be. Only places that the board speaks of are changed; all is fresh, unless stale."""
    if condition is Condition.STALE:
        return replace(snapshot, as_of=now - validity - timedelta(minutes=1))
    if condition is Condition.NOW:
        return snapshot
    change = _CHANGES[condition]
    named = {line.site_id for line in board.lines}
    sites = {
        site_id: _changed(status, change, now) if site_id in named else status
        for site_id, status in snapshot.sites.items()
    }
    return replace(snapshot, as_of=now, sites=sites)


def _full(counts: Counts) -> Counts:
    return Counts(occupied=counts.capacity - counts.closed, closed=counts.closed) if _opened(counts) else counts


def _closed(counts: Counts) -> Counts:
    return Counts(closed=counts.capacity)


def _partly_unknown(counts: Counts) -> Counts:
    """At least so many unknown; of the rest as many free as there are, so that nobody doubts the numbers."""
    opened = _opened(counts)
    unknown = max(counts.unknown, -int(-opened * UNKNOWN_SHARE // 1))
    free = min(counts.free, opened - unknown)
    return Counts(free=free, occupied=opened - unknown - free, unknown=unknown, closed=counts.closed)


_CHANGES: Mapping[Condition, Change] = {
    Condition.FULL: _full,
    Condition.CLOSED: _closed,
    Condition.UNKNOWN_30: _partly_unknown,
}


def _opened(counts: Counts) -> int:
    return counts.capacity - counts.closed


def _changed(status: SiteStatus, change: Change, now: datetime) -> SiteStatus:
    """Every count of the site by the same rule; its sensors spoke just now."""
    return replace(
        status,
        bays=change(status.bays),
        categories={category: change(counts) for category, counts in status.categories.items()},
        heard=dict.fromkeys(status.categories, now),
        zones={
            zone_id: replace(
                zone,
                bays=change(zone.bays),
                categories={category: change(counts) for category, counts in zone.categories.items()},
                heard=dict.fromkeys(zone.categories, now),
            )
            for zone_id, zone in status.zones.items()
        },
    )
