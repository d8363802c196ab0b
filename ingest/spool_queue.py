"""When the store is away for long: frames go to the spool and are acknowledged, and come back in order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from domain.readiness import SPOOL_ALARM_FILL
from ingest.source import Delivery, Token
from ingest.spool import Spool, Spooled

logger = logging.getLogger(__name__)

_LOOK_AGAIN_S = 0.5

Store = Callable[[Sequence[Delivery]], Awaitable[None]]
"""Keeps a batch for good; tries until it can, or is cancelled. Doing it twice changes nothing."""


class SpoolQueue:
    """Decides between store and spool. `after_s` is how long the store may take before the spool takes over."""

    def __init__(self, spool: Spool, *, after_s: float) -> None:
        self._spool = spool
        self._after_s = after_s
        # SQLite works in threads, one at a time.
        self._turn = asyncio.Lock()

    @property
    def depth(self) -> int:
        """Messages in the spool."""
        return self._spool.depth

    @property
    def bytes(self) -> int:
        """How much room they take."""
        return self._spool.bytes

    @property
    def fill(self) -> float:
        """How full the spool is, 0..1."""
        return self._spool.fill

    async def store_or_keep(self, deliveries: Sequence[Delivery], store: Store) -> None:
        """Return when the batch is safe. While older messages are in the spool, newer ones queue up behind them."""
        if not self._spool.depth:
            try:
                async with asyncio.timeout(self._after_s):
                    await store(deliveries)
            except TimeoutError:
                # It may have been committed all the same: the store recognises the frames when they come again.
                logger.warning("the store is away: spooling", extra={"action": "spool_began"})
            else:
                return
        if not await self._append(deliveries):
            logger.error("the spool is full: frames wait in the broker", extra={"action": "spool_full"})
            await store(deliveries)

    async def drain(self, store: Store, *, most: int) -> None:
        """Until cancelled: store what is in the spool, oldest first, at most `most` at a time."""
        while True:
            async with self._turn:
                oldest = await asyncio.to_thread(self._spool.oldest, most)
            if not oldest:
                await asyncio.sleep(_LOOK_AGAIN_S)
                continue
            await store([_delivery(message) for message in oldest])
            await self._remove(oldest)
            if not self._spool.depth:
                logger.info("the spool is empty again", extra={"action": "spool_ended"})

    async def _remove(self, messages: Sequence[Spooled]) -> None:
        while True:
            async with self._turn:
                if await asyncio.to_thread(self._spool.remove, messages):
                    return
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _append(self, deliveries: Sequence[Delivery]) -> bool:
        rows = [(item.topic, item.payload, item.retained, item.received_at) for item in deliveries]
        was_below = self._spool.fill < SPOOL_ALARM_FILL
        async with self._turn:
            is_safe = await asyncio.to_thread(self._spool.append, rows)
        if was_below and self._spool.fill >= SPOOL_ALARM_FILL:
            logger.error("the spool is half full", extra={"action": "spool_alarm", "depth": self._spool.depth})
        return is_safe


def _delivery(message: Spooled) -> Delivery:
    return Delivery(
        topic=message.topic,
        payload=message.payload,
        retained=message.retained,
        received_at=message.received_at,
        # Its broker has heard already that it is safe.
        token=Token(),
        redelivered=True,
    )
