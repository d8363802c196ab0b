"""Areas that are counted at their gates, for programs: days, drift, and what people counted themselves."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, Field

from api.keys import holder_of
from api.schemas import Time
from domain.api_keys import Scope, ScopesOf
from domain.counting import CountedDay
from domain.errors import InvalidQuestionError
from domain.live import Clock
from domain.local_time import local_day
from domain.periods import EARLIEST, LATEST
from domain.recounts import Recount, Recounts, TalliedArea

_MOST_DAYS = 366
_DAYS = 28


class DayOut(BaseModel):
    """A local day at the gates of an area."""

    day: date
    came: int = Field(description="Who passed the gates into it.")
    went: int
    residual: int = Field(description="Of these, so many would have made it less than empty or more than full.")
    drift: int | None = Field(description="By so much anchors and recounts put the count right; null: there were none.")

    @classmethod
    def of(cls, day: CountedDay) -> "DayOut":
        """The wire form."""
        return cls(day=day.day, came=day.came, went=day.went, residual=day.residual, drift=day.drift)


class RecountOut(BaseModel):
    """Somebody counted. `shown` is what the platform had said, null where it did not know."""

    id: int
    area: str
    counted_at: Time
    taken: int
    shown: int | None
    made_by: str
    made_at: Time
    withdrawn_by: str | None
    withdrawn_at: Time | None

    @classmethod
    def of(cls, made: Recount) -> "RecountOut":
        """The wire form."""
        return cls(
            id=made.recount_id,
            area=made.asset_id,
            counted_at=made.counted_at,
            taken=made.taken,
            shown=made.shown,
            made_by=made.made_by,
            made_at=made.made_at,
            withdrawn_by=made.withdrawn_by,
            withdrawn_at=made.withdrawn_at,
        )


class AreaCounting(BaseModel):
    """An area with gates; days and recounts newest first."""

    area: str
    name: str
    capacity: int
    anchor_at: str | None
    anchor_taken: int | None
    taken: int | None = Field(description="How many are there now; null where nobody knows.")
    days: list[DayOut]
    recounts: list[RecountOut]

    @classmethod
    def of(cls, area: TalliedArea) -> "AreaCounting":
        """The wire form."""
        return cls(
            area=area.asset_id,
            name=area.name,
            capacity=area.capacity,
            anchor_at=area.anchor_at,
            anchor_taken=area.anchor_taken,
            taken=area.shown,
            days=[DayOut.of(day) for day in area.days],
            recounts=[RecountOut.of(made) for made in area.recounts],
        )


class AreaNames(BaseModel):
    """Areas with gates: name by id."""

    areas: dict[str, str]


class RecountIn(BaseModel):
    """So many are there."""

    taken: int = Field(ge=0, le=100_000)
    counted_at: AwareDatetime | None = Field(default=None, description="Null: now.")


def create_router(recounts: Recounts, scopes_of: ScopesOf, now: Clock) -> APIRouter:
    """Routes under /v1/counting: for keys with the scope `quality`, and `registry` to say what somebody counted."""
    reader, keeper = holder_of(Scope.QUALITY, scopes_of), holder_of(Scope.REGISTRY, scopes_of)
    router = APIRouter(prefix="/v1/counting", tags=["Counting at gates"])

    @router.get("", summary="Areas that are counted at their gates", dependencies=[Depends(reader)])
    async def areas() -> AreaNames:
        return AreaNames(areas=await recounts.areas())

    @router.get("/{area}", summary="Days at the gates of an area", dependencies=[Depends(reader)])
    async def area_days(area: str, first_day: date | None = None, last_day: date | None = None) -> AreaCounting:
        """The last 28 days if nothing else is said, at most 366."""
        last = last_day or local_day(now())
        if not EARLIEST.date() < last < LATEST.date():
            raise InvalidQuestionError("last_day", f"from {EARLIEST.date()} to {LATEST.date()}")
        first = first_day or last - timedelta(days=_DAYS - 1)
        if not 0 <= (last - first).days < _MOST_DAYS:
            raise InvalidQuestionError("first_day", f"from 1 to {_MOST_DAYS} days, up to last_day")
        return AreaCounting.of(await recounts.area(area, first_day=first, last_day=last))

    @router.post("/{area}/recounts", summary="Say how many are there", status_code=201)
    async def recount(area: str, wanted: RecountIn, who: Annotated[str, Depends(keeper)]) -> RecountOut:
        """The count follows within seconds, history from that moment on. 422 where it cannot be."""
        return RecountOut.of(await recounts.recount(area, wanted.taken, at=wanted.counted_at, by=who))

    @router.post("/recounts/{recount_id}/withdrawal", summary="Take a recount back")
    async def withdraw(recount_id: int, who: Annotated[str, Depends(keeper)]) -> RecountOut:
        return RecountOut.of(await recounts.withdraw(recount_id, by=who))

    return router
