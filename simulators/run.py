"""Play the borough: publish its past as fast as it is taken, then its present as time goes by."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from simulators.borough import Borough
from simulators.clock import SimClock
from simulators.transmission import Transmission

Publish = Callable[[str, bytes], Awaitable[None]]
Tell = Callable[[Transmission], None]
Now = Callable[[], datetime]


async def replay(borough: Borough, publish: Publish, *, until: datetime, report: Tell) -> None:
    """Publish what the borough transmits before `until`."""
    for transmission in borough.history(until=until):
        await publish(transmission.topic, transmission.payload)
        report(transmission)


async def run(borough: Borough, publish: Publish, *, clock: SimClock, now: Now, report: Tell) -> None:
    """Publish each transmission when the clock on the wall reaches it, until cancelled; late ones at once."""
    for transmission in borough.live(clock):
        wait = max(timedelta(), transmission.at - now())
        await asyncio.sleep(wait.total_seconds())
        await publish(transmission.topic, transmission.payload)
        report(transmission)
