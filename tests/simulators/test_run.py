import asyncio
from datetime import datetime, timedelta
from itertools import takewhile

import pytest

from domain.places import Places
from simulators.borough import Borough
from simulators.clock import SimClock
from simulators.run import replay, run
from simulators.transmission import Transmission


def test_replay_publishes_the_whole_past(places: Places, begins_at: datetime) -> None:
    until = begins_at + timedelta(hours=1)
    sent: list[tuple[str, bytes]] = []
    told: list[Transmission] = []

    async def publish(topic: str, payload: bytes) -> None:
        sent.append((topic, payload))

    asyncio.run(replay(Borough(places, seed=7, begins_at=begins_at), publish, until=until, report=told.append))
    assert told == list(Borough(places, seed=7, begins_at=begins_at).history(until=until))
    assert sent == [(one.topic, one.payload) for one in told]


def test_run_publishes_each_transmission_when_its_time_has_come(
    places: Places, begins_at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = begins_at
    early: list[Transmission] = []
    told: list[Transmission] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += timedelta(seconds=seconds)

    async def publish(_topic: str, _payload: bytes) -> None:
        if now > begins_at + timedelta(minutes=10):
            raise asyncio.CancelledError

    def report(transmission: Transmission) -> None:
        told.append(transmission)
        if transmission.at > now:
            early.append(transmission)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    borough = Borough(places, seed=7, begins_at=begins_at)
    clock = SimClock(begins_at, speed=6)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run(borough, publish, clock=clock, now=lambda: now, report=report))
    expected = takewhile(
        lambda one: one.at <= begins_at + timedelta(minutes=10),
        Borough(places, seed=7, begins_at=begins_at).live(clock),
    )
    assert told == list(expected)
    assert not early
