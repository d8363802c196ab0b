import asyncio
import json
import sys
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from devices.catalogue import model as find
from domain.errors import CommandError, Reason
from domain.uplinks import Rejected
from ingest.trial import Trial
from smartplace import replay as replaying
from smartplace.clock import utc_now
from smartplace.replay import replay_and_tell, replay_with
from store.history.telling import History
from store.migrations import migrate
from store.queries import query
from store.replay import journal as replay_module
from store.replay import meaning, recovery
from store.replay.journal import Scope
from tests.ingest.conftest import up_event

pytestmark = [pytest.mark.anyio, pytest.mark.db]

BAY, OTHER, BENCH = "70b3d50000000001", "70b3d50000000002", "bench-green-1"


@pytest.fixture
def derive(load_module):
    """What the test of derived data compares and makes."""
    return load_module(Path(__file__).with_name("test_derived.py"))


@pytest.fixture
def day(derive, noon):
    """Frames of a day of three devices, some of them of one moment."""
    return [
        derive.real_frame(noon, device, n, seconds=n // 2 * 900, **derive.said(device, n % 3 == 0, n))
        for device in (BAY, OTHER, BENCH)
        for n in range(60)
    ]


@pytest.fixture
def other_codec(monkeypatch):
    """A codec of the bays that reads every bay the other way round, or refuses what it is told to."""

    def use(*, refuses=False):
        found = find("bosch-tps110")

        def decode(f_port, payload):
            if refuses:
                raise ValueError("not any more")
            frame = found.decode(f_port, payload)
            return replace(frame, measurements={"occupied": not frame.measurements["occupied"]})

        mended = replace(found, version=found.version + 1, decode=decode)
        monkeypatch.setattr(meaning, "model", lambda key: mended if key == found.key else find(key))
        meaning.read.cache_clear()

    yield use
    monkeypatch.undo()
    meaning.read.cache_clear()


def rows(conninfo, statement):
    with psycopg.connect(conninfo) as connection:
        return connection.execute(statement).fetchall()


def nothing(*_):
    pass


async def test_a_second_reading_changes_nothing(database, open_store, small_borough, derive, day, noon):
    async with open_store(database, small_borough, noon) as (store, pool):
        await play(store, day, noon)
        before = derive.derived(database)
        report = await replay_with(pool, Scope(), nothing)

    assert (report.frames, report.unchanged, report.examples) == (180, 180, [])
    assert derive.derived(database) == before


async def test_states_that_were_kept_twice_in_earlier_days_are_no_difference(
    database, open_store, small_borough, derive, day, noon
):
    async with open_store(database, small_borough, noon) as (store, pool):
        await play(store, day, noon)
        async with pool.connection() as connection:
            words = "SELECT observed_at, device_key, 'occupied', (state = 'occupied')::int FROM event"
            await connection.execute(f"INSERT INTO measurement {words}")
        assert (await replay_with(pool, Scope(), nothing)).changed == 0
        async with pool.connection() as connection:
            await connection.execute("UPDATE measurement SET value = 2 WHERE key = 'occupied'")
        report = await replay_with(pool, Scope(), nothing)

    # A word that is not the event's is another matter.
    assert report.changed == 180
    assert rows(database, "SELECT count(*) FROM measurement WHERE key = 'occupied'") == [(0,)]


async def play(store, frames, noon):
    await store.write(frames, [])
    await store.tick(as_of=noon + timedelta(hours=31))


async def test_a_replay_tells_the_history_of_what_it_reads(
    database, open_store, small_borough, derive, day, noon, monkeypatch
):
    monkeypatch.setattr(replay_module, "WINDOW_ROWS", 7)
    async with open_store(database, small_borough, noon, size=4) as (store, pool):
        await play(store, day, noon)
        await History(pool, now=utc_now).catch_up()
        before = derive.derived(database)
        await derive.forget_derived(pool)
        await replay_and_tell(pool, Scope(), nothing)
        await store.tick(as_of=noon + timedelta(hours=31))

    assert derive.derived(database) == before
    assert rows(database, "SELECT count(*) FROM history_waiting") == [(0,)]


async def test_what_was_lost_of_the_derived_data_comes_back(
    database, open_store, small_borough, derive, day, noon, monkeypatch
):
    monkeypatch.setattr(replay_module, "WINDOW_ROWS", 7)
    async with open_store(database, small_borough, noon) as (store, pool):
        await play(store, day, noon)
        before = derive.derived(database)
        await derive.forget_derived(pool)
        report = await replay_with(pool, Scope(), nothing)
        await store.tick(as_of=noon + timedelta(hours=31))

    assert report.frames == report.changed == 180
    assert derive.derived(database) == before


async def test_a_mended_codec_changes_what_its_frames_said_and_nothing_else(
    database, open_store, small_borough, derive, day, noon, other_codec
):
    async with open_store(database, small_borough, noon) as (store, pool):
        await play(store, day, noon)
        before = derive.derived(database)
        other_codec()

        told = await replay_with(pool, Scope(dry_run=True), nothing)
        assert derive.derived(database) == before
        done = await replay_with(pool, Scope(), nothing)
        again = await replay_with(pool, Scope(), nothing)

    assert (told.changed, done.changed, again.changed) == (120, 120, 0)
    assert len(done.examples) == 20
    assert all(example.before["events"] != example.after["events"] for example in done.examples)
    assert rows(database, "SELECT DISTINCT codec_version FROM uplink WHERE codec = 'bosch-tps110'") == [
        (find("bosch-tps110").version + 1,)
    ]
    now = derive.derived(database)
    assert all(now[name] == before[name] for name in ("device_state", "device_session", "session_block"))
    reported = "SELECT reported, count(*) FROM asset_state WHERE reported IS NOT NULL GROUP BY 1 ORDER BY 1"
    assert rows(database, "SELECT state, count(*) FROM event GROUP BY 1 ORDER BY 1") == [
        ("free", 80),
        ("occupied", 100),
    ]
    assert rows(database, reported) == [("free", 1), ("occupied", 2)]


async def test_a_frame_that_no_longer_decodes_is_a_dead_letter_once_and_stays_in_the_journal(
    database, open_store, small_borough, derive, day, noon, other_codec
):
    async with open_store(database, small_borough, noon) as (store, pool):
        await play(store, day, noon)
        other_codec(refuses=True)
        first = await replay_with(pool, Scope(device_id=BAY), nothing)
        again = await replay_with(pool, Scope(device_id=BAY), nothing)

    assert (first.frames, first.undecodable, again.undecodable) == (60, 60, 0)
    assert rows(database, "SELECT reason, count(*), sum(times) FROM dead_letter GROUP BY 1") == [
        ("undecodable", 60, 60)
    ]
    assert rows(database, "SELECT count(*) FROM uplink") == [(180,)]
    assert rows(
        database, "SELECT reported, state FROM asset_state JOIN asset USING (asset_key) WHERE asset_id = 'mill-yard-1'"
    ) == [(None, "unknown")]


async def test_frames_that_mean_something_again_are_no_dead_letters_any_more(
    database, open_store, small_borough, derive, day, noon, other_codec
):
    async with open_store(database, small_borough, noon) as (store, pool):
        await play(store, day, noon)
        before = derive.derived(database)
        other_codec(refuses=True)
        await replay_with(pool, Scope(), nothing)
        assert rows(database, "SELECT count(*) FROM dead_letter") == [(120,)]

        other_codec()
        await replay_with(pool, Scope(), nothing)

    assert rows(database, "SELECT count(*) FROM dead_letter") == [(0,)]
    assert len(derive.derived(database)["event"]) == len(before["event"])


async def test_a_dead_letter_that_can_be_read_now_is_a_frame_of_its_own_time(
    database, open_store, small_borough, derive, noon
):
    def letter(device_id, seq):
        return Rejected(
            reason=Reason.UNKNOWN_DEVICE,
            detail="",
            topic=f"smartplace/v1/devices/{device_id}/up",
            device_id=device_id,
            payload=json.dumps({"seq": seq, "kind": "event", "measurements": {"occupied": True}}).encode(),
            received_at=noon - timedelta(hours=1),
        )

    async with open_store(database, small_borough, noon) as (store, pool):
        await store.write([], [letter(BENCH, 1), letter(BENCH, 2), letter("nobody", 1)])
        told = await replay_with(pool, Scope(dry_run=True), nothing)
        done = await replay_with(pool, Scope(), nothing)
        again = await replay_with(pool, Scope(), nothing)

    assert (told.recovered, done.recovered, again.recovered) == (2, 2, 0)
    assert rows(database, "SELECT device_id FROM dead_letter") == [("nobody",)]
    assert rows(database, "SELECT DISTINCT received_at, observed_at FROM journal") == [
        (noon - timedelta(hours=1), noon - timedelta(hours=1))
    ]


async def test_a_replay_that_was_interrupted_keeps_an_old_dead_letter_once_all_the_same(
    database, open_store, small_borough, noon, monkeypatch
):
    letter = Rejected(
        reason=Reason.UNKNOWN_DEVICE,
        detail="",
        topic=f"smartplace/v1/devices/{BENCH}/up",
        device_id=BENCH,
        payload=json.dumps({"seq": 1, "kind": "event", "measurements": {"occupied": True}}).encode(),
        received_at=noon - timedelta(days=20),
    )

    def killed(name):
        raise KeyboardInterrupt(name)

    async with open_store(database, small_borough, noon) as (store, pool):
        await store.write([], [letter])
        with monkeypatch.context() as interrupted:
            interrupted.setattr(recovery, "query", lambda name: killed(name) if "delete" in name else query(name))
            with pytest.raises(KeyboardInterrupt, match="delete_dead_letters"):
                await replay_with(pool, Scope(), nothing)
        assert rows(database, "SELECT count(*) FROM dead_letter") == [(1,)]
        # As ingest does every hour, with what is older than 15 days.
        await store.forget_frames(before=noon - timedelta(days=15))
        done = await replay_with(pool, Scope(), nothing)

    assert done.recovered == 1
    assert rows(database, "SELECT count(*) FROM dead_letter") == [(0,)]
    assert rows(database, "SELECT count(*) FROM journal") == [(1,)]
    assert rows(database, "SELECT count(*) FROM event") == [(1,)]


async def test_what_ended_its_readers_is_read_by_a_process_of_its_own_where_somebody_asks_for_it(
    database, open_store, small_borough, noon, monkeypatch
):
    def letter(f_cnt, payload):
        return Rejected(
            reason=Reason.DEADLY,
            detail="ended 3 processes that read nothing else",
            topic=f"application/1/device/{BAY}/event/up",
            device_id=BAY,
            payload=up_event(fCnt=f_cnt, data=b64encode(payload).decode()),
            received_at=noon + timedelta(seconds=1),
        )

    court = (sys.executable, str(Path(__file__).parents[1] / "ingest" / "deadly_reader.py"))
    monkeypatch.setattr(replaying, "Trial", lambda: Trial(command=court))
    async with open_store(database, small_borough, noon) as (store, pool):
        await store.write([], [letter(1, b"\x01"), letter(2, b"kill"), letter(3, b"\x00")])
        unasked = await replay_with(pool, Scope(), nothing)
        told = await replay_with(pool, Scope(deadly=True, dry_run=True), nothing)
        done = await replay_with(pool, Scope(deadly=True), nothing)

    assert [(report.recovered, report.deadly) for report in (unasked, told, done)] == [(0, 0), (2, 1), (2, 1)]
    assert rows(database, "SELECT reason FROM dead_letter") == [("deadly",)]
    assert rows(database, "SELECT f_cnt FROM journal ORDER BY f_cnt") == [(1,), (3,)]


async def test_a_window_reads_what_was_received_in_it(database, open_store, small_borough, derive, day, noon):
    begins = noon + timedelta(hours=30, seconds=9)
    async with open_store(database, small_borough, noon) as (store, pool):
        await play(store, day, noon)
        before = derive.derived(database)
        report = await replay_with(pool, Scope(begins=begins, ends=begins + timedelta(seconds=9)), nothing)

    assert report.frames == 3 * 20
    assert derive.derived(database) == before


async def test_an_unknown_device_is_one_clear_sentence(database, open_store, small_borough, noon):
    async with open_store(database, small_borough, noon) as (_store, pool):
        with pytest.raises(CommandError, match="there is no device nobody"):
            await replay_with(pool, Scope(device_id="nobody"), nothing)


async def test_ingest_that_goes_on_meanwhile_loses_nothing(
    database, open_store, small_borough, derive, day, noon, other_codec, monkeypatch
):
    monkeypatch.setattr(replay_module, "WINDOW_ROWS", 5)
    async with open_store(database, small_borough, noon, size=6) as (store, pool):
        await store.write(day[:90], [])

        async def ingest():
            for n in range(90, 180, 3):
                await store.write(day[n : n + 3], [])

        await asyncio.gather(ingest(), *(replay_with(pool, Scope(), nothing) for _ in range(1)))
        await store.tick(as_of=noon + timedelta(hours=31))
        live = derive.derived(database)
        await derive.forget_derived(pool)
        await replay_with(pool, Scope(), nothing)
        await store.tick(as_of=noon + timedelta(hours=31))

    assert derive.derived(database) == live
    assert len(live["uplink"]) == 180


async def test_a_frame_that_joins_the_moment_of_an_older_one_meanwhile_keeps_what_it_said(
    database, open_store, small_borough, derive, noon, other_codec, monkeypatch
):
    monkeypatch.setattr(replay_module, "WINDOW_ROWS", 5)
    old = [derive.real_frame(noon, BAY, n, seconds=n * 60, late=False, occupied=n % 2 == 0) for n in range(20)]
    new = [derive.real_frame(noon, BAY, 100 + n, seconds=n * 60, occupied=True) for n in (8, 12, 17)]
    async with open_store(database, small_borough, noon, size=6) as (store, pool):
        await store.write(old, [])
        await derive.forget_derived(pool)
        put_right = replay_module.rewrite

        async def join_then_rewrite(connection, changes, names, at_gates):
            while new:
                await store.write([new.pop()], [])
            await put_right(connection, changes, names, at_gates)

        monkeypatch.setattr(replay_module, "rewrite", join_then_rewrite)
        report = await replay_with(pool, Scope(), nothing)
        live = derive.derived(database)
        await derive.forget_derived(pool)
        await replay_with(pool, Scope(), nothing)

    assert new == []
    assert report.frames == 20
    assert derive.derived(database) == live
    assert len(live["event"]) == 23
    assert rows(database, "SELECT replaying_until FROM platform") == [(None,)]
    assert rows(database, "SELECT count(*) FROM replay_newcomer") == [(0,)]


@pytest.mark.timescale
async def test_compressed_history_is_read_and_put_right_on_timescaledb(
    timescale, open_store, small_borough, derive, day, noon, other_codec
):
    list(migrate(timescale, prepare=False))
    async with open_store(timescale, small_borough, noon, size=1, prepare=False) as (store, pool):
        await play(store, day, noon)
        before = derive.derived(timescale)
        async with pool.connection() as connection:
            for table in ("uplink", "measurement", "event"):
                await connection.execute("SELECT compress_chunk(show_chunks(%s))", [table])
        assert (await replay_with(pool, Scope(), nothing)).changed == 0
        assert derive.derived(timescale) == before
        other_codec()
        assert (await replay_with(pool, Scope(), nothing)).changed == 120
        meaning.read.cache_clear()
        assert (await replay_with(pool, Scope(), nothing)).changed == 0
