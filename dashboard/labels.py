"""Labels for installers: a QR code that opens the install page, and the id as text, many on a printed sheet."""

from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlencode

import segno
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse

from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.templating import Templates
from domain.register import RecordKind, Register, Registry

MOST_LABELS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label: the code as SVG, what it is about, and the words below."""

    code: Markup
    label_id: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A place, and how many labels there are of its devices, and of its bays, benches, areas and gates."""

    site_id: str
    name: str
    devices: int
    assets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPages:
    """Draws labels of devices, or of the bays, benches, areas and gates of a site."""

    registry: Registry
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route("/manage/labels", self.labels)
        return router

    async def labels(
        self, request: Request, device: str = "", site: str = "", of: str = "device", *, unplaced: bool = False
    ) -> HTMLResponse:
        """A sheet: of a device, of all devices or (`of=asset`) everything else of a site, of devices in no place.

        Where nothing is chosen it is the choice, with how many labels each would be: all of them are metres of paper.
        """
        register = await self.registry.records()
        sheets = _sheets(register)
        if not (device or site or unplaced):
            in_no_place = len(_devices(register, "", None))
            return self.templates.page("labels.html", sheets=sheets, unplaced=in_no_place, chosen=False, site="", of=of)
        address = f"{request.base_url}manage/install"
        if of == "asset" and site:
            wanted = _assets(register, site)
        else:
            wanted = _devices(register, device, site or (None if unplaced else ""))
        labels = [_label(f"{address}?{urlencode(query)}", *text) for query, *text in wanted[:MOST_LABELS]]
        return self.templates.page(
            "labels.html",
            labels=labels,
            found=len(wanted),
            most=MOST_LABELS,
            sheets=sheets,
            chosen=True,
            site=site,
            of=of,
        )


Wanted = tuple[dict[str, str], str, str]


def _sheets(register: Register) -> list[Sheet]:
    """Every place, by name."""
    assets = register[RecordKind.ASSET]
    devices = Counter(assets[asset]["site"] for asset in _where(register).values())
    in_site = Counter(one["site"] for one in assets.values())
    found = (
        Sheet(site_id=key, name=str(one["name"]), devices=devices[key], assets=in_site[key])
        for key, one in register[RecordKind.SITE].items()
    )
    return sorted(found, key=lambda sheet: sheet.name)


def _where(register: Register) -> dict[object, str]:
    """The asset at which each device is now."""
    installations = register[RecordKind.INSTALLATION].values()
    return {one["device"]: str(one["asset"]) for one in installations if not one["ends_at"]}


def _devices(register: Register, device: str, site: str | None) -> list[Wanted]:
    """Of any device and any site where that is empty; site None: those that are nowhere."""
    where = _where(register)
    assets = register[RecordKind.ASSET]

    def is_wanted(device_id: str) -> bool:
        its_site = assets[where[device_id]]["site"] if device_id in where else None
        return device in {"", device_id} and site in {"", its_site}

    return [
        ({"device": key}, key, where.get(key, str(one["model"])))
        for key, one in sorted(register[RecordKind.DEVICE].items())
        if is_wanted(key)
    ]


def _assets(register: Register, site: str) -> list[Wanted]:
    return [
        ({"site": str(one["site"]), "asset": key}, key, str(one["name"]))
        for key, one in sorted(register[RecordKind.ASSET].items())
        if site == one["site"]
    ]


def _label(address: str, label_id: str, words: str) -> Label:
    # Level Q: a quarter of the code may be scratched or dirty.
    code = segno.make_qr(address, error="q").svg_inline(scale=1, border=4, omitsize=True, svgclass="label__code")
    # The code is drawn by us from modules, black and white: nothing of the address is in it as text.
    return Label(code=Markup(code), label_id=label_id, words=words)  # noqa: S704
