"""How full bays and benches should be at each hour, and the rate of arrivals that makes them so."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from domain.local_time import LONDON

SLOT = timedelta(minutes=15)
SLOTS_A_DAY = 96
SLOTS_A_WEEK = 7 * SLOTS_A_DAY
WEEKDAY_FACTORS = (1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.6)
"""Demand from Monday to Sunday, against a weekday."""

Curve = tuple[tuple[float, float], ...]
"""Corners of a day: local hour, share of bays occupied. Straight lines in between."""

PARKING: Curve = (
    (0, 0.06),
    (5, 0.05),
    (6.5, 0.10),
    (8, 0.24),
    (10, 0.48),
    (13, 0.62),
    (13.5, 0.62),
    (16.5, 0.47),
    (19, 0.26),
    (22, 0.10),
    (24, 0.06),
)
"""The weekday mean of thirty Birmingham car parks from 08:00 to 16:30; the night is assumed."""

RESIDENTIAL: Curve = ((0, 0.88), (6, 0.88), (8, 0.66), (10, 0.52), (16, 0.52), (18.5, 0.72), (22, 0.86), (24, 0.88))
"""Permit bays, where people live: assumed, the reverse of the car parks."""

SITTING: Curve = ((0, 0.01), (6, 0.01), (9, 0.10), (12, 0.24), (14, 0.28), (17, 0.18), (20, 0.06), (24, 0.01))
"""Benches: assumed, no measured distribution is published."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Lognormal lengths of stay."""

    mean_minutes: float
    sigma: float

    @property
    def mu(self) -> float:
        """The mean of the logarithm of the minutes."""
        return math.log(self.mean_minutes) - self.sigma**2 / 2

    def survival(self, minutes: float) -> float:
        """The share of stays that last longer."""
        if minutes <= 0:
            return 1.0
        return 0.5 * math.erfc((math.log(minutes) - self.mu) / (self.sigma * math.sqrt(2)))


def share_occupied(curve: Curve, local: datetime) -> float:
    """What the curve wants at a local time, the day of the week considered."""
    hour = local.hour + local.minute / 60
    after = bisect_right(curve, hour, key=lambda corner: corner[0])
    (left, low), (right, high) = curve[after - 1], curve[after]
    share = low + (high - low) * (hour - left) / (right - left)
    return share * WEEKDAY_FACTORS[local.weekday()]


@cache
def arrivals_per_slot(curve: Curve, stay: Stay) -> tuple[float, ...]:
    """Arrivals per place in each quarter of an hour of a week, so that occupancy follows the curve.

    Occupancy is the sum of past arrivals still there: occupied[k] = sum(arrivals[j] * survival[k - j]).
    Solved forwards for two weeks, of which the first only fills up; where the curve falls faster than
    people leave, nobody arrives.
    """
    minutes = SLOT.total_seconds() / 60
    survival = [stay.survival((age + 0.5) * minutes) for age in range(SLOTS_A_DAY)]
    wanted = _week(curve)
    arrivals: list[float] = []
    for slot in range(2 * SLOTS_A_WEEK):
        recent = arrivals[:-SLOTS_A_DAY:-1]
        still_there = sum(came * lasts for came, lasts in zip(recent, survival[1:], strict=False))
        arrivals.append(max(0.0, (wanted[(slot + 1) % SLOTS_A_WEEK] - still_there) / survival[0]))
    return tuple(arrivals[SLOTS_A_WEEK:])


@cache
def rates_of_vacant(curve: Curve, stay: Stay, factor: float) -> tuple[float, ...]:
    """Arrivals in each slot of a week at a place that is vacant then; `factor` scales the curve."""
    arrivals = arrivals_per_slot(curve, stay)
    vacant = [1 - min(0.95, factor * share) for share in _week(curve)]
    return tuple(factor * came / empty for came, empty in zip(arrivals, vacant, strict=True))


def slot_of(at: datetime) -> int:
    """The slot of the local week in which a moment falls."""
    local = at.astimezone(LONDON)
    return local.weekday() * SLOTS_A_DAY + (local.hour * 60 + local.minute) // 15


def _week(curve: Curve) -> list[float]:
    monday = datetime(2024, 1, 1, tzinfo=LONDON)
    return [share_occupied(curve, monday + slot * SLOT) for slot in range(SLOTS_A_WEEK)]
