"""What history is told anew in one go, and what waits: pure. Nothing waits for ever, nothing is too much at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from domain.spans import BEGINNING

_LONGEST = timedelta(days=31)
_AT_ONCE = timedelta(days=1000)
_LEAST = timedelta(hours=1)


class Due(NamedTuple):
    """An asset, and a time in which something changed. `facts`: those of all of it as well, whatever the spans say.

    Words count from `raw_from` on; what lies before `frozen_until` stays as it is. A tuple: hundreds are made at once.
    """

    asset_key: int
    since: datetime
    until: datetime
    noted_at: datetime
    facts: bool = False
    is_bench: bool = False
    raw_from: datetime = BEGINNING
    frozen_until: datetime = BEGINNING

    @property
    def length(self) -> timedelta:
        """How much of time it is."""
        return self.until - self.since

    @property
    def is_long(self) -> bool:
        """Whether it is worth a look where its words begin and end."""
        return self.length > _LONGEST


class Extent(NamedTuple):
    """The first and the last word of an asset."""

    first_at: datetime
    last_at: datetime


class Share(NamedTuple):
    """What is told now, in rounds with one stretch of each asset at most, and what waits."""

    rounds: list[list[Due]]
    later: list[Due]


def share(due: Iterable[Due], extents: Mapping[int, Extent]) -> Share:
    """Of each asset the newest stretch, for that is the present, and the oldest; of long ones the newest month.

    `due`: by asset, the newest first; the assets that wait longest come first. `extents` of those with long stretches.
    """
    newest: list[Due] = []
    oldest: list[Due] = []
    later: list[Due] = []
    room = _AT_ONCE
    for _, group in groupby(due, key=lambda one: one.asset_key):
        stretches = [found for one in group if (found := _thawed(one)) is not None]
        for place, stretch in zip((newest, oldest), _ends(stretches), strict=False):
            if room <= timedelta():
                later.append(stretch)
                continue
            now, rest = _cut(stretch, extents.get(stretch.asset_key))
            place.append(now)
            later += rest
            room -= max(_LEAST, min(_told(now, extents), _LONGEST))
        later += stretches[1:-1]
    return Share([found for found in (newest, oldest) if found], later)


def _told(due: Due, extents: Mapping[int, Extent]) -> timedelta:
    """How much of it there is to tell: of a long one as much as there are words."""
    if not due.is_long:
        return due.length
    extent = extents.get(due.asset_key)
    return timedelta() if extent is None else min(due.until, extent.last_at) - max(due.since, extent.first_at)


def _ends(stretches: Sequence[Due]) -> Sequence[Due]:
    return stretches if len(stretches) < 2 else (stretches[0], stretches[-1])


def _thawed(due: Due) -> Due | None:
    """As much of it as words that count can touch: nothing where all of it was before them."""
    if due.until < due.raw_from:
        return None
    if due.since >= due.frozen_until:
        return due
    return due._replace(since=max(due.since, due.frozen_until), until=max(due.until, due.frozen_until))


def _cut(due: Due, extent: Extent | None) -> tuple[Due, list[Due]]:
    """The newest month of it in which there are words, and the rest."""
    if not due.is_long or extent is None:
        return due, []
    middle = max(min(due.until, extent.last_at) - _LONGEST, due.since)
    if middle <= max(due.since, extent.first_at):
        return due, []
    return due._replace(since=middle), [due._replace(until=middle)]
