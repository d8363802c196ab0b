"""Play the borough: publish its past as fast as it is taken, then its present as time goes by."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from simulators.answers import ANSWERED_AFTER, device_answers, network_says, read_command
from simulators.borough import Borough
from simulators.clock import SimClock
from simulators.transmission import Transmission

Hear = Callable[[], Awaitable[tuple[str, bytes]]]
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


async def answer(borough: Borough, hear: Hear, publish: Publish, *, now: Now) -> None:
    """Until cancelled: do what simulated devices are told, and say so as their network server would."""
    async with asyncio.TaskGroup() as answering:
        while True:
            asked = read_command(*await hear())
            device = borough.device(asked.dev_eui) if asked else None
            if asked is None or device is None:
                continue
            told = network_says(asked, now())
            encoded = device_answers(device, asked)
            frame = borough.frame(device, encoded, now() + ANSWERED_AFTER) if encoded else None
            answering.create_task(_say([*told, *([frame] if frame else [])], publish, now=now))


async def _say(transmissions: list[Transmission], publish: Publish, *, now: Now) -> None:
    for transmission in transmissions:
        await asyncio.sleep(max(timedelta(), transmission.at - now()).total_seconds())
        await publish(transmission.topic, transmission.payload)
