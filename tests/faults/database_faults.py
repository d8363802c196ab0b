"""The database and the line to it: ended, away for long, full, quarrelling, silent."""

import asyncio
import signal
from contextlib import suppress
from random import Random

from tests.faults.campaign import Scenario, scenario
from tests.faults.processes import until
from tests.faults.world import AWAY, EVERY, INGEST, SERVE, World

SCENARIOS: list[Scenario] = []
fault = scenario(SCENARIOS)

SPOOL = {"spool_file": "{folder}/spool/spool.db", "spool_after_s": 1}


@fault("F6", kinds=EVERY)
async def database_restarted(world: World, chance: Random) -> None:
    """Ended at once, without a goodbye, and started again."""
    async with world.traffic(300, per_second=100):
        await asyncio.sleep(chance.uniform(0.2, 1.5))
        if chance.random() < 0.5:
            await world.database.process.stop(signal.SIGQUIT)
        else:
            await world.database.process.kill()
        await asyncio.sleep(chance.uniform(0, 1))
        await world.database.start()
        await world.heard(within_s=10)


@fault("F7", settings=SPOOL, serves=True)
async def database_away_with_a_spool(world: World, chance: Random) -> None:
    """Ingest takes the frames to its disk and acknowledges them; afterwards they move on, in order."""
    async with world.traffic(50, per_second=100):
        pass
    await world.stored(50)
    before = world.ingest.resident_bytes
    await world.database.process.stop(signal.SIGQUIT)
    async with world.traffic(500, per_second=100):
        await until(lambda: world.count_said("spool_began"), what="the spool")
        await _everybody_says_so(world)
    await world.devices.drain()
    grown = world.ingest.resident_bytes - before
    world.expect(grown < 50 * 2**20, f"ingest grew by {grown / 2**20:.0f} MB")
    await world.database.start()
    await until(lambda: world.count_said("spool_ended"), what="an empty spool")
    await _everybody_is_well(world)


@fault("F7", kinds=EVERY, receive_maximum=100, serves=True)
async def database_away_without_a_spool(world: World, chance: Random) -> None:
    """The broker keeps them, and gets no storm of new connections for it."""
    connections = world.to_broker.accepted
    await world.database.process.stop(signal.SIGQUIT)
    async with world.traffic(1200, per_second=200):
        await asyncio.sleep(9)
        await _everybody_says_so(world)
    tried = world.to_broker.accepted - connections
    world.expect(tried <= 2, f"{tried} connections to the broker while only the database was away")
    await world.database.start()
    await _everybody_is_well(world)


async def _everybody_says_so(world: World) -> None:
    """Both processes name the database, and places are shown with their age."""
    await world.says_red(INGEST, "database")
    await world.says_red(SERVE, "database", "fresh")
    await world.still_answers()


async def _everybody_is_well(world: World) -> None:
    await world.heard()
    await world.says_ready(INGEST)
    await world.says_ready(SERVE)


@fault("F8", settings={**SPOOL, "spool_bytes": 120_000, "batch_rows": 20})
async def database_away_while_ingest_is_killed(world: World, chance: Random) -> None:
    """Twice, with a spool that gets full: then the broker keeps the rest."""
    await world.database.process.stop(signal.SIGQUIT)
    async with world.traffic(500, per_second=100):
        for _ in range(2):
            await asyncio.sleep(chance.uniform(0.5, 2.5))
            await world.ingest.kill()
            world.ingest.start()
    await until(lambda: world.count_said("spool_full"), what="a full spool")
    world.expect(world.count_said("spool_alarm"), "nobody was told that the spool fills")
    await world.database.start()
    # Once more, while the spool is emptied.
    await asyncio.sleep(chance.uniform(0, 0.5))
    await world.ingest.kill()
    world.ingest.start()


@fault("F9", kinds=EVERY)
async def database_full_or_read_only(world: World, chance: Random) -> None:
    """An outage, and no fault of the frames."""
    async with world.traffic(200, per_second=50):
        await asyncio.sleep(chance.uniform(0.2, 0.8))
        if chance.random() < 0.5:
            await world.database.refuses(["53100"], on="seen_frame")
            await asyncio.sleep(chance.uniform(0.5, 2))
            await world.database.accepts(on="seen_frame")
        else:
            await world.database.read_only(on=True)
            await asyncio.sleep(chance.uniform(0.5, 2))
            await world.database.read_only(on=False)


@fault("F9", kinds=EVERY, small_disk=True)
async def disk_really_full(world: World, chance: Random) -> None:
    """Not a byte is left on the file system of PostgreSQL, which may end of it; then somebody makes room."""
    disk = world.database.disk
    assert disk is not None
    async with world.traffic(300, per_second=100):
        await asyncio.sleep(chance.uniform(0.2, 0.8))
        await asyncio.to_thread(disk.fill)
        if chance.random() < 0.5:
            # The log needs another file, without which PostgreSQL does not go on.
            with suppress(*AWAY):
                await world.database.ask("SELECT pg_switch_wal()")
        await until(lambda: world.count_said("store_retry"), what="a disk that is too full for ingest")
        await asyncio.sleep(chance.uniform(0, 2))
        disk.make_room()
        await world.database.revive()
        await world.heard()
    world.expect("No space left on device" in world.database.process.said(), "the disk was not full")


@fault("F10", kinds=EVERY)
async def quarrels_in_the_database(world: World, chance: Random) -> None:
    """Deadlocks, serialisation failures, lock timeouts, ended sessions, and a lock that somebody forgot."""
    async with world.traffic(200, per_second=50):
        await asyncio.sleep(chance.uniform(0.1, 0.5))
        table = chance.choice(["seen_frame", "uplink", "event"])
        await world.database.refuses(["40P01", "40001", "55P03", "57P01", "53300"], on=table, share=0.5)
        await asyncio.sleep(chance.uniform(1, 2))
        await world.database.accepts(on=table)
        await world.database.end_sessions()
        async with world.database.locked("platform"):
            await asyncio.sleep(chance.uniform(0.5, 2))


@fault("F13", kinds=EVERY)
async def dead_letters_refused(world: World, chance: Random) -> None:
    """Nothing can be done with the frame, not even setting it aside: it waits, and ingest lives."""
    await world.database.refuses(["23514"], on="dead_letter")
    async with world.publishing(world.fleet.mixed(100, poison_share=0.1), per_second=100):
        await asyncio.sleep(chance.uniform(1, 3))
        await world.database.accepts(on="dead_letter")
    world.expect(world.ingest.is_running, "a refused dead letter ended ingest")


@fault("F20", kinds=EVERY)
async def line_to_the_database_swallowed(world: World, chance: Random) -> None:
    """A black hole between ingest and database, without a RST."""
    async with world.traffic(200, per_second=50):
        await asyncio.sleep(chance.uniform(0.2, 0.8))
        world.to_database.black_hole()
        await asyncio.sleep(chance.uniform(1, 5))
        if chance.random() < 0.5:
            world.to_database.reset()
        world.to_database.heal()


@fault("F20", kinds=EVERY)
async def replies_of_the_database_cut(world: World, chance: Random) -> None:
    """What is committed is not heard of: sent again, it must be recognised."""
    async with world.traffic(200, per_second=50):
        for _ in range(2):
            await asyncio.sleep(chance.uniform(0.1, 0.8))
            world.to_database.set(hole_down=True)
            await asyncio.sleep(chance.uniform(0.1, 0.5))
            world.to_database.reset()
            world.to_database.heal()


@fault("F20", kinds=EVERY)
async def database_frozen(world: World, chance: Random) -> None:
    """SIGSTOP for longer than ingest waits: it gives up by itself, and comes again."""
    async with world.traffic(200, per_second=50):
        await asyncio.sleep(chance.uniform(0.2, 0.8))
        world.database.process.freeze()
        try:
            await until(lambda: world.count_said("store_retry"), what="ingest that gives up", within_s=30)
        finally:
            world.database.process.thaw()
    await world.heard(within_s=15)
