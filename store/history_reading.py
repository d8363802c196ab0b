"""What history is told from, read in parts between which frames that come meanwhile get their turn."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from psycopg.rows import tuple_row

from domain.observations import NO_TIME, Observation, Quality
from domain.retelling import Retold, Words, retell
from domain.spans import BEGINNING, FOREVER, Closed, Span
from domain.states import State
from domain.uplinks import Kind
from store.due import Due
from store.pool import Connection
from store.queries import query
from store.rows import columns

# Frames that come meanwhile do not wait for more than so many words or spans.
_UNTIL_A_BREATH = 20

_MOMENT = timedelta(seconds=1)
# Words on each side of what is due, and how far back: nearly always enough; where not, more are asked for.
_CONTEXT = 4
_NEAR = timedelta(days=3)
_KINDS = {kind.value: kind for kind in Kind}
_STATES = {state.value: state for state in State}
_QUALITIES = {quality.value: quality for quality in Quality}


class Breath:
    """Lets frames that come meanwhile have their turn, again and again during long work."""

    def __init__(self) -> None:
        self._held = 0

    async def after(self, work: int) -> None:
        """So many words or spans were, or will be, dealt with at once."""
        self._held += work
        if self._held > _UNTIL_A_BREATH:
            self._held = 0
            await asyncio.sleep(0)


async def read_anew(connection: Connection, due: Sequence[Due]) -> dict[int, Retold]:
    """What history is there by the words: with more and more of them, until there are enough for each."""
    closures = await _closures(connection, due)
    older = await _older(connection, due)
    found: dict[int, Retold] = {}
    breath = Breath()
    context, near = _CONTEXT, _NEAR
    left = list(due)
    while left:
        words = await _words(connection, left, context, near)
        for one_due in left:
            key = one_due.asset_key
            await breath.after(len(words[key].observations))
            told = retell(
                words[key],
                closures[key],
                since=one_due.since,
                until=one_due.until,
                frozen_until=one_due.frozen_until,
                is_older=key in older,
            )
            if told is not None:
                found[key] = told
        left = [one_due for one_due in left if one_due.asset_key not in found]
        context, near = context * 8, FOREVER - BEGINNING
    return found


async def _older(connection: Connection, due: Sequence[Due]) -> set[int]:
    """Which of them have a history that is frozen."""
    frozen = [one_due for one_due in due if one_due.frozen_until > BEGINNING]
    if not frozen:
        return set()
    moments = columns(("keys", "moments"), ((one_due.asset_key, one_due.frozen_until) for one_due in frozen))
    rows = await connection.execute(query("select_older_history"), moments)
    return {row["asset_key"] for row in await rows.fetchall()}


async def _words(connection: Connection, due: Sequence[Due], context: int, near: timedelta) -> dict[int, Words]:
    first = min(one_due.since for one_due in due)
    earliest = first - near if first - BEGINNING > near else BEGINNING
    parameters = {
        "keys": [one_due.asset_key for one_due in due],
        "since": [one_due.since for one_due in due],
        "until": [one_due.until for one_due in due],
        "raw_from": [one_due.raw_from for one_due in due],
        "context": context,
        "earliest": earliest,
    }
    told: defaultdict[int, list[Observation]] = defaultdict(list)
    async for part in _parts(connection, "select_words", parameters):
        for asset_key, *row in part:
            told[asset_key].append(_observation(row))
    return {
        one_due.asset_key: Words(
            observations=told[one_due.asset_key],
            whole_before=earliest == BEGINNING
            and sum(word.at < one_due.since for word in told[one_due.asset_key]) < context,
            whole_after=sum(word.at >= one_due.until + _MOMENT for word in told[one_due.asset_key]) < context,
        )
        for one_due in due
    }


def _observation(row: Sequence[Any]) -> Observation:
    """A row of `select_words`, without its asset."""
    at, f_cnt, device_key, kind, state, taken, previous_s, silent_after_s, leaves_at, debounce_s, capacity = row
    silent_at = at + _seconds(silent_after_s)
    return Observation(
        at,
        f_cnt,
        device_key,
        _KINDS[kind],
        taken=int(state == State.OCCUPIED) if taken is None else taken,
        counts_until=silent_at if leaves_at is None else min(silent_at, leaves_at),
        counted=taken is not None,
        previous_for=None if previous_s is None else _seconds(previous_s),
        # Counts of an area are not smoothed: each is a word about many cars.
        debounce=_seconds(debounce_s) if debounce_s and capacity is None else NO_TIME,
        capacity=capacity,
    )


@lru_cache(4096)
def _seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


async def _closures(connection: Connection, due: Sequence[Due]) -> Mapping[int, list[Closed]]:
    rows = await connection.execute(query("select_closed"), {"keys": [one_due.asset_key for one_due in due]})
    found: defaultdict[int, list[Closed]] = defaultdict(list)
    for row in await rows.fetchall():
        found[row["asset_key"]].append(Closed(row["begins_at"], row["ends_at"]))
    return found


async def read_kept(connection: Connection, retold: Mapping[int, Retold]) -> Mapping[int, list[Span]]:
    """The spans that are kept where something is told anew, and those that they touch."""
    parameters = columns(
        ("keys", "begins", "ends"), ((key, told.begins_at, told.ends_at) for key, told in retold.items())
    )
    found: defaultdict[int, list[Span]] = defaultdict(list)
    async for part in _parts(connection, "select_spans_around", parameters):
        for asset_key, *row in part:
            found[asset_key].append(_span(row))
    return found


async def _parts(
    connection: Connection, name: str, parameters: Mapping[str, object]
) -> AsyncIterator[list[tuple[Any, ...]]]:
    """The rows of a query, read a part at a time."""
    async with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        await cursor.execute(query(name), parameters)
        while part := await cursor.fetchmany(_UNTIL_A_BREATH):
            yield part
            await asyncio.sleep(0)


def _span(row: Sequence[Any]) -> Span:
    """A row of `select_spans_around`, without its asset."""
    begins_at, ends_at, state, taken, quality, arrivals, departures = row
    return Span(begins_at, ends_at, _STATES[state], taken, _QUALITIES[quality], arrivals, departures)
