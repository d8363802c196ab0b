"""Metrics and readiness of each process, joined from what its parts know of themselves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from api.metrics import AlarmMetrics, HttpMeter, LiveMetrics
from api.routes.health import looker
from domain.live import Clock, Live
from domain.readiness import Finding, Look, of_workers
from ingest.canary import Canary
from ingest.http_source import HttpSource
from ingest.jetstream import JetStreamSource
from ingest.metered import Meter, MeteredSink, StoreWord
from ingest.metrics import LinkMetrics, SourceMetrics, SpoolMetrics
from ingest.mqtt import MqttSource
from ingest.pipeline import FrameSink, Pipeline
from ingest.readiness import Readiness
from ingest.spool_queue import SpoolQueue
from store.alarms import KnownAlarms
from store.history.watch import HistoryWatch
from store.workers import KnownWorkers

Scrape = Callable[[str], tuple[bytes, str]]


@dataclass(frozen=True, slots=True, eq=False)
class ReadinessMetrics(Collector):
    """The checks behind /readyz."""

    look: Look

    def collect(self) -> Iterator[Metric]:
        """One family."""
        family = GaugeMetricFamily("smartplace_ready", "1 while a check of /readyz is green.", labels=["check"])
        for check in self.look():
            family.add_metric([check.name], float(check.ok))
        yield family


@dataclass(frozen=True, slots=True, eq=False)
class HistoryMetrics(Collector):
    """How far history is behind, as of the last look."""

    watch: HistoryWatch

    def collect(self) -> Iterator[Metric]:
        """Every family; NaN before the first look."""
        nan = float("nan")
        status = self.watch.status
        due, lag_s, age_s = (status.due_assets, status.lag_s, status.facts_age_s) if status else (nan, nan, nan)
        for name, says, value in (
            ("due_assets", "Bays and benches of which history is to be told anew.", due),
            ("lag_seconds", "For how long the first of them waits.", lag_s),
            ("facts_age_seconds", "From the end of facts to what ingest vouches for.", age_s),
        ):
            family = GaugeMetricFamily(f"smartplace_history_{name}", says)
            family.add_metric([], value)
            yield family


class IngestObservation:
    """Of one ingest process."""

    def __init__(self, worker: str, source: str, *, now: Clock, silent_after: timedelta) -> None:
        self._worker = worker
        self._silent_after = silent_after
        self._now = now
        self._store = StoreWord(answered_at=now())
        self._meter = Meter(source)
        self._spool_meter = Meter("spool")

    def live_sink(self, sink: FrameSink) -> MeteredSink:
        """The sink, counted, for what the source brings."""
        return MeteredSink(sink, self._meter, self._store, now=self._now)

    def spool_sink(self, sink: FrameSink) -> MeteredSink:
        """The sink, counted, for what comes out of the spool."""
        return MeteredSink(sink, self._spool_meter, self._store, now=self._now)

    def joined(
        self,
        source: MqttSource | JetStreamSource,
        pipeline: Pipeline,
        canary: Canary,
        spool: SpoolQueue | None,
        watch: HistoryWatch,
    ) -> tuple[Readiness, Scrape]:
        """Its readiness, and its metrics."""
        readiness = Readiness(
            self._worker,
            link=source,
            store=self._store,
            silent_after=self._silent_after,
            canary=canary,
            spool=spool,
            now=self._now,
        )
        meters = [self._meter] if spool is None else [self._meter, self._spool_meter]
        collectors: list[Collector] = [
            SourceMetrics(meters=meters, queue=source, hand=pipeline, now=self._now),
            LinkMetrics(source=self._meter.source, link=source, canary=canary),
            HistoryMetrics(watch),
            ReadinessMetrics(readiness.look),
        ]
        if spool is not None:
            collectors.append(SpoolMetrics(spool))
        return readiness, _scraper(collectors)


class ServeObservation:
    """Of the web server, which also keeps what is pushed."""

    def __init__(self, live: Live, workers: KnownWorkers, *, now: Clock, stale_after: timedelta) -> None:
        self._live = live
        self._workers = workers
        self._now = now
        self._stale_after = stale_after
        self._pushed = Meter("http")
        self.requests = HttpMeter()
        self.look = looker(live, now, stale_after=stale_after, others=self._others)

    def sink(self, sink: FrameSink) -> MeteredSink:
        """The sink, counted, for what is pushed."""
        return MeteredSink(sink, self._pushed, StoreWord(answered_at=self._now()), now=self._now)

    def scraper(self, source: HttpSource, pipeline: Pipeline, alarms: KnownAlarms) -> Scrape:
        """Its metrics."""
        return _scraper(
            [
                self.requests,
                LiveMetrics(self._live, self._now),
                SourceMetrics(meters=[self._pushed], queue=source, hand=pipeline, now=self._now),
                AlarmMetrics(lambda: alarms.counts),
                ReadinessMetrics(self.look),
            ]
        )

    def _others(self) -> Iterator[Finding]:
        silent = self._now() - self._workers.answered_at
        detail = f"The database last answered {silent.total_seconds():.0f} s ago."
        yield Finding(name="database", ok=silent <= self._stale_after, detail=detail)
        yield from of_workers(self._workers.reports)


def _scraper(collectors: list[Collector]) -> Scrape:
    registry = CollectorRegistry()
    for collector in [*collectors, ProcessCollector(registry=None)]:
        registry.register(collector)

    def scrape(accept: str) -> tuple[bytes, str]:
        encode, media_type = choose_encoder(accept)
        return encode(registry), media_type

    return scrape
