"""A message of ingest to itself through the broker: a subscription that was lost without a word must not look alive."""

import asyncio
import hmac
import logging
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from domain.live import Clock
from ingest.source import Delivery

logger = logging.getLogger(__name__)

# While nothing can be sent: how soon to look whether it can.
_LOOK_AGAIN_S = 0.2


class Carrier(Protocol):
    """What brings a canary back: a source that can also send."""

    @property
    def ready(self) -> bool:
        """Whether messages can arrive."""
        ...

    async def send_canary(self, topic: str, payload: bytes) -> None:
        """Have this come back as a delivery, if deliveries come at all; lost without an error if it cannot be sent."""
        ...

    def renew(self) -> None:
        """Subscribe anew, unless deliveries came that are not safe yet: then it is not the carrier that is deaf."""
        ...


class Canary:
    """Sends itself every `every_s` and is late when what came back was sent longer than `late_after` ago.

    It carries a nonce of this process: neither another worker's nor a forged one counts, nor what the process before
    this one left in the broker. And it carries its time: old ones that come now, behind a backlog, do not look fresh.
    """

    def __init__(self, topic: str, *, now: Clock, every_s: float, late_after: timedelta) -> None:
        self.topic = topic
        self._now = now
        self._every_s = every_s
        self._late_after = late_after
        self._nonce = secrets.token_urlsafe(16).encode()
        self._sent_at: datetime | None = None
        # Since when none comes back of those that were sent.
        self._waits_since: datetime | None = None

    @property
    def age(self) -> timedelta | None:
        """How long ago the newest one that came back was sent; None while none has."""
        return self._now() - self._sent_at if self._sent_at else None

    @property
    def is_late(self) -> bool:
        """Whether nobody can say that messages arrive.

        Of one that was sent before the clock was put back nobody knows how old it is: the next one tells.
        """
        age = self.age
        return age is None or not timedelta() <= age <= self._late_after

    async def sing(self, carrier: Carrier) -> None:
        """Until cancelled: send one whenever it is time and the carrier is ready; a deaf one subscribes anew."""
        was_late = False
        while True:
            is_ready = carrier.ready
            if is_ready:
                self._waits_since = self._waits_since or self._now()
                await carrier.send_canary(self.topic, self._payload())
            else:
                self._waits_since = None
            await asyncio.sleep(self._every_s if is_ready else _LOOK_AGAIN_S)
            if is_ready and self.is_late and not was_late:
                logger.error("what ingest sends to itself does not come back", extra={"action": "canary_late"})
            was_late = is_ready and self.is_late
            if self._waits_since is not None and self._now() - self._waits_since > self._late_after:
                self._waits_since = None
                carrier.renew()

    def apart(self, deliveries: Sequence[Delivery]) -> tuple[list[Delivery], list[Delivery]]:
        """Everything else, and the canaries: those on our topic, whoever sent them."""
        topic = self.topic
        return (
            [delivery for delivery in deliveries if delivery.topic != topic],
            [delivery for delivery in deliveries if delivery.topic == topic],
        )

    def hear(self, payload: bytes) -> None:
        """One came back."""
        nonce, _, moment = payload.partition(b" ")
        if hmac.compare_digest(nonce, self._nonce):
            sent_at = datetime.fromisoformat(moment.decode())
            self._waits_since = None
            newest = self._sent_at
            if newest is None or newest > self._now():
                newest = sent_at
            self._sent_at = max(newest, sent_at)

    def _payload(self) -> bytes:
        return b"%b %b" % (self._nonce, self._now().isoformat().encode())
