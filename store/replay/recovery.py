"""Dead letters that mean something now: a device was registered since, or a codec mended."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from datetime import datetime

from domain.errors import Reason, StoreRefusedError
from domain.security import NetworkNotice
from domain.uplinks import Accepted, Rejected
from store.frames import FrameStore
from store.pool import Pool, translated
from store.queries import query
from store.replay.journal import Scope

Letter = tuple[str, bytes, datetime]
"""A message by its topic, bytes and time of receipt."""
Read = Callable[[Sequence[Letter]], Awaitable[Sequence[Accepted | Rejected | NetworkNotice]]]

_PAGE = 1000


async def recover_dead_letters(
    pool: Pool, scope: Scope, reasons: Collection[Reason], read: Read, store: FrameStore
) -> int:
    """Put those of these reasons that can be read into the journal, with the time at which they came; returns how many.

    Kept first and forgotten then, so that nothing is lost in between: what was kept already is not kept twice.
    """
    recovered = 0
    async for rows in _pages(pool, scope, reasons):
        frames = await read([_letter(row) for row in rows])
        for row, frame in zip(rows, frames, strict=True):
            if isinstance(frame, Accepted) and (scope.dry_run or await _kept(pool, store, frame, row)):
                recovered += 1
    return recovered


def _letter(row: dict[str, object]) -> Letter:
    return str(row["topic"]), bytes(row["payload"]), row["first_at"]  # type: ignore[call-overload,return-value]


async def _kept(pool: Pool, store: FrameStore, frame: Accepted, row: dict[str, object]) -> bool:
    try:
        await store.write([frame], [])
    except StoreRefusedError:
        return False
    with translated():
        async with pool.connection() as connection:
            await connection.execute(query("delete_dead_letters"), {"dead_letter_ids": [row["dead_letter_id"]]})
    return True


async def _pages(pool: Pool, scope: Scope, reasons: Collection[Reason]) -> AsyncIterator[list[dict[str, object]]]:
    after = 0
    while True:
        parameters = {
            "after_id": after,
            "reasons": [reason.value for reason in reasons],
            "begins": scope.begins,
            "ends": scope.ends,
            "device_id": scope.device_id,
            "rows": _PAGE,
        }
        with translated():
            async with pool.connection() as connection:
                rows = await (await connection.execute(query("select_dead_letters_to_replay"), parameters)).fetchall()
        if not rows:
            return
        yield rows
        after = rows[-1]["dead_letter_id"]
