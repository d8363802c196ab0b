"""Joins the parts: one function for each process. Everything below takes plain values."""

import asyncio
import contextlib
import logging
import signal
import sqlite3
import ssl
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from api.app import create_app
from api.routes.codecs import create_router as codec_router
from dashboard.pages import create_router as dashboard_router
from dashboard.sessions import Login
from dashboard.static_files import HashedStaticFiles
from dashboard.templating import Templates
from devices.catalogue import BY_KEY, model
from domain.api_keys import ScopesOf
from domain.codec_scripts import Codecs, ScriptedModels
from domain.errors import CommandError, PlacesFileError, SessionTakenOverError
from domain.health import DeadLetter, DeviceHealth
from domain.live import Inspection, Live
from domain.places import Places
from domain.places_file import SilentAfter, parse_places
from domain.security import SecurityRecord
from domain.snapshot import build_snapshot
from domain.topics import UPLINK_FILTERS
from ingest.flood import FloodGate
from ingest.http import create_router as push_router
from ingest.http_source import HttpSource
from ingest.jetstream import Cluster, JetStreamSource
from ingest.mqtt import Broker, MqttSource
from ingest.pipeline import FrameSink, Pipeline
from ingest.source import Source
from ingest.spool import Spool
from ingest.spool_queue import SpoolQueue
from signage.kiosk import STATIC_DIR as SIGN_STATIC_DIR
from signage.kiosk import STATIC_URL as SIGN_STATIC_URL
from signage.routes import create_router as sign_router
from simulators.borough import Borough
from simulators.clock import SimClock
from simulators.demo import demo_places
from simulators.mqtt import Broker as SimulatorBroker
from simulators.mqtt import open_publisher
from simulators.run import replay, run
from simulators.transmission import Transmission
from smartplace import __version__
from smartplace.codecs import CodecShelf, open_book, open_shelf, scripted_silences
from smartplace.settings import Settings
from store.api_keys import ApiKeys
from store.frames import FrameStore
from store.inspection import StoreInspection
from store.live import LiveSnapshot, open_live
from store.places import import_places
from store.pool import Pool, open_pool

logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The present: the only clock of the platform."""
    return datetime.now(UTC)


def read_places(path: Path | None) -> Places:
    """The places in a file, or the demo borough.

    Raises:
        PlacesFileError: the file cannot be read or has faults.
    """
    return demo_places(_silent_after) if path is None else _read_places(path, _silent_after)


async def read_places_to_import(settings: Settings, path: Path) -> Places:
    """The places in a file; the database is asked only for models that have no built-in codec.

    Raises:
        PlacesFileError: the file cannot be read or has faults.
    """
    missing: set[str] = set()

    def built_in(key: str) -> timedelta:
        missing.update({key} - BY_KEY.keys())
        return _silent_after(key)

    try:
        return _read_places(path, built_in)
    except PlacesFileError:
        if not missing:
            raise
    scripted = await scripted_silences(settings.database_url.get_secret_value(), now=utc_now)
    return _read_places(path, lambda key: scripted[key] if key in scripted else _silent_after(key))


def _silent_after(key: str) -> timedelta:
    return model(key).silent_after


def _read_places(path: Path, silent_after: SilentAfter) -> Places:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlacesFileError(str(path), [f"cannot be read: {error}"]) from error
    return parse_places(text, source=str(path), silent_after=silent_after)


async def load_places(settings: Settings, places: Places) -> None:
    """Put places into the database; raises StoreUnavailableError, StoreRefusedError."""
    async with open_pool(settings.database_url.get_secret_value(), size=1) as pool:
        await import_places(pool, places, at=utc_now())


async def ingest(settings: Settings) -> None:
    """Keep frames until cancelled."""
    with _spool(settings) as spool:
        await _ingest(settings, spool)


@contextlib.contextmanager
def _spool(settings: Settings) -> Iterator[SpoolQueue | None]:
    if settings.spool_file is None:
        yield None
        return
    try:
        spool = Spool(settings.spool_file, most_bytes=settings.spool_bytes)
    except (OSError, sqlite3.Error) as error:
        raise CommandError(f"the spool {settings.spool_file} cannot be used: {error}") from error
    with contextlib.closing(spool):
        yield SpoolQueue(spool, after_s=settings.spool_after_s)


async def _ingest(settings: Settings, spool: SpoolQueue | None) -> None:
    async with (
        open_pool(settings.database_url.get_secret_value(), size=settings.database_pool_size) as pool,
        open_book(pool, now=utc_now) as scripts,
    ):
        source = _source(settings)
        store = FrameStore(pool, answer_within_s=settings.database_timeout_s)
        pipeline = _pipeline(settings, source, store, scripts, spool)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(source.run(), name="mqtt-source")
                tasks.create_task(pipeline.run(), name="pipeline")
                tasks.create_task(pipeline.drain(), name="spool")
                tasks.create_task(pipeline.tick(every_s=settings.tick_seconds), name="tick")
        except* SessionTakenOverError as taken:
            # One sentence for whoever reads the log, not a group.
            raise taken.exceptions[0] from None


def _source(settings: Settings) -> MqttSource | JetStreamSource:
    if settings.source == "mqtt":
        share = f"$share/{settings.mqtt_share_group}/" if settings.mqtt_share_group else ""
        filters = [share + topic_filter for topic_filter in UPLINK_FILTERS]
        return MqttSource(_ingest_broker(settings), filters, now=utc_now)
    cluster = Cluster(
        servers=[server.strip() for server in settings.nats_servers.split(",")],
        username=settings.mqtt_username,
        password=settings.mqtt_password.get_secret_value(),
        durable=settings.nats_consumer,
        ack_wait_s=settings.nats_ack_wait_s,
        max_ack_pending=settings.mqtt_receive_maximum,
    )
    return JetStreamSource(cluster, UPLINK_FILTERS, now=utc_now)


def _pipeline(
    settings: Settings, source: Source, sink: FrameSink, scripts: ScriptedModels, spool: SpoolQueue | None = None
) -> Pipeline:
    return Pipeline(
        source,
        sink,
        gate=FloodGate(per_minute=settings.flood_per_minute, burst=settings.flood_burst),
        now=utc_now,
        batch_rows=settings.batch_rows,
        linger_s=settings.batch_linger_ms / 1000,
        spool=spool,
        scripts=scripts,
    )


async def serve(settings: Settings) -> None:
    """Answer HTTP until cancelled; raises StoreUnavailableError when the database is away at the start."""
    async with (
        open_pool(settings.database_url.get_secret_value(), size=settings.database_pool_size) as pool,
        open_live(pool) as live,
        open_shelf(pool, now=utc_now) as codecs,
        open_book(pool, now=utc_now) as scripts,
    ):
        pushed = HttpSource(now=utc_now)
        inspection = StoreInspection(pool, now=utc_now)
        app = web_app(settings, live, inspection, pushed, ApiKeys(pool, now=utc_now).scopes_of, codecs)
        config = uvicorn.Config(
            app,
            host=settings.http_host,
            port=settings.http_port,
            http="httptools",
            loop="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        # A frame that is pushed says nothing of the broker, for which `ingest` alone can speak.
        store = FrameStore(pool, confirms=False, answer_within_s=settings.database_timeout_s)
        pipeline = _pipeline(settings, pushed, store, scripts)
        async with asyncio.TaskGroup() as tasks:
            keeping = [
                tasks.create_task(pipeline.run(), name="pipeline"),
                tasks.create_task(pipeline.stay_current(every_s=settings.tick_seconds), name="places"),
            ]
            try:
                await _serve_until_cancelled(_Server(config), live)
            finally:
                # Only now: until the last request is answered, its frame may still become safe.
                for task in keeping:
                    task.cancel()


async def _serve_until_cancelled(server: uvicorn.Server, live: LiveSnapshot) -> None:
    serving = asyncio.create_task(server.serve(), name="http")
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        # Streams first: the server waits for its connections.
        live.close()
        server.should_exit = True
        await serving
        raise


class _Server(uvicorn.Server):
    """Uvicorn that leaves signals to us, so that every process of ours stops in the same way."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def web_app(
    settings: Settings, live: Live, inspection: Inspection, pushed: HttpSource, scopes_of: ScopesOf, codecs: Codecs
) -> FastAPI:
    """The API, the pages and the signs in one application."""
    validity = timedelta(seconds=settings.frame_validity_s)
    login = Login(
        username=settings.manage_username,
        password=settings.manage_password.get_secret_value(),
        session_key=settings.session_key.get_secret_value(),
        secure_cookies=settings.secure_cookies,
        now=utc_now,
    )
    app = create_app(
        live=live,
        now=utc_now,
        organisation=settings.organisation,
        version=__version__,
        stale_after=validity,
        problem_page=Templates(settings.organisation).problem,
        routers=[
            sign_router(live=live, now=utc_now, validity=validity, organisation=settings.organisation),
            dashboard_router(
                live=live,
                inspection=inspection,
                codecs=codecs,
                now=utc_now,
                organisation=settings.organisation,
                login=login,
            ),
            push_router(pushed, scopes_of),
            codec_router(codecs, scopes_of, utc_now),
        ],
    )
    app.mount(SIGN_STATIC_URL, StaticFiles(directory=SIGN_STATIC_DIR))
    app.mount("/static", HashedStaticFiles())
    return app


async def simulate(settings: Settings, *, history: timedelta, report: Callable[[Transmission], None]) -> None:
    """Play a borough until cancelled: first its past, as fast as the broker takes it, then its present."""
    begins_at = utc_now() - history
    borough = Borough(read_places(settings.places_file), seed=settings.simulator_seed, begins_at=begins_at)
    async with open_publisher(_simulator_broker(settings)) as publisher:
        now = begins_at
        # Telling the past takes a while, which then is past as well.
        while utc_now() - now > timedelta(seconds=1):
            now = utc_now()
            await replay(borough, publisher.publish, until=now, report=report)
            await publisher.drain()
        logger.info("the past is told, the present begins", extra={"action": "simulator_live"})
        clock = SimClock(now, speed=settings.simulator_speed)
        await run(borough, publisher.publish, clock=clock, now=utc_now, report=report)


def until_told_to_stop(main: Coroutine[object, object, None]) -> None:
    """Run a process until it ends by itself or SIGINT or SIGTERM asks it to: then it is cancelled and cleans up."""
    with contextlib.suppress(asyncio.CancelledError), asyncio.Runner(loop_factory=_event_loop) as runner:
        runner.run(_cancelled_by_signals(main))


def _event_loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


async def _cancelled_by_signals(main: Coroutine[object, object, None]) -> None:
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    await task


def openapi_document(settings: Settings) -> dict[str, object]:
    """What /openapi.json says; needs no database."""
    nothing = build_snapshot(revision=0, as_of=utc_now(), sites=[], statuses=[], signs=[])
    live = LiveSnapshot(nothing, places_version=0)
    # Nothing is asked of it: the document is made without a store.
    codecs = CodecShelf(cast("Pool", None), now=utc_now)
    return web_app(settings, live, _NoInspection(), HttpSource(now=utc_now), _no_scopes, codecs).openapi()


async def _no_scopes(_key: str) -> frozenset[str] | None:
    return None


class _NoInspection:
    """The OpenAPI document is made without a store."""

    async def device_health(self) -> list[DeviceHealth]:
        return []

    async def dead_letters(self, *, before_id: int | None, limit: int) -> list[DeadLetter]:  # noqa: ARG002
        return []

    async def dead_letter_counts(self) -> dict[str, int]:
        return {}

    async def security_records(self, *, limit: int) -> list[SecurityRecord]:  # noqa: ARG002
        return []


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """How to check the broker's certificate, or None for plain TCP.

    Raises:
        CommandError: the certificate authority's file cannot be used.
    """
    if not settings.mqtt_tls:
        return None
    try:
        return ssl.create_default_context(cafile=settings.mqtt_ca_file)
    except OSError as error:
        raise CommandError(f"SMARTPLACE_MQTT_CA_FILE {settings.mqtt_ca_file}: {error.strerror or error}") from error


def _ingest_broker(settings: Settings) -> Broker:
    return Broker(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        version=settings.mqtt_version,
        username=settings.mqtt_username,
        password=settings.mqtt_password.get_secret_value(),
        tls=tls_context(settings),
        client_id=settings.mqtt_client_id,
        session_expiry_s=settings.mqtt_session_expiry_s,
        receive_maximum=settings.mqtt_receive_maximum,
        keepalive_s=settings.mqtt_keepalive_s,
    )


def _simulator_broker(settings: Settings) -> SimulatorBroker:
    return SimulatorBroker(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        version=settings.mqtt_version,
        username=settings.mqtt_username,
        password=settings.mqtt_password.get_secret_value(),
        tls=tls_context(settings),
    )
