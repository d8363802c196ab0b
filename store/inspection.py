"""What asset managers ask: the health of devices, and messages that were set aside."""

from devices.catalogue import needs_threshold
from domain.health import DeadLetter, DeviceHealth
from domain.ids import DeviceId
from domain.live import Clock
from domain.places import AssetKind
from domain.security import SecurityCode, SecurityRecord
from domain.states import State
from store.pool import Pool, connected
from store.queries import query


class StoreInspection:
    """Satisfies domain.live.Inspection."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def device_health(self) -> list[DeviceHealth]:
        """Every device, by id; raises StoreUnavailableError."""
        rows = await self._rows(
            "select_device_health", {"now": self._now(), "counter_reset": SecurityCode.COUNTER_RESET, "device_id": None}
        )
        return [device_health(row) for row in rows]

    async def dead_letters(self, *, before_id: int | None, limit: int) -> list[DeadLetter]:
        """Dead letters, newest first, those with an id below `before_id`; raises StoreUnavailableError."""
        rows = await self._rows("select_dead_letters", {"before_id": before_id, "limit": limit})
        return [DeadLetter(**{**row, "payload": bytes(row["payload"])}) for row in rows]  # type: ignore[call-overload]

    async def dead_letter_counts(self) -> dict[str, int]:
        """How often each reason occurred, all time; raises StoreUnavailableError."""
        rows = await self._rows("count_dead_letters", {})
        return {str(row["reason"]): int(str(row["times"])) for row in rows}

    async def security_records(self, *, limit: int) -> list[SecurityRecord]:
        """What looks like tampering, newest first; raises StoreUnavailableError."""
        rows = await self._rows("select_security_events", {"limit": limit})
        return [SecurityRecord(**row) for row in rows]  # type: ignore[arg-type]

    async def missing_counters(self, device_id: DeviceId, session: str, *, limit: int) -> list[range]:
        """Which counters of a session the journal lacks, in runs; raises StoreUnavailableError."""
        asked: dict[str, object] = {"device_id": device_id, "session": session, "limit": limit}
        rows = await self._rows("select_missing_counters", asked)
        return [range(int(str(row["first_f_cnt"])), int(str(row["last_f_cnt"])) + 1) for row in rows]

    async def _rows(self, name: str, parameters: dict[str, object]) -> list[dict[str, object]]:
        async with connected(self._pool) as connection:
            return await (await connection.execute(query(name), parameters)).fetchall()


def device_health(row: dict[str, object]) -> DeviceHealth:
    """The health in a row of `select_device_health`."""
    values = {
        **row,
        "asset_kind": AssetKind(str(row["asset_kind"])) if row["asset_kind"] else None,
        "frames_expected": int(str(row["frames_expected"])),
        "state": State(str(row["state"])) if row["state"] else None,
        "needs_threshold": needs_threshold(str(row["model"])),
    }
    return DeviceHealth(**values)  # type: ignore[arg-type]
