"""The page of an area that is counted at its gates: how far that drifts day by day, and what people counted."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.templating import Templates
from domain.errors import RegisterRefusedError, UnknownPlaceError
from domain.live import Clock
from domain.local_time import local_day
from domain.recounts import Recounts

_DAYS = 28
_PAGE = "/manage/counting"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingPages:
    """Counting at gates for those who have logged in; every page is complete without JavaScript."""

    recounts: Recounts
    now: Clock
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route(_PAGE, self.show, methods=["GET"])
        router.add_api_route(_PAGE, self.recount, methods=["POST"])
        router.add_api_route(f"{_PAGE}/withdraw", self.withdraw, methods=["POST"])
        return router

    async def show(self, area: str = "") -> HTMLResponse:
        """One area, the first if nothing is said."""
        return await self._page(area)

    async def recount(self, area: Annotated[str, Form()], taken: Annotated[str, Form()] = "") -> Response:
        """So many are there now."""
        number = taken.strip()
        if not (number.isascii() and number.isdigit() and len(number) < len("1000000")):
            return await self._page(area, problem="Enter how many are there, such as 12", given=taken)
        try:
            await self.recounts.recount(area, int(number), at=None, by=self.login.username)
        except RegisterRefusedError as error:
            return await self._page(area, problem="; ".join(map(str, error.problems)), given=taken)
        except UnknownPlaceError:
            return self._unknown()
        return RedirectResponse(f"{_PAGE}?area={area}", status_code=303)

    async def withdraw(self, recount: Annotated[int, Form(ge=1, lt=2**31)]) -> Response:
        """Take one back."""
        try:
            made = await self.recounts.withdraw(recount, by=self.login.username)
        except UnknownPlaceError:
            return self._unknown()
        except RegisterRefusedError as error:
            return self.templates.problem(422, "It cannot be withdrawn", "; ".join(map(str, error.problems)))
        return RedirectResponse(f"{_PAGE}?area={made.asset_id}", status_code=303)

    async def _page(self, area: str, *, problem: str = "", given: str = "") -> HTMLResponse:
        areas = await self.recounts.areas()
        chosen = area or next(iter(areas), "")
        today = local_day(self.now())
        try:
            first_day = today - timedelta(days=_DAYS - 1)
            found = await self.recounts.area(chosen, first_day=first_day, last_day=today) if chosen else None
        except UnknownPlaceError:
            return self._unknown()
        return self.templates.page(
            "counting.html",
            status_code=422 if problem else 200,
            areas=areas,
            area=found,
            problem=problem,
            given=given,
            days=_DAYS,
        )

    def _unknown(self) -> HTMLResponse:
        return self.templates.problem(404, "There is no such area", "Choose one from the page of what gates count.")
