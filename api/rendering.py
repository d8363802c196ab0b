"""A body for each revision, made once: strong ETag, 304, gzip."""

import gzip
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from api.negotiation import accepts_gzip
from domain.snapshot import Snapshot

# Shorter than a tick: a cache between us and the reader is never older than what we would say anew.
_MAX_AGE_S = 5
_WORTH_GZIP = 1000
_KEPT_BODIES = 64

DOCUMENTED: dict[int | str, dict[str, Any]] = {304: {"description": "You have it: `If-None-Match` names this ETag."}}
"""What every route that renders may answer, too, for the OpenAPI document."""


class Renderer:
    """Answers from a snapshot. Bodies are kept while they are asked for, the newest 64."""

    def __init__(self) -> None:
        self._bodies: OrderedDict[str, bytes] = OrderedDict()

    def respond(
        self,
        request: Request,
        snapshot: Snapshot,
        render: Callable[[], BaseModel],
        *,
        media_type: str = "application/json",
        links: dict[str, str] | None = None,
    ) -> Response:
        """The rendered body, or 304 where the reader has it. The revision and the question make the ETag."""
        zipped = accepts_gzip(request)
        etag = _etag(request, snapshot, media_type, zipped=zipped)
        headers = {
            "ETag": etag,
            "Cache-Control": f"public, max-age={_MAX_AGE_S}, must-revalidate",
            "Vary": "Accept, Accept-Encoding",
            "Smartplace-Revision": str(snapshot.revision),
        }
        if links:
            headers["Link"] = ", ".join(f'<{target}>; rel="{relation}"' for relation, target in links.items())
        if _has(request, etag):
            return Response(status_code=304, headers=headers)
        body = self._body(etag, render, zipped=zipped)
        if zipped and body[:2] == b"\x1f\x8b":
            headers["Content-Encoding"] = "gzip"
        return Response(body, headers=headers, media_type=media_type)

    def _body(self, etag: str, render: Callable[[], BaseModel], *, zipped: bool) -> bytes:
        body = self._bodies.get(etag)
        if body is None:
            body = render().model_dump_json(by_alias=True).encode()
            if zipped and len(body) >= _WORTH_GZIP:
                body = gzip.compress(body, compresslevel=5, mtime=0)
            self._bodies[etag] = body
            if len(self._bodies) > _KEPT_BODIES:
                self._bodies.popitem(last=False)
        self._bodies.move_to_end(etag)
        return body


def _etag(request: Request, snapshot: Snapshot, media_type: str, *, zipped: bool) -> str:
    # as_of, too: after a restore the same revision number may come again with other content.
    question = f"{snapshot.as_of.timestamp()} {media_type} {zipped} {request.url.path}?{request.url.query}"
    return f'"{snapshot.revision}-{blake2b(question.encode(), digest_size=8).hexdigest()}"'


def _has(request: Request, etag: str) -> bool:
    wanted = request.headers.get("if-none-match", "")
    return wanted.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
