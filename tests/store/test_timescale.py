"""The same rows give the same answers on TimescaleDB and on plain PostgreSQL."""

import random

import psycopg
import pytest

from domain.uplinks import Kind
from store.inspection import StoreInspection
from store.live import open_live
from store.migrations import migrate, status
from store.rows import frame_key

pytestmark = [pytest.mark.anyio, pytest.mark.db, pytest.mark.timescale]

HYPERTABLES = ["event", "measurement", "uplink"]
VIEWS = {
    "device_hour": "SELECT hour, device_id, frames, rssi_count, rssi_sum, snr_min FROM device_hour",
    "measurement_hour": "SELECT hour, device_id, key, count, sum, low, high FROM measurement_hour",
    "event": "SELECT observed_at, asset_id, device_id, f_cnt, e.kind, state"
    " FROM event AS e JOIN asset USING (asset_key)",
    "uplink": "SELECT received_at, device_id, session, f_cnt, f_port, payload, observed_at, codec FROM journal",
    "asset_state": "SELECT asset_id, reported, observed_at, f_cnt, state, since"
    " FROM asset_state JOIN asset USING (asset_key)",
}


def rows_of(conninfo, view):
    statement = f"SELECT * FROM ({VIEWS[view]} JOIN device USING (device_key)) AS answer ORDER BY 1, 2, 3, 4"
    if view == "asset_state":
        statement = f"{VIEWS[view]} ORDER BY 1"
    with psycopg.connect(conninfo, prepare_threshold=None) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
def three_days(frame):
    """Frames of three days in random order, with duplicates: heartbeats, events, batteries, temperatures."""
    chance = random.Random(5)
    frames = []
    for number, device in enumerate(["70b3d50000000001", "70b3d50000000004", "bench-green-1"]):
        for f_cnt in range(60):
            minute = -72 * 60 + f_cnt * 71 + number
            said = {"occupied": chance.random() < 0.5, "temperature_celsius": float(chance.randint(-5, 30))}
            if f_cnt % 5 == 0:
                said["battery_volts"] = 3.0 + chance.randint(0, 600) / 1000
            kind = Kind.HEARTBEAT if f_cnt % 5 == 0 else Kind.EVENT
            frames.append(frame(device, f_cnt, minute=minute, kind=kind, **said))
    chance.shuffle(frames)
    return frames + frames[:20]


async def test_the_same_frames_give_the_same_rows_in_every_view(
    database, timescale, open_store, small_borough, three_days, noon
):
    list(migrate(timescale, prepare=False))
    for conninfo, size, prepare in ((database, 2, True), (timescale, 1, False)):
        async with open_store(conninfo, small_borough, noon, size=size, prepare=prepare) as (store, _pool):
            for begin in range(0, len(three_days), 50):
                await store.write(three_days[begin : begin + 50], [])
            await store.tick(as_of=noon)
    with psycopg.connect(timescale, autocommit=True, prepare_threshold=None) as connection:
        found = connection.execute("SELECT hypertable_name FROM timescaledb_information.hypertables").fetchall()
        assert sorted(name for (name,) in found if name in HYPERTABLES) == HYPERTABLES

    before = {view: rows_of(database, view) for view in VIEWS}
    assert len({frame_key(item.uplink) for item in three_days}) == len(before["uplink"]) == 180
    # Not materialised yet: computed on reading.
    assert {view: rows_of(timescale, view) for view in VIEWS} == before
    with psycopg.connect(timescale, autocommit=True, prepare_threshold=None) as connection:
        for aggregate in ("device_hour", "measurement_hour"):
            connection.execute(f"CALL refresh_continuous_aggregate('{aggregate}', NULL, NULL)")
        connection.execute("SELECT compress_chunk(show_chunks('uplink'))")
        connection.execute("SELECT compress_chunk(show_chunks('event'))")
    assert {view: rows_of(timescale, view) for view in VIEWS} == before


async def test_a_late_frame_reaches_compressed_and_materialised_hours(
    database, timescale, open_store, small_borough, three_days, frame, noon
):
    list(migrate(timescale, prepare=False))
    late = frame("70b3d50000000001", 999, minute=-70 * 60, received_minute=0, occupied=True, temperature_celsius=-5.0)
    for conninfo, size, prepare in ((database, 2, True), (timescale, 1, False)):
        async with open_store(conninfo, small_borough, noon, size=size, prepare=prepare) as (store, _pool):
            await store.write(three_days, [])
            if conninfo is timescale:
                with psycopg.connect(timescale, autocommit=True, prepare_threshold=None) as connection:
                    connection.execute("CALL refresh_continuous_aggregate('measurement_hour', NULL, NULL)")
                    connection.execute("SELECT compress_chunk(show_chunks('measurement'))")
            await store.write([late], [])
    with psycopg.connect(timescale, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("CALL refresh_continuous_aggregate('measurement_hour', NULL, NULL)")

    assert rows_of(timescale, "measurement_hour") == rows_of(database, "measurement_hour")


async def test_the_health_of_devices_is_the_same(database, timescale, open_store, small_borough, three_days, noon):
    list(migrate(timescale, prepare=False))
    answers = []
    for conninfo, size, prepare in ((database, 2, True), (timescale, 1, False)):
        async with open_store(conninfo, small_borough, noon, size=size, prepare=prepare) as (store, pool):
            await store.write(three_days, [])
            await store.tick(as_of=noon)
            answers.append(await StoreInspection(pool, now=lambda: noon).device_health())

    assert answers[0] == answers[1]
    assert sum(device.frames_24h for device in answers[0]) > 50


def test_the_engine_is_reported(timescale):
    list(migrate(timescale, prepare=False))

    assert status(timescale).engine == "timescale"
    assert status(timescale).engine_version.startswith("2.")


async def test_a_live_snapshot_needs_nothing_that_only_plain_postgresql_has(timescale, small_borough, open_store, noon):
    list(migrate(timescale, prepare=False))
    async with (
        open_store(timescale, small_borough, noon, size=3, prepare=False) as (_store, pool),
        open_live(pool) as live,
    ):
        assert live.snapshot.sites["mill-yard"].bays.capacity == 4
