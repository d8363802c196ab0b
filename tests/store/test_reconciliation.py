"""What differs is found, said, put right, and said no more."""

from datetime import timedelta

import psycopg
import pytest

from domain.alarms import AlarmCode
from store.alarms import StoreAlarms
from store.history.reconciliation import Reconciliation
from store.history.telling import History
from store.history.watch import HistoryWatch, history_status

pytestmark = [pytest.mark.db, pytest.mark.anyio]

DAY = timedelta(days=1)
RELATIONS = ("span", "fact_15m", "fact_hour", "fact_day")


def told(conninfo):
    with psycopg.connect(conninfo) as connection:
        return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in RELATIONS}


@pytest.fixture
def ten_days(frame):
    return [
        frame(device, n, minute=-10 * 24 * 60 + n * 140 + number, received_minute=0, **said(n))
        for number, (device, said) in enumerate(
            {
                "70b3d50000000001": lambda n: {"occupied": n % 3 == 0},
                "70b3d50000000002": lambda n: {"occupied": n % 2 == 0},
                "bench-green-1": lambda n: {"occupants": n % 4, "energy_wh_total": n * 2.5},
            }.items()
        )
        for n in range(100)
    ]


async def codes(alarms):
    return [alarm.code for alarm in await alarms.open()]


FAULTS = {
    "a span that never was": (
        "INSERT INTO span SELECT asset_key, begins_at - INTERVAL '5 s', begins_at, 'occupied', 1, 'observed', 0, 0"
        " FROM (SELECT asset_key, min(begins_at) AS begins_at FROM span GROUP BY 1) AS first",
        "spans",
    ),
    "a span that is gone": ("DELETE FROM span WHERE begins_at = (SELECT max(begins_at) FROM span)", "spans"),
    "an arrival too many": (
        "UPDATE span SET arrivals = arrivals + 1 WHERE begins_at = (SELECT max(begins_at) FROM span"
        " WHERE state = 'occupied')",
        "spans",
    ),
    "a fact": (
        "UPDATE fact_15m SET closed_s = 1 WHERE asset_key = 1 AND bucket = %(yesterday)s",
        "facts",
    ),
    "a fact that is gone": ("DELETE FROM fact_15m WHERE asset_key = 1 AND bucket = %(yesterday)s", "facts"),
    "energy": ("UPDATE fact_15m SET energy_mwh = energy_mwh + 1 WHERE bucket = %(yesterday)s", "facts"),
    "an hour": ("UPDATE fact_hour SET arrivals = 9 WHERE asset_key = 1 AND hour = %(yesterday)s", "hours"),
    "an hour that never was": (
        "INSERT INTO fact_hour SELECT %(yesterday)s, asset_key, 0, 0, 3600, 0, 0, 0, 0 FROM asset"
        " WHERE asset_id = 'mill-yard-3'",
        "hours",
    ),
    "a day": ("UPDATE fact_day SET departures = departures + 1 WHERE day = (SELECT max(day) FROM fact_day)", "days"),
}


async def test_every_difference_is_found_and_put_right(database, open_store, small_borough, noon, ten_days):
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        history = History(pool, now=lambda: noon)
        await store.write(ten_days, [])
        await store.tick(as_of=noon)
        await history.catch_up()
        before = told(database)
        reconciliation = Reconciliation(pool, now=lambda: noon)
        alarms = StoreAlarms(pool, now=lambda: noon)
        found = await reconciliation.reconcile(days=12, every=1)
        assert (found.is_equal, found.finished) == (True, True)
        assert found.asset_days > 50
        for fault, (statement, what) in FAULTS.items():
            async with pool.connection() as connection:
                changed = await connection.execute(statement, {"yesterday": noon - DAY})
                assert changed.rowcount > 0, fault
            found = await reconciliation.reconcile(days=12, every=1)
            assert found.differing[what] > 0, fault
            assert found.examples
            assert await codes(alarms) == [AlarmCode.HISTORY_DIFFERS], fault
            assert (await alarms.open())[0].detail == str(found)
            await history.catch_up()
            assert told(database) == before, fault
            # Put right, but not forgotten until somebody has looked again.
            assert await codes(alarms) == [AlarmCode.HISTORY_DIFFERS]
            assert (await reconciliation.reconcile(days=12, every=1)).is_equal, fault
            assert await codes(alarms) == []


async def test_what_is_due_differs_rightly(database, open_store, small_borough, noon, ten_days, frame):
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        await store.write(ten_days, [])
        await store.tick(as_of=noon)
        history = History(pool, now=lambda: noon)
        await history.catch_up()
        late = frame("70b3d50000000001", 900, minute=-3000, received_minute=0, occupied=True)
        await store.write([late], [])
        assert (await Reconciliation(pool, now=lambda: noon).reconcile(days=12, every=1)).is_equal


async def test_old_differences_are_found_in_the_course_of_a_month(database, open_store, small_borough, noon, ten_days):
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        await store.write(ten_days, [])
        await store.tick(as_of=noon)
        await History(pool, now=lambda: noon).catch_up()
        async with pool.connection() as connection:
            wrong = "UPDATE fact_day SET free_s = 1 WHERE asset_key = 2 AND day = (SELECT min(day) FROM fact_day)"
            assert (await connection.execute(wrong)).rowcount == 1
        nights = []
        for night in range(30):
            clock = noon + night * DAY
            found = await Reconciliation(pool, now=lambda clock=clock: clock).reconcile()
            if not found.is_equal:
                nights.append(night)
                break

    assert len(nights) == 1
    assert found.examples[0].what == "days"


async def test_an_end_in_sight_is_an_end(database, open_store, small_borough, noon, ten_days):
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        await store.write(ten_days, [])
        await store.tick(as_of=noon)
        await History(pool, now=lambda: noon).catch_up()
        found = await Reconciliation(pool, now=lambda: noon).reconcile(within_s=-1)

    assert (found.finished, found.asset_days) == (False, 0)


async def test_history_that_is_behind_is_an_alarm(database, open_store, small_borough, noon, ten_days):
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        watch, alarms = HistoryWatch(pool, now=lambda: noon), StoreAlarms(pool, now=lambda: noon)
        history = History(pool, now=lambda: noon)
        await store.write(ten_days, [])
        await store.tick(as_of=noon)
        await history.catch_up()
        await watch.look()
        assert (watch.status.due_assets, watch.status.lag_s, watch.status.facts_age_s) == (0, 0.0, 0.0)
        assert await codes(alarms) == []
        async with pool.connection() as connection:
            await connection.execute(
                "INSERT INTO history_due (asset_key, since, until, noted_at)"
                " SELECT asset_key, now(), now(), now() - INTERVAL '11 minutes' FROM asset"
            )
        await watch.look()
        assert await codes(alarms) == [AlarmCode.HISTORY_LAGS]
        assert watch.status.due_assets == 5
        assert 659 < watch.status.lag_s < 700
        await history.catch_up()
        await watch.look()
        assert await codes(alarms) == []
        # Facts that are not made any more.
        await store.tick(as_of=noon + timedelta(minutes=26))
        await watch.look()
        assert await codes(alarms) == [AlarmCode.HISTORY_LAGS]
        assert (await history_status(pool)).facts_age_s == 26 * 60
