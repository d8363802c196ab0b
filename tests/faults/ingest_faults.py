"""Ingest itself: killed, told to stop, killed by what it reads."""

import asyncio
import signal
from random import Random

from tests.faults.campaign import Scenario, scenario
from tests.faults.tampered import DEADLY, WAYS_TO_DIE
from tests.faults.world import EVERY, JETSTREAM, MOSQUITTO, SETTLED_WITHIN_S, World

SCENARIOS: list[Scenario] = []
fault = scenario(SCENARIOS)

MOST_STARTS = 3


@fault("F4", kinds=EVERY, settings={"batch_linger_ms": 50})
async def ingest_killed(world: World, chance: Random) -> None:
    """kill -9 at random moments, three times."""
    async with world.traffic(400, per_second=150):
        for _ in range(3):
            await asyncio.sleep(chance.uniform(0.05, 0.8))
            await world.ingest.kill()
            await world.start_ingest()


@fault("F4", kinds=(MOSQUITTO, JETSTREAM), settings={"mqtt_share_group": "workers", "batch_linger_ms": 50})
async def two_workers_killed_in_turn(world: World, chance: Random) -> None:
    """They share the frames, so that a device's arrive out of order at two, and what one held goes to the other."""
    second = world.new_ingest(mqtt_client_id="smartplace-ingest-2")
    second.start()
    async with world.traffic(400, per_second=150):
        for number in range(4):
            await asyncio.sleep(chance.uniform(0.1, 0.7))
            victim = (world.ingest, second)[number % 2]
            await victim.kill()
            victim.start()


@fault("F4", kinds=EVERY, settings={"batch_rows": 20})
async def ingest_killed_while_it_reads(world: World, chance: Random) -> None:
    """Frames that were handed over before are in hand each time somebody kills it, and are good all the same."""
    world.database.process.freeze()
    async with world.traffic(chance.randint(20, 80)):
        pass
    await world.devices.drain()
    await world.ingest.kill()
    world.database.process.thaw()
    async with world.database.suspicion_lasts() as in_hand:
        for _ in range(4):
            world.ingest.start()
            await world.until(in_hand, what="frames that are read again")
            await world.ingest.kill()
            await world.database.end_sessions()
    world.ingest.start()


@fault("F5", kinds=EVERY)
async def ingest_stopped(world: World, chance: Random) -> None:
    """SIGTERM, as at every new version: it ends soon and well, and the session waits for it."""
    async with world.traffic(300, per_second=150):
        for _ in range(2):
            await asyncio.sleep(chance.uniform(0.05, 0.8))
            world.ingest.send(signal.SIGTERM)
            code = await world.ingest.ended(within_s=10)
            world.expect(code == 0, f"SIGTERM, exit code {code}")
            await world.start_ingest()


@fault("F12", kinds=EVERY, tampered="deadly", settings={"batch_rows": 20})
async def frame_that_kills_its_reader(world: World, chance: Random) -> None:
    """A codec dies of it, without a word. After a few restarts it is set aside, unread, and the others are kept."""
    deadly = world.fleet.deadly(DEADLY + bytes([chance.randrange(len(WAYS_TO_DIE))]))
    frames = [*world.fleet.frames(chance.randint(5, 60)), deadly, *world.fleet.frames(60)]
    starts = 0

    async def is_over() -> bool:
        """Set aside, or given up. Until then somebody starts ingest whenever it has died."""
        nonlocal starts
        if not world.ingest.is_running:
            starts += 1
            world.ingest.start()
        return starts > MOST_STARTS or bool(await world.database.ask("SELECT 1 FROM dead_letter"))

    async with world.publishing(frames, per_second=200):
        await world.wait(is_over, what="a frame that is set aside", within_s=SETTLED_WITHIN_S)
    world.expect(1 <= starts <= MOST_STARTS, f"it took {starts} restarts")
    world.expect(world.ingest.is_running, "ingest dies of it for ever")
