"""The quality of data for managers' programs: what was wrong with counts, and how much of the time is known."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from api.keys import holder_of
from api.schemas import Time
from domain.api_keys import Scope, ScopesOf
from domain.live import Clock
from domain.local_time import local_day
from domain.quality import Coverage, Fault, QualityChoice, QualityEvent, QualityRecords

_LAST_DAYS = timedelta(days=27)
_MOST = 10_000


class QualityQuery(BaseModel, extra="forbid"):
    """Which faults, of which days."""

    site: str | None = Field(None, description="Of this site only.", max_length=64)
    asset: str | None = Field(None, description="Of this area only.", max_length=64)
    fault: Fault | None = Field(None, description="Of this kind only.")
    first_day: date | None = Field(None, description="Local days from then on; 28 days if not given.")
    last_day: date | None = Field(None, description="Until then, included; today if not given.")
    limit: int = Field(1000, ge=1, le=_MOST, description="Most faults to return.")

    def choice(self, today: date) -> QualityChoice:
        """As the store is asked."""
        last_day = self.last_day or today
        return QualityChoice(
            # Before the first year there is nothing.
            first_day=self.first_day or max(last_day, date.min + _LAST_DAYS) - _LAST_DAYS,
            last_day=last_day,
            site_id=self.site,
            asset_id=self.asset,
            fault=self.fault,
            limit=self.limit,
        )


class QualityEventOut(BaseModel):
    """One fault of one area on one local day."""

    asset: str
    site: str
    fault: Fault
    day: date
    begins_at: Time = Field(description="The first time that it was seen on that day.")
    ends_at: Time = Field(description="The last time.")
    times: int = Field(ge=1, description="How often.")
    residual: int = Field(
        description="The furthest that it was beyond what can be, in spaces; 0 where that says nothing."
    )

    @classmethod
    def of(cls, event: QualityEvent) -> "QualityEventOut":
        """The wire form."""
        return cls(
            asset=event.asset_id,
            site=event.site_id,
            fault=event.fault,
            day=event.day,
            begins_at=event.begins_at,
            ends_at=event.ends_at,
            times=event.times,
            residual=event.residual,
        )


class CoverageOut(BaseModel):
    """How much of the time of a site's bays and areas is known; shares are null where all was closed."""

    site: str
    known: float | None = Field(description="Share of the open time that is known, also of feeds that stood still.")
    moving: float | None = Field(description="The same without feeds that stood still.")
    free_s: int
    occupied_s: int
    unknown_s: int
    closed_s: int
    frozen_s: int = Field(description="Of the known: what was said on days on which the feed stood still.")

    @classmethod
    def of(cls, coverage: Coverage) -> "CoverageOut":
        """The wire form."""
        return cls(
            site=coverage.site_id,
            known=coverage.known,
            moving=coverage.moving,
            free_s=coverage.free_s,
            occupied_s=coverage.occupied_s,
            unknown_s=coverage.unknown_s,
            closed_s=coverage.closed_s,
            frozen_s=coverage.frozen_s,
        )


class QualityAnswer(BaseModel):
    """Faults, the newest day first; how often each kind happened, on this page or not; and coverage by site."""

    first_day: date
    last_day: date
    totals: dict[Fault, int]
    events: list[QualityEventOut]
    coverage: list[CoverageOut]


def create_router(records: QualityRecords, scopes_of: ScopesOf, now: Clock) -> APIRouter:
    """The route /v1/quality, for keys with the scope `quality`."""
    holder: Callable[..., object] = holder_of(Scope.QUALITY, scopes_of)
    router = APIRouter(prefix="/v1", tags=["Quality"])

    @router.get("/quality", summary="What is wrong with the data", dependencies=[Depends(holder)])
    async def quality(query: Annotated[QualityQuery, Query()]) -> QualityAnswer:
        choice = query.choice(local_day(now()))
        return QualityAnswer(
            first_day=choice.first_day,
            last_day=choice.last_day,
            totals=await records.totals(choice),
            events=[QualityEventOut.of(event) for event in await records.events(choice)],
            coverage=[CoverageOut.of(one) for one in await records.coverage(choice)],
        )

    return router
