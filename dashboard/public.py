"""Pages for everybody: the list of places, one place, the text version, the accessibility statement."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from dashboard import map_svg
from dashboard.places_list import Choice, Sort
from dashboard.templating import Templates
from dashboard.usual_day import WEEKDAYS, usual_day
from domain.errors import UnknownPlaceError
from domain.live import Clock, Live
from domain.local_time import LONDON
from domain.places import AssetKind
from domain.usual import UsualOccupancy

LONGEST_FILTER = 200
_DAYS = {"1", "2", "3", "4", "5", "6", "7"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPages:
    """Renders the newest snapshot, nothing else."""

    live: Live
    usual: UsualOccupancy
    now: Clock
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/", self.places, response_class=HTMLResponse)
        router.add_api_route("/sites/{site_id}", self.site, response_class=HTMLResponse)
        router.add_api_route("/text", self.text, response_class=HTMLResponse)
        router.add_api_route("/accessibility", self.accessibility, response_class=HTMLResponse)
        return router

    async def places(
        self,
        text: Annotated[str, Query(alias="q")] = "",
        accessible: str = "",
        sort: str = Sort.NAME,
    ) -> HTMLResponse:
        """The list of places."""
        snapshot = self.live.snapshot
        choice = Choice(
            text=text.strip()[:LONGEST_FILTER],
            accessible_free=bool(accessible),
            sort=Sort(sort) if sort in set(Sort) else Sort.NAME,
        )
        return self.templates.page(
            "places.html",
            snapshot=snapshot,
            now=self.now(),
            choice=choice,
            sites=choice.apply(snapshot.sites.values()),
            simulated=any(site.site.simulated for site in snapshot.sites.values()),
        )

    async def site(self, site_id: str, day: str = "") -> HTMLResponse:
        """One place; `day` is the weekday (1 is Monday) of which it says how busy it usually is."""
        snapshot = self.live.snapshot
        try:
            site = snapshot.site(site_id)
        except UnknownPlaceError:
            return self.templates.problem(404, "Place not found", "There is no place at this address.")
        now = self.now()
        local = now.astimezone(LONDON)
        weekday = int(day) - 1 if day in _DAYS else local.weekday()
        week = self.usual.week(site_id)
        return self.templates.page(
            "site.html",
            snapshot=snapshot,
            now=now,
            usual=usual_day(week, weekday, local.hour if weekday == local.weekday() else None),
            usual_days=[(number, name) for number, name in enumerate(WEEKDAYS) if usual_day(week, number, None)],
            site=site,
            bays=snapshot.assets_of(site_id, AssetKind.BAY),
            benches=snapshot.assets_of(site_id, AssetKind.BENCH),
            areas=snapshot.assets_of(site_id, AssetKind.AREA),
            map=map_svg.draw([one for one in snapshot.assets_of(site_id) if one.asset.kind is not AssetKind.GATE]),
            simulated=site.site.simulated,
        )

    async def text(self) -> HTMLResponse:
        """The list of places for slow lines and plain browsers."""
        return self.templates.page("text.html", snapshot=self.live.snapshot, now=self.now())

    async def accessibility(self) -> HTMLResponse:
        """The accessibility statement."""
        return self.templates.page("accessibility.html")
