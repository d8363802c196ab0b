"""What benches count for ever becomes what was charged in each quarter of an hour, in whatever order it is heard."""

import asyncio
import itertools
from collections import defaultdict
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.uplinks import Kind
from store.history.telling import History
from store.migrations import migrate

pytestmark = pytest.mark.db

BENCH = "bench-green-1"
TABLES = (
    "TRUNCATE seen_frame, uplink, event, measurement, device_state, session_block, security_event, span, fact_15m,"
    " fact_hour, fact_day, history_due, history_due_batch"
)
SUMS = {
    "fact_15m": "SELECT bucket, charge_sessions, energy_mwh FROM fact_15m ORDER BY 1",
    "fact_hour": "SELECT hour, charge_sessions, energy_mwh FROM fact_hour ORDER BY 1",
    "fact_day": "SELECT day, charge_sessions, energy_mwh FROM fact_day ORDER BY 1",
}


def quarter(moment):
    return moment - timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)


def oracle(frames, stays):
    """(sessions, milliwatt-hours) of each quarter: from each reading to the next of one stay, by hand."""
    found = defaultdict(lambda: [0, 0])
    for begins_at, ends_at in stays:
        for place, key, unit in ((0, "charge_sessions_total", 1), (1, "energy_wh_total", 1000)):
            readings = sorted(
                (frame.uplink.observed_at, round(frame.decoded.measurements[key] * unit))
                for frame in frames
                if key in frame.decoded.measurements
                and begins_at <= frame.uplink.observed_at
                and (ends_at is None or frame.uplink.observed_at < ends_at)
            )
            for (_, before), (at, total) in itertools.pairwise(in_order_said(readings)):
                found[quarter(at)][place] += total - before if total >= before else total
    return {at: tuple(value) for at, value in found.items()}


def in_order_said(readings):
    """Without those that were said before the greater one that is dated up to a second before them."""
    return [
        (at, total)
        for number, (at, total) in enumerate(readings)
        if not number
        or at - readings[number - 1][0] > timedelta(seconds=1)
        or total >= readings[number - 1][1]
        or (number > 1 and total < readings[number - 2][1])
    ]


def rows(conninfo, statement):
    with psycopg.connect(conninfo, prepare_threshold=None) as connection:
        return connection.execute(statement).fetchall()


def charged(conninfo):
    return {at: (sessions, energy) for at, sessions, energy in rows(conninfo, SUMS["fact_15m"]) if sessions or energy}


def some(found):
    return {at: value for at, value in found.items() if any(value)}


readings = st.lists(
    st.tuples(
        st.integers(0, 40),
        # Around the end of quarters, at one moment, within a second, and hours apart.
        st.one_of(
            st.tuples(st.integers(0, 8), st.sampled_from([0, 0, 0.4])).map(lambda one: one[0] * 450 + one[1]),
            st.integers(0, 6 * 3600),
        ),
        st.one_of(st.none(), st.integers(0, 30)),
        st.one_of(st.none(), st.floats(0, 5000).map(lambda wh: round(wh, 4))),
        st.one_of(st.none(), st.integers(0, 3)),
    ).filter(lambda one: one[2:] != (None, None, None)),
    min_size=1,
    max_size=14,
)


def bench_frame(frame, noon, one):
    f_cnt, second, sessions, energy, persons = one
    said = {
        "charge_sessions_total": sessions,
        "energy_wh_total": energy,
        "occupants": persons,
    }
    said = {key: value for key, value in said.items() if value is not None}
    return frame(BENCH, f_cnt, minute=-360 + second / 60, kind=Kind.HEARTBEAT, received_minute=0, **said)


@settings(max_examples=30, deadline=None, suppress_health_check=[*HealthCheck])
@given(sent=readings, data=st.data())
def test_every_reading_counts_from_the_one_before_it(database, open_store, small_borough, noon, frame, sent, data):
    frames = {}
    for one in sent:
        item = bench_frame(frame, noon, one)
        frames.setdefault((item.uplink.f_cnt, item.uplink.payload), item)
    frames = list(frames.values())
    order = data.draw(st.permutations(range(len(frames))))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(frames)), max_size=4)))
    as_of = [noon - timedelta(seconds=data.draw(st.integers(0, 7 * 3600))) for _ in range(len(cuts) + 1)]
    moved_at = data.draw(st.one_of(st.none(), st.integers(0, 6 * 3600)))

    async def play():
        async with open_store(database, small_borough, noon, size=2) as (store, pool):
            history = History(pool, now=lambda: noon)
            async with pool.connection() as connection:
                await connection.execute(TABLES)
                await connection.execute("UPDATE history SET facts_until = DEFAULT")
                await connection.execute("UPDATE platform SET as_of = '2000-01-01Z'")
                # It is there since ever, or came in between: what it counted elsewhere is not ours.
                begins = noon - timedelta(days=9)
                if moved_at is not None:
                    begins = noon - timedelta(hours=6) + timedelta(seconds=moved_at)
                await connection.execute(
                    "UPDATE installation SET begins_at = %s WHERE asset_key = (SELECT asset_key FROM asset"
                    " WHERE asset_id = 'green-bench-1')",
                    [begins],
                )
                await connection.execute("UPDATE platform SET places_version = places_version + 1")
            for begin, end, moment in zip([0, *cuts], [*cuts, len(frames)], sorted(as_of), strict=True):
                await store.refresh()
                await store.write([frames[number] for number in order[begin:end]], [])
                async with pool.connection() as connection:
                    await connection.execute("UPDATE platform SET as_of = %s", [moment])
                await history.catch_up()
            return begins

    begins = asyncio.run(play())

    ((until,),) = rows(database, "SELECT facts_until FROM history")
    expected = some(oracle(frames, [(begins, None)]))
    assert charged(database) == {at: value for at, value in expected.items() if at < until}
    tail = rows(database, "SELECT bucket, charge_sessions, energy_mwh FROM fact_tail")
    ((now,),) = rows(database, "SELECT as_of FROM platform")
    of_tail = some(oracle([f for f in frames if f.uplink.observed_at < now], [(begins, None)]))
    assert some({at: value for at, *value in tail}) == {at: list(v) for at, v in of_tail.items() if at >= until}
    for relation in ("fact_hour", "fact_day"):
        assert [sum(column) for column in zip(*(r[1:] for r in rows(database, SUMS[relation])), strict=True)] in (
            [sum(column) for column in zip(*(r[1:] for r in rows(database, SUMS["fact_15m"])), strict=True)],
            [],
        )
    seconds = rows(database, "SELECT free_s + occupied_s + unknown_s + closed_s FROM fact_15m")
    assert {row[0] for row in seconds} <= {900}


@pytest.mark.anyio
async def test_a_bench_that_only_counts_is_unknown_and_charges(database, open_store, small_borough, noon, frame):
    async with open_store(database, small_borough, noon - timedelta(hours=9)) as (store, pool):
        history = History(pool, now=lambda: noon)
        for n, energy in enumerate([100.0, 100.25, 130.0]):
            await store.write([frame(BENCH, n, minute=-100 + 30 * n, received_minute=0, energy_wh_total=energy)], [])
            await store.tick(as_of=noon)
            await history.catch_up()

    told = rows(database, "SELECT bucket, unknown_s, energy_mwh FROM fact_15m ORDER BY 1")
    assert told == [
        (quarter(noon - timedelta(minutes=70)), 900, 250),
        (quarter(noon - timedelta(minutes=40)), 900, 29_750),
    ]
    assert sum(row[2] for row in rows(database, SUMS["fact_day"])) == 30_000


@pytest.mark.anyio
async def test_totals_that_are_dated_in_the_wrong_order_are_not_a_counter_that_began_anew(
    database, open_store, small_borough, noon, frame
):
    said = [(-40, 500.0), (-31, 502.0), (-31 + 0.4 / 60, 501.0), (-20, 503.0), (-10, 2.0)]
    async with open_store(database, small_borough, noon - timedelta(hours=9)) as (store, pool):
        history = History(pool, now=lambda: noon)
        # The greater one comes last, when what is counted from the other one is told.
        for n in (0, 2, 3, 4, 1):
            minute, energy = said[n]
            await store.write([frame(BENCH, n, minute=minute, received_minute=0, energy_wh_total=energy)], [])
            await store.tick(as_of=noon)
            await history.catch_up()

    told = {at: energy for at, _, energy in rows(database, SUMS["fact_15m"])}
    assert [told[quarter(noon + timedelta(minutes=minute))] for minute in (-31, -20, -10)] == [2000, 1000, 2000]


@pytest.mark.anyio
@pytest.mark.timescale
async def test_timescale_counts_the_same(database, timescale, open_store, small_borough, noon, frame):
    list(migrate(timescale, prepare=False))
    frames = [
        frame(
            BENCH, n, minute=-50 * 24 * 60 + 97 * n, received_minute=0, occupants=n % 3, energy_wh_total=n * 0.7315,
            charge_sessions_total=n % 40 // 3,
        )
        for n in range(300)
    ]  # fmt: skip
    answers = []
    for conninfo, size, prepare in ((database, 2, True), (timescale, 1, False)):
        places_at = noon - timedelta(days=90)
        async with open_store(conninfo, small_borough, places_at, size=size, prepare=prepare) as (store, pool):
            history = History(pool, now=lambda: noon)
            await store.write(frames[::2], [])
            await store.tick(as_of=noon)
            await history.catch_up()
            if conninfo is timescale:
                async with pool.connection() as connection:
                    for relation in ("fact_15m", "fact_hour", "measurement", "event"):
                        await connection.execute(f"SELECT compress_chunk(show_chunks('{relation}'))")
            await store.write(frames[1::2], [])
            await history.catch_up()
        answers.append({relation: rows(conninfo, statement) for relation, statement in SUMS.items()})

    assert answers[0] == answers[1]
    assert charged(database) == some(oracle(frames, [(places_at, None)]))
