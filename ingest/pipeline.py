"""The way of an uplink: open, decode, keep, and only then acknowledge."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import msgspec

from domain.codec_scripts import ScriptedModels
from domain.errors import (
    MENDABLE,
    Reason,
    StoreRefusedError,
    StoreUnavailableError,
)
from domain.ids import DeviceId
from domain.live import Clock
from domain.security import NetworkNotice
from domain.uplinks import Accepted, Rejected, Stored
from ingest.backoff import backoff_s
from ingest.canary import Canary
from ingest.flood import FloodGate
from ingest.reading import Outcome, Reader, read_deliveries, read_here, reject
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
# A message that is not safe for this long after it came: the present moves on, and the store does not know.
_STUCK_AFTER = timedelta(seconds=5)
# What can never be a frame, and fills a disk all the same.
_HOPELESS = frozenset(Reason) - MENDABLE - {Reason.DEADLY}
# Batches on their way at once: while the store writes one, the next is read.
_LANES = 2


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

    async def noted(self, message_keys: Sequence[bytes]) -> Collection[bytes]:
        """Those of these messages that were noted and not acquitted; may raise StoreUnavailableError."""
        ...

    async def note(self, message_keys: Sequence[bytes]) -> None:
        """Note, committed on return, that these are read now; may raise StoreUnavailableError."""
        ...

    async def acquit(self, message_keys: Sequence[bytes]) -> None:
        """Nobody needs to suspect these messages any more; may raise StoreUnavailableError."""
        ...


class _Item(msgspec.Struct, frozen=True, gc=False):
    delivery: Delivery
    outcome: Outcome


class Pipeline:
    """Takes deliveries from a source and keeps them in a sink, batch by batch.

    `trial` reads suspects (ingest.trial); a source that never delivers twice has none.
    """

    def __init__(  # noqa: PLR0913  what it joins, each by its name
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
        scripts: ScriptedModels | None = None,
        trial: Reader = read_here,
    ) -> None:
        self._source = source
        self._sink = sink
        self._gate = gate
        self._now = now
        self._batch_rows = batch_rows
        self._linger_s = linger_s
        self._spool = spool
        self._scripts = scripts
        self._trial = trial
        # One batch is read at a time: whoever dies of it casts no suspicion on what another batch had noted.
        self._reading = asyncio.Lock()
        self._canary = canary
        # The batches on their way: when the first message of each came.
        self._in_hand: dict[object, datetime] = {}

    @property
    def in_hand_since(self) -> datetime | None:
        """When the oldest message came that is being kept; None where none is."""
        return min(self._in_hand.values(), default=None)

    async def run(self) -> None:
        """Keep batches until cancelled. A batch that cannot be kept yet is not acknowledged and tried again.

        One batch is read while another is being written. A frame waits for company only where it would wait anyhow:
        while another batch is on its way.
        """
        lanes = asyncio.Semaphore(_LANES)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await lanes.acquire()
                linger_s = self._linger_s if self._in_hand else 0
                deliveries = await self._source.batch(most=self._batch_rows, linger_s=linger_s)
                tasks.create_task(self.keep(deliveries)).add_done_callback(lambda _: lanes.release())

    async def keep(self, deliveries: Sequence[Delivery]) -> None:
        """Make one batch safe, in the store or else in the spool, then acknowledge it; the canaries in it, too."""
        others, canaries = self._canary.apart(deliveries) if self._canary else (deliveries, [])
        batch = object()
        self._in_hand[batch] = deliveries[0].received_at
        try:
            if others:
                await self._make_safe(others)
        finally:
            del self._in_hand[batch]
        self._hear(canaries)

    def _hear(self, canaries: Sequence[Delivery]) -> None:
        for delivery in canaries:
            assert self._canary is not None
            self._canary.hear(delivery.payload)
            self._source.acknowledge(delivery.token)

    async def _make_safe(self, deliveries: Sequence[Delivery]) -> None:
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
        again = [delivery for delivery in deliveries if delivery.redelivered]
        if again:
            await self._store_warily(again)
        first = [delivery for delivery in deliveries if not delivery.redelivered]
        if first:
            async with self._reading:
                items = await self._read_all(first)
            await self._keep(items)

    async def _store_warily(self, deliveries: Sequence[Delivery]) -> None:
        """Store what was handed over before: somebody may have died of reading it.

        Each is noted before it is read and acquitted as soon as that went well: whoever is killed while it waits for
        the store leaves no suspects. One that was noted before is a suspect, and no more than that: most processes
        are killed from outside. It is read on trial, where only the death of a process that reads nothing else counts.
        """
        by_key = {delivery.key: delivery for delivery in deliveries}
        noted = await self._until_available(lambda: self._sink.noted(list(by_key)))
        await self._keep(await self._read_noted([by_key[key] for key in by_key if key not in noted]))
        if suspects := [key for key in by_key if key in noted]:
            items = await self._read_all([by_key[key] for key in suspects], self._trial)
            await self._keep(items)
            # One that kills stays a suspect: the broker may have sent it again meanwhile, and it is read here no more.
            innocent = [item.delivery.key for item in items if not _is_deadly(item.outcome)]
            await self._until_available(lambda: self._sink.acquit(innocent))
        # The same message twice in one batch: safe with the first.
        for delivery in deliveries:
            self._source.acknowledge(delivery.token)

    async def _read_noted(self, deliveries: Sequence[Delivery]) -> list[_Item]:
        keys = [delivery.key for delivery in deliveries]
        if not keys:
            return []
        async with self._reading:
            await self._until_available(lambda: self._sink.note(keys))
            items = await self._read_all(deliveries)
            await self._until_available(lambda: self._sink.acquit(keys))
        return items

    async def _read_all(self, deliveries: Sequence[Delivery], reader: Reader = read_here) -> list[_Item]:
        items = await self._read(deliveries, reader)
        if unknown := [item.delivery for item in items if _is_unknown(item.outcome)]:
            # It may have been installed a moment ago.
            await self._until_available(self._refresh)
            again = iter(await self._read(unknown, reader))
            items = [next(again) if _is_unknown(item.outcome) else item for item in items]
        return items

    async def _keep(self, items: Sequence[_Item]) -> None:
        for item in await self._write(items) if items else []:
            self._source.acknowledge(item.delivery.token, item.outcome if isinstance(item.outcome, Rejected) else None)

    async def stay_current(self, *, every_s: float) -> None:
        """Until cancelled: learn of places that were imported. What `tick` does, without confirming the present."""
        while True:
            await self._until_available(self._refresh)
            await asyncio.sleep(every_s)

    async def tick(self, *, every_s: float) -> None:
        """Until cancelled: confirm the present while the store can be said to know it; forget old frames."""
        forget_at = self._now()
        while True:
            ready = False
            try:
                await self._refresh()
                ready = self._is_current()
                if ready:
                    await self._sink.tick(as_of=self._now())
                if self._now() >= forget_at:
                    await self._sink.forget_frames(before=self._now() - _REMEMBER_FRAMES)
                    forget_at = self._now() + _FORGET_EVERY
            except StoreUnavailableError as error:
                logger.warning("cannot confirm the present: %s", error, extra={"action": "tick_failed"})
            await asyncio.sleep(every_s if ready else min(every_s, _LOOK_AGAIN_S))

    def _is_current(self) -> bool:
        """Whether what is in the store is the present: messages arrive, and none has been waiting for long."""
        oldest = self.in_hand_since
        is_stuck = oldest is not None and self._now() - oldest > _STUCK_AFTER
        is_behind = self._spool is not None and self._spool.depth > 0
        is_deaf = self._canary is not None and self._canary.is_late
        return self._source.ready and not is_deaf and not is_stuck and not is_behind

    async def _refresh(self) -> None:
        await self._sink.refresh()
        if self._scripts is not None:
            await self._scripts.refresh()

    async def _read(self, deliveries: Sequence[Delivery], reader: Reader) -> list[_Item]:
        outcomes = await read_deliveries(deliveries, self._sink.model_of, self._scripts, reader=reader)
        return [self._admitted(*pair) for pair in zip(deliveries, outcomes, strict=True)]

    def _admitted(self, delivery: Delivery, outcome: Outcome) -> _Item:
        device_id: str | None
        sender: str
        if isinstance(outcome, Accepted):
            device_id = sender = outcome.uplink.device_id
            moment = outcome.uplink.observed_at
        elif isinstance(outcome, Rejected) and outcome.reason in _HOPELESS:
            # It has no time of its own, and whom it names need not be who sent it.
            device_id, sender, moment = outcome.device_id, delivery.topic, delivery.received_at
        else:
            return _Item(delivery, outcome)
        if not self._gate.admits(sender, moment):
            name = self._gate.letter(sender, delivery.received_at)
            outcome = reject(delivery, Reason.FLOOD, "above this device's rate", device_id, same_as=name)
        return _Item(delivery, outcome)

    async def _write(self, items: Sequence[_Item]) -> Sequence[_Item]:
        """Keep these; gives them back as they were kept: what the store refuses has become a dead letter."""
        accepted = [item.outcome for item in items if isinstance(item.outcome, Accepted)]
        rejected = [item.outcome for item in items if isinstance(item.outcome, Rejected)]
        notices = [item.outcome for item in items if isinstance(item.outcome, NetworkNotice)]
        try:
            await self._until_available(lambda: self._sink.write(accepted, rejected, notices=notices))
        except StoreRefusedError as error:
            return await self._write_apart(items, error)
        _tell(rejected)
        return items

    async def _write_apart(self, items: Sequence[_Item], error: StoreRefusedError) -> Sequence[_Item]:
        """One bad row must not cost its batch: halve until it is alone, then set it aside."""
        if len(items) > 1:
            middle = len(items) // 2
            return [*await self._write(items[:middle]), *await self._write(items[middle:])]
        (item,) = items
        if isinstance(item.outcome, Rejected):
            return await self._insist(item.delivery, item.outcome)
        device_id = (item.outcome.uplink if isinstance(item.outcome, Accepted) else item.outcome).device_id
        refused = reject(item.delivery, Reason.REFUSED_BY_STORE, str(error), device_id)
        return await self._write([_Item(item.delivery, refused)])

    async def _insist(self, delivery: Delivery, letter: Rejected) -> Sequence[_Item]:
        """A dead letter that is refused: once more without its words. Refused again, it is not the letter's fault."""
        bare = reject(delivery, letter.reason, "its own words were refused", None)
        # Without the quotes: a topic of plain text stays as it is, and the message the same dead letter.
        bare = replace(bare, topic=ascii(letter.topic)[1:-1])

        async def write() -> Stored:
            try:
                return await self._sink.write([], [bare])
            except StoreRefusedError as error:
                raise StoreUnavailableError(f"no dead letter is taken: {error}") from error

        await self._until_available(write)
        _tell([bare])
        return [_Item(delivery, bare)]

    async def _until_available(self, action: Callable[[], Awaitable[T]]) -> T:
        attempt = 0
        while True:
            try:
                return await action()
            except StoreUnavailableError as error:
                logger.warning("the store is away: %s", error, extra={"action": "store_retry", "attempt": attempt})
            await asyncio.sleep(backoff_s(attempt, within=_BACKOFF_S))
            attempt += 1


def _tell(rejected: Sequence[Rejected]) -> None:
    for item in rejected:
        logger.warning(
            "set aside: %s",
            item.detail,
            extra={"action": "dead_letter", "reason": item.reason.value, "topic": item.topic},
        )


def _is_deadly(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejected) and outcome.reason is Reason.DEADLY


def _is_unknown(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejected) and outcome.reason in {Reason.UNKNOWN_DEVICE, Reason.UNKNOWN_MODEL}
