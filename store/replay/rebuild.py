"""The present anew from what is kept: states from events, conditions and sessions from the journal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from store.pool import Connection
from store.queries import one, query

# So few at a time that ingest, which waits meanwhile, hardly notices.
_ASSETS = 500
_DEVICES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Assets and devices by their keys."""

    assets: list[int]
    devices: list[int]


async def rebuild_present(connection: Connection, *, of: Touched | None, sessions: bool) -> None:
    """Make states, conditions and (on request, for it reads the whole journal) sessions what the history says.

    `of` names the assets and devices that it is about; None for all.
    """
    device_statements = ["rebuild_conditions", *(["delete_sessions", "rebuild_sessions"] if sessions else [])]
    assets = of.assets if of else await _keys(connection, "select_asset_keys")
    devices = of.devices if of else await _keys(connection, "select_device_keys")
    for keys in _parts(assets, _ASSETS):
        await _rebuild(connection, ["rebuild_states"], keys)
    for keys in _parts(devices, _DEVICES):
        await _rebuild(connection, device_statements, keys)


async def _rebuild(connection: Connection, names: Sequence[str], keys: list[int]) -> None:
    async with connection.transaction():
        stamp = await one(connection, "next_revision", {})
        for name in names:
            await connection.execute(query(name), {**stamp, "keys": keys})


async def _keys(connection: Connection, name: str) -> list[int]:
    rows = await (await connection.execute(query(name))).fetchall()
    return [int(row["key"]) for row in rows]


def _parts(keys: list[int], size: int) -> Iterator[list[int]]:
    for begin in range(0, len(keys), size):
        yield keys[begin : begin + size]
