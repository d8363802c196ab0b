"""History compared with what it should be: spans with the words, facts with the spans, hours and days with the facts.

Everything of the last days, and all of the history of some assets, every night of others. What differs is due anew, and
an alarm says so until a later comparison finds nothing. Assets of which something is due are left out: they differ
rightly.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.alarms import PLATFORM, AlarmCode, Raised
from domain.live import Clock
from domain.retelling import rewrite
from store.alarms import settle_alarms
from store.history.due import Due
from store.history.reading import read_anew, read_kept
from store.history.telling import Stretch, stretches
from store.pool import Connection, Pool, connected
from store.queries import one, query
from store.rows import columns

EVERY_NIGHT_OF = 30
"""After so many nights all of the history of every asset was compared."""
LAST_DAYS = 2

_DAY = timedelta(days=1)
_MONTH = timedelta(days=31)
_MOMENT = timedelta(seconds=1)
# So many asset-days in one transaction, during which no historian works.
_AT_ONCE = 300
_WITHIN_S = 600.0
_EXAMPLES = 10
_COLUMNS = ("fact_keys", "begins", "ends")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where something of an asset's history is other than it should be."""

    asset_id: str
    what: str
    begins_at: datetime
    ends_at: datetime


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What was looked at, in asset-days, and how many stretches of spans and rows of the others differed.

    `seconds` by which rows were wrong, in all; `finished`: whether time sufficed.
    """

    asset_days: int = 0
    differing: Counter[str] = field(default_factory=Counter)
    seconds: int = 0
    examples: list[Difference] = field(default_factory=list)
    finished: bool = True

    @property
    def is_equal(self) -> bool:
        """Whether all of it was as it should be."""
        return not self.differing

    def note(self, difference: Difference, *, rows: int, seconds: int) -> None:
        """One more."""
        self.differing[difference.what] += rows
        self.seconds += seconds
        if len(self.examples) < _EXAMPLES:
            self.examples.append(difference)

    def __str__(self) -> str:
        if self.is_equal:
            return f"nothing differed in {self.asset_days:,} days of assets"
        told = ", ".join(f"{rows:,} {what}" for what, rows in sorted(self.differing.items()))
        first = self.examples[0]
        return (
            f"{told} differed by {self.seconds:,} s in {self.asset_days:,} days of assets,"
            f" first {first.asset_id} {first.begins_at:%Y-%m-%d %H:%M}Z"
        )


class Reconciliation:
    """Compares, says so, and has put right what differs."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def reconcile(
        self, *, days: int = LAST_DAYS, every: int = EVERY_NIGHT_OF, within_s: float = 900.0
    ) -> Comparison:
        """The last `days` of every asset, and of one in `every` all there is; ends soon after `within_s`.

        What differs is due anew when this returns, and told by whoever is the historian. Raises: StoreUnavailableError.
        """
        deadline = time.monotonic() + within_s
        found = Comparison()
        async with connected(self._pool, within_s=_WITHIN_S) as connection:
            rows = await (await connection.execute(query("select_assets_to_reconcile"))).fetchall()
            first = (await one(connection, "select_first_span", {}))["begins_at"]
        names = {row["asset_key"]: str(row["asset_id"]) for row in rows}
        for part in _parts(self._wanted(rows, first, days=days, every=every)):
            if time.monotonic() > deadline:
                found.finished = False
                break
            async with connected(self._pool, within_s=_WITHIN_S) as connection, connection.transaction():
                await connection.execute(query("wait_for_history"))
                await _compare(connection, part, names, found)
        raised = [] if found.is_equal else [Raised(code=AlarmCode.HISTORY_DIFFERS, subject=PLATFORM, detail=str(found))]
        if raised or found.finished:
            async with connected(self._pool) as connection, connection.transaction():
                await settle_alarms(connection, AlarmCode.HISTORY_DIFFERS, raised, self._now)
        return found

    def _wanted(self, rows: Sequence[Mapping[str, Any]], first: object, *, days: int, every: int) -> Iterator[Due]:
        now = self._now()
        if not isinstance(first, datetime):
            return
        tonight = now.toordinal() % every
        recently = [(row, max(first, now - days * _DAY)) for row in rows]
        wholly = [(row, first) for row in rows if row["asset_key"] % every == tonight]
        for row, begins_at in [*recently, *wholly]:
            until = now
            begins_at = max(begins_at, row["frozen_until"])  # noqa: PLW2901
            while begins_at < until:
                since = max(begins_at, until - _MONTH)
                yield Due(
                    asset_key=row["asset_key"],
                    since=since.replace(microsecond=0),
                    until=until.replace(microsecond=0),
                    noted_at=now,
                    is_bench=row["is_bench"],
                    raw_from=row["raw_from"],
                    frozen_until=row["frozen_until"],
                )
                until = since


def _parts(wanted: Iterable[Due]) -> Iterator[list[Due]]:
    """Pieces of a few hundred asset-days, none with two stretches of one asset."""
    part: dict[int, Due] = {}
    days = 0.0
    for due in wanted:
        if part and (due.asset_key in part or days + due.length / _DAY > _AT_ONCE):
            yield list(part.values())
            part, days = {}, 0.0
        part[due.asset_key] = due
        days += due.length / _DAY
    if part:
        yield list(part.values())


async def _compare(connection: Connection, due: Sequence[Due], names: Mapping[int, str], found: Comparison) -> None:
    """These stretches, in a transaction in which no historian works. What came meanwhile is due, and left out."""
    retold = await read_anew(connection, due)
    kept = await read_kept(connection, retold)
    facts_until = (await one(connection, "select_history_status", {}))["facts_until"]
    assert isinstance(facts_until, datetime)
    wanted = stretches(((one_due.asset_key, one_due.since, one_due.until) for one_due in due), facts_until=facts_until)
    # A quarter that is cut in two by what is frozen is looked at by nobody.
    frozen = {one_due.asset_key: one_due.frozen_until for one_due in due}
    wanted = [stretch for stretch in wanted if stretch.begins_at >= frozen[stretch.asset_key]]
    differences: list[tuple[str, int, datetime, datetime, int, int]] = [
        ("spans", key, *touched, 1, 0)
        for key, told in retold.items()
        if (touched := rewrite(kept[key], told).touched) is not None
    ]
    for what, name in (("facts", "compare_facts"), ("hours", "compare_hours"), ("days", "compare_days")):
        rows = await connection.execute(query(name), columns(_COLUMNS, wanted))
        differences += [
            (what, row["asset_key"], row["first_at"], row["last_at"], row["rows"], row["seconds"])
            for row in await rows.fetchall()
        ]
    busy = await connection.execute(query("select_due_keys"), {"keys": list(retold)})
    waiting = {row["asset_key"] for row in await busy.fetchall()}
    found.asset_days += round(sum(one_due.length / _DAY for one_due in due))
    again: list[Stretch] = []
    for what, key, begins_at, ends_at, rows_, seconds in differences:
        if key not in waiting:
            difference = Difference(asset_id=names[key], what=what, begins_at=begins_at, ends_at=ends_at)
            found.note(difference, rows=rows_, seconds=seconds)
            again.append(Stretch(key, begins_at, ends_at - _MOMENT))
    if again:
        await connection.execute(query("insert_history_due_of_difference"), columns(_COLUMNS, again))
