"""Joins the parts: one function for each process. Everything below takes plain values."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sqlite3
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

from devices.catalogue import BY_KEY, silent_after
from domain.codec_scripts import CodecDraft, ScriptedModels
from domain.commands import LONGEST_LIFETIME
from domain.errors import CommandError, PlacesFileError, SessionTakenOverError
from domain.places import Places
from domain.places_file import SilentAfter, parse_places
from domain.quality import FrozenRule
from domain.topics import COMMAND_FILTERS, INGEST_FILTERS
from domain.topics import canary as canary_topic
from ingest.canary import Canary
from ingest.dispatch import Dispatch, Postbox
from ingest.flood import FloodGate
from ingest.http_source import HttpSource
from ingest.jetstream import Cluster, JetStreamSource
from ingest.mqtt import Broker, MqttSource
from ingest.pipeline import FrameSink, Pipeline
from ingest.probes import create_app as probes
from ingest.reading import Reader, read_here
from ingest.relay import Relay
from ingest.source import Source
from ingest.spool import Spool
from ingest.spool_queue import SpoolQueue
from ingest.trial import Trial
from simulators.answers import COMMANDS_FILTER
from simulators.borough import Borough
from simulators.clock import SimClock
from simulators.demo import demo_places
from simulators.mqtt import Broker as SimulatorBroker
from simulators.mqtt import open_publisher
from simulators.run import answer, replay, run
from simulators.transmission import Transmission
from simulators.trial import with_trials
from smartplace.clock import utc_now
from smartplace.codec_folder import read_codec
from smartplace.codecs import open_book, open_shelf, scripted_silences
from smartplace.listener import bound, serve_until_cancelled, server
from smartplace.observation import IngestObservation, ServeObservation
from smartplace.replay import retell
from smartplace.settings import Settings
from smartplace.sign_outlets import has_outlets, tell_signs
from smartplace.signs import sign_doors, validity
from smartplace.tls import tls_context
from smartplace.web import Doors, web_app
from store.alarms import KnownAlarms, StoreAlarms
from store.commands import CommandStore
from store.device_records import StoreDeviceRecords
from store.frames import FrameStore
from store.history import History
from store.inspection import StoreInspection
from store.live import open_live
from store.places import import_places
from store.pool import Pool, open_pool
from store.quality import Judge, StoreQuality
from store.register import StoreRegister
from store.workers import KnownWorkers, Workers

logger = logging.getLogger(__name__)

_READ_WORKERS_EVERY_S = 2
_READ_ALARMS_EVERY_S = 5
_LOOK_FOR_COMMANDS_EVERY_S = 1
_LOOK_FOR_RETELLINGS_EVERY_S = 2


def read_places(path: Path | None, drafts: Mapping[str, CodecDraft] | None = None) -> Places:
    """The places in a file, or the demo borough; and a place to try each of these codecs that has none there.

    Raises:
        PlacesFileError: the file cannot be read or has faults.
    """
    known = drafts or {}

    def silence_of(model: str) -> timedelta:
        return known[model].silent_after if model in known else silent_after(model)

    return with_trials(demo_places(silence_of) if path is None else _read_places(path, silence_of), known.values())


def read_drafts(settings: Settings) -> dict[str, CodecDraft]:
    """The JavaScript codecs whose devices the simulator plays, by model; raises CommandError."""
    folders = [Path(one.strip()) for one in settings.simulator_codecs.split(",") if one.strip()]
    return {draft.model: draft for draft in map(read_codec, folders)}


async def upload_codecs(settings: Settings, drafts: Iterable[CodecDraft], *, by: str) -> None:
    """Make these codecs the active ones of their models; raises CommandError with the first that is refused."""
    async with (
        open_pool(settings.database_url.get_secret_value(), size=1) as pool,
        open_shelf(pool, now=utc_now) as shelf,
    ):
        for draft in drafts:
            told = await shelf.upload(draft, by=by)
            if told.version is None:
                problems = [*told.problems, *(line for one in told.examples for line in one.differences)]
                raise CommandError(f"the codec {draft.model} is refused: {'; '.join(problems)}")


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


async def ingest(settings: Settings) -> None:
    """Keep frames until cancelled."""
    _collect_seldom()
    with _spool(settings) as spool, _probe_socket(settings) as probe_socket:
        await _ingest(settings, spool, probe_socket)


def _collect_seldom() -> None:
    """Have Python look for cycles among the objects of several batches at a time, and not among what is loaded by now.

    What frames are made of has no cycles and is gone after its batch. By default Python looks through it every 700
    objects, many times in each batch, and through everything alive every so often: a fifth of ingest's CPU.
    """
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


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
        trial = Trial().read
        pipeline = _pipeline(settings, source, observation.live_sink(store), gate, scripts, spool, canary, trial)
        drain = _pipeline(settings, source, observation.spool_sink(store), gate, scripts, spool, trial=trial)
        readiness, scrape = observation.joined(source, pipeline, canary, spool)
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
                judge = Judge(pool, rule=_frozen_rule(settings))
                tasks.create_task(judge.follow(every_s=settings.quality_seconds), name="quality")
                _dispatch(settings, pool, tasks)
                tasks.create_task(retell(pool, scripts, every_s=_LOOK_FOR_RETELLINGS_EVERY_S), name="retelling")
                tasks.create_task(readiness.tell(Workers(pool), every_s=settings.tick_seconds), name="readiness")
        except* SessionTakenOverError as taken:
            # One sentence for whoever reads the log, not a group.
            raise taken.exceptions[0] from None


def _frozen_rule(settings: Settings) -> FrozenRule:
    return FrozenRule(
        begins=time.fromisoformat(settings.quality_day_begins),
        ends=time.fromisoformat(settings.quality_day_ends),
        most_values=settings.quality_frozen_values,
        least_capacity=settings.quality_frozen_capacity,
    )


def _dispatch(settings: Settings, pool: Pool, tasks: asyncio.TaskGroup) -> None:
    """Send commands, where a network server takes them: over a session of their own, so that no frame waits for one."""
    if not settings.downlink_topic:
        return
    postbox = _mqtt_postbox(settings, tasks) if settings.source == "mqtt" else _cluster_postbox(settings, tasks)
    queue = CommandStore(pool, now=utc_now, can_send=True)
    dispatch = Dispatch(postbox, queue, topic=settings.downlink_topic, every_s=_LOOK_FOR_COMMANDS_EVERY_S)
    tasks.create_task(dispatch.send(), name="commands")
    tasks.create_task(dispatch.listen(), name="command-reports")


def _mqtt_postbox(settings: Settings, tasks: asyncio.TaskGroup) -> Postbox:
    broker = replace(_ingest_broker(settings), client_id=f"{settings.mqtt_client_id}-commands")
    postbox = MqttSource(broker, COMMAND_FILTERS, now=utc_now)
    tasks.create_task(postbox.run(), name="command-source")
    return postbox


def _cluster_postbox(settings: Settings, tasks: asyncio.TaskGroup) -> Postbox:
    """Sent over MQTT to any node, under a name that no other worker has; heard of by a consumer that they share."""
    addresses = [
        address.strip().rpartition(":") for address in settings.nats_mqtt_servers.split(",") if address.strip()
    ]
    nodes = tuple((host, int(port)) for host, _, port in addresses) or ((settings.mqtt_host, settings.mqtt_port),)
    broker = replace(
        _ingest_broker(settings),
        host=nodes[0][0],
        port=nodes[0][1],
        others=nodes[1:],
        version="3.1.1",
        client_id=f"{settings.mqtt_client_id}-commands-{socket.gethostname()}-{os.getpid()}",
        session_expiry_s=None,
    )
    sender = MqttSource(broker, (), now=utc_now)
    consumer = replace(
        _cluster(settings),
        durable=f"{settings.nats_consumer}-commands",
        # Once no command is sent any more, nothing may be kept for those who sent them.
        forget_after_s=LONGEST_LIFETIME.total_seconds(),
    )
    heard = JetStreamSource(consumer, COMMAND_FILTERS, now=utc_now)
    tasks.create_task(sender.run(), name="command-sender")
    tasks.create_task(heard.run(), name="command-source")
    return Relay(sender, heard)


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
    return JetStreamSource(_cluster(settings), INGEST_FILTERS, now=utc_now)


def _cluster(settings: Settings) -> Cluster:
    return Cluster(
        servers=[server.strip() for server in settings.nats_servers.split(",")],
        username=settings.mqtt_username,
        password=settings.mqtt_password.get_secret_value(),
        durable=settings.nats_consumer,
        ack_wait_s=settings.nats_ack_wait_s,
        max_ack_pending=settings.mqtt_receive_maximum,
        keepalive_s=settings.mqtt_keepalive_s,
    )


def _pipeline(
    settings: Settings,
    source: Source,
    sink: FrameSink,
    gate: FloodGate,
    scripts: ScriptedModels,
    spool: SpoolQueue | None = None,
    canary: Canary | None = None,
    trial: Reader = read_here,
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
        trial=trial,
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
        signs, sign_tasks = sign_doors(settings, pool, live)
        doors = Doors(
            live=live,
            signs=signs,
            alarms=alarms,
            quality=StoreQuality(pool),
            inspection=StoreInspection(pool, now=utc_now),
            codecs=codecs,
            registry=StoreRegister(pool, now=utc_now),
            records=StoreDeviceRecords(pool, scripts, now=utc_now),
            silent_after=scripts.silent_after,
            commands=CommandStore(pool, now=utc_now, can_send=bool(settings.downlink_topic)),
            pushed=pushed,
            scopes_of=signs.scopes_of,
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
                *(tasks.create_task(task(), name=name) for name, task in sign_tasks.items()),
            ]
            if has_outlets(settings):
                told = tell_signs(settings, pool, live, signs.frames)
                keeping.append(tasks.create_task(told, name="sign-outlets"))
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
    drafts = read_drafts(settings)
    places = read_places(settings.places_file, drafts)
    borough = Borough(places, seed=settings.simulator_seed, begins_at=begins_at, drafts=drafts.values())
    async with open_publisher(_simulator_broker(settings)) as publisher:
        now = begins_at
        # Telling the past takes a while, which then is past as well.
        while utc_now() - now > timedelta(seconds=1):
            now = utc_now()
            await replay(borough, publisher.publish, until=now, report=report)
            await publisher.drain()
        logger.info("the past is told, the present begins", extra={"action": "simulator_live"})
        clock = SimClock(now, speed=settings.simulator_speed)
        async with asyncio.TaskGroup() as playing:
            if settings.downlink_topic:
                publisher.listen(COMMANDS_FILTER)
                playing.create_task(answer(borough, publisher.hear, publisher.publish, now=utc_now))
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
