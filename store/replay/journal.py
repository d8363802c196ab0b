"""The journal read anew with the present codecs: what is derived from it is compared, and put right where it differs.

One transaction for each window of frames, in order of receipt, on a snapshot: whatever ingest commits meanwhile is
neither seen nor touched. What is right already is not written again, so that compressed history stays compressed.
No window has a moment of another's, so that two lanes, each with a connection, go through them side by side: while one
waits for the database, the other reads.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from psycopg.rows import tuple_row

from domain.codec_scripts import ScriptedModels, ScriptFrame
from domain.errors import CommandError
from domain.ids import DeviceId
from domain.places import AssetKind
from store.lanes import Turns, side_by_side
from store.places import KnownDevice, read_devices
from store.pool import Connection, Pool, translated
from store.queries import one, query
from store.replay.meaning import (
    Change,
    Derived,
    JournalFrame,
    Meaning,
    Moment,
    Undecodable,
    differences,
    is_unread,
    meaning_of,
)
from store.replay.rebuild import Touched, rebuild_present
from store.replay.retelling import retellings, told
from store.replay.rewriting import rewrite
from store.replay.scripted import read_scripted
from store.rows import columns

WINDOW_ROWS = 10_000
EXAMPLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What to read anew: by time of receipt, from and before; one device or all. `dry_run` writes nothing.

    `deadly`: dead letters, too, that ended the processes which read them.
    """

    begins: datetime | None = None
    ends: datetime | None = None
    device_id: DeviceId | None = None
    dry_run: bool = False
    deadly: bool = False

    @property
    def whole(self) -> bool:
        """Everything there is."""
        return self.begins is None and self.ends is None and self.device_id is None

    def tells_all_of(self, device_id: DeviceId) -> bool:
        """Whether the whole history of that device is in it."""
        return self.begins is None and self.ends is None and self.device_id in {None, device_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A frame that would be told otherwise today."""

    device_id: str
    observed_at: str
    payload: str
    before: dict[str, object]
    after: dict[str, object]


@dataclass(slots=True, kw_only=True)
class Report:
    """What a replay found. `recovered` dead letters are frames of the journal now.

    `unread` frames were left as they are: their codec used up its time or could not run. `deadly` dead letters ended
    their readers again.
    """

    frames: int = 0
    changed: int = 0
    undecodable: int = 0
    recovered: int = 0
    unread: int = 0
    deadly: int = 0
    examples: list[Example] = field(default_factory=list)

    @property
    def unchanged(self) -> int:
        """Frames that mean what they meant."""
        return self.frames - self.changed


Progress = Callable[[int, int], None]
"""Frames read, and how many there are."""


async def replay_journal(pool: Pool, scope: Scope, progress: Progress, scripts: ScriptedModels) -> Report:
    """Read the journal anew, window by window, then what it says of the present; over two connections if there are.

    Raises:
        CommandError: there is no such device, or another replay is running.
        StoreUnavailableError: what was put right stays right; run it again.
    """
    with translated():
        async with pool.connection() as connection, _alone(connection):
            # Before the register is read: what is asked for from here on may have to be told once more.
            asked = await retellings(connection)
            work = _Replay(pool, connection, scope, progress, scripts)
            await work.run()
            if not scope.dry_run:
                await rebuild_present(connection, of=work.touched, sessions=scope.whole)
                for retelling in asked:
                    if scope.tells_all_of(retelling.device_id):
                        await told(connection, retelling)
    return work.report


@asynccontextmanager
async def _alone(connection: Connection) -> AsyncIterator[None]:
    if not (await one(connection, "lock_replay", {}))["locked"]:
        raise CommandError("another replay is running")
    try:
        await connection.execute(query("lift_time_limit"))
        await connection.execute(query("delete_replay_newcomers"))
        await connection.execute(query("empty_replay_late"))
        await connection.execute(query("begin_replaying"))
        yield
    finally:
        if not connection.broken:
            await _tidied(connection)


async def _tidied(connection: Connection) -> None:
    """As it was before; whoever is interrupted here must not leave the lock to the next user of the connection."""
    tidy = False
    try:
        await connection.execute(query("end_replaying"))
        await connection.execute(query("delete_replay_newcomers"))
        await connection.execute(query("reset_time_limit"))
        await connection.execute(query("empty_replay_late"))
        await connection.execute(query("unlock_replay"))
        tidy = True
    finally:
        if not tidy:
            await connection.close()


class _Pass(NamedTuple):
    """The statements of one way through the journal."""

    bounds: str
    frames: str
    measurements: str
    events: str


_ON_TIME = _Pass("select_replay_bounds", "select_replay_frames", "select_replay_measurements", "select_replay_events")
_LATE = _Pass(
    "select_replay_late_bounds",
    "select_replay_late_frames",
    "select_replay_late_measurements",
    "select_replay_late_events",
)


class _Replay:
    def __init__(
        self, pool: Pool, connection: Connection, scope: Scope, progress: Progress, scripts: ScriptedModels
    ) -> None:
        self._pool = pool
        self._connection = connection
        self._scripts = scripts
        self._scope = scope
        self._progress = progress
        self._devices: dict[int, KnownDevice] = {}
        self._names: dict[int, DeviceId] = {}
        self._at_gates: set[int] = set()
        self._device_key: int | None = None
        self._asset_keys: list[int] | None = None
        self._met: set[Moment] = set()
        self._turns = Turns()
        self._raw_from: dict[int, datetime] = {}
        self.report = Report()

    @property
    def touched(self) -> Touched | None:
        """Whose present may be another one; None for all."""
        if self._device_key is None or self._asset_keys is None:
            return None
        return Touched(assets=self._asset_keys, devices=[self._device_key])

    async def run(self) -> None:
        """Every window, then the moments that several frames tell of."""
        within = {"begins": self._scope.begins, "ends": self._scope.ends, "device_id": self._scope.device_id}
        extent = await one(self._connection, "select_journal_extent", within)
        # After the extent, so that every device in it is known.
        await self._learn_devices()
        await self._learn_horizons()
        total = int(str(extent["frames"]))
        if not total:
            return
        span = {"begins": extent["begins"], "ends": extent["ends"], "device_key": self._device_key}
        for name in ("insert_replay_shared", "insert_replay_late"):
            await self._connection.execute(query(name), span)
        await self._pass(_ON_TIME, span, last=extent["ends"], total=total)
        await self._pass(_LATE, span, last=None, total=total)
        if self._met and not self._scope.dry_run:
            await self._meet()

    async def _pass(self, way: _Pass, span: dict[str, object], *, last: object, total: int) -> None:
        bounds = await _rows(self._connection, way.bounds, {**span, "rows": WINDOW_ROWS})
        ends = pairwise([*(bound for (bound,) in bounds), last])
        windows = iter([{**span, "begins": begins, "ends": ends} for begins, ends in ends])
        async with self._connections() as connections:
            await side_by_side(*(self._lane(connection, way, windows, total) for connection in connections))

    @asynccontextmanager
    async def _connections(self) -> AsyncIterator[Sequence[Connection]]:
        """One for each lane."""
        if self._pool.max_size == 1:
            yield [self._connection]
            return
        async with self._pool.connection() as other:
            await other.execute(query("lift_time_limit"))
            try:
                yield [self._connection, other]
            finally:
                if not other.broken:
                    await other.execute(query("reset_time_limit"))

    async def _lane(self, connection: Connection, way: _Pass, windows: Iterator[dict[str, object]], total: int) -> None:
        """One window after another, whichever is next."""
        for span in windows:
            await self._turns.take(partial(self._window, connection, way, span))
            await connection.execute(query("begin_replaying"))
            self._progress(self.report.frames, total)

    async def _learn_devices(self) -> None:
        registered = await read_devices(self._connection)
        if self._scope.device_id is not None:
            if self._scope.device_id not in registered:
                raise CommandError(f"there is no device {self._scope.device_id}")
            self._device_key = registered[self._scope.device_id].device_key
            watched = await _rows(self._connection, "select_watched_assets", {"device_key": self._device_key})
            self._asset_keys = [key for (key,) in watched]
        self._devices = {device.device_key: device for device in registered.values()}
        self._names = {device.device_key: device_id for device_id, device in registered.items()}
        self._at_gates = {
            key for key, device in self._devices.items() if any(stay.kind is AssetKind.GATE for stay in device.stays)
        }

    async def _learn_horizons(self) -> None:
        """What was derived from frames of before these moments was given up: it must not come back."""
        horizon: Mapping[str, Any] = await one(self._connection, "select_raw_from", {})
        self._raw_from = defaultdict(
            lambda: horizon["raw_from"], dict.fromkeys(horizon["bench_device_keys"], horizon["benches_raw_from"])
        )

    async def _window(self, connection: Connection, way: _Pass, span: dict[str, object]) -> None:
        with translated():
            async with connection.transaction():
                await connection.execute(query("read_one_snapshot"))
                await connection.execute(query("read_a_part"))
                frames = [JournalFrame(*row) for row in await _rows(connection, way.frames, span)]
                alone, met, unread = await self._put_right(connection, way, frames)
        self._met |= met
        self._note(len(frames), alone, unread)

    async def _put_right(
        self, connection: Connection, way: _Pass, frames: Sequence[JournalFrame]
    ) -> tuple[list[Change], set[Moment], int]:
        """What changed of these frames, which moments others joined meanwhile, how many frames could not be read."""
        counting = [frame for frame in frames if frame.observed_at >= self._raw_from[frame.device_key]]
        newcomers = set(await _rows(connection, "select_replay_newcomers", {}))
        changes, unread = await self._differences(connection, way, counting)
        alone = [change for change in changes if change.moment not in newcomers]
        if alone and not self._scope.dry_run:
            await rewrite(connection, alone, self._names, self._at_gates)
        return alone, {change.moment for change in changes} & newcomers, unread

    async def _meet(self) -> None:
        """Moments that a frame joined meanwhile, with all their frames; ingest waits for the end of this."""
        async with self._connection.transaction():
            await one(self._connection, "next_revision", {})
            times = [observed_at for _, observed_at in self._met]
            span = {"earliest": min(times), "latest": max(times)}
            met = columns(("device_keys", "observed"), sorted(self._met))
            rows = await _rows(self._connection, "select_replay_met_frames", {**met, **span})
            frames = [JournalFrame(*row) for row in rows]
            changes, unread = await self._differences(self._connection, _ON_TIME, frames)
            self._note(0, changes, unread)
            await rewrite(self._connection, changes, self._names, self._at_gates)

    async def _differences(
        self, connection: Connection, way: _Pass, frames: Sequence[JournalFrame]
    ) -> tuple[list[Change], int]:
        """What has to change, and how many frames could not be read."""
        scripted = await self._scripted(frames)
        found = await self._derived(connection, way, frames)
        # In a thread, so that the other lane's statements follow one another meanwhile.
        changes = await asyncio.to_thread(differences, frames, self._devices, found, scripted)
        return changes, sum(is_unread(meaning) for meaning in scripted.values())

    async def _scripted(self, frames: Sequence[JournalFrame]) -> dict[JournalFrame, Meaning]:
        """What the frames mean whose codec is JavaScript."""
        wanted = [frame for frame in frames if self._scripts.knows(self._devices[frame.device_key].model)]
        told = await read_scripted(self._scripts, [self._script_frame(frame) for frame in wanted])
        return dict(zip(wanted, map(meaning_of, told), strict=True))

    def _script_frame(self, frame: JournalFrame) -> ScriptFrame:
        return ScriptFrame(
            model=self._devices[frame.device_key].model,
            f_port=frame.f_port,
            payload=frame.payload,
            observed_at=frame.observed_at,
        )

    async def _derived(
        self, connection: Connection, way: _Pass, frames: Sequence[JournalFrame]
    ) -> dict[Moment, Derived]:
        """What was derived from the time of these frames."""
        if not frames:
            return {}
        times = [frame.observed_at for frame in frames]
        span = {
            "earliest": min(times),
            "latest": max(times),
            "device_key": self._device_key,
            "asset_keys": self._asset_keys,
        }
        found: defaultdict[Moment, Derived] = defaultdict(Derived)
        for device_key, observed_at, key, value in await _rows(connection, way.measurements, span):
            found[device_key, observed_at].measured.append((key, value))
        for device_key, observed_at, *happened in await _rows(connection, way.events, span):
            found[device_key, observed_at].happened.append(tuple(happened))
        return found

    def _note(self, frames: int, changes: Sequence[Change], unread: int) -> None:
        self.report.frames += frames
        self.report.unread += unread
        for change in changes:
            self.report.changed += len(change.frames)
            self.report.undecodable += sum(isinstance(meaning, Undecodable) for _, meaning in change.frames)
            if len(self.report.examples) < EXAMPLES:
                self.report.examples.append(_example(change, self._names))


async def _rows(connection: Connection, name: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    async with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        return await (await cursor.execute(query(name), parameters)).fetchall()


def _example(change: Change, names: dict[int, DeviceId]) -> Example:
    frame, meaning = change.frames[0]
    now: dict[str, object] = (
        {"problem": meaning.detail}
        if isinstance(meaning, Undecodable)
        else {"kind": meaning.decoded.kind.value, **_told(change.after)}
    )
    return Example(
        device_id=names[frame.device_key],
        observed_at=frame.observed_at.isoformat(),
        payload=frame.payload.hex(),
        before={"kind": frame.kind, **_told(change.before)},
        after=now,
    )


def _told(derived: Derived) -> dict[str, object]:
    return {"measurements": sorted(derived.measured), "events": sorted(derived.happened, key=repr)}
