"""Joins the parts: one function for each process. Everything below takes plain values."""

import asyncio
import contextlib
import logging
import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta

from domain.codec_scripts import ScriptedModels
from domain.disclosure import PrivacyRules
from domain.errors import CommandError, SessionTakenOverError
from domain.quality import FrozenRule
from domain.topics import canary as canary_topic
from ingest.canary import Canary
from ingest.flood import FloodGate
from ingest.http_source import HttpSource
from ingest.mqtt import MqttSource
from ingest.pipeline import FrameSink, Pipeline
from ingest.probes import create_app as probes
from ingest.reading import Reader, read_here
from ingest.source import Source
from ingest.spool import Spool
from ingest.spool_queue import SpoolQueue
from ingest.trial import Trial
from simulators.answers import COMMANDS_FILTER
from simulators.clock import SimClock
from simulators.mqtt import open_publisher
from simulators.run import answer, replay, run
from simulators.transmission import Transmission
from smartplace.brokers import dispatch_commands, leaving_source, simulator_broker, source_of
from smartplace.clock import receipt_time, utc_now
from smartplace.codecs import open_book, open_shelf
from smartplace.garbage import collect_seldom
from smartplace.listener import bound, serve_until_cancelled, server
from smartplace.nightly import Nightly, compress, keep
from smartplace.observation import IngestObservation, ServeObservation
from smartplace.open_files import raise_limit, room_for_streams
from smartplace.replay import retell
from smartplace.settings import Settings
from smartplace.sign_outlets import has_outlets, tell_signs
from smartplace.signs import sign_doors, validity
from smartplace.simulation import simulated_borough
from smartplace.web import Doors, web_app
from store.alarms import KnownAlarms, StoreAlarms
from store.closures import ClosureTimes
from store.commands import CommandStore
from store.counting import Tally
from store.device_records import StoreDeviceRecords
from store.frames import FrameStore
from store.history.bench_use import StoreBenchUse
from store.history.questions import StoreHistory
from store.history.telling import History
from store.history.usual import KnownUsual
from store.history.watch import HistoryWatch
from store.inspection import StoreInspection
from store.live import open_live
from store.pool import open_pool
from store.quality import Judge, StoreQuality
from store.recounts import StoreRecounts
from store.register import StoreRegister
from store.retention import set_policies
from store.workers import KnownWorkers, Workers

logger = logging.getLogger(__name__)

_READ_WORKERS_EVERY_S = 2
_READ_ALARMS_EVERY_S = 5
_LOOK_FOR_RETELLINGS_EVERY_S = 2
_READ_USUAL_EVERY_S = 3600
_LOOK_AT_HISTORY_EVERY_S = 15
_COUNT_EVERY_S = 1
_LOOK_WHETHER_EMPTY_EVERY_S = 0.2


async def apply_policies(settings: Settings) -> None:
    """Have the database compress and drop what the settings say; raises StoreUnavailableError."""
    async with open_pool(settings.database_url.get_secret_value(), size=1) as pool:
        await set_policies(pool, keep(settings), compress(settings))


async def ingest(settings: Settings) -> None:
    """Keep frames until cancelled."""
    collect_seldom()
    with _probe_socket(settings) as probe_socket, _spool(settings) as spool:
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
        source = source_of(settings, canary.topic)
        observation = IngestObservation(
            # Workers of a cluster need no client id of their own.
            f"{settings.mqtt_client_id}@{socket.gethostname()}/{os.getpid()}",
            settings.source,
            now=utc_now,
            silent_after=_silent_after(settings),
        )
        store = FrameStore(pool, answer_within_s=settings.database_timeout_s)
        gate = _gate(settings)
        trial = Trial().read
        pipeline = _pipeline(settings, source, observation.live_sink(store), gate, scripts, spool, canary, trial)
        drain = _pipeline(settings, source, observation.spool_sink(store), gate, scripts, spool, trial=trial)
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
                tasks.create_task(ClosureTimes(pool, now=utc_now).follow(), name="closures")
                history = History(pool, now=utc_now)
                tasks.create_task(history.follow(company_s=settings.history_seconds), name="history")
                tasks.create_task(watch.follow(every_s=_LOOK_AT_HISTORY_EVERY_S), name="history-watch")
                tasks.create_task(Nightly(pool, settings, utc_now).follow(), name="nightly")
                tasks.create_task(Tally(pool, now=utc_now).follow(every_s=_COUNT_EVERY_S), name="counting")
                judge = Judge(pool, rule=_frozen_rule(settings))
                tasks.create_task(judge.follow(every_s=settings.quality_seconds), name="quality")
                dispatch_commands(settings, pool, tasks)
                tasks.create_task(retell(pool, scripts, every_s=_LOOK_FOR_RETELLINGS_EVERY_S), name="retelling")
                tasks.create_task(readiness.tell(Workers(pool), every_s=settings.tick_seconds), name="readiness")
        except* SessionTakenOverError as taken:
            # One sentence for whoever reads the log, not a group.
            raise taken.exceptions[0] from None


async def empty_session(settings: Settings) -> None:
    """Keep what waits in the session of an ingest that will not be back, and in its spool."""
    with _spool(settings) as spool:
        async with (
            open_pool(settings.database_url.get_secret_value(), size=settings.database_pool_size) as pool,
            open_book(pool, now=utc_now) as scripts,
        ):
            canary = _canary(settings)
            source = leaving_source(settings, canary.topic)
            store = FrameStore(pool, answer_within_s=settings.database_timeout_s)
            pipeline = _pipeline(settings, source, store, _gate(settings), scripts, spool, canary, Trial().read)
            await _empty(source, pipeline, canary, spool)


async def _empty(source: MqttSource, pipeline: Pipeline, canary: Canary, spool: SpoolQueue | None) -> None:
    """Return when all that the broker and the spool had is kept."""
    try:
        async with asyncio.TaskGroup() as tasks:
            working = (source.run(), pipeline.run(), pipeline.drain(), canary.sing(source))
            running = [tasks.create_task(one) for one in working]
            while True:
                await asyncio.sleep(_LOOK_WHETHER_EMPTY_EVERY_S)
                # The canary comes last of all that the broker had.
                is_heard = not (canary.is_late or source.waiting or pipeline.in_hand_since)
                if is_heard and not (spool and spool.depth):
                    break
            for task in running:
                task.cancel()
    except* SessionTakenOverError as taken:
        raise taken.exceptions[0] from None


def _frozen_rule(settings: Settings) -> FrozenRule:
    return FrozenRule(
        begins=time.fromisoformat(settings.quality_day_begins),
        ends=time.fromisoformat(settings.quality_day_ends),
        most_values=settings.quality_frozen_values,
        least_capacity=settings.quality_frozen_capacity,
    )


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
        pushed = HttpSource(now=receipt_time)
        workers = KnownWorkers(Workers(pool), now=utc_now, silent_after=_silent_after(settings))
        observation = ServeObservation(live, workers, now=utc_now, stale_after=validity(settings))
        sink = observation.sink(FrameStore(pool, answer_within_s=settings.database_timeout_s))
        pipeline = _pipeline(settings, pushed, sink, _gate(settings), scripts)
        alarms = StoreAlarms(pool, now=utc_now)
        known_alarms = KnownAlarms(alarms)
        usual = KnownUsual(pool, weeks=settings.usual_weeks)
        room = room_for_streams(raise_limit())
        signs, sign_tasks = sign_doors(settings, pool, live, usual, max_streams=room)
        doors = Doors(
            live=live,
            signs=signs,
            alarms=alarms,
            quality=StoreQuality(pool),
            recounts=StoreRecounts(pool, now=utc_now),
            inspection=StoreInspection(pool, now=utc_now),
            codecs=codecs,
            registry=StoreRegister(pool, now=utc_now),
            records=StoreDeviceRecords(pool, scripts, now=utc_now),
            silent_after=scripts.silent_after,
            commands=CommandStore(pool, now=utc_now, can_send=bool(settings.downlink_topic), others=codecs),
            history=StoreHistory(pool, rules=privacy_rules(settings)),
            usual=usual,
            bench_use=StoreBenchUse(pool, rules=privacy_rules(settings), now=utc_now),
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
                tasks.create_task(usual.follow(every_s=_READ_USUAL_EVERY_S), name="usual"),
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


def privacy_rules(settings: Settings) -> PrivacyRules:
    """What may be told in public."""
    return PrivacyRules(
        k=settings.privacy_k, benches=settings.privacy_benches, bucket_hours=settings.privacy_bucket_hours
    )


async def simulate(settings: Settings, *, begins_at: datetime, report: Callable[[Transmission], None]) -> None:
    """Play a borough until cancelled: first its past, as fast as the broker takes it, then its present."""
    borough = simulated_borough(settings, begins_at)
    async with open_publisher(simulator_broker(settings)) as publisher:
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
