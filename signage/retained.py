"""Frames as retained MQTT messages, one topic for each sign: for signs that subscribe instead of asking.

A retained message outlives whoever wrote it, so each says until when it may be shown, and with MQTT 5 the broker itself
forgets it then. When the numbers behind a frame expire, the blank frame takes its place; when this process ends, or a
sign is taken down, its topic is emptied.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable

from domain.live import Live
from domain.snapshot import Snapshot
from domain.topics import sign_frame
from signage.frame import Frame
from signage.frames import Frames
from signage.pulse import pulse
from signage.schemas import FrameBody

LOOK_EVERY_S = 3.0
"""How soon an expired frame is replaced by a blank one, when nothing else happens."""
REST_S = 0.5
"""How long to rest after each look: a thousand signs are not looked through with every car."""

Publish = Callable[[str, bytes, int | None], Awaitable[None]]
"""Publish one retained message: topic, payload, and after how many seconds the broker may forget it."""


class RetainedFrames:
    """Writes the frames of all signs for as long as it runs. One in the whole installation is enough."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._written: dict[str, tuple[object, ...]] = {}

    def forget(self) -> None:
        """The broker may know nothing of what was written: write everything anew."""
        self._written.clear()

    async def follow(self, live: Live, publish: Publish, *, every_s: float = LOOK_EVERY_S) -> None:
        """Until the snapshots end or this is cancelled; nothing stays behind that nobody keeps up to date."""
        try:
            async for snapshot in pulse(live, every_s=every_s):
                await self.write(snapshot, publish)
                await asyncio.sleep(min(REST_S, every_s))
        finally:
            await self._clear(publish)

    async def write(self, snapshot: Snapshot, publish: Publish) -> None:
        """What is news, since another frame is shown or the same one may be shown for longer."""
        for sign_id in [*snapshot.signs]:
            frame = self._frames.of(sign_id, snapshot)
            if self._written.get(sign_id) != _news(frame):
                await publish(sign_frame(sign_id), _payload(frame), _expires_in_s(frame))
                self._written[sign_id] = _news(frame)
        for sign_id in self._written.keys() - snapshot.signs.keys():
            await self._empty(sign_id, publish)

    async def _clear(self, publish: Publish) -> None:
        for sign_id in [*self._written]:
            await self._empty(sign_id, publish)

    async def _empty(self, sign_id: str, publish: Publish) -> None:
        await publish(sign_frame(sign_id), b"", None)
        self._written.pop(sign_id, None)


def _news(frame: Frame) -> tuple[object, ...]:
    """A blank frame stays as it is for as long as it is blank."""
    return frame.frame_id, frame.valid_until if frame.valid_for_s > 0 else None


def _payload(frame: Frame) -> bytes:
    return FrameBody.model_validate(frame).model_dump_json().encode()


def _expires_in_s(frame: Frame) -> int | None:
    """A blank frame may stay for ever: it says nothing."""
    return math.ceil(frame.valid_for_s) or None
