"""The page with which an installer puts a device at a bay or bench: made for a phone, complete without JavaScript."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard import frame_wording, site_plan
from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.templating import Templates
from devices.catalogue import MODELS, needs_threshold
from devices.distance import MARGIN_MM, proposal
from domain.codec_scripts import Codecs
from domain.device_record import DeviceRecords
from domain.errors import InvalidIdError, RegisterProblem, RegisterRefusedError
from domain.ids import DeviceId, parse_dev_eui
from domain.labels import device_on_label
from domain.live import Clock
from domain.places_file import OWN_MODELS
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


class Asked(Given, frozen=True):
    """What the address says: what is known already, and where the plan was tapped, if it was."""

    done: str = Field(default="", max_length=64)
    retold: bool = False
    zoom: int = Field(default=0, ge=-3, le=4)
    view: str = Field(default="", max_length=64)
    x: int | None = Field(default=None, validation_alias="at.x")
    y: int | None = Field(default=None, validation_alias="at.y")

    @property
    def tapped(self) -> site_plan.Position | None:
        """Where on the ground it was tapped; None where it was not: a browser says 0, 0 of a key that is pressed."""
        view = site_plan.View.parse(self.view)
        if view is None or self.x is None or self.y is None or not (self.x or self.y):
            return None
        return view.position(self.x, self.y) if 0 <= self.x <= site_plan.SIZE >= self.y >= 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of a place as the page shows it. `chosen` is empty while a tap chooses; then it says where that is.

    `moved_m` is how far the new position is from the one in the register, None where there is no new one.
    """

    view: site_plan.View
    picture: str
    chosen: str
    name: str
    zoom: int
    moved_m: float | None


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
    codecs: Codecs
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

    async def ask(self, asked: Annotated[Asked, Query()]) -> HTMLResponse:
        """The steps, as far as they are known: which device, which place, which bay, where that is."""
        if not asked.device:
            return self._page(asked, site=asked.site)
        try:
            device_id = device_on_label(asked.device)
        except InvalidIdError:
            return self._page(asked, faults=[Fault(field="device", message="Enter the id on the label of the device")])
        return await self._form(device_id, asked)

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

    async def _form(self, device_id: DeviceId, given: Given, *, faults: list[Fault] | None = None) -> HTMLResponse:
        register = await self.registry.records()
        record = await self.records.device_record(device_id, frames=_FRAMES, days=1)
        distances = record.distances_mm if record else []
        there = _now_there(register, device_id)
        place = given.site or (str(register[RecordKind.ASSET][str(there["asset"])]["site"]) if there else "")
        assets = _assets_of(register, place)
        is_known = device_id in register[RecordKind.DEVICE]
        taken = _devices_there(register)
        asked = given if isinstance(given, Asked) else Asked.model_validate(given.model_dump())
        given = _tapped(asked, assets)
        chosen = given.asset or (str(there["asset"]) if there else "")
        return self._page(
            given,
            faults=faults,
            device_id=device_id,
            record=record,
            is_known=is_known,
            models=[] if is_known else await self._models(device_id),
            is_mistyped=not is_known and not _is_dev_eui(device_id),
            there=there,
            site=place,
            sites=sorted(register[RecordKind.SITE].items(), key=lambda one: str(one[1]["name"])),
            assets=assets,
            taken=taken,
            chosen=chosen,
            plan=_plan(given, chosen, assets, zoom=asked.zoom, taken=taken),
            done=asked.done if asked.done in register[RecordKind.ASSET] else "",
            retold=asked.retold,
            distances=distances[:_DISTANCES],
            proposed=proposal([mm for _, mm in distances]),
            needs_threshold=bool(distances) or (record is not None and needs_threshold(record.health.model)),
        )

    def _page(self, given: Given, *, faults: list[Fault] | None = None, **more: object) -> HTMLResponse:
        known: dict[str, object] = {"device_id": None, "record": None, "is_known": False, "there": None}
        known |= {"site": "", "done": "", "sites": [], "assets": [], "taken": {}, "chosen": "", "plan": None}
        known |= {"retold": False, "distances": [], "proposed": None, "needs_threshold": False, "margin_mm": MARGIN_MM}
        known |= {"plan_size": site_plan.SIZE, "models": [], "is_mistyped": False}
        page = self.templates.page(
            "install.html",
            status_code=422 if faults else 200,
            given=given,
            faults=faults or [],
            faults_of={fault.field: fault.message for fault in faults or []},
            now=self.now(),
            words=frame_wording,
            **(known | more),
        )
        page.headers.update(GEOLOCATION)
        return page

    async def _models(self, device_id: DeviceId) -> list[tuple[str, str]]:
        """Key and name of every model that can be read and may have this id, also with a JavaScript codec."""
        if not _is_dev_eui(device_id):
            return [(one.key, f"{one.vendor} {one.name}") for one in MODELS if one.key in OWN_MODELS]
        names = {one.key: f"{one.vendor} {one.name}" for one in MODELS}
        names |= {
            one.draft.model: f"{one.draft.vendor} {one.draft.name}" for one in await self.codecs.all() if one.is_active
        }
        return sorted(names.items(), key=lambda one: one[1].casefold())

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


def _is_dev_eui(device_id: DeviceId) -> bool:
    try:
        return parse_dev_eui(device_id) == device_id
    except InvalidIdError:
        return False


def _tapped(asked: Asked, assets: site_plan.Assets) -> Given:
    """What is known after a tap on the plan: the bay that is nearest, or where the one that was chosen is."""
    position = asked.tapped
    if position is None or not assets:
        return asked
    if asked.asset in dict(assets):
        return asked.model_copy(update={"lon": f"{position[0]:.6f}", "lat": f"{position[1]:.6f}"})
    return asked.model_copy(update={"asset": site_plan.nearest_asset(position, assets), "lon": "", "lat": ""})


def _plan(given: Given, chosen: str, assets: site_plan.Assets, *, zoom: int, taken: Mapping[str, str]) -> Plan | None:
    if not assets:
        return None
    asset = dict(assets).get(chosen)
    if asset is None:
        view = site_plan.overview(assets)
        picture = site_plan.picture(view, assets, chosen="", pin=None, taken=taken)
        return Plan(view=view, picture=picture, chosen="", name="", zoom=0, moved_m=None)
    there = float(str(asset["lon"])), float(str(asset["lat"]))
    pin = _position(given)
    view = site_plan.close_up(pin or there, assets, zoom=zoom)
    return Plan(
        view=view,
        picture=site_plan.picture(view, assets, chosen=chosen, pin=pin, taken=taken),
        chosen=chosen,
        name=str(asset["name"]),
        zoom=zoom,
        moved_m=site_plan.distance_m(there, pin) if pin else None,
    )


def _position(given: Given) -> site_plan.Position | None:
    """The position that was typed or tapped; None where that is none."""
    try:
        lon, lat = float(given.lon), float(given.lat)
    except ValueError:
        return None
    return (lon, lat) if abs(lon) <= 180 and abs(lat) < 90 else None


def _fault(problem: RegisterProblem) -> Fault:
    names = {
        "model": "Model",
        "lon": "Longitude",
        "lat": "Latitude",
        "distance_threshold_mm": "Distance",
        "debounce_s": "Wait",
    }
    if problem.column == "id":
        return Fault(field="model", message=f"A sensor of this model has another id: {problem.message}")
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
    """The bays, benches, areas and gates of a site in the order of their names: Bay 2 before Bay 10."""
    found = [(key, one) for key, one in register[RecordKind.ASSET].items() if one["site"] == site]
    return sorted(found, key=lambda one: (len(str(one[1]["name"])), str(one[1]["name"])))
