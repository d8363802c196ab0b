"""Joins what signs are made of: frames, messages, tokens, what screens report, and who looks after them."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import cast

from fastapi import APIRouter

from api.routes.boards import create_router as board_router
from api.routes.messages import create_router as messages_router
from api.routes.sign_tokens import create_router as sign_tokens_router
from domain.announcements import Announcements, Policy
from domain.api_keys import ScopesOf
from domain.live import Live
from domain.message_plan import messages_for
from domain.messages import Message, MessageKind
from domain.places import Sign
from domain.security import SecurityEvent
from domain.sign_reports import SignReports
from domain.sign_tokens import SignTokens
from domain.signs import Signs
from domain.snapshot import Snapshot
from domain.usual import UsualOccupancy
from signage.credentials import Credentials
from signage.feedback import create_router as feedback_router
from signage.form_routes import create_router as form_router
from signage.frame import Frame
from signage.frames import Frames, MessagesOf
from signage.memory import PlaceMemory
from signage.routes import create_router as sign_router
from signage.screen_reports import ScreenReports
from signage.served import ServedFrames
from signage.stream import MAX_STREAMS
from signage.trmnl import create_router as trmnl_router
from smartplace.clock import utc_now
from smartplace.settings import Settings
from store.announcements import StoreAnnouncements
from store.api_keys import ApiKeys
from store.live import LiveSnapshot
from store.pool import Pool
from store.security import SecurityBook
from store.signs.boards import StoreBoards
from store.signs.reports import StoreSignReports
from store.signs.tokens import KnownSignTokens, StoreSignTokens
from store.signs.watch import SignWatch

_READ_TOKENS_EVERY_S = 2
_WATCH_EVERY_S = 10
# While the database is away nobody can take a message back, nor would we hear of it.
_MESSAGES_VOUCHED_FOR_S = 300.0
_LONGEST_ALTERNATIVE = timedelta(days=366)


Running = Callable[[], Coroutine[object, object, None]]
"""What runs until it is cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignDoors:
    """What everything about signs opens into. `scopes_of` knows the tokens of signs, and all other keys.

    So many signs as `max_streams` can follow this process at a time.
    """

    frames: Frames
    credentials: Credentials
    tokens: SignTokens
    boards: Signs
    reports: SignReports
    announcements: Announcements
    scopes_of: ScopesOf
    max_streams: int


def validity(settings: Settings) -> timedelta:
    """How long anybody may show what the platform said after it last vouched for it."""
    return timedelta(seconds=settings.frame_validity_s)


def sign_doors(
    settings: Settings, pool: Pool, live: LiveSnapshot, usual: UsualOccupancy, *, max_streams: int
) -> tuple[SignDoors, dict[str, Running]]:
    """The doors, and by name what has to run while they are open."""
    known = KnownSignTokens(pool, ApiKeys(pool, now=utc_now).scopes_of, now=utc_now)
    places = PlaceMemory()
    frames = Frames(now=utc_now, validity=validity(settings), messages_of=_messages_of(live, places), usual=usual)
    watch = SignWatch(pool, now=utc_now, stopped_after=validity(settings))
    doors = SignDoors(
        frames=frames,
        credentials=Credentials(
            known.scopes_of,
            notice=SecurityBook(pool).note,
            now=utc_now,
            private=settings.sign_frames_private,
        ),
        tokens=StoreSignTokens(pool, now=utc_now),
        boards=StoreBoards(pool, now=utc_now),
        reports=StoreSignReports(pool, now=utc_now),
        announcements=StoreAnnouncements(pool, now=utc_now, policy=_policy(settings), snapshot=lambda: live.snapshot),
        scopes_of=known.scopes_of,
        max_streams=max_streams,
    )
    running: dict[str, Running] = {
        "sign-memory": partial(frames.memory.follow, live, utc_now),
        "place-memory": partial(places.follow, live),
        "sign-tokens": partial(known.follow, every_s=_READ_TOKENS_EVERY_S),
        "sign-watch": partial(watch.follow, every_s=_WATCH_EVERY_S),
    }
    return doors, running


def no_signs(settings: Settings) -> SignDoors:
    """For the OpenAPI document, which is made without a store: nothing is asked of these."""

    async def scopes_of(_key: str) -> frozenset[str] | None:
        return None

    async def notice(_event: SecurityEvent) -> None:
        return None

    return SignDoors(
        frames=Frames(now=utc_now, validity=validity(settings)),
        credentials=Credentials(scopes_of, notice=notice, now=utc_now),
        tokens=cast("SignTokens", None),
        boards=cast("Signs", None),
        reports=cast("SignReports", None),
        announcements=cast("Announcements", None),
        scopes_of=scopes_of,
        max_streams=MAX_STREAMS,
    )


def sign_routers(live: Live, doors: SignDoors, *, organisation: str) -> Iterator[APIRouter]:
    """Everything about signs over HTTP, without the pages of those who look after them."""
    frames, credentials = doors.frames, doors.credentials

    def frame_of(sign_id: str) -> Frame | None:
        snapshot = live.snapshot
        return frames.of(sign_id, snapshot) if sign_id in snapshot.signs else None

    served = ServedFrames(frame_of)
    yield sign_router(
        live=live,
        frames=frames,
        served=served,
        credentials=credentials,
        organisation=organisation,
        max_streams=doors.max_streams,
    )
    yield form_router(live=live, frames=frames, credentials=credentials, organisation=organisation)
    screens = ScreenReports(doors.reports, utc_now)
    yield trmnl_router(
        live=live, frames=frames, organisation=organisation, private=credentials.private, heard=screens.heard
    )
    yield board_router(doors.boards, live, doors.scopes_of)
    yield feedback_router(
        live=live,
        frames=frames,
        served=served,
        reports=doors.reports,
        credentials=credentials,
        scopes_of=doors.scopes_of,
        now=utc_now,
    )
    yield sign_tokens_router(doors.tokens, doors.scopes_of)
    yield messages_router(doors.announcements, doors.scopes_of, utc_now)


def _messages_of(live: LiveSnapshot, places: PlaceMemory) -> MessagesOf:
    """What people want a sign to say, as long as it is known whether they took it back."""

    def messages_of(sign: Sign, snapshot: Snapshot, now: datetime) -> Sequence[Message]:
        if live.silent_s > _MESSAGES_VOUCHED_FOR_S:
            return ()
        return messages_for(sign, snapshot, now, before=places.words)

    return messages_of


def _policy(settings: Settings) -> Policy:
    longest = {
        MessageKind.PLANNED: timedelta(days=settings.message_planned_days),
        MessageKind.EMERGENCY: timedelta(hours=settings.message_emergency_hours),
        MessageKind.ALTERNATIVE: _LONGEST_ALTERNATIVE,
    }
    return Policy(second_person=settings.message_second_person, longest=longest)
