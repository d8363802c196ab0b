"""One small platform to be broken: broker, database, ingest, devices, and proxies between them."""

import asyncio
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import httpx
import psycopg

from tests.faults.checker import FrameId, Kept, Verdict, Watch, Word, judge, settled
from tests.faults.fleet import Fleet
from tests.faults.mqtt_packets import AckAudit
from tests.faults.processes import Process, quiet_port
from tests.faults.proxy import Proxy
from tests.faults.publisher import Message, Publisher
from tests.faults.servers import SECRET, Broker, Mosquitto, Nats, Postgres, Template

MOSQUITTO, NATS, JETSTREAM = "mosquitto", "nats", "jetstream"
MQTT = (MOSQUITTO, NATS)
EVERY = (MOSQUITTO, NATS, JETSTREAM)
TAMPERED = Path(__file__).with_name("tampered.py")
SETTLED_WITHIN_S = 60
LONGEST_STOP_S = 10
YOUNG_S = 10
STALE = timedelta(seconds=3)
INGEST, SERVE = "ingest", "serve"
AWAY = (OSError, psycopg.Error, TimeoutError, httpx.HTTPError)

JOURNAL = "SELECT session, device_id, f_cnt FROM uplink JOIN device USING (device_key)"
DEAD_LETTERS = "SELECT topic, payload FROM dead_letter"
EVENTS = (
    "SELECT device_id, f_cnt, asset_id, observed_at, state"
    " FROM event JOIN device USING (device_key) JOIN asset USING (asset_key)"
)
STATES = (
    "SELECT now.revision, now.as_of, asset_id, s.observed_at, s.f_cnt, s.reported FROM platform AS now"
    " LEFT JOIN (asset_state AS s JOIN asset USING (asset_key)) ON s.observed_at IS NOT NULL"
)


class World:
    """Open it as a context. Whatever a scenario did to it, everything in it is gone afterwards."""

    def __init__(
        self,
        kind: str,
        folder: Path,
        template: Template,
        chance: Random,
        *,
        settings: Mapping[str, object] = {},
        tampered: str | None = None,
        receive_maximum: int = 1000,
        serves: bool = False,
        small_disk: bool = False,
    ) -> None:
        self.kind = kind
        self.folder = folder
        self.chance = chance
        self.fleet = Fleet(f"{chance.getrandbits(32):08x}", chance)
        self.broker: Broker = Mosquitto(folder) if kind == MOSQUITTO else Nats(folder, receive_maximum=receive_maximum)
        self.database = Postgres(folder, template, small_disk=small_disk)
        self.devices = Publisher(port=self.broker.port, username=self.broker.username, password=SECRET)
        self.to_broker = Proxy(
            self.broker.control_port if isinstance(self.broker, Nats) and kind == JETSTREAM else self.broker.port,
            chance,
            tap=None if kind == JETSTREAM else AckAudit,
        )
        self.to_database = Proxy(self.database.port, chance)
        self.settings = {"mqtt_receive_maximum": receive_maximum, **settings}
        self.tampered = tampered
        self.watch = Watch()
        self.as_of: datetime | None = None
        self.broken: list[str] = []
        self.drained_s = 0.0
        self.excused_moments: list[tuple[float, float]] = []
        self._ingests: list[Process] = []
        self._serve: Process | None = None
        self._ports = {name: quiet_port() for name in (INGEST, SERVE)} if serves else {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "World":
        try:
            await asyncio.gather(self.broker.start(), self.database.start())
            await self._stack.enter_async_context(self.to_broker)
            await self._stack.enter_async_context(self.to_database)
            await self._stack.enter_async_context(self.devices)
            self.ingest = self.new_ingest()
            if self._ports:
                await self._start_to_answer()
            await self.start_ingest()
            for name in self._ports:
                await self.says_ready(name)
            self._watching = asyncio.create_task(self._look())
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End everything."""
        if hasattr(self, "_watching"):
            self._watching.cancel()
        for process in (*self._ours, self.broker.process, self.database.process):
            process.close()
        await self._stack.aclose()
        if self.database.disk is not None:
            self.database.disk.unmount()
        await asyncio.to_thread(shutil.rmtree, self.folder / "postgres", ignore_errors=True)

    # Ours

    @property
    def _ours(self) -> list[Process]:
        return self._ingests if self._serve is None else [*self._ingests, self._serve]

    def new_ingest(self, *, tampered: str | None = None, **settings: object) -> Process:
        """One more `smartplace ingest`, not yet started."""
        tampered = tampered or self.tampered
        values = {
            "mqtt_port": self.to_broker.port,
            "mqtt_password": SECRET,
            **self.broker.ingest_settings,
            "tick_seconds": 0.5,
            # The first after a restart may be lost: then whoever waits for the present waits for the next.
            "canary_seconds": 0.5,
            # These devices speak as fast as the broker takes it.
            "flood_per_minute": 1_000_000,
            "flood_burst": 10_000_000,
            # As shipped, but in a hurry: a scenario has seconds where a night has hours.
            "mqtt_keepalive_s": 2,
            **({"ingest_http_port": self._ports[INGEST]} if self._ports else {}),
            **self._jetstream(),
            **self.settings,
            **settings,
        }
        program = [str(TAMPERED), tampered] if tampered else ["-m", "smartplace"]
        process = self._process([*program, INGEST], f"ingest{len(self._ingests)}.log", values)
        self._ingests.append(process)
        return process

    def _process(self, command: list[str], log: str, settings: Mapping[str, object]) -> Process:
        """A process of ours, not yet started."""
        values = {
            "database_url": self.database.conninfo(self.to_database.port),
            "database_timeout_s": 3,
            "log_format": "json",
            **settings,
        }
        return Process(
            name=command[-1],
            command=[sys.executable, *command],
            log=self.folder / log,
            environment={
                f"SMARTPLACE_{name.upper()}": str(value).format(folder=self.folder) for name, value in values.items()
            },
        )

    def _jetstream(self) -> dict[str, object]:
        if self.kind != JETSTREAM:
            return {}
        servers = f"nats://127.0.0.1:{self.to_broker.port}"
        return {"source": "jetstream", "nats_servers": servers, "nats_ack_wait_s": 2}

    async def start_ingest(self) -> None:
        """Start it, and wait until it has confirmed that it hears."""
        self.ingest.start()
        await self.heard()

    async def heard(self, *, within_s: float = 60) -> None:
        """Wait until ingest confirms the present anew."""
        since = datetime.now(UTC)
        await self.until(
            f"SELECT as_of > '{since.isoformat()}' AS found FROM platform", what="ingest", within_s=within_s
        )

    async def silent(self, *, within_s: float) -> None:
        """Wait until ingest has ceased to confirm the present."""
        query = "SELECT as_of < now() - INTERVAL '3 seconds' AS found FROM platform"
        await self.until(query, what="ingest that vouches for nothing", within_s=within_s)

    # What our processes say over HTTP, in a scenario that `serves`

    async def _start_to_answer(self) -> None:
        self._http = await self._stack.enter_async_context(httpx.AsyncClient(timeout=5, trust_env=False))
        settings = {
            "http_port": self._ports[SERVE],
            "frame_validity_s": STALE.total_seconds(),
            "tick_seconds": 0.5,
        }
        self._serve = self._process(["-m", "smartplace", SERVE], "serve.log", settings)
        self._serve.start()

    async def answer(self, name: str, path: str) -> httpx.Response:
        """What `ingest` or `serve` says there."""
        return await self._http.get(f"http://127.0.0.1:{self._ports[name]}{path}")

    async def says_ready(self, name: str, *, within_s: float = 60) -> None:
        """Wait until /readyz of that process is green."""

        async def is_ready() -> bool:
            return (await self.answer(name, "/readyz")).status_code == 200

        await self.wait(is_ready, what=f"/readyz of {name} that is green", within_s=within_s)

    async def says_red(self, name: str, *checks: str, within_s: float = 20) -> None:
        """Wait until /readyz of that process is red, and these checks say why."""
        said: set[str] = set()

        async def is_red() -> bool:
            answer = await self.answer(name, "/readyz")
            said.clear()
            said.update(check["name"] for check in answer.json()["checks"] if not check["ok"])
            return answer.status_code == 503 and said >= set(checks)

        try:
            await self.wait(is_red, what=f"/readyz of {name} that is red", within_s=within_s)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {', '.join(checks)}; red are: {', '.join(sorted(said)) or 'none'}") from None

    async def still_answers(self) -> None:
        """While `fresh` is red: whoever asks for places gets them, and hears of which moment they are."""
        answer = await self.answer(SERVE, "/v1/sites")
        self.expect(answer.status_code == 200, f"/v1/sites answers {answer.status_code}")
        if answer.status_code == 200:
            age = datetime.now(UTC) - datetime.fromisoformat(answer.json()["as_of"])
            self.expect(age > STALE / 2, f"/v1/sites vouches for a moment {age} ago")

    # Devices

    @asynccontextmanager
    async def traffic(self, count: int, *, per_second: float | None = None) -> AsyncIterator[None]:
        """Good frames of all devices in the background; all of them are offered when the context is left."""
        async with self.publishing(self.fleet.frames(count), per_second=per_second):
            yield

    @asynccontextmanager
    async def publishing(self, messages: Iterable[Message], *, per_second: float | None = None) -> AsyncIterator[None]:
        """These, in the background; all of them are offered when the context is left."""
        publishing = asyncio.create_task(self.devices.publish(messages, per_second=per_second))
        try:
            yield
            await publishing
        finally:
            publishing.cancel()

    async def kill_broker(self, *, excused_s: float = 0) -> None:
        """kill -9. It may lose what it acknowledged so shortly before."""
        clock = asyncio.get_running_loop().time
        begins = clock() - excused_s
        await self.broker.process.kill()
        # What it still said is on its way to the devices.
        await asyncio.sleep(0.05)
        if excused_s:
            self.excused_moments.append((begins, clock()))

    def excuse_until_now(self) -> None:
        """The broker loses everything that it ever acknowledged."""
        self.excused_moments.append((0, asyncio.get_running_loop().time()))

    def excused(self) -> set[FrameId]:
        """The frames that may be missing."""
        return {
            frame
            for frame, at in self.devices.acknowledged.items()
            if any(begins <= at <= ends for begins, ends in self.excused_moments)
        }

    # Looking

    async def until(self, query: str, *, what: str, within_s: float = 60) -> None:
        """Wait until the query, which gives `found`, finds; however often the database is away meanwhile.

        Raises:
            TimeoutError: it does not in time.
        """

        async def is_found() -> bool:
            return bool((await self.database.ask(query))[0]["found"])

        await self.wait(is_found, what=what, within_s=within_s)

    async def stored(self, count: int) -> None:
        """Wait until so many frames are in the journal."""
        await self.until(f"SELECT count(*) >= {count} AS found FROM uplink", what=f"{count} frames")

    async def counted(self) -> int:
        """Frames in the journal."""
        return int((await self.database.ask("SELECT count(*) AS n FROM uplink"))[0]["n"])

    async def settle(self, *, within_s: float = SETTLED_WITHIN_S) -> None:
        """The fault has gone: in this time all that was offered must be acknowledged, and all of that stored."""

        async def is_settled() -> bool:
            stored = {*await self._journal(), *await self._dead_letters()}
            return settled(self.devices.sent, stored, excused=self.excused())

        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            await self.wait(is_settled, what="everything stored", within_s=within_s)
        except TimeoutError as error:
            self.broken.append(str(error))
        self.drained_s = clock() - began

    async def verdict(self, *, stops: bool = True) -> Verdict:
        """Stop ingest, and judge what it leaves. Call it once, after `settle`."""
        if stops:
            await self._stop()
        self._watching.cancel()
        with suppress(*AWAY):
            await self._see()
        self.broken += [fault for tap in self.to_broker.taps for fault in tap.wrong]
        self.broken += [f"a traceback in {process.log.name}" for process in self._ours if "Traceback" in process.said()]
        return judge(
            self.devices.sent,
            await self.kept(),
            backwards=self.watch.backwards,
            broken=self.broken,
            excused=self.excused(),
        )

    async def kept(self) -> Kept:
        """The third log."""
        events = await self.database.ask(EVENTS)
        return Kept(
            journal=await self._journal(),
            dead_letters=await self._dead_letters(),
            events=[FrameId(self.fleet.run, row["device_id"], row["f_cnt"]) for row in events],
            words=[(row["asset_id"], Word(row["observed_at"], row["f_cnt"], row["state"])) for row in events],
            states=_states(await self.database.ask(STATES)),
        )

    async def fingerprints(self) -> dict[str, str]:
        """A digest of each table that says what happened: two that are the same hold the same rows."""
        tables = {
            "uplink": "uplink",
            "event": "event",
            "measurement": "measurement",
            "dead_letter": "(SELECT fingerprint, payload FROM dead_letter)",
            "asset_state": "(SELECT asset_key, reported, observed_at, f_cnt, reported_since, since FROM asset_state)",
        }
        query = " UNION ALL ".join(
            f"SELECT '{name}' AS name, md5(string_agg(t::text, '|' ORDER BY t::text)) AS digest FROM {table} AS t"
            for name, table in tables.items()
        )
        return {row["name"]: row["digest"] for row in await self.database.ask(query)}

    async def wrong_hours(self) -> list[tuple[object, ...]]:
        """The hours whose figures are not those of their rows, computed here once more."""
        expected: dict[tuple[object, ...], list[float]] = {}
        for row in await self.database.ask("SELECT observed_at, device_key, key, value FROM measurement"):
            hour = row["observed_at"].astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            expected.setdefault((hour, row["device_key"], row["key"]), []).append(row["value"])
        figures = {key: (len(said), sum(said), min(said), max(said)) for key, said in expected.items()}
        rows = await self.database.ask("SELECT hour, device_key, key, count, sum, low, high FROM measurement_hour")
        found = {
            (row["hour"], row["device_key"], row["key"]): (row["count"], row["sum"], row["low"], row["high"])
            for row in rows
        }
        return [key for key in figures.keys() | found.keys() if figures.get(key) != found.get(key)]

    def count_said(self, action: str) -> int:
        """How often ingest has logged this action."""
        return sum(process.said().count(f'"action": "{action}"') for process in self._ingests)

    def expect(self, holds: object, otherwise: str) -> None:
        """A promise beyond the three logs."""
        if not holds:
            self.broken.append(otherwise)

    async def _stop(self) -> None:
        for process in self._ours:
            if process.is_running:
                try:
                    process.send(signal.SIGTERM)
                    code = await process.ended(LONGEST_STOP_S)
                except TimeoutError as error:
                    self.broken.append(str(error))
                else:
                    # One that has just begun has not yet said what SIGTERM means to it.
                    is_young = process.age_s < YOUNG_S and code == -signal.SIGTERM
                    self.expect(code == 0 or is_young, f"{process.name} ended with {code} when it was told to stop")

    async def _journal(self) -> list[FrameId]:
        return [FrameId(row["session"], row["device_id"], row["f_cnt"]) for row in await self.database.ask(JOURNAL)]

    async def _dead_letters(self) -> list[FrameId]:
        names = self.devices.by_message
        return [
            names.get((row["topic"], bytes(row["payload"])), FrameId("unknown", row["topic"], number))
            for number, row in enumerate(await self.database.ask(DEAD_LETTERS))
        ]

    async def wait(self, condition: Callable[[], Awaitable[bool]], *, what: str, within_s: float) -> None:
        """Poll until the condition holds; where it cannot be asked, it does not. Raises TimeoutError."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + within_s
        while True:
            with suppress(*AWAY):
                if await condition():
                    return
            if clock() > deadline:
                raise TimeoutError(f"{what}: not within {within_s:g} s")
            await asyncio.sleep(0.1)

    async def _look(self) -> None:
        while True:
            with suppress(*AWAY):
                await self._see()
            await asyncio.sleep(0.25)

    async def _see(self) -> None:
        rows = await self.database.ask(STATES)
        self.watch.see(_states(rows), rows[0]["revision"])
        self.as_of = rows[0]["as_of"]


def _states(rows: list[dict]) -> dict[str, Word]:
    said = [row for row in rows if row["asset_id"] is not None]
    return {row["asset_id"]: Word(row["observed_at"], row["f_cnt"], row["reported"]) for row in said}
