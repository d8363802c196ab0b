"""What of the past may be told in public, so that nothing about one household or one sitting can be worked out.

Every number that is told in public is a sum of blocks, each told whole or not at all, so that whatever anybody adds and
subtracts, nothing smaller than a block comes out. Which blocks there are depends on nothing that somebody asks.

- A bay that belongs to one household (`home_linked`) is told with its block: all such bays of its site and category,
  from the month on in which more than `k` of them have a history. Before that, and in answers that part the block (by
  zone, by bay), it is left out.
- Benches of a site in one bucket of time are a block if they had `k` sittings or more. The others of a ward are one
  block together if they are two or more sites and had as many; those of wards in which they are not are one block of
  the borough.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from domain.periods import Step, floor, following
from domain.places import Asset

ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
"""The beginning of what was always told."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyRules:
    """`k`: what is told of fewer is not told. `bucket`: benches are not told more finely."""

    k: int = 10
    bucket: Step = Step.DAY


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


def hidden_now(assets: Iterable[Asset], k: int) -> tuple[set[str], set[str]]:
    """Ids of the bays that are in no public list now, and those of them that are in no public count either."""
    blocks: defaultdict[tuple[str, str | None], set[str]] = defaultdict(set)
    for asset in assets:
        if asset.home_linked:
            blocks[asset.site_id, asset.category].add(asset.asset_id)
    unlisted = set().union(*blocks.values()) if blocks else set()
    uncounted = set().union(*(block for block in blocks.values() if len(block) <= k)) if blocks else set()
    return unlisted, uncounted


class Cell(NamedTuple):
    """What the benches of one site make in one bucket: how many events (sittings, charges) it counts."""

    ward: str
    site: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The sites of one bucket: told alone, only in their ward's total, only in the borough's, in no total."""

    alone: frozenset[str]
    in_ward: frozenset[str]
    in_borough: frozenset[str]
    nowhere: frozenset[str]


def blocks(cells: Sequence[Cell], k: int) -> Blocks:
    """How the cells of one bucket are told."""
    alone = {cell.site for cell in cells if cell.events >= k}
    in_ward: set[str] = set()
    for rest in _grouped((cell for cell in cells if cell.site not in alone), lambda cell: cell.ward).values():
        if _is_block(rest, k):
            in_ward |= {cell.site for cell in rest}
    left = [cell for cell in cells if cell.site not in alone | in_ward]
    in_borough = {cell.site for cell in left} if _is_block(left, k) else set()
    nowhere = {cell.site for cell in left} - in_borough
    return Blocks(
        alone=frozenset(alone),
        in_ward=frozenset(in_ward),
        in_borough=frozenset(in_borough),
        nowhere=frozenset(nowhere),
    )


def _is_block(cells: Sequence[Cell], k: int) -> bool:
    return len(cells) >= 2 and sum(cell.events for cell in cells) >= k


def _grouped(cells: Iterable[Cell], key: Callable[[Cell], Key]) -> Mapping[Key, list[Cell]]:
    found: defaultdict[Key, list[Cell]] = defaultdict(list)
    for cell in cells:
        found[key(cell)].append(cell)
    return found
