"""Counted areas, one by one: parts of a car park of which a counter knows how many spaces are free."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.rendering import DOCUMENTED, Renderer
from api.routes.assets import BayQuery, page_of
from api.schemas import AreaList, AreaState, Counts
from domain.live import Live
from domain.places import AssetKind
from domain.states import Counts as DomainCounts


def create_router(live: Live, renderer: Renderer) -> APIRouter:
    """The route /v1/areas."""
    router = APIRouter(prefix="/v1", tags=["Bays and benches"], responses=DOCUMENTED)

    @router.get("/areas", response_model=AreaList, summary="Counted areas now")
    async def areas(request: Request, query: Annotated[BayQuery, Query()]) -> Response:
        """An area is `occupied` when it is full; its counts say how many of its spaces are free."""
        snapshot = live.snapshot
        page = page_of(snapshot, AssetKind.AREA, query, request.url.path)
        links = {"next": page.next} if page.next else None

        def listing() -> AreaList:
            return AreaList(
                revision=snapshot.revision,
                as_of=snapshot.as_of,
                counts=Counts.of(sum((status.counts for status in page.matches), DomainCounts())),
                next=page.next,
                areas=[AreaState.of(status) for status in page.shown],
            )

        return renderer.respond(request, snapshot, listing, links=links)

    return router
