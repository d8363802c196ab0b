"""No request has a larger body than this: a problem document says so, whether its length was declared or not."""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem


class BodyLimit:
    """ASGI middleware: refuses a declared length at once, and an undeclared one while the application reads it."""

    def __init__(self, app: ASGIApp, most_bytes: int, larger: Mapping[str, int] | None = None) -> None:
        """`larger` has limits of their own for paths that begin so."""
        self._app = app
        self._most_bytes = most_bytes
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a body that ends in time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most_bytes = next(
            (most for path, most in self._larger.items() if scope["path"].startswith(path)), self._most_bytes
        )
        if _declared(scope) > most_bytes:
            await problem(413, _detail(most_bytes))(scope, receive, send)
        else:
            await self._app(scope, _bounded(receive, most_bytes), send)


def _bounded(receive: Receive, most_bytes: int) -> Receive:
    received = 0

    async def receive_so_much() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most_bytes:
            raise HTTPException(413, _detail(most_bytes))
        return message

    return receive_so_much


def _detail(most_bytes: int) -> str:
    return f"The body has more than {most_bytes} bytes."


def _declared(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    # The first digits are enough to know, and thousands of them are no number for Python.
    return int(length[:20]) if length.isascii() and length.isdigit() else 0
