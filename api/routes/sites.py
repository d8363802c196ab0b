"""Sites: how many bays and benches are free, in total and by category."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.rendering import DOCUMENTED, Renderer
from api.schemas import SiteAnswer, SiteList, SiteState
from domain.live import Live
from domain.snapshot import Snapshot


class _NoQuery(BaseModel, extra="forbid"):
    """A filter that is not there must not look as if it had found everything."""


def create_router(live: Live, renderer: Renderer) -> APIRouter:
    """Routes under /v1/sites."""
    router = APIRouter(prefix="/v1/sites", tags=["Sites"], responses=DOCUMENTED)

    @router.get("", response_model=SiteList, summary="Every site now")
    async def sites(request: Request, _query: Annotated[_NoQuery, Query()]) -> Response:
        snapshot = live.snapshot
        return renderer.respond(request, snapshot, lambda: _site_list(snapshot))

    @router.get("/{site_id}", response_model=SiteAnswer, summary="One site now")
    async def site(request: Request, site_id: str, _query: Annotated[_NoQuery, Query()]) -> Response:
        snapshot = live.snapshot
        status = snapshot.site(site_id)
        state = SiteState.of(status)
        stamp = {"revision": snapshot.revision, "as_of": snapshot.as_of}
        return renderer.respond(request, snapshot, lambda: SiteAnswer(**stamp, **dict(state)))

    return router


def _site_list(snapshot: Snapshot) -> SiteList:
    sites = [SiteState.of(status) for status in snapshot.sites.values()]
    return SiteList(revision=snapshot.revision, as_of=snapshot.as_of, sites=sites)
