"""The web application: the routes of the API, those it is given, and what is the same for all of them."""

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI

from api import problems
from api.body_limit import BodyLimit
from api.head import Head
from api.headers import Headers
from api.metrics import CountRequests, HttpMeter
from api.rendering import Renderer
from api.routes import areas, assets, events, health, sites
from api.routes.registry import CSV_PATHS, MOST_CSV_BYTES
from domain.live import Clock, Live
from domain.readiness import Look

_MOST_BODY_BYTES = 64 * 1024
# Codecs with their examples are documents, not messages.
_MOST_CODEC_BYTES = 1024 * 1024
_CODEC_PATHS = ("/v1/codecs/", "/manage/codec-upload")
_LARGER_BODIES = {**dict.fromkeys(_CODEC_PATHS, _MOST_CODEC_BYTES), **dict.fromkeys(CSV_PATHS, MOST_CSV_BYTES)}
_DESCRIPTION = """
Live parking bays, counted areas and benches of the borough, free to use without a key.

Every answer carries `revision` and `as_of`. The same revision is the same numbers on every page, sign and feed;
`as_of` is the moment up to which the platform was receiving. `unknown` means that a sensor has not been heard lately:
it is never counted as free. Times are UTC, RFC 3339. Errors are problem documents (RFC 9457). Ask again with
`If-None-Match` and get 304 while nothing changed, or follow `/v1/events`.
"""


def create_app(
    *,
    live: Live,
    now: Clock,
    organisation: str,
    version: str,
    look: Look,
    meter: HttpMeter | None = None,
    routers: Iterable[APIRouter] = (),
    problem_page: problems.ProblemPage | None = None,
) -> FastAPI:
    """The application. `routers` are those of pages and signs; `look` is behind /readyz."""
    app = FastAPI(
        title=f"{organisation} API",
        version=version,
        description=_DESCRIPTION,
        license_info={
            "name": "Open Government Licence v3.0",
            "url": "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        },
        docs_url=None,
        redoc_url=None,
    )
    renderer = Renderer()
    for router in (
        sites.create_router(live, renderer),
        assets.create_router(live, renderer),
        areas.create_router(live, renderer),
        events.create_router(live),
        health.create_router(live, now, look),
        *routers,
    ):
        app.include_router(router, responses=problems.DOCUMENTED)
    # Not FastAPI's own limit: its refusal is made outside of all middleware, has none of our headers and is plain text.
    app.add_middleware(BodyLimit, most_bytes=_MOST_BODY_BYTES, larger=_LARGER_BODIES)
    # Inside of Head, which hides the route from whoever is outside.
    app.add_middleware(CountRequests, meter=meter or HttpMeter())
    app.add_middleware(Head)
    app.add_middleware(Headers)
    problems.install(app, problem_page)
    return app
