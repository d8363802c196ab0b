"""Frames that senders push over HTTP: each waits here until the store has it, and its sender with it."""

import asyncio

from domain.errors import StoreUnavailableError
from domain.live import Clock
from domain.uplinks import Rejected
from ingest.source import Delivery, Inbox, Token


class HttpSource:
    """Satisfies ingest.source.Source.

    At most `most_waiting` frames wait for the store, and each sender `patience_s` at most: ChirpStack hangs up after 5.
    """

    def __init__(self, *, now: Clock, most_waiting: int = 1000, patience_s: float = 4) -> None:
        self._now = now
        self._patience_s = patience_s
        self._most_waiting = most_waiting
        self._inbox = Inbox()

    @property
    def ready(self) -> bool:
        """Whoever can ask for it can also push."""
        return True

    @property
    def waiting(self) -> int:
        """Messages that were received and not yet taken."""
        return len(self._inbox)

    async def batch(self, *, most: int, linger_s: float) -> list[Delivery]:
        """At least one delivery, at most `most`; the first waits at most `linger_s` for company."""
        return await self._inbox.batch(most=most, linger_s=linger_s)

    def acknowledge(self, token: Token, letter: Rejected | None = None) -> None:
        """Tell the sender that this delivery is safe; does nothing if it waited too long."""
        if isinstance(token.holder, asyncio.Future) and not token.holder.done():
            token.holder.set_result(letter)

    async def keep(self, topic: str, payload: bytes) -> Rejected | None:
        """Wait until a message is safe: None as a frame, or the dead letter that it became.

        Raises:
            StoreUnavailableError: it is not known to be safe. Sent again, it is kept once all the same.
        """
        if len(self._inbox) >= self._most_waiting:
            raise StoreUnavailableError("too many frames wait")
        kept: asyncio.Future[Rejected | None] = asyncio.get_running_loop().create_future()
        received_at = self._now()
        delivery = Delivery(topic=topic, payload=payload, retained=False, received_at=received_at, token=Token(kept))
        self._inbox.put([delivery])
        try:
            return await asyncio.wait_for(kept, self._patience_s)
        except TimeoutError:
            raise StoreUnavailableError(f"a frame was not safe within {self._patience_s:g} s") from None
