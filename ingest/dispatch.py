"""Sends commands to devices through the broker, and hears what became of them."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from domain.commands import Command, Report
from domain.errors import RejectedFrameError, StoreUnavailableError
from ingest.downlinks import message_of, read_report
from ingest.source import Delivery, Source

logger = logging.getLogger(__name__)

_AT_ONCE = 20
_RETRY_S = 1.0


class Taken(Protocol):
    """What a sender says of the commands that it took."""

    async def sent(self, command: Command) -> None:
        """The broker has it."""


class CommandQueue(Protocol):
    """The store, as this module needs it; every method may raise StoreUnavailableError."""

    def taken(self, *, limit: int) -> AbstractAsyncContextManager[tuple[Sequence[Command], Taken]]:
        """Commands to send, which nobody else is given meanwhile."""
        ...

    async def hear(self, reports: Sequence[Report]) -> None:
        """Apply what networks say."""
        ...

    async def expire(self) -> int:
        """End those whose time is over."""
        ...


class Postbox(Source, Protocol):
    """A source that can also send."""

    async def deliver(self, topic: str, payload: bytes) -> None:
        """Publish, and wait for the broker's word that it has it; OSError or TimeoutError where it has not."""
        ...


class Dispatch:
    """`topic` is where the network server takes commands, with `{dev_eui}` in the place of the device."""

    def __init__(self, postbox: Postbox, queue: CommandQueue, *, topic: str, every_s: float) -> None:
        self._postbox = postbox
        self._queue = queue
        self._topic = topic
        self._every_s = every_s

    async def send(self) -> None:
        """Until cancelled: send what is queued, and end what is over.

        A command is sent when the broker has acknowledged it, and noted as sent after that: whoever dies in between
        leaves it to be sent again, under the same id.
        """
        while True:
            found = 0
            try:
                await self._queue.expire()
                if self._postbox.ready:
                    found = await self._send_some()
            except StoreUnavailableError as error:
                logger.warning("commands wait for the store: %s", error, extra={"action": "commands_wait"})
            except (OSError, TimeoutError) as error:
                logger.warning("commands wait for the broker: %s", error, extra={"action": "commands_wait"})
            if found < _AT_ONCE:
                await asyncio.sleep(self._every_s)

    async def listen(self) -> None:
        """Until cancelled: hear what became of commands; acknowledged once it is in the store."""
        while True:
            deliveries = await self._postbox.batch(most=100, linger_s=0)
            reports = [report for delivery in deliveries if (report := _read(delivery)) is not None]
            if reports:
                await self._hear(reports)
            for delivery in deliveries:
                self._postbox.acknowledge(delivery.token)

    async def _hear(self, reports: Sequence[Report]) -> None:
        while True:
            try:
                return await self._queue.hear(reports)
            except StoreUnavailableError as error:
                logger.warning("the store is away: %s", error, extra={"action": "store_retry"})
            await asyncio.sleep(_RETRY_S)

    async def _send_some(self) -> int:
        async with self._queue.taken(limit=_AT_ONCE) as (commands, taken):
            for command in commands:
                topic = self._topic.replace("{dev_eui}", command.device_id)
                await self._postbox.deliver(topic, message_of(command, topic))
                await taken.sent(command)
                extra = {"action": "command_sent", "command_id": str(command.command_id), "device": command.device_id}
                logger.info("sent a command", extra=extra)
        return len(commands)


def _read(delivery: Delivery) -> Report | None:
    try:
        return None if delivery.retained else read_report(delivery)
    except RejectedFrameError as error:
        # Of log events, ingest itself makes dead letters; the others are of no use to anybody.
        logger.warning("not understood: %s", error, extra={"action": "report_rejected", "topic": delivery.topic})
        return None
