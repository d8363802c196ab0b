"""From counts to one word: the only rule for signs, pages, feeds and the API, so that none contradicts another."""

from dataclasses import dataclass
from enum import StrEnum

from domain.states import Counts

MIN_COVERAGE = 0.8
"""The least share of open bays that must be known before a place has a word other than unknown.

Unknown bays are never counted as free, so a silent fifth can at worst hide that share of the spaces: a
driver goes elsewhere for nothing. With more of them silent, `full` would be said of places that are not.
"""

ALMOST_FULL_SHARE = 0.10
"""At or below this share of the open bays, and always at one free bay of several, a place is almost full.

Pages and the API know no hysteresis: there a place that hovers around it changes its word with every car. The lines
of a sign may have `Thresholds`.
"""


class Availability(StrEnum):
    """How a place stands. `closed` is not `full`, and `unknown` is neither."""

    SPACES = "spaces"
    ALMOST_FULL = "almost_full"
    FULL = "full"
    CLOSED = "closed"
    UNKNOWN = "unknown"


WORDS = {
    Availability.SPACES: "Spaces",
    Availability.ALMOST_FULL: "Almost full",
    Availability.FULL: "Full",
    Availability.CLOSED: "Closed",
    Availability.UNKNOWN: "No recent data",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Free bays at which a sign changes its word: at or below `enter` it does, above `leave` it does so back.

    Between the two stands what stood before; where nothing stood, the worse word. So
    `full_enter <= full_leave <= almost_full_enter <= almost_full_leave`; both of `almost_full` None is the rule of
    ALMOST_FULL_SHARE, without a band.
    """

    full_enter: int = 0
    full_leave: int = 0
    almost_full_enter: int | None = None
    almost_full_leave: int | None = None


DEFAULT_THRESHOLDS = Thresholds()


def availability(
    counts: Counts,
    *,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    min_coverage: float = MIN_COVERAGE,
    previous: Availability | None = None,
) -> Availability:
    """How the place stands whose bays (or benches) these are; `previous` is how it stood before."""
    opened = counts.capacity - counts.closed
    if counts.capacity and not opened:
        return Availability.CLOSED
    if not opened or counts.coverage < min_coverage:
        return Availability.UNKNOWN
    return _word(counts.free, opened, thresholds, previous)


def _word(free: int, opened: int, thresholds: Thresholds, previous: Availability | None) -> Availability:
    if free == 0:
        return Availability.FULL
    if free >= opened:
        return Availability.SPACES
    better_than_full = previous in {Availability.SPACES, Availability.ALMOST_FULL}
    if free <= (thresholds.full_enter if better_than_full else thresholds.full_leave):
        return Availability.FULL
    enter, leave = _almost_full(thresholds, opened)
    limit = enter if previous is Availability.SPACES else leave
    return Availability.ALMOST_FULL if free <= limit else Availability.SPACES


def _almost_full(thresholds: Thresholds, opened: int) -> tuple[float, float]:
    """Where a place with so many open bays becomes almost full, and up to where it stays so."""
    enter: float = max(1, opened * ALMOST_FULL_SHARE)
    if thresholds.almost_full_enter is not None:
        enter = thresholds.almost_full_enter
    return enter, enter if thresholds.almost_full_leave is None else max(enter, thresholds.almost_full_leave)
