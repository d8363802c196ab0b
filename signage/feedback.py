"""What signs say of themselves, over HTTP: heartbeats and plays of the sign itself, the state of all for operators."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, Field

from domain.api_keys import Scope, ScopesOf
from domain.errors import UnknownPlaceError
from domain.ids import SignId
from domain.live import Clock, Live
from domain.sign_reports import Agreement, Heartbeat, Play, Refusal, Report, SignReports
from signage.credentials import Credentials, Presented, SignIdText, unknown_key
from signage.frames import Frames
from signage.schemas import FrameBody, Instant
from signage.served import ServedFrames

MOST_PLAYS = 500
_MOST_DAYS = 31
_LEAST_BETWEEN_S = 1.0

Hash = Annotated[str, Field(max_length=64, pattern=r"^[0-9a-f]*$")]
Count = Annotated[int, Field(ge=0, le=10**9)]


class HeartbeatIn(BaseModel):
    """What a screen says of itself now. Leave out what it does not know."""

    frame_id_shown: Hash | None = Field(description="The `frame_id` on the screen; null while it is blank.")
    shown_since: AwareDatetime | None = None
    rendered_hash: Hash | None = Field(default=None, description="Of the words on the screen (docs/signage.md).")
    interval_s: int = Field(default=30, ge=5, le=86_400, description="When the next heartbeat is due.")
    uptime_s: int | None = Field(default=None, ge=0, le=10**10)
    screen_on: bool | None = None
    battery_percent: float | None = Field(default=None, ge=0, le=100)
    battery_v: float | None = Field(default=None, ge=0, le=1000)
    rssi_dbm: float | None = Field(default=None, ge=-200, le=50)
    player: str = Field(default="", max_length=100, examples=["smartplace-kiosk"])
    refused: dict[Refusal, Count] = Field(default_factory=dict, description="Since the player began, by reason.")

    def heartbeat(self, sign_id: SignId, now: Clock) -> Heartbeat:
        """In words of the domain."""
        return Heartbeat(
            sign_id=sign_id,
            received_at=now(),
            interval=timedelta(seconds=self.interval_s),
            frame_id=self.frame_id_shown,
            shown_since=self.shown_since,
            rendered_hash=self.rendered_hash,
            uptime=None if self.uptime_s is None else timedelta(seconds=self.uptime_s),
            screen_on=self.screen_on,
            battery_percent=self.battery_percent,
            battery_volts=self.battery_v,
            rssi_dbm=self.rssi_dbm,
            player=self.player,
            refused=self.refused,
        )


class HeartbeatOut(BaseModel):
    """What the sign is served now, and whether it shows what it was served lately."""

    frame_id_served: str
    agreement: Agreement


class PlayIn(BaseModel):
    """A time in which one frame stood on the screen, within one hour of UTC."""

    frame_id: Hash | None = Field(description="Null: the board was blank.")
    begins: AwareDatetime = Field(alias="from")
    ends: AwareDatetime = Field(alias="to")


class PlaysIn(BaseModel):
    """A batch."""

    plays: list[PlayIn] = Field(min_length=1, max_length=MOST_PLAYS)


class PlaysOut(BaseModel):
    """What became of a batch."""

    kept: int = Field(ge=0)
    repeated: bool = Field(description="It was there already, under the same key.")


class ReportOut(BaseModel):
    """What a screen last said of itself, and what came of comparing it with what it was served."""

    received_at: Instant
    frame_id_shown: str | None
    shown_since: Instant | None
    agreement: Agreement
    differs_since: Instant | None
    uptime_s: int | None
    screen_on: bool | None
    battery_percent: float | None
    battery_v: float | None
    rssi_dbm: float | None
    player: str
    refused: dict[Refusal, int]

    @classmethod
    def of(cls, report: Report) -> "ReportOut":
        """The wire form."""
        said = report.heartbeat
        return cls(
            received_at=said.received_at,
            frame_id_shown=said.frame_id,
            shown_since=said.shown_since,
            agreement=report.agreement,
            differs_since=report.differs_since,
            uptime_s=None if said.uptime is None else int(said.uptime.total_seconds()),
            screen_on=said.screen_on,
            battery_percent=said.battery_percent,
            battery_v=said.battery_volts,
            rssi_dbm=said.rssi_dbm,
            player=said.player,
            refused=dict(said.refused),
        )


class StatusOut(BaseModel):
    """What a sign is served now, how old that is, and what its screen says of itself."""

    id: str
    frame: FrameBody
    age_s: float = Field(description="Since the platform last vouched for the numbers.")
    report: ReportOut | None = Field(description="Null where the screen never reported.")


class StatusList(BaseModel):
    """Every sign."""

    signs: list[StatusOut]


class DayOut(BaseModel):
    """A local day, in seconds: `right + wrong + blank + silent` is its length, up to now for today."""

    day: str = Field(examples=["2026-11-20"])
    right_s: float = Field(description="A frame on the screen, and nobody saw it differ from what was served.")
    wrong_s: float = Field(description="A frame that differed from what was served, for more than two heartbeats.")
    blank_s: float = Field(description="An honest blank.")
    silent_s: float = Field(description="Nothing is known.")


class DayList(BaseModel):
    """Proof of play, today first."""

    days: list[DayOut]


def create_router(
    *,
    live: Live,
    frames: Frames,
    served: ServedFrames,
    reports: SignReports,
    credentials: Credentials,
    scopes_of: ScopesOf,
    now: Clock,
) -> APIRouter:
    """Routes under /v1/signs/{sign_id}, and the list of all."""
    feedback = _Feedback(live=live, frames=frames, served=served, reports=reports, credentials=credentials, now=now)
    operator = [Depends(_operator(scopes_of))]
    router = APIRouter(tags=["Signs"])
    router.post("/v1/signs/{sign_id}/heartbeat", summary="A screen says that it lives")(feedback.heartbeat)
    router.post("/v1/signs/{sign_id}/plays", summary="A screen says what it showed")(feedback.plays)
    router.get("/v1/signs/{sign_id}/status", summary="What a sign says now", dependencies=operator)(feedback.status)
    router.get("/v1/sign-reports", summary="What every sign says now", dependencies=operator)(feedback.all)
    router.get("/v1/signs/{sign_id}/days", summary="Proof of play, by day", dependencies=operator)(feedback.days)
    return router


class _Feedback:
    def __init__(
        self,
        *,
        live: Live,
        frames: Frames,
        served: ServedFrames,
        reports: SignReports,
        credentials: Credentials,
        now: Clock,
    ) -> None:
        self._live = live
        self._frames = frames
        self._served = served
        self._reports = reports
        self._credentials = credentials
        self._now = now
        self._heard: dict[str, float] = {}

    async def heartbeat(self, sign_id: SignIdText, said: HeartbeatIn, presented: Presented) -> HeartbeatOut:
        """With the sign's own token. Silence of six intervals, or a difference of two, is an alarm."""
        sign = await self._credentials.must_be(sign_id, presented)
        self._require_pause(sign)
        heartbeat = said.heartbeat(sign, self._now)
        agreement, frame = self._served.compare(heartbeat)
        if frame is None:
            raise UnknownPlaceError("sign", sign_id)
        await self._reports.heard(heartbeat, agreement, served_frame_id=frame.frame_id)
        return HeartbeatOut(frame_id_served=frame.frame_id, agreement=agreement)

    async def plays(
        self,
        sign_id: SignIdText,
        batch: PlaysIn,
        presented: Presented,
        key: Annotated[str, Header(alias="Idempotency-Key", min_length=8, max_length=64, pattern=r"^[\w-]+$")],
    ) -> PlaysOut:
        """With the sign's own token. A batch that is handed in again under its key is kept once."""
        sign = await self._credentials.must_be(sign_id, presented)
        now = self._now()
        plays = [Play(frame_id=one.frame_id, begins_at=one.begins, ends_at=one.ends) for one in batch.plays]
        for number, play in enumerate(plays):
            if (problem := play.problem(now)) is not None:
                raise HTTPException(422, f"plays.{number}: {problem}")
        for frame_id in {play.frame_id for play in plays if play.frame_id is not None}:
            if (frame := self._served.frame(sign, frame_id)) is not None:
                await self._reports.shown(sign, frame_id, FrameBody.model_validate(frame).model_dump(mode="json"))
        kept = await self._reports.played(sign, plays, key=key)
        return PlaysOut(kept=len(plays) if kept else 0, repeated=not kept)

    async def status(self, sign_id: SignIdText) -> StatusOut:
        """For keys with the scope `signs`."""
        return self._status(sign_id, (await self._reports.latest()).get(SignId(sign_id)))

    async def all(self) -> StatusList:
        """For keys with the scope `signs`."""
        reports = await self._reports.latest()
        return StatusList(
            signs=[self._status(sign_id, reports.get(SignId(sign_id))) for sign_id in self._live.snapshot.signs]
        )

    async def days(self, sign_id: SignIdText, last: Annotated[int, Query(ge=1, le=_MOST_DAYS)] = 7) -> DayList:
        """For keys with the scope `signs`. Days are those of the United Kingdom."""
        self._live.snapshot.sign(sign_id)
        days = await self._reports.days(SignId(sign_id), last=last)
        return DayList(
            days=[
                DayOut(
                    day=day.day.isoformat(),
                    right_s=day.right.total_seconds(),
                    wrong_s=day.wrong.total_seconds(),
                    blank_s=day.blank.total_seconds(),
                    silent_s=day.silent.total_seconds(),
                )
                for day in days
            ]
        )

    def _status(self, sign_id: str, report: Report | None) -> StatusOut:
        frame = self._frames.of(sign_id, self._live.snapshot)
        return StatusOut(
            id=sign_id,
            frame=FrameBody.model_validate(frame),
            age_s=round((frame.generated_at - frame.as_of).total_seconds(), 3),
            report=ReportOut.of(report) if report else None,
        )

    def _require_pause(self, sign_id: SignId) -> None:
        """One that beats a hundred times a second is broken, and must not keep the database from the others."""
        now = self._now().timestamp()
        if 0 <= now - self._heard.get(sign_id, float("-inf")) < _LEAST_BETWEEN_S:
            raise HTTPException(429, "A heartbeat a second is enough.", {"Retry-After": "1"})
        self._heard[sign_id] = now


def _operator(scopes_of: ScopesOf) -> Callable[..., Awaitable[None]]:
    async def check(presented: Presented) -> None:
        scopes = await scopes_of(presented.credentials) if presented else None
        if scopes is None:
            raise unknown_key()
        if Scope.SIGNS not in scopes:
            raise HTTPException(403, f"This key lacks the scope `{Scope.SIGNS}`.")

    return check
