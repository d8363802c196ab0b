"""History: how fast reports are, what the historian costs, and how both grow; with --url on any server.

- reports over a year of facts of 500 and of 5,000 bays (a site has 500), made in SQL: a month of a site by category, a
  site's week hour by hour over twelve weeks, one bay's year, and what is over but not kept yet (`fact_tail`);
- the historian: CPU for each event of 2,000 devices told together and of 3 uplinks/s told every 2 s; telling
  everything anew;
- growth: queries bounded in time and keeping frames, on a journal of 1, 10 and 100 million rows, as `--minutes` allow;
  on TimescaleDB what is settled is compressed while it grows, as the policies do.

Of 5,000 bays there is a year of days, twelve weeks of hours and two weeks of quarters; of 500 a year of everything.
Medians. The last line is JSON.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# This file's folder is named like a package of ours, which must be found before it.
sys.path[0] = str(Path(__file__).parents[1])

import psutil
import psycopg

from benchmarks.replay import frames
from benchmarks.servers import cpu_seconds, postgres
from benchmarks.uplinks import DEVICES, PLACES
from domain.places_file import parse_places
from domain.uplinks import Accepted
from smartplace.places import load_places
from smartplace.settings import Settings
from store.frames import FrameStore
from store.history.telling import History
from store.history.watch import make_due
from store.migrations import Engine, migrate, status
from store.pool import Pool, open_pool

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SPACING = timedelta(seconds=0.33)
ROWS_OF_A_WEEK = timedelta(days=7) // SPACING
MONTH = """
    SELECT a.category, sum(f.free_s) AS free_s, sum(f.occupied_s) AS occupied_s, sum(f.unknown_s) AS unknown_s,
           sum(f.closed_s) AS closed_s, sum(f.arrivals) AS arrivals, sum(f.departures) AS departures,
           sum(f.occupied_s)::float8 / nullif(sum(f.free_s + f.occupied_s), 0) AS occupancy,
           sum(f.free_s + f.occupied_s)::float8 / nullif(sum(f.free_s + f.occupied_s + f.unknown_s), 0) AS coverage
    FROM asset AS a JOIN fact_day AS f USING (asset_key)
    WHERE a.site_key = %(site)s AND f.day >= '2026-04-01 Europe/London' AND f.day < '2026-05-01 Europe/London'
    GROUP BY a.category
"""
WEEK = """
    SELECT extract(isodow FROM f.hour AT TIME ZONE 'Europe/London') AS weekday,
           extract(hour FROM f.hour AT TIME ZONE 'Europe/London') AS hour,
           sum(f.occupied_s)::float8 / nullif(sum(f.free_s + f.occupied_s), 0) AS occupancy
    FROM (SELECT f.hour, sum(f.occupied_s) AS occupied_s, sum(f.free_s) AS free_s
          FROM asset AS a JOIN fact_hour AS f USING (asset_key)
          WHERE a.site_key = %(site)s AND f.hour >= %(now)s - INTERVAL '84 days' AND f.hour < %(now)s
          GROUP BY f.hour) AS f
    GROUP BY 1, 2
"""
BAY_YEAR = "SELECT * FROM fact_day WHERE asset_key = %(bay)s ORDER BY day"
TAIL = "SELECT sum(free_s + occupied_s + unknown_s + closed_s) FROM fact_tail"
FRAMES_OF_A_DAY = """
    SELECT count(*), avg(rssi_dbm) FROM uplink
    WHERE device_key = %(device)s AND received_at >= %(now)s - INTERVAL '1 day' AND received_at < %(now)s
"""
EVENTS_OF_A_DAY = """
    SELECT count(*) FROM event
    WHERE asset_key BETWEEN 1 AND 100 AND observed_at >= %(now)s - INTERVAL '1 day' AND observed_at < %(now)s
"""
REGISTER = """
    INSERT INTO site (site_id, name, kind, locality, lon, lat, simulated)
    SELECT 's' || g, 'Site', 'car_park', 'Loopback', 0, 51, true FROM generate_series(1, %(bays)s / 500) AS g;
    INSERT INTO asset (asset_id, site_key, kind, name, category, lon, lat)
    SELECT 'a' || g, 1 + (g - 1) / 500, 'bay', 'Bay', (ARRAY['general', 'general', 'disabled', 'ev'])[1 + g %% 4], 0, 51
    FROM generate_series(1, %(bays)s) AS g;
    INSERT INTO device (device_id, model, silent_after_s)
    SELECT lpad(to_hex(g), 16, '0'), 'bosch-tps110', 216000 FROM generate_series(1, %(bays)s) AS g;
    INSERT INTO installation (device_key, asset_key, begins_at)
    SELECT g, g, '2020-01-01Z' FROM generate_series(1, %(bays)s) AS g;
"""
QUARTERS = """
    INSERT INTO fact_15m
    SELECT bucket, a, 900 - o, o, 0, 0, 0, o, o %% 2, o %% 3 %% 2
    FROM generate_series(%(since)s::timestamptz, %(until)s::timestamptz - INTERVAL '1 s', INTERVAL '15 min') AS bucket,
         generate_series(1, %(bays)s) AS a,
         LATERAL (SELECT abs(hashint8(a * 7919 + extract(epoch FROM bucket)::bigint / 3600)) %% 901 AS o) AS x
"""
HOURS = """
    INSERT INTO fact_hour
    SELECT hour, a, 3600 - o, o, 0, 0, 0, o, o %% 3, o %% 5 %% 3
    FROM generate_series(%(since)s::timestamptz, %(until)s::timestamptz - INTERVAL '1 s', INTERVAL '1 hour') AS hour,
         generate_series(1, %(bays)s) AS a,
         LATERAL (SELECT abs(hashint8(a * 7919 + extract(epoch FROM hour)::bigint)) %% 3601 AS o) AS x
"""
DAYS = """
    INSERT INTO fact_day
    SELECT local_day_of(day + INTERVAL '12 hours'), a, 86400 - o, o, 0, 0, 0, o, o %% 30, o %% 29
    FROM generate_series(%(since)s::timestamptz, %(until)s::timestamptz - INTERVAL '1 day', INTERVAL '1 day') AS day,
         generate_series(1, %(bays)s) AS a,
         LATERAL (SELECT abs(hashint8(a * 7919 + extract(epoch FROM day)::bigint)) %% 86401 AS o) AS x
"""
SPANS = """
    INSERT INTO span
    SELECT a, at, coalesce(lead(at) OVER (PARTITION BY a ORDER BY at), '9999-01-01Z'),
           CASE WHEN hashint4(a) %% 2 + n %% 2 = 1 THEN 'occupied' ELSE 'free' END, 0, 'observed', 0, 0
    FROM generate_series(1, %(bays)s) AS a,
         LATERAL (SELECT n, %(now)s - make_interval(mins => 37 * n) - make_interval(secs => a %% 600) AS at
                  FROM generate_series(0, 60) AS n) AS x
"""
JOURNAL = """
    INSERT INTO uplink (received_at, device_key, network, session, f_cnt, f_port, payload, time_source, rssi_dbm,
                        snr_db, codec, codec_version, kind, gateways, signals, lag_ms)
    SELECT at, d, 'chirpstack', '01020304', n / 5000, 1, '\\x01', 'gateway', -90 - n %% 30, 7, 'bosch-tps110', 1,
           'event', E'0016c001f153a14c\\n0016c001f153a151', '\\x7070', 0
    FROM generate_series(%(first)s::bigint, %(last)s::bigint - 1) AS n,
         LATERAL (SELECT 1 + (n %% 5000)::integer AS d, %(begins)s::timestamptz + n * INTERVAL '0.33 s' AS at) AS x
"""
JOURNAL_EVENTS = """
    INSERT INTO event (observed_at, asset_key, device_key, f_cnt, kind, state)
    SELECT at, d, d, n / 5000, 'event', CASE WHEN n / 5000 %% 2 = 0 THEN 'free' ELSE 'occupied' END
    FROM generate_series(%(first)s::bigint, %(last)s::bigint - 1) AS n,
         LATERAL (SELECT 1 + (n %% 5000)::integer AS d, %(begins)s::timestamptz + n * INTERVAL '0.33 s' AS at) AS x
"""


class Server:
    """A PostgreSQL with databases to be thrown away; `cpu` of all of it, NaN where it cannot be seen."""

    def __init__(self, url: str, process: psutil.Process | None) -> None:
        self.url = url
        self._process = process

    def cpu(self) -> float:
        """CPU seconds until now."""
        return cpu_seconds(self._process) if self._process else float("nan")

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new one with our schema."""
        name = f"benchmark_{time.time_ns()}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        url = psycopg.conninfo.make_conninfo(self.url, dbname=name)
        try:
            list(migrate(url))
            yield url
        finally:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def median_ms(connection: psycopg.Connection, statement: str, parameters: dict[str, object], times: int = 15) -> float:
    """How long a query takes, once it has been asked before."""
    found = []
    for _ in range(times + 3):
        began = time.perf_counter()
        connection.execute(statement.encode(), parameters).fetchall()
        found.append(1000 * (time.perf_counter() - began))
    return round(statistics.median(found[3:]), 2)


def execute(connection: psycopg.Connection, script: str, parameters: dict[str, object]) -> None:
    """A script of statements, with parameters."""
    cursor = psycopg.ClientCursor(connection)
    cursor.execute(script.encode(), parameters)


def reports(server: Server, bays: int, *, hours: int, quarters: int) -> dict[str, float]:
    """A year of days, so many days of hours and of quarters; milliseconds of each question."""
    with server.database() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        execute(connection, REGISTER, {"bays": bays})
        midnight = NOW.replace(hour=0)
        for script, days in ((QUARTERS, quarters), (HOURS, hours), (DAYS, 365)):
            execute(connection, script, {"since": midnight - timedelta(days=days), "until": midnight, "bays": bays})
        execute(connection, SPANS, {"bays": bays, "now": NOW})
        connection.execute("UPDATE history SET facts_until = %s", [NOW - timedelta(minutes=15)])
        connection.execute("UPDATE platform SET as_of = %s", [NOW - timedelta(minutes=1)])
        if status(url).engine == "timescale":
            for relation, days in (("fact_15m", 35), ("fact_hour", 35)):
                statement = f"SELECT compress_chunk(show_chunks('{relation}', older_than => %s))"
                connection.execute(statement.encode(), [NOW - timedelta(days=days)])
        connection.execute("VACUUM ANALYZE")
        site, bay = 1 + bays // 1000, bays // 2
        asked = {"site": site, "bay": bay, "now": NOW}
        return {
            "month_report_ms": median_ms(connection, MONTH, asked),
            "week_grid_ms": median_ms(connection, WEEK, asked),
            "bay_year_ms": median_ms(connection, BAY_YEAR, asked),
            "fact_tail_ms": median_ms(connection, TAIL, asked),
        }


class Cost:
    """CPU of this process and of PostgreSQL since its making, in microseconds for each of so many."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.python, self.postgres = time.process_time(), server.cpu()

    def each(self, count: int) -> dict[str, float]:
        """For each."""
        python, database = time.process_time() - self.python, self._server.cpu() - self.postgres
        return {"python_us": round(1e6 * python / count, 1), "postgres_us": round(1e6 * database / count, 1)}

    def plus(self, other: "Cost") -> None:
        """Leave out what was spent since `other` was made."""
        self.python += time.process_time() - other.python
        self.postgres += self._server.cpu() - other.postgres


async def told_along(server: Server, pool: Pool, kept: list[Accepted], *, together: int) -> dict[str, float]:
    """Keep frames, so many at a time, and tell history after each time: what the telling costs for each event."""
    store, history = FrameStore(pool), History(pool, now=lambda: datetime.now(UTC))
    await store.refresh()
    cost = Cost(server)
    for at in range(0, len(kept), together):
        writing = Cost(server)
        await store.write(kept[at : at + together], [])
        cost.plus(writing)
        await history.catch_up()
    return cost.each(len(kept))


async def historian(server: Server, count: int, *, bays: int, days: int) -> dict[str, Any]:
    """Telling along, coalesced and not, and telling everything anew."""
    found: dict[str, Any] = {}
    with server.database() as url:
        places = parse_places(PLACES, source="benchmark", silent_after=lambda _: timedelta(hours=60))
        await load_places(Settings.model_validate({"database_url": url}), places)
        async with open_pool(url, size=2) as pool:
            store = FrameStore(pool)
            await store.refresh()
            names = [str(device.device_id) for device in places.devices]
            began = datetime.now(UTC) - timedelta(days=3)
            # Each device every ten minutes, as many as there are told at once; then as they come.
            kept = await frames(store, names, count, began=began, lasts_s=0.3 * count)
            found["coalesced"] = await told_along(server, pool, kept, together=DEVICES)
            few = await frames(store, names, 600, began=kept[-1].uplink.received_at, lasts_s=200, first=count)
            found["at_3_a_second"] = await told_along(server, pool, few, together=6)
    with server.database() as url, psycopg.connect(url, autocommit=True) as connection:
        execute(connection, REGISTER, {"bays": bays})
        midnight = NOW.replace(hour=0)
        words = {"bays": bays, "begins": midnight - timedelta(days=days), "days": days}
        # A word every 15 minutes, of which every fifth is a change.
        execute(
            connection,
            "INSERT INTO event (observed_at, asset_key, device_key, f_cnt, kind, state)"
            " SELECT %(begins)s::timestamptz + n * INTERVAL '15 minutes' + a * INTERVAL '1.1 s', a, a, n,"
            " CASE WHEN n %% 5 = 0 THEN 'event' ELSE 'heartbeat' END,"
            " CASE WHEN n / 5 %% 2 = 0 THEN 'free' ELSE 'occupied' END"
            " FROM generate_series(1, %(bays)s) AS a, generate_series(0, 96 * %(days)s - 1) AS n",
            words,
        )
        connection.execute("UPDATE platform SET as_of = %s", [midnight])
        connection.execute("VACUUM ANALYZE event")
        async with open_pool(url, size=2) as pool:
            history = History(pool, now=lambda: NOW)
            await history.catch_up()
            await make_due(pool, None)
            cost, began = Cost(server), time.perf_counter()
            await history.catch_up()
            events = bays * days * 96
            rate = round(events / (time.perf_counter() - began))
        found["rebuild"] = {"events": events, "events_per_s": rate, **cost.each(events)}
    return found


def fill(connection: psycopg.Connection, engine: Engine, part: dict[str, Any]) -> None:
    """Journal and events from one row to another, a week at a time; what is settled is compressed after each week."""
    for first in range(part["first"], part["last"], ROWS_OF_A_WEEK):
        last = min(first + ROWS_OF_A_WEEK, part["last"])
        for script in (JOURNAL, JOURNAL_EVENTS):
            execute(connection, script, {**part, "first": first, "last": last})
        if engine is Engine.TIMESCALE:
            now = part["begins"] + last * SPACING
            for relation, days in (("uplink", 2), ("event", 15)):
                connection.execute(
                    "SELECT compress_chunk(c, if_not_compressed => true)"
                    " FROM show_chunks(%s::regclass, older_than => %s::timestamptz) AS c",
                    [relation, now - timedelta(days=days)],
                )
    connection.execute("VACUUM ANALYZE uplink")
    connection.execute("VACUUM ANALYZE event")


async def growth(server: Server, goals: Sequence[int], most_minutes: float) -> list[dict[str, float]]:
    """The journal and its events so many rows long, as far as the minutes go: questions, and keeping frames."""
    deadline, found, rows = time.monotonic() + 60 * most_minutes, [], 0
    begins = NOW - max(goals) * SPACING
    with server.database() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        execute(connection, REGISTER, {"bays": 5000})
        connection.execute("UPDATE platform SET places_version = 1")
        engine, seconds_a_row = status(url).engine, 0.0
        for goal in goals:
            if time.monotonic() + (goal - rows) * seconds_a_row > deadline:
                break
            began = time.monotonic()
            fill(connection, engine, {"begins": begins, "first": rows, "last": goal})
            seconds_a_row = (time.monotonic() - began) / (goal - rows)
            rows, now = goal, begins + goal * SPACING
            asked: dict[str, object] = {"now": now, "device": 77}
            first_days = {**asked, "now": begins + timedelta(days=2)}
            found.append(
                {
                    "rows": rows,
                    "filled_per_s": round(1 / seconds_a_row),
                    "frames_of_a_day_ms": median_ms(connection, FRAMES_OF_A_DAY, asked),
                    "events_of_a_day_ms": median_ms(connection, EVENTS_OF_A_DAY, asked),
                    "frames_of_an_old_day_ms": median_ms(connection, FRAMES_OF_A_DAY, first_days),
                    "events_of_an_old_day_ms": median_ms(connection, EVENTS_OF_A_DAY, first_days),
                    **await keeping(server, url, now, first=rows),
                }
            )
            print(found[-1], flush=True, file=sys.stderr)
    return found


async def keeping(server: Server, url: str, now: datetime, *, first: int) -> dict[str, float]:
    """What it costs to keep 20,000 frames, 1,000 at a time, after as many that warm up."""
    async with open_pool(url, size=1) as pool:
        store = FrameStore(pool)
        await store.refresh()
        names = [f"{1 + n:016x}" for n in range(DEVICES)]
        kept = await frames(store, names, 40_000, began=now, lasts_s=3600, first=first)
        for at in range(0, len(kept), 1000):
            if at == 20_000:
                cost, began = Cost(server), time.monotonic()
            await store.write(kept[at : at + 1000], [])
        seconds = time.monotonic() - began
    return {
        "keep_per_s": round(20_000 / seconds),
        **{f"keep_{name}": value for name, value in cost.each(20_000).items()},
    }


def measure(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Everything that was asked for."""
    found: dict[str, Any] = {}
    quick, parts = options.quick, options.parts.split(",")

    def say(name: str, figures: object) -> None:
        found[name] = figures
        if not options.json:
            print(f"{name}: {figures}", flush=True)

    if "reports" in parts:
        say("reports_500", reports(server, 500, hours=84 if quick else 365, quarters=14 if quick else 365))
        if not quick:
            say("reports_5000", reports(server, 5000, hours=84, quarters=14))
    if "historian" in parts:
        count, bays, days = (10_000, 500, 2) if quick else (100_000, 500, 14)
        say("historian", asyncio.run(historian(server, count, bays=bays, days=days)))
    if "growth" in parts:
        goals = (1_000_000, 3_000_000) if quick else (1_000_000, 10_000_000, 100_000_000)
        say("growth", asyncio.run(growth(server, goals, options.minutes)))
    return found


def main() -> None:
    """Run, end with one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less of everything: for a look")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    parser.add_argument("--url", help="a server whose databases may be made and dropped; one of our own if not given")
    parser.add_argument("--pid", type=int, help="its main process, for its CPU")
    parser.add_argument("--minutes", type=float, default=10, help="for growth")
    parser.add_argument("--parts", default="reports,historian,growth")
    options = parser.parse_args()
    if options.url:
        server = Server(options.url, psutil.Process(options.pid) if options.pid else None)
        print(json.dumps(measure(server, options)))
        return
    with (
        tempfile.TemporaryDirectory(prefix="smartplace-benchmark-") as folder,
        postgres(Path(folder)) as (own, process),
    ):
        print(json.dumps(measure(Server(own.conninfo("postgres"), process), options)))


if __name__ == "__main__":
    main()
