"""What a series of values tends to: slopes that a few wild values cannot move, and the days that a battery has left."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations
from statistics import median

Point = tuple[datetime, float]

EMPTY_PERCENT = 0.0
SHORTEST = timedelta(days=14)
FEWEST = 5
LONGEST_DAYS = 3650.0
"""Beyond ten years an estimate says nothing: the cell ages by itself."""
SWAPPED_BY_PERCENT = 15.0
_DAY_S = 86_400.0
_MOST = 200


def slope_per_day(points: Sequence[Point]) -> float | None:
    """The median of the slopes between all pairs (Theil and Sen): up to 29% of the values may be nonsense.

    None for fewer than 2 different moments. Of long series the newest 200 points count. Source: P. K. Sen, Estimates of
    the regression coefficient based on Kendall's tau, 1968.
    """
    newest = sorted(points)[-_MOST:]
    slopes = [
        (later - earlier) / ((then - first).total_seconds() / _DAY_S)
        for (first, earlier), (then, later) in combinations(newest, 2)
        if then > first
    ]
    return median(slopes) if slopes else None


def battery_days_left(charges: Sequence[Point]) -> float | None:
    """Days until a battery is empty, from its charge in percent; None where nobody can know.

    That is: fewer than 5 values, less than 14 days since the battery was last changed, or a charge that does not fall.
    Never more than ten years.
    """
    points = _since_swap(sorted(charges))
    if len(points) < FEWEST or points[-1][0] - points[0][0] < SHORTEST:
        return None
    slope = slope_per_day(points)
    if slope is None or slope >= 0:
        return None
    now = median(charge for _, charge in points[-3:])
    return min(max(now - EMPTY_PERCENT, 0.0) / -slope, LONGEST_DAYS)


def _since_swap(points: Sequence[Point]) -> Sequence[Point]:
    """Those since the battery was changed: since the charge last rose by more than temperature does."""
    for number in range(len(points) - 1, 1, -1):
        before = median(charge for _, charge in points[max(number - 3, 0) : number])
        after = median(charge for _, charge in points[number : number + 3])
        if after - before >= SWAPPED_BY_PERCENT:
            return points[number:]
    return points
