"""The quality of data in the database: found as it comes, in any order, and as if all had been there at once."""

import asyncio
from datetime import date, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.quality import Fault, QualityChoice
from store.history.telling import History
from store.quality import Judge, StoreQuality

pytestmark = pytest.mark.db

COUNTER, LEVEL = "count-quarry-1", "quarry-level-1"
KEPT = (
    "SELECT asset_id, fault, day, begins_at, ends_at, times, residual FROM quality_event JOIN asset USING (asset_key)"
)
EVERYTHING = QualityChoice(first_day=date(2000, 1, 1), last_day=date(2099, 1, 1))
TABLES = "TRUNCATE seen_frame, uplink, event, measurement, device_state, session_block, span, fact_15m, quality_event"
CLOCKS = ("UPDATE history SET facts_until = DEFAULT", "UPDATE quality SET days_until = DEFAULT")
ALL_DUE = "INSERT INTO {} SELECT asset_key, '0001-01-01Z', '9999-01-01Z' FROM asset WHERE kind = 'area'"


def rows(conninfo, statement):
    with psycopg.connect(conninfo) as connection:
        return sorted(connection.execute(statement).fetchall())


async def run(pool, *statements):
    async with pool.connection() as connection:
        for statement in statements:
            await connection.execute(statement)


async def judged(pool, noon):
    await History(pool, now=lambda: noon).catch_up()
    await Judge(pool).catch_up()


async def set_clock(pool, moment):
    await run(pool, f"UPDATE platform SET as_of = '{moment.isoformat()}'")


async def forget_verdicts(pool):
    await run(pool, "TRUNCATE quality_event", ALL_DUE.format("quality_due"))


@pytest.mark.anyio
async def test_what_is_wrong_is_told_for_each_local_day(database, open_store, counted_borough, noon, frame):
    numbers = [12, 43, 44, 45, -1, 9999, 10]
    async with open_store(database, counted_borough, noon) as (store, pool):
        frames = [
            frame(COUNTER, n, minute=10 * n - 100, received_minute=0, vehicles_present=one)
            for n, one in enumerate(numbers)
        ]
        await store.write(frames, [])
        await judged(pool, noon)
        quality = StoreQuality(pool)
        events = await quality.events(EVERYTHING)
        totals = await quality.totals(EVERYTHING)

    assert {(one.asset_id, one.fault, one.times, one.residual) for one in events} == {
        (LEVEL, Fault.ABOVE_CAPACITY, 2, 4),
        (LEVEL, Fault.FAR_ABOVE_CAPACITY, 2, 9959),
        (LEVEL, Fault.NEGATIVE, 1, -1),
    }
    above = next(one for one in events if one.fault is Fault.ABOVE_CAPACITY)
    assert (above.begins_at, above.ends_at) == (noon - timedelta(minutes=90), noon - timedelta(minutes=80))
    assert totals == {Fault.ABOVE_CAPACITY: 2, Fault.FAR_ABOVE_CAPACITY: 2, Fault.NEGATIVE: 1}


@pytest.mark.anyio
async def test_a_feed_that_stood_still_is_told_when_its_day_is_over(database, open_store, counted_borough, noon, frame):
    """Three days at a word an hour: the last one stands still."""
    start = noon - timedelta(hours=12)

    def moment(hour):
        return (start + timedelta(hours=hour) - noon) / timedelta(minutes=1)

    async with open_store(database, counted_borough, noon) as (store, pool):
        frames = [
            frame(
                COUNTER,
                hour,
                minute=moment(hour),
                received_minute=9000,
                vehicles_present=7 if hour >= 48 else hour % 24,
            )
            for hour in range(72)
        ]
        await store.write(frames, [])
        await set_clock(pool, start + timedelta(hours=48 + 21))
        await judged(pool, noon + timedelta(days=9))
        assert rows(database, KEPT) == []
        await set_clock(pool, start + timedelta(hours=48 + 22))
        await judged(pool, noon + timedelta(days=9))
        (still,) = await StoreQuality(pool).events(EVERYTHING)
        await set_clock(pool, start + timedelta(hours=96))
        await judged(pool, noon + timedelta(days=9))
        (quarry,) = [one for one in await StoreQuality(pool).coverage(EVERYTHING) if one.site_id == "quarry"]

    assert (still.fault, still.day) == (Fault.FROZEN, date(2026, 11, 22))
    assert (still.begins_at, still.ends_at) == (start + timedelta(hours=55), start + timedelta(hours=70))
    assert quarry.free_s + quarry.occupied_s == 72 * 3600 * 40
    assert quarry.frozen_s == 15 * 3600 * 40
    assert quarry.moving < quarry.known < 1


@st.composite
def streams(draw):
    numbers = st.sampled_from([0, 3, 12, 12, 12, 36, 43, 99, -2])
    sent = draw(
        st.lists(
            st.tuples(st.integers(0, 4), st.integers(0, 95), numbers),
            min_size=1,
            max_size=60,
            unique_by=lambda o: o[:2],
        )
    )
    order = draw(st.permutations(range(len(sent))))
    cuts = sorted(draw(st.sets(st.integers(0, len(sent)), max_size=4)))
    return sent, [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]


@settings(max_examples=20, deadline=None, suppress_health_check=[*HealthCheck])
@given(stream=streams(), data=st.data())
def test_verdicts_do_not_hang_on_what_came_when(database, open_store, counted_borough, noon, frame, stream, data):
    sent, batches = stream
    frames = [
        frame(COUNTER, n, minute=1440 * day + 15 * quarter, received_minute=9000, vehicles_present=number)
        for n, (day, quarter, number) in enumerate(sent)
    ]
    clocks = sorted(noon + timedelta(hours=data.draw(st.integers(0, 150))) for _ in batches)
    now = noon + timedelta(days=30)

    async def play():
        async with open_store(database, counted_borough, noon, size=2) as (store, pool):
            await run(pool, TABLES, *CLOCKS)
            for batch, clock in zip(batches, clocks, strict=True):
                await store.write([frames[number] for number in batch], [])
                await set_clock(pool, clock)
                await judged(pool, now)
            kept = rows(database, KEPT)
            await forget_verdicts(pool)
            await judged(pool, now)
            return kept, rows(database, KEPT)

    kept, anew = asyncio.run(play())

    assert kept == anew


@pytest.mark.anyio
async def test_what_was_wrong_with_words_that_are_gone_is_gone(database, open_store, counted_borough, noon, frame):
    async with open_store(database, counted_borough, noon) as (store, pool):
        await store.write([frame(COUNTER, 1, vehicles_present=-4)], [])
        await judged(pool, noon)
        assert len(rows(database, KEPT)) == 1
        await run(pool, "DELETE FROM event", ALL_DUE.format("history_due"))
        await judged(pool, noon)

    assert rows(database, KEPT) == []
