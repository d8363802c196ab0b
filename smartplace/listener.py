"""HTTP servers of our own processes: uvicorn as each of them runs it."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from domain.errors import CommandError
from signage.listening import TRANSPORT


class Connection(HttpToolsProtocol):
    """Hands out the connection of a request, so that an event for a thousand readers need not pass a thousand tasks."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]


class Server(uvicorn.Server):
    """Uvicorn that leaves signals to us, so that every process of ours stops in the same way."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Change nothing."""
        yield


def server(app: ASGIApp, *, host: str, port: int) -> Server:
    """A server that is not yet started."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=Connection,
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return Server(config)


async def serve_until_cancelled(
    web: Server, *, sockets: list[socket.socket] | None = None, at_end: Callable[[], None] = lambda: None
) -> None:
    """Answer until cancelled, then finish what was begun; `at_end` is called before."""
    serving = asyncio.create_task(web.serve(sockets=sockets), name="http")
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        at_end()
        web.should_exit = True
        await serving
        raise


@contextlib.contextmanager
def bound(host: str, port: int, *, setting: str) -> Iterator[socket.socket]:
    """A socket that is bound to that address.

    Raises:
        CommandError: the address cannot be had; names the setting.
    """
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise CommandError(f"{setting}: port {port} on {host} cannot be had: {error.strerror or error}") from error
    with listener:
        yield listener
