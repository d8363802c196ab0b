"""Alarms for programs: what is wrong since when, and that somebody saw it."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from api.keys import holder_of
from api.schemas import Time
from domain.alarms import Alarm, AlarmCode, Alarms, Severity, SubjectKind, explained
from domain.api_keys import Scope, ScopesOf

_MOST = 1000


class SubjectOut(BaseModel):
    """What an alarm is about."""

    kind: SubjectKind
    id: str = Field(examples=["harbour-road"])


class AlarmOut(BaseModel):
    """One time that something was wrong."""

    id: int
    code: AlarmCode
    subject: SubjectOut
    severity: Severity
    detail: str
    raised_at: Time
    last_at: Time = Field(description="When it was seen last.")
    times: int = Field(ge=1, description="How often it was raised since it is open.")
    ended_at: Time | None
    acknowledged_by: str | None
    acknowledged_at: Time | None
    explained_by: int | None = Field(description="The alarm that this one is a consequence of: look at that one first.")

    @classmethod
    def of(cls, alarm: Alarm, causes: Mapping[int, Alarm]) -> "AlarmOut":
        """The wire form."""
        cause = causes.get(alarm.alarm_id)
        return cls(
            id=alarm.alarm_id,
            code=alarm.code,
            subject=SubjectOut(kind=alarm.subject.kind, id=alarm.subject.subject_id),
            severity=alarm.severity,
            detail=alarm.detail,
            raised_at=alarm.raised_at,
            last_at=alarm.last_at,
            times=alarm.times,
            ended_at=alarm.ended_at,
            acknowledged_by=alarm.acknowledged_by,
            acknowledged_at=alarm.acknowledged_at,
            explained_by=cause.alarm_id if cause else None,
        )


class AlarmList(BaseModel):
    """What is wrong now, critical alarms first, and what was."""

    open: list[AlarmOut]
    ended: list[AlarmOut] = Field(description="The newest end first; empty unless `ended` was asked for.")


def create_router(alarms: Alarms, scopes_of: ScopesOf) -> APIRouter:
    """Routes under /v1/alarms, for keys with the scope `alarms`."""
    holder: Callable[..., object] = holder_of(Scope.ALARMS, scopes_of)
    router = APIRouter(prefix="/v1/alarms", tags=["Alarms"])

    @router.get("", summary="What is wrong", dependencies=[Depends(holder)])
    async def listed(
        ended: Annotated[int, Query(ge=0, le=_MOST, description="How many of those that ended.")] = 0,
    ) -> AlarmList:
        opened = await alarms.open()
        causes = explained(opened)
        past = await alarms.recent(limit=ended) if ended else []
        return AlarmList(
            open=[AlarmOut.of(alarm, causes) for alarm in opened], ended=[AlarmOut.of(alarm, {}) for alarm in past]
        )

    @router.post("/{alarm_id}/acknowledgement", summary="Say that somebody saw it")
    async def acknowledge(
        alarm_id: Annotated[int, Path(ge=1, lt=2**63)], by: Annotated[str, Depends(holder)]
    ) -> AlarmOut:
        return AlarmOut.of(await alarms.acknowledge(alarm_id, by=by), explained(await alarms.open()))

    return router
