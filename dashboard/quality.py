"""The page of what is wrong with the data, and how much of the time is known."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from dashboard import quality_wording
from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.templating import Templates
from domain.live import Clock
from domain.local_time import local_day
from domain.quality import Fault, QualityChoice, QualityRecords

_ON_A_PAGE = 200
PERIODS = {"7": "7 days", "28": "28 days", "92": "3 months", "366": "12 months", "36525": "All"}


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityPages:
    """Renders what the store tells, to those who have logged in."""

    records: QualityRecords
    now: Clock
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route("/manage/quality", self.listed, methods=["GET"])
        return router

    async def listed(
        self,
        site: Annotated[str, Query(max_length=64)] = "",
        fault: str = "",
        days: str = "28",
    ) -> HTMLResponse:
        """Faults of the last days, of one place or kind or of all."""
        today = local_day(self.now())
        days = days if days in PERIODS else "28"
        choice = QualityChoice(
            first_day=max(today - timedelta(days=int(days) - 1), date.min),
            last_day=today,
            site_id=site or None,
            fault=Fault(fault) if fault in set(Fault) else None,
            limit=_ON_A_PAGE,
        )
        everything = QualityChoice(first_day=choice.first_day, last_day=today)
        totals = await self.records.totals(choice)
        return self.templates.page(
            "quality.html",
            choice=choice,
            days=days,
            periods=PERIODS,
            events=await self.records.events(choice),
            found=sum(totals.values()),
            totals=totals,
            coverage=await self.records.coverage(choice),
            sites={one.site_id: one.site_name for one in await self.records.coverage(everything)},
            words=quality_wording,
        )
