"""Frames as server-sent events: made once for each sign, and the same bytes for everybody who follows it."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fastapi import HTTPException

from domain.live import Live
from domain.snapshot import Snapshot
from signage.counting import same_places
from signage.frame import Frame
from signage.listening import Event, Listener
from signage.schemas import FrameBody

HEARTBEAT_S = 9.0
"""The longest silence on a stream. A whole frame breaks it, and so renews or ends what the sign shows."""

RETRY_MS = 5000
MAX_STREAMS = 5000
"""Streams that one process keeps open; signs that find no room poll."""

_SLICE = 20
_LOOK_AT_ALL_EVERY_S = 1.0
_NEVER = datetime.min.replace(tzinfo=UTC)


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


@dataclass(slots=True, kw_only=True)
class _Followed:
    """A sign with those who follow it, and what they were last given."""

    listeners: set[Listener] = field(default_factory=set)
    snapshot: Snapshot | None = None
    basis: object = None
    event: Event | None = None
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
        self._look_at_all_at = float("-inf")

    def require_room(self) -> None:
        """503 when there is no place for one more."""
        if self.opened >= self.limit:
            headers = {"Retry-After": str(RETRY_MS // 1000)}
            raise HTTPException(503, "Too many open streams; poll the frame instead.", headers=headers)

    def join(self, listener: Listener) -> None:
        """Follow a sign, from its frame of now on."""
        sign_id, snapshot = listener.sign_id, self._live.snapshot
        sign = self._signs.setdefault(sign_id, _Followed())
        sign.listeners.add(listener)
        self.opened += 1
        if sign.event is None or sign.snapshot is not snapshot or self._now() - sign.given_at > 1:
            # To all who follow it: what is new in it would not be news to whoever compares later.
            self._give(sign_id, sign, snapshot)
        else:
            listener.give(sign.event)
        if self._feeding is None or self._feeding.done():
            self._feeding = asyncio.create_task(self._feed(), name="sign-streams")

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
        # Messages begin and end without anything happening in the street, and some depend on places elsewhere.
        looks_at_all = self._now() >= self._look_at_all_at
        if looks_at_all:
            self._look_at_all_at = self._now() + _LOOK_AT_ALL_EVERY_S
            self._catch_up()
        for sign_id, sign in list(self._signs.items()):
            if looks_at_all or sign.snapshot is None or not same_places(sign_id, sign.snapshot, snapshot):
                self._give_if_changed(sign_id, sign, snapshot)
        due = [(sign_id, sign) for sign_id, sign in self._signs.items() if self._is_due(sign, snapshot)]
        for number, (sign_id, sign) in enumerate(due, 1):
            self._give(sign_id, sign, snapshot)
            if number % _SLICE == 0:
                await asyncio.sleep(0)
                if self._live.snapshot is not snapshot:
                    return

    def _catch_up(self) -> None:
        for sign in self._signs.values():
            for listener in sign.listeners:
                listener.catch_up()

    def _give_if_changed(self, sign_id: str, sign: _Followed, snapshot: Snapshot) -> None:
        if self._screens.basis_of(sign_id, snapshot) != sign.basis:
            self._give(sign_id, sign, snapshot)
        else:
            sign.snapshot = snapshot

    def _is_due(self, sign: _Followed, snapshot: Snapshot) -> bool:
        if self._now() - sign.given_at >= self._heartbeat_s:
            return True
        return sign.as_of is _NEVER or snapshot.as_of - sign.as_of >= self._renew_after

    def _give(self, sign_id: str, sign: _Followed, snapshot: Snapshot) -> None:
        if self._make(sign_id, sign, snapshot) and sign.event is not None:
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
        sign.event = Event.of(event_of(frame))
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
