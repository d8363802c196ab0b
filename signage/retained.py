"""Frames of signs, and how sites stand, as retained MQTT messages: for those who subscribe instead of asking.

A retained message outlives whoever wrote it, so each says until when it may be shown, and with MQTT 5 the broker itself
forgets it then. When the numbers behind a frame expire, the blank frame takes its place; those of a site are taken
away. When this process ends, or a sign or site is taken down, its topic is emptied.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from domain.live import Clock, Live
from domain.snapshot import SiteStatus, Snapshot
from domain.topics import sign_frame, site_state
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

SitePayload = Callable[[SiteStatus, Snapshot, datetime], bytes]
"""A site of a snapshot that is vouched for until then, as it is written."""


class Retained(Protocol):
    """Writes some topics."""

    async def write(self, snapshot: Snapshot, publish: Publish) -> None:
        """Write what is news."""
        ...

    async def clear(self, publish: Publish) -> None:
        """Empty every topic that was written."""
        ...


async def keep_retained(
    kinds: Sequence[Retained], live: Live, publish: Publish, *, every_s: float = LOOK_EVERY_S
) -> None:
    """Until the snapshots end or this is cancelled; nothing stays behind that nobody keeps up to date.

    One in the whole installation is enough.
    """
    try:
        async for snapshot in pulse(live, every_s=every_s):
            for kind in kinds:
                await kind.write(snapshot, publish)
            await asyncio.sleep(min(REST_S, every_s))
    finally:
        for kind in kinds:
            await kind.clear(publish)


class RetainedFrames:
    """The frames of all signs, one topic for each."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._written: dict[str, tuple[object, ...]] = {}

    def forget(self) -> None:
        """The broker may know nothing of what was written: write everything anew."""
        self._written.clear()

    async def write(self, snapshot: Snapshot, publish: Publish) -> None:
        """What is news, since another frame is shown or the same one may be shown for longer."""
        for sign_id in [*snapshot.signs]:
            frame = self._frames.of(sign_id, snapshot)
            if self._written.get(sign_id) != _news(frame):
                await publish(sign_frame(sign_id), _payload(frame), _expires_in_s(frame))
                self._written[sign_id] = _news(frame)
        for sign_id in self._written.keys() - snapshot.signs.keys():
            await self._empty(sign_id, publish)

    async def clear(self, publish: Publish) -> None:
        """Empty every topic that was written."""
        for sign_id in [*self._written]:
            await self._empty(sign_id, publish)

    async def _empty(self, sign_id: str, publish: Publish) -> None:
        await publish(sign_frame(sign_id), b"", None)
        self._written.pop(sign_id, None)


class RetainedSites:
    """How all sites stand, one topic for each; `payload_of` puts one into the words of the API, with its end.

    Numbers that nobody vouches for any more leave an empty topic, never old numbers.
    """

    def __init__(self, payload_of: SitePayload, *, now: Clock, validity: timedelta) -> None:
        self._payload_of = payload_of
        self._now = now
        self._validity = validity
        self._written: dict[str, tuple[SiteStatus, datetime]] = {}

    def forget(self) -> None:
        """The broker may know nothing of what was written: write everything anew."""
        self._written.clear()

    async def write(self, snapshot: Snapshot, publish: Publish) -> None:
        """What is news, since other numbers are true or the same ones may be told for longer."""
        valid_until = snapshot.as_of + self._validity
        left_s = math.ceil((valid_until - self._now()).total_seconds())
        if left_s <= 0:
            await self.clear(publish)
            return
        for site_id, status in snapshot.sites.items():
            news = (status, valid_until)
            if self._written.get(site_id) != news:
                await publish(site_state(site_id), self._payload_of(status, snapshot, valid_until), left_s)
                self._written[site_id] = news
        for site_id in self._written.keys() - snapshot.sites.keys():
            await self._empty(site_id, publish)

    async def clear(self, publish: Publish) -> None:
        """Empty every topic that was written."""
        for site_id in [*self._written]:
            await self._empty(site_id, publish)

    async def _empty(self, site_id: str, publish: Publish) -> None:
        await publish(site_state(site_id), b"", None)
        self._written.pop(site_id, None)


def _news(frame: Frame) -> tuple[object, ...]:
    """A blank frame stays as it is for as long as it is blank."""
    return frame.frame_id, frame.valid_until if frame.valid_for_s > 0 else None


def _payload(frame: Frame) -> bytes:
    return FrameBody.model_validate(frame).model_dump_json().encode()


def _expires_in_s(frame: Frame) -> int | None:
    """A blank frame may stay for ever: it says nothing."""
    return math.ceil(frame.valid_for_s) or None
