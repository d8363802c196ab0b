"""Which cells of a table are withheld, so that nobody can work one out from the other cells and the totals.

A cell is told if `k` events or more are counted in it. Whoever knows a total knows also what all withheld cells make
together: so they are always two or more, and have `k` events together. Where they are fewer, the smallest cell that
could be told is withheld as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def withheld(events: Sequence[int], k: int) -> frozenset[int]:
    """Which of the cells that make one total are withheld, by their numbers."""
    few = [number for number, count in enumerate(events) if count < k]
    if few and (len(few) == 1 or sum(events[number] for number in few) < k):
        rest = [number for number in range(len(events)) if events[number] >= k]
        few += sorted(rest, key=lambda number: (events[number], number))[:1]
    return frozenset(few)


@dataclass(frozen=True, slots=True)
class TwoWays:
    """The same events counted in two ways: the cells of both have the same total."""

    rows: Sequence[int]
    columns: Sequence[int]

    def withheld(self, k: int) -> tuple[frozenset[int], frozenset[int]]:
        """Of the rows, and of the columns. Each way is safe for whoever knows the total: from the other way, say."""
        return withheld(self.rows, k), withheld(self.columns, k)

    def left(self, k: int) -> int | None:
        """How many events at least are in what is withheld; None where the cells that are told give the total."""
        rows, columns = self.withheld(k)
        if not rows or not columns:
            return None
        return min(sum(self.rows[number] for number in rows), sum(self.columns[number] for number in columns))


def total_is_told(parts: Iterable[TwoWays], k: int) -> bool:
    """Whether the total of all parts may be told: what it gives away of those that are not known has `k` events."""
    all_of_them = list(parts)
    left = [found for part in all_of_them if (found := part.left(k)) is not None]
    return sum(sum(part.rows) for part in all_of_them) >= k and (not left or sum(left) >= k)
