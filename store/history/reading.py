"""What history is told from, read in parts between which frames that come meanwhile get their turn."""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from time import perf_counter
from typing import Any, NamedTuple

from psycopg.rows import tuple_row

from domain.observations import NO_TIME, Observation, Quality
from domain.retelling import Retold, Words, retell
from domain.spans import BEGINNING, FOREVER, Closed, Span
from domain.states import State
from domain.uplinks import Kind
from store.arrays import Array, array, arrays
from store.history.due import Due
from store.pool import Connection
from store.queries import query

# Frames that come meanwhile do not wait for longer, give or take one asset.
_UNTIL_A_BREATH_S = 0.0003
# So many rows are read at once.
_ROWS = 50

_MOMENT = timedelta(seconds=1)
# Words on each side of what is due, and how far back: nearly always enough; where not, more are asked for.
_CONTEXT = 4
_NEAR = timedelta(days=3)
_KINDS = {kind.value: kind for kind in Kind}
_STATES = {state.value: state for state in State}
_QUALITIES = {quality.value: quality for quality in Quality}
_OCCUPIED = State.OCCUPIED.value
# Where the device stands in a row of `select_words`.
_DEVICE = 3
_at = attrgetter("at")
_MOMENTS = {"keys": "int4", "moments": "timestamptz"}
_STRETCHES = {"keys": "int4", "since": "timestamptz", "until": "timestamptz", "raw_from": "timestamptz"}
_TOLD = {"keys": "int4", "begins": "timestamptz", "ends": "timestamptz"}


class Breath:
    """Lets frames that come meanwhile have their turn, again and again during long work."""

    def __init__(self) -> None:
        self._since = perf_counter()

    async def take(self) -> None:
        """Between two small pieces of work."""
        if perf_counter() - self._since > _UNTIL_A_BREATH_S:
            await asyncio.sleep(0)
            self._since = perf_counter()


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
            await breath.take()
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
    moments = arrays(_MOMENTS, ((one_due.asset_key, one_due.frozen_until) for one_due in frozen))
    rows = await connection.execute(query("select_older_history"), moments)
    return {row["asset_key"] for row in await rows.fetchall()}


async def _words(connection: Connection, due: Sequence[Due], context: int, near: timedelta) -> dict[int, Words]:
    first = min(one_due.since for one_due in due)
    earliest = first - near if first - BEGINNING > near else BEGINNING
    rows_due = ((one_due.asset_key, one_due.since, one_due.until, one_due.raw_from) for one_due in due)
    stretches = arrays(_STRETCHES, rows_due)
    parameters = {**stretches, "context": context, "earliest": earliest}
    rows: list[tuple[Any, ...]] = []
    async for part in _parts(connection, "select_words", parameters):
        rows += part
    sensors = await _sensors(connection, stretches["keys"], {row[_DEVICE] for row in rows})
    told: defaultdict[int, list[Observation]] = defaultdict(list)
    breath = Breath()
    for at in range(0, len(rows), _ROWS):
        for row in rows[at : at + _ROWS]:
            if (sensor := sensors.get(row[_DEVICE])) is not None:
                told[row[0]].append(_observation(row, sensor))
        await breath.take()
    for words in told.values():
        words.sort(key=_at)
    short = [one_due for one_due in due if _before(one_due, told[one_due.asset_key]) < context]
    older = await _spoke_before(connection, short, earliest) if earliest > BEGINNING else set()
    whole = {one_due.asset_key for one_due in short} - older
    return {
        one_due.asset_key: Words(
            observations=told[one_due.asset_key],
            whole_before=one_due.asset_key in whole,
            whole_after=_after(one_due, told[one_due.asset_key]) < context,
        )
        for one_due in due
    }


def _before(due: Due, told: Sequence[Observation]) -> int:
    return bisect_left(told, due.since, key=_at)


def _after(due: Due, told: Sequence[Observation]) -> int:
    return len(told) - bisect_left(told, due.until + _MOMENT, key=_at)


async def _spoke_before(connection: Connection, due: Sequence[Due], earliest: datetime) -> set[int]:
    """Of which of them there are words from before the search, that count."""
    if not due:
        return set()
    moments = arrays(_MOMENTS, ((one_due.asset_key, one_due.raw_from) for one_due in due))
    rows = await connection.execute(query("select_spoke_before"), {**moments, "earliest": earliest})
    return {row["asset_key"] for row in await rows.fetchall()}


class _Stay(NamedTuple):
    """When a sensor was with an asset, and how long a change has to last there, in seconds."""

    begins_at: datetime
    ends_at: datetime
    debounce_s: int | None


@dataclass(frozen=True, slots=True)
class _Sensor:
    silent_after: timedelta
    stays: dict[int, list[_Stay]]

    def stay(self, asset_key: int, at: datetime) -> _Stay | None:
        """Where it was then, if it was there: whoever looks into the past may have changed the register since."""
        for stay in self.stays.get(asset_key, ()):
            if stay.begins_at <= at < stay.ends_at:
                return stay
        return None


async def _sensors(connection: Connection, asset_keys: Array, device_keys: Collection[int]) -> Mapping[int, _Sensor]:
    """What is to be known of the sensors whose words these are."""
    found: dict[int, _Sensor] = {}
    parameters = {"asset_keys": asset_keys, "device_keys": array("int4", [*device_keys])}
    rows = await connection.execute(query("select_sensors"), parameters)
    for row in await rows.fetchall():
        sensor = found.setdefault(row["device_key"], _Sensor(_seconds(row["silent_after_s"]), {}))
        if row["asset_key"] is not None:
            stay = _Stay(row["begins_at"], row["ends_at"] or FOREVER, row["debounce_s"])
            sensor.stays.setdefault(row["asset_key"], []).append(stay)
    return found


def _observation(row: Sequence[Any], sensor: _Sensor) -> Observation:
    """A row of `select_words`, said by that sensor."""
    asset_key, at, f_cnt, device_key, kind, state, taken, previous_s, capacity = row
    silent_at = at + sensor.silent_after
    stay = sensor.stay(asset_key, at)
    return Observation(
        at,
        f_cnt,
        device_key,
        _KINDS[kind],
        (1 if state == _OCCUPIED else 0) if taken is None else taken,
        silent_at if stay is None or silent_at <= stay.ends_at else stay.ends_at,
        taken is not None,
        None if previous_s is None else _seconds(previous_s),
        # Counts of an area are not smoothed: each is a word about many cars.
        _seconds(stay.debounce_s) if stay is not None and stay.debounce_s and capacity is None else NO_TIME,
        capacity,
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
    parameters = arrays(_TOLD, ((key, told.begins_at, told.ends_at) for key, told in retold.items()))
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
        breath = Breath()
        while part := await cursor.fetchmany(_ROWS):
            yield part
            await breath.take()


def _span(row: Sequence[Any]) -> Span:
    """A row of `select_spans_around`, without its asset."""
    begins_at, ends_at, state, taken, quality, arrivals, departures = row
    return Span(begins_at, ends_at, _STATES[state], taken, _QUALITIES[quality], arrivals, departures)
