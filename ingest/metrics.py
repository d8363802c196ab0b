"""What Prometheus reads of ingest. Labels are few: sources, reasons, codes and checks, never devices or topics."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from domain.errors import Reason
from domain.live import Clock
from ingest.canary import Canary
from ingest.metered import NOTICE_CODES, OTHER, Meter
from ingest.source import Link
from ingest.spool_queue import SpoolQueue

_COUNTED = (
    ("uplinks_accepted", "Uplinks that were committed for the first time.", "accepted"),
    ("uplinks_duplicate", "Uplinks that were there already.", "duplicates"),
    ("store_failures", "Attempts at which the database did not answer.", "failures"),
)
_MEASURED = (
    ("uplink_lag_seconds", "From when a frame was sent to its commit.", "lag_s"),
    ("uplink_delay_seconds", "From the receipt of a frame to its commit.", "delay_s"),
    ("commit_seconds", "Duration of one transaction.", "commit_s"),
    ("batch_messages", "Messages in one transaction.", "batch"),
)


class Queue(Protocol):
    """Where messages wait for the pipeline."""

    @property
    def waiting(self) -> int:
        """Messages that were received, or are known of, and not yet taken."""
        ...


class Hand(Protocol):
    """What the pipeline holds."""

    @property
    def in_hand_since(self) -> datetime | None:
        """When the oldest message came that is not acknowledged; None where all are."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceMetrics(Collector):
    """A source: `meters` are its own, and that of its spool if it has one."""

    meters: Sequence[Meter]
    queue: Queue
    hand: Hand
    now: Clock

    def collect(self) -> Iterator[Metric]:
        """Every family, also of what has not happened yet."""
        for name, says, attribute in _COUNTED:
            yield _counter(name, says, [((meter.source,), getattr(meter, attribute)) for meter in self.meters])
        for name, says, attribute in _MEASURED:
            family = HistogramMetricFamily(f"smartplace_{name}", says, labels=["source"])
            for meter in self.meters:
                histogram = getattr(meter, attribute)
                family.add_metric([meter.source], histogram.buckets, histogram.sum)
            yield family
        rejected = [
            ((meter.source, reason.value), meter.rejected[reason]) for meter in self.meters for reason in Reason
        ]
        yield _counter("uplinks_rejected", "Messages that were set aside.", rejected, "reason")
        codes = [*sorted(NOTICE_CODES), OTHER]
        noticed = [((meter.source, code), meter.notices[code]) for meter in self.meters for code in codes]
        yield _counter("network_notices", "What network servers noticed, as delivered.", noticed, "code")
        source = self.meters[0].source
        since = self.hand.in_hand_since
        age = (self.now() - since).total_seconds() if since else 0.0
        yield _gauge("oldest_unacknowledged_seconds", "Age of the oldest message in hand.", age, source)
        yield _gauge("queue_messages", "Messages that wait for the pipeline.", self.queue.waiting, source)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinkMetrics(Collector):
    """The connection to the broker, and what comes back through it."""

    source: str
    link: Link
    canary: Canary

    def collect(self) -> Iterator[Metric]:
        """Every family."""
        label = (self.source,)
        yield _gauge("subscribed", "1 while every subscription is granted.", self.link.ready, self.source)
        yield _counter("broker_reconnects", "Connections after the first.", [(label, self.link.reconnects)])
        lost = [(label, self.link.sessions_lost)]
        yield _counter("broker_sessions_lost", "Connections to a broker that had lost our session.", lost)
        age = self.canary.age
        seconds = age.total_seconds() if age is not None else float("nan")
        yield _gauge("canary_age_seconds", "Since the newest message to ourselves that came back was sent.", seconds)


@dataclass(frozen=True, slots=True, eq=False)
class SpoolMetrics(Collector):
    """What is safe on disk and not yet in the database."""

    spool: SpoolQueue

    def collect(self) -> Iterator[Metric]:
        """Every family."""
        yield _gauge("spool_messages", "Messages in the spool.", self.spool.depth)
        yield _gauge("spool_bytes", "Their size.", self.spool.bytes)
        yield _gauge("spool_fill_ratio", "Share of the spool that is used, 0 to 1.", self.spool.fill)


def _counter(
    name: str, says: str, samples: Sequence[tuple[tuple[str, ...], int]], *more_labels: str
) -> CounterMetricFamily:
    family = CounterMetricFamily(f"smartplace_{name}", says, labels=["source", *more_labels])
    for labels, value in samples:
        family.add_metric(labels, value)
    return family


def _gauge(name: str, says: str, value: float, source: str | None = None) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"smartplace_{name}", says, labels=["source"] if source else [])
    family.add_metric([source] if source else [], float(value))
    return family
