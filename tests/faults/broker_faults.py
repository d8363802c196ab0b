"""The broker and the line to it: killed, emptied, frozen, flooded, slow, and shared by mistake."""

import asyncio
import signal
from random import Random

from tests.faults.campaign import Scenario, scenario
from tests.faults.processes import Memory, until
from tests.faults.world import EVERY, INGEST, MOSQUITTO, MQTT, SERVE, World

SCENARIOS: list[Scenario] = []
fault = scenario(SCENARIOS)

# Neither of these brokers says why it ended a connection: one of the two counts five short ones in a row.
MOST_SESSIONS = 11
MOST_BYTES = 250 * 2**20
UNSAVED_S = 0.2
"""How young a frame may be that a killed mosquitto loses in any case: it acknowledges first, and saves then."""
IN_FLIGHT_S = 0.5
"""How young a frame may be that a killed mosquitto loses while ingest is connected: docs/adr/0006."""


@fault("F1", kinds=EVERY)
async def broker_killed(world: World, chance: Random) -> None:
    """kill -9 while frames pass. Only mosquitto may lose what is just on its way to ingest."""
    async with world.traffic(400, per_second=150):
        for _ in range(2):
            await asyncio.sleep(chance.uniform(0.2, 1.2))
            await world.kill_broker(excused_s=IN_FLIGHT_S if world.kind == MOSQUITTO else 0)
            await asyncio.sleep(chance.uniform(0, 0.5))
            await world.broker.start()
            await world.heard()


@fault("F1", kinds=MQTT)
async def broker_killed_while_ingest_is_away(world: World, chance: Random) -> None:
    """What waits for ingest is on disk: only what was acknowledged in this very moment may be lost, by mosquitto."""
    await world.ingest.stop()
    async with world.traffic(200, per_second=200):
        await asyncio.sleep(chance.uniform(0.1, 0.8))
        await world.kill_broker(excused_s=UNSAVED_S if world.kind == MOSQUITTO else 0)
        await world.broker.start()
    await world.devices.drain()
    await asyncio.sleep(UNSAVED_S)
    await world.broker.process.kill()
    await world.broker.start()
    await world.start_ingest()


@fault("F2")
async def broker_forgets_its_sessions(world: World, chance: Random) -> None:
    """Its store is deleted while ingest holds frames that it cannot keep yet: these must never be acknowledged."""
    world.database.process.freeze()
    async with world.traffic(chance.randint(20, 80)):
        pass
    await world.devices.drain()
    connections = len(world.to_broker.taps)
    await world.broker.process.kill()
    world.excuse_until_now()
    world.broker.forget()
    await world.broker.start()
    await until(
        lambda: any(tap.is_subscribed for tap in world.to_broker.taps[connections:]), what="ingest at the new broker"
    )
    async with world.traffic(100, per_second=100):
        await asyncio.sleep(chance.uniform(0, 0.5))
        world.database.process.thaw()
    world.expect(world.count_said("mqtt_connected") >= 2, "ingest does not say that it connected anew")


@fault("F3", kinds=EVERY, serves=True)
async def broker_frozen(world: World, chance: Random) -> None:
    """SIGSTOP: connected, and silent. Ingest must notice by itself, and stop to vouch for the present."""
    async with world.traffic(100, per_second=100):
        await asyncio.sleep(chance.uniform(0.2, 0.8))
        world.broker.process.freeze()
        await _everybody_says_so(world)
        await asyncio.sleep(chance.uniform(0, 2))
        world.broker.process.thaw()
        await _everybody_is_well(world)


@fault("F3", kinds=EVERY, serves=True)
async def line_to_the_broker_swallowed(world: World, chance: Random) -> None:
    """A black hole between ingest and broker, then well again or reset or half closed."""
    async with world.traffic(100, per_second=100):
        await asyncio.sleep(chance.uniform(0.2, 0.8))
        world.to_broker.black_hole()
        await _everybody_says_so(world)
        end = chance.choice([world.to_broker.reset, world.to_broker.half_close, lambda: None])
        end()
        world.to_broker.heal()
        await _everybody_is_well(world)


async def _everybody_says_so(world: World) -> None:
    """No frame can arrive: the present stands still, both processes say so, and places are shown with their age."""
    await world.silent(within_s=20)
    await world.says_red(INGEST, "subscribed")
    await world.says_red(SERVE, "subscribed", "fresh")
    await world.still_answers()


async def _everybody_is_well(world: World) -> None:
    await world.heard()
    await world.says_ready(INGEST)
    await world.says_ready(SERVE)


@fault("F19", kinds=EVERY)
async def burst(world: World, chance: Random) -> None:
    """As fast as the broker takes them: it slows the devices down, and drops nothing."""
    async with world.traffic(2000):
        pass


@fault("F21", kinds=EVERY)
async def slow_line_to_the_broker(world: World, chance: Random) -> None:
    """Latency, stalls, slices: slow, and no reason to connect anew."""
    connections = world.to_broker.accepted
    world.to_broker.set(
        latency_s=chance.uniform(0.05, 0.15),
        jitter_s=chance.uniform(0, 0.1),
        stall_share=0.05,
        stall_s=0.5,
        slice_bytes=chance.choice([None, 2000, 4000]),
        bytes_per_s=chance.choice([None, 200_000]),
    )
    async with world.traffic(150, per_second=100):
        pass
    await world.stored(100)
    world.expect(world.to_broker.accepted == connections, "a slow line was taken for a dead one")
    world.to_broker.heal()


@fault("F22")
async def second_ingest_with_the_same_name(world: World, chance: Random) -> None:
    """Two processes, one client id: one of them gives up and says why, the other goes on."""
    second = world.new_ingest()
    async with world.traffic(200, per_second=25):
        second.start()
        await until(lambda: not (second.is_running and world.ingest.is_running), what="one that gives up", within_s=60)
        loser = second if not second.is_running else world.ingest
        world.expect(loser.exit_code not in (None, 0), f"the loser ended with {loser.exit_code}")
        world.expect("client id" in loser.said(), "the loser does not say why")
        sessions = world.count_said("mqtt_connected")
        world.expect(sessions <= MOST_SESSIONS, f"{sessions} sessions until one gave up")
        await world.heard()
    world.expect(second.is_running != world.ingest.is_running, "the winner did not go on")


@fault("F28", kinds=EVERY)
async def memory_under_large_frames(world: World, chance: Random) -> None:
    """The database is away, and what comes is large: every queue has its bound."""
    await world.database.process.stop(signal.SIGQUIT)
    # mosquitto writes all that waits with every message, so it gets fewer.
    count = 200 if world.kind == MOSQUITTO else 1200
    async with Memory(world.ingest) as memory, world.publishing(world.fleet.large(count, pad_bytes=55_000)):
        await asyncio.sleep(4)
    await world.devices.drain()
    world.expect(memory.peak_bytes < MOST_BYTES, f"ingest grew to {memory.peak_bytes / 2**20:.0f} MB")
    await world.database.start()
