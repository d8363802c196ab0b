"""Commands by two ways: asked for on one connection, heard of on another that workers share."""

from typing import Protocol

from domain.uplinks import Rejected
from ingest.source import Delivery, Source, Token


class Sender(Protocol):
    """What takes messages to the broker."""

    @property
    def ready(self) -> bool:
        """Whether it can."""
        ...

    async def deliver(self, topic: str, payload: bytes) -> None:
        """Publish, and wait for the broker's word that it has it; OSError or TimeoutError where it has not."""
        ...


class Relay:
    """Satisfies ingest.dispatch.Postbox: sends by one, hears by the other.

    For a NATS cluster: what is published over MQTT is kept there for a network server that is away, as nothing is
    that NATS's own clients publish; and of a consumer that workers share, each report reaches one of them.
    """

    def __init__(self, sender: Sender, heard: Source) -> None:
        self._sender = sender
        self._heard = heard

    @property
    def ready(self) -> bool:
        """Whether a command can be sent, and what becomes of it heard."""
        return self._sender.ready and self._heard.ready

    async def batch(self, *, most: int, linger_s: float) -> list[Delivery]:
        """At least one delivery, at most `most`."""
        return await self._heard.batch(most=most, linger_s=linger_s)

    def acknowledge(self, token: Token, letter: Rejected | None = None) -> None:
        """Tell the cluster that this delivery is safe."""
        self._heard.acknowledge(token, letter)

    async def deliver(self, topic: str, payload: bytes) -> None:
        """Publish, and wait for the word of the node that has it."""
        await self._sender.deliver(topic, payload)
