import asyncio
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Reason, StoreRefusedError, StoreUnavailableError
from domain.uplinks import Kind, Rejected, Stored
from store import frames as frames_module
from store.frames import FrameStore
from store.places import import_places
from store.pool import open_pool
from store.present import apply_batch
from store.queries import copy_in

pytestmark = [pytest.mark.anyio, pytest.mark.db]

BAY = "70b3d50000000001"


def all_rows(conninfo, statement, *parameters):
    with psycopg.connect(conninfo) as connection:
        return connection.execute(statement, parameters).fetchall()


def state_of(conninfo, asset_id="mill-yard-1"):
    return all_rows(
        conninfo,
        "SELECT state, since, observed_at FROM asset_state JOIN asset USING (asset_key) WHERE asset_id = %s",
        asset_id,
    )[0]


def revision(conninfo):
    return all_rows(conninfo, "SELECT revision FROM platform")[0][0]


async def test_a_frame_is_kept_with_everything_derived_from_it(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon) as (store, _pool):
        stored = await store.write([frame(BAY, 1, occupied=True, temperature_celsius=-3.5)], [])

    assert stored == Stored(kept=1)
    assert all_rows(database, "SELECT f_cnt, session, rssi_dbm, codec, kind FROM uplink") == [
        (1, "01020304", -97.0, "bosch-tps110", "event")
    ]
    # What the event says is not measured besides.
    assert all_rows(database, "SELECT key, value FROM measurement") == [("temperature_celsius", -3.5)]
    assert all_rows(database, "SELECT observed_at, state FROM event") == [(noon, "occupied")]
    assert state_of(database) == ("occupied", noon, noon)


async def test_the_same_frame_twice_is_kept_once(database, open_store, small_borough, frame, noon):
    once = frame(BAY, 1, occupied=True)
    again = frame(BAY, 1, occupied=True, minute=3)
    async with open_store(database, small_borough, noon) as (store, _pool):
        assert await store.write([once, once], []) == Stored(kept=1, duplicates=1)
        before = revision(database)
        # Delivered anew with another time of receipt: still the same frame, and it must not renew the state.
        assert await store.write([again], []) == Stored(duplicates=1)

    assert len(all_rows(database, "SELECT 1 FROM uplink")) == 1
    assert state_of(database)[2] == noon
    assert revision(database) == before


async def test_after_a_frame_that_came_again_the_new_ones_are_told_from_it_and_nothing_else_is_lost(
    database, open_store, small_borough, frame, noon
):
    frames = [frame(BAY, n, occupied=bool(n % 2), minute=n) for n in range(9)]
    async with open_store(database, small_borough, noon) as (store, _pool):
        assert await store.write(frames[:3], []) == Stored(kept=3)
        # The first batch with one that is known, the next, and one that is all new again.
        assert await store.write(frames[1:5], []) == Stored(kept=2, duplicates=2)
        assert await store.write(frames[4:7], []) == Stored(kept=2, duplicates=1)
        assert await store.write(frames[7:], []) == Stored(kept=2)

    assert all_rows(database, "SELECT f_cnt FROM uplink ORDER BY f_cnt") == [(n,) for n in range(9)]
    assert all_rows(database, "SELECT count(*) FROM seen_frame") == [(9,)]


async def test_two_workers_with_the_same_frames_keep_each_once(database, open_store, small_borough, frame, noon):
    frames = [frame(BAY, number, occupied=bool(number % 2), minute=number) for number in range(200)]
    async with open_store(database, small_borough, noon, size=8) as (store, pool):
        others = [FrameStore(pool) for _ in range(3)]
        for other in others:
            await other.refresh()
        batches = [[*frames[n:], *frames[:n]] for n in (0, 50, 100, 150)]
        outcomes = await asyncio.gather(
            *(worker.write(batch, []) for worker, batch in zip([store, *others], batches, strict=True))
        )

    assert sum(outcome.kept for outcome in outcomes) == 200
    assert len(all_rows(database, "SELECT DISTINCT f_cnt FROM uplink")) == 200


async def test_an_older_frame_never_moves_the_state_back(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon) as (store, _pool):
        await store.write([frame(BAY, 2, occupied=True, minute=10)], [])
        await store.write([frame(BAY, 1, occupied=False, minute=5, received_minute=11)], [])

    assert state_of(database)[0] == "occupied"
    assert len(all_rows(database, "SELECT 1 FROM event")) == 2


async def test_since_is_when_the_state_began_not_when_it_was_last_confirmed(
    database, open_store, small_borough, frame, noon
):
    async with open_store(database, small_borough, noon) as (store, _pool):
        run = [frame(BAY, n, occupied=n >= 2, minute=n) for n in range(5)]
        await store.write(run, [])
        await store.write([frame(BAY, 5, occupied=True, minute=30, kind=Kind.HEARTBEAT)], [])

    state, since, observed_at = state_of(database)
    assert (state, since) == ("occupied", noon + timedelta(minutes=2))
    assert observed_at == noon + timedelta(minutes=30)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(8)), cuts=st.sets(st.integers(1, 7)))
def test_any_order_and_any_batches_end_in_the_same_state(database, open_store, small_borough, frame, noon, order, cuts):
    occupied = [False, True, True, False, False, True, False, True]
    frames = [frame(BAY, n, occupied=occupied[n], minute=n, received_minute=9) for n in range(8)]

    async def play():
        async with open_store(database, small_borough, noon, size=1) as (store, pool):
            async with pool.connection() as connection:
                await connection.execute("TRUNCATE seen_frame, uplink, event, measurement, device_state")
                await connection.execute(
                    "UPDATE asset_state SET reported = NULL, observed_at = NULL, state = 'unknown'"
                )
            bounds = [0, *sorted(cuts), 8]
            revisions = []
            for begin, end in pairwise(bounds):
                await store.write([frames[n] for n in order[begin:end]], [])
                revisions.append(revision(database))
            return revisions

    revisions = asyncio.run(play())

    assert revisions == sorted(set(revisions))
    state, _since, observed_at = state_of(database)
    assert (state, observed_at) == ("occupied", noon + timedelta(minutes=7))


async def test_a_frame_that_is_already_too_old_to_count_leaves_the_bay_unknown(
    database, open_store, small_borough, frame, noon
):
    async with open_store(database, small_borough, noon) as (store, _pool):
        await store.write([frame(BAY, 1, occupied=False, minute=-61, received_minute=0)], [])

    assert state_of(database)[0] == "unknown"


async def test_silence_turns_into_unknown_and_a_word_ends_it(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon) as (store, _pool):
        await store.write([frame(BAY, 1, occupied=False)], [])
        await store.tick(as_of=noon + timedelta(minutes=59))
        assert state_of(database)[0] == "free"

        await store.tick(as_of=noon + timedelta(minutes=60))
        assert state_of(database)[:2] == ("unknown", noon + timedelta(minutes=60))

        await store.write([frame(BAY, 2, occupied=False, minute=70)], [])
        assert state_of(database)[:2] == ("free", noon + timedelta(minutes=70))


async def test_a_closed_bay_stays_closed_whatever_its_sensor_says(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon) as (store, pool):
        async with pool.connection() as connection:
            await connection.execute(
                "INSERT INTO closure SELECT asset_key, %s, %s, 'Works' FROM asset WHERE asset_id = 'mill-yard-1'",
                [noon - timedelta(hours=1), noon + timedelta(minutes=30)],
            )
        await store.tick(as_of=noon)
        await store.write([frame(BAY, 1, occupied=False, minute=1)], [])
        assert state_of(database)[:2] == ("closed", noon - timedelta(hours=1))

        await store.tick(as_of=noon + timedelta(minutes=30))
        assert state_of(database)[0] == "free"


async def test_one_impossible_row_keeps_nothing_of_its_batch(database, open_store, small_borough, frame, noon):
    good, bad = frame(BAY, 1, occupied=True), frame(BAY, 2, session="a\0b", occupied=True)
    async with open_store(database, small_borough, noon) as (store, _pool):
        with pytest.raises(StoreRefusedError):
            await store.write([good, bad], [])
        assert all_rows(database, "SELECT 1 FROM seen_frame") == []
        assert await store.write([good], []) == Stored(kept=1)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
async def test_a_value_that_would_poison_every_average_is_refused(
    database, open_store, small_borough, frame, noon, value
):
    async with open_store(database, small_borough, noon) as (store, _pool):
        with pytest.raises(StoreRefusedError):
            await store.write([frame(BAY, 1, occupied=True, temperature_celsius=value)], [])


async def test_dead_letters_keep_the_bytes_and_count_repetitions(database, open_store, small_borough, noon):
    letter = Rejected(
        reason=Reason.NOT_JSON,
        detail="nul \0 and surrogate \udcff",
        topic="application/x/device/y/event/up",
        device_id=None,
        payload=b"\x00\xff{",
        received_at=noon,
    )
    async with open_store(database, small_borough, noon) as (store, _pool):
        assert await store.write([], [letter, letter]) == Stored(dead_letters=2)

    rows = all_rows(database, "SELECT reason, detail, payload, times FROM dead_letter")
    assert rows == [("not_json", "nul \\0 and surrogate \\udcff", b"\x00\xff{", 2)]


async def test_a_database_that_is_away_is_an_outage_not_a_fault_of_the_rows():
    async with open_pool("postgresql://nobody@127.0.0.1:1/nothing", size=1) as pool:
        pool.timeout = 0.5
        with pytest.raises(StoreUnavailableError):
            await FrameStore(pool).refresh()


async def test_a_database_that_is_frozen_is_an_outage_and_the_batch_is_kept_once_it_moves(
    database, open_store, small_borough, frame, noon
):
    async with open_store(database, small_borough, noon, size=1) as (store, pool):
        impatient = FrameStore(pool, answer_within_s=0.5)
        async with pool.connection() as connection:
            backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        try:
            with pytest.raises(StoreUnavailableError, match="in time"):
                await impatient.write([frame(BAY, 1, occupied=True)], [])
        finally:
            os.kill(backend, signal.SIGCONT)
        assert await store.write([frame(BAY, 1, occupied=True)], []) == Stored(kept=1)


async def test_frames_are_forgotten_only_when_old(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon) as (store, _pool):
        await store.write([frame(BAY, 1, occupied=True), frame(BAY, 2, occupied=True, minute=60)], [])
        await store.forget_frames(before=noon + timedelta(minutes=30))
        assert await store.write([frame(BAY, 2, occupied=True, minute=60)], []) == Stored(duplicates=1)


async def test_a_batch_that_was_told_of_old_places_is_told_anew_though_others_learned_of_them_meanwhile(
    database, open_store, small_borough, frame, noon, monkeypatch
):
    versions = []

    async def told(connection, keyed, events, *, places_version):
        versions.append(places_version)
        await apply_batch(connection, keyed, events, places_version=places_version)

    monkeypatch.setattr(frames_module, "apply_batch", told)
    async with open_store(database, small_borough, noon) as (store, pool):
        first = store._places_version

        async def learn(connection, name, types, rows):
            await copy_in(connection, name, types, rows)
            if name == "copy_events" and not versions:
                await import_places(pool, small_borough, at=noon)
                await store.refresh()

        monkeypatch.setattr(frames_module, "copy_in", learn)
        await store.write([frame(BAY, 1, occupied=True)], [])

    assert versions == [first, first + 1]


async def test_two_workers_with_the_same_dead_letters_wait_for_one_another_and_in_no_circle(
    database, open_store, small_borough, noon
):
    letters = [
        Rejected(reason=Reason.NOT_JSON, detail="", topic=f"t/{n}", device_id=None, payload=b"{", received_at=noon)
        for n in range(300)
    ]
    async with open_store(database, small_borough, noon, size=4) as (store, pool):
        other = FrameStore(pool)
        for _ in range(5):
            await asyncio.gather(store.write([], letters), other.write([], letters[::-1]))

    assert all_rows(database, "SELECT DISTINCT times FROM dead_letter") == [(10,)]


async def test_a_message_in_the_name_of_another_device_is_a_security_event_of_that(
    database, open_store, small_borough, noon
):
    letter = Rejected(
        reason=Reason.IDENTITY_MISMATCH,
        detail="topic of 'x', event of y",
        topic="application/a/device/x/event/up",
        device_id=BAY,
        payload=b"{}",
        received_at=noon,
    )
    async with open_store(database, small_borough, noon) as (store, _):
        await store.write([], [letter, replace(letter, reason=Reason.NOT_JSON)])

    events = all_rows(database, "SELECT code, device_id, detail, times FROM security_event")
    assert events == [("identity_mismatch", BAY, letter.detail, 1)]
    assert all_rows(database, "SELECT count(*) FROM dead_letter") == [(2,)]


async def test_a_device_that_moves_takes_its_history_nowhere(database, open_store, small_borough, frame, noon):
    from dataclasses import replace

    moved = replace(
        small_borough,
        devices=tuple(
            replace(device, asset_id="mill-yard-2" if device.device_id == BAY else None)
            for device in small_borough.devices
            if device.device_id in {BAY, "70b3d50000000002"}
        ),
    )
    async with open_store(database, small_borough, noon) as (store, pool):
        await import_places(pool, moved, at=noon + timedelta(minutes=10))
        await store.refresh()
        await store.write([frame(BAY, 1, occupied=True, minute=5), frame(BAY, 2, occupied=False, minute=15)], [])

    assert state_of(database, "mill-yard-1")[0] == "occupied"
    assert state_of(database, "mill-yard-2")[0] == "free"


async def test_a_frame_vouches_for_nothing_but_itself(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon) as (store, _):
        before = all_rows(database, "SELECT as_of FROM platform")
        await store.write([frame(BAY, 1, minute=30, occupied=True)], [])
        assert state_of(database)[0] == "occupied"
        assert all_rows(database, "SELECT as_of FROM platform") == before

        await store.tick(as_of=noon + timedelta(minutes=31))
        assert all_rows(database, "SELECT as_of FROM platform") == [(noon + timedelta(minutes=31),)]


@pytest.mark.parametrize(("ahead", "expected"), [(timedelta(seconds=30), 30), (timedelta(hours=1), 0)])
async def test_a_moment_that_a_wrong_clock_vouched_for_is_taken_back(
    database, open_store, small_borough, noon, ahead, expected
):
    async with open_store(database, small_borough, noon) as (store, _pool):
        first = await store.tick(as_of=noon + ahead)
        assert await store.tick(as_of=noon) > first
        assert all_rows(database, "SELECT as_of FROM platform") == [(noon + timedelta(seconds=expected),)]


async def test_messages_are_noted_until_they_are_acquitted(database, open_store, small_borough, noon):
    one, two = b"1" * 16, b"2" * 16
    async with open_store(database, small_borough, noon) as (store, _pool):
        for _ in range(2):  # as after a commit that nobody heard of
            await store.note([one, two])
        await store.acquit([two])
        assert await store.noted([one, two]) == {one}

        await store.forget_frames(before=datetime.now(UTC) + timedelta(days=1))
        assert await store.noted([one, two]) == set()


async def test_what_every_frame_changes_is_rewritten_in_place(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon, size=1) as (store, pool):
        for n in range(60):
            await store.write([frame(BAY, n, occupied=bool(n % 2), minute=n)], [])
        async with pool.connection() as connection:
            await connection.execute("SELECT pg_stat_force_next_flush()")

    rows = all_rows(
        database,
        "SELECT relname, n_tup_upd - n_tup_hot_upd FROM pg_stat_user_tables WHERE n_tup_upd >= 59 ORDER BY relname",
    )
    # No index has to follow, and no page fills with what was.
    assert rows == [("asset_state", 0), ("device_state", 0), ("platform", 0), ("session_block", 0)]


async def test_whole_numbers_beside_fractions_cost_no_batch(database, open_store, small_borough, noon, frame):
    """A level of exactly zero, which network servers leave out; a charge that a device writes without a point."""
    async with open_store(database, small_borough, noon) as (store, _):
        whole = frame("70b3d50000000001", 1, occupied=True, battery_percent=81)
        whole = replace(whole, uplink=replace(whole.uplink, snr_db=0, rssi_dbm=-97))
        stored = await store.write([whole, frame("70b3d50000000002", 1, occupied=True, battery_percent=81.5)], [])

    assert stored.kept == 2
    with psycopg.connect(database) as connection:
        kept = connection.execute("SELECT snr_db, battery_percent FROM device_state ORDER BY device_key").fetchall()
    assert kept == [(0.0, 81.0), (7.25, 81.5)]
