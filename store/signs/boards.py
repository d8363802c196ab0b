"""Boards of signs in the database: every version for ever, and who made which."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from domain.board_document import offers, parse_board, unknown_places
from domain.board_writing import write_board
from domain.boards import Board, BoardVersion
from domain.errors import BoardChangedError, BoardRefusedError, UnknownPlaceError
from domain.ids import SignId, SiteId, ZoneId
from domain.live import Clock
from domain.places import Sign
from store.pool import Connection, Pool, connected
from store.queries import one, query
from store.register import publish

logger = logging.getLogger(__name__)

_PLACE = ("name", "site_id", "lon", "lat")


class StoreBoards:
    """Satisfies domain.signs.Signs."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def versions(self, sign_id: SignId, *, limit: int) -> list[BoardVersion]:
        """The versions of a sign's board, newest first; raises UnknownPlaceError, StoreUnavailableError."""
        async with connected(self._pool) as connection:
            found = await _versions(connection, sign_id, limit=limit)
        if not found:
            raise UnknownPlaceError("sign", sign_id)
        return found

    async def write(self, sign: Sign, *, actor: str, what: str = "", based_on: int | None = None) -> Sign:
        """Put a sign where and what it should be; a board that is as it was makes no version.

        Raises:
            BoardRefusedError: its lines point to what is not there; nothing was changed.
            BoardChangedError: the board is not at version `based_on` any more; nothing was changed.
            UnknownPlaceError: there is no such site; nothing was changed.
            StoreUnavailableError: nothing was changed.
        """
        change = _Change(at=self._now(), actor=actor, what=what)
        async with connected(self._pool) as connection, connection.transaction():
            await connection.execute(query("lock_register"))
            return await _write(connection, sign, change, based_on=based_on)

    async def restore(self, sign_id: SignId, version: int, *, actor: str) -> Sign:
        """Make an older version the newest; raises like `write`, UnknownPlaceError also where there is none."""
        change = _Change(at=self._now(), actor=actor, what=f"back to version {version}")
        async with connected(self._pool) as connection, connection.transaction():
            await connection.execute(query("lock_register"))
            sign = (await read_signs(connection)).get(sign_id)
            if sign is None:
                raise UnknownPlaceError("sign", sign_id)
            found = await _versions(connection, sign_id, limit=sign.board.layout_version)
            older = next((one.board for one in found if one.version == version), None)
            if older is None:
                raise UnknownPlaceError("board version", f"{sign_id} {version}")
            return await _write(connection, replace(sign, board=older), change)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    at: datetime
    actor: str
    what: str
    from_file: bool = False


async def read_signs(connection: Connection) -> dict[str, Sign]:
    """Every sign by id."""
    rows = await (await connection.execute(query("select_signs"))).fetchall()
    return {str(row["sign_id"]): _sign(row) for row in rows}


async def file_signs(connection: Connection, signs: Sequence[Sign], *, at: datetime, actor: str) -> None:
    """Take in the signs of a places file. A board about which it says what it said last time stays as people made it.

    Raises:
        BoardRefusedError: a line points to what is not there. Undo the transaction.
    """
    rows = await (await connection.execute(query("select_filed_boards"))).fetchall()
    filed = {row["sign_id"]: row["board"] for row in rows}
    change = _Change(at=at, actor=actor, what="places file", from_file=True)
    for sign in signs:
        await _refuse_unknown_places(connection, sign.board)
        await connection.execute(query("upsert_sign"), _row(sign))
        if filed.get(sign.sign_id) != write_board(sign.board, name=sign.name):
            await _insert(connection, sign, change)


async def _write(connection: Connection, sign: Sign, change: _Change, *, based_on: int | None = None) -> Sign:
    now = (await read_signs(connection)).get(sign.sign_id)
    if based_on is not None and based_on != (now.board.layout_version if now else 0):
        raise BoardChangedError(sign.sign_id, now.board.layout_version if now else 0)
    await _refuse_unknown_places(connection, sign.board)
    differences = _differences(now, sign)
    if now is not None and not differences:
        return now
    if not (await connection.execute(query("upsert_sign"), _row(sign))).rowcount:
        raise UnknownPlaceError("site", sign.site_id)
    what = "; ".join(part for part in (change.what, *differences) if part)
    version = await _insert(connection, sign, replace(change, what=what))
    await publish(connection, at=change.at)
    return replace(sign, board=replace(sign.board, layout_version=version))


def _differences(now: Sign | None, wanted: Sign) -> list[str]:
    """What a person wants to know of a change; empty where there is none."""
    if now is None:
        return ["new sign"]
    moved = [
        f"{name}: {getattr(now, name)} -> {getattr(wanted, name)}"
        for name in _PLACE
        if getattr(now, name) != getattr(wanted, name)
    ]
    before, after = (write_board(sign.board, name=sign.name) for sign in (now, wanted))
    return moved + ([f"board: {', '.join(_changed_keys(before, after))}"] if before != after else [])


def _changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]


async def _insert(connection: Connection, sign: Sign, change: _Change) -> int:
    document = Jsonb(write_board(sign.board, name=sign.name), dumps=json.dumps)
    values = {name: getattr(change, name) for name in ("at", "actor", "what", "from_file")}
    row = await one(connection, "insert_board_version", {**values, "sign_id": sign.sign_id, "board": document})
    return int(str(row["board_version"]))


async def _refuse_unknown_places(connection: Connection, board: Board) -> None:
    rows = await (await connection.execute(query("select_bay_places"))).fetchall()
    problems = unknown_places(board, offers((SiteId(r["site_id"]), _zone(r["zone_id"]), r["category"]) for r in rows))
    if problems:
        raise BoardRefusedError(board.sign_id, problems)


def _zone(zone_id: str | None) -> ZoneId | None:
    return None if zone_id is None else ZoneId(zone_id)


async def _versions(connection: Connection, sign_id: str, *, limit: int) -> list[BoardVersion]:
    rows = await connection.execute(query("select_board_versions"), {"sign_id": sign_id, "limit": limit})
    return [
        BoardVersion(
            version=row["version"],
            made_at=row["made_at"],
            actor=row["actor"],
            what=row["what"],
            board=_board(SignId(sign_id), row["name"], row["version"], row["board"]),
        )
        for row in await rows.fetchall()
    ]


def _row(sign: Sign) -> dict[str, object]:
    return {name: getattr(sign, name) for name in ("sign_id", *_PLACE)}


def _sign(row: Mapping[str, Any]) -> Sign:
    sign_id = SignId(row["sign_id"])
    board = _board(sign_id, row["name"], row["board_version"], row["board"])
    return Sign(**{name: row[name] for name in _PLACE}, sign_id=sign_id, board=board)


def _board(sign_id: SignId, name: str, version: int, document: Mapping[str, Any]) -> Board:
    """A stored board; one that this version of the platform cannot read says nothing, and stops nobody else."""
    try:
        return parse_board(document, sign_id=sign_id, name=name, layout_version=version)
    except BoardRefusedError as error:
        logger.exception("a board cannot be read", extra={"action": "board_unreadable", "board": str(error)})
        return Board(sign_id=sign_id, title=name, lines=(), layout_version=version)
