"""The page of one device, and the report that can be downloaded."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.responses import HTMLResponse, JSONResponse, Response

from dashboard import command_wording, frame_wording
from dashboard.device_list import NEEDS, DeviceRow
from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.sparkline import sparkline
from dashboard.templating import Templates
from domain.commands import Commands, Setting, Telling, settings_of
from domain.device_record import DeviceRecord, DeviceRecords, KeptFrame
from domain.ids import DeviceId
from domain.live import Clock
from domain.times import rfc3339

FRAMES_ON_THE_PAGE, FRAMES_IN_A_REPORT = 20, 5000
DAYS = 90
_COMMANDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePages:
    """Renders what is kept of one device."""

    records: DeviceRecords
    commands: Commands
    now: Clock
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route("/manage/devices/{device_id}", self.device)
        router.add_api_route("/manage/devices/{device_id}/report", self.report, response_class=JSONResponse)
        return router

    async def device(self, device_id: str) -> HTMLResponse:
        """Its condition, and its newest frames."""
        record = await self.records.device_record(device_id, frames=FRAMES_ON_THE_PAGE, days=DAYS)
        if record is None:
            return self._nobody()
        now = self.now()
        row = DeviceRow(device=record.health, needs=record.health.attention(now))
        charges = [(*record.charges,), "%"] if record.charges else [(*record.volts,), " V"]
        lines = {
            "battery": sparkline(*charges),  # type: ignore[arg-type]
            "frames": sparkline([(day.day, day.frames) for day in record.days], " frames"),
            "rssi": sparkline([(day.day, day.rssi_dbm) for day in record.days if day.rssi_dbm is not None], " dBm"),
            "snr": sparkline([(day.day, day.snr_db) for day in record.days if day.snr_db is not None], " dB"),
        }
        telling, settings = await self._settings(record.health.device_id)
        return self.templates.page(
            "device.html",
            now=now,
            record=record,
            row=row,
            lines=lines,
            settings=settings,
            tells=telling.tells,
            words=frame_wording,
            command_words=command_wording,
            needs=NEEDS,
        )

    async def report(self, device_id: str) -> Response:
        """Everything about it as JSON, with its newest frames as raw bytes and what they mean."""
        record = await self.records.device_record(device_id, frames=FRAMES_IN_A_REPORT, days=DAYS)
        if record is None:
            return self._nobody()
        name = f'attachment; filename="{record.health.device_id}.json"'
        telling, settings = await self._settings(record.health.device_id)
        told = report(record, self.now()) | {"tells": sorted(telling.tells), "settings": [*map(_setting, settings)]}
        return JSONResponse(told, headers={"Content-Disposition": name})

    async def _settings(self, device_id: str) -> tuple[Telling, list[Setting]]:
        known = DeviceId(device_id)
        telling = await self.commands.telling(known)
        return telling, settings_of(await self.commands.of_device(known, limit=_COMMANDS), telling)

    def _nobody(self) -> HTMLResponse:
        return self.templates.problem(404, "There is no such device", "The register has no device of this id.")


def report(record: DeviceRecord, at: datetime) -> dict[str, object]:
    """The report of a device: times in UTC, durations in s, bytes in hexadecimal."""
    health = record.health
    return {
        "made_at": rfc3339(at),
        "health": _plain(asdict(health)),
        "needs": [need.value for need in health.attention(at)],
        "frames_missing": health.frames_missing,
        "loss": health.loss,
        "expected_interval_s": record.expected_interval.total_seconds(),
        "usual_interval_s": _seconds(record.usual_interval),
        "battery_days_left": record.battery_days_left,
        "rssi_trend_db_per_week": record.rssi_trend_db_per_week,
        "snr_trend_db_per_week": record.snr_trend_db_per_week,
        "firmware": frame_wording.firmware(record),
        "time_source": record.time_source,
        "clock_offset_s": _seconds(record.clock_offset),
        "gateways": [_plain(asdict(gateway)) for gateway in record.gateways],
        "days": [_plain(asdict(day)) for day in record.days],
        "frames": [_frame(frame) for frame in record.frames],
    }


def _setting(setting: Setting) -> dict[str, object]:
    times = {"asked_at": setting.asked_at, "reported_at": setting.reported_at}
    return {
        "name": setting.name,
        "desired": setting.desired and dict(setting.desired),
        "reported": setting.reported and dict(setting.reported),
        "agreement": setting.agreement.value,
        "command_state": setting.state and setting.state.value,
        **{name: moment and rfc3339(moment) for name, moment in times.items()},
    }


def _frame(frame: KeptFrame) -> dict[str, object]:
    meaning = frame.meaning
    return {
        **_plain({field.name: getattr(frame, field.name) for field in fields(frame)}),
        "payload": frame.payload.hex(),
        "measurements": meaning and dict(meaning.measurements),
        "raw": meaning and {key: str(value) for key, value in meaning.raw.items()},
    }


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    return {
        key: rfc3339(value) if isinstance(value, datetime) else value
        for key, value in values.items()
        if key not in {"payload", "meaning"}
    }


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds()
