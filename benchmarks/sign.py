"""How soon a sign shows what a sensor says, and what a stream costs.

- fan-out: events/s that one process sends to 500 clients of one sign, and to 500 of 500 signs, through the whole
  application, against bare writes of the same bytes to as many sockets (P6);
- latency: from publishing an uplink (QoS 1, 500/s, broker, `ingest`, PostgreSQL, `serve`) to the frame that shows it on
  1, 100 and 1,000 signs that follow their streams, p50, p90 and p99 (P4).

Ratios are of medians from interleaved rounds of one run. The last line is JSON.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

# This file is not named like a package of ours, but its neighbours are.
sys.path[0] = str(Path(__file__).parents[1])

import psycopg
import uvloop

from benchmarks.servers import mosquitto, postgres, process, until
from benchmarks.uplinks import event
from domain.places_file import parse_places
from smartplace.embedded.ports import free_port
from smartplace.places import load_places
from smartplace.settings import Settings
from store.migrations import migrate

HERE = Path(__file__).parent
ROOT = HERE.parent
RATE = 500
BAYS = 2000
SITE = """
[[site]]
id = "site-{n}"
name = "Site {n}"
kind = "car_park"
locality = "Loopback"
lon = 0.3
lat = 51.4
[[site.bays]]
category = "general"
model = "bosch-tps110"
bay = [{{ id = "bay-{n}", lon = 0.3, lat = 51.4, device = "{dev_eui}" }}]
"""
SIGN = """
[[sign]]
id = "sign-{n}"
name = "Sign {n}"
site = "site-{n}"
lon = 0.3
lat = 51.4
[[sign.line]]
key = "all"
label = "Site {n}"
site = "site-{n}"
"""


def dev_eui(number: int) -> str:
    return f"{0x70B3D50000000000 + number:016x}"


# --- fan-out ---


def fan_out(kind: str, events: int, clients: int, signs: int) -> tuple[float, float]:
    """Events/s and events per second of CPU of one process."""
    program = [sys.executable, str(HERE / "sign_fanout.py")]
    command = [*program, "serve", kind, str(events), str(clients), str(signs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        reading = [*program, "read", port, str(clients), str(signs)]
        with process(reading, Path(os.devnull), cwd=ROOT):
            told = json.loads(server.stdout.readline())
    return events * clients / told["elapsed_s"], events * clients / told["cpu_s"]


# --- latency ---


@dataclass
class Bay:
    """A bay with a sign: what was published and is not shown yet, in the order of that."""

    shown: str = ""
    waiting: deque[tuple[float, str]] = field(default_factory=deque)


@dataclass
class Watch:
    """Follows the signs, and notes how long each change took."""

    bays: dict[str, Bay]
    delays: list[float] = field(default_factory=list)
    skipped: int = 0
    following: int = 0

    def event(self, sign_id: str, data: bytes) -> None:
        display = json.loads(data)["lines"][0]["display"]
        bay = self.bays[sign_id]
        if not bay.shown:
            self.following += 1
        if display == bay.shown:
            return
        bay.shown = display
        now = time.monotonic()
        # A change that was overtaken by the next one was never to be seen.
        while bay.waiting:
            at, wanted = bay.waiting.popleft()
            if wanted == display:
                self.delays.append((now - at) * 1000)
                return
            self.skipped += 1


class Stream(asyncio.Protocol):
    """One connected sign."""

    def __init__(self, watch: Watch, sign_id: str) -> None:
        self._watch = watch
        self._sign_id = sign_id
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        request = f"GET /v1/signs/{self._sign_id}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
        transport.write(request.encode())  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        *events, self._pending = (self._pending + data).split(b"\n\n")
        for one in events:
            _, found, frame = one.partition(b"\ndata: ")
            if found:
                self._watch.event(self._sign_id, frame.split(b"\n", 1)[0])


async def measure(mqtt_port: int, http_port: int, signs: int, seconds: float, first: int) -> Watch:
    """Publish at the rate, follow the signs."""
    watch = Watch({f"sign-{number}": Bay() for number in range(signs)})
    loop = asyncio.get_running_loop()
    streams = [
        await loop.create_connection(lambda one=sign_id: Stream(watch, one), "127.0.0.1", http_port)  # type: ignore[misc]
        for sign_id in watch.bays
    ]
    deadline = time.monotonic() + 60
    while watch.following < signs:
        if time.monotonic() > deadline:
            raise SystemExit(f"only {watch.following} of {signs} signs were served")
        await asyncio.sleep(0.05)
    await publish(mqtt_port, watch, signs, seconds, first)
    await asyncio.sleep(1)
    for transport, _ in streams:
        transport.close()
    return watch


async def publish(port: int, watch: Watch, signs: int, seconds: float, first: int) -> None:
    """QoS 1 at the rate; every nth uplink is of a bay with a sign, so that none changes twice within 0.2 s."""
    from benchmarks.blast import _packet, _text  # its MQTT is enough for us

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_packet(0x10, _text(b"MQTT") + bytes([4, 2, 2, 88]) + _text(f"signs-{first}".encode())))
    await reader.readexactly(4)
    throwing = asyncio.create_task(_throw_away(reader))
    every = max(1, round(RATE * 0.2 / signs))
    others = BAYS - signs
    occupied = dict.fromkeys(range(signs), False)
    began = time.monotonic()
    for number in range(int(RATE * seconds)):
        wait = began + number / RATE - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        is_signed = number % every == 0
        bay = (number // every) % signs if is_signed else signs + number % others
        if is_signed:
            occupied[bay] = not occupied[bay]
            watch.bays[f"sign-{bay}"].waiting.append((time.monotonic(), "FULL" if occupied[bay] else "1"))
            state = occupied[bay]
        else:
            state = bool(number % 3)
        topic, payload = event(dev_eui(bay), first + number, datetime.now(UTC).isoformat())
        body = json.loads(payload)
        body["data"] = "AQ==" if state else "AA=="
        packet = _text(topic.encode()) + (number % 65_535 + 1).to_bytes(2, "big") + json.dumps(body).encode()
        writer.write(_packet(0x32, packet))
    await writer.drain()
    await asyncio.sleep(1)
    throwing.cancel()
    writer.close()


async def _throw_away(reader: asyncio.StreamReader) -> None:
    while await reader.read(65_536):
        pass


@contextmanager
def platform(folder: Path, conninfo: str, mqtt_port: int, http_port: int):  # type: ignore[no-untyped-def] # noqa: ANN201
    """`smartplace ingest` and `smartplace serve`, ready."""
    environment = {
        **os.environ,
        "SMARTPLACE_DATABASE_URL": conninfo,
        "SMARTPLACE_MQTT_PORT": str(mqtt_port),
        "SMARTPLACE_HTTP_PORT": str(http_port),
        "SMARTPLACE_FLOOD_PER_MINUTE": "1000000",
        "SMARTPLACE_FLOOD_BURST": "10000000",
        "SMARTPLACE_LOG_LEVEL": "WARNING",
    }
    began = datetime.now(UTC)

    def vouched() -> bool:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            row = connection.execute("SELECT as_of > %s FROM platform", [began]).fetchone()
            return bool(row and row[0])

    with ExitStack() as stack:
        for name in ("ingest", "serve"):
            command = [sys.executable, "-m", "smartplace", name]
            stack.enter_context(process(command, folder / f"{name}.log", env=environment, cwd=ROOT))
        until(vouched, what="ingest")
        time.sleep(2)
        yield


def places() -> str:
    parts = ['name = "Benchmark"\nsimulated = true\n']
    parts += [SITE.format(n=number, dev_eui=dev_eui(number)) for number in range(BAYS)]
    parts += [SIGN.format(n=number) for number in range(1000)]
    return "".join(parts)


def latencies(counts: list[int], seconds: float, tell) -> dict[str, float]:  # type: ignore[no-untyped-def] # noqa: ANN001
    """p50 and p99 by the number of signs."""
    figures: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory(prefix="smartplace-benchmark-") as name,
        postgres(Path(name)) as (database, _),
        mosquitto(Path(name)) as (mqtt_port, _broker),
    ):
        list(migrate(database.conninfo()))
        made = parse_places(places(), source="benchmark", silent_after=lambda _: timedelta(days=30))
        asyncio.run(load_places(Settings.model_validate({"database_url": database.conninfo()}), made))
        http_port = free_port()
        with platform(Path(name), database.conninfo(), mqtt_port, http_port):
            uvloop.run(measure(mqtt_port, http_port, 10, 4, 0))  # warm
            for number, count in enumerate(counts, 1):
                watch = uvloop.run(measure(mqtt_port, http_port, count, seconds, number * 1_000_000))
                cuts = statistics.quantiles(watch.delays, n=100)
                figures[f"p50_ms_{count}_signs"] = round(cuts[49], 1)
                figures[f"p90_ms_{count}_signs"] = round(cuts[89], 1)
                figures[f"p99_ms_{count}_signs"] = round(cuts[98], 1)
                tell(
                    f"{count:5} signs  p50 {cuts[49]:7.1f} ms  p90 {cuts[89]:7.1f} ms  p99 {cuts[98]:7.1f} ms"
                    f"  ({len(watch.delays)} changes, {watch.skipped} overtaken)"
                )
    return figures


def fan_outs(rounds: int, events: int, tell) -> dict[str, float]:  # type: ignore[no-untyped-def] # noqa: ANN001
    """Medians of all rounds, and ratios of them."""
    ways = {"bare": ("bare", 1), "sse": ("sse", 1), "sse_500_signs": ("sse", 500)}
    told: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, (kind, signs) in ways.items():
            told[name].append(fan_out(kind, events, 500, signs))
            per_s, per_cpu_s = told[name][-1]
            tell(f"round {number + 1} {name:14} {per_s:10,.0f} events/s  {per_cpu_s:10,.0f} events per s of CPU")
    figures: dict[str, float] = {}
    for name, results in told.items():
        figures[f"{name}_events_per_s"] = round(statistics.median(one for one, _ in results))
        figures[f"{name}_events_per_cpu_s"] = round(statistics.median(one for _, one in results))
    for name in ("sse", "sse_500_signs"):
        for what in ("events_per_s", "events_per_cpu_s"):
            ratio = figures[f"{name}_{what}"] / figures[f"bare_{what}"]
            figures[f"{name}_{what.replace('events', 'ratio')}"] = round(ratio, 2)
    return figures


def main() -> None:
    """Measure, print, end with one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round, a few seconds each: for a look")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["fan-out", "latency"])
    options = parser.parse_args()
    rounds, events, seconds = (1, 40, 6.0) if options.quick else (options.rounds, 200, 30.0)

    def tell(line: str) -> None:
        if not options.json:
            print(line, flush=True)

    figures: dict[str, float] = {}
    if options.only != "latency":
        figures |= fan_outs(rounds, events, tell)
    if options.only != "fan-out":
        figures |= latencies([1, 100, 1000], seconds, tell)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
