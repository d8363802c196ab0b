"""What a screen needs to start without a network: the files of its page in one version, and the worker keeping them."""

import json
from functools import cache
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from signage.renderings.fonts import FONT_FILE

STATIC_DIR = Path(__file__).with_name("static")
STATIC_URL = "/signage-static"
FONTS_DIR = FONT_FILE.parent
FONTS_URL = "/signage-fonts"
"""Where the style sheet finds the typeface; serve `FONTS_DIR` there."""
SHELL_URL, SETUP_URL, WORKER_URL = "/signs/shell.html", "/signs/setup.html", "/signs/service-worker.js"
IS_OURS = {"Smartplace-Sign": "1"}
"""Marks pages of ours, so that the worker never keeps or shows the error page of somebody in between."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": CONTENT_SECURITY_POLICY, **IS_OURS}
_WORKER = "service-worker.js"


def page_response(html: str, status_code: int = 200) -> HTMLResponse:
    """A page for a screen."""
    return HTMLResponse(html, status_code, _PAGE_HEADERS)


@cache
def version() -> str:
    """Changes with any of the files, so that a page is never put together from two versions."""
    digest = blake2b(digest_size=8)
    for name in _names():
        digest.update(name.encode() + b"\0" + (STATIC_DIR / name).read_bytes() + b"\0")
    return digest.hexdigest()


def file_url(name: str) -> str:
    """The address of a file, good for ever. Modules name one another without it, and so stay in their version."""
    return f"{STATIC_URL}/{version()}/{name}"


class PlayerFiles(StaticFiles):
    """The files; the first part of the path is their version. Mount at STATIC_URL."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC_DIR)

    def get_path(self, scope: Scope) -> str:
        """The path without the version: a page of an older one gets what there is, and is renewed soon."""
        return super().get_path(scope).partition("/")[2]

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with its caching rule."""
        response = await super().get_response(path, scope)
        is_current = f"/{version()}/" in scope["path"] and response.status_code in {200, 304}
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_current else "no-cache"
        return response


def create_router(*, shell: str, setup: str) -> APIRouter:
    """The routes of the worker and of the pages that it keeps; before those of the signs, whose ids have no dots."""
    digest = blake2b(f"{version()}{shell}{setup}".encode(), digest_size=8).hexdigest()
    names = [name for name in _names() if name != _WORKER]
    files = [SHELL_URL, SETUP_URL, *map(file_url, names), f"{FONTS_URL}/{quote(FONT_FILE.name)}"]
    head = f"const SHELL = {json.dumps(f'smartplace-{digest}')};\nconst FILES = {json.dumps(files)};\n\n"
    script = head + (STATIC_DIR / _WORKER).read_text(encoding="utf-8")
    router = APIRouter(include_in_schema=False)

    @router.get(SHELL_URL)
    async def shell_page() -> HTMLResponse:
        return page_response(shell)

    @router.get(SETUP_URL)
    async def setup_page() -> HTMLResponse:
        return page_response(setup)

    @router.get(WORKER_URL)
    async def worker() -> Response:
        headers = {**_PAGE_HEADERS, "Cache-Control": "no-cache"}
        return Response(script, media_type="text/javascript", headers=headers)

    return router


def _names() -> list[str]:
    return sorted(path.name for path in STATIC_DIR.iterdir() if path.is_file())
