"""Devices whose history is to be told anew, since somebody changed the threshold by which it was told."""

from datetime import datetime
from typing import NamedTuple

from domain.ids import DeviceId
from store.pool import Connection, Pool, connected
from store.queries import query


class Retelling(NamedTuple):
    """A device, and when it was asked for last: asked again meanwhile, it is to be told again."""

    device_key: int
    device_id: DeviceId
    asked_at: datetime


async def next_to_retell(pool: Pool) -> DeviceId | None:
    """Whose history is to be told anew next; raises StoreUnavailableError."""
    async with connected(pool) as connection:
        return next((one.device_id for one in await retellings(connection, limit=1)), None)


async def ask_to_retell(connection: Connection, *, at: datetime) -> tuple[str, ...]:
    """Ask for the devices of this transaction's change of the register that have such a history; names them."""
    rows = await connection.execute(query("insert_retellings"), {"at": at})
    return tuple(str(row["device_id"]) for row in await rows.fetchall())


async def retellings(connection: Connection, *, limit: int | None = None) -> list[Retelling]:
    """What is to be told anew, oldest first."""
    rows = await connection.execute(query("select_retellings"), {"limit": limit})
    return [Retelling(**row) for row in await rows.fetchall()]


async def told(connection: Connection, retelling: Retelling) -> None:
    """It was told as the register was when it was asked for, or later."""
    await connection.execute(query("delete_retelling"), retelling._asdict())
