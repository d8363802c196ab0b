"""Every page of the platform, joined for the composition root."""

from dataclasses import dataclass

from fastapi import APIRouter

from dashboard.alarms import AlarmPages
from dashboard.codecs import CodecPages
from dashboard.commands import CommandPages
from dashboard.device_page import DevicePages
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
from domain.live import Clock, Inspection, Live
from domain.quality import QualityRecords
from domain.register import Registry
from domain.register_csv import SilentAfter
from domain.sign_look import SignLooks
from domain.sign_tokens import SignTokens
from domain.signs import Signs


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What the pages for those who keep the register need: the register, single devices, the models, and signs."""

    registry: Registry
    records: DeviceRecords
    silent_after: SilentAfter
    signs: Signs
    looks: SignLooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What the pages for those who look after it all need: devices' health, alarms, data, screens' tokens, messages."""

    inspection: Inspection
    alarms: Alarms
    quality: QualityRecords
    sign_tokens: SignTokens
    announcements: Announcements


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
    router = APIRouter(include_in_schema=False)
    router.include_router(PublicPages(live=live, now=now, templates=templates).router())
    router.include_router(LiveStream(live=live, now=now).router())
    router.include_router(ReferencePage(templates=templates).router())
    router.include_router(LoginPages(login=login, templates=templates).router())
    router.include_router(
        ManagePages(inspection=watching.inspection, now=now, login=login, templates=templates).router()
    )
    router.include_router(AlarmPages(alarms=watching.alarms, now=now, login=login, templates=templates).router())
    router.include_router(
        SignTokenPages(tokens=watching.sign_tokens, now=now, login=login, templates=templates).router()
    )
    router.include_router(
        MessagePages(
            announcements=watching.announcements, live=live, now=now, login=login, templates=templates
        ).router()
    )
    router.include_router(QualityPages(records=watching.quality, now=now, login=login, templates=templates).router())
    router.include_router(CodecPages(codecs=codecs, now=now, login=login, templates=templates).router())
    registry, records, silent_after = keeping.registry, keeping.records, keeping.silent_after
    router.include_router(
        DevicePages(records=records, commands=commands, now=now, login=login, templates=templates).router()
    )
    router.include_router(
        InstallPages(
            registry=registry,
            records=records,
            codecs=codecs,
            silent_after=silent_after,
            now=now,
            login=login,
            templates=templates,
        ).router()
    )
    router.include_router(
        RegisterPages(registry=registry, silent_after=silent_after, now=now, login=login, templates=templates).router()
    )
    router.include_router(LabelPages(registry=registry, login=login, templates=templates).router())
    router.include_router(
        SignPages(
            live=live, signs=keeping.signs, looks=keeping.looks, now=now, login=login, templates=templates
        ).router()
    )
    router.include_router(CommandPages(commands=commands, now=now, login=login, templates=templates).router())
    return router
