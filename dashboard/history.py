"""The page that reports how places were used: any bays, any days, beside the days before; made to be printed."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from dashboard import history_report
from dashboard.bar_chart import percent
from dashboard.guard import guarded_route
from dashboard.history_report import Report, gather
from dashboard.sessions import Login
from dashboard.templating import Templates
from dashboard.usual_day import WEEKDAYS
from domain.categories import Category
from domain.errors import InvalidQuestionError, UnknownPlaceError
from domain.history import HistoryQuestions, Selection
from domain.live import Live
from domain.periods import Period, Step, read_period

PERIODS = {"7d": "7 days", "28d": "28 days", "3mo": "3 months", "1y": "12 months"}
_DEFAULT = "28d"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPages:
    """Renders what the past answers, to those who have logged in."""

    questions: HistoryQuestions
    live: Live
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route("/manage/history", self.report, methods=["GET"])
        return router

    async def report(
        self,
        site: Annotated[str, Query(max_length=64)] = "",
        zone: Annotated[str, Query(max_length=64)] = "",
        category: str = "",
        ward: Annotated[str, Query(max_length=200)] = "",
        last: str = _DEFAULT,
        since: Annotated[str, Query(alias="from", max_length=10)] = "",
        until: Annotated[str, Query(alias="to", max_length=10)] = "",
    ) -> HTMLResponse:
        """A report; what is asked wrongly is said, above the form."""
        selection = Selection(
            site=site or None,
            zone=(zone or None) if site else None,
            category=Category(category) if category in set(Category) else None,
            ward=ward or None,
        )
        last = last if last in PERIODS else _DEFAULT
        report, error = None, ""
        try:
            report = await gather(self.questions, selection, await self._period(last, since, until))
        except InvalidQuestionError as wrong:
            error = f"{wrong}."
        except UnknownPlaceError:
            error = "There is no such place any more."
        sites = self.live.snapshot.sites.values()
        return self.templates.page(
            "history.html",
            status_code=422 if error else 200,
            report=report,
            error=error,
            selection=selection,
            last="" if since else last,
            since=since,
            until=until,
            periods=PERIODS,
            sites={one.site.site_id: one.site.name for one in sorted(sites, key=lambda one: one.site.name)},
            wards=sorted({one.site.ward for one in sites if one.site.ward}),
            categories={name for one in sites for name in one.categories},
            downloads=_downloads(report) if report else "",
            words=history_report,
            percent=percent,
            weekdays=WEEKDAYS,
        )

    async def _period(self, last: str, since: str, until: str) -> Period:
        now = await self.questions.told_until()
        if not since:
            return read_period(since=None, until=None, last=last, step=Step.DAY, now=now)
        return read_period(since=since, until=_day_after(until), last=None, step=Step.DAY, now=now)


def _day_after(day: str) -> str | None:
    """People count the last day of a period in."""
    if not day:
        return None
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        raise InvalidQuestionError("to", "write a day, such as 2026-03-31") from None


def _downloads(report: Report) -> str:
    """What the addresses of all downloads have in common."""
    chosen = report.selection
    names = {"site": chosen.site, "zone": chosen.zone, "category": chosen.category, "ward": chosen.ward}
    period = {"from": report.period.since.isoformat(), "to": report.period.until.isoformat()}
    return urlencode({name: value for name, value in names.items() if value} | period)
