"""Bays and benches, one by one: JSON or GeoJSON, by place and state, a page at a time."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, Field

from api.negotiation import prefers
from api.rendering import DOCUMENTED, Renderer
from api.schemas import AssetState, BayList, BenchList, Counts, Feature, FeatureCollection
from domain.categories import Category
from domain.live import Live
from domain.places import AssetKind
from domain.snapshot import AssetStatus, Snapshot
from domain.states import Counts as DomainCounts
from domain.states import State

GEOJSON = "application/geo+json"


class _GeoJson(JSONResponse):
    media_type = GEOJSON


def _check_bbox(text: str | None) -> str | None:
    if text is not None:
        _bounds(text)
    return text


class BenchQuery(BaseModel, extra="forbid"):
    """Which benches."""

    site: str | None = Field(None, description="Of this site only.", max_length=64)
    state: State | None = Field(None, description="In this state only.")
    bbox: Annotated[str | None, AfterValidator(_check_bbox)] = Field(
        None, description="Inside west,south,east,north (WGS 84 degrees).", examples=["0.31,51.47,0.34,51.48"]
    )
    limit: int = Field(100, ge=1, le=1000, description="Most to return.")
    cursor: str | None = Field(None, description="Where the last page ended; take it from `next`.", max_length=64)


class BayQuery(BenchQuery):
    """Which bays."""

    category: Category | None = Field(None, description="Of this category only.")


@dataclass(frozen=True, slots=True)
class Page:
    """All that match, those shown, and where the next page is."""

    matches: list[AssetStatus]
    shown: list[AssetStatus]
    next: str | None


def create_router(live: Live, renderer: Renderer) -> APIRouter:
    """Routes /v1/bays and /v1/benches, each also with the suffix .geojson."""
    router = APIRouter(prefix="/v1", tags=["Bays and benches"], responses=DOCUMENTED)

    def answer(request: Request, kind: AssetKind, query: BenchQuery, *, geojson: bool) -> Response:
        snapshot = live.snapshot
        page = page_of(snapshot, kind, query, request.url.path)
        links = {"next": page.next} if page.next else None
        if geojson or prefers(request, GEOJSON, to="application/json"):
            return renderer.respond(
                request, snapshot, lambda: _features(snapshot, page), media_type=GEOJSON, links=links
            )
        return renderer.respond(request, snapshot, lambda: _listing(snapshot, kind, page), links=links)

    @router.get("/bays", response_model=BayList, summary="Bays now", responses=_also_geojson())
    async def bays(request: Request, query: Annotated[BayQuery, Query()]) -> Response:
        return answer(request, AssetKind.BAY, query, geojson=False)

    @router.get(
        "/bays.geojson",
        response_model=FeatureCollection,
        response_class=_GeoJson,
        summary="Bays now, for a map",
    )
    async def bays_geojson(request: Request, query: Annotated[BayQuery, Query()]) -> Response:
        return answer(request, AssetKind.BAY, query, geojson=True)

    @router.get("/benches", response_model=BenchList, summary="Benches now", responses=_also_geojson())
    async def benches(request: Request, query: Annotated[BenchQuery, Query()]) -> Response:
        return answer(request, AssetKind.BENCH, query, geojson=False)

    @router.get(
        "/benches.geojson",
        response_model=FeatureCollection,
        response_class=_GeoJson,
        summary="Benches now, for a map",
    )
    async def benches_geojson(request: Request, query: Annotated[BenchQuery, Query()]) -> Response:
        return answer(request, AssetKind.BENCH, query, geojson=True)

    return router


def _also_geojson() -> dict[int | str, dict[str, object]]:
    return {200: {"content": {GEOJSON: {"schema": {"$ref": "#/components/schemas/FeatureCollection"}}}}}


def page_of(snapshot: Snapshot, kind: AssetKind, query: BenchQuery, path: str) -> Page:
    """Those that the question means, and which of them are on this page; raises UnknownPlaceError."""
    if query.site is not None:
        snapshot.site(query.site)
    matches = [status for status in snapshot.assets.values() if status.asset.kind is kind and _matches(status, query)]
    matches.sort(key=lambda status: status.asset.asset_id)
    rest = [status for status in matches if query.cursor is None or status.asset.asset_id > query.cursor]
    shown = rest[: query.limit]
    if len(rest) <= query.limit:
        return Page(matches, shown, None)
    asked = query.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    following = urlencode({**asked, "cursor": shown[-1].asset.asset_id})
    return Page(matches, shown, f"{path}?{following}")


def _matches(status: AssetStatus, query: BenchQuery) -> bool:
    asset = status.asset
    if query.site is not None and asset.site_id != query.site:
        return False
    if query.state is not None and status.state is not query.state:
        return False
    if isinstance(query, BayQuery) and query.category is not None and asset.category is not query.category:
        return False
    if query.bbox is None:
        return True
    west, south, east, north = _bounds(query.bbox)
    return west <= asset.lon <= east and south <= asset.lat <= north


def _bounds(text: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError("bbox needs four numbers: west,south,east,north") from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("bbox must be west <= east within 180 degrees and south <= north within 90")
    return west, south, east, north


def _counts(matches: list[AssetStatus]) -> Counts:
    return Counts.of(DomainCounts.of([status.state for status in matches]))


def _listing(snapshot: Snapshot, kind: AssetKind, page: Page) -> BayList | BenchList:
    shown = [AssetState.of(status) for status in page.shown]
    counts = _counts(page.matches)
    stamp: dict[str, Any] = {
        "revision": snapshot.revision,
        "as_of": snapshot.as_of,
        "counts": counts,
        "next": page.next,
    }
    return BayList(**stamp, bays=shown) if kind is AssetKind.BAY else BenchList(**stamp, benches=shown)


def _features(snapshot: Snapshot, page: Page) -> FeatureCollection:
    return FeatureCollection(
        revision=snapshot.revision,
        as_of=snapshot.as_of,
        counts=_counts(page.matches),
        next=page.next,
        features=[Feature.of(status) for status in page.shown],
    )
