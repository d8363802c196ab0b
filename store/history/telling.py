"""History in the database: what became due is told anew, quarters that are over become facts, with their sums.

One historian works at a time, wherever it runs, in one lane or in two that share the assets. The notes in `history_due`
are taken in the transaction that acts on them, and facts, hours and days change in one: nothing is lost with a process,
and nobody ever sees a sum that differs from its facts. Spans and facts are functions of what is kept: told twice, they
are the same.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from domain.errors import StoreRefusedError, StoreUnavailableError
from domain.live import Clock
from domain.observations import whole_second
from domain.retelling import Retold, Rewrite, rewrite
from domain.spans import BEGINNING, FOREVER, Span
from store.arrays import arrays
from store.history.due import Due, Extent, share
from store.history.reading import Breath, read_anew, read_kept
from store.lanes import Turns, side_by_side
from store.pool import Connection, Pool, connected
from store.queries import copy_in, one, query

logger = logging.getLogger(__name__)

_QUARTER = timedelta(minutes=15)
_MOMENT = timedelta(seconds=1)
# Facts are kept of nothing older.
_FACTS_BEGIN = datetime.fromisoformat("2000-01-01T00:00:00Z")
# So many assets in one transaction, and so many notes looked at to find them.
_ASSETS = 500
_NOTES = 20_000
# So many of them are told together: frames that come meanwhile wait for statements about no more.
_TOGETHER = 100
# So many facts in one statement: seconds, and not minutes.
_FACTS = 100_000
# Telling everything anew takes a while; nobody waits for it.
_WITHIN_S = 600.0
# Frames come first: history takes a tenth of the time at most.
_REST = 9
# So many side by side where the past is told as quickly as can be: one waits for the database while another computes.
_LANES = 2
# How often it is looked whether another historian's turn is over.
_TURN_S = 0.05
# How often it is looked for what has waited long enough, in the time that it has to wait.
_LOOKS = 5
_SPAN_TYPES = ("int4", "timestamptz", "timestamptz", "text", "int4", "text", "int4", "int4")
_DUE_COLUMNS = {
    "due_keys": "int4",
    "since": "timestamptz",
    "until": "timestamptz",
    "facts": "bool",
    "noted": "timestamptz",
}
_SPAN_COLUMNS = {"span_keys": "int4", "begins": "timestamptz"}
_FACT_COLUMNS = {"fact_keys": "int4", "begins": "timestamptz", "ends": "timestamptz"}


class _Lane(NamedTuple):
    """Which assets are told: the `lane`-th of every so many `lanes`."""

    lane: int
    lanes: int


_ALONE = _Lane(0, 1)


class Stretch(NamedTuple):
    """Whole quarters of an asset."""

    asset_key: int
    begins_at: datetime
    ends_at: datetime

    @property
    def quarters(self) -> int:
        """How many."""
        return (self.ends_at - self.begins_at) // _QUARTER


class History:
    """Keeps spans and facts what events and closures make of them."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def catch_up(self) -> int:
        """Tell anew all that is due now, make facts of what is over; how many stretches were told.

        Where another historian is at work, it waits for the end of its turn. What becomes due meanwhile stays due:
        under steady traffic there is always something. Raises: StoreUnavailableError, StoreRefusedError.
        """
        began = time.monotonic()
        # First, so that what is told of the past has its facts at once.
        while await self._advance():
            pass
        async with connected(self._pool, within_s=_WITHIN_S) as connection:
            await _spread(connection, timedelta())
        lanes = min(_LANES, self._pool.max_size)
        turns = Turns()
        return sum(await side_by_side(*(self._tell_all(_Lane(lane, lanes), began, turns) for lane in range(lanes))))

    async def _tell_all(self, lane: _Lane, began: float, turns: Turns) -> int:
        told = 0
        while (step := await turns.take(partial(self._step, lane, _since(began)))) != 0:
            if step is None:
                await asyncio.sleep(_TURN_S)
            else:
                told += step
        return told

    async def follow(self, *, company_s: float, rest: float = _REST) -> None:
        """Until cancelled: catch up again and again, with a rest after each round, so many times as long.

        What became due waits so long: to tell ten words of a bay together costs little more than to tell one.
        """
        while True:
            began, told = time.monotonic(), False
            try:
                # In turn: a year of facts to be made does not keep the present from being told.
                more = await self._advance()
                told = await self.step(waited=timedelta(seconds=company_s)) > 0 or more
            except (StoreUnavailableError, StoreRefusedError) as error:
                logger.warning("history waits: %s", error, extra={"action": "history_retry"})
            rest_s = rest * (time.monotonic() - began)
            await asyncio.sleep(rest_s if told else max(company_s / _LOOKS, rest_s))

    async def step(self, *, waited: timedelta = timedelta()) -> int:
        """Tell anew what waits longest, and so long at least, in one transaction; how many stretches that was.

        Zero as well where another historian is at work.
        """
        return await self._step(_ALONE, waited) or 0

    async def _step(self, lane: _Lane, waited: timedelta) -> int | None:
        """None where another historian is at work."""
        async with connected(self._pool, within_s=_WITHIN_S) as connection, connection.transaction():
            if not (await one(connection, "lock_history", lane._asdict()))["locked"]:
                return None
            if lane == _ALONE:
                await _spread(connection, waited)
            due = await _take(connection, lane, waited)
            if not due:
                return 0
            rounds, later = share(due, await _extents(connection, due))
            facts_until = (await one(connection, "select_history", {"now": self._now()}))["facts_until"]
            for told in rounds:
                for at in range(0, len(told), _TOGETHER):
                    await _tell(connection, told[at : at + _TOGETHER], facts_until=facts_until)  # type: ignore[arg-type]
            if later:
                rows = ((left.asset_key, left.since, left.until, left.facts, left.noted_at) for left in later)
                await connection.execute(query("return_history_due"), arrays(_DUE_COLUMNS, rows))
            return sum(map(len, rounds)) or len(due)

    async def _advance(self) -> bool:
        """Make facts of quarters that are over; whether there are more."""
        async with connected(self._pool, within_s=_WITHIN_S) as connection, connection.transaction():
            if not (await one(connection, "lock_history", _ALONE._asdict()))["locked"]:
                return False
            now: Mapping[str, Any] = await one(connection, "select_history", {"now": self._now()})
            if now["as_of_was_taken_back"]:
                await _take_back(connection)
                return False
            since, until = now["facts_until"], now["facts_due_until"]
            if until <= since:
                return False
            if since == _FACTS_BEGIN:
                since = (await one(connection, "select_first_span", {}))["begins_at"] or until
            step = max(1, _FACTS // max(1, now["assets"])) * _QUARTER
            reached = min(until, max(since, now["facts_until"]) + step)
            await connection.execute(query("advance_facts"), {"since": since, "until": reached})
            return bool(reached < until)


async def _take_back(connection: Connection) -> None:
    """No facts of a time that has not been."""
    row = await (await connection.execute(query("take_back_facts"))).fetchone()
    if row is not None:
        until: datetime = row["until"]
        # Whatever day it is, its beginning is nearer than this.
        await _sum(connection, [Stretch(key, until - _QUARTER, until) for key in row["asset_keys"]])


def _since(began: float) -> timedelta:
    return timedelta(seconds=time.monotonic() - began)


async def _spread(connection: Connection, waited: timedelta) -> None:
    """What batches of frames made due becomes notes of each asset."""
    await connection.execute(query("spread_history_due"), {"waited": waited})


async def _take(connection: Connection, lane: _Lane, waited: timedelta) -> list[Due]:
    parameters = {"rows": _NOTES, "assets": _ASSETS, "waited": waited, **lane._asdict()}
    rows = await connection.execute(query("take_history_due"), parameters)
    return [
        Due(
            asset_key=row["asset_key"],
            since=whole_second(row["since"]),
            until=whole_second(row["until"]),
            noted_at=row["noted_at"],
            facts=row["facts"],
            is_bench=row["is_bench"],
            raw_from=row["raw_from"] or BEGINNING,
            frozen_until=row["frozen_until"] or BEGINNING,
        )
        for row in await rows.fetchall()
    ]


async def _extents(connection: Connection, due: Sequence[Due]) -> Mapping[int, Extent]:
    raw_from = {long.asset_key: long.raw_from for long in due if long.is_long}
    if not raw_from:
        return {}
    parameters = {"keys": list(raw_from), "raw_from": list(raw_from.values())}
    rows = await connection.execute(query("select_extents"), parameters)
    return {row["asset_key"]: Extent(row["first_at"], row["last_at"]) for row in await rows.fetchall()}


async def _tell(connection: Connection, due: Sequence[Due], *, facts_until: datetime) -> None:
    """One stretch of each asset, its facts, and their sums."""
    retold = await read_anew(connection, due)
    kept = await read_kept(connection, retold)
    changes = await _changes(kept, retold)
    gone = [(key, begins_at) for key, change in changes.items() for begins_at in change.gone]
    if gone:
        await connection.execute(query("delete_spans"), arrays(_SPAN_COLUMNS, gone))
    new = [(key, span) for key, change in changes.items() for span in change.new]
    if new:
        await copy_in(connection, "copy_spans", _SPAN_TYPES, (_span_row(*pair) for pair in new))
    touched = [(key, *change.touched) for key, change in changes.items() if change.touched]
    forced = await _forced(connection, due, retold)
    following = [(key, at, at + _MOMENT) for key, at in await _next_readings(connection, due)]
    wanted = stretches([*touched, *forced, *following], facts_until=facts_until)
    await _keep_facts(connection, wanted, thorough=bool(forced))


async def _changes(kept: Mapping[int, list[Span]], retold: Mapping[int, Retold]) -> dict[int, Rewrite]:
    found: dict[int, Rewrite] = {}
    breath = Breath()
    for key, told in retold.items():
        found[key] = rewrite(kept[key], told)
        await breath.take()
    return found


async def _forced(
    connection: Connection, due: Sequence[Due], retold: Mapping[int, Retold]
) -> list[tuple[int, datetime, datetime]]:
    """The times of which facts are due whatever the spans say, as far back as there are, or will be, any."""
    forced = [one_due for one_due in due if one_due.facts]
    if not forced:
        return []
    rows = await connection.execute(query("select_facts_begin"), {"keys": [one_due.asset_key for one_due in forced]})
    begin = {row["asset_key"]: row["begins_at"] or FOREVER for row in await rows.fetchall()}
    for key, told in retold.items():
        begin[key] = min([begin.get(key, FOREVER), *(span.begins_at for span in told.spans[:1])])
    return [
        (one_due.asset_key, max(one_due.since, begin[one_due.asset_key]), one_due.until + _MOMENT)
        for one_due in forced
        if begin[one_due.asset_key] <= one_due.until
    ]


async def _next_readings(connection: Connection, due: Sequence[Due]) -> list[tuple[int, datetime]]:
    """When the next steps were counted after readings that changed: those have another beginning now."""
    benches = [one_due for one_due in due if one_due.is_bench and one_due.facts]
    if not benches:
        return []
    parameters = {"keys": [bench.asset_key for bench in benches], "moments": [bench.until for bench in benches]}
    rows = await connection.execute(query("select_next_readings"), parameters)
    return [(row["asset_key"], row["at"]) for row in await rows.fetchall()]


def stretches(touched: Iterable[tuple[int, datetime, datetime]], *, facts_until: datetime) -> list[Stretch]:
    """The whole quarters of which facts are kept and that lie, if only in part, in these times, none of them twice."""
    found: list[Stretch] = []
    for key, begins_at, ends_at in sorted(touched):
        first = max(_FACTS_BEGIN, begins_at - (begins_at - BEGINNING) % _QUARTER)
        last = min(facts_until, ends_at + (BEGINNING - ends_at) % _QUARTER)
        if found and found[-1].asset_key == key and first <= found[-1].ends_at:
            first = found.pop().begins_at if last > found[-1].ends_at else last
        if first < last:
            found.append(Stretch(key, first, last))
    return found


async def _keep_facts(connection: Connection, wanted: Sequence[Stretch], *, thorough: bool) -> None:
    gone = int(thorough)
    for part in _parts(wanted):
        parameters = arrays(_FACT_COLUMNS, part)
        await connection.execute(query("insert_facts"), parameters)
        gone += (await connection.execute(query("delete_facts_before_history"), parameters)).rowcount
    for part in _parts(wanted):
        if gone:
            # First: days are summed from hours.
            await connection.execute(query("delete_empty_hours"), arrays(_FACT_COLUMNS, part))
        await _sum(connection, part)
        if gone:
            await connection.execute(query("delete_empty_days"), arrays(_FACT_COLUMNS, part))


async def _sum(connection: Connection, wanted: Sequence[Stretch]) -> None:
    for name in ("sum_hours", "sum_days"):
        await connection.execute(query(name), arrays(_FACT_COLUMNS, wanted))


def _parts(wanted: Iterable[Stretch]) -> Iterator[list[Stretch]]:
    """The same stretches, so many at a time that one statement is over soon."""
    part: list[Stretch] = []
    quarters = 0
    for whole in wanted:
        for piece in _pieces(whole):
            if part and quarters + piece.quarters > _FACTS:
                yield part
                part, quarters = [], 0
            part.append(piece)
            quarters += piece.quarters
    if part:
        yield part


def _pieces(whole: Stretch) -> Iterator[Stretch]:
    at = whole.begins_at
    while at < whole.ends_at:
        until = min(whole.ends_at, at + _FACTS * _QUARTER)
        yield Stretch(whole.asset_key, at, until)
        at = until


def _span_row(asset_key: int, span: Span) -> Sequence[object]:
    return (
        asset_key, span.begins_at, span.ends_at, span.state.value, span.taken, span.quality.value,
        span.arrivals, span.departures,
    )  # fmt: skip
