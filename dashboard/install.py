"""The page with which an installer puts a device at a bay or bench: made for a phone, complete without JavaScript."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard import frame_wording
from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.templating import Templates
from devices.catalogue import MODELS, needs_threshold
from devices.distance import MARGIN_MM, proposal
from domain.device_record import DeviceRecords
from domain.errors import InvalidIdError, RegisterProblem, RegisterRefusedError
from domain.ids import DeviceId
from domain.labels import device_on_label
from domain.live import Clock
from domain.register import Entry, RecordKind, Register, Registry, Values
from domain.register_csv import SilentAfter, read_entry

_FRAMES, _DISTANCES = 50, 6
GEOLOCATION = {"Permissions-Policy": "camera=(), geolocation=(self), microphone=()"}


class Given(BaseModel, frozen=True):
    """What the form says, as text."""

    device: str = ""
    model: str = ""
    site: str = ""
    asset: str = ""
    lon: str = ""
    lat: str = ""
    distance_threshold_mm: str = ""
    debounce_s: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong, and the field that it is about."""

    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallPages:
    """Shows a device as it was last heard, and puts it where the installer says."""

    registry: Registry
    records: DeviceRecords
    silent_after: SilentAfter
    now: Clock
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route("/manage/install", self.ask, methods=["GET"])
        router.add_api_route("/manage/install", self.install, methods=["POST"], response_model=None)
        return router

    async def ask(
        self,
        device: str = "",
        site: str = "",
        asset: str = "",
        distance_threshold_mm: str = "",
        done: Annotated[str, Query(max_length=64)] = "",
        *,
        retold: bool = False,
    ) -> HTMLResponse:
        """The steps, as far as they are known: which device, which place, which bay."""
        given = Given(device=device, site=site, asset=asset, distance_threshold_mm=distance_threshold_mm)
        if not device:
            return self._page(given, site=site)
        try:
            device_id = device_on_label(device)
        except InvalidIdError:
            return self._page(given, faults=[Fault(field="device", message="Enter the id on the label of the device")])
        return await self._form(device_id, given, done=done, retold=retold)

    async def install(self, form: Annotated[Given, Form()]) -> Response:
        """Put it there: the installation that was ends, the new one begins, together or not at all."""
        try:
            device_id = device_on_label(form.device)
        except InvalidIdError:
            return self._page(form, faults=[Fault(field="device", message="Enter the id on the label of the device")])
        register = await self.registry.records()
        entries, faults = self._entries(register, device_id, form)
        if not faults:
            try:
                what = f"install {device_id} at {form.asset}"
                made = await self.registry.write(entries, actor=self.login.username, what=what)
            except RegisterRefusedError as error:
                faults = [_fault(problem) for problem in error.problems]
        if faults:
            return await self._form(device_id, form, faults=faults)
        query = urlencode(
            {
                "device": device_id,
                "site": form.site,
                "done": form.asset,
                **({"retold": "yes"} if made.retold else {}),
            }
        )
        return RedirectResponse(f"/manage/install?{query}", status_code=303)

    async def _form(
        self,
        device_id: DeviceId,
        given: Given,
        *,
        faults: list[Fault] | None = None,
        done: str = "",
        retold: bool = False,
    ) -> HTMLResponse:
        register = await self.registry.records()
        record = await self.records.device_record(device_id, frames=_FRAMES, days=1)
        distances = record.distances_mm if record else []
        there = _now_there(register, device_id)
        place = given.site or (str(register[RecordKind.ASSET][str(there["asset"])]["site"]) if there else "")
        assets = _assets_of(register, place)
        return self._page(
            given,
            faults=faults,
            device_id=device_id,
            record=record,
            is_known=device_id in register[RecordKind.DEVICE],
            there=there,
            site=place,
            sites=sorted(register[RecordKind.SITE].items(), key=lambda one: str(one[1]["name"])),
            assets=assets,
            taken=_devices_there(register),
            done=done if done in register[RecordKind.ASSET] else "",
            retold=retold,
            distances=distances[:_DISTANCES],
            proposed=proposal([mm for _, mm in distances]),
            needs_threshold=bool(distances) or (record is not None and needs_threshold(record.health.model)),
        )

    def _page(self, given: Given, *, faults: list[Fault] | None = None, **more: object) -> HTMLResponse:
        known: dict[str, object] = {"device_id": None, "record": None, "is_known": False, "there": None}
        known |= {"site": "", "done": "", "sites": [], "assets": [], "taken": {}}
        known |= {"retold": False, "distances": [], "proposed": None, "needs_threshold": False, "margin_mm": MARGIN_MM}
        page = self.templates.page(
            "install.html",
            status_code=422 if faults else 200,
            given=given,
            faults=faults or [],
            faults_of={fault.field: fault.message for fault in faults or []},
            now=self.now(),
            models=MODELS,
            words=frame_wording,
            **(known | more),
        )
        page.headers.update(GEOLOCATION)
        return page

    def _entries(self, register: Register, device_id: DeviceId, form: Given) -> tuple[list[Entry], list[Fault]]:
        asset = register[RecordKind.ASSET].get(form.asset)
        if asset is None:
            return [], [Fault(field="asset", message="Choose the bay or bench")]
        there = _now_there(register, device_id)
        begins_at = there["begins_at"] if there and there["asset"] == form.asset else self.now()
        cells = [
            {
                "record": "installation",
                "device": device_id,
                "asset": form.asset,
                "begins_at": str(begins_at),
                "distance_threshold_mm": form.distance_threshold_mm,
                "debounce_s": form.debounce_s,
            }
        ]
        if device_id not in register[RecordKind.DEVICE]:
            cells.append({"record": "device", "id": device_id, "model": form.model})
        if form.lon.strip() or form.lat.strip():
            texts = {name: str(value) for name, value in asset.items() if value is not None}
            cells.append({"record": "asset", "id": form.asset, **texts, "lon": form.lon, "lat": form.lat})
        read = [read_entry(one, silent_after=self.silent_after) for one in cells]
        faults = [_fault(problem) for _, problems in read for problem in problems]
        return [entry for entry, _ in read if entry is not None], faults


def _fault(problem: RegisterProblem) -> Fault:
    names = {
        "model": "Model",
        "lon": "Longitude",
        "lat": "Latitude",
        "distance_threshold_mm": "Distance",
        "debounce_s": "Wait",
    }
    name = names.get(problem.column or "", "")
    return Fault(
        field=problem.column if name and problem.column else "asset", message=f"{name} {problem.message}".strip()
    )


def _now_there(register: Register, device_id: str) -> Values | None:
    found = register[RecordKind.INSTALLATION].values()
    return next((one for one in found if one["device"] == device_id and one["ends_at"] is None), None)


def _devices_there(register: Register) -> dict[str, str]:
    found = register[RecordKind.INSTALLATION].values()
    return {str(one["asset"]): str(one["device"]) for one in found if one["ends_at"] is None}


def _assets_of(register: Register, site: str) -> list[tuple[str, Values]]:
    """The bays and benches of a site in the order of their names: Bay 2 before Bay 10."""
    found = [(key, one) for key, one in register[RecordKind.ASSET].items() if one["site"] == site]
    return sorted(found, key=lambda one: (len(str(one[1]["name"])), str(one[1]["name"])))
