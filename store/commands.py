"""Commands to devices in the database: asked for, handed to one sender, moved forwards by what networks say."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from devices.downlinks import KnownCommand, Limit, parameters_of, parse_command
from devices.settings import settings_in
from domain.codec_scripts import ScriptFrame
from domain.commands import (
    Command,
    CommandKind,
    CommandState,
    Parameter,
    Report,
    Reported,
    Telling,
    Word,
    after,
)
from domain.errors import CommandRefusedError, UnknownPlaceError
from domain.ids import DeviceId
from domain.live import Clock
from domain.uplinks import Decoded
from store.pool import Connection, Pool, connected
from store.queries import query
from store.talkers import Talkers, talker_of

# The newest of all, and the newest of those in which devices answer or begin.
_FRAMES_READ = 50
_MOST_DETAIL = 200


class CommandStore:
    """Satisfies domain.commands.Commands and ingest.dispatch.CommandQueue."""

    def __init__(self, pool: Pool, *, now: Clock, can_send: bool, others: Talkers | None = None) -> None:
        """`others` are the models that have no built-in codec; without them those take no commands."""
        self._others = others
        self._pool = pool
        self._now = now
        self.can_send = can_send

    async def known(self, device_id: DeviceId) -> tuple[CommandKind, ...] | None:
        """The commands that the device's model takes; None where there is no such device."""
        key = await self._model(device_id)
        if key is None:
            return None
        talker = await talker_of(key, self._others)
        return tuple(map(_kind, talker.commands)) if talker is not None else ()

    async def of_device(self, device_id: DeviceId, *, limit: int) -> list[Command]:
        """Its commands, newest first."""
        async with connected(self._pool) as connection:
            cursor = await connection.execute(query("select_commands"), {"device_id": device_id, "limit": limit})
            return [_command(row) for row in await cursor.fetchall()]

    async def telling(self, device_id: DeviceId) -> Telling:
        """What it told of its settings in its newest frames, as the codecs that are there now read them."""
        key = await self._model(device_id)
        talker = None if key is None else await talker_of(key, self._others)
        if key is None or talker is None or not talker.echoes:
            return Telling()
        asked = {"device_id": device_id, "limit": _FRAMES_READ}
        async with connected(self._pool) as connection:
            cursor = await connection.execute(query("select_telling_frames"), asked)
            rows = await cursor.fetchall()
        frames = [ScriptFrame(model=key, **{**row, "payload": bytes(row["payload"])}) for row in rows]
        told = [
            Reported(name=name, parameters=parameters, said_at=frame.observed_at)
            for frame, meaning in zip(frames, await talker.read(frames), strict=True)
            if isinstance(meaning, Decoded)
            for name, parameters in settings_in(talker.echoes, meaning.raw)
        ]
        return Telling(told=told, tells=frozenset(echo.command for echo in talker.echoes))

    async def request(
        self, device_id: DeviceId, name: str, parameters: Mapping[str, str], *, by: str, lifetime: timedelta
    ) -> Command:
        """Queue a command; raises UnknownPlaceError, CommandRefusedError."""
        key = await self._model(device_id)
        if key is None:
            raise UnknownPlaceError("device", device_id)
        talker = await talker_of(key, self._others)
        if talker is None:
            raise CommandRefusedError(key, name[:40], "no codec reads this model")
        try:
            wanted = parse_command(name, parameters)
            encoded = await talker.encode(wanted)
        except ValueError as error:
            raise CommandRefusedError(key, name[:40], str(error)) from error
        now = self._now()
        command = Command(
            command_id=uuid4(),
            device_id=device_id,
            name=name,
            parameters=parameters_of(wanted),
            f_port=encoded.f_port,
            payload=encoded.payload,
            requested_by=by,
            requested_at=now,
            expires_at=now + lifetime,
            state=CommandState.QUEUED,
        )
        async with connected(self._pool) as connection:
            await connection.execute(query("insert_command"), _row(command))
        return command

    @asynccontextmanager
    async def taken(self, *, limit: int) -> AsyncIterator[tuple[Sequence[Command], "Taken"]]:
        """Commands to send, which nobody else is given meanwhile. What was said to be sent is so when this is left."""
        async with connected(self._pool, within_s=60) as connection, connection.transaction():
            rows = await (
                await connection.execute(query("take_commands"), {"now": self._now(), "limit": limit})
            ).fetchall()
            yield [_command(row) for row in rows], Taken(connection, self._now)

    async def hear(self, reports: Sequence[Report]) -> None:
        """Apply what networks say, in one transaction; a report of somebody else's downlink changes nothing."""
        async with connected(self._pool) as connection, connection.transaction():
            # In one order, so that two who hear the same never wait for one another.
            for report in sorted(reports, key=lambda one: one.command_id):
                await _apply(connection, report)

    async def expire(self) -> int:
        """End those whose time is over; how many."""
        now = self._now()
        async with connected(self._pool) as connection, connection.transaction():
            rows = await (await connection.execute(query("select_expired_commands"), {"now": now})).fetchall()
            for row in rows:
                await _move(connection, row["command_id"], CommandState.EXPIRED, at=now, detail=_silence(row["state"]))
        return len(rows)

    async def _model(self, device_id: DeviceId) -> str | None:
        """The key of its model, which may have no built-in codec."""
        async with connected(self._pool) as connection:
            cursor = await connection.execute(query("select_device_model"), {"device_id": device_id})
            row = await cursor.fetchone()
        return str(row["model"]) if row else None


class Taken:
    """What a sender says of the commands that it took."""

    def __init__(self, connection: Connection, now: Clock) -> None:
        self._connection = connection
        self._now = now

    async def sent(self, command: Command) -> None:
        """The broker has it."""
        await _move(self._connection, command.command_id, CommandState.SENT, at=self._now(), detail="")


async def _apply(connection: Connection, report: Report) -> None:
    parameters = {"command_id": report.command_id, "device_id": report.device_id}
    row = await (await connection.execute(query("lock_command"), parameters)).fetchone()
    if row is None:
        return
    state = CommandState(row["state"])
    detail = report.detail[:_MOST_DETAIL]
    moved = after(state, report.word)
    if moved is not state:
        await _move(connection, report.command_id, moved, at=report.received_at, detail=detail)
    elif report.word is Word.UNACKNOWLEDGED and not state.is_final:
        await connection.execute(query("note_on_command"), {"command_id": report.command_id, "detail": detail})


async def _move(connection: Connection, command_id: UUID, state: CommandState, *, at: datetime, detail: str) -> None:
    parameters = {"command_id": command_id, "state": state, "is_final": state.is_final, "at": at, "detail": detail}
    await connection.execute(query("move_command"), parameters)


def _kind(known: KnownCommand) -> CommandKind:
    parameters = (_parameter(one.name, one.type, known.limits.get(one.name)) for one in fields(known.command))
    return CommandKind(name=known.name, parameters=tuple(parameters))


def _parameter(name: str, kind: object, limit: Limit | None) -> Parameter:
    if kind is bool:
        return Parameter(name=name, kind="switch")
    low, high, step = (limit.low, limit.high, limit.step) if limit else (None, None, 1)
    return Parameter(name=name, kind="number" if kind is int else "text", low=low, high=high, step=step)


def _silence(state: str) -> str:
    return {"queued": "never sent", "sent": "no word that it went on air"}.get(state, "not acknowledged in time")


def _row(command: Command) -> dict[str, object]:
    return {
        "command_id": command.command_id,
        "device_id": command.device_id,
        "name": command.name,
        "parameters": Jsonb(dict(command.parameters)),
        "f_port": command.f_port,
        "payload": command.payload,
        "requested_by": command.requested_by,
        "requested_at": command.requested_at,
        "expires_at": command.expires_at,
    }


def _command(row: DictRow) -> Command:
    command = Command(**row)
    return replace(command, state=CommandState(row["state"]), payload=bytes(row["payload"]))
