"""The newest snapshot in memory, kept up to date by the database's own notifications."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from domain.errors import StoreUnavailableError
from domain.places import Asset
from domain.snapshot import AssetStatus, Snapshot, build_snapshot
from domain.states import State
from store.announcements import read_announcements
from store.places import read_places
from store.pool import ANSWER_WITHIN_S, Connection, Pool, connected, translated
from store.queries import query

logger = logging.getLogger(__name__)

# A notification can be lost with its connection; looking again after this long bounds what that costs.
_LOOK_AGAIN_S = 5.0
_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class _Versions:
    """What is read anew only when it changed."""

    places: int
    messages: int

    @classmethod
    def of(cls, row: Mapping[str, object]) -> "_Versions":
        return cls(int(str(row["places_version"])), int(str(row["messages_version"])))


class LiveSnapshot:
    """Satisfies domain.live.Live."""

    def __init__(self, snapshot: Snapshot, *, versions: _Versions | None = None) -> None:
        self._snapshot = snapshot
        self._versions = versions
        self._answered_at = time.monotonic()
        self._superseded = asyncio.Event()
        self._closed = False

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        return self._snapshot

    @property
    def silent_s(self) -> float:
        """Since the database last answered, in seconds."""
        return time.monotonic() - self._answered_at

    async def follow(self) -> AsyncGenerator[Snapshot, None]:
        """The newest snapshot at once, then each newer one; a slow reader skips to the newest. Ends on `close`."""
        while not self._closed:
            snapshot, superseded = self._snapshot, self._superseded
            yield snapshot
            await superseded.wait()

    def close(self) -> None:
        """End every `follow`, so that streams end and a server can stop."""
        self._closed = True
        self._superseded.set()

    async def refresh(self, connection: Connection) -> None:
        """Read what changed since the snapshot in hand."""
        rows = await _changes(connection, after=self._snapshot.revision)
        self._answered_at = time.monotonic()
        versions = _Versions.of(rows[0])
        if self._versions is None or versions.places != self._versions.places or self._is_new_database(rows[0]):
            snapshot, self._versions = await _load(connection)
            self._publish(snapshot)
        elif rows[0]["revision"] != self._snapshot.revision:
            assets = {asset_id: status.asset for asset_id, status in self._snapshot.assets.items()}
            snapshot = self._snapshot.changed(
                revision=rows[0]["revision"],  # type: ignore[arg-type]
                as_of=rows[0]["as_of"],  # type: ignore[arg-type]
                statuses=_statuses(rows, assets),
            )
            if versions.messages != self._versions.messages:
                snapshot = replace(snapshot, announcements=await read_announcements(connection))
            self._versions = versions
            self._publish(snapshot)

    def _is_new_database(self, row: Mapping[str, object]) -> bool:
        return int(str(row["revision"])) < self._snapshot.revision

    def _publish(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        superseded, self._superseded = self._superseded, asyncio.Event()
        superseded.set()


@asynccontextmanager
async def open_live(pool: Pool) -> AsyncIterator[LiveSnapshot]:
    """A LiveSnapshot that follows the database until the context ends; holds one connection, borrows another.

    Raises:
        StoreUnavailableError: the first snapshot cannot be read. Later failures are logged and tried again; the
            snapshot in hand then keeps its `as_of`, which tells everyone how old it is.
    """
    async with connected(pool) as connection:
        snapshot, versions = await _load(connection)
    live = LiveSnapshot(snapshot, versions=versions)
    follower = asyncio.create_task(_keep_following(pool, live), name="live-snapshot")
    try:
        yield live
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)


async def _keep_following(pool: Pool, live: LiveSnapshot) -> None:
    while True:
        try:
            with translated():
                await _follow(pool, live)
        except StoreUnavailableError as error:
            logger.warning("the database is away: %s", error, extra={"action": "live_retry"})
            await asyncio.sleep(_RETRY_S)


async def _follow(pool: Pool, live: LiveSnapshot) -> None:
    # One connection only listens: what arrives while the other one reads waits in its socket.
    async with pool.connection() as listener:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await listener.execute("LISTEN smartplace_revision")
        while True:
            async with connected(pool) as reader:
                await live.refresh(reader)
            async for _ in listener.notifies(timeout=_LOOK_AGAIN_S, stop_after=1):
                pass


async def _load(connection: Connection) -> tuple[Snapshot, _Versions]:
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        rows = await _changes(connection, after=-1)
        sites, assets, signs = await read_places(connection)
        announcements = await read_announcements(connection)
    snapshot = build_snapshot(
        revision=rows[0]["revision"],  # type: ignore[arg-type]
        as_of=rows[0]["as_of"],  # type: ignore[arg-type]
        sites=sites,
        statuses=_statuses(rows, assets),
        signs=signs,
    )
    return replace(snapshot, announcements=announcements), _Versions.of(rows[0])


async def _changes(connection: Connection, *, after: int) -> list[Mapping[str, object]]:
    return [*await (await connection.execute(query("select_changes"), {"after": after})).fetchall()]


def _statuses(rows: list[Mapping[str, object]], assets: Mapping[str, Asset]) -> list[AssetStatus]:
    return [
        AssetStatus(
            asset=assets[str(row["asset_id"])],
            state=State(str(row["state"])),
            since=row["since"],  # type: ignore[arg-type]
            heard_at=row["observed_at"],  # type: ignore[arg-type]
            taken=row["taken"],  # type: ignore[arg-type]
        )
        for row in rows
        if row["asset_id"] is not None
    ]
