"""Where messages come from: at least once, and gone from there only when acknowledged."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """Names a delivery on the connection that brought it; worthless on any other."""

    kept: asyncio.Future[None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message as the broker handed it over."""

    topic: str
    payload: bytes
    retained: bool
    received_at: datetime
    token: Token


class Source(Protocol):
    """A stream of deliveries, each of which must be acknowledged once it is safe."""

    @property
    def ready(self) -> bool:
        """Whether messages can arrive: connected, and every subscription granted."""
        ...

    async def batch(self, *, most: int, linger_s: float) -> list[Delivery]:
        """At least one delivery, at most `most`; the first waits at most `linger_s` for company."""
        ...

    def acknowledge(self, token: Token) -> None:
        """Tell the broker that this delivery is safe; does nothing if its connection is gone."""
        ...
