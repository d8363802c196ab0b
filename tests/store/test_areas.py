"""Counted areas in the database: live, in spans and in facts, and never more of them taken than there are."""

from datetime import timedelta

import psycopg
import pytest

from domain.places import Direction
from domain.register import Entry, RecordKind
from domain.states import Counts
from store.history.telling import History
from store.live import open_live
from store.places import import_places, read_places
from store.register import StoreRegister

pytestmark = [pytest.mark.db, pytest.mark.anyio]

LEVEL, ROOF, COUNTER = "quarry-level-1", "quarry-roof", "count-quarry-1"


def rows(conninfo, statement, *parameters):
    with psycopg.connect(conninfo) as connection:
        return connection.execute(statement, parameters).fetchall()


def counted(frame, *numbers, every=10, **more):
    """One count after the other, so many minutes apart; the last at noon."""
    return [
        frame(COUNTER, n, minute=every * (n - len(numbers) + 1), received_minute=0, vehicles_present=number, **more)
        for n, number in enumerate(numbers)
    ]


async def shown(pool, asset_id=LEVEL):
    async with open_live(pool) as live:
        status = live.snapshot.assets[asset_id]
        return status.state.value, status.counts


def spans(conninfo):
    return rows(
        conninfo,
        "SELECT begins_at, state, taken FROM span JOIN asset USING (asset_key) WHERE asset_id = %s ORDER BY 1",
        LEVEL,
    )


async def test_areas_and_gates_are_places(database, open_store, counted_borough, noon):
    async with open_store(database, counted_borough, noon) as (_, pool), pool.connection() as connection:
        _, assets, _ = await read_places(connection)
        again = await StoreRegister(pool, now=lambda: noon).records()
        await import_places(pool, counted_borough, at=noon)

    assert assets == {asset.asset_id: asset for asset in counted_borough.assets}
    assert assets["quarry-ramp"].direction is Direction.BOTH
    assert again[RecordKind.ASSET]["quarry-ramp"]["area"] == ROOF
    assert again[RecordKind.ASSET][LEVEL]["capacity"] == 40
    assert rows(database, "SELECT count(*) FROM change_set") == [(1,)]


async def test_a_count_is_what_the_site_has_free(database, open_store, counted_borough, noon, frame):
    async with open_store(database, counted_borough, noon) as (store, pool):
        await store.write(counted(frame, 3, 12), [])
        async with open_live(pool) as live:
            assert live.snapshot.site("quarry").bays == Counts(free=28, occupied=12, unknown=10)
        assert await shown(pool) == ("free", Counts(free=28, occupied=12))
        await store.write([frame(COUNTER, 9, minute=1, vehicles_present=41)], [])
        assert await shown(pool) == ("occupied", Counts(occupied=40))
        await store.write([frame(COUNTER, 10, minute=0.5, received_minute=2, vehicles_present=7)], [])
        assert await shown(pool) == ("occupied", Counts(occupied=40))
        await store.tick(as_of=noon + timedelta(hours=2))
        assert await shown(pool) == ("unknown", Counts(unknown=40))


async def test_what_cannot_be_is_kept_and_changes_nothing(database, open_store, counted_borough, noon, frame):
    async with open_store(database, counted_borough, noon) as (store, pool):
        await store.write(counted(frame, 12, 45, -3, 900), [])
        assert await shown(pool) == ("free", Counts(free=28, occupied=12))
        await store.tick(as_of=noon + timedelta(minutes=31))
        await History(pool, now=lambda: noon).catch_up()
        # Nobody said anything believable for an hour.
        assert await shown(pool) == ("unknown", Counts(unknown=40))

    assert len(rows(database, "SELECT FROM event")) == 4
    begins_at = noon - timedelta(minutes=30)
    assert spans(database) == [(begins_at, "occupied", 12), (begins_at + timedelta(hours=1), "unknown", 0)]


async def test_facts_of_an_area_are_seconds_of_its_spaces(database, open_store, counted_borough, noon, frame):
    async with open_store(database, counted_borough, noon) as (store, pool):
        await store.write(counted(frame, 10, 42, 20, every=15), [])
        await store.tick(as_of=noon + timedelta(minutes=15))
        await History(pool, now=lambda: noon + timedelta(hours=1)).catch_up()

    facts = rows(
        database,
        "SELECT free_s, occupied_s, unknown_s, arrivals, departures FROM fact_15m"
        " JOIN asset USING (asset_key) WHERE asset_id = %s ORDER BY bucket",
        LEVEL,
    )
    assert facts == [
        (900 * 30, 900 * 10, 0, 0, 0),
        (0, 900 * 40, 0, 30, 0),
        (900 * 20, 900 * 20, 0, 0, 20),
    ]


async def test_another_capacity_judges_and_counts_everything_anew(database, open_store, counted_borough, noon, frame):
    async with open_store(database, counted_borough, noon) as (store, pool):
        history, register = History(pool, now=lambda: noon + timedelta(hours=1)), StoreRegister(pool, now=lambda: noon)
        await store.write(counted(frame, 10, 10, 60, every=15), [])
        await store.tick(as_of=noon + timedelta(minutes=15))
        await history.catch_up()
        assert await shown(pool) == ("free", Counts(free=30, occupied=10))

        values = dict((await register.records())[RecordKind.ASSET][LEVEL])
        larger = Entry(kind=RecordKind.ASSET, record_id=LEVEL, values={**values, "capacity": 80})
        await register.write([larger], actor="me", what="it was built larger")
        await history.catch_up()

        assert await shown(pool) == ("free", Counts(free=20, occupied=60))
    facts = (
        "SELECT sum(free_s + occupied_s + unknown_s + closed_s), sum(occupied_s) FROM {} JOIN asset USING (asset_key)"
    )
    for relation in ("fact_15m", "fact_hour", "fact_day"):
        assert rows(database, facts.format(relation) + " WHERE asset_id = %s", LEVEL) == [
            (3 * 900 * 80, 900 * (10 + 10 + 60))
        ]


async def test_a_closed_area_has_no_free_space_and_a_gate_no_history(
    database, open_store, counted_borough, noon, frame
):
    async with open_store(database, counted_borough, noon) as (store, pool):
        await store.write(counted(frame, 12), [])
        async with pool.connection() as connection:
            await connection.execute(
                "INSERT INTO closure SELECT asset_key, %s, NULL, 'works' FROM asset WHERE asset_id = ANY (%s)",
                [noon, [LEVEL, "quarry-ramp"]],
            )
            await connection.execute(
                "INSERT INTO history_due SELECT asset_key, '0001-01-01Z', '9999-01-01Z' FROM asset"
            )
        await store.tick(as_of=noon + timedelta(minutes=1))
        await History(pool, now=lambda: noon).catch_up()
        assert await shown(pool) == ("closed", Counts(closed=40))

    assert rows(database, "SELECT DISTINCT asset_id FROM span JOIN asset USING (asset_key)") == [(LEVEL,)]


async def test_people_are_counted_in_an_area_as_well(database, open_store, counted_borough, noon, frame):
    async with open_store(database, counted_borough, noon) as (store, pool):
        await store.write([frame(COUNTER, 1, people_present=4)], [])
        assert await shown(pool) == ("free", Counts(free=36, occupied=4))
        # A bay does not count people: who says that says nothing of it.
        await store.write([frame("70b3d50000000001", 1, people_present=4)], [])
        assert (await shown(pool, "mill-yard-1"))[0] == "unknown"
