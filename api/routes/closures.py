"""Closures for programs: made, listed, changed, ended, taken out. Undo is that of the register."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, Field

from api.keys import holder_of
from api.routes.registry import Outcome
from api.schemas import Time
from domain.api_keys import Scope, ScopesOf
from domain.closures import WEEKDAYS, Weekday
from domain.errors import RegisterProblem, RegisterRefusedError, UnknownPlaceError
from domain.live import Clock
from domain.register import Entry, Made, RecordKind, Registry, Values
from domain.register_closures import KeptClosure, closures_of, ended, kept_closure, new_id, read_closure
from domain.register_fields import LONGEST_TEXT, MOST_DAYS
from domain.spans import FOREVER

Holder = Callable[..., Awaitable[str]]
_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"


class Terms(BaseModel):
    """When something is closed: all the time, or with `weekdays` at times within that, on UK clocks."""

    reason: str = Field(min_length=1, max_length=LONGEST_TEXT, examples=["Market"])
    begins_at: AwareDatetime | None = Field(default=None, description="Null: now.")
    ends_at: AwareDatetime | None = Field(default=None, description="Null: until further notice.")
    weekdays: list[Weekday] = Field(default_factory=list, max_length=7, description="Days on which it comes again.")
    from_time: str | None = Field(default=None, pattern=_CLOCK, examples=["06:00"], description="Null: midnight.")
    to_time: str | None = Field(
        default=None,
        pattern=_CLOCK,
        examples=["18:00"],
        description="On the day after if it is not later than `from_time`. Null: midnight.",
    )
    except_days: list[date] = Field(
        default_factory=list, max_length=MOST_DAYS, description="It begins on none of them."
    )


class ClosureIn(Terms):
    """One of `site`, `zone` and `asset` is to be closed. Without an `id` it is given one."""

    id: str | None = Field(default=None, max_length=100)
    site: str | None = None
    zone: str | None = None
    asset: str | None = None

    def entry(self, closure_id: str, now: datetime) -> Entry:
        """As a record of the register; raises RegisterRefusedError with every fault."""
        cells = {
            "site": self.site,
            "zone": self.zone,
            "asset": self.asset,
            "reason": self.reason,
            "begins_at": (self.begins_at or now).isoformat(),
            "ends_at": self.ends_at and self.ends_at.isoformat(),
            "weekdays": " ".join(self.weekdays),
            "from_time": self.from_time,
            "to_time": self.to_time,
            "except_days": " ".join(day.isoformat() for day in self.except_days),
        }
        return read_closure(closure_id, {name: text or "" for name, text in cells.items()})


class When(BaseModel):
    """A time in which it is closed; `ends_at` null: until further notice."""

    begins_at: Time
    ends_at: Time | None


class ClosureOut(BaseModel):
    """A closure. `time` is the one that is now or comes next; null where there is none in the next 30 days."""

    id: str
    target: Literal["asset", "zone", "site"]
    target_id: str
    reason: str
    begins_at: Time
    ends_at: Time | None
    weekdays: list[Weekday]
    from_time: str | None
    to_time: str | None
    except_days: list[date]
    closed_now: bool
    time: When | None

    @classmethod
    def of(cls, kept: KeptClosure, now: datetime) -> "ClosureOut":
        """The wire form."""
        planned, time = kept.planned, kept.planned.next_time(now)
        return cls(
            id=kept.closure_id,
            target=kept.target.value,
            target_id=kept.target_id,
            reason=kept.reason,
            begins_at=planned.begins_at,
            ends_at=planned.ends_at,
            weekdays=[day for day in WEEKDAYS if day in planned.weekdays],
            from_time=planned.from_time and f"{planned.from_time:%H:%M}",
            to_time=planned.to_time and f"{planned.to_time:%H:%M}",
            except_days=sorted(planned.except_days),
            closed_now=time is not None and time.begins_at <= now,
            time=time and When(begins_at=time.begins_at, ends_at=None if time.ends_at == FOREVER else time.ends_at),
        )


class ClosureList(BaseModel):
    """Every closure, also those that are over, by id."""

    closures: list[ClosureOut]


class ClosureMade(BaseModel):
    """A closure as it is now, and the change set by which it is undone; null where nothing had to change."""

    closure: ClosureOut
    change_set: int | None

    @classmethod
    def of(cls, entry: Entry, made: Made, now: datetime) -> "ClosureMade":
        """The wire form of what was made of an entry."""
        kept = kept_closure(entry.record_id, entry.values)
        return cls(closure=ClosureOut.of(kept, now), change_set=made.change_set_id)


def create_router(registry: Registry, scopes_of: ScopesOf, now: Clock) -> APIRouter:
    """Routes under /v1/closures, for keys with the scope `registry`."""
    holder = holder_of(Scope.REGISTRY, scopes_of)
    router = APIRouter(prefix="/v1/closures", tags=["Closures"], dependencies=[Depends(holder)])
    _add_making(router, registry, holder, now)
    _add_ending(router, registry, holder, now)
    return router


def _add_making(router: APIRouter, registry: Registry, holder: Holder, now: Clock) -> None:
    @router.get("", summary="What is closed, was and will be")
    async def listed() -> ClosureList:
        return ClosureList(closures=[ClosureOut.of(kept, now()) for kept in closures_of(await registry.records())])

    @router.post("", summary="Close a site, a zone or an asset", status_code=201)
    async def make(wanted: ClosureIn, who: Annotated[str, Depends(holder)]) -> ClosureMade:
        """422 has every fault. A beginning in the past changes history from then on."""
        moment, register = now(), await registry.records()
        if wanted.id in register[RecordKind.CLOSURE]:
            raise RegisterRefusedError([RegisterProblem(column="id", message=f"there is a closure {wanted.id}")])
        target_id = wanted.asset or wanted.zone or wanted.site or "closure"
        closure_id = wanted.id or new_id(register, target_id, wanted.begins_at or moment)
        entry = wanted.entry(closure_id, moment)
        made = await registry.write([entry], actor=who, what=f"close {target_id}: {wanted.reason}")
        return ClosureMade.of(entry, made, moment)

    @router.put("/{closure_id}", summary="Change a closure")
    async def change(closure_id: str, wanted: Terms, who: Annotated[str, Depends(holder)]) -> ClosureMade:
        """All of it but what is closed; its past changes with it. End it and make another to keep its past."""
        before = await _known(registry, closure_id)
        said = {**wanted.model_dump(), "begins_at": wanted.begins_at or before["begins_at"]}
        target = {name: before[name] for name in ("site", "zone", "asset")}
        entry = ClosureIn.model_validate({**said, **target}).entry(closure_id, now())
        made = await registry.write([entry], actor=who, what=f"change closure {closure_id}")
        return ClosureMade.of(entry, made, now())


def _add_ending(router: APIRouter, registry: Registry, holder: Holder, now: Clock) -> None:
    @router.post("/{closure_id}/end", summary="End a closure now")
    async def end(closure_id: str, who: Annotated[str, Depends(holder)]) -> ClosureMade:
        """One that comes again does not any more. 422 where it has not begun or has ended."""
        entry = ended(closure_id, await _known(registry, closure_id), at=now())
        made = await registry.write([entry], actor=who, what=f"end closure {closure_id}")
        return ClosureMade.of(entry, made, now())

    @router.delete("/{closure_id}", summary="Take a closure out, as if it had never been")
    async def remove(closure_id: str, who: Annotated[str, Depends(holder)]) -> Outcome:
        return Outcome.of(await registry.remove(RecordKind.CLOSURE, closure_id, actor=who))


async def _known(registry: Registry, closure_id: str) -> Values:
    found = (await registry.records())[RecordKind.CLOSURE]
    if closure_id not in found:
        raise UnknownPlaceError(RecordKind.CLOSURE, closure_id)
    return found[closure_id]
