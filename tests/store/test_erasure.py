"""The past of one bay goes with everything that was made of it, and nothing else does."""

from datetime import date, timedelta

import psycopg
import pytest

from domain.errors import CommandError, Reason
from domain.uplinks import Kind, Rejected
from store.erasure import Erasure, erase
from store.history.reconciliation import Reconciliation
from store.history.telling import History
from store.history.watch import make_due
from store.migrations import migrate
from store.places import import_places
from store.retention import Keep, Retention

pytestmark = [pytest.mark.db, pytest.mark.anyio]

DAY = timedelta(days=1)
BAY, OTHER, BENCH = "70b3d50000000001", "70b3d50000000002", "bench-green-1"
OF_ASSETS = ("event", "span", "fact_15m", "fact_hour", "fact_day")
OF_DEVICES = ("uplink", "measurement")
TIMES = {"event": "observed_at", "span": "begins_at", "fact_15m": "bucket", "fact_hour": "hour", "fact_day": "day",
         "uplink": "received_at", "measurement": "observed_at"}  # fmt: skip
BEFORE = date(2026, 11, 10)
MIDNIGHT = "2026-11-10T00:00Z"


@pytest.fixture
def engines(database, timescale):
    list(migrate(timescale, prepare=False))
    return ((database, {"size": 2}), (timescale, {"size": 1, "prepare": False}))


@pytest.fixture
def weeks(frame):
    """Two bays and a bench, several words a day for three weeks; some of them come a day late."""
    found = []
    for n in range(21 * 5):
        minute = -21 * 24 * 60 + n * 288 + 7
        late = {"received_minute": minute + (24 * 60 if n % 7 == 0 else 0)}
        found.append(frame(BAY, n, minute=minute, occupied=n % 3 == 0, temperature_celsius=n / 10, **late))
        found.append(frame(OTHER, n, minute=minute + 3, occupied=n % 4 == 0, **late))
        said = {"occupants": n % 4, "energy_wh_total": n * 1.5, "charge_sessions_total": n // 4}
        found.append(frame(BENCH, n, minute=minute, kind=Kind.HEARTBEAT, **said, **late))
    return found


def rows(conninfo, statement, *parameters):
    with psycopg.connect(conninfo, prepare_threshold=None) as connection:
        return connection.execute(statement, parameters).fetchall()


def kept(conninfo, *, of_bay):
    """All rows of the bay, or of everything else, by table."""
    which = "=" if of_bay else "<>"
    assets = f"(SELECT asset_key FROM asset WHERE asset_id {which} 'mill-yard-1')"
    devices = f"(SELECT device_key FROM device WHERE device_id {which} '{BAY}')"
    return {
        name: sorted(rows(conninfo, f"SELECT * FROM {name} WHERE {column} IN {ours}"), key=repr)
        for names, column, ours in ((OF_ASSETS, "asset_key", assets), (OF_DEVICES, "device_key", devices))
        for name in names
    }


async def fill(store, pool, frames, noon):
    await store.write(frames, [])
    await store.tick(as_of=noon)
    await History(pool, now=lambda: noon).catch_up()


def of_the_bay(**changes):
    return Erasure(**{"asset_id": "mill-yard-1", "before": BEFORE} | changes)


@pytest.mark.timescale
async def test_the_past_of_a_bay_goes_and_what_is_left_is_told_by_what_is_left(
    engines, open_store, small_borough, noon, weeks
):
    answers = []
    for conninfo, how in engines:
        async with open_store(conninfo, small_borough, noon - 90 * DAY, **how) as (store, pool):
            await fill(store, pool, weeks, noon)
            others, history = kept(conninfo, of_bay=False), History(pool, now=lambda: noon)
            if how["size"] == 1:
                async with pool.connection() as connection:
                    for relation in (*OF_DEVICES, "event", "fact_15m"):
                        await connection.execute(f"SELECT compress_chunk(show_chunks('{relation}'))")
            gone = await erase(pool, of_the_bay(), by="someone", now=noon)
            for name in OF_ASSETS:
                assert rows(conninfo, f"SELECT count(*) FROM {name} JOIN asset USING (asset_key)"
                    f" WHERE asset_id = 'mill-yard-1' AND {TIMES[name]} < %s", MIDNIGHT) == [(0,)], name  # fmt: skip
            observed = "SELECT min(observed_at) FROM journal JOIN device USING (device_key) WHERE device_id = %s"
            assert rows(conninfo, observed, BAY)[0][0].date() == BEFORE
            assert rows(conninfo, "SELECT count(*) FROM measurement JOIN device USING (device_key)"
                " WHERE device_id = %s AND observed_at < %s", BAY, MIDNIGHT) == [(0,)]  # fmt: skip

            await history.catch_up()
            left = kept(conninfo, of_bay=True)
            assert kept(conninfo, of_bay=False) == others
            assert (await Reconciliation(pool, now=lambda: noon).reconcile(days=60, every=1)).is_equal
            await make_due(pool, None)
            await history.catch_up()
            assert kept(conninfo, of_bay=True) == left
        answers.append((gone, left["span"], left["fact_15m"], left["fact_day"]))
    assert answers[0] == answers[1]
    assert {"frames", "measurements", "events", "spans", "quarters", "hours", "days"} == gone.keys()
    assert left["span"]


async def test_what_was_charged_at_a_bench_is_counted_from_what_is_left(
    database, open_store, small_borough, noon, weeks
):
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        await fill(store, pool, weeks, noon)
        await erase(pool, of_the_bay(asset_id="green-bench-1"), by="someone", now=noon)
        await History(pool, now=lambda: noon).catch_up()
        assert (await Reconciliation(pool, now=lambda: noon).reconcile(days=60, every=1)).is_equal
    ((energy,),) = rows(database, "SELECT sum(energy_mwh) FROM fact_day")
    ((totals,),) = rows(database, "SELECT max(value) - min(value) FROM measurement WHERE key = 'energy_wh_total'")
    assert energy == 1000 * totals


async def test_history_that_is_frozen_stays_as_it_was_after_that_day(database, open_store, small_borough, noon, weeks):
    keep = Keep(journal=0, measurements=10, benches=0, dead_letters=0, security_events=0, commands=0, sign_plays=0)
    spans = "SELECT s.* FROM span AS s JOIN asset USING (asset_key) WHERE asset_id = 'mill-yard-1' ORDER BY begins_at"
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        await fill(store, pool, weeks, noon)
        await Retention(pool, keep, now=lambda: noon).forget(within_s=600)
        before = rows(database, spans)
        await erase(pool, of_the_bay(before=date(2026, 11, 5)), by="someone", now=noon)
        await History(pool, now=lambda: noon).catch_up()
        after = rows(database, spans)
        assert (await Reconciliation(pool, now=lambda: noon).reconcile(days=60, every=1)).is_equal
    # The word that was said before midnight is gone, what is known of the hours after it is not.
    assert after[0][1].isoformat() == "2026-11-05T00:00:00+00:00"
    assert after[0][2:6] in [span[2:6] for span in before]
    assert after[1:] == before[-len(after) + 1 :]


async def test_what_a_sensor_said_elsewhere_stays(database, open_store, small_borough, noon, frame):
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        await store.write([frame(BAY, 1, minute=-30 * 24 * 60, occupied=True)], [])
        moved = tuple(d for d in small_borough.devices if d.device_id not in {BAY, OTHER})
        moved += tuple(
            type(d)(**{f: getattr(d, f) for f in d.__dataclass_fields__} | {"asset_id": "mill-yard-2"})
            for d in small_borough.devices
            if d.device_id == BAY
        )
        places = {f: getattr(small_borough, f) for f in small_borough.__dataclass_fields__} | {"devices": moved}
        await import_places(pool, type(small_borough)(**places), at=noon - 20 * DAY)
        await store.write([frame(BAY, 2, minute=-15 * 24 * 60, occupied=True)], [])
        await erase(pool, of_the_bay(), by="someone", now=noon)
    assert rows(database, "SELECT f_cnt FROM uplink") == [(2,)]
    assert rows(database, "SELECT asset_id FROM event JOIN asset USING (asset_key)") == [("mill-yard-2",)]


async def test_dead_letters_of_its_sensor_go_and_it_is_on_record(database, open_store, small_borough, noon, weeks):
    letters = [
        Rejected(
            reason=Reason.UNDECODABLE,
            detail="no frame",
            topic=f"{device} {days}",
            device_id=device,
            payload=b"x",
            received_at=noon - days * DAY,
        )
        for days, device in ((15, BAY), (15, OTHER), (2, BAY))
    ]
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        await fill(store, pool, weeks, noon)
        await store.write([], letters)
        gone = await erase(pool, of_the_bay(), by="someone", now=noon)
    assert sorted(rows(database, "SELECT topic FROM dead_letter")) == [(f"{BAY} 2",), (f"{OTHER} 15",)]
    ((record,),) = rows(database, "SELECT before FROM audit WHERE record = 'past' AND record_id = 'mill-yard-1'")
    assert record.items() >= gone.items()


async def test_a_dry_run_counts_and_deletes_nothing(database, open_store, small_borough, noon, weeks):
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        await fill(store, pool, weeks, noon)
        before = kept(database, of_bay=True), rows(database, "SELECT count(*) FROM audit")
        counted = await erase(pool, of_the_bay(dry_run=True), by="someone", now=noon)
        assert (kept(database, of_bay=True), rows(database, "SELECT count(*) FROM audit")) == before
        assert await erase(pool, of_the_bay(), by="someone", now=noon) == counted
        assert await erase(pool, of_the_bay(), by="someone", now=noon) == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"asset_id": "nowhere"}, "there is no bay or bench nowhere"),
        ({"before": date(2026, 11, 21)}, "2026-11-21 has not begun"),
    ],
)
async def test_what_cannot_be_erased_is_one_clear_sentence(database, open_store, small_borough, noon, changes, said):
    async with open_store(database, small_borough, noon - 90 * DAY) as (_, pool):
        with pytest.raises(CommandError, match=said):
            await erase(pool, of_the_bay(**changes), by="someone", now=noon)


async def test_a_replay_that_is_running_would_bring_it_back(database, open_store, small_borough, noon):
    async with open_store(database, small_borough, noon - 90 * DAY) as (_, pool):
        with psycopg.connect(database) as other:
            other.execute("SELECT pg_advisory_lock(21319, 4)")
            with pytest.raises(CommandError, match="a replay is running"):
                await erase(pool, of_the_bay(), by="someone", now=noon)
