"""Frames into the database: a whole batch or nothing, each frame once, the present never backwards."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from operator import itemgetter

import psycopg

from domain.errors import StoreRefusedError
from domain.ids import DeviceId
from domain.security import NetworkNotice
from domain.uplinks import Accepted, Rejected, Stored
from store.arrays import array
from store.counting import note_passages
from store.places import KnownDevice, read_devices
from store.pool import ANSWER_WITHIN_S, Connection, Pool, connected
from store.present import StalePlacesError, apply_batch
from store.queries import copy_in, one, query
from store.rows import (
    EVENT_TYPES,
    MEASUREMENT_TYPES,
    UPLINK_TYPES,
    columns,
    dead_letter_row,
    event,
    event_row,
    frame_key,
    measurement_rows,
    notice_key,
    uplink_row,
)
from store.security import record_security_events
from store.suspicions import impostures

_JOURNAL_COLUMNS = ("frame_keys", "device_keys", "sessions", "f_cnts", "payloads", "received")

# Frames come again in bursts. Each first one costs its transaction, and a line in the database's log.
_DOUBTED_BATCHES = 100


class _SeenBeforeError(Exception):
    """Some of these frames were kept before: which, has to be asked, in another transaction."""


class FrameStore:
    """Keeps batches of frames. Satisfies ingest.pipeline.FrameSink.

    Only `tick` confirms the present: a frame says nothing of those that wait behind it. `looks_back`: whether frames
    are looked for in the journal as well, for what may come again when it is not remembered any more.
    """

    def __init__(self, pool: Pool, *, looks_back: bool = False, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self._pool = pool
        self._looks_back = looks_back
        self._answer_within_s = answer_within_s
        self._devices: Mapping[DeviceId, KnownDevice] = {}
        self._places_version = -1
        # Of so many batches it is asked which frames are new; of the next it is taken for granted that all are.
        self._doubted_batches = 0

    def model_of(self, device_id: DeviceId) -> str | None:
        """The model of a device, as of the last refresh; None if it is unknown."""
        device = self._devices.get(device_id)
        return device.model if device else None

    async def refresh(self) -> None:
        """Read the devices anew if places were imported meanwhile; raises StoreUnavailableError."""
        async with connected(self._pool, within_s=self._answer_within_s) as connection:
            platform = await one(connection, "select_platform", {})
            if platform["places_version"] != self._places_version:
                self._devices = await read_devices(connection)
                self._places_version = int(str(platform["places_version"]))

    async def write(
        self, accepted: Sequence[Accepted], rejected: Sequence[Rejected], *, notices: Sequence[NetworkNotice] = ()
    ) -> Stored:
        """Keep a batch in one transaction: when this returns, it is committed.

        Frames kept before, in this batch or any other, are counted as duplicates and change nothing; nor do notices.

        Raises:
            StoreUnavailableError: nothing was kept, or it is not known whether it was; writing again is safe.
            StoreRefusedError: nothing was kept; some row is at fault.
        """
        while True:
            try:
                return await self._write(accepted, rejected, notices)
            except StalePlacesError:
                await self.refresh()
            except _SeenBeforeError:
                self._doubted_batches = _DOUBTED_BATCHES

    async def _write(
        self, accepted: Sequence[Accepted], rejected: Sequence[Rejected], notices: Sequence[NetworkNotice]
    ) -> Stored:
        by_key = {frame_key(frame.uplink): frame for frame in accepted}
        by_notice = {notice_key(notice): notice for notice in notices}
        times = [*(frame.uplink.received_at for frame in accepted), *(notice.received_at for notice in notices)]
        async with connected(self._pool, within_s=self._answer_within_s) as connection, connection.transaction():
            new = await self._new(connection, [*by_key, *by_notice], times)
            known = await self._in_journal(connection, by_key) if self._looks_back else set()
            fresh = [by_key[key] for key in new if key in by_key and key not in known]
            noticed = [by_notice[key] for key in new if key in by_notice]
            await self._keep(connection, fresh)
            await record_security_events(connection, (*(one.event for one in noticed), *impostures(rejected)))
            await self._set_aside(connection, rejected)
        return Stored(
            kept=len(fresh),
            duplicates=len(accepted) - len(fresh),
            dead_letters=len(rejected),
            notices=len(noticed),
        )

    async def tick(self, *, as_of: datetime) -> int:
        """Confirm that frames were being received at `as_of`; the silent become unknown, closures begin and end.

        Returns: the new revision. Raises: StoreUnavailableError.
        """
        async with connected(self._pool, within_s=self._answer_within_s) as connection, connection.transaction():
            stamp = await one(connection, "tick_revision", {"as_of": as_of})
            await connection.execute(query("tick_asset_states"), {**stamp, "as_of": as_of})
        return int(str(stamp["revision"]))

    async def forget_frames(self, *, before: datetime) -> None:
        """Stop remembering frames seen before that moment; raises StoreUnavailableError."""
        async with connected(self._pool, within_s=self._answer_within_s) as connection:
            await connection.execute(query("delete_seen_frames"), {"before": before})
            await connection.execute(query("delete_old_suspects"), {"before": before})

    async def noted(self, message_keys: Sequence[bytes]) -> Collection[bytes]:
        """Those of these messages that were noted and not acquitted; raises StoreUnavailableError."""
        async with connected(self._pool, within_s=self._answer_within_s) as connection:
            rows = await connection.execute(query("select_noted_messages"), {"message_keys": list(message_keys)})
            return {bytes(row["message_key"]) for row in await rows.fetchall()}

    async def note(self, message_keys: Sequence[bytes]) -> None:
        """Note, committed on return, that these are about to be read; raises StoreUnavailableError.

        Saying it again changes nothing: whether it was committed may be unknown.
        """
        async with connected(self._pool, within_s=self._answer_within_s) as connection:
            await connection.execute(query("note_messages"), {"message_keys": list(message_keys)})

    async def acquit(self, message_keys: Sequence[bytes]) -> None:
        """Nobody needs to suspect these messages any more; raises StoreUnavailableError."""
        async with connected(self._pool, within_s=self._answer_within_s) as connection:
            await connection.execute(query("acquit_messages"), {"message_keys": list(message_keys)})

    async def _new(self, connection: Connection, keys: list[bytes], times: Sequence[datetime]) -> list[bytes]:
        """Those that nobody has seen before, and which are seen from now on."""
        if not keys:
            return []
        seen = {"frame_keys": array("bytea", keys), "seen_at": max(times)}
        if not self._doubted_batches:
            try:
                await connection.execute(query("insert_new_frames"), seen)
            except psycopg.errors.UniqueViolation as error:
                raise _SeenBeforeError from error
            return keys
        cursor = await connection.execute(query("insert_seen_frames"), seen)
        new = [bytes(row["frame_key"]) for row in await cursor.fetchall()]
        self._doubted_batches = _DOUBTED_BATCHES if len(new) < len(keys) else self._doubted_batches - 1
        return new

    async def _in_journal(self, connection: Connection, by_key: Mapping[bytes, Accepted]) -> set[bytes]:
        """Those that are kept already, received at the very same time."""
        rows = [
            (
                key,
                self._devices[frame.uplink.device_id].device_key,
                frame.uplink.session,
                frame.uplink.f_cnt,
                frame.uplink.payload,
                frame.uplink.received_at,
            )
            for key, frame in by_key.items()
            if frame.uplink.device_id in self._devices
        ]
        cursor = await connection.execute(query("select_frames_in_journal"), columns(_JOURNAL_COLUMNS, rows))
        return {bytes(row["frame_key"]) for row in await cursor.fetchall()}

    async def _keep(self, connection: Connection, frames: list[Accepted]) -> None:
        if not frames:
            return
        # Of one moment: a refresh may come while this transaction waits, and must not make old places look new.
        devices, places_version = self._devices, self._places_version
        gone = {frame.uplink.device_id for frame in frames} - devices.keys()
        if gone:
            raise StoreRefusedError(f"not in the register any more: {', '.join(sorted(gone))}")
        keyed = [(devices[frame.uplink.device_id], frame) for frame in frames]
        said = [event(*pair) for pair in keyed]
        events = [one for one in said if one is not None]
        if len(events) < len(keyed):
            await note_passages(connection, keyed)
        await copy_in(connection, "copy_uplinks", UPLINK_TYPES, (uplink_row(*pair) for pair in keyed))
        await copy_in(connection, "copy_measurements", MEASUREMENT_TYPES, measurement_rows(keyed, said))
        await copy_in(connection, "copy_events", EVENT_TYPES, map(event_row, events))
        await apply_batch(connection, keyed, events, places_version=places_version)

    async def _set_aside(self, connection: Connection, rejected: Sequence[Rejected]) -> None:
        if rejected:
            async with connection.cursor() as cursor:
                # In one order, so that two workers with the same letters wait for one another and not in a circle.
                letters = sorted(map(dead_letter_row, rejected), key=itemgetter("fingerprint"))
                await cursor.executemany(query("insert_dead_letters"), letters)
