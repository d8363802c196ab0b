"""Each new snapshot, and the newest once more in every silence: for what has to notice that time passes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from domain.live import Live
from domain.snapshot import Snapshot


async def pulse(live: Live, *, every_s: float) -> AsyncIterator[Snapshot]:
    """Until the snapshots end.

    A timeout ends the iterator that it interrupts; following afresh begins with the newest.
    """
    while True:
        async with aclosing(live.follow()) as snapshots:
            while True:
                try:
                    async with asyncio.timeout(every_s):
                        snapshot = await anext(snapshots, None)
                except TimeoutError:
                    break
                if snapshot is None:
                    return
                yield snapshot
