"""One open stream: how events reach its reader, and the answer that lasts as long as it does."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

TRANSPORT = "smartplace.transport"
"""The ASGI extension with which a server hands out the connection of a request (`smartplace.listener`)."""

ASK_EVERY_S = 4.5
_MOST_BEHIND = 8192
_DENIED_TEXT = b"event: denied\ndata: {}\n\n"

Still = Callable[[], Awaitable[bool]]
"""Whether a stream may go on; asked once in a while."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event, made once for all who get it: its bytes, and the same as a chunk of HTTP/1.1."""

    text: bytes
    chunk: bytes

    @classmethod
    def of(cls, text: bytes) -> "Event":
        """Both forms."""
        return cls(text, b"%x\r\n%s\r\n" % (len(text), text))


_DENIED = Event.of(_DENIED_TEXT)


class Listener(Protocol):
    """Whoever follows a sign."""

    sign_id: str

    def give(self, event: Event) -> None:
        """Take the newest event; what was not taken yet is replaced by it."""
        ...

    def catch_up(self) -> None:
        """Take what could not be taken before, if there is room now."""
        ...

    def end(self) -> None:
        """Nothing comes after what was given."""
        ...


class DirectListener:
    """Writes to the connection itself: no task has to wake up for an event.

    A reader who is behind by more than a few events is given the newest one when it has caught up.
    """

    __slots__ = ("_over", "_transport", "_waiting", "sign_id")

    def __init__(self, sign_id: str, transport: asyncio.Transport) -> None:
        self.sign_id = sign_id
        self._transport = transport
        self._waiting: Event | None = None
        self._over = asyncio.get_running_loop().create_future()

    def give(self, event: Event) -> None:
        """Write it, or keep it while the reader is behind; nothing to one that has left."""
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > _MOST_BEHIND:
            self._waiting = event
        else:
            self._waiting = None
            self._transport.write(event.chunk)

    def catch_up(self) -> None:
        """Write what was kept."""
        if self._waiting is not None:
            self.give(self._waiting)

    def end(self) -> None:
        """Let the answer end."""
        if not self._over.done():
            self._over.set_result(None)

    async def carry(self, _send: Send, still: Still) -> None:
        """Until it is over, or may not go on."""
        while not self._over.done():
            await asyncio.wait({self._over}, timeout=ASK_EVERY_S)
            if not self._over.done() and not await still():
                self._transport.write(_DENIED.chunk)
                return


class QueuedListener:
    """Sends through ASGI, for servers that hand out no connection."""

    __slots__ = ("_event", "_is_over", "_news", "sign_id")

    def __init__(self, sign_id: str) -> None:
        self.sign_id = sign_id
        self._event: Event | None = None
        self._news: asyncio.Future[None] | None = None
        self._is_over = False

    def give(self, event: Event) -> None:
        """Replace what was not taken yet."""
        self._event = event
        self._wake()

    def catch_up(self) -> None:
        """Nothing waits but for its own task."""

    def end(self) -> None:
        """Let the answer end once what was given is sent."""
        self._is_over = True
        self._wake()

    async def next(self) -> Event | None:
        """The newest event that was not taken yet; None when it is over."""
        while self._event is None and not self._is_over:
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        event, self._event = self._event, None
        return event

    async def carry(self, send: Send, still: Still) -> None:
        """Until it is over, or may not go on."""
        now = asyncio.get_running_loop().time
        ask_at = now() + ASK_EVERY_S
        while (event := await self.next()) is not None:
            if now() >= ask_at:
                if not await still():
                    event = _DENIED
                ask_at = now() + ASK_EVERY_S
            await send({"type": "http.response.body", "body": event.text, "more_body": True})
            if event is _DENIED:
                return

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


class Followable(Protocol):
    """What can be followed."""

    def join(self, listener: Listener) -> None:
        """Give it the newest event now, and each one that comes."""
        ...

    def leave(self, listener: Listener) -> None:
        """Give it nothing more."""
        ...


class StreamResponse(Response):
    """The events of one sign until its reader leaves, or may not see it any more."""

    media_type = "text/event-stream"

    def __init__(self, streams: Followable, sign_id: str, still: Still) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._streams = streams
        self._sign_id = sign_id
        self._still = still

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        transport = scope.get("extensions", {}).get(TRANSPORT)
        direct = transport is not None and scope.get("http_version") == "1.1"
        listener = DirectListener(self._sign_id, transport) if direct else QueuedListener(self._sign_id)
        self._streams.join(listener)
        leaving = asyncio.create_task(_end_when_left(receive, listener))
        try:
            await listener.carry(send, self._still)
        finally:
            self._streams.leave(listener)
            leaving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leaving
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _end_when_left(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end()
