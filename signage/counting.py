"""What a line of a board counts, and the word for it."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from domain.availability import Availability, Thresholds, availability
from domain.boards import BoardLine, LineMode
from domain.snapshot import Snapshot
from domain.states import Counts

_FORCED = {
    LineMode.BLANK: Availability.UNKNOWN,
    LineMode.FULL: Availability.FULL,
    LineMode.CLOSED: Availability.CLOSED,
    LineMode.STAFF: Availability.CLOSED,
    LineMode.TEST: Availability.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The bays of a line, its offset counted in.

    `shown` is the number that a sign may say of them. From `fresh_until` on they are too old, None where the sensors'
    own silence decides; `fresh` tells whether that is still to come.
    """

    counts: Counts
    shown: int
    coverage: float
    heard_at: datetime | None
    fresh_until: datetime | None
    fresh: bool


def tally(line: BoardLine, snapshot: Snapshot, *, now: datetime) -> Tally:
    """Count the bays of a line; none where the place is not there."""
    counts, heard_at = snapshot.bays(line.site_id, line.zone_id, line.category)
    fresh_until = heard_at + line.max_age if heard_at and line.max_age else None
    offset = _with_offset(counts, line.offset)
    return Tally(
        counts=offset,
        shown=_shown(offset.free, line),
        coverage=counts.coverage if counts.capacity else 0.0,
        heard_at=heard_at,
        fresh_until=fresh_until,
        fresh=fresh_until is None or now < fresh_until,
    )


def same_places(sign_id: str, before: Snapshot, after: Snapshot) -> bool:
    """Whether nothing that a sign counts, nor what it is told to say, was touched between two snapshots.

    By identity, so that it costs nothing: snapshots share what did not change. Lines that get too old by themselves are
    never the same.
    """
    sign = after.signs.get(sign_id)
    if sign is None or before.signs.get(sign_id) is not sign or before.announcements is not after.announcements:
        return False
    return all(
        line.max_age is None and before.sites.get(line.site_id) is after.sites.get(line.site_id)
        for line in sign.board.lines
    )


def word_of(line: BoardLine, counted: Tally, previous: Availability | None) -> Availability:
    """How the line stands; what `previous` matters for is said in `domain.availability.Thresholds`."""
    if line.mode is not LineMode.AUTO:
        return _FORCED[line.mode]
    counts = counted.counts
    if counts.capacity and counts.closed == counts.capacity:
        return Availability.CLOSED
    # The offset is no sensor: it makes nothing known.
    if not counted.fresh or counted.coverage < line.min_coverage:
        return Availability.UNKNOWN
    thresholds = _thresholds(line.thresholds, line.minimum)
    return availability(counts, thresholds=thresholds, min_coverage=0, previous=previous)


def _with_offset(counts: Counts, offset: int) -> Counts:
    """Free bays and an offset: what is added is open and free; what is taken away is occupied."""
    if not offset or not counts.free + counts.occupied:
        return counts
    taken = min(counts.free, max(0, -offset))
    return replace(counts, free=counts.free + max(0, offset) - taken, occupied=counts.occupied + taken)


@lru_cache
def _thresholds(given: Thresholds, minimum: int) -> Thresholds:
    """A number below the least that may be shown is FULL; what is higher by configuration stays higher."""
    full_enter = max(given.full_enter, minimum - 1)
    return replace(given, full_enter=full_enter, full_leave=max(given.full_leave, full_enter))


def _shown(free: int, line: BoardLine) -> int:
    capped = free if line.maximum is None else min(free, line.maximum)
    return capped if capped < line.step else capped - capped % line.step
