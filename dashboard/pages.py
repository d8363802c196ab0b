"""Every page of the platform, joined for the composition root."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter

from dashboard.alarms import AlarmPages
from dashboard.closures import ClosurePages
from dashboard.codecs import CodecPages
from dashboard.commands import CommandPages
from dashboard.counting import CountingPages
from dashboard.device_page import DevicePages
from dashboard.history import HistoryPages
from dashboard.install import InstallPages
from dashboard.labels import LabelPages
from dashboard.login import LoginPages
from dashboard.manage import ManagePages
from dashboard.messages import MessagePages
from dashboard.public import PublicPages
from dashboard.quality import QualityPages
from dashboard.reference import ReferencePage
from dashboard.register_page import RegisterPages
from dashboard.sessions import Login
from dashboard.sign_tokens import SignTokenPages
from dashboard.signs import SignPages
from dashboard.stream import LiveStream
from dashboard.templating import Templates
from domain.alarms import Alarms
from domain.announcements import Announcements
from domain.codec_scripts import Codecs
from domain.commands import Commands
from domain.device_record import DeviceRecords
from domain.history import HistoryQuestions
from domain.live import Clock, Inspection, Live
from domain.quality import QualityRecords
from domain.recounts import Recounts
from domain.register import Registry
from domain.register_csv import SilentAfter
from domain.sign_look import SignLooks
from domain.sign_reports import SignReports
from domain.sign_tokens import SignTokens
from domain.signs import Signs
from domain.usual import UsualOccupancy


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What the pages for those who keep the register need: the register, single devices, the models, and signs."""

    registry: Registry
    records: DeviceRecords
    silent_after: SilentAfter
    signs: Signs
    looks: SignLooks
    sign_reports: SignReports


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What the pages for those who look after it all need: devices' health, alarms, data, screens' tokens, messages.

    And the past, and what is usual, which everybody may see.
    """

    inspection: Inspection
    alarms: Alarms
    quality: QualityRecords
    recounts: Recounts
    sign_tokens: SignTokens
    announcements: Announcements
    history: HistoryQuestions
    usual: UsualOccupancy


def create_router(
    *,
    live: Live,
    watching: Watching,
    codecs: Codecs,
    keeping: Keeping,
    commands: Commands,
    now: Clock,
    organisation: str,
    login: Login,
) -> APIRouter:
    """The routes of all pages; `/static` is mounted beside them.

    Raises:
        FrontEndMissingError: the pinned front-end files have not been put in place.
    """
    templates = Templates(organisation)
    desk = _Desk(live=live, now=now, login=login, templates=templates)
    router = APIRouter(include_in_schema=False)
    for pages in (
        *_for_everybody(desk, watching.usual),
        *_to_watch(desk, watching),
        *_to_keep(desk, keeping, codecs, commands),
    ):
        router.include_router(pages.router())
    return router


class _Pages(Protocol):
    def router(self) -> APIRouter: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What nearly all pages need."""

    live: Live
    now: Clock
    login: Login
    templates: Templates


def _for_everybody(desk: _Desk, usual: UsualOccupancy) -> Iterator[_Pages]:
    live, now, templates = desk.live, desk.now, desk.templates
    yield PublicPages(live=live, usual=usual, now=now, templates=templates)
    yield LiveStream(live=live, now=now)
    yield ReferencePage(templates=templates)
    yield LoginPages(login=desk.login, templates=templates)


def _to_watch(desk: _Desk, watching: Watching) -> Iterator[_Pages]:
    now, login, templates = desk.now, desk.login, desk.templates
    announcements = watching.announcements
    yield ManagePages(inspection=watching.inspection, now=now, login=login, templates=templates)
    yield AlarmPages(alarms=watching.alarms, now=now, login=login, templates=templates)
    yield SignTokenPages(tokens=watching.sign_tokens, now=now, login=login, templates=templates)
    yield MessagePages(announcements=announcements, live=desk.live, now=now, login=login, templates=templates)
    yield QualityPages(records=watching.quality, now=now, login=login, templates=templates)
    yield CountingPages(recounts=watching.recounts, now=now, login=login, templates=templates)
    yield HistoryPages(questions=watching.history, live=desk.live, login=login, templates=templates)


def _to_keep(desk: _Desk, keeping: Keeping, codecs: Codecs, commands: Commands) -> Iterator[_Pages]:
    now, login, templates = desk.now, desk.login, desk.templates
    registry, records, silent_after = keeping.registry, keeping.records, keeping.silent_after
    yield CodecPages(codecs=codecs, now=now, login=login, templates=templates)
    yield DevicePages(records=records, commands=commands, now=now, login=login, templates=templates)
    yield InstallPages(
        registry=registry,
        records=records,
        codecs=codecs,
        silent_after=silent_after,
        now=now,
        login=login,
        templates=templates,
    )
    yield RegisterPages(registry=registry, silent_after=silent_after, now=now, login=login, templates=templates)
    yield ClosurePages(registry=registry, now=now, login=login, templates=templates)
    yield LabelPages(registry=registry, login=login, templates=templates)
    yield SignPages(
        live=desk.live,
        signs=keeping.signs,
        looks=keeping.looks,
        reports=keeping.sign_reports,
        now=now,
        login=login,
        templates=templates,
    )
    yield CommandPages(commands=commands, now=now, login=login, templates=templates)
