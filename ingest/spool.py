"""Where frames are safe while the database is away: an SQLite file, synced to disk before anything is acknowledged."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS delivery (
    delivery_id INTEGER PRIMARY KEY AUTOINCREMENT,
    topic       TEXT    NOT NULL,
    payload     BLOB    NOT NULL,
    retained    INTEGER NOT NULL,
    received_at TEXT    NOT NULL
);
"""
_OVERHEAD_BYTES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """A message in the spool. `delivery_id` grows in the order of arrival."""

    delivery_id: int
    topic: str
    payload: bytes
    retained: bool
    received_at: datetime


class Spool:
    """A bounded queue on disk, of at most `most_bytes` of messages. Not safe for threads: one at a time may use it."""

    def __init__(self, path: Path, *, most_bytes: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.executescript(_SCHEMA)
        self._most_bytes = most_bytes
        query = "SELECT count(*), coalesce(sum(length(payload) + length(topic)), 0) FROM delivery"
        depth, content = self._connection.execute(query).fetchone()
        self.depth: int = depth
        self.bytes: int = content + depth * _OVERHEAD_BYTES

    @property
    def fill(self) -> float:
        """How full it is, 0..1."""
        return self.bytes / self._most_bytes

    def append(self, messages: Sequence[tuple[str, bytes, bool, datetime]]) -> bool:
        """Keep (topic, payload, retained, received_at) of each; on disk when this returns True.

        False: there is no room for all of them, and none was kept.
        """
        size = sum(_size(topic, payload) for topic, payload, _, _ in messages)
        if self.bytes + size > self._most_bytes:
            return False
        rows = [(topic, payload, retained, moment.isoformat()) for topic, payload, retained, moment in messages]
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT INTO delivery (topic, payload, retained, received_at) VALUES (?, ?, ?, ?)", rows
            )
        self.bytes += size
        self.depth += len(rows)
        return True

    def oldest(self, most: int) -> list[Spooled]:
        """The oldest messages, in order of arrival; they stay until `remove`."""
        rows = self._connection.execute(
            "SELECT delivery_id, topic, payload, retained, received_at FROM delivery ORDER BY delivery_id LIMIT ?",
            [most],
        )
        return [
            Spooled(
                delivery_id=delivery_id,
                topic=topic,
                payload=payload,
                retained=bool(retained),
                received_at=datetime.fromisoformat(received_at).astimezone(UTC),
            )
            for delivery_id, topic, payload, retained, received_at in rows
        ]

    def remove(self, messages: Sequence[Spooled]) -> None:
        """Forget the oldest messages: these, as `oldest` gave them, are safe elsewhere."""
        if messages:
            self._connection.execute("DELETE FROM delivery WHERE delivery_id <= ?", [messages[-1].delivery_id])
            self.bytes -= sum(_size(message.topic, message.payload) for message in messages)
            self.depth -= len(messages)

    def close(self) -> None:
        """Let go of the file; what is in it stays."""
        self._connection.close()


def _size(topic: str, payload: bytes) -> int:
    return len(topic) + len(payload) + _OVERHEAD_BYTES
