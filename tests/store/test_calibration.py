"""What a distance means is decided by the threshold of the installation at the time of the frame, also afterwards."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from devices import codec
from devices.catalogue import model
from domain.health import Attention
from domain.places_file import parse_places
from domain.register import Entry, RecordKind, installation_id
from domain.uplinks import Accepted, Kind, Network, TimeSource, Uplink
from smartplace.codecs import open_book
from smartplace.replay import replay_with, retell
from store.device_records import StoreDeviceRecords
from store.inspection import StoreInspection
from store.places import read_devices
from store.register import StoreRegister
from store.replay.journal import Scope
from store.replay.retelling import next_to_retell, retellings, told

pytestmark = [pytest.mark.anyio, pytest.mark.db]

EYE, OTHER_EYE = "24e1240000000001", "24e1240000000002"
LOFT = """
name = "A car park with sensors above its bays"
simulated = true

[[site]]
id = "loft"
name = "Loft"
kind = "car_park"
locality = "Grays"
lon = 0.325
lat = 51.475

[[site.bays]]
category = "general"
model = "milesight-em310-udl"
bay = [
  { id = "loft-1", lon = 0.3251, lat = 51.4751, device = "24e1240000000001" },
  { id = "loft-2", lon = 0.3252, lat = 51.4751, device = "24e1240000000002" },
]
"""


@pytest.fixture
def measured(noon):
    """Makes the frame in which a sensor tells a distance."""

    def make(distance_mm, f_cnt, *, minute, device_id=EYE):
        found = model("milesight-em310-udl")
        encoded = found.encode(Kind.HEARTBEAT, {"distance_mm": distance_mm, "battery_percent": 90})
        at = noon + timedelta(minutes=minute)
        uplink = Uplink(
            device_id=device_id,
            network=Network.CHIRPSTACK,
            session="s",
            f_cnt=f_cnt,
            f_port=encoded.f_port,
            payload=encoded.payload,
            observed_at=at,
            time_source=TimeSource.GATEWAY,
            received_at=at,
        )
        return Accepted(uplink=uplink, decoded=codec.decode(found, encoded.f_port, encoded.payload))

    return make


@pytest.fixture
async def loft(database, open_store, noon):
    """The register, the store and its pool, a day after noon."""
    places = parse_places(LOFT, source="loft", silent_after=lambda _: timedelta(hours=1))
    async with open_store(database, places, noon) as (store, pool):
        yield StoreRegister(pool, now=lambda: noon + timedelta(days=1)), store, pool


async def calibrate(register, threshold_mm, *, device_id=EYE, **values):
    """Give the installation where the device is now another threshold, and what `values` say."""
    records = (await register.records())[RecordKind.INSTALLATION]
    record_id, now = next(
        (key, one) for key, one in records.items() if one["device"] == device_id and one["ends_at"] is None
    )
    entry = Entry(
        kind=RecordKind.INSTALLATION,
        record_id=record_id,
        values={**now, "distance_threshold_mm": threshold_mm, **values},
    )
    return await register.write([entry], actor="me", what="calibrate")


def events(conninfo):
    with psycopg.connect(conninfo) as connection:
        return connection.execute(
            "SELECT asset_id, f_cnt, state FROM event JOIN asset USING (asset_key) ORDER BY observed_at, f_cnt"
        ).fetchall()


def state(conninfo, asset_id):
    with psycopg.connect(conninfo) as connection:
        return connection.execute(
            "SELECT reported FROM asset_state JOIN asset USING (asset_key) WHERE asset_id = %s", [asset_id]
        ).fetchone()[0]


async def test_without_a_threshold_a_distance_says_nothing(database, loft, measured):
    _, store, _ = loft
    await store.write([measured(700, 1, minute=0)], [])
    assert (events(database), state(database, "loft-1")) == ([], None)


async def test_each_frame_is_judged_by_the_threshold_of_its_time(database, loft, measured, noon):
    register, store, pool = loft
    moved_at = noon + timedelta(minutes=30)
    await calibrate(register, 1500, ends_at=moved_at)
    there = {"device": EYE, "asset": "loft-2", "begins_at": moved_at, "ends_at": None}
    lower = Entry(
        kind=RecordKind.INSTALLATION,
        record_id=installation_id(EYE, moved_at),
        values={**there, "distance_threshold_mm": 600, "debounce_s": 30},
    )
    gone = Entry(
        kind=RecordKind.INSTALLATION,
        record_id=next(
            key for key, one in (await register.records())[RecordKind.INSTALLATION].items() if one["device"] != EYE
        ),
        values={
            "device": OTHER_EYE,
            "asset": "loft-2",
            "begins_at": noon - timedelta(days=9),
            "ends_at": noon,
            "distance_threshold_mm": None,
            "debounce_s": None,
        },
    )
    await register.remove(RecordKind.INSTALLATION, gone.record_id, actor="me")
    await register.write([lower], actor="me", what="lower")

    later, earlier = measured(700, 3, minute=40), measured(700, 2, minute=20)
    # In the order of their arrival, not of their time, and one of them twice.
    await store.write([later], [])
    await store.write([measured(500, 4, minute=50), earlier, earlier], [])

    assert events(database) == [("loft-1", 2, "occupied"), ("loft-2", 3, "free"), ("loft-2", 4, "occupied")]
    async with pool.connection() as connection:
        stays = (await read_devices(connection))[EYE].stays
    assert [(stay.distance_threshold_mm, stay.debounce) for stay in stays] == [
        (1500, timedelta()),
        (600, timedelta(seconds=30)),
    ]
    again = await replay_with(pool, Scope(), lambda *_: None)
    assert (again.frames, again.changed) == (3, 0)


async def test_another_threshold_is_followed_by_another_history(database, loft, measured):
    register, store, pool = loft
    await calibrate(register, 300)
    distances = [(2400, 0), (700, 10), (650, 20), (2390, 30), (710, 40)]
    await store.write([measured(mm, n, minute=minute) for n, (mm, minute) in enumerate(distances)], [])
    await store.write([measured(700, 1, minute=5, device_id=OTHER_EYE)], [])
    assert {what for _, _, what in events(database)} == {"free"}

    made = await calibrate(register, 1500)
    assert made.retold == (EYE,)
    await told_by_ingest(pool)

    assert events(database) == [
        ("loft-1", 0, "free"),
        ("loft-1", 1, "occupied"),
        ("loft-1", 2, "occupied"),
        ("loft-1", 3, "free"),
        ("loft-1", 4, "occupied"),
    ]
    assert state(database, "loft-1") == "occupied"
    assert (await replay_with(pool, Scope(), lambda *_: None)).changed == 0

    undone = await register.undo(made.change_set_id, actor="me")
    assert undone.retold == (EYE,)
    await told_by_ingest(pool)
    assert {what for _, _, what in events(database)} == {"free"}
    assert state(database, "loft-1") == "free"


async def told_by_ingest(pool):
    """Until nothing is asked for any more."""
    async with open_book(pool, now=lambda: None) as scripts:
        task = asyncio.create_task(retell(pool, scripts, every_s=0.01))
        try:
            async with asyncio.timeout(20):
                while await next_to_retell(pool) is not None:
                    await asyncio.sleep(0.01)
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_nothing_is_told_anew_that_nobody_told(loft, measured, noon):
    register, store, pool = loft
    assert (await calibrate(register, 1500)).retold == ()
    await store.write([measured(700, 1, minute=0)], [])
    assert (await calibrate(register, 1500, debounce_s=60)).retold == ()
    later = noon + timedelta(days=2)
    ends = await calibrate(register, 1500, ends_at=later)
    new = {"device": EYE, "asset": "loft-1", "begins_at": later, "ends_at": None, "debounce_s": None}
    begins = Entry(
        kind=RecordKind.INSTALLATION,
        record_id=installation_id(EYE, later),
        values={**new, "distance_threshold_mm": 900},
    )
    assert (ends.retold, (await register.write([begins], actor="me", what="later")).retold) == ((), ())
    assert await next_to_retell(pool) is None


async def test_what_is_asked_for_while_it_is_told_is_told_again(loft, measured):
    register, store, pool = loft
    await store.write([measured(700, 1, minute=0)], [])
    await calibrate(register, 1500)
    async with pool.connection() as connection:
        (asked,) = await retellings(connection)
    await calibrate(register, 600)
    async with pool.connection() as connection:
        await told(connection, asked)
        (again,) = await retellings(connection)
    assert again.device_id == EYE
    assert again.asked_at > asked.asked_at


async def test_a_replay_of_all_time_tells_what_was_asked_for_and_one_of_a_day_does_not(loft, measured, noon):
    register, store, pool = loft
    await store.write([measured(700, 1, minute=0)], [])
    await calibrate(register, 1500)
    for scope in (Scope(dry_run=True), Scope(begins=noon), Scope(device_id=OTHER_EYE)):
        await replay_with(pool, scope, lambda *_: None)
        assert await next_to_retell(pool) == EYE
    await replay_with(pool, Scope(), lambda *_: None)
    assert await next_to_retell(pool) is None


async def test_while_another_replay_runs_a_retelling_waits(database, loft, measured):
    register, store, pool = loft
    await store.write([measured(700, 1, minute=0)], [])
    await calibrate(register, 1500)
    with psycopg.connect(database, autocommit=True) as another:
        another.execute("SELECT pg_advisory_lock(21319, 4)")
        async with open_book(pool, now=lambda: None) as scripts:
            task = asyncio.create_task(retell(pool, scripts, every_s=0.01))
            await asyncio.sleep(0)
            done, _ = await asyncio.wait([task], timeout=0.3)
            assert not done
            assert await next_to_retell(pool) == EYE
            another.execute("SELECT pg_advisory_unlock(21319, 4)")
            async with asyncio.timeout(20):
                while await next_to_retell(pool) is not None:
                    await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])
    assert state(database, "loft-1") == "occupied"


async def test_a_device_that_goes_takes_with_it_what_was_asked_for(loft):
    register, _, pool = loft
    async with pool.connection() as connection:
        await connection.execute("INSERT INTO retelling SELECT device_key, now() FROM device")
    for kind in (RecordKind.INSTALLATION, RecordKind.DEVICE):
        found = (await register.records())[kind]
        await register.remove(kind, next(key for key in found if key.startswith(EYE)), actor="me")
    assert await next_to_retell(pool) == OTHER_EYE


async def test_an_asset_manager_is_told_which_sensor_has_no_threshold(loft, measured, noon):
    register, store, pool = loft
    await store.write([measured(700, 1, minute=0), measured(2400, 2, minute=30)], [])
    inspection = StoreInspection(pool, now=lambda: noon + timedelta(minutes=31))
    records = StoreDeviceRecords(pool, NoScripts(), now=lambda: noon + timedelta(minutes=31))
    assert {one.attention(noon) for one in await inspection.device_health()} == {
        (Attention.NOT_CALIBRATED,),
        (Attention.NEVER_HEARD, Attention.NOT_CALIBRATED),
    }
    await calibrate(register, 1500)
    assert [one.attention(noon) for one in await inspection.device_health() if one.device_id == EYE] == [()]
    record = await records.device_record(EYE, frames=5, days=1)
    assert record.distances_mm == [(noon + timedelta(minutes=30), 2400), (noon, 700)]
    assert record.is_retold
    assert record.usual_interval is None


class NoScripts:
    """No model has a JavaScript codec."""

    def knows(self, model):
        return False
