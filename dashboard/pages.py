"""Every page of the platform, joined for the composition root."""

from fastapi import APIRouter

from dashboard.commands import CommandPages
from dashboard.login import LoginPages
from dashboard.manage import ManagePages
from dashboard.public import PublicPages
from dashboard.reference import ReferencePage
from dashboard.sessions import Login
from dashboard.stream import LiveStream
from dashboard.templating import Templates
from domain.commands import Commands
from domain.live import Clock, Inspection, Live


def create_router(
    *, live: Live, inspection: Inspection, commands: Commands, now: Clock, organisation: str, login: Login
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
    router.include_router(ManagePages(inspection=inspection, now=now, login=login, templates=templates).router())
    router.include_router(CommandPages(commands=commands, now=now, login=login, templates=templates).router())
    return router
