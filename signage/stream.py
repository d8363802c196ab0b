"""Frames as server-sent events: one at once, one with every snapshot, and one in every silence."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from fastapi import HTTPException
from fastapi.sse import format_sse_event

from domain.live import Live
from domain.snapshot import Snapshot
from signage.frame import Frame
from signage.schemas import FrameBody

HEARTBEAT_S = 9.0
"""The longest silence on a stream. A whole frame breaks it, and so renews or ends what the sign shows."""

RETRY_MS = 5000
MAX_STREAMS = 500
"""Streams that one process keeps open; signs that find no room poll."""


class Streams:
    """The open streams of one process, bounded."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.opened = 0

    async def room(self) -> AsyncIterator[None]:
        """Hold one place as long as a stream is open; 503 when there is none."""
        if self.opened >= self.limit:
            headers = {"Retry-After": str(RETRY_MS // 1000)}
            raise HTTPException(503, "Too many open streams; poll the frame instead.", headers=headers)
        self.opened += 1
        try:
            yield
        finally:
            self.opened -= 1


async def frame_events(
    live: Live, frame_of: Callable[[Snapshot], Frame | None], *, heartbeat_s: float = HEARTBEAT_S
) -> AsyncIterator[bytes]:
    """Events until the snapshots end or the sign is taken down (its frame is None)."""
    async for snapshot in _renewed(live, heartbeat_s):
        frame = frame_of(snapshot)
        if frame is None:
            return
        yield format_sse_event(
            event="frame",
            data_str=FrameBody.model_validate(frame).model_dump_json(),
            id=str(frame.revision),
            retry=RETRY_MS,
        )


async def _renewed(live: Live, heartbeat_s: float) -> AsyncIterator[Snapshot]:
    """Each new snapshot, and the newest once more whenever `heartbeat_s` pass without one.

    A timeout ends the iterator it interrupts. Following afresh starts with the newest snapshot, so that is
    the heartbeat, and nothing is missed.
    """
    while True:
        async with aclosing(live.follow()) as snapshots:
            while True:
                try:
                    async with asyncio.timeout(heartbeat_s):
                        snapshot = await anext(snapshots, None)
                except TimeoutError:
                    break
                if snapshot is None:
                    return
                yield snapshot
