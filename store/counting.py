"""Areas that are counted at their gates: their counts follow from gates' totals and from anchors, whenever those come.

One at a time works, wherever it runs. What it writes are events of the area as a counter of its own would cause them,
so that live and history need not know how an area is counted; told twice, they are the same.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from domain.counting import (
    DRIFT_SHARE,
    LEAST_DRIFT,
    Anchor,
    CountedDay,
    Gate,
    Heard,
    Passages,
    Step,
    Total,
    by_day,
    count,
    nightly,
    passages,
    sign_of,
    told,
)
from domain.errors import StoreUnavailableError
from domain.live import Clock
from domain.local_time import at as local_at
from domain.local_time import local_day
from domain.places import AssetKind, Direction
from domain.quality import OF_TALLIES, Fault
from store.pool import Connection, Pool, connected
from store.queries import one, query
from store.rows import Keyed, columns

logger = logging.getLogger(__name__)

KEYS = [f"{kind}_{what}" for kind in ("vehicles", "people") for what in ("in_total", "out_total", "total")]
_AREAS = 20
_WITHIN_S = 600.0
_SECOND = timedelta(seconds=1)
_FAULT_COLUMNS = ("quality_keys", "faults", "days", "begins", "ends", "times", "residuals")
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


class Counted(NamedTuple):
    """An area from some anchor on: its steps, who passed, its gates."""

    steps: list[Step]
    passed: list[Passages]
    gates: list[Gate]


class Tally:
    """Keeps the counts of areas what their gates and anchors make of them."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def catch_up(self) -> int:
        """Work out all that is due; how many areas were. Raises StoreUnavailableError."""
        done = 0
        while step := await self._step():
            done += step
        return done

    async def follow(self, *, every_s: float) -> None:
        """Until cancelled: catch up again and again."""
        while True:
            try:
                await self.catch_up()
            except StoreUnavailableError as error:
                logger.warning("counting waits: %s", error, extra={"action": "counting_retry"})
            await asyncio.sleep(every_s)

    async def _step(self) -> int:
        now = self._now()
        async with connected(self._pool, within_s=_WITHIN_S) as connection, connection.transaction():
            if not (await one(connection, "lock_tally", {}))["locked"]:
                return 0
            await connection.execute(query("insert_tally_due_of_nights"), {"now": now})
            rows = await (await connection.execute(query("take_tally_due"), {"areas": _AREAS})).fetchall()
            changed = [row["asset_key"] for row in rows if await _work_out(connection, row, now)]
            if changed:
                stamp = await one(connection, "next_revision", {})
                await connection.execute(query("rebuild_states"), {**stamp, "keys": changed})
            return len(rows)


async def note_passages(connection: Connection, keyed: Keyed) -> None:
    """Areas at whose gates somebody may have passed are to be worked out, from the moments of these frames on."""
    stays = [(device.stay_at(frame.uplink.observed_at), frame.uplink.observed_at) for device, frame in keyed]
    found = [(stay.asset_key, at) for stay, at in stays if stay is not None and stay.kind is AssetKind.GATE]
    if found:
        await connection.execute(query("insert_tally_due"), columns(("gate_keys", "moments"), found))


async def counted(connection: Connection, area: Mapping[str, Any], since: datetime, until: datetime) -> Counted:
    """The area from the last anchor before the local day of `since` on; from the first word of its gates if none is."""
    key = {"area_key": area["asset_key"]}
    anchors = await _anchors(connection, area, since, until)
    begins = min((one.at for one in anchors), default=_BEGINNING)
    rows = await connection.execute(query("select_gate_totals"), {**key, "keys": KEYS, "since": begins})
    totals: list[Total] = []
    heard: defaultdict[int, list[Heard]] = defaultdict(list)
    gates_since: dict[int, datetime] = {}
    for row in await rows.fetchall():
        gate, begins_at = row["gate_key"], row["begins_at"] or _BEGINNING
        gates_since[gate] = min(gates_since.get(gate, begins_at), begins_at)
        words = heard[gate]
        if row["observed_at"] is None or row["observed_at"] > until:
            continue
        words.append(Heard(row["observed_at"], row["device_key"], timedelta(seconds=row["silent_after_s"])))
        sign = sign_of(row["key"], Direction(row["direction"]))
        if sign is not None:
            totals.append(Total(row["observed_at"], f"{row['source']} {row['key']}", sign, int(row["value"])))
    passed = passages(totals)
    steps = count(anchors, passed, capacity=area["capacity"])
    return Counted(steps, passed, [Gate(words, gates_since[gate]) for gate, words in heard.items()])


async def _anchors(connection: Connection, area: Mapping[str, Any], since: datetime, until: datetime) -> list[Anchor]:
    """All that matter from the last one before the local day of `since` on.

    Of one that is older than what is kept of the gates' words nobody knows who passed since: it counts no more.
    """
    key = {"area_key": area["asset_key"]}
    rows = await (await connection.execute(query("select_recounts"), key)).fetchall()
    found = [
        Anchor(row["counted_at"], min(row["taken"], area["capacity"]), row["made_by"])
        for row in rows
        if row["withdrawn_at"] is None and area["raw_from"] <= row["counted_at"] <= until
    ]
    if area["anchor_at"] is not None:
        first = (await one(connection, "select_first_total", {**key, "keys": KEYS}))["first_at"]
        if isinstance(first, datetime):
            begins = max(first, since - timedelta(days=3), area["raw_from"])
            found += nightly(time.fromisoformat(area["anchor_at"]), area["anchor_taken"], since=begins, until=until)
    midnight = local_at(local_day(since), time()) if since > _BEGINNING else _BEGINNING
    start = max((one.at for one in found if one.at < midnight), default=_BEGINNING)
    return [one for one in found if one.at >= start]


async def _work_out(connection: Connection, area: Mapping[str, Any], now: datetime) -> bool:
    """Whether anything changed."""
    since = max(area["since"], _BEGINNING)
    found = await counted(connection, area, since, now)
    words = [(one.at, one.taken, one.device_key) for one in told(found.steps, found.gates) if one.at >= since]
    parameters = {**columns(("at", "taken", "device_keys"), words), "area_key": area["asset_key"], "since": since}
    rows = await (await connection.execute(query("replace_tally"), parameters)).fetchall()
    await _judge(connection, area, found, local_day(since))
    return bool(rows)


async def _judge(connection: Connection, area: Mapping[str, Any], found: Counted, first_day: date) -> None:
    wanted = [row for day in by_day(found.steps, found.passed) if day.day >= first_day for row in _faults(area, day)]
    kept = {"asset_key": area["asset_key"], "faults": [fault.value for fault in OF_TALLIES]}
    rows = await (await connection.execute(query("select_kept_faults"), kept)).fetchall()
    still = {(fault, day) for _, fault, day, *_ in wanted}
    gone = [
        (area["asset_key"], row["fault"], row["day"])
        for row in rows
        if row["day"] >= first_day and (row["fault"], row["day"]) not in still
    ]
    if gone:
        await connection.execute(query("delete_faults"), columns(_FAULT_COLUMNS[:3], gone))
    if wanted:
        await connection.execute(query("insert_faults"), columns(_FAULT_COLUMNS, wanted))


def _faults(area: Mapping[str, Any], day: CountedDay) -> Iterable[Sequence[object]]:
    begins, ends = (local_at(one, time()) for one in (day.day, day.day + timedelta(days=1)))
    times = (begins, ends - _SECOND)
    if day.residual:
        yield area["asset_key"], Fault.RESIDUAL.value, day.day, *times, 1, day.residual
    if day.drift is not None and abs(day.drift) > max(LEAST_DRIFT, DRIFT_SHARE * area["capacity"]):
        yield area["asset_key"], Fault.DRIFT.value, day.day, *times, 1, day.drift
