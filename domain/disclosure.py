"""What of the past may be told in public, so that nothing about one household or one sitting can be worked out.

Every number that is told in public is a sum of blocks, each told whole or not at all, so that whatever anybody adds and
subtracts, nothing smaller than a block comes out. Which blocks there are depends on nothing that somebody asks.

- A bay that belongs to one household (`home_linked`) is told with its block: all such bays of its site and category,
  from the month on in which more than `k` of them have a history. Before that, and in answers that part the block (by
  zone, by bay), it is left out.
- Benches are told month by month, by places of several of them: see `domain.bench_use`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from domain.periods import Step, floor, following

ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
"""The beginning of what was always told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyRules:
    """`k`: of so few events, or bays that belong to one household, nothing is told (of fewer, where it says so).

    `benches`: places with fewer of them are told together with others; their day in parts of `bucket_hours`.
    """

    k: int = 10
    benches: int = 5
    bucket_hours: int = 1


class Linked(NamedTuple):
    """A bay that belongs to one household: what names it, its block, and since when it has a history."""

    key: int
    block: tuple[str, str | None]
    since: datetime | None


def told_from(linked: Iterable[Linked], k: int) -> dict[int, datetime]:
    """Those that are told in totals over whole blocks, and from when on. The others are in no public answer."""
    blocks: defaultdict[tuple[str, str | None], list[Linked]] = defaultdict(list)
    for one in linked:
        if one.since is not None:
            blocks[one.block].append(one)
    found: dict[int, datetime] = {}
    for block in blocks.values():
        if len(block) > k:
            since = sorted(one.since for one in block if one.since is not None)[k]
            from_then = floor(since, Step.MONTH)
            from_then = from_then if from_then == since else following(since, Step.MONTH)
            found |= {one.key: from_then for one in block}
    return found
