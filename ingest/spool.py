"""Where frames are safe while the database is away: an SQLite file, synced to disk before anything is acknowledged."""

import logging
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

logger = logging.getLogger(__name__)

_SCHEMA = """
PRAGMA locking_mode = EXCLUSIVE;
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
    """A bounded queue on disk, of at most `most_bytes` of messages. Not safe for threads: one at a time may use it.

    Nor for two processes, each of which would count what the other takes: the second gets an sqlite3.OperationalError.
    """

    def __init__(self, path: Path, *, most_bytes: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._folder = path.parent
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.executescript(_SCHEMA)
        self._most_bytes = most_bytes
        query = "SELECT count(*), coalesce(sum(length(payload) + length(topic)), 0) FROM delivery"
        depth, content = self._connection.execute(query).fetchone()
        self.depth: int = depth
        self.bytes: int = content + depth * _OVERHEAD_BYTES

    @property
    def fill(self) -> float:
        """How full it is, 0..1: of what it may take, or of what its disk has room for, if that is less."""
        room = min(self._most_bytes, self.bytes + _free_bytes(self._folder))
        return self.bytes / room if room else 1.0

    def append(self, messages: Sequence[tuple[str, bytes, bool, datetime]]) -> bool:
        """Keep (topic, payload, retained, received_at) of each; on disk when this returns True.

        False: there is no room for all of them, here or on the disk, and none was kept.
        """
        size = sum(_size(topic, payload) for topic, payload, _, _ in messages)
        if self.bytes + size > self._most_bytes:
            return False
        rows = [(topic, payload, retained, moment.isoformat()) for topic, payload, retained, moment in messages]
        if not self._write("INSERT INTO delivery (topic, payload, retained, received_at) VALUES (?, ?, ?, ?)", rows):
            return False
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

    def remove(self, messages: Sequence[Spooled]) -> bool:
        """Forget the oldest messages: these, as `oldest` gave them, are safe elsewhere.

        False: they are still there, for a full disk has no room even for that.
        """
        newest = [[message.delivery_id] for message in messages[-1:]]
        if not self._write("DELETE FROM delivery WHERE delivery_id <= ?", newest):
            return False
        self.bytes -= sum(_size(message.topic, message.payload) for message in messages)
        self.depth -= len(messages)
        return True

    def close(self) -> None:
        """Let go of the file; what is in it stays."""
        self._connection.close()

    def _write(self, statement: str, rows: Sequence[Sequence[object]]) -> bool:
        """Whether all of that is on disk now."""
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany(statement, rows)
        except sqlite3.OperationalError as error:
            logger.warning("the spool cannot be written: %s", error, extra={"action": "spool_refused"})
            return False
        return True


def _size(topic: str, payload: bytes) -> int:
    return len(topic) + len(payload) + _OVERHEAD_BYTES


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        # The disk is gone.
        return 0
