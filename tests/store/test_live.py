import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.states import Counts
from store.live import open_live
from store.places import import_places

pytestmark = [pytest.mark.anyio, pytest.mark.db]

BAY = "70b3d50000000001"


async def newer(live, condition):
    async with asyncio.timeout(20), aclosing(live.follow()) as snapshots:
        async for snapshot in snapshots:
            if condition(snapshot):
                return snapshot
    raise AssertionError


async def test_a_fresh_borough_is_unknown_everywhere(database, open_store, small_borough, noon):
    async with open_store(database, small_borough, noon, size=4) as (_store, pool), open_live(pool) as live:
        site = live.snapshot.site("mill-yard")

    assert site.bays == Counts(unknown=4)
    # Places were imported, but nothing was heard yet: nobody vouches for anything.
    assert live.snapshot.as_of == datetime(1970, 1, 1, tzinfo=UTC)


async def test_a_frame_reaches_the_snapshot_without_being_asked_for(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon, size=4) as (store, pool), open_live(pool) as live:
        first = live.snapshot
        await store.write([frame(BAY, 1, occupied=False)], [])
        second = await newer(live, lambda snapshot: snapshot.revision > first.revision)

    assert second.site("mill-yard").bays == Counts(free=1, unknown=3)
    assert first.site("mill-yard").bays == Counts(unknown=4)
    # What did not change is the same object, so that a stream sends only what did.
    assert second.sites["the-green"] is first.sites["the-green"]


async def test_new_places_reach_the_snapshot(database, open_store, small_borough, noon):
    from dataclasses import replace

    renamed = replace(small_borough, sites=tuple(replace(site, name="New name") for site in small_borough.sites))
    async with open_store(database, small_borough, noon, size=4) as (_store, pool), open_live(pool) as live:
        await import_places(pool, renamed, at=noon)
        snapshot = await newer(live, lambda found: found.sites["mill-yard"].site.name == "New name")

    assert snapshot.sign("north").board.lines[1].category == "disabled"


async def test_it_recovers_from_a_lost_connection(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon, size=4) as (store, pool), open_live(pool) as live:
        async with pool.connection() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await store.write([frame(BAY, 1, occupied=True)], [])
        snapshot = await newer(live, lambda found: found.site("mill-yard").bays.occupied == 1)

    assert snapshot.site("mill-yard").bays.capacity == 4


async def test_a_slow_reader_gets_the_newest_not_every_one(database, open_store, small_borough, frame, noon):
    async with (
        open_store(database, small_borough, noon, size=4) as (store, pool),
        open_live(pool) as live,
        aclosing(live.follow()) as snapshots,
    ):
        await anext(snapshots)
        for number in range(5):
            await store.write([frame(BAY, number, occupied=bool(number % 2), minute=number)], [])
        await newer(live, lambda found: found.assets["mill-yard-1"].heard_at == noon + timedelta(minutes=4))
        newest = await anext(snapshots)

    assert newest.assets["mill-yard-1"].heard_at == noon + timedelta(minutes=4)


async def test_an_import_vouches_for_nothing(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon, size=4) as (store, pool), open_live(pool) as live:
        await store.tick(as_of=noon)
        await newer(live, lambda found: found.as_of == noon)
        await import_places(pool, small_borough, at=noon + timedelta(hours=1))
        snapshot = await newer(live, lambda found: found.revision > 2)

    assert snapshot.as_of == noon


@pytest.mark.parametrize("occupied", [True, False])
async def test_a_bay_of_one_household_is_in_no_snapshot_and_in_none_of_its_counts(
    database, open_store, small_borough, frame, noon, occupied
):
    assets = [replace(asset, home_linked=asset.asset_id == "mill-yard-1") for asset in small_borough.assets]
    places = replace(small_borough, assets=tuple(assets))
    async with open_store(database, places, noon, size=4) as (store, pool), open_live(pool) as live:
        before = live.snapshot.site("mill-yard")
        await store.write([frame("70b3d50000000001", 1, occupied=occupied)], [])
        await store.write([frame("70b3d50000000002", 1, occupied=True, minute=1)], [])
        snapshot = await newer(live, lambda one: one.site("mill-yard").bays.occupied)

    # Whatever it says, all that is told of the place is what the others say.
    assert "mill-yard-1" not in snapshot.assets
    assert before.bays.capacity == 3
    assert snapshot.site("mill-yard").bays == Counts(occupied=1, unknown=2)
    assert snapshot.site("mill-yard").heard_at == noon + timedelta(minutes=1)
