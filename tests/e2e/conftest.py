"""The platform as people run it: processes on a real database and a real broker, and a publisher that plays devices."""

import asyncio
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TypeVar

import gmqtt
import httpx
import psycopg
import pytest
from gmqtt.mqtt.constants import MQTTv311
from psycopg.rows import dict_row

from devices.catalogue import model
from devices.octets import Encoded
from domain.api_keys import Scope
from domain.places import Device
from domain.topics import chirpstack_up
from simulators.chirpstack import APPLICATION_ID, Node, up_event
from smartplace.clock import utc_now
from smartplace.embedded import broker
from smartplace.embedded.broker import EmbeddedBroker
from smartplace.embedded.ports import free_port
from smartplace.places import load_places, read_places_to_import
from smartplace.settings import Settings
from store.api_keys import ApiKeys
from store.pool import open_pool
from tests.conftest import DEADLINE_S, ROOT, SMALL_BOROUGH, is_free, missing, new_database, running, until

CHROMIUM = Path("/usr/bin/chromium")
SMARTPLACE = [sys.executable, "-m", "smartplace"]
MANAGE_PASSWORD = "only for the tests"
# Until something is wrong, on a machine that has a lot to do.
LONGEST_START_S = 180
LONGEST_STOP_S = 60

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message to publish."""

    topic: str
    payload: bytes
    retain: bool = False


def uplink(
    device_id: str, model_key: str, f_cnt: int, f_port: int, payload: bytes, *, age: timedelta = timedelta(seconds=5)
) -> Message:
    """What ChirpStack v4 publishes for a frame that was sent `age` ago."""
    device = Device(device_id=device_id, model=model_key, silent_after=timedelta(hours=1), asset_id=None)
    node = Node(device=device, model=model(model_key), dev_addr="01020304", spreading_factor=7)
    observed_at = datetime.now(UTC) - age
    event = up_event(
        node, f_cnt, Encoded(f_port=f_port, payload=payload), observed_at=observed_at, random=Random(f_cnt)
    )
    return Message(chirpstack_up(APPLICATION_ID, device_id), event)


class Publisher:
    """An MQTT client in a thread of its own, so that tests without an event loop can publish."""

    def __init__(self, port: int, username: str, password: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._address = (port, username, password)
        self._client: gmqtt.Client | None = None

    def __enter__(self) -> "Publisher":
        self._run(self._connect())
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self._run(self._client.disconnect())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()

    def publish(self, *messages: Message) -> None:
        """Publish with QoS 1, and return when the broker has acknowledged every message."""
        self._run(self._publish(messages))

    def start_publishing(self, messages: list[Message]) -> Callable[[], None]:
        """Publish in the background; gives what waits until every message is acknowledged."""
        publishing = asyncio.run_coroutine_threadsafe(self._publish(messages), self._loop)
        return lambda: publishing.result(DEADLINE_S)

    async def _connect(self) -> None:
        port, username, password = self._address
        self._client = gmqtt.Client(f"tests-{secrets.token_hex(4)}")
        self._client.set_auth_credentials(username, password)
        await self._client.connect("127.0.0.1", port, version=MQTTv311)

    async def _publish(self, messages) -> None:
        for number, message in enumerate(messages, 1):
            self._client.publish(message.topic, message.payload, qos=1, retain=message.retain)
            if number % 50 == 0:
                await self._client._persistent_storage.wait_empty()
        await self._client._persistent_storage.wait_empty()

    def _run(self, coroutine) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(DEADLINE_S)


def run_beside(coroutine: Coroutine[object, object, Result]) -> Result:
    """Run it to its end in a thread of its own: the synchronous playwright keeps a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


@dataclass(kw_only=True)
class Platform:
    """`smartplace ingest` and `smartplace serve` on a database and a broker; all of them end with it."""

    conninfo: str
    broker: EmbeddedBroker
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    http_port: int = field(default_factory=free_port)
    started_at: datetime | None = None
    _serve: subprocess.Popen | None = None
    _stack: ExitStack = field(default_factory=ExitStack)
    _servers: ExitStack = field(default_factory=ExitStack)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def environment(self) -> dict[str, str]:
        settings = {
            "database_url": self.conninfo,
            "mqtt_port": self.broker.port,
            "mqtt_version": broker.MQTT_VERSION,
            "mqtt_username": broker.USER,
            "mqtt_password": self.broker.password,
            "http_port": self.http_port,
            "manage_password": MANAGE_PASSWORD,
            "session_key": "k" * 40,
            "secure_cookies": False,
            "tick_seconds": 1,
            # The first after a restart may be lost: then whoever waits for the present waits for the next.
            "canary_seconds": 1,
            # These devices speak as fast as the broker takes it.
            "flood_per_minute": 1_000_000,
            "flood_burst": 10_000_000,
            **self.settings,
        }
        return {**os.environ, **{f"SMARTPLACE_{name.upper()}": str(value) for name, value in settings.items()}}

    def import_places(self, text: str) -> None:
        """As `smartplace import` does, without a process of its own."""
        path = self.folder / "places.toml"
        path.write_text(text)
        settings = Settings.model_validate({"database_url": self.conninfo})

        async def imported() -> None:
            await load_places(settings, await read_places_to_import(settings, path))

        run_beside(imported())

    @contextmanager
    def process(self, command: str) -> Iterator[subprocess.Popen]:
        """A process of ours, which is killed if it does not stop."""
        self.started_at = datetime.now(UTC)
        with running([*SMARTPLACE, command], self.log(command), env=self.environment()) as process:
            yield process

    def start(self, command: str) -> subprocess.Popen:
        """A process of ours that runs until `stop`, or until the platform ends."""
        return self._stack.enter_context(self.process(command))

    def serving(self) -> subprocess.Popen:
        """The web server once it answers: the one that was asked for before, or a new one where that has ended."""

        def answers() -> bool:
            try:
                return self.get("/healthz").status_code == 200
            except httpx.HTTPError:
                return False

        if self._serve is None or self._serve.poll() is not None:
            self._serve = self.start("serve")
            until(answers, what="the web server")
        return self._serve

    def new_key(self, *scopes: Scope) -> str:
        """A key that may do this."""
        given = {"label": "e2e", "scopes": frozenset(scopes), "lifetime": timedelta(days=1)}
        key, _ = self._with_keys(lambda keys: keys.create(**given))
        return key

    def revoke(self, key: str) -> None:
        """End a key."""
        _, key_id, _ = key.split("_", 2)
        assert self._with_keys(lambda keys: keys.revoke(key_id))

    def _with_keys(self, action: Callable[[ApiKeys], Coroutine[object, object, Result]]) -> Result:
        async def run() -> Result:
            async with open_pool(self.conninfo, size=1) as pool:
                return await action(ApiKeys(pool, now=utc_now))

        return run_beside(run())

    def open_publisher(self) -> "Publisher":
        """A publisher that lasts until `stop`."""
        return self._stack.enter_context(self.publisher())

    def start_broker(self) -> None:
        """Start the broker, which lasts until the platform ends."""
        self._broker_process = self._servers.enter_context(running(self.broker.command(), self.folder / "broker.log"))
        until(lambda: not is_free(self.broker.port), what="the embedded broker")

    def restart_broker(self, end: signal.Signals) -> None:
        """End the broker in this way, and start it again."""
        self._broker_process.send_signal(end)
        self._broker_process.wait(LONGEST_STOP_S)
        self.start_broker()

    def stop(self) -> None:
        """End what `start` and `open_publisher` began."""
        self._stack.close()

    def close(self) -> None:
        """End everything."""
        self.stop()
        self._servers.close()

    def log(self, command: str) -> Path:
        return self.folder / f"{command}.log"

    def rows(self, query: str, *parameters: object) -> list[dict]:
        with psycopg.connect(self.conninfo, row_factory=dict_row) as connection:
            return connection.execute(query, parameters).fetchall()

    def value(self, query: str, *parameters: object) -> object:
        ((value,),) = [row.values() for row in self.rows(query, *parameters)]
        return value

    def get(self, path: str, **more) -> httpx.Response:
        return httpx.get(self.url + path, timeout=10, **more)

    def is_ready(self) -> bool:
        """Whether ingest receives and the web server vouches for what it says."""
        try:
            return self.is_heard() and self.get("/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def is_heard(self) -> bool:
        """Whether ingest has confirmed that it receives since a process of ours was last started."""
        return bool(self.value("SELECT as_of > %s FROM platform", self.started_at))

    def publisher(self) -> Publisher:
        return Publisher(self.broker.port, broker.USER, self.broker.password)


@contextmanager
def open_platform(conninfo: str, folder: Path, *, redeliver_after_s: int = 2, **settings) -> Iterator[Platform]:
    """A broker, and a platform that knows it; its processes are started by the test."""
    server = EmbeddedBroker(
        data_dir=folder / "broker",
        port=free_port(),
        control_port=free_port(),
        password="tests-only",
        redeliver_after_s=redeliver_after_s,
    )
    server.initialise()
    platform = Platform(conninfo=conninfo, broker=server, folder=folder, settings=settings)
    try:
        platform.start_broker()
        yield platform
    finally:
        platform.close()


@pytest.fixture(scope="module")
def module_platform(postgres_18, tmp_path_factory) -> Iterator[Platform]:
    """A platform for all tests of a file: a database, a broker, no process of ours yet."""
    with (
        new_database(postgres_18, template="migrated") as conninfo,
        # What is counted comes once, however long ingest has to wait for the processor.
        open_platform(conninfo, tmp_path_factory.mktemp("platform"), redeliver_after_s=60) as platform,
    ):
        yield platform


@pytest.fixture
def serve(platform) -> subprocess.Popen:
    """The web server of a file's platform, which tests may end: the next one has another."""
    return platform.serving()


@pytest.fixture
def new_platform(tmp_path) -> Iterator[Callable[..., Platform]]:
    """Makes a platform on a database: `new_platform(conninfo, tick_seconds=1)`."""
    with ExitStack() as stack:
        yield lambda conninfo, **settings: stack.enter_context(open_platform(conninfo, tmp_path, **settings))


@contextmanager
def logged_in(url: str, password: str = MANAGE_PASSWORD) -> Iterator[httpx.Client]:
    """An HTTP client with the session of an asset manager."""
    with httpx.Client(base_url=url, timeout=10) as client:
        form = {"username": "manager", "password": password}
        assert client.post("/manage/login", data=form).status_code == 303
        yield client


class Demo:
    """One `smartplace demo`, with everything that belongs to it."""

    def __init__(self, data_dir: Path, *arguments: str, prefix: tuple[str, ...] = (), **environment: str) -> None:
        self.data_dir = data_dir
        self.mark = f"e2e-{secrets.token_hex(8)}"
        self.screen = data_dir.with_suffix(f".{self.mark}.screen")
        command = [*prefix, *SMARTPLACE, "demo", "--data-dir", str(data_dir), "--speed", "60", *arguments]
        self.began = time.monotonic()
        with self.screen.open("wb") as screen:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=screen,
                # As shipped, but in a hurry: of what is restarted nobody says anything before its tick and its canary.
                env={
                    **os.environ,
                    "E2E_MARK": self.mark,
                    "SMARTPLACE_TICK_SECONDS": "1",
                    "SMARTPLACE_CANARY_SECONDS": "1",
                    **environment,
                },
                # Signals of the tests' own terminal are none of its business.
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """All that it printed."""
        return self.screen.read_text()

    def wait_said(self, text: str) -> None:
        """Wait until this is on the screen, while it lives."""

        def is_said() -> bool:
            assert self.process.poll() is None, self.said
            return text in self.said

        until(is_said, what=f"{text!r} on the screen of the demo", within_s=LONGEST_START_S)

    def wait_ready(self) -> float:
        """Wait for the last screen of the start; gives the seconds that it took."""
        self.wait_said("Stop with Ctrl-C")
        return time.monotonic() - self.began

    def wait_ended(self) -> int:
        """Wait until it ends; gives its exit code."""
        return self.process.wait(LONGEST_STOP_S)

    def found(self, pattern: str) -> str:
        """The first group of a pattern that must be on the screen."""
        match = re.search(pattern, self.said)
        assert match, self.said
        return match[1]

    @property
    def url(self) -> str:
        return self.found(r"(http://127\.0\.0\.1:\d+)/")

    @property
    def password(self) -> str:
        return self.found(r"log in as manager with (\S+)")

    def publisher(self) -> Publisher:
        port, username, password = re.search(r"MQTT +127\.0\.0\.1:(\d+), (\S+) with (\S+)", self.said).groups()
        return Publisher(int(port), username, password)

    def revision(self) -> int:
        return httpx.get(f"{self.url}/v1/sites").json()["revision"]

    def dead_letters(self) -> str:
        with logged_in(self.url, self.password) as client:
            return client.get("/manage/dead-letters").raise_for_status().text

    def pid_of(self, name: str) -> int:
        """The process id of one of its children."""
        signs = {"postgres": "bin/postgres", "broker": "nats-server"}
        (pid,) = [
            pid
            for pid in _children(self.process.pid)
            if signs.get(name, f"smartplace {name}") in " ".join(_command_line(pid))
        ]
        return pid

    def survivors(self) -> dict[int, str]:
        """Every living process that belongs to it: by the mark it inherited, its command line, or where it works."""
        return {pid: what for pid, what in _processes().items() if self._owns(pid)}

    def _owns(self, pid: int) -> bool:
        folder = str(self.data_dir)
        try:
            return (
                self.mark.encode() in Path(f"/proc/{pid}/environ").read_bytes()
                or folder in " ".join(_command_line(pid))
                or str(Path(f"/proc/{pid}/cwd").readlink()).startswith(folder)
            )
        except OSError:
            return False

    def end(self) -> None:
        """Whatever happened, leave nothing to the next test."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(LONGEST_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _processes() -> dict[int, str]:
    return {int(entry.name): " ".join(_command_line(int(entry.name))) for entry in Path("/proc").glob("[0-9]*")}


def _children(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def _command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


@pytest.fixture(scope="module")
def start_demo(tmp_path_factory) -> Iterator[Callable[..., Demo]]:
    """Starts demos, each gone at the end at the latest: `start_demo(folder, "--reset")`."""
    demos: list[Demo] = []

    def start(data_dir: Path | None = None, *arguments: str, **more) -> Demo:
        demos.append(Demo(data_dir or tmp_path_factory.mktemp("demo") / "data", *arguments, **more))
        return demos[-1]

    yield start
    for demo in demos:
        demo.end()


@pytest.fixture(scope="module")
def running_demo(start_demo) -> Demo:
    """A demo for tests that only look at it."""
    demo = start_demo()
    demo.ready_after_s = demo.wait_ready()
    return demo


@pytest.fixture(scope="session")
def small_borough_file(tmp_path_factory) -> Path:
    """Two places: a demo of them starts sooner."""
    path = tmp_path_factory.mktemp("places") / "small.toml"
    path.write_text(SMALL_BOROUGH)
    return path


@pytest.fixture(scope="module")
def chromium():
    if not CHROMIUM.exists():
        missing("Debian's chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def repository() -> Path:
    return ROOT


def as_json(value: object) -> bytes:
    """JSON as devices send it."""
    return json.dumps(value, separators=(",", ":")).encode()
