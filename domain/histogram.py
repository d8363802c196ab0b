"""How many values were how large: counts between fixed bounds, and the sum. Many values are taken in one pass."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


class Histogram:
    """Counts of values up to each of `bounds`, which ascend, and of what is above the last."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, values: Sequence[float]) -> None:
        """Take these in."""
        bounds, counts = self._bounds, self._counts
        for value in values:
            counts[bisect_left(bounds, value)] += 1
        self.sum += sum(values)

    @property
    def buckets(self) -> list[tuple[str, float]]:
        """How many values were at most so large, in the words of Prometheus: `("0.5", 3), ..., ("+Inf", 7)`."""
        return list(zip([*map(str, self._bounds), "+Inf"], accumulate(self._counts), strict=True))
