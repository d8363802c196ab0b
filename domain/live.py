"""The two windows through which views see the platform; `store` satisfies them, the composition root joins them."""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from typing import Protocol

from domain.health import DeadLetter, DeviceHealth
from domain.security import SecurityRecord
from domain.snapshot import Snapshot

Clock = Callable[[], datetime]
"""The present, UTC and timezone-aware."""


class Live(Protocol):
    """What is true now, in memory, one snapshot per revision."""

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        ...

    def follow(self) -> AsyncGenerator[Snapshot, None]:
        """The newest snapshot at once, then each newer one; a slow reader skips to the newest.

        Ends when the platform shuts down.
        """
        ...


class Inspection(Protocol):
    """What asset managers may ask of the store. Every method may raise StoreUnavailableError."""

    async def device_health(self) -> list[DeviceHealth]:
        """Every device."""
        ...

    async def dead_letters(self, *, before_id: int | None, limit: int) -> list[DeadLetter]:
        """Dead letters, newest first, those with an id below `before_id`."""
        ...

    async def dead_letter_counts(self) -> dict[str, int]:
        """How often each reason occurred, all time."""
        ...

    async def security_records(self, *, limit: int) -> list[SecurityRecord]:
        """What looks like tampering with devices or their links, newest first."""
        ...
