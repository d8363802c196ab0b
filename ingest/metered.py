"""The store as the pipeline sees it, counted on the way: batch by batch, nothing for each frame alone."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

from domain.errors import Reason, StoreUnavailableError
from domain.histogram import Histogram
from domain.ids import DeviceId
from domain.live import Clock
from domain.security import NetworkNotice
from domain.uplinks import Accepted, Rejected, Stored
from ingest.pipeline import FrameSink

_LAG_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 86400.0)
_DELAY_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
_COMMIT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BATCH = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)

# What ChirpStack 4 says; words of newer versions are counted together, for their number has no bound.
NOTICE_CODES = frozenset({"UPLINK_F_CNT_RESET", "UPLINK_F_CNT_RETRANSMISSION", "UPLINK_MIC", "UPLINK_CODEC", "OTAA"})
OTHER = "other"


@dataclass(slots=True)
class Meter:
    """What became of the messages of one source."""

    source: str
    accepted: int = 0
    duplicates: int = 0
    failures: int = 0
    rejected: Counter[Reason] = field(default_factory=Counter)
    notices: Counter[str] = field(default_factory=Counter)
    lag_s: Histogram = field(default_factory=lambda: Histogram(_LAG_S))
    delay_s: Histogram = field(default_factory=lambda: Histogram(_DELAY_S))
    commit_s: Histogram = field(default_factory=lambda: Histogram(_COMMIT_S))
    batch: Histogram = field(default_factory=lambda: Histogram(_BATCH))

    def count(
        self,
        stored: Stored,
        accepted: Sequence[Accepted],
        rejected: Sequence[Rejected],
        notices: Sequence[NetworkNotice],
        *,
        at: datetime,
    ) -> None:
        """A batch that was committed at that moment."""
        self.accepted += stored.kept
        self.duplicates += stored.duplicates
        self.rejected.update(item.reason for item in rejected)
        self.notices.update(item.code if item.code in NOTICE_CODES else OTHER for item in notices)
        now = at.timestamp()
        self.lag_s.observe([now - frame.uplink.observed_at.timestamp() for frame in accepted])
        self.delay_s.observe([now - frame.uplink.received_at.timestamp() for frame in accepted])
        self.batch.observe([len(accepted) + len(rejected) + len(notices)])


@dataclass(slots=True)
class StoreWord:
    """Whether the store answers, by those who asked it last."""

    answered_at: datetime
    failed: bool = False


class MeteredSink:
    """Satisfies ingest.pipeline.FrameSink."""

    def __init__(self, sink: FrameSink, meter: Meter, word: StoreWord, *, now: Clock) -> None:
        self._sink = sink
        self._meter = meter
        self._word = word
        self._now = now

    def model_of(self, device_id: DeviceId) -> str | None:
        """The model of a device, as of the last refresh."""
        return self._sink.model_of(device_id)

    async def refresh(self) -> None:
        """Learn of new devices; may raise StoreUnavailableError."""
        with self._listening():
            await self._sink.refresh()

    async def write(
        self, accepted: Sequence[Accepted], rejected: Sequence[Rejected], *, notices: Sequence[NetworkNotice] = ()
    ) -> Stored:
        """Keep a batch, committed on return; may raise StoreUnavailableError, StoreRefusedError."""
        began = perf_counter()
        with self._listening():
            stored = await self._sink.write(accepted, rejected, notices=notices)
        self._meter.commit_s.observe([perf_counter() - began])
        self._meter.count(stored, accepted, rejected, notices, at=self._now())
        return stored

    async def tick(self, *, as_of: datetime) -> int:
        """Confirm that frames were being received at `as_of`; may raise StoreUnavailableError."""
        with self._listening():
            return await self._sink.tick(as_of=as_of)

    async def forget_frames(self, *, before: datetime) -> None:
        """Stop remembering frames seen before that moment; may raise StoreUnavailableError."""
        with self._listening():
            await self._sink.forget_frames(before=before)

    async def noted(self, message_keys: Sequence[bytes]) -> Collection[bytes]:
        """Those of these messages that were noted and not acquitted; may raise StoreUnavailableError."""
        with self._listening():
            return await self._sink.noted(message_keys)

    async def note(self, message_keys: Sequence[bytes]) -> None:
        """Note that these messages are about to be read; may raise StoreUnavailableError."""
        with self._listening():
            await self._sink.note(message_keys)

    async def acquit(self, message_keys: Sequence[bytes]) -> None:
        """Nobody needs to suspect these messages any more; may raise StoreUnavailableError."""
        with self._listening():
            await self._sink.acquit(message_keys)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        try:
            yield
        except StoreUnavailableError:
            self._word.failed = True
            self._meter.failures += 1
            raise
        self._word.failed, self._word.answered_at = False, self._now()
