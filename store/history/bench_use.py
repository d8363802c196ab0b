"""How much benches are used, month by month: told once, kept as it was told."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from psycopg.rows import DictRow
from pydantic import TypeAdapter

from domain.bench_use import BenchSite, BenchSums, ToldBlock, ToldMonth, blocks, period_of, settled_month, told
from domain.disclosure import PrivacyRules
from domain.errors import InvalidQuestionError
from domain.live import Clock
from store.history.look import moment
from store.pool import Connection, Pool, connected
from store.queries import one, query

_WITHIN_S = 25.0
_TOLD = TypeAdapter(ToldMonth)
_SUMS = ("known_s", "open_s", "occupied_s", "sittings", "charge_sessions", "energy_mwh")


class StoreBenchUse:
    """Satisfies domain.bench_use.BenchUse."""

    def __init__(self, pool: Pool, *, rules: PrivacyRules, now: Clock) -> None:
        self._pool = pool
        self._rules = rules
        self._now = now

    async def month(self, month: date | None) -> ToldMonth:
        """A month by its first day; raises InvalidQuestionError, StoreUnavailableError."""
        async with connected(self._pool, within_s=_WITHIN_S) as connection:
            told_until = moment((await one(connection, "select_history_told", {}))["told_until"])
            settled = settled_month(told_until)
            wanted = settled if month is None else month
            if wanted > settled:
                raise InvalidQuestionError("month", "is told a week after its end, when it is settled")
            if kept := await _kept(connection, wanted):
                return kept
            async with connection.transaction():
                await connection.execute(query("read_one_snapshot"))
                now_told = await self._tell(connection, wanted)
            if not now_told.sites:
                return now_told
            values = {"month": wanted, "told_at": now_told.told_at, "told": _TOLD.dump_json(now_told).decode()}
            await connection.execute(query("insert_bench_month"), values)
            return await _kept(connection, wanted) or now_told

    async def _tell(self, connection: Connection, month: date) -> ToldMonth:
        period = period_of(month)
        times = {"since": period.since, "until": period.until}
        benches = await (await connection.execute(query("select_benches_of_month"), times)).fetchall()
        if any(bench["is_due"] for bench in benches):
            raise InvalidQuestionError("month", "is being told anew: ask again later")
        sites = _sites(benches)
        found = blocks(sites, self._rules.benches)
        block_of = {site: number for number, block in enumerate(found) for site in block.sites}
        kept = [(bench["asset_key"], block_of[bench["site_id"]]) for bench in benches if bench["site_id"] in block_of]
        asked = {"keys": [key for key, _ in kept], "blocks": [number for _, number in kept], **times}
        rows = await (await connection.execute(query("select_bench_hours"), asked, prepare=False)).fetchall()
        return ToldMonth(
            month=month,
            told_at=self._now(),
            rules=self._rules,
            sites=sites,
            blocks=tuple(
                ToldBlock(block, told(counted, period, self._rules))
                for block, counted in zip(found, _counted(rows, len(found)), strict=True)
            ),
        )


async def _kept(connection: Connection, month: date) -> ToldMonth | None:
    row = await (await connection.execute(query("select_bench_month"), {"month": month})).fetchone()
    return None if row is None else _TOLD.validate_python(row["told"])


def _sites(benches: Sequence[Mapping[str, Any]]) -> tuple[BenchSite, ...]:
    count = Counter((bench["site_id"], bench["name"], bench["ward"]) for bench in benches)
    return tuple(BenchSite(*site, benches) for site, benches in sorted(count.items()))


def _counted(rows: Sequence[DictRow], blocks_told: int) -> list[dict[tuple[date, int], BenchSums]]:
    found: defaultdict[int, dict[tuple[date, int], BenchSums]] = defaultdict(dict)
    for row in rows:
        found[row["block"]][row["day"], row["hour"]] = BenchSums(**{name: row[name] for name in _SUMS})
    return [found[number] for number in range(blocks_told)]
