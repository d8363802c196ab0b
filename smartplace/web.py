"""The web application: API, pages and signs joined, with everything that they open into."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from fastapi import APIRouter, FastAPI

from api.app import create_app
from api.metrics import HttpMeter
from api.metrics import create_router as metrics_router
from api.routes.alarms import create_router as alarms_router
from api.routes.codecs import create_router as codec_router
from api.routes.commands import create_router as commands_router
from api.routes.registry import create_router as registry_router
from api.routes.sign_tokens import create_router as sign_tokens_router
from dashboard.pages import Keeping, Watching
from dashboard.pages import create_router as dashboard_router
from dashboard.sessions import Login
from dashboard.static_files import HashedStaticFiles
from dashboard.templating import Templates
from devices.catalogue import silent_after
from domain.alarms import Alarms
from domain.api_keys import ScopesOf
from domain.codec_scripts import Codecs
from domain.commands import Commands
from domain.device_record import DeviceRecords
from domain.health import DeadLetter, DeviceHealth
from domain.live import Inspection, Live
from domain.readiness import Look
from domain.register import Registry
from domain.register_csv import SilentAfter
from domain.security import SecurityEvent, SecurityRecord
from domain.sign_reports import SignReports
from domain.sign_tokens import SignTokens
from domain.snapshot import build_snapshot
from ingest.http import create_router as push_router
from ingest.http_source import HttpSource
from signage.credentials import Credentials
from signage.feedback import create_router as feedback_router
from signage.frame import Frame
from signage.frames import Frames
from signage.player import STATIC_URL as SIGN_STATIC_URL
from signage.player import PlayerFiles
from signage.routes import create_router as sign_router
from signage.served import ServedFrames
from smartplace import __version__
from smartplace.clock import utc_now
from smartplace.codecs import CodecShelf
from smartplace.observation import Scrape
from smartplace.settings import Settings
from store.live import LiveSnapshot
from store.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the web application opens into."""

    live: Live
    frames: Frames
    credentials: Credentials
    inspection: Inspection
    alarms: Alarms
    sign_tokens: SignTokens
    sign_reports: SignReports
    codecs: Codecs
    registry: Registry
    records: DeviceRecords
    silent_after: SilentAfter
    commands: Commands
    pushed: HttpSource
    scopes_of: ScopesOf
    look: Look
    requests: HttpMeter
    scrape: Scrape


def validity(settings: Settings) -> timedelta:
    """How long anybody may show what the platform said after it last vouched for it."""
    return timedelta(seconds=settings.frame_validity_s)


def web_app(settings: Settings, doors: Doors) -> FastAPI:
    """The API, the pages and the signs in one application."""
    live = doors.live
    login = Login(
        username=settings.manage_username,
        password=settings.manage_password.get_secret_value(),
        session_key=settings.session_key.get_secret_value(),
        secure_cookies=settings.secure_cookies,
        now=utc_now,
    )
    app = create_app(
        live=live,
        now=utc_now,
        organisation=settings.organisation,
        version=__version__,
        look=doors.look,
        meter=doors.requests,
        problem_page=Templates(settings.organisation).problem,
        routers=[
            *_sign_routers(settings, doors),
            dashboard_router(
                live=live,
                watching=Watching(inspection=doors.inspection, alarms=doors.alarms, sign_tokens=doors.sign_tokens),
                codecs=doors.codecs,
                keeping=Keeping(registry=doors.registry, records=doors.records, silent_after=doors.silent_after),
                commands=doors.commands,
                now=utc_now,
                organisation=settings.organisation,
                login=login,
            ),
            sign_tokens_router(doors.sign_tokens, doors.scopes_of),
            alarms_router(doors.alarms, doors.scopes_of),
            commands_router(doors.commands, doors.scopes_of),
            push_router(doors.pushed, doors.scopes_of),
            codec_router(doors.codecs, doors.scopes_of, utc_now),
            registry_router(doors.registry, doors.scopes_of, doors.silent_after),
            metrics_router(doors.scrape, settings.metrics_token.get_secret_value()),
        ],
    )
    app.mount(SIGN_STATIC_URL, PlayerFiles())
    app.mount("/static", HashedStaticFiles())
    return app


def _sign_routers(settings: Settings, doors: Doors) -> Iterator[APIRouter]:
    live, frames, credentials = doors.live, doors.frames, doors.credentials

    def frame_of(sign_id: str) -> Frame | None:
        snapshot = live.snapshot
        return frames.of(sign_id, snapshot) if sign_id in snapshot.signs else None

    served = ServedFrames(frame_of)
    yield sign_router(
        live=live, frames=frames, served=served, credentials=credentials, organisation=settings.organisation
    )
    yield feedback_router(
        live=live,
        frames=frames,
        served=served,
        reports=doors.sign_reports,
        credentials=credentials,
        scopes_of=doors.scopes_of,
        now=utc_now,
    )


def openapi_document(settings: Settings) -> dict[str, object]:
    """What /openapi.json says; needs no database."""
    nothing = build_snapshot(revision=0, as_of=utc_now(), sites=[], statuses=[], signs=[])
    live = LiveSnapshot(nothing, places_version=0)
    doors = Doors(
        live=live,
        frames=Frames(now=utc_now, validity=validity(settings)),
        credentials=Credentials(_no_scopes, notice=_no_notice, now=utc_now),
        inspection=_NoInspection(),
        # Nothing is asked of these.
        alarms=cast("Alarms", None),
        sign_tokens=cast("SignTokens", None),
        sign_reports=cast("SignReports", None),
        codecs=CodecShelf(cast("Pool", None), now=utc_now),
        registry=cast("Registry", None),
        records=cast("DeviceRecords", None),
        silent_after=silent_after,
        commands=cast("Commands", None),
        pushed=HttpSource(now=utc_now),
        scopes_of=_no_scopes,
        look=list,
        requests=HttpMeter(),
        scrape=lambda _accept: (b"", ""),
    )
    return web_app(settings, doors).openapi()


async def _no_scopes(_key: str) -> frozenset[str] | None:
    return None


async def _no_notice(_event: SecurityEvent) -> None:
    return None


class _NoInspection:
    """The OpenAPI document is made without a store."""

    async def device_health(self) -> list[DeviceHealth]:
        return []

    async def dead_letters(self, *, before_id: int | None, limit: int) -> list[DeadLetter]:  # noqa: ARG002
        return []

    async def dead_letter_counts(self) -> dict[str, int]:
        return {}

    async def security_records(self, *, limit: int) -> list[SecurityRecord]:  # noqa: ARG002
        return []
