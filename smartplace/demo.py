"""`smartplace demo`: a whole working borough from one command, and nothing left of it after Ctrl-C."""

import asyncio
import contextlib
import fcntl
import json
import secrets
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.error import URLError
from urllib.request import urlopen

from domain.codec_scripts import CodecDraft
from domain.errors import CommandError
from domain.places import AssetKind, Places
from simulators.chirpstack import APPLICATION_ID
from smartplace.children import Children, Program
from smartplace.clock import utc_now
from smartplace.embedded import broker, postgres
from smartplace.embedded.broker import EmbeddedBroker
from smartplace.embedded.ports import LOOPBACK, claim, free_port
from smartplace.embedded.postgres import EmbeddedPostgres
from smartplace.places import load_places, read_drafts, read_places, upload_codecs
from smartplace.settings import PREFIX, Settings, load
from smartplace.simulation import count_by_hand
from store.migrations import migrate

_USUAL_PORT = 8080
_LONGEST_START_S = 60
# Closed bays have a sensor, too; but a sensor may be slow, and a start must not hang on one of hundreds.
_SETTLED_SHARE = 0.95

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What was asked for on the command line; ports None are chosen."""

    data_dir: Path
    port: int | None
    mqtt_port: int | None
    database_port: int | None
    reset: bool
    speed: float
    seed: int
    history: timedelta
    missed_passages: float
    places_file: Path | None
    codecs: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A demo that runs: where it is and how to get in."""

    url: str
    ingest_url: str
    mqtt_port: int
    mqtt_username: str
    mqtt_password: str
    sign_ids: tuple[str, ...]
    database: str
    username: str
    password: str
    data_dir: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Tells the person who waits. `step` wraps one step; `history` gets the share of the past that is told, 0..1."""

    step: Callable[[str], contextlib.AbstractContextManager[None]]
    history: Callable[[float], None]


async def demo(options: DemoOptions, progress: Progress, ready: Callable[[Running], None]) -> None:
    """Run the demo until SIGINT or SIGTERM; all of its processes have ended when this returns or raises.

    Raises:
        CommandError: it cannot start, or a part of it died; the log's tail says why.
    """
    with _own(options.data_dir, reset=options.reset), _stoppable() as stop:
        async with Children() as children:
            starting = asyncio.create_task(_start(options, progress, children))
            running = await _unless(stop, starting)
            if running is not None:
                ready(running)
                await _unless(stop, asyncio.create_task(children.watch()))
            with progress.step("Stopping"):
                await children.stop()


async def _start(options: DemoOptions, progress: Progress, children: Children) -> Running:
    parts = _parts(options)
    places = parts.places
    with progress.step("PostgreSQL"):
        await _start_postgres(parts, children)
    with progress.step("MQTT broker"):
        await _start_broker(parts, children)
    with progress.step("Database schema"):
        await asyncio.to_thread(lambda: list(migrate(parts.database.conninfo())))
    if parts.drafts:
        with progress.step(f"Codecs: {', '.join(parts.drafts)}"):
            await upload_codecs(parts.settings, parts.drafts.values(), by="demo")
    with progress.step(f"Places: {_places_text(places)}"):
        await load_places(parts.settings, places)
    with progress.step("Ingest"):
        await children.start(parts.own("ingest"), ready=_is_ready(parts.ingest_url), within_s=30)
    with progress.step("Web server"):
        await children.start(parts.own("serve"), ready=_is_ready(parts.url), within_s=30)
    with progress.step("Simulated sensors"):
        begins_at = utc_now() - options.history
        simulator = parts.own("simulate", "--from", begins_at.isoformat())
        within_s = _LONGEST_START_S + 600 * (options.history / timedelta(days=1))
        await children.start(simulator, ready=_settled(parts.url, options.history, progress), within_s=within_s)
        await count_by_hand(parts.settings, begins_at=begins_at, until=begins_at + options.history)
    return parts.running()


def _places_text(places: Places) -> str:
    kinds = Counter(asset.kind for asset in places.assets)
    areas = f", {kinds[AssetKind.AREA]} counted at gates" if kinds[AssetKind.GATE] else ""
    return f"{len(places.sites)} sites, {kinds[AssetKind.BAY] + kinds[AssetKind.BENCH]} bays and benches{areas}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What a demo is made of, before anything of it runs."""

    data_dir: Path
    places: Places
    drafts: dict[str, CodecDraft]
    database: EmbeddedPostgres
    mqtt: EmbeddedBroker
    settings: Settings

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.settings.http_port}"

    @property
    def ingest_url(self) -> str:
        return f"http://{LOOPBACK}:{self.settings.ingest_http_port}"

    def log(self, name: str) -> Path:
        return self.data_dir / "logs" / f"{name}.log"

    def own(self, command: str, *arguments: str) -> Program:
        """A process of ours."""
        line = [sys.executable, "-m", "smartplace", command, *arguments]
        return Program(name=command, command=line, log=self.log(command), environment=_environment(self.settings))

    def running(self) -> Running:
        return Running(
            url=self.url,
            ingest_url=self.ingest_url,
            mqtt_port=self.mqtt.port,
            mqtt_username=broker.USER,
            mqtt_password=self.mqtt.password,
            sign_ids=tuple(sign.sign_id for sign in self.places.signs),
            database=self.database.conninfo(),
            username=self.settings.manage_username,
            password=self.settings.manage_password.get_secret_value(),
            data_dir=self.data_dir,
        )


def _parts(options: DemoOptions) -> _Parts:
    passwords = _passwords(options.data_dir)
    http_port = claim(options.port, option="--port", usual=_USUAL_PORT)
    database = EmbeddedPostgres(
        binaries=postgres.wheel_binaries(),
        data_dir=options.data_dir / "postgres",
        port=claim(options.database_port, option="--database-port"),
        password=passwords["database"],
    )
    mqtt = EmbeddedBroker(
        data_dir=options.data_dir / "broker",
        port=claim(options.mqtt_port, option="--mqtt-port"),
        control_port=free_port(),
        password=passwords["mqtt"],
    )
    settings = _settings(options, database, mqtt, http_port, passwords)
    drafts = read_drafts(settings)
    return _Parts(
        data_dir=options.data_dir,
        places=read_places(options.places_file, drafts),
        drafts=drafts,
        database=database,
        mqtt=mqtt,
        settings=settings,
    )


async def _start_postgres(parts: _Parts, children: Children) -> None:
    database = parts.database
    await asyncio.to_thread(database.initialise)
    program = Program(name="postgres", command=database.command(), log=parts.log("postgres"), stop_signal=signal.SIGINT)
    await children.start(program, ready=lambda: asyncio.to_thread(database.answers), within_s=30)
    await asyncio.to_thread(database.create_database)


async def _start_broker(parts: _Parts, children: Children) -> None:
    parts.mqtt.initialise()
    program = Program(name="broker", command=parts.mqtt.command(), log=parts.log("broker"))
    await children.start(program, ready=lambda: _listens(parts.mqtt.port), within_s=20)


def _settings(
    options: DemoOptions, database: EmbeddedPostgres, mqtt: EmbeddedBroker, http_port: int, passwords: dict[str, str]
) -> Settings:
    return load(
        database_url=database.conninfo(),
        mqtt_host=LOOPBACK,
        mqtt_port=mqtt.port,
        mqtt_version=broker.MQTT_VERSION,
        mqtt_username=broker.USER,
        mqtt_password=mqtt.password,
        sign_topics=True,
        downlink_topic=f"application/{APPLICATION_ID}/device/{{dev_eui}}/command/down",
        http_port=http_port,
        ingest_http_port=free_port(),
        organisation="Thurrock smart places (demo)",
        manage_password=passwords["manage"],
        session_key=passwords["session"],
        secure_cookies=False,
        places_file=options.places_file,
        simulator_codecs=",".join(map(str, options.codecs)),
        simulator_seed=options.seed,
        simulator_speed=options.speed,
        simulator_missed_passages=options.missed_passages,
        # Simulated minutes pass in less than a minute.
        flood_per_minute=max(30.0, 30 * options.speed),
        flood_burst=max(120, int(120 * options.speed)),
    )


def _environment(settings: Settings) -> dict[str, str]:
    """What the children need to read the same settings. Nothing secret is on a command line."""
    values = {name: getattr(settings, name) for name in settings.model_fields_set}
    return {
        f"{PREFIX}{name}".upper(): value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in values.items()
        if value is not None
    }


@contextmanager
def _own(data_dir: Path, *, reset: bool) -> Iterator[None]:
    """The data directory is ours alone while this runs."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        data_dir.chmod(0o700)
        lock = (data_dir / "lock").open("a")
    except OSError as error:
        raise CommandError(f"{data_dir} cannot be used: {error.strerror}; choose another with --data-dir") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError(f"another demo is running in {data_dir}; stop it or choose another --data-dir") from None
        if reset:
            for name in ("postgres", "broker", "logs", "passwords.json"):
                _remove(data_dir / name)
        yield


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _passwords(data_dir: Path) -> dict[str, str]:
    """Made on the first start, kept for the next; readable by the owner alone."""
    path = data_dir / "passwords.json"
    if not path.exists():
        path.touch(mode=0o600)
        made = {name: secrets.token_urlsafe(12) for name in ("database", "mqtt", "manage")}
        path.write_text(json.dumps({**made, "session": secrets.token_urlsafe(32)}))
    passwords: dict[str, str] = json.loads(path.read_text())
    return passwords


@contextmanager
def _stoppable() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _unless(stop: asyncio.Event, task: asyncio.Task[T]) -> T | None:
    """What the task gives, or None if the demo is told to stop first."""
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopped, task}, return_when=asyncio.FIRST_COMPLETED)
        return None if stop.is_set() and not task.done() else await task
    finally:
        for pending in (stopped, task):
            pending.cancel()
        await asyncio.gather(stopped, task, return_exceptions=True)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _is_ready(url: str) -> Callable[[], Awaitable[bool]]:
    """Whether a process of ours says that it can do its work."""

    async def is_ready() -> bool:
        return await asyncio.to_thread(_get, f"{url}/readyz") is not None

    return is_ready


def _get(url: str) -> dict[str, object] | None:
    try:
        with urlopen(url, timeout=5) as response:  # noqa: S310 - our own loopback address
            body: dict[str, object] = json.load(response)
            return body
    except (URLError, OSError, json.JSONDecodeError):
        return None


def _settled(url: str, history: timedelta, progress: Progress) -> Callable[[], Awaitable[bool]]:
    """Whether the past is told and nearly every bay has a known state; tells the progress meanwhile."""
    begins_at = utc_now() - history

    async def is_settled() -> bool:
        if history:
            told = await asyncio.to_thread(_told_until, url)
            share = (told - begins_at) / history if told else 0.0
            progress.history(max(0.0, min(1.0, share)))
            if share < 1:
                return False
        answer = await asyncio.to_thread(_get, f"{url}/v1/bays?limit=1")
        counts = answer["counts"] if answer else {}
        assert isinstance(counts, dict)
        known = counts.get("capacity", 0) - counts.get("unknown", 0)
        return bool(known) and known >= _SETTLED_SHARE * counts["capacity"]

    return is_settled


def _told_until(url: str) -> datetime | None:
    """The newest moment that any device has told of."""
    answer = _get(f"{url}/v1/sites")
    sites = answer["sites"] if answer else []
    assert isinstance(sites, list)
    return max((datetime.fromisoformat(site["heard_at"]) for site in sites if site["heard_at"]), default=None)
