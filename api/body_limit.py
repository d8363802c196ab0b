"""No request has a larger body than this: a problem document says so, whether its length was declared or not."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem


class BodyLimit:
    """ASGI middleware: refuses a declared length at once, and an undeclared one while the application reads it."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._detail = f"The body has more than {most_bytes} bytes."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a body that ends in time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _declared(scope) > self._most_bytes:
            await problem(413, self._detail)(scope, receive, send)
        else:
            await self._app(scope, self._bounded(receive), send)

    def _bounded(self, receive: Receive) -> Receive:
        received = 0

        async def receive_so_much() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most_bytes:
                raise HTTPException(413, self._detail)
            return message

        return receive_so_much


def _declared(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    # The first digits are enough to know, and thousands of them are no number for Python.
    return int(length[:20]) if length.isascii() and length.isdigit() else 0
