"""The page on which developers read the API."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from dashboard.static_files import asset_url
from dashboard.templating import Templates

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "worker-src blob:",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Redoc writes its styles into the page and searches in a worker; it may ask no other host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePage:
    """Redoc over /openapi.json, and what to do without it."""

    templates: Templates

    def router(self) -> APIRouter:
        """Its route."""
        asset_url("vendor/redoc.standalone.js")
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/docs", self.docs, response_class=HTMLResponse)
        return router

    async def docs(self, request: Request) -> HTMLResponse:
        """The API reader."""
        page = self.templates.page("reference.html", base_url=str(request.base_url).rstrip("/"))
        page.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return page
