"""From counts to one word: the only rule for signs, pages, feeds and the API, so that none contradicts another."""

from enum import StrEnum

from domain.states import Counts

MIN_COVERAGE = 0.8
"""The least share of open bays that must be known before a place has a word other than unknown.

Unknown bays are never counted as free, so a silent fifth can at worst hide that share of the spaces: a
driver goes elsewhere for nothing. With more of them silent, `full` would be said of places that are not.
"""

ALMOST_FULL_SHARE = 0.10
"""At or below this share of the open bays, and always at one free bay of several, a place is almost full.

There is one threshold and no hysteresis: a place that hovers around it changes its word with every car.
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


def availability(counts: Counts) -> Availability:
    """How the place stands whose bays (or benches) these are."""
    opened = counts.capacity - counts.closed
    if counts.capacity and not opened:
        return Availability.CLOSED
    if not opened or counts.coverage < MIN_COVERAGE:
        return Availability.UNKNOWN
    if counts.free == 0:
        return Availability.FULL
    if counts.free < opened and counts.free <= max(1, opened * ALMOST_FULL_SHARE):
        return Availability.ALMOST_FULL
    return Availability.SPACES
