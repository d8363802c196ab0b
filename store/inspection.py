"""What asset managers ask: the health of devices, and messages that were set aside."""

from domain.health import DeadLetter, DeviceHealth
from domain.live import Clock
from domain.places import AssetKind
from domain.states import State
from store.pool import Pool, translated
from store.queries import query


class StoreInspection:
    """Satisfies domain.live.Inspection."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def device_health(self) -> list[DeviceHealth]:
        """Every device, by id; raises StoreUnavailableError."""
        rows = await self._rows("select_device_health", {"now": self._now()})
        return [_device_health(row) for row in rows]

    async def dead_letters(self, *, before_id: int | None, limit: int) -> list[DeadLetter]:
        """Dead letters, newest first, those with an id below `before_id`; raises StoreUnavailableError."""
        rows = await self._rows("select_dead_letters", {"before_id": before_id, "limit": limit})
        return [DeadLetter(**{**row, "payload": bytes(row["payload"])}) for row in rows]  # type: ignore[call-overload]

    async def dead_letter_counts(self) -> dict[str, int]:
        """How often each reason occurred, all time; raises StoreUnavailableError."""
        rows = await self._rows("count_dead_letters", {})
        return {str(row["reason"]): int(str(row["times"])) for row in rows}

    async def _rows(self, name: str, parameters: dict[str, object]) -> list[dict[str, object]]:
        with translated():
            async with self._pool.connection() as connection:
                return await (await connection.execute(query(name), parameters)).fetchall()


def _device_health(row: dict[str, object]) -> DeviceHealth:
    values = {
        **row,
        "asset_kind": AssetKind(str(row["asset_kind"])) if row["asset_kind"] else None,
        "state": State(str(row["state"])) if row["state"] else None,
    }
    return DeviceHealth(**values)  # type: ignore[arg-type]
