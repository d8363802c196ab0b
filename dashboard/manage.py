"""Pages for asset managers: the devices, what they need, and the messages that were set aside."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from dashboard import dead_letter_wording, device_list, security_wording
from dashboard.device_list import DeviceChoice, DevicePage
from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.templating import Templates
from domain.health import Attention
from domain.live import Clock, Inspection

LETTERS_ON_A_PAGE = 50
SECURITY_RECORDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagePages:
    """Renders what the store tells, to those who have logged in."""

    inspection: Inspection
    now: Clock
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route("/manage", self.devices)
        router.add_api_route("/manage/dead-letters", self.dead_letters)
        router.add_api_route("/manage/security", self.security)
        return router

    async def devices(
        self, need: str = "", model: str = "", site: str = "", page: Annotated[int, Query(ge=1)] = 1
    ) -> HTMLResponse:
        """The devices, those that need somebody first."""
        now = self.now()
        choice = DeviceChoice(need=need, model=model, site=site)
        letters = await self.inspection.dead_letter_counts()
        devices = await self.inspection.device_health()
        return self.templates.page(
            "devices.html",
            now=now,
            choice=choice,
            listing=DevicePage.of(devices, choice, page, now),
            dead_letters=sum(letters.values()),
            Attention=Attention,
            device_list=device_list,
        )

    async def dead_letters(self, before: Annotated[int | None, Query(ge=1, lt=2**63)] = None) -> HTMLResponse:
        """The messages that could not be read, newest first."""
        letters = await self.inspection.dead_letters(before_id=before, limit=LETTERS_ON_A_PAGE)
        counts = await self.inspection.dead_letter_counts()
        return self.templates.page(
            "dead_letters.html",
            now=self.now(),
            letters=letters,
            counts=sorted(counts.items(), key=lambda item: (-item[1], item[0])),
            before=before,
            next_before=letters[-1].dead_letter_id if len(letters) == LETTERS_ON_A_PAGE else None,
            words=dead_letter_wording,
        )

    async def security(self) -> HTMLResponse:
        """What looks like tampering with devices or their links, newest first."""
        records = await self.inspection.security_records(limit=SECURITY_RECORDS)
        return self.templates.page("security.html", now=self.now(), records=records, words=security_wording)
