"""Bays that say the same for implausibly long: a sensor that is stuck speaks, and says nothing."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.categories import Category
from domain.figures import Sums
from domain.states import State

_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckRules:
    """When a bay counts as stuck: it was heard, and nothing changed for `days`.

    Or for at least `least_days`, and so long that its peers (same place and category) would have changed `expected`
    times.
    """

    days: int = 7
    least_days: int = 1
    expected: float = 20.0


class StuckReason(StrEnum):
    """Why a bay counts as stuck."""

    NO_CHANGE = "no_change"
    UNLIKE_ITS_PEERS = "unlike_its_peers"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietBay:
    """A bay that is free or taken: since when nothing came or went, and how much of that time is known, in s."""

    asset_id: str
    name: str
    site_id: str
    category: Category | None
    state: State
    since: datetime
    known_s: int
    unknown_s: int

    @property
    def coverage(self) -> float:
        """The share of the time in use since then that is known, 0..1."""
        return self.known_s / ((self.known_s + self.unknown_s) or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckBay:
    """A bay that says the same for implausibly long; in as much known time its peers change `expected` times."""

    quiet: QuietBay
    expected: float | None
    reason: StuckReason


def judged(bay: QuietBay, peers: Sums, rules: StuckRules) -> StuckBay | None:
    """Whether a bay is stuck; `peers` are the sums of the other bays of its site and category over the last weeks."""
    expected = _expected(bay, peers)
    if bay.known_s >= rules.days * _DAY_S:
        return StuckBay(quiet=bay, expected=expected, reason=StuckReason.NO_CHANGE)
    implausible = expected is not None and expected >= rules.expected
    if implausible and bay.known_s >= rules.least_days * _DAY_S:
        return StuckBay(quiet=bay, expected=expected, reason=StuckReason.UNLIKE_ITS_PEERS)
    return None


def _expected(bay: QuietBay, peers: Sums) -> float | None:
    known_s = peers.free_s + peers.occupied_s
    return (peers.arrivals + peers.departures) * bay.known_s / known_s if known_s else None
