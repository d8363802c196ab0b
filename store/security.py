"""Security events into the database: one row for each thing that happened to a device in a session, counted."""

from collections.abc import Iterable
from dataclasses import asdict

from domain.security import SecurityEvent
from store.pool import Connection, Pool, connected
from store.queries import query
from store.rows import storable


class SecurityBook:
    """Keeps single events, each in a transaction of its own."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, event: SecurityEvent) -> None:
        """Keep one; raises StoreUnavailableError."""
        async with connected(self._pool) as connection:
            await record_security_events(connection, [event])


async def record_security_events(connection: Connection, events: Iterable[SecurityEvent]) -> None:
    """Keep these in the caller's transaction; in one order, so that two callers wait for one another in no circle."""
    ordered = sorted(events, key=lambda event: (event.device_id, event.code, event.session))
    if ordered:
        async with connection.cursor() as cursor:
            await cursor.executemany(query("insert_security_events"), [_row(event) for event in ordered])


def _row(event: SecurityEvent) -> dict[str, object]:
    return {key: storable(value) if isinstance(value, str) else value for key, value in asdict(event).items()}
