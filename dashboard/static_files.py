"""Static files: where they are, their addresses with a content hash, and how long browsers may keep them."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from domain.errors import SmartPlaceError

STATIC_DIR = Path(__file__).parent / "static"


class FrontEndMissingError(SmartPlaceError):
    """The pinned front-end files have not been put in place."""

    def __init__(self, path: str) -> None:
        super().__init__(f"dashboard/static/{path} is missing: run `make setup` (or dashboard/assets/build.py)")
        self.path = path


@cache
def asset_url(path: str) -> str:
    """The address of a static file, which changes when its content does."""
    try:
        content = (STATIC_DIR / path).read_bytes()
    except FileNotFoundError:
        raise FrontEndMissingError(path) from None
    return f"/static/{path}?v={sha256(content).hexdigest()[:12]}"


class HashedStaticFiles(StaticFiles):
    """Static files that browsers keep for good when asked for by content hash, and check otherwise."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC_DIR)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with its caching rule."""
        response = await super().get_response(path, scope)
        hashed = scope["query_string"].startswith(b"v=") and response.status_code in {200, 304}
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        return response
