"""Real feeds through the real import: what we make of them against what the files say.

- Cologne: every slot of September 2025 for which the 15-minute file has a value, against the free spaces that our
  history has at the end of that slot (the file's definition: the last value seen in the slot, in UTC). Once with
  capacities that nothing in the feed contradicts, once with the stated ones, where what cannot be is refused.
- Aarhus: the rows in the order and at the times at which the source took them in (five months in one burst, then six
  minutes late), told as they came, against the same rows each at its own time: spans, facts and sums must be the same.
- Birmingham: what is flagged against what is wrong in the file, and that no fact has more than there is.

The data lie beside the repository (../shared/data/datasets). The last line is JSON.
"""

import argparse
import asyncio
import csv
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

# This folder has files that are named like packages of ours, which must be found before them.
sys.path[0] = str(Path(__file__).parents[1])

import psycopg

from benchmarks.servers import postgres
from domain.series import SeriesMapping, SeriesRow, ids_of, rows_of
from domain.uplinks import Accepted
from smartplace.clock import utc_now
from smartplace.embedded.postgres import EmbeddedPostgres
from smartplace.series_import import Outcome, frame_of, import_series, mapping_at
from store.frames import FrameStore
from store.history.telling import History
from store.migrations import migrate
from store.pool import Pool, open_pool
from store.quality import Judge

DATA = Path(__file__).parents[2] / "shared" / "data" / "datasets"
SLOT = timedelta(minutes=15)
RELATIONS = {
    "span": "SELECT asset_id, begins_at, ends_at, state, taken, quality, arrivals, departures",
    "fact_15m": "SELECT asset_id, bucket, free_s, occupied_s, unknown_s, closed_s, arrivals, departures",
    "fact_hour": "SELECT asset_id, hour, free_s, occupied_s, unknown_s, closed_s, arrivals, departures",
    "fact_day": "SELECT asset_id, day, free_s, occupied_s, unknown_s, closed_s, arrivals, departures",
}


def rows(conninfo: str, statement: str, *parameters: object) -> list[tuple]:
    with psycopg.connect(conninfo, options="-c timezone=UTC") as connection:
        return connection.execute(statement, parameters).fetchall()


def table(conninfo: str, relation: str) -> list[tuple]:
    return sorted(rows(conninfo, f"{RELATIONS[relation]} FROM {relation} JOIN asset USING (asset_key)"))


async def bring_in(conninfo: str, file: Path, mapping: SeriesMapping, *, as_of: datetime) -> Outcome:
    """As the command does it, with a platform that vouches for all of it."""
    async with open_pool(conninfo, size=2) as pool:
        await vouch(pool, as_of)
        return await import_series(
            pool,
            file,
            mapping,
            add_places=True,
            skip_faulty=False,
            dry_run=False,
            actor="benchmark",
            progress=lambda *_: None,
        )


async def vouch(pool: Pool, as_of: datetime) -> None:
    async with pool.connection() as connection:
        await connection.execute("UPDATE platform SET as_of = %s", [as_of])


def states(conninfo: str) -> dict[str, list[tuple[datetime, datetime, str, int, str]]]:
    found = defaultdict(list)
    for asset_id, *span in rows(
        conninfo,
        "SELECT asset_id, begins_at, ends_at, state, taken, quality"
        " FROM span JOIN asset USING (asset_key) ORDER BY 1, 2",
    ):
        found[asset_id].append(tuple(span))
    return dict(found)


# Cologne


def cologne(conninfo: str, changes: Path, slots: Path, mapping: SeriesMapping) -> dict[str, object]:
    """How many values of the 15-minute file are ours, too, and what the others are."""
    asyncio.run(bring_in(conninfo, changes, mapping, as_of=datetime(2025, 10, 2, tzinfo=UTC)))
    told = {asset_id: iter(spans) for asset_id, spans in states(conninfo).items()}
    now = {asset_id: next(spans) for asset_id, spans in told.items()}
    seen = lots_seen(changes)
    classes: Counter[str] = Counter()
    for slot, values in values_of(slots, *month_of(changes)):
        at = slot + SLOT - timedelta(seconds=1)
        for lot, free in values.items():
            area = ids_of(mapping, lot).area_id
            if area not in now:
                classes["not in the change file"] += 1
                continue
            while now[area][1] <= at:
                now[area] = next(told[area])
            _, _, state, taken, quality = now[area]
            capacity = mapping.capacities[lot]
            ours = capacity - taken if state in {"free", "occupied"} else None
            classes[kind_of(ours, free, capacity, quality, in_changes=(lot, slot) in seen)] += 1
    total = classes.total()
    return {"values": total, **dict(classes), "share_equal": round(classes["equal"] / total, 5) if total else None}


def kind_of(ours: int | None, free: int, capacity: int, quality: str, *, in_changes: bool) -> str:
    """Whether a value is ours, or why not."""
    if ours == free:
        return "equal"
    if not in_changes:
        return "no record in the slot"
    if free > capacity:
        return "refused: more free than there are"
    return "a spike" if quality == "repaired" else "other"


def lots_seen(changes: Path) -> set[tuple[str, datetime]]:
    with changes.open() as lines:
        return {(row["lot"], slot_of(datetime.fromisoformat(row["ts_utc"]))) for row in csv.DictReader(lines)}


def month_of(changes: Path) -> tuple[datetime, datetime]:
    """The slots of the change file; of the last one of a part of it not everything is known."""
    with changes.open() as lines:
        times = [slot_of(datetime.fromisoformat(row["ts_utc"])) for row in csv.DictReader(lines)]
    return min(times), max(times) - (timedelta() if len(times) > 30_000 else SLOT)


def values_of(slots: Path, first: datetime, last: datetime) -> Iterable[tuple[datetime, dict[str, int]]]:
    with slots.open() as lines:
        for row in csv.DictReader(lines):
            slot = datetime.fromisoformat(row.pop("slot_utc"))
            if first <= slot <= last:
                yield slot, {lot: int(free) for lot, free in row.items() if free}


def slot_of(moment: datetime) -> datetime:
    return moment - timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)


def roomy(mapping: SeriesMapping, changes: Path) -> SeriesMapping:
    """The mapping with capacities that nothing in the feed contradicts."""
    capacities = dict(mapping.capacities)
    with changes.open() as lines:
        for row in csv.DictReader(lines):
            capacities[row["lot"]] = max(capacities[row["lot"]], int(row["free"]))
    return replace(mapping, capacities=capacities)


# Aarhus


def aarhus(late: str, punctual: str, file: Path, *, most_rows: int | None = None) -> dict[str, object]:
    """Told as it came and told on time: the same."""
    mapping = mapping_at("aarhus")
    with file.open(encoding="utf-8") as lines:
        found = [one for one in rows_of(lines, mapping, capacities={}, now=utc_now()) if isinstance(one, SeriesRow)]
    found = sorted(found, key=lambda row: (row.received_at, row.at, row.code))
    if most_rows is not None:
        found = found[-most_rows:]
    end = max(row.received_at for row in found) + timedelta(days=1)
    asyncio.run(play(late, mapping, found, end=end))
    asyncio.run(
        play(punctual, mapping, sorted([replace(row, received_at=row.at) for row in found], key=moment_of), end=end)
    )
    lateness = sorted((row.received_at - row.at).total_seconds() for row in found)
    live = [one for one in lateness if one < 1800]
    same = {relation: table(late, relation) == table(punctual, relation) for relation in RELATIONS}
    return {
        "rows": len(found),
        "rows_live": len(live),
        "median_late_s": live[len(live) // 2] if live else None,
        "most_late_days": round(lateness[-1] / 86400, 1),
        "facts": len(table(late, "fact_15m")),
        **{f"same_{relation}": is_same for relation, is_same in same.items()},
    }


def moment_of(row: SeriesRow) -> tuple[datetime, str]:
    return row.at, row.code


async def play(conninfo: str, mapping: SeriesMapping, found: Sequence[SeriesRow], *, end: datetime) -> None:
    """Rows in order of receipt: a batch for each hour of it, history after each, the platform's clock with it."""
    async with open_pool(conninfo, size=2) as pool:
        await add_places(pool, mapping, found)
        store, history = FrameStore(pool), History(pool, now=utc_now)
        await store.refresh()
        batch: list[Accepted] = []
        for row, following in zip(found, [*found[1:], None], strict=True):
            batch.append(frame_of(row, ids_of(mapping, row.code)))
            is_last = following is None or following.received_at - row.received_at > timedelta(minutes=1)
            if len(batch) == 2000 or (is_last and (len(batch) > 50 or following is None)):
                await store.write(batch, [])
                await vouch(pool, row.received_at)
                await history.catch_up()
                batch = []
        await vouch(pool, end)
        await history.catch_up()


async def add_places(pool: Pool, mapping: SeriesMapping, found: Sequence[SeriesRow]) -> None:
    """The register of these rows, by an import that only adds places."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        first = {row.code: row for row in found}.values()
        names = [mapping.site, mapping.capacity or "", mapping.taken or "", mapping.time]
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([row.code, row.capacity, 0, row.at.isoformat()] for row in first)
        file.flush()
        await import_series(
            pool,
            Path(file.name),
            replace(mapping, received=None),
            add_places=True,
            skip_faulty=False,
            dry_run=False,
            actor="benchmark",
            progress=lambda *_: None,
        )
    async with pool.connection() as connection:
        await connection.execute(
            "TRUNCATE seen_frame, uplink, event, measurement, span, fact_15m, history_due, history_due_batch,"
            " quality_due"
        )
        await connection.execute("TRUNCATE quality_event, device_state, session_block")


# Birmingham


def birmingham(conninfo: str, file: Path) -> dict[str, object]:
    """What is flagged, against what is wrong in the file; and that no fact has more than there is."""
    outcome = asyncio.run(bring_in(conninfo, file, mapping_at("birmingham"), as_of=datetime(2017, 1, 1, tzinfo=UTC)))
    with file.open() as lines:
        said = [
            (row["SystemCodeNumber"], row["LastUpdated"], int(row["Occupancy"]), int(row["Capacity"]))
            for row in csv.DictReader(lines)
        ]
    ((facts, beyond, unbalanced),) = rows(
        conninfo,
        "SELECT count(*), count(*) FILTER (WHERE occupied_s > 900 * capacity),"
        " count(*) FILTER (WHERE free_s + occupied_s + unknown_s + closed_s <> 900 * capacity)"
        " FROM fact_15m JOIN asset USING (asset_key)",
    )
    return {
        "rows": len(said),
        "flagged": {fault.value: times for fault, times in sorted(outcome.faults.items())},
        "in_the_file": {
            "duplicate": len(said) - len(set(said)),
            "above_capacity": sum(taken > capacity for _, _, taken, capacity in said),
            "negative": sum(taken < 0 for _, _, taken, _ in said),
        },
        "facts": facts,
        "facts_beyond_capacity": beyond,
        "facts_that_do_not_add_up": unbalanced,
    }


def cut(file: Path, lines: int, folder: Path) -> Path:
    """The first lines of a file."""
    short = folder / file.name
    with file.open(encoding="utf-8") as content:
        short.write_text("".join(islice(content, lines)), encoding="utf-8")
    return short


@contextmanager
def databases(server: EmbeddedPostgres) -> Iterator[Callable[[str], str]]:
    """`new(name)` gives a migrated database."""
    server.create_database("template")
    list(migrate(server.conninfo("template")))

    def new(name: str) -> str:
        server.create_database(name, template="template")
        return server.conninfo(name)

    yield new


def main() -> None:
    """Every feed, then one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the beginning of each file: for a look")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    options = parser.parse_args()
    if not DATA.exists():
        raise SystemExit(f"the data are not there: {DATA}")
    changes, slots = DATA / "koeln" / "koeln_changes_2025-09.csv", DATA / "koeln" / "koeln_free_15min_2025.csv"
    car_parks, garages = DATA / "birmingham" / "train.csv", DATA / "aarhus" / "aarhus_2014.csv"
    with (
        tempfile.TemporaryDirectory(prefix="smartplace-benchmark-") as folder,
        postgres(Path(folder)) as (server, _),
        databases(server) as new,
    ):
        if options.quick:
            changes, car_parks = cut(changes, 4001, Path(folder)), cut(car_parks, 4001, Path(folder))
        stated = mapping_at("koeln")
        found = {
            "cologne_any_capacity": cologne(new("roomy"), changes, slots, roomy(stated, changes)),
            "cologne_stated_capacity": cologne(new("stated"), changes, slots, stated),
            "aarhus": aarhus(new("late"), new("punctual"), garages, most_rows=3000 if options.quick else None),
            "birmingham": birmingham(new("birmingham"), car_parks),
            "frozen": frozen_share(server.conninfo("roomy")),
        }
        if not options.json:
            for name, figures in found.items():
                print(f"{name}\n" + "\n".join(f"    {key:36} {value}" for key, value in figures.items()))
        print(json.dumps(found))


def frozen_share(conninfo: str) -> dict[str, object]:
    """Of the lots of Cologne: days that stood still, of all days of which something is known."""
    asyncio.run(judge(conninfo))
    days = rows(
        conninfo,
        "SELECT a.asset_id, count(DISTINCT f.day), count(DISTINCT q.day)"
        " FROM fact_day AS f JOIN asset AS a USING (asset_key)"
        " LEFT JOIN quality_event AS q ON q.asset_key = f.asset_key AND q.fault = 'frozen'"
        " WHERE f.free_s + f.occupied_s > 0 GROUP BY 1",
    )
    shares = {asset_id: frozen / known for asset_id, known, frozen in days}
    return {
        "lots": len(shares),
        "share_of_days": round(sum(frozen for *_, frozen in days) / sum(known for _, known, _ in days), 3),
        "lots_frozen_at_most_10_percent": sum(share <= 0.1 for share in shares.values()),
        "lots_frozen_at_least_90_percent": sum(share >= 0.9 for share in shares.values()),
    }


async def judge(conninfo: str) -> None:
    async with open_pool(conninfo, size=1) as pool:
        await Judge(pool).catch_up()


if __name__ == "__main__":
    main()
