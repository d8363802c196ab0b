from dataclasses import replace
from random import Random

import psycopg
import pytest

from domain.security import SecurityCode
from store.inspection import StoreInspection

pytestmark = [pytest.mark.anyio, pytest.mark.db]

BAY = "70b3d50000000001"


async def health(pool, noon):
    return {device.device_id: device for device in await StoreInspection(pool, now=lambda: noon).device_health()}[BAY]


async def security(pool, noon):
    records = await StoreInspection(pool, now=lambda: noon).security_records(limit=10)
    return {(record.code, record.session): (record.times, record.detail) for record in records}


async def test_each_missing_frame_is_counted_whatever_the_order(database, open_store, small_borough, frame, noon):
    chance = Random(3)
    heard = sorted(chance.sample(range(7, 5000), 900))
    frames = [frame(BAY, n, minute=n / 10, received_minute=600, occupied=True) for n in heard]
    shuffled = [*frames, *frames[::3]]
    chance.shuffle(shuffled)
    async with open_store(database, small_borough, noon) as (store, pool):
        for begin in range(0, len(shuffled), 97):
            await store.write(shuffled[begin : begin + 97], [])
        bay = await health(pool, noon)
        gaps = await StoreInspection(pool, now=lambda: noon).missing_counters(BAY, "01020304", limit=10_000)

    expected = heard[-1] - heard[0] + 1
    assert (bay.frames_expected, bay.frames_heard) == (expected, 900)
    assert bay.loss == pytest.approx((expected - 900) / expected)
    # The journal, asked in another way, lacks the very same.
    assert [n for gap in gaps for n in gap] == sorted(set(range(heard[0], heard[-1] + 1)) - set(heard))


async def test_a_late_frame_fills_its_gap(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon) as (store, pool):
        await store.write([frame(BAY, 1, occupied=True), frame(BAY, 3, minute=2, occupied=True)], [])
        assert (await health(pool, noon)).frames_missing == 1
        await store.write([frame(BAY, 2, minute=1, received_minute=5, occupied=True)], [])
        assert (await health(pool, noon)).frames_missing == 0


async def test_loss_is_of_the_session_since_the_last_join(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon) as (store, pool):
        await store.write([frame(BAY, n, minute=n, session="old", occupied=True) for n in (1, 9)], [])
        await store.write([frame(BAY, n, minute=20 + n, session="new", occupied=True) for n in (0, 1, 3)], [])
        bay = await health(pool, noon)
        assert await security(pool, noon) == {}

    assert (bay.frames_missing, bay.frames_expected) == (1, 4)


async def test_a_counter_goes_on_beyond_sixteen_bits(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon) as (store, pool):
        await store.write([frame(BAY, n, minute=n - 65_000, occupied=True) for n in (65_535, 65_536, 65_538)], [])
        assert (await health(pool, noon)).frames_missing == 1


@pytest.mark.parametrize("together", [True, False])
async def test_a_counter_that_begins_anew_without_a_join_is_reported_and_no_negative_gap(
    database, open_store, small_borough, frame, noon, together
):
    frames = [frame(BAY, 65_535, occupied=True), frame(BAY, 0, minute=1, occupied=False)]
    async with open_store(database, small_borough, noon) as (store, pool):
        for batch in [frames] if together else [frames[:1], frames[1:]]:
            await store.write(batch, [])
        assert await security(pool, noon) == {
            (SecurityCode.COUNTER_RESET, "01020304"): (1, "from 65535 to 0"),
        }
        assert (await health(pool, noon)).frames_missing >= 0


async def test_after_a_reset_loss_is_counted_from_the_new_counter_on(database, open_store, small_borough, frame, noon):
    before = [frame(BAY, n, minute=n / 10, received_minute=600, occupied=True) for n in range(2001)]
    # The radio began anew; 3, 4 and 7 are lost, and all of them had been heard before.
    after = [frame(BAY, n, minute=300 + n, received_minute=700, occupied=False) for n in (0, 1, 2, 5, 6, 8)]
    async with open_store(database, small_borough, noon) as (store, pool):
        await store.write(before, [])
        await store.write(after[:3], [])
        assert (await health(pool, noon)).frames_missing == 0
        await store.write(after[3:], [])
        bay = await health(pool, noon)
        assert (bay.frames_expected, bay.frames_heard, bay.frames_missing) == (9, 6, 3)
        # A late one of before the reset belongs to the past.
        await store.write([frame(BAY, 2003, minute=201, received_minute=701, occupied=True)], [])
        assert (await health(pool, noon)).frames_missing == 3
        # A join ends it: its session has no reset.
        await store.write([frame(BAY, n, minute=800 + n, session="new", occupied=True) for n in (0, 2)], [])
        bay = await health(pool, noon)

    assert (bay.frames_expected, bay.frames_missing) == (3, 1)


async def test_a_frame_that_was_overtaken_is_no_reset(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon) as (store, pool):
        await store.write([frame(BAY, 5000, minute=10, occupied=True)], [])
        await store.write([frame(BAY, 20, minute=5, received_minute=11, occupied=True)], [])
        assert await security(pool, noon) == {}


@pytest.mark.parametrize("together", [True, False])
async def test_a_counter_with_other_content_is_counted_once_and_reported(
    database, open_store, small_borough, frame, noon, together
):
    once, again = frame(BAY, 7, occupied=True), frame(BAY, 7, minute=1, occupied=False)
    async with open_store(database, small_borough, noon) as (store, pool):
        await store.write([frame(BAY, 6, minute=-1, occupied=True)], [])
        for batch in [[once, again]] if together else [[once], [again]]:
            await store.write(batch, [])
        await store.write([once, again], [])
        found = await security(pool, noon)
        bay = await health(pool, noon)

    ((code, _), (times, detail)) = next(iter(found.items()))
    assert code == SecurityCode.COUNTER_REUSED
    assert times == 1
    assert "7" in detail
    assert (bay.frames_heard, bay.frames_missing) == (2, 0)


async def test_the_greatest_counters_there_are_break_no_page(database, open_store, small_borough, frame, noon):
    last = 2**63 - 1
    async with open_store(database, small_borough, noon) as (store, pool):
        await store.write([frame(BAY, 0, occupied=True), frame(BAY, last, minute=1, occupied=True)], [])
        assert (await health(pool, noon)).frames_missing == last - 1


async def test_an_excess_frame_of_one_name_is_one_dead_letter(database, open_store, small_borough, noon):
    from domain.errors import Reason
    from domain.uplinks import Rejected

    letter = Rejected(
        reason=Reason.FLOOD, detail="", topic="t", device_id=BAY, payload=b"a", received_at=noon, same_as="x/1"
    )
    async with open_store(database, small_borough, noon) as (store, _pool):
        await store.write([], [letter, replace(letter, payload=b"b"), replace(letter, same_as="x/2")])
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT payload, times FROM dead_letter ORDER BY 1").fetchall() == [
            (b"a", 2),
            (b"a", 1),
        ]
