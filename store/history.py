"""History in the database: what became due is told anew, quarters that are over become facts, roll-ups follow.

One historian works at a time, wherever it runs; the notes in `history_due` are taken in the transaction that acts on
them, so nothing is lost with a process. Spans and facts are functions of what is kept: told twice, they are the same.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.errors import StoreUnavailableError
from domain.live import Clock
from domain.retelling import BEGINNING, Retold, Words, retell, rewrite
from domain.spans import FOREVER, Closed, Observation, Quality, Span, whole_second
from domain.states import State
from domain.uplinks import Kind
from store.pool import Connection, Pool, connected
from store.queries import copy_in, one, query
from store.rows import columns

logger = logging.getLogger(__name__)

_QUARTER = timedelta(minutes=15)
# So many assets in one transaction, and so many notes looked at to find them.
_ASSETS = 500
_NOTES = 20_000
# Words on each side of what is due: nearly always enough; where not, more are asked for.
_CONTEXT = 6
# Telling everything anew takes a while; nobody waits for it.
_WITHIN_S = 600.0
# Frames come first: history takes a tenth of the time at most.
_REST = 9
_SPAN_TYPES = ("int4", "timestamptz", "timestamptz", "text", "int4", "text", "int4", "int4")


@dataclass(frozen=True, slots=True)
class _Due:
    """An asset, and the time in which something changed, in whole seconds. `facts`: also those of equal spans."""

    asset_key: int
    since: datetime
    until: datetime
    facts: bool


class History:
    """Keeps spans and facts what events and closures make of them."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def catch_up(self) -> int:
        """Until nothing is due: tell anew, make facts of what is over, sum them; how many assets were due.

        Zero as well where another historian is at work. Raises: StoreUnavailableError.
        """
        told = 0
        while step := await self.go_on():
            told += step
        return told

    async def go_on(self) -> int:
        """One part of it, so long that it is over soon; how many assets that was. Raises: StoreUnavailableError."""
        # First, so that what is told of the past has its facts at once.
        await self._advance()
        told = await self._step()
        await self._sum()
        return told

    async def follow(self, *, every_s: float) -> None:
        """Until cancelled: go on again and again, with a rest after each part that is longer than it was."""
        while True:
            began, told = time.monotonic(), 0
            try:
                told = await self.go_on()
            except StoreUnavailableError as error:
                logger.warning("history waits: %s", error, extra={"action": "history_retry"})
            rest_s = _REST * (time.monotonic() - began)
            await asyncio.sleep(rest_s if told else max(every_s, rest_s))

    async def _sum(self) -> None:
        async with connected(self._pool, within_s=_WITHIN_S) as connection:
            if (await one(connection, "select_touched_facts", {}))["touched"]:
                await connection.execute(query("lift_time_limit"))
                try:
                    await connection.execute(query("refresh_facts"))
                finally:
                    await connection.execute(query("reset_time_limit"))

    async def _step(self) -> int:
        async with connected(self._pool, within_s=_WITHIN_S) as connection, connection.transaction():
            if not (await one(connection, "lock_history", {}))["locked"]:
                return 0
            due = await _take(connection)
            if due:
                kept = await one(connection, "select_facts_until", {})
                await _tell(connection, due, facts_until=kept["facts_until"])  # type: ignore[arg-type]
            return len(due)

    async def _advance(self) -> None:
        async with connected(self._pool, within_s=_WITHIN_S) as connection, connection.transaction():
            if not (await one(connection, "lock_history", {}))["locked"]:
                return
            until = (await one(connection, "select_facts_due", {"now": self._now()}))["until"]
            await connection.execute(query("advance_facts"), {"until": until})


async def _take(connection: Connection) -> list[_Due]:
    rows = await connection.execute(query("take_history_due"), {"rows": _NOTES, "assets": _ASSETS})
    return [
        _Due(int(row["asset_key"]), whole_second(row["since"]), whole_second(row["until"]), row["facts"])
        for row in await rows.fetchall()
    ]


async def _tell(connection: Connection, due: Sequence[_Due], *, facts_until: datetime) -> None:
    retold = await _retold(connection, due)
    kept = await _kept(connection, retold)
    changes = {key: rewrite(kept[key], told) for key, told in retold.items()}
    gone = [(key, begins_at) for key, change in changes.items() for begins_at in change.gone]
    if gone:
        await connection.execute(query("delete_spans"), columns(("span_keys", "begins"), gone))
    await copy_in(
        connection,
        "copy_spans",
        _SPAN_TYPES,
        (_span_row(key, span) for key, change in changes.items() for span in change.new),
    )
    touched = {key: change.touched for key, change in changes.items() if change.touched}
    for one_due in due:
        if one_due.facts and (spans := retold[one_due.asset_key].spans):
            touched[one_due.asset_key] = spans[0].begins_at, FOREVER
    quarters = [found for key, time in touched.items() if (found := _quarters(key, *time, facts_until=facts_until))]
    if quarters:
        stretches = columns(("fact_keys", "begins", "ends"), quarters)
        await connection.execute(query("insert_facts"), stretches)
        await connection.execute(query("delete_facts_before_history"), stretches)
        await connection.execute(query("insert_touched_facts"), stretches)


def _quarters(
    key: int, begins_at: datetime, ends_at: datetime, *, facts_until: datetime
) -> tuple[int, datetime, datetime] | None:
    """The whole quarters of which facts are kept and that lie, if only in part, in that time."""
    first = begins_at - (begins_at - BEGINNING) % _QUARTER
    last = min(facts_until, ends_at + (BEGINNING - ends_at) % _QUARTER)
    return (key, first, last) if first < last else None


async def _retold(connection: Connection, due: Sequence[_Due]) -> dict[int, Retold]:
    """With more and more words, until there are enough for each."""
    closures = await _closures(connection, due)
    found: dict[int, Retold] = {}
    context = _CONTEXT
    left = list(due)
    while left:
        words = await _words(connection, left, context)
        for one_due in left:
            told = retell(
                words[one_due.asset_key], closures[one_due.asset_key], since=one_due.since, until=one_due.until
            )
            if told is not None:
                found[one_due.asset_key] = told
        left = [one_due for one_due in left if one_due.asset_key not in found]
        context *= 8
    return found


async def _words(connection: Connection, due: Sequence[_Due], context: int) -> dict[int, Words]:
    parameters = {
        "keys": [one_due.asset_key for one_due in due],
        "since": [one_due.since for one_due in due],
        "until": [one_due.until for one_due in due],
        "context": context,
    }
    rows = await (await connection.execute(query("select_words"), parameters)).fetchall()
    told: defaultdict[int, list[Observation]] = defaultdict(list)
    for row in rows:
        told[row["asset_key"]].append(_observation(row))
    return {one_due.asset_key: _words_around(one_due, told[one_due.asset_key], context) for one_due in due}


def _words_around(due: _Due, told: list[Observation], context: int) -> Words:
    after_at = due.until + timedelta(seconds=1)
    return Words(
        observations=told,
        whole_before=sum(word.at < due.since for word in told) < context,
        whole_after=sum(word.at >= after_at for word in told) < context,
    )


def _observation(row: Mapping[str, object]) -> Observation:
    at, leaves_at, taken, previous_s = row["observed_at"], row["leaves_at"], row["taken"], row["previous_s"]
    capacity = row["capacity"]
    assert isinstance(at, datetime)
    silent_at = at + timedelta(seconds=int(str(row["silent_after_s"])))
    return Observation(
        at=at,
        f_cnt=int(str(row["f_cnt"])),
        device_key=int(str(row["device_key"])),
        kind=Kind(str(row["kind"])),
        taken=int(row["state"] == State.OCCUPIED) if taken is None else int(str(taken)),
        counts_until=min(silent_at, leaves_at) if isinstance(leaves_at, datetime) else silent_at,
        counted=taken is not None,
        previous_for=None if previous_s is None else timedelta(seconds=int(str(previous_s))),
        # Counts of an area are not smoothed: each is a word about many cars.
        debounce=timedelta(seconds=int(str(row["debounce_s"] or 0)) if capacity is None else 0),
        capacity=None if capacity is None else int(str(capacity)),
    )


async def _closures(connection: Connection, due: Sequence[_Due]) -> Mapping[int, list[Closed]]:
    rows = await connection.execute(query("select_closed"), {"keys": [one_due.asset_key for one_due in due]})
    found: defaultdict[int, list[Closed]] = defaultdict(list)
    for row in await rows.fetchall():
        found[row["asset_key"]].append(Closed(row["begins_at"], row["ends_at"]))
    return found


async def _kept(connection: Connection, retold: Mapping[int, Retold]) -> Mapping[int, list[Span]]:
    parameters = {
        "keys": list(retold),
        "begins": [told.begins_at for told in retold.values()],
        "ends": [told.ends_at for told in retold.values()],
    }
    rows = await connection.execute(query("select_spans_around"), parameters)
    found: defaultdict[int, list[Span]] = defaultdict(list)
    for row in await rows.fetchall():
        found[row["asset_key"]].append(_span(row))
    return found


def _span(row: Mapping[str, object]) -> Span:
    values = {**row, "state": State(str(row["state"])), "quality": Quality(str(row["quality"]))}
    del values["asset_key"]
    return Span(**values)  # type: ignore[arg-type]


def _span_row(asset_key: int, span: Span) -> Sequence[object]:
    return (
        asset_key, span.begins_at, span.ends_at, span.state.value, span.taken, span.quality.value,
        span.arrivals, span.departures,
    )  # fmt: skip
