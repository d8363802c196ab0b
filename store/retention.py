"""How long what is kept. What history is told by goes only when history is settled; facts stay for ever.

First the horizons of history move, in one transaction: from then on older words count no more, so that it does not
matter when their rows go. Those go a step at a time, each in a transaction of its own; what is not done in time is done
the next night.
"""

import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.live import Clock
from store.pool import Pool, connected
from store.queries import one, query

logger = logging.getLogger(__name__)

_ROWS = 10_000
_DAY = timedelta(days=1)
# Event times are that much older than their receipt at most.
_LATEST = timedelta(days=93)
_WITHIN_S = 600.0
_BENCHES = {
    "bench_frames": "forget_bench_frames",
    "bench_measurements": "forget_bench_measurements",
    "bench_events": "forget_bench_events",
}
_SMALL = {
    "dead_letters": "forget_dead_letters",
    "security_events": "forget_security_events",
    "commands": "forget_commands",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Days for each kind of data, 0 for ever. `measurements` are events as well; `benches` is what benches said."""

    journal: int
    measurements: int
    benches: int
    dead_letters: int
    security_events: int
    commands: int
    sign_plays: int

    @property
    def words_of_benches(self) -> int:
        """Days for what benches said: it goes with what anybody said at the latest, and history has to know."""
        return min((days for days in (self.measurements, self.benches) if days), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compress:
    """After how many days chunks of TimescaleDB are compressed."""

    journal: int
    measurements: int
    facts: int


async def set_policies(pool: Pool, keep: Keep, compress: Compress) -> None:
    """What the database does by itself, where it can; raises StoreUnavailableError."""
    parameters = {
        "journal_days": keep.journal,
        "compress_journal_days": compress.journal,
        "compress_measurements_days": compress.measurements,
        "compress_facts_days": compress.facts,
    }
    async with connected(pool) as connection:
        await connection.execute(query("set_policies"), parameters)


class Retention:
    """Forgets what is old."""

    def __init__(self, pool: Pool, keep: Keep, *, now: Clock) -> None:
        self._pool = pool
        self._keep = keep
        self._now = now

    async def forget(self, *, within_s: float) -> dict[str, int]:
        """Rows that went, by kind (chunks, where those go whole); no new step is begun after `within_s`.

        Raises: StoreUnavailableError; what went until then is gone.
        """
        deadline = time.monotonic() + within_s
        gone: Counter[str] = Counter()
        async with aclosing(self._steps()) as steps:
            async for kind, rows in steps:
                gone[kind] += rows
                if time.monotonic() > deadline:
                    logger.warning("not everything that is old is gone", extra={"action": "forget_unfinished"})
                    break
        return dict(gone)

    async def _steps(self) -> AsyncGenerator[tuple[str, int], None]:
        horizons = await self._move_horizons()
        for relation, before in self._limits(horizons["raw_from"]):
            async for rows in self._whole(relation, before):
                yield relation, rows
        if self._keep.benches:
            async for kind, rows in self._benches(horizons):
                yield kind, rows
        for kind in _SMALL:
            async for rows in self._small(kind):
                yield kind, rows

    def _limits(self, raw_from: datetime) -> Iterator[tuple[str, datetime]]:
        """Up to when whole relations go."""
        yield "measurement", raw_from
        yield "event", raw_from
        for relation, days in (("uplink", self._keep.journal), ("sign_play", self._keep.sign_plays)):
            if days:
                yield relation, self._before(days)

    async def _move_horizons(self) -> Mapping[str, Any]:
        parameters = {"now": self._now(), "days": self._keep.measurements, "bench_days": self._keep.words_of_benches}
        async with connected(self._pool, within_s=_WITHIN_S) as connection, connection.transaction():
            await connection.execute(query("wait_for_history"))
            return await one(connection, "move_horizons", parameters)

    async def _whole(self, relation: str, before: datetime) -> AsyncGenerator[int, None]:
        """Everything that is older, an hour at a time or whole chunks at once."""
        since: datetime | None = None
        while True:
            async with connected(self._pool, within_s=_WITHIN_S) as connection:
                parameters = {"relation": relation, "since": since, "before": before}
                step: Mapping[str, Any] = await one(connection, "forget", parameters)
            yield step["gone"]
            since = step["reached"]
            if since is None:
                break

    async def _benches(self, horizons: Mapping[str, Any]) -> AsyncGenerator[tuple[str, int], None]:
        """Day by day: frames by receipt, the rest by its own time; also what came late since the last time."""
        before, reached = horizons["benches_raw_from"], horizons["benches_were_raw_from"]
        async with connected(self._pool, within_s=_WITHIN_S) as connection:
            benches: Mapping[str, Any] = await one(connection, "select_bench_devices", {})
        since = benches["oldest"] or before
        if reached.year > 1:
            since = max(since, reached - _LATEST)
        while since < before:
            until = min(since + _DAY, before)
            day = {**benches, "since": since, "until": until, "before": before}
            for kind, name in _BENCHES.items():
                yield kind, await self._execute(name, day)
            await self._execute("refresh_measurement_hours", day)
            since = until
        yield "bench_spans", await self._execute("forget_bench_spans", {**benches, "before": before})

    async def _small(self, kind: str) -> AsyncGenerator[int, None]:
        days = asdict(self._keep)[kind]
        rows = _ROWS if days else 0
        while rows == _ROWS:
            rows = await self._execute(_SMALL[kind], {"before": self._before(days), "rows": _ROWS})
            yield rows

    async def _execute(self, name: str, parameters: Mapping[str, object]) -> int:
        async with connected(self._pool, within_s=_WITHIN_S) as connection:
            return (await connection.execute(query(name), parameters)).rowcount

    def _before(self, days: int) -> datetime:
        return self._now() - days * _DAY
