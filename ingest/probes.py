"""A small HTTP application for those who watch an ingest process: is it alive, can it work, and in figures."""

from collections.abc import Callable
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.readiness import Check, Look, red
from domain.times import rfc3339

Scrape = Callable[[str], tuple[bytes, str]]
"""The metrics and their media type, as an `Accept` header wants them."""

_FRESH = {"Cache-Control": "no-store"}


def create_app(look: Look, scrape: Scrape) -> Starlette:
    """/healthz, /readyz and /metrics, for everyone who can reach the port."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=_FRESH)

    async def readyz(_request: Request) -> Response:
        checks = look()
        bad = red(checks)
        said = [_said(check) for check in checks]
        if not bad:
            return JSONResponse({"status": "ready", "checks": said}, headers=_FRESH)
        detail = " ".join(check.detail for check in bad)
        body = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": detail, "checks": said}
        return JSONResponse(body, 503, headers=_FRESH, media_type="application/problem+json")

    async def metrics(request: Request) -> Response:
        body, media_type = scrape(request.headers.get("accept", ""))
        return Response(body, headers={**_FRESH, "Content-Type": media_type})

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)])


def _said(check: Check) -> dict[str, object]:
    return {**asdict(check), "since": rfc3339(check.since)}
