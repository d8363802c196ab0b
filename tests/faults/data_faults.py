"""What devices and networks send: bad, twice, again, late, out of order, with wrong clocks."""

from datetime import UTC, datetime, timedelta
from random import Random

from tests.faults import poison
from tests.faults.campaign import Scenario, scenario
from tests.faults.fleet import BENCHES, DEVICES
from tests.faults.poison import FORBIDDEN_VOLTS
from tests.faults.world import EVERY, World

SCENARIOS: list[Scenario] = []
fault = scenario(SCENARIOS)

SMALL_BATCHES = {"batch_rows": 20}
TOLERATED_FUTURE = timedelta(seconds=120)


@fault("F11", kinds=EVERY)
async def one_in_ten_is_poison(world: World, chance: Random) -> None:
    """Each bad in another way; some only the database can tell."""
    await world.database.ask(f"ALTER TABLE measurement ADD CHECK (value <> {FORBIDDEN_VOLTS})")
    frames = world.fleet.mixed(300, poison_share=0.1, refused=True)
    async with world.publishing(frames, per_second=chance.choice([None, 200])):
        pass


@fault("F14", kinds=EVERY, settings=SMALL_BATCHES)
async def every_frame_ten_times(world: World, chance: Random) -> None:
    """By other gateways, in any order, among the others."""
    frames = [*world.fleet.frames(60)]
    copies = [world.fleet.copy(frame) for frame in frames for _ in range(10)]
    chance.shuffle(copies)
    async with world.publishing(copies):
        pass


@fault("F15", kinds=EVERY, settings=SMALL_BATCHES)
async def yesterday_replayed(world: World, chance: Random) -> None:
    """Everything once more: not one row may change."""
    frames = world.fleet.mixed(200, poison_share=0.05)
    # Frames come in the order in which they were sent: when the last is counted twice, all were met again.
    last = world.fleet.poison(poison.no_json)
    async with world.publishing([*frames, last]):
        pass
    await world.settle()
    before = await world.fingerprints()
    if chance.random() < 0.5:
        chance.shuffle(frames)
    async with world.publishing([*frames, last]):
        pass
    again = f"SELECT times >= 2 AS found FROM dead_letter WHERE payload = '\\x{last.payload.hex()}'"
    await world.until(again, what="the end of the replay")
    after = await world.fingerprints()
    changed = [name for name in before if before[name] != after[name]]
    world.expect(not changed, f"a replay changed {', '.join(changed)}")


@fault("F16", kinds=EVERY, settings=SMALL_BATCHES)
async def out_of_order(world: World, chance: Random) -> None:
    """Shuffled within ten minutes, an hour, three days: history takes all, the present only what is newer."""
    span = chance.choice([timedelta(minutes=10), timedelta(hours=1), timedelta(days=3)])
    frames = world.fleet.spread(300, over=span)
    chance.shuffle(frames)
    async with world.publishing(frames):
        pass


@fault("F17", settings=SMALL_BATCHES)
async def late_frames(world: World, chance: Random) -> None:
    """Days late: the hours that they belong to must say what their rows say."""
    now = datetime.now(UTC)
    frames = [*world.fleet.frames(100)]
    frames += [
        world.fleet.frame(chance.choice(DEVICES), observed_at=now - timedelta(days=chance.uniform(0, 60)))
        for _ in range(100)
    ]
    async with world.publishing(frames):
        pass
    await world.settle()
    wrong = await world.wrong_hours()
    world.expect(not wrong, f"{len(wrong)} hours do not equal their rows: {wrong[:3]}")


@fault("F18", kinds=EVERY, settings=SMALL_BATCHES)
async def wrong_clocks(world: World, chance: Random) -> None:
    """Ten years ahead, a year behind, 1970, no time at all: kept, and never dated ahead of now."""
    now = datetime.now(UTC)
    clocks = [
        now + timedelta(days=3653),
        now - timedelta(days=365),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        now + timedelta(seconds=100),
        now + timedelta(hours=1),
        now - timedelta(hours=1),
    ]
    frames = [*world.fleet.frames(100)]
    frames += [world.fleet.frame(chance.choice(DEVICES), observed_at=chance.choice(clocks)) for _ in range(100)]
    frames += [world.fleet.poison(poison.no_time) for _ in range(5)]
    chance.shuffle(frames)
    async with world.publishing(frames):
        pass
    await world.settle()
    ahead = await world.database.ask("SELECT 1 FROM asset_state WHERE observed_at > now() + INTERVAL '120 seconds'")
    world.expect(not ahead, "the present is dated ahead of now")
    undecided = await world.database.ask(
        "SELECT 1 FROM journal WHERE observed_at > received_at OR observed_at < received_at - INTERVAL '93 days'"
    )
    world.expect(not undecided, "an absurd time was believed")
    # A right clock after all the wrong ones is believed again.
    last = world.fleet.frame(BENCHES[0], observed_at=datetime.now(UTC))
    async with world.publishing([last]):
        pass


@fault("F18", kinds=EVERY)
async def server_clock_ahead(world: World, chance: Random) -> None:
    """An hour ahead, then right again: nobody may vouch for an hour that has not been."""
    await world.ingest.stop()
    hasty = world.new_ingest(tampered="clock-ahead")
    hasty.start()
    async with world.traffic(100, per_second=100):
        ahead = "SELECT as_of > now() + INTERVAL '50 minutes' AS found FROM platform"
        await world.until(ahead, what="a clock that is believed")
    await hasty.stop()
    world.ingest.start()
    async with world.traffic(100, per_second=100):
        right = "SELECT as_of <= now() AS found FROM platform"
        await world.until(right, what="a present that is not of the future", within_s=20)
