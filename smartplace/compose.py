"""Joins the parts: one function for each process. Everything below takes plain values."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sqlite3
import ssl
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from devices.catalogue import BY_KEY, silent_after
from domain.codec_scripts import ScriptedModels
from domain.errors import CommandError, PlacesFileError, SessionTakenOverError
from domain.places import Places
from domain.places_file import SilentAfter, parse_places
from domain.topics import COMMAND_FILTERS, INGEST_FILTERS
from domain.topics import canary as canary_topic
from ingest.canary import Canary
from ingest.dispatch import Dispatch
from ingest.flood import FloodGate
from ingest.http_source import HttpSource
from ingest.jetstream import Cluster, JetStreamSource
from ingest.mqtt import Broker, MqttSource
from ingest.pipeline import FrameSink, Pipeline
from ingest.probes import create_app as probes
from ingest.source import Source
from ingest.spool import Spool
from ingest.spool_queue import SpoolQueue
from simulators.borough import Borough
from simulators.clock import SimClock
from simulators.demo import demo_places
from simulators.mqtt import Broker as SimulatorBroker
from simulators.mqtt import open_publisher
from simulators.run import replay, run
from simulators.transmission import Transmission
from smartplace.clock import utc_now
from smartplace.codecs import open_book, open_shelf, scripted_silences
from smartplace.listener import bound, serve_until_cancelled, server
from smartplace.nightly import Nightly, compress, keep
from smartplace.observation import IngestObservation, ServeObservation
from smartplace.settings import Settings
from smartplace.web import Doors, validity, web_app
from store.alarms import KnownAlarms, StoreAlarms
from store.api_keys import ApiKeys
from store.commands import CommandStore
from store.device_records import StoreDeviceRecords
from store.frames import FrameStore
from store.history import History
from store.history_watch import HistoryWatch
from store.inspection import StoreInspection
from store.live import open_live
from store.places import import_places
from store.pool import Pool, open_pool
from store.register import StoreRegister
from store.retention import set_policies
from store.workers import KnownWorkers, Workers

logger = logging.getLogger(__name__)

_READ_WORKERS_EVERY_S = 2
_READ_ALARMS_EVERY_S = 5
_LOOK_FOR_COMMANDS_EVERY_S = 1
_LOOK_AT_HISTORY_EVERY_S = 15


def read_places(path: Path | None) -> Places:
    """The places in a file, or the demo borough.

    Raises:
        PlacesFileError: the file cannot be read or has faults.
    """
    return demo_places(silent_after) if path is None else _read_places(path, silent_after)


async def read_places_to_import(settings: Settings, path: Path) -> Places:
    """The places in a file; the database is asked only for models that have no built-in codec.

    Raises:
        PlacesFileError: the file cannot be read or has faults.
    """
    missing: set[str] = set()

    def built_in(key: str) -> timedelta:
        missing.update({key} - BY_KEY.keys())
        return silent_after(key)

    try:
        return _read_places(path, built_in)
    except PlacesFileError:
        if not missing:
            raise
    scripted = await scripted_silences(settings.database_url.get_secret_value(), now=utc_now)
    return _read_places(path, lambda key: scripted[key] if key in scripted else silent_after(key))


def _read_places(path: Path, silence_of: SilentAfter) -> Places:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlacesFileError(str(path), [f"cannot be read: {error}"]) from error
    return parse_places(text, source=str(path), silent_after=silence_of)


async def load_places(settings: Settings, places: Places) -> None:
    """Put places into the database; raises StoreUnavailableError, StoreRefusedError."""
    async with open_pool(settings.database_url.get_secret_value(), size=1) as pool:
        await import_places(pool, places, at=utc_now())


async def apply_policies(settings: Settings) -> None:
    """Have the database compress and drop what the settings say; raises StoreUnavailableError."""
    async with open_pool(settings.database_url.get_secret_value(), size=1) as pool:
        await set_policies(pool, keep(settings), compress(settings))


async def ingest(settings: Settings) -> None:
    """Keep frames until cancelled."""
    with _spool(settings) as spool, _probe_socket(settings) as probe_socket:
        await _ingest(settings, spool, probe_socket)


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


async def _ingest(settings: Settings, spool: SpoolQueue | None, probe_socket: socket.socket | None) -> None:
    async with (
        open_pool(settings.database_url.get_secret_value(), size=settings.database_pool_size) as pool,
        open_book(pool, now=utc_now) as scripts,
    ):
        canary = _canary(settings)
        source = _source(settings, canary.topic)
        observation = IngestObservation(
            # Workers of a cluster need no client id of their own.
            f"{settings.mqtt_client_id}@{socket.gethostname()}/{os.getpid()}",
            settings.source,
            now=utc_now,
            silent_after=_silent_after(settings),
        )
        store, gate = FrameStore(pool, answer_within_s=settings.database_timeout_s), _gate(settings)
        pipeline = _pipeline(settings, source, observation.live_sink(store), gate, scripts, spool, canary)
        drain = _pipeline(settings, source, observation.spool_sink(store), gate, scripts, spool)
        watch = HistoryWatch(pool, now=utc_now)
        readiness, scrape = observation.joined(source, pipeline, canary, spool, watch)
        try:
            async with asyncio.TaskGroup() as tasks:
                if probe_socket is not None:
                    web = server(probes(readiness.look, scrape), host="", port=0)
                    tasks.create_task(serve_until_cancelled(web, sockets=[probe_socket]), name="probes")
                tasks.create_task(source.run(), name="mqtt-source")
                tasks.create_task(pipeline.run(), name="pipeline")
                tasks.create_task(drain.drain(), name="spool")
                tasks.create_task(pipeline.tick(every_s=settings.tick_seconds), name="tick")
                tasks.create_task(canary.sing(source), name="canary")
                history = History(pool, now=utc_now)
                tasks.create_task(history.follow(every_s=settings.history_seconds), name="history")
                tasks.create_task(watch.follow(every_s=_LOOK_AT_HISTORY_EVERY_S), name="history-watch")
                tasks.create_task(Nightly(pool, settings, utc_now).follow(), name="nightly")
                _dispatch(settings, pool, tasks)
                tasks.create_task(readiness.tell(Workers(pool), every_s=settings.tick_seconds), name="readiness")
        except* SessionTakenOverError as taken:
            # One sentence for whoever reads the log, not a group.
            raise taken.exceptions[0] from None


def _dispatch(settings: Settings, pool: Pool, tasks: asyncio.TaskGroup) -> None:
    """Send commands, where a network server takes them: over a session of their own, so that no frame waits for one."""
    if not settings.downlink_topic:
        return
    broker = replace(_ingest_broker(settings), client_id=f"{settings.mqtt_client_id}-commands")
    postbox = MqttSource(broker, COMMAND_FILTERS, now=utc_now)
    queue = CommandStore(pool, now=utc_now, can_send=True)
    dispatch = Dispatch(postbox, queue, topic=settings.downlink_topic, every_s=_LOOK_FOR_COMMANDS_EVERY_S)
    tasks.create_task(postbox.run(), name="command-source")
    tasks.create_task(dispatch.send(), name="commands")
    tasks.create_task(dispatch.listen(), name="command-reports")


@contextlib.contextmanager
def _probe_socket(settings: Settings) -> Iterator[socket.socket | None]:
    """Bound before anything begins, so that an address that cannot be had ends this at once."""
    if settings.ingest_http_port is None:
        yield None
        return
    host, port = settings.ingest_http_host, settings.ingest_http_port
    with bound(host, port, setting="SMARTPLACE_INGEST_HTTP_PORT") as listener:
        yield listener


def _silent_after(settings: Settings) -> timedelta:
    """Who has said nothing for three ticks says nothing any more."""
    return timedelta(seconds=max(30.0, 3 * settings.tick_seconds))


def _canary(settings: Settings) -> Canary:
    return Canary(
        canary_topic(settings.mqtt_client_id),
        now=utc_now,
        every_s=settings.canary_seconds,
        late_after=timedelta(seconds=settings.canary_late_s),
    )


def _source(settings: Settings, own_topic: str) -> MqttSource | JetStreamSource:
    if settings.source == "mqtt":
        share = f"$share/{settings.mqtt_share_group}/" if settings.mqtt_share_group else ""
        # What a worker sends to itself is for nobody else.
        filters = [*(share + topic_filter for topic_filter in INGEST_FILTERS), own_topic]
        return MqttSource(_ingest_broker(settings), filters, now=utc_now)
    cluster = Cluster(
        servers=[server.strip() for server in settings.nats_servers.split(",")],
        username=settings.mqtt_username,
        password=settings.mqtt_password.get_secret_value(),
        durable=settings.nats_consumer,
        ack_wait_s=settings.nats_ack_wait_s,
        max_ack_pending=settings.mqtt_receive_maximum,
        keepalive_s=settings.mqtt_keepalive_s,
    )
    return JetStreamSource(cluster, INGEST_FILTERS, now=utc_now)


def _pipeline(
    settings: Settings,
    source: Source,
    sink: FrameSink,
    gate: FloodGate,
    scripts: ScriptedModels,
    spool: SpoolQueue | None = None,
    canary: Canary | None = None,
) -> Pipeline:
    return Pipeline(
        source,
        sink,
        gate=gate,
        now=utc_now,
        batch_rows=settings.batch_rows,
        linger_s=settings.batch_linger_ms / 1000,
        spool=spool,
        canary=canary,
        scripts=scripts,
    )


def _gate(settings: Settings) -> FloodGate:
    return FloodGate(per_minute=settings.flood_per_minute, burst=settings.flood_burst)


async def serve(settings: Settings) -> None:
    """Answer HTTP until cancelled; raises StoreUnavailableError when the database is away at the start."""
    async with (
        open_pool(settings.database_url.get_secret_value(), size=settings.database_pool_size) as pool,
        open_live(pool) as live,
        open_shelf(pool, now=utc_now) as codecs,
        open_book(pool, now=utc_now) as scripts,
    ):
        pushed = HttpSource(now=utc_now)
        workers = KnownWorkers(Workers(pool), now=utc_now, silent_after=_silent_after(settings))
        observation = ServeObservation(live, workers, now=utc_now, stale_after=validity(settings))
        # A frame that is pushed says nothing of the broker, for which `ingest` alone can speak.
        sink = observation.sink(FrameStore(pool, confirms=False, answer_within_s=settings.database_timeout_s))
        pipeline = _pipeline(settings, pushed, sink, _gate(settings), scripts)
        alarms = StoreAlarms(pool, now=utc_now)
        known_alarms = KnownAlarms(alarms)
        doors = Doors(
            live=live,
            alarms=alarms,
            inspection=StoreInspection(pool, now=utc_now),
            codecs=codecs,
            registry=StoreRegister(pool, now=utc_now),
            records=StoreDeviceRecords(pool, now=utc_now),
            silent_after=scripts.silent_after,
            commands=CommandStore(pool, now=utc_now, can_send=bool(settings.downlink_topic)),
            pushed=pushed,
            scopes_of=ApiKeys(pool, now=utc_now).scopes_of,
            look=observation.look,
            requests=observation.requests,
            scrape=observation.scraper(pushed, pipeline, known_alarms),
        )
        web = server(web_app(settings, doors), host=settings.http_host, port=settings.http_port)
        async with asyncio.TaskGroup() as tasks:
            keeping = [
                tasks.create_task(pipeline.run(), name="pipeline"),
                tasks.create_task(pipeline.stay_current(every_s=settings.tick_seconds), name="places"),
                tasks.create_task(workers.follow(every_s=_READ_WORKERS_EVERY_S), name="workers"),
                tasks.create_task(known_alarms.follow(every_s=_READ_ALARMS_EVERY_S), name="alarms"),
            ]
            try:
                # Streams first: the server waits for its connections.
                await serve_until_cancelled(web, at_end=live.close)
            finally:
                # Only now: until the last request is answered, its frame may still become safe.
                for task in keeping:
                    task.cancel()


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
