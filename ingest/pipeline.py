"""The way of an uplink: open, decode, keep, and only then acknowledge."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from domain.errors import (
    Reason,
    StoreRefusedError,
    StoreUnavailableError,
)
from domain.ids import DeviceId
from domain.live import Clock
from domain.security import NetworkNotice
from domain.uplinks import Accepted, Rejected, Stored
from ingest.canary import Canary
from ingest.flood import FloodGate
from ingest.reading import Outcome, read_delivery, reject
from ingest.source import Delivery, Source
from ingest.spool_queue import SpoolQueue

logger = logging.getLogger(__name__)

T = TypeVar("T")

_BACKOFF_S = (0.1, 5.0)
# Longer than any broker or network server holds a frame back.
_REMEMBER_FRAMES = timedelta(days=15)
_FORGET_EVERY = timedelta(hours=1)
# While frames cannot arrive, or the store is away: how soon to look whether they can.
_LOOK_AGAIN_S = 0.2


class FrameSink(Protocol):
    """Where frames are kept."""

    def model_of(self, device_id: DeviceId) -> str | None:
        """The model of a device, as of the last refresh."""
        ...

    async def refresh(self) -> None:
        """Learn of new devices; may raise StoreUnavailableError."""
        ...

    async def write(
        self, accepted: Sequence[Accepted], rejected: Sequence[Rejected], *, notices: Sequence[NetworkNotice] = ()
    ) -> Stored:
        """Keep a batch, committed on return; may raise StoreUnavailableError, StoreRefusedError."""
        ...

    async def tick(self, *, as_of: datetime) -> int:
        """Confirm that frames were being received at `as_of`; may raise StoreUnavailableError."""
        ...

    async def forget_frames(self, *, before: datetime) -> None:
        """Stop remembering frames seen before that moment; may raise StoreUnavailableError."""
        ...


@dataclass(frozen=True, slots=True)
class _Item:
    delivery: Delivery
    outcome: Outcome


class Pipeline:
    """Takes deliveries from a source and keeps them in a sink, batch by batch."""

    def __init__(
        self,
        source: Source,
        sink: FrameSink,
        *,
        gate: FloodGate,
        now: Clock,
        batch_rows: int,
        linger_s: float,
        spool: SpoolQueue | None = None,
        canary: Canary | None = None,
    ) -> None:
        self._source = source
        self._sink = sink
        self._gate = gate
        self._now = now
        self._batch_rows = batch_rows
        self._linger_s = linger_s
        self._spool = spool
        self._canary = canary
        self.in_hand_since: datetime | None = None
        self.counts: Counter[str] = Counter()

    async def run(self) -> None:
        """Keep batches until cancelled. A batch that cannot be kept yet is not acknowledged and tried again."""
        while True:
            deliveries = await self._source.batch(most=self._batch_rows, linger_s=self._linger_s)
            self.in_hand_since = deliveries[0].received_at
            await self.keep(deliveries)
            self.in_hand_since = None

    async def keep(self, deliveries: Sequence[Delivery]) -> None:
        """Make one batch safe, in the store or else in the spool, then acknowledge it; the canaries in it, too."""
        if self._canary is None:
            await self._keep(deliveries)
            return
        others, canaries = self._canary.apart(deliveries)
        if others:
            await self._keep(others)
        for delivery in canaries:
            self._canary.hear(delivery.payload)
            self._source.acknowledge(delivery.token)

    async def _keep(self, deliveries: Sequence[Delivery]) -> None:
        if self._spool is None:
            await self._store(deliveries)
        else:
            await self._spool.store_or_keep(deliveries, self._store)
            # What went to the spool is safe as well; for the rest this is the second time, and nothing happens.
            for delivery in deliveries:
                self._source.acknowledge(delivery.token)

    async def drain(self) -> None:
        """Until cancelled: bring what is in the spool into the store, oldest first."""
        if self._spool is not None:
            await self._spool.drain(self._store, most=self._batch_rows)

    async def _store(self, deliveries: Sequence[Delivery]) -> None:
        items = [self._read(delivery) for delivery in deliveries]
        if any(_is_unknown(item.outcome) for item in items):
            # It may have been installed a moment ago.
            await self._until_available(self._sink.refresh)
            items = [self._read(item.delivery) if _is_unknown(item.outcome) else item for item in items]
        for item in await self._write(items):
            self._source.acknowledge(item.delivery.token, item.outcome if isinstance(item.outcome, Rejected) else None)

    async def stay_current(self, *, every_s: float) -> None:
        """Until cancelled: learn of places that were imported. What `tick` does, without confirming the present."""
        while True:
            await self._until_available(self._sink.refresh)
            await asyncio.sleep(every_s)

    async def tick(self, *, every_s: float) -> None:
        """Until cancelled: while messages arrive, confirm the present; forget old frames."""
        forget_at = self._now()
        while True:
            ready = False
            try:
                await self._sink.refresh()
                ready = self._source.ready and not (self._canary and self._canary.is_late)
                if ready:
                    await self._sink.tick(as_of=self._now())
                if self._now() >= forget_at:
                    await self._sink.forget_frames(before=self._now() - _REMEMBER_FRAMES)
                    forget_at = self._now() + _FORGET_EVERY
            except StoreUnavailableError as error:
                logger.warning("cannot confirm the present: %s", error, extra={"action": "tick_failed"})
            await asyncio.sleep(every_s if ready else min(every_s, _LOOK_AGAIN_S))

    def _read(self, delivery: Delivery) -> _Item:
        outcome = read_delivery(delivery, self._sink.model_of)
        if isinstance(outcome, Accepted) and not self._gate.admits(
            outcome.uplink.device_id, outcome.uplink.observed_at
        ):
            device_id = outcome.uplink.device_id
            name = self._gate.letter(device_id, delivery.received_at)
            outcome = reject(delivery, Reason.FLOOD, "above this device's rate", device_id, same_as=name)
        return _Item(delivery, outcome)

    async def _write(self, items: Sequence[_Item]) -> Sequence[_Item]:
        """Keep these; gives them back as they were kept: what the store refuses has become a dead letter."""
        accepted = [item.outcome for item in items if isinstance(item.outcome, Accepted)]
        rejected = [item.outcome for item in items if isinstance(item.outcome, Rejected)]
        notices = [item.outcome for item in items if isinstance(item.outcome, NetworkNotice)]
        try:
            stored = await self._until_available(lambda: self._sink.write(accepted, rejected, notices=notices))
        except StoreRefusedError as error:
            return await self._write_apart(items, error)
        self._count(stored, rejected)
        return items

    async def _write_apart(self, items: Sequence[_Item], error: StoreRefusedError) -> Sequence[_Item]:
        """One bad row must not cost its batch: halve until it is alone, then set it aside."""
        if len(items) > 1:
            middle = len(items) // 2
            return [*await self._write(items[:middle]), *await self._write(items[middle:])]
        (item,) = items
        if isinstance(item.outcome, Rejected):
            raise error
        device_id = (item.outcome.uplink if isinstance(item.outcome, Accepted) else item.outcome).device_id
        refused = reject(item.delivery, Reason.REFUSED_BY_STORE, str(error), device_id)
        return await self._write([_Item(item.delivery, refused)])

    async def _until_available(self, action: Callable[[], Awaitable[T]]) -> T:
        attempt = 0
        while True:
            try:
                return await action()
            except StoreUnavailableError as error:
                logger.warning("the store is away: %s", error, extra={"action": "store_retry", "attempt": attempt})
            least, most = _BACKOFF_S
            await asyncio.sleep(random.uniform(least, min(most, least * 2 ** min(attempt, 8))))  # noqa: S311
            attempt += 1

    def _count(self, stored: Stored, rejected: Sequence[Rejected]) -> None:
        self.counts["kept"] += stored.kept
        self.counts["duplicates"] += stored.duplicates
        for item in rejected:
            self.counts[item.reason.value] += 1
            logger.warning(
                "set aside: %s",
                item.detail,
                extra={"action": "dead_letter", "reason": item.reason.value, "topic": item.topic},
            )


def _is_unknown(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejected) and outcome.reason is Reason.UNKNOWN_DEVICE
