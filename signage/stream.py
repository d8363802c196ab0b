"""Frames as server-sent events: made once for each sign, and the same bytes for everybody who follows it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fastapi import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from domain.live import Live
from domain.snapshot import Snapshot
from signage.frame import Frame
from signage.schemas import FrameBody

HEARTBEAT_S = 9.0
"""The longest silence on a stream. A whole frame breaks it, and so renews or ends what the sign shows."""

RETRY_MS = 5000
MAX_STREAMS = 5000
"""Streams that one process keeps open; signs that find no room poll."""

_DENIED = b"event: denied\ndata: {}\n\n"
_SLICE = 20
_NEVER = datetime.min.replace(tzinfo=UTC)

Still = Callable[[], Awaitable[bool]]
"""Whether a stream may go on; asked once in a while."""


def _forget(_frame: Frame) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Screens:
    """What streams are made of. `basis_of` is what a frame rests on: while that is equal, so is what is seen.

    Both give None for a sign that nobody knows. As long as `validity` a frame stands after `as_of`. Every frame that is
    sent goes to `note`.
    """

    frame_of: Callable[[str, Snapshot], Frame | None]
    basis_of: Callable[[str, Snapshot], object]
    validity: timedelta
    note: Callable[[Frame], None] = _forget


class Listener:
    """One open stream: the newest event that it was not given yet. Whoever reads slowly skips to that."""

    __slots__ = ("_event", "_is_over", "_news", "sign_id")

    def __init__(self, sign_id: str) -> None:
        self.sign_id = sign_id
        self._event: bytes | None = None
        self._news: asyncio.Future[None] | None = None
        self._is_over = False

    def give(self, event: bytes) -> None:
        """Replace what was not taken yet."""
        self._event = event
        self._wake()

    def end(self) -> None:
        """Nothing comes after what was given."""
        self._is_over = True
        self._wake()

    async def next(self) -> bytes | None:
        """The newest event that was not taken yet; None when it is over."""
        while self._event is None and not self._is_over:
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        event, self._event = self._event, None
        return event

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


@dataclass(slots=True, kw_only=True)
class _Followed:
    """A sign with those who follow it, and what they were last given."""

    listeners: set[Listener] = field(default_factory=set)
    snapshot: Snapshot | None = None
    basis: object = None
    event: bytes = b""
    as_of: datetime = _NEVER
    given_at: float = float("-inf")


class Streams:
    """All streams of one process, fed by one task that lives as long as there are any.

    What is seen of a sign is sent as soon as it changes. What is only younger is sent when a third of its validity is
    over, or after a silence; a few at a time, so that no change has to wait for a thousand renewals.
    """

    def __init__(
        self, live: Live, screens: Screens, *, limit: int = MAX_STREAMS, heartbeat_s: float = HEARTBEAT_S
    ) -> None:
        self.limit = limit
        self.opened = 0
        self._live = live
        self._screens = screens
        self._heartbeat_s = heartbeat_s
        self._renew_after = min(timedelta(seconds=heartbeat_s), screens.validity / 3)
        self._signs: dict[str, _Followed] = {}
        self._feeding: asyncio.Task[None] | None = None

    def require_room(self) -> None:
        """503 when there is no place for one more."""
        if self.opened >= self.limit:
            headers = {"Retry-After": str(RETRY_MS // 1000)}
            raise HTTPException(503, "Too many open streams; poll the frame instead.", headers=headers)

    def join(self, sign_id: str) -> Listener:
        """Follow a sign, from its frame of now on."""
        listener = Listener(sign_id)
        sign = self._signs.setdefault(sign_id, _Followed())
        sign.listeners.add(listener)
        self.opened += 1
        snapshot = self._live.snapshot
        if sign.snapshot is not snapshot or self._now() - sign.given_at > 1:
            self._make(sign_id, sign, snapshot)
        if sign_id in self._signs:
            listener.give(sign.event)
        if self._feeding is None or self._feeding.done():
            self._feeding = asyncio.create_task(self._feed(), name="sign-streams")
        return listener

    def leave(self, listener: Listener) -> None:
        """Follow no longer; the last one takes the task with it."""
        self.opened -= 1
        sign = self._signs.get(listener.sign_id)
        if sign is not None and listener in sign.listeners:
            sign.listeners.remove(listener)
            if not sign.listeners:
                del self._signs[listener.sign_id]
        if not self.opened and self._feeding is not None:
            self._feeding.cancel()
            self._feeding = None

    async def _feed(self) -> None:
        while True:
            async with aclosing(self._live.follow()) as snapshots:
                while True:
                    try:
                        async with asyncio.timeout(self._heartbeat_s / 9):
                            snapshot = await anext(snapshots, None)
                    except TimeoutError:
                        # It ends the iterator that it interrupts. Following afresh begins with the newest snapshot.
                        break
                    if snapshot is None:
                        self._end()
                        return
                    await self._pass_on(snapshot)

    async def _pass_on(self, snapshot: Snapshot) -> None:
        """What changed first, then what is due; ends early where there is a newer snapshot."""
        for sign_id, sign in list(self._signs.items()):
            if self._screens.basis_of(sign_id, snapshot) != sign.basis:
                self._give(sign_id, sign, snapshot)
        due = [(sign_id, sign) for sign_id, sign in self._signs.items() if self._is_due(sign, snapshot)]
        for number, (sign_id, sign) in enumerate(due, 1):
            self._give(sign_id, sign, snapshot)
            if number % _SLICE == 0:
                await asyncio.sleep(0)
                if self._live.snapshot is not snapshot:
                    return

    def _is_due(self, sign: _Followed, snapshot: Snapshot) -> bool:
        if self._now() - sign.given_at >= self._heartbeat_s:
            return True
        return sign.as_of is _NEVER or snapshot.as_of - sign.as_of >= self._renew_after

    def _give(self, sign_id: str, sign: _Followed, snapshot: Snapshot) -> None:
        if self._make(sign_id, sign, snapshot):
            for listener in sign.listeners:
                listener.give(sign.event)

    def _make(self, sign_id: str, sign: _Followed, snapshot: Snapshot) -> bool:
        """Bring a sign up to date; False where it was taken down, and its streams with it."""
        frame = self._screens.frame_of(sign_id, snapshot)
        if frame is None:
            for listener in sign.listeners:
                listener.end()
            self._signs.pop(sign_id, None)
            return False
        self._screens.note(frame)
        sign.snapshot = snapshot
        sign.basis = self._screens.basis_of(sign_id, snapshot)
        sign.event = event_of(frame)
        sign.as_of = frame.as_of
        sign.given_at = self._now()
        return True

    def _end(self) -> None:
        for sign in self._signs.values():
            for listener in sign.listeners:
                listener.end()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def event_of(frame: Frame) -> bytes:
    """A frame as one server-sent event."""
    data = FrameBody.model_validate(frame).model_dump_json()
    return f"event: frame\nid: {frame.frame_id}\nretry: {RETRY_MS}\ndata: {data}\n\n".encode()


class StreamResponse(Response):
    """The events of one sign until its reader leaves, or may not see it any more; nothing in between but the server."""

    media_type = "text/event-stream"

    def __init__(self, streams: Streams, sign_id: str, still: Still) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._streams = streams
        self._sign_id = sign_id
        self._still = still

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Answer."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        listener = self._streams.join(self._sign_id)
        leaving = asyncio.create_task(_end_when_left(receive, listener))
        try:
            await self._events(listener, send)
        finally:
            self._streams.leave(listener)
            leaving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leaving
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _events(self, listener: Listener, send: Send) -> None:
        now = asyncio.get_running_loop().time
        ask_at = now() + HEARTBEAT_S / 2
        while (event := await listener.next()) is not None:
            if now() >= ask_at:
                if not await self._still():
                    await send({"type": "http.response.body", "body": _DENIED, "more_body": True})
                    return
                ask_at = now() + HEARTBEAT_S / 2
            await send({"type": "http.response.body", "body": event, "more_body": True})


async def _end_when_left(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end()
