"""What is kept of single devices: for the page and the report of one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from domain.codec_scripts import ScriptedModels, ScriptFrame
from domain.device_record import Day, DeviceRecord, HeardBy, KeptFrame
from domain.live import Clock
from domain.security import SecurityCode
from domain.uplinks import Decoded, Kind
from store.inspection import device_health
from store.pool import Connection, Pool, connected
from store.queries import query
from store.replay.meaning import Undecodable, read
from store.replay.scripted import read_scripted

# Whose gateways are looked at: enough for months of a parking sensor, and little for one that never stops.
_HEARD_FRAMES = 5000

Rows = list[dict[str, object]]


class StoreDeviceRecords:
    """Satisfies domain.device_record.DeviceRecords."""

    def __init__(self, pool: Pool, scripts: ScriptedModels, *, now: Clock) -> None:
        self._pool = pool
        self._scripts = scripts
        self._now = now

    async def device_record(self, device_id: str, *, frames: int, days: int) -> DeviceRecord | None:
        """A device with its newest frames and days; None if there is none. Raises StoreUnavailableError."""
        now = self._now()
        asked: dict[str, object] = {"device_id": device_id, "since": now - timedelta(days=days)}
        health = {"now": now, "counter_reset": SecurityCode.COUNTER_RESET, "device_id": device_id}
        async with connected(self._pool) as connection:
            found = await _rows(connection, "select_device_health", health)
            if not found:
                return None
            silence = await _rows(connection, "select_device_silence", asked)
            newest = await _rows(connection, "select_device_frames", {**asked, "kind": None, "limit": frames})
            startup = await _rows(connection, "select_device_frames", {**asked, "kind": Kind.STARTUP, "limit": 1})
            heard = await _rows(connection, "select_device_days", asked)
            batteries = await _rows(connection, "select_device_batteries", asked)
            gateways = await _rows(connection, "select_device_gateways", {**asked, "limit": _HEARD_FRAMES})
        kept = await self._read([_frame(row) for row in [*newest, *startup]])
        series = {
            key: tuple((row["day"], row["value"]) for row in batteries if row["key"] == key)
            for key in ("battery_percent", "battery_volts")
        }
        return DeviceRecord(
            health=device_health(found[0]),
            silent_after=timedelta(seconds=int(str(silence[0]["silent_after_s"]))),
            frames=tuple(kept[: len(newest)]),
            newest_startup=kept[-1] if startup else None,
            days=tuple(Day(**row) for row in heard),  # type: ignore[arg-type]
            charges=series["battery_percent"],  # type: ignore[arg-type]
            volts=series["battery_volts"],  # type: ignore[arg-type]
            gateways=tuple(HeardBy(**row) for row in gateways),  # type: ignore[arg-type]
            is_retold=bool(silence[0]["is_retold"]),
        )

    async def _read(self, frames: Sequence[KeptFrame]) -> list[KeptFrame]:
        """The frames with what they mean to the codecs that are there now."""
        scripted = [frame for frame in frames if self._scripts.knows(frame.codec)]
        told = iter(await read_scripted(self._scripts, [_script_frame(frame) for frame in scripted]))
        return [
            replace(frame, meaning=_decoded(next(told)) if self._scripts.knows(frame.codec) else _built_in(frame))
            for frame in frames
        ]


async def _rows(connection: Connection, name: str, parameters: dict[str, object]) -> Rows:
    return await (await connection.execute(query(name), parameters)).fetchall()


def _decoded(told: Decoded | Exception) -> Decoded | None:
    return told if isinstance(told, Decoded) else None


def _built_in(frame: KeptFrame) -> Decoded | None:
    meaning = read(frame.codec, frame.f_port, frame.payload)
    return None if isinstance(meaning, Undecodable) else meaning.decoded


def _script_frame(frame: KeptFrame) -> ScriptFrame:
    return ScriptFrame(model=frame.codec, f_port=frame.f_port, payload=frame.payload, observed_at=frame.observed_at)


def _frame(row: dict[str, object]) -> KeptFrame:
    return KeptFrame(**{**row, "payload": bytes(row["payload"])})  # type: ignore[call-overload]
