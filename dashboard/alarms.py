"""The page of what is wrong, causes before consequences, on which somebody says that they saw it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard import alarm_wording
from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.templating import Templates
from domain.alarms import Alarms, explained
from domain.errors import UnknownAlarmError
from domain.live import Clock

_ENDED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmPages:
    """Alarms for those who have logged in."""

    alarms: Alarms
    now: Clock
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route("/manage/alarms", self.listed, methods=["GET"])
        router.add_api_route("/manage/alarms", self.acknowledge, methods=["POST"])
        return router

    async def listed(self) -> HTMLResponse:
        """What is wrong now, and what was."""
        opened = await self.alarms.open()
        causes = explained(opened)
        return self.templates.page(
            "alarms.html",
            now=self.now(),
            first=[alarm for alarm in opened if alarm.alarm_id not in causes],
            consequences=[(alarm, causes[alarm.alarm_id]) for alarm in opened if alarm.alarm_id in causes],
            ended=await self.alarms.recent(limit=_ENDED),
            words=alarm_wording,
        )

    async def acknowledge(self, alarm: Annotated[int, Form(ge=1, lt=2**63)]) -> Response:
        """Note that the person who is logged in saw it, and show the list again."""
        try:
            await self.alarms.acknowledge(alarm, by=self.login.username)
        except UnknownAlarmError:
            return self.templates.problem(404, "There is no such alarm", "It may be one of another database.")
        return RedirectResponse("/manage/alarms", status_code=303)
