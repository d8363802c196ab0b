"""What is old goes, and not before history is told of it; what history was stays, whatever is gone or comes late."""

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from domain.disclosure import PrivacyRules
from domain.history import Audience, Question, Selection
from domain.periods import Period, Step
from domain.places import AssetKind
from domain.uplinks import Kind
from store.history.questions import StoreHistory
from store.history.reconciliation import Reconciliation
from store.history.telling import History
from store.history.watch import history_status, make_due
from store.migrations import migrate
from store.replay.journal import Scope, replay_journal
from store.retention import Compress, Keep, Retention, set_policies

pytestmark = [pytest.mark.db, pytest.mark.anyio]

DAY = timedelta(days=1)
KEEP = Keep(journal=20, measurements=20, benches=8, dead_letters=5, security_events=5, commands=5, sign_plays=5)
FOR_EVER = Keep(journal=0, measurements=0, benches=0, dead_letters=0, security_events=0, commands=0, sign_plays=0)
BAY, BENCH = "70b3d50000000001", "bench-green-1"
HISTORY = ("span", "fact_15m", "fact_hour", "fact_day")
OF_BENCHES = "JOIN installation USING (device_key) JOIN asset USING (asset_key) WHERE asset.kind = 'bench'"


def rows(conninfo, statement, *parameters):
    with psycopg.connect(conninfo, prepare_threshold=None) as connection:
        return connection.execute(statement, parameters).fetchall()


def told(conninfo):
    return {name: sorted(rows(conninfo, f"SELECT * FROM {name}"), key=repr) for name in HISTORY}


def oldest(conninfo, relation, at, where=""):
    ((found,),) = rows(conninfo, f"SELECT min({at}) FROM {relation} {where}")
    return found


class NoScripts:
    def knows(self, _model):
        return False


@pytest.fixture
def one_month(frame):
    """A bay and a bench, several words a day for 30 days, received as they were said."""
    found = []
    for n in range(30 * 5):
        minute = -30 * 24 * 60 + n * 288 + 7
        words = {"occupied": n % 3 == 0, "temperature_celsius": n / 10}
        found.append(frame(BAY, n, minute=minute, received_minute=minute, **words))
        said = {"occupants": n % 4, "energy_wh_total": n * 1.5, "charge_sessions_total": n // 4}
        found.append(frame(BENCH, n, minute=minute, received_minute=minute, kind=Kind.HEARTBEAT, **said))
    return found


async def days_of_benches(pool, noon):
    """A month of them day by day, as managers see it: how many there are, and what is known."""
    benches = Selection(kinds=frozenset({AssetKind.BENCH}))
    period = Period(since=noon - 25 * DAY, until=noon).widened(Step.DAY)
    question = Question(selection=benches, period=period, audience=Audience.MANAGERS)
    found = await StoreHistory(pool, rules=PrivacyRules()).series(question, Step.DAY)
    return found.total, found.rows


async def fill(store, pool, frames, noon):
    await store.write(frames, [])
    await store.tick(as_of=noon)
    await History(pool, now=lambda: noon).catch_up()


@pytest.fixture
def engines(database, timescale):
    list(migrate(timescale, prepare=False))
    return ((database, {"size": 2}), (timescale, {"size": 1, "prepare": False}))


@pytest.mark.timescale
async def test_what_is_old_goes_on_both_engines_and_history_stays(engines, open_store, small_borough, noon, one_month):
    answers = []
    for conninfo, how in engines:
        async with open_store(conninfo, small_borough, noon - 90 * DAY, **how) as (store, pool):
            await fill(store, pool, one_month, noon)
            before = told(conninfo)
            days_before = await days_of_benches(pool, noon)
            await set_policies(pool, KEEP, Compress(journal=2, measurements=15, facts=35))
            if how["size"] == 1:
                async with pool.connection() as connection:
                    for relation in ("uplink", "measurement", "event", "fact_15m"):
                        await connection.execute(f"SELECT compress_chunk(show_chunks('{relation}'))")
            gone = await Retention(pool, KEEP, now=lambda: noon).forget(within_s=600)
            assert await days_of_benches(pool, noon) == days_before
            assert days_before[0].capacity == 1
            if how["size"] == 1:
                # What TimescaleDB's own worker would do, by its own clock.
                with psycopg.connect(conninfo, autocommit=True, prepare_threshold=None) as connection:
                    connection.execute("SELECT drop_chunks('uplink', older_than => %s)", [noon - 20 * DAY])
        assert gone["bench_frames"] > 50
        # Nothing that is younger went, nothing that is older by a day stayed; by a chunk's week, where chunks go.
        longest = 28 if conninfo == engines[1][0] else 21
        for relation, at in (("uplink", "received_at"), ("measurement", "observed_at"), ("event", "observed_at")):
            assert noon - longest * DAY < oldest(conninfo, relation, at) < noon - 19 * DAY
        assert noon - 9 * DAY < oldest(conninfo, "uplink", "received_at", OF_BENCHES) < noon - 7 * DAY
        occupants = f"{OF_BENCHES} AND key = 'occupants'"
        assert noon - 9 * DAY < oldest(conninfo, "measurement", "observed_at", occupants) < noon - 7 * DAY
        assert noon - 9 * DAY < oldest(conninfo, "event", "observed_at", OF_BENCHES.replace(
            "installation USING (device_key) JOIN asset", "asset")) < noon - 7 * DAY  # fmt: skip
        after = told(conninfo)
        # Spans of benches go with what they were told by; facts and their sums are what they were.
        assert [after[name] == before[name] for name in HISTORY] == [False, True, True, True]
        assert all(span in before["span"] for span in after["span"])
        assert noon - 9 * DAY < oldest(conninfo, "span JOIN asset USING (asset_key)", "ends_at",
                                        "WHERE kind = 'bench'") < noon - 7 * DAY  # fmt: skip
        assert {row[0] for row in rows(conninfo, "SELECT DISTINCT a.kind FROM fact_15m JOIN asset AS a"
                " USING (asset_key) WHERE bucket < %s", noon - 25 * DAY)} == {"bay", "bench"}  # fmt: skip
        answers.append((after, rows(conninfo, "SELECT * FROM measurement ORDER BY 1, 2, 3, 4")[:1000:7]))

    assert answers[0][0]["fact_15m"] == answers[1][0]["fact_15m"]
    assert answers[0][0]["span"] == answers[1][0]["span"]


async def test_what_is_charged_is_counted_from_the_last_reading_that_there_was(
    database, open_store, small_borough, noon, frame
):
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        for n, (day, energy) in enumerate([(-30, 5.0), (-20, 10.0)]):
            minute = day * 1440
            await store.write([frame(BENCH, n, minute=minute, received_minute=minute, energy_wh_total=energy)], [])
        await store.tick(as_of=noon)
        await History(pool, now=lambda: noon).catch_up()
        await Retention(pool, KEEP, now=lambda: noon).forget(within_s=600)
        assert rows(database, "SELECT value FROM measurement") == [(10.0,)]
        # Away for repair, and back: what it counted on the way is not lost.
        await store.write([frame(BENCH, 9, minute=60, received_minute=60, energy_wh_total=50.0)], [])
        await store.tick(as_of=noon + DAY)
        await History(pool, now=lambda: noon + DAY).catch_up()
        assert rows(database, "SELECT energy_mwh FROM fact_15m WHERE energy_mwh > 0 ORDER BY bucket") == [
            (5000,),
            (40_000,),
        ]
        found = await Reconciliation(pool, now=lambda: noon + DAY).reconcile(every=1)
        assert found.is_equal, found


@pytest.mark.parametrize(("device", "said"), [(BAY, "occupied"), (BENCH, "occupants")])
async def test_who_came_after_a_long_silence_stays_counted_when_what_was_before_is_frozen(
    database, open_store, small_borough, noon, frame, device, said
):
    days = -22 if device == BAY else -10
    moments = [days * 1440 - 60, (days + 6) * 1440 + 60, -60]
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        for n, minute in enumerate(moments):
            await store.write([frame(device, n, minute=minute, received_minute=minute, **{said: n % 2})], [])
        await store.tick(as_of=noon)
        await History(pool, now=lambda: noon).catch_up()
        came = "SELECT sum(arrivals), sum(departures) FROM {}"
        assert rows(database, came.format("fact_day")) == [(1, 1)]
        await Retention(pool, KEEP, now=lambda: noon).forget(within_s=600)
        found = await Reconciliation(pool, now=lambda: noon).reconcile(every=1)
        assert found.is_equal, found
        await make_due(pool, None)
        await History(pool, now=lambda: noon).catch_up()
        assert rows(database, came.format("fact_day")) == rows(database, came.format("fact_15m")) == [(1, 1)]


@pytest.mark.timescale
async def test_hours_of_what_benches_said_go_with_it(engines, open_store, small_borough, noon, one_month):
    for conninfo, how in engines:
        async with open_store(conninfo, small_borough, noon - 90 * DAY, **how) as (store, pool):
            await fill(store, pool, one_month, noon)
            if how["size"] == 1:
                with psycopg.connect(conninfo, autocommit=True, prepare_threshold=None) as connection:
                    connection.execute("CALL refresh_continuous_aggregate('measurement_hour', NULL, NULL)")
            await Retention(pool, KEEP, now=lambda: noon).forget(within_s=600)
        hours = "SELECT min(hour) FROM measurement_hour WHERE key = 'occupants'"
        assert noon - 9 * DAY < rows(conninfo, hours)[0][0]


async def test_what_a_bench_only_said_of_its_seats_goes_by_its_own_time(
    database, open_store, small_borough, noon, frame
):
    late = frame(BENCH, 1, minute=-15 * 24 * 60, received_minute=-3 * 24 * 60, occupied=True)
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        await fill(store, pool, [late, frame(BENCH, 2, minute=-60, occupied=False)], noon)
        await Retention(pool, KEEP, now=lambda: noon).forget(within_s=600)
    assert rows(database, "SELECT state FROM event") == [("free",)]


@pytest.mark.timescale
async def test_history_that_is_frozen_stays_whatever_is_told_anew(
    engines, open_store, small_borough, noon, one_month, frame
):
    for conninfo, how in engines:
        async with open_store(conninfo, small_borough, noon - 90 * DAY, **how) as (store, pool):
            history = History(pool, now=lambda: noon)
            await fill(store, pool, one_month, noon)
            await Retention(pool, KEEP, now=lambda: noon).forget(within_s=600)
            before = told(conninfo)
            await make_due(pool, None)
            await history.catch_up()
            assert told(conninfo) == before
            # Late frames of then are kept, and nothing else; the next night takes what was derived of them.
            late = [
                frame(BAY, 5000, minute=-25 * 24 * 60, received_minute=0, occupied=True),
                frame(BENCH, 5001, minute=-15 * 24 * 60, received_minute=0, occupants=9, energy_wh_total=1e6),
            ]
            kept = await store.write(late, [])
            await history.catch_up()
            assert kept.kept == 2
            assert told(conninfo) == before
            gone = await Retention(pool, KEEP, now=lambda: noon + DAY).forget(within_s=600)
            assert rows(conninfo, "SELECT count(*) FROM uplink WHERE f_cnt >= 5000") == [(2,)]
            assert rows(conninfo, "SELECT count(*) FROM event WHERE f_cnt >= 5000") == [(0,)]
            assert gone["bench_events"] > 0
            # What is younger is told as ever.
            younger = frame(BENCH, 5002, minute=-2 * 24 * 60 + 1, received_minute=0, occupants=3)
            await store.write([younger], [])
            await history.catch_up()
            after = told(conninfo)
        changed = set(after["fact_15m"]) ^ set(before["fact_15m"])
        assert changed
        assert min(row[0] for row in changed) >= noon - 2 * DAY - timedelta(minutes=15)
        if how["size"] == 2:
            async with open_store(conninfo, small_borough, noon - 90 * DAY, **how) as (_, pool):
                assert (await Reconciliation(pool, now=lambda: noon).reconcile(days=40, every=1)).is_equal


async def test_nothing_goes_that_history_still_needs(database, open_store, small_borough, noon, one_month):
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        retention = Retention(pool, KEEP, now=lambda: noon)
        await store.write(one_month, [])
        await store.tick(as_of=noon)
        # Told of nothing yet: the journal alone may go, by receipt.
        gone = await retention.forget(within_s=600)
        assert gone["event"] == gone["measurement"] == gone["bench_spans"] == 0
        assert rows(database, "SELECT count(*) FROM event") == [(300,)]
        history = History(pool, now=lambda: noon)
        await history.catch_up()
        complete = told(database)
        # Something of then is due again, as late frames make it.
        async with pool.connection() as connection:
            await connection.execute(
                "INSERT INTO history_due_batch (due_keys, since, until)"
                " SELECT ARRAY[asset_key], ARRAY[%(at)s::timestamptz], ARRAY[%(at)s::timestamptz]"
                " FROM asset WHERE asset_id = 'mill-yard-1'",
                {"at": noon - 25 * DAY},
            )
        await retention.forget(within_s=600)
        assert noon - 30 * DAY < oldest(database, "event", "observed_at") < noon - 27 * DAY
        await history.catch_up()
        assert told(database)["fact_15m"] == complete["fact_15m"]
        await retention.forget(within_s=600)
        assert noon - 21 * DAY < oldest(database, "event", "observed_at") < noon - 19 * DAY
    assert told(database)["fact_15m"] == complete["fact_15m"]


@pytest.mark.parametrize("benches", [0, 25])
async def test_benches_whose_words_go_with_all_others_keep_their_history(
    database, open_store, small_borough, noon, one_month, benches
):
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        await fill(store, pool, one_month, noon)
        before = {name: told(database)[name] for name in HISTORY[1:]}
        await Retention(pool, replace(FOR_EVER, measurements=10, benches=benches), now=lambda: noon).forget(
            within_s=600
        )
        await make_due(pool, None)
        await History(pool, now=lambda: noon).catch_up()
    assert {name: told(database)[name] for name in HISTORY[1:]} == before


async def test_what_was_given_up_does_not_come_back_with_a_replay(database, open_store, small_borough, noon, one_month):
    keep = replace(FOR_EVER, measurements=20, benches=8)
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        await fill(store, pool, one_month, noon)
        await Retention(pool, keep, now=lambda: noon).forget(within_s=600)
        async with pool.connection() as connection:
            await connection.execute("DELETE FROM uplink WHERE received_at >= %s", [noon - 21 * DAY])
        before = told(database), rows(database, "SELECT count(*) FROM event")
        report = await replay_journal(pool, Scope(), lambda *_: None, NoScripts())
        await History(pool, now=lambda: noon).catch_up()

    assert report.frames > 30
    assert report.changed == 0
    assert (told(database), rows(database, "SELECT count(*) FROM event")) == before


async def test_for_ever_is_for_ever_and_no_horizon_moves_back(database, open_store, small_borough, noon, one_month):
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        await fill(store, pool, one_month, noon)
        gone = await Retention(pool, FOR_EVER, now=lambda: noon).forget(within_s=600)
        assert sum(gone.values()) == 0
        await Retention(pool, KEEP, now=lambda: noon).forget(within_s=600)
        status = await history_status(pool)
        longer = replace(KEEP, measurements=55, benches=20)
        await Retention(pool, longer, now=lambda: noon).forget(within_s=600)
        assert await history_status(pool) == status
    assert status.frozen_until == (noon - 17 * DAY).replace(hour=0)
    assert status.benches_frozen_until == (noon - 5 * DAY).replace(hour=0)


async def test_small_things_go_by_their_last_time(database, open_store, small_borough, noon):
    async with open_store(database, small_borough, noon) as (_, pool):
        async with pool.connection() as connection:
            for days in (1, 4, 6, 90):
                at = noon - days * DAY
                await connection.execute(
                    "INSERT INTO dead_letter (fingerprint, reason, detail, topic, payload, first_at, last_at)"
                    " VALUES (%s, 'r', 'd', 't', '', %s, %s)",
                    [str(days).encode(), noon - 90 * DAY, at],
                )
                await connection.execute(
                    "INSERT INTO security_event (code, device_id, session, detail, first_at, last_at, times)"
                    " VALUES ('c', %s, 's', 'd', %s, %s, 1)",
                    [str(days), at, at],
                )
                await connection.execute(
                    "INSERT INTO command (command_id, device_key, name, parameters, f_port, payload, requested_by,"
                    " requested_at, expires_at, state, ended_at)"
                    " SELECT gen_random_uuid(), min(device_key), 'reboot', '{}', 1, '', 'x', %(at)s,"
                    " %(at)s::timestamptz + INTERVAL '1 hour', 'expired', %(at)s FROM device",
                    {"at": at},
                )
            await connection.execute("UPDATE command SET state = 'queued', ended_at = NULL WHERE requested_at < %s",
                                     [noon - 80 * DAY])  # fmt: skip
        gone = await Retention(pool, KEEP, now=lambda: noon).forget(within_s=600)

    assert {kind: gone[kind] for kind in ("dead_letters", "security_events", "commands")} == {
        "dead_letters": 2, "security_events": 2, "commands": 1,
    }  # fmt: skip
    # One that has not ended is never old.
    assert rows(database, "SELECT count(*) FROM command WHERE state = 'queued'") == [(1,)]


async def test_what_screens_have_shown_goes_after_its_days_only(database, open_store, small_borough, noon):
    async with open_store(database, small_borough, noon) as (_, pool):
        async with pool.connection() as connection:
            for days in (1, 4, 6, 90):
                await connection.execute(
                    "INSERT INTO sign_play (sign_id, frame_id, begins_at, ends_at) VALUES ('gate', 'f', %s, %s)",
                    [noon - days * DAY, noon - days * DAY + timedelta(minutes=1)],
                )
        await Retention(pool, FOR_EVER, now=lambda: noon).forget(within_s=600)
        assert rows(database, "SELECT count(*) FROM sign_play") == [(4,)]
        gone = await Retention(pool, KEEP, now=lambda: noon).forget(within_s=600)

    assert gone["sign_play"] == 2
    assert rows(database, "SELECT min(begins_at) FROM sign_play") == [(noon - 4 * DAY,)]


async def test_what_there_is_no_time_for_waits(database, open_store, small_borough, noon, one_month):
    async with open_store(database, small_borough, noon - 90 * DAY) as (store, pool):
        await fill(store, pool, one_month, noon)
        retention = Retention(pool, KEEP, now=lambda: noon)
        assert sum((await retention.forget(within_s=-1)).values()) < 10
        assert rows(database, "SELECT count(*) > 290 FROM event") == [(True,)]
        while sum((await retention.forget(within_s=600)).values()):
            pass
    assert noon - 21 * DAY < oldest(database, "event", "observed_at")


@pytest.mark.timescale
async def test_policies_are_those_of_the_settings(timescale, open_store, small_borough, noon):
    list(migrate(timescale, prepare=False))
    policies = (
        "SELECT hypertable_name, coalesce(config ->> 'compress_after', config ->> 'drop_after')"
        " FROM timescaledb_information.jobs WHERE proc_name IN ('policy_compression', 'policy_retention')"
        " AND hypertable_name IN ('uplink', 'measurement', 'event', 'fact_15m', 'fact_hour', 'fact_day') ORDER BY 1, 2"
    )
    async with open_store(timescale, small_borough, noon, size=1, prepare=False) as (_, pool):
        await set_policies(pool, KEEP, Compress(journal=3, measurements=16, facts=36))
        first = rows(timescale, policies)
        await set_policies(pool, KEEP, Compress(journal=3, measurements=16, facts=36))
        assert rows(timescale, policies) == first
        await set_policies(pool, FOR_EVER, Compress(journal=4, measurements=16, facts=36))
        last = rows(timescale, policies)

    same = [("event", "16 days"), ("fact_15m", "36 days"), ("fact_day", "400 days"), ("fact_hour", "36 days"),
            ("measurement", "16 days")]  # fmt: skip
    assert first == [*same, ("uplink", "20 days"), ("uplink", "3 days")]
    assert last == [*same, ("uplink", "4 days")]
