"""The web application: API, pages and signs joined, with everything that they open into."""

from dataclasses import dataclass
from typing import cast

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from api.app import create_app
from api.metrics import HttpMeter
from api.metrics import create_router as metrics_router
from api.routes.alarms import create_router as alarms_router
from api.routes.closures import create_router as closures_router
from api.routes.codecs import create_router as codec_router
from api.routes.commands import create_router as commands_router
from api.routes.counting import create_router as counting_router
from api.routes.history import create_router as history_router
from api.routes.quality import create_router as quality_router
from api.routes.registry import create_router as registry_router
from dashboard.pages import Keeping, Watching
from dashboard.pages import create_router as dashboard_router
from dashboard.sessions import Login
from dashboard.static_files import HashedStaticFiles
from dashboard.templating import Templates
from devices.catalogue import silent_after
from domain.alarms import Alarms
from domain.api_keys import ScopesOf
from domain.bench_use import BenchUse
from domain.codec_scripts import Codecs
from domain.commands import Commands
from domain.device_record import DeviceRecords
from domain.health import DeadLetter, DeviceHealth
from domain.history import HistoryQuestions
from domain.live import Inspection, Live
from domain.quality import QualityRecords
from domain.readiness import Look
from domain.recounts import Recounts
from domain.register import Registry
from domain.register_csv import SilentAfter
from domain.security import SecurityRecord
from domain.snapshot import build_snapshot
from domain.usual import UsualOccupancy, UsualWeeks
from ingest.http import create_router as push_router
from ingest.http_source import HttpSource
from signage.kiosk import KioskPage
from signage.looks import Looks
from signage.player import FONTS_DIR as SIGN_FONTS_DIR
from signage.player import FONTS_URL as SIGN_FONTS_URL
from signage.player import STATIC_URL as SIGN_STATIC_URL
from signage.player import PlayerFiles
from smartplace import __version__
from smartplace.clock import utc_now
from smartplace.codecs import CodecShelf
from smartplace.observation import Scrape
from smartplace.settings import Settings
from smartplace.signs import SignDoors, no_signs, sign_routers
from store.live import LiveSnapshot
from store.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the web application opens into."""

    live: Live
    signs: SignDoors
    inspection: Inspection
    alarms: Alarms
    quality: QualityRecords
    recounts: Recounts
    codecs: Codecs
    registry: Registry
    records: DeviceRecords
    silent_after: SilentAfter
    commands: Commands
    history: HistoryQuestions
    usual: UsualOccupancy
    bench_use: BenchUse
    pushed: HttpSource
    scopes_of: ScopesOf
    look: Look
    requests: HttpMeter
    scrape: Scrape


def web_app(settings: Settings, doors: Doors) -> FastAPI:
    """The API, the pages and the signs in one application."""
    app = create_app(
        live=doors.live,
        now=utc_now,
        organisation=settings.organisation,
        version=__version__,
        look=doors.look,
        meter=doors.requests,
        problem_page=Templates(settings.organisation).problem,
        routers=[
            *sign_routers(doors.live, doors.signs, organisation=settings.organisation),
            _pages(settings, doors),
            *_questions(settings, doors),
        ],
    )
    app.mount(SIGN_STATIC_URL, PlayerFiles())
    app.mount(SIGN_FONTS_URL, StaticFiles(directory=SIGN_FONTS_DIR))
    app.mount("/static", HashedStaticFiles())
    return app


def _pages(settings: Settings, doors: Doors) -> APIRouter:
    """What people look at."""
    signs, organisation = doors.signs, settings.organisation
    return dashboard_router(
        live=doors.live,
        watching=Watching(
            inspection=doors.inspection,
            alarms=doors.alarms,
            quality=doors.quality,
            recounts=doors.recounts,
            sign_tokens=signs.tokens,
            announcements=signs.announcements,
            history=doors.history,
            usual=doors.usual,
        ),
        codecs=doors.codecs,
        keeping=Keeping(
            registry=doors.registry,
            records=doors.records,
            silent_after=doors.silent_after,
            signs=signs.boards,
            looks=Looks(doors.live, signs.frames, KioskPage(organisation)),
            sign_reports=signs.reports,
        ),
        commands=doors.commands,
        now=utc_now,
        organisation=organisation,
        login=Login(
            username=settings.manage_username,
            password=settings.manage_password.get_secret_value(),
            session_key=settings.session_key.get_secret_value(),
            secure_cookies=settings.secure_cookies,
            now=utc_now,
        ),
    )


def _questions(settings: Settings, doors: Doors) -> list[APIRouter]:
    """What programs ask and bring."""
    return [
        alarms_router(doors.alarms, doors.scopes_of),
        quality_router(doors.quality, doors.scopes_of, utc_now),
        counting_router(doors.recounts, doors.scopes_of, utc_now),
        commands_router(doors.commands, doors.scopes_of),
        history_router(doors.history, doors.usual, doors.bench_use, doors.live, doors.scopes_of),
        push_router(doors.pushed, doors.scopes_of),
        codec_router(doors.codecs, doors.scopes_of, utc_now),
        registry_router(doors.registry, doors.scopes_of, doors.silent_after),
        closures_router(doors.registry, doors.scopes_of, utc_now),
        metrics_router(doors.scrape, settings.metrics_token.get_secret_value()),
    ]


def openapi_document(settings: Settings) -> dict[str, object]:
    """What /openapi.json says; needs no database."""
    return web_app(settings, unopened_doors(settings)).openapi()


def unopened_doors(settings: Settings) -> Doors:
    """Doors that lead nowhere, for whoever needs the application without a store."""
    nothing = build_snapshot(revision=0, as_of=utc_now(), sites=[], statuses=[], signs=[])
    return Doors(
        live=LiveSnapshot(nothing),
        signs=no_signs(settings),
        inspection=_NoInspection(),
        # Nothing is asked of these.
        alarms=cast("Alarms", None),
        quality=cast("QualityRecords", None),
        recounts=cast("Recounts", None),
        codecs=CodecShelf(cast("Pool", None), now=utc_now),
        registry=cast("Registry", None),
        records=cast("DeviceRecords", None),
        silent_after=silent_after,
        commands=cast("Commands", None),
        history=cast("HistoryQuestions", None),
        usual=UsualWeeks({}),
        bench_use=cast("BenchUse", None),
        pushed=HttpSource(now=utc_now),
        scopes_of=_no_scopes,
        look=list,
        requests=HttpMeter(),
        scrape=lambda _accept: (b"", ""),
    )


async def _no_scopes(_key: str) -> frozenset[str] | None:
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
