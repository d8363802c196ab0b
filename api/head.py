"""HEAD wherever there is GET: the same headers without the body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """ASGI middleware: asks for GET, and is satisfied once the headers are there, even those of a stream."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send(message)
            await send({"type": "http.response.body", "body": b""})
            raise _AnsweredError

        try:
            await self._app({**scope, "method": "GET"}, receive, send_head)
        except _AnsweredError:
            return


class _AnsweredError(Exception):
    """Nothing more of the answer is wanted."""
