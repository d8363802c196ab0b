"""Spans, facts and roll-ups in the database are what the pure function makes of the events, however those came."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import RegisterRefusedError
from domain.ids import AssetId
from domain.observations import Observation
from domain.places import Closure
from domain.register import RecordKind
from domain.spans import FOREVER, Closed, spans_of
from domain.uplinks import Kind
from store.history import due
from store.history import telling as historian
from store.history.telling import History
from store.history.watch import make_due
from store.migrations import migrate
from store.places import import_places
from store.register import StoreRegister

pytestmark = pytest.mark.db

SILENT_AFTER = timedelta(hours=1)
DEVICES = {"70b3d50000000001": "mill-yard-1", "70b3d50000000004": "mill-yard-4", "bench-green-1": "green-bench-1"}
SECONDS = ("free_s", "occupied_s", "unknown_s", "closed_s")
FACTS = (*SECONDS, "inferred_s", "arrivals", "departures")
LONDON = ZoneInfo("Europe/London")
TABLES = "TRUNCATE seen_frame, uplink, event, measurement, device_state, session_block, security_event, span, fact_15m"


def rows(conninfo, statement, *parameters):
    with psycopg.connect(conninfo, prepare_threshold=None) as connection:
        return connection.execute(statement, parameters).fetchall()


def spans(conninfo):
    found = defaultdict(list)
    for asset_id, *span in rows(
        conninfo,
        "SELECT asset_id, begins_at, ends_at, state, taken, quality, arrivals, departures"
        " FROM span JOIN asset USING (asset_key) ORDER BY asset_id, begins_at",
    ):
        found[asset_id].append(tuple(span))
    return dict(found)


def as_rows(told):
    return [
        (
            span.begins_at,
            span.ends_at,
            span.state.value,
            span.taken,
            span.quality.value,
            span.arrivals,
            span.departures,
        )
        for span in told
    ]


def facts(conninfo, relation, time):
    statement = f"SELECT {time}, asset_id, {', '.join(FACTS)} FROM {relation} JOIN asset USING (asset_key)"
    return {(row[0], row[1]): dict(zip(FACTS, map(int, row[2:]), strict=True)) for row in rows(conninfo, statement)}


def summed(told, until, floor, length):
    """What a second-by-second look at spans gives for each stretch that begins before `until`."""
    found = defaultdict(lambda: dict.fromkeys(FACTS, 0))
    for asset_id, of_asset in told.items():
        for begins_at, ends_at, state, _, quality, arrivals, departures in of_asset:
            if begins_at < until:
                found[floor(begins_at), asset_id]["arrivals"] += arrivals
                found[floor(begins_at), asset_id]["departures"] += departures
            at = begins_at
            while at < min(ends_at, until):
                bucket = floor(at)
                end = min(ends_at, until, length(bucket))
                seconds = int((end - at).total_seconds())
                fact = found[bucket, asset_id]
                fact[f"{state}_s"] += seconds
                fact["inferred_s"] += seconds * (quality != "observed")
                at = end
        first = min(floor(span[0]) for span in of_asset)
        if first < until:
            # Before the first word of its first stretch nothing is known.
            found[first, asset_id]["unknown_s"] += int((of_asset[0][0] - first).total_seconds())
    return dict(found)


def quarter(moment):
    return moment - timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)


def local_day(moment):
    return moment.astimezone(LONDON).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(moment.tzinfo)


def by_day(quarters):
    found = defaultdict(lambda: dict.fromkeys(FACTS, 0))
    for (bucket, asset_id), fact in quarters.items():
        for name, value in fact.items():
            found[local_day(bucket), asset_id][name] += value
    return dict(found)


def by_hour(quarters):
    found = defaultdict(lambda: dict.fromkeys(FACTS, 0))
    for (bucket, asset_id), fact in quarters.items():
        for name, value in fact.items():
            found[bucket.replace(minute=0), asset_id][name] += value
    return dict(found)


@st.composite
def streams(draw):
    sent = draw(
        st.lists(
            st.tuples(
                st.sampled_from(sorted(DEVICES)),
                st.integers(0, 40),
                # Around the hour in which the clocks go forward, near one another and hours apart.
                st.one_of(st.integers(0, 3600), st.integers(0, 12 * 3600)),
                st.integers(0, 2),
                st.sampled_from([Kind.EVENT, Kind.EVENT, Kind.HEARTBEAT]),
                st.sampled_from([None, None, 0, 7, 40]),
            ),
            min_size=1,
            max_size=30,
        )
    )
    arrived = draw(st.permutations([*range(len(sent)), *range(min(3, len(sent)))]))
    cuts = sorted(draw(st.sets(st.integers(0, len(arrived)), max_size=5)))
    return sent, [arrived[a:b] for a, b in zip([0, *cuts], [*cuts, len(arrived)], strict=True)]


def accepted(frame, origin, noon, one):
    device_id, f_cnt, second, number, kind, before = one
    said = {"occupants": number} if device_id.startswith("bench") else {"occupied": number > 0}
    if before is not None and not device_id.startswith("bench"):
        said["previous_state_minutes"] = before
    minute = (origin - noon) / timedelta(minutes=1) + second / 60
    return frame(device_id, f_cnt, minute=minute, kind=kind, received_minute=0, **said)


def expected_spans(frames, closures):
    told = defaultdict(list)
    for item in {(f.uplink.device_id, f.uplink.f_cnt, f.uplink.payload): f for f in frames}.values():
        said = item.decoded.measurements
        number = said.get("occupants")
        before = said.get("previous_state_minutes")
        told[DEVICES[item.uplink.device_id]].append(
            Observation(
                at=item.uplink.observed_at,
                f_cnt=item.uplink.f_cnt,
                device_key=1,
                kind=item.decoded.kind,
                taken=int(said["occupied"]) if number is None else number,
                counts_until=item.uplink.observed_at + SILENT_AFTER,
                counted=number is not None,
                previous_for=None if before is None else timedelta(minutes=before),
            )
        )
    closed = defaultdict(list)
    for closure in closures:
        closed[closure.asset_id].append(Closed(closure.begins_at, closure.ends_at or FOREVER))
    return {key: as_rows(spans_of(told[key], closed[key])) for key in {*told, *closed}}


@settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck])
@given(stream=streams(), data=st.data())
def test_history_is_what_the_pure_function_says_whatever_came_when(
    database, open_store, small_borough, noon, frame, stream, data
):
    sent, batches = stream
    origin = noon.replace(month=3, day=28, hour=20)  # the clocks go forward five hours later
    frames = [accepted(frame, origin, noon, one) for one in sent]
    # The first of each name counts: the others are the same frame, told twice.
    first = {}
    for item in frames:
        first.setdefault((item.uplink.device_id, item.uplink.f_cnt, item.uplink.payload), item)
    frames = [first[item.uplink.device_id, item.uplink.f_cnt, item.uplink.payload] for item in frames]
    as_of = [origin + timedelta(seconds=data.draw(st.integers(0, 14 * 3600))) for _ in batches]

    async def play():
        async with open_store(database, small_borough, noon, size=2) as (store, pool):
            async with pool.connection() as connection:
                await connection.execute(TABLES + ", fact_hour, fact_day, history_due, history_due_batch")
                await connection.execute("UPDATE history SET facts_until = DEFAULT")
                await connection.execute("UPDATE platform SET as_of = '2000-01-01Z'")
            for batch, moment in zip(batches, sorted(as_of), strict=True):
                await store.write([frames[number] for number in batch], [])
                # As `write` moved it, with a clock that is later than all of this.
                async with pool.connection() as connection:
                    await connection.execute("UPDATE platform SET as_of = %s", [moment])
                await History(pool, now=lambda: noon).catch_up()

    asyncio.run(play())

    told = spans(database)
    assert told == expected_spans(frames, [])
    ((until,),) = rows(database, "SELECT facts_until FROM history")
    assert until == quarter(max(as_of))
    quarters = facts(database, "fact_15m", "bucket")
    assert quarters == summed(told, until, quarter, lambda bucket: bucket + timedelta(minutes=15))
    assert all(sum(fact[name] for name in SECONDS) == 900 for fact in quarters.values())
    assert facts(database, "fact_hour", "hour") == by_hour(quarters)
    assert facts(database, "fact_day", "day") == by_day(quarters)
    tail = facts(database, "fact_tail", "bucket")
    length_s = (max(as_of) - until).total_seconds()
    assert all(sum(fact[name] for name in SECONDS) == length_s for fact in tail.values())


@pytest.mark.anyio
async def test_a_closure_that_is_imported_later_is_in_history(database, open_store, small_borough, noon, frame):
    async with open_store(database, small_borough, noon) as (store, pool):
        history = History(pool, now=lambda: noon)
        frames = [frame("70b3d50000000001", 1, minute=-240, occupied=False)]
        await store.write(frames, [])
        await history.catch_up()
        closure = Closure(
            asset_id="mill-yard-1",
            begins_at=noon - timedelta(hours=4),
            ends_at=noon - timedelta(hours=3),
            reason="market",
        )
        await import_places(pool, replace(small_borough, closures=(closure,)), at=noon)
        await history.catch_up()

    assert spans(database) == expected_spans(frames, [closure])


@pytest.mark.anyio
async def test_a_device_that_leaves_says_nothing_of_the_bay_afterwards(
    database, open_store, small_borough, noon, frame
):
    async with open_store(database, small_borough, noon) as (store, pool):
        await store.write([frame("70b3d50000000001", 1, minute=-30, occupied=True)], [])
        await History(pool, now=lambda: noon).catch_up()
        async with pool.connection() as connection:
            left = noon - timedelta(minutes=10)
            await connection.execute("UPDATE installation SET ends_at = %s WHERE ends_at IS NULL", [left])
            await connection.execute(
                "INSERT INTO history_due SELECT asset_key, '0001-01-01Z', '9999-01-01Z' FROM asset"
            )
        await History(pool, now=lambda: noon).catch_up()

    ends = [(span[2], span[1]) for span in spans(database)["mill-yard-1"]]
    assert ends == [("occupied", left), ("unknown", FOREVER)]


@pytest.mark.anyio
async def test_a_history_that_begins_later_than_was_thought_leaves_nothing_in_its_day(
    database, open_store, small_borough, noon, frame
):
    async with open_store(database, small_borough, noon - timedelta(days=1)) as (store, pool):
        history = History(pool, now=lambda: noon)
        for n, minute in enumerate((-600, -70)):
            await store.write([frame("70b3d50000000001", n, minute=minute, occupied=True)], [])
        await store.tick(as_of=noon)
        await history.catch_up()
        assert_adds_up(database)
        # As a replay, a threshold or a withdrawn recount does.
        async with pool.connection() as connection:
            await connection.execute("DELETE FROM event WHERE observed_at < %s", [noon - timedelta(hours=2)])
            await connection.execute(
                "INSERT INTO history_due SELECT asset_key, '0001-01-01Z', '9999-01-01Z' FROM asset"
            )
        await history.catch_up()

    assert_adds_up(database)
    # From the quarter of an hour of its first word on.
    assert rows(database, "SELECT occupied_s, unknown_s FROM fact_day") == [(3600, 900)]


@pytest.mark.anyio
async def test_two_historians_at_once_tell_it_once(database, open_store, small_borough, noon, frame):
    async with open_store(database, small_borough, noon, size=4) as (store, pool):
        frames = [
            frame("70b3d50000000001", n, minute=-300 + 7 * n, received_minute=0, occupied=n % 2 == 0) for n in range(40)
        ]
        for item in frames:
            await store.write([item], [])
            await asyncio.gather(*(History(pool, now=lambda: noon).catch_up() for _ in range(3)))
        await History(pool, now=lambda: noon).catch_up()

    assert spans(database) == expected_spans(frames, [])


@pytest.mark.anyio
@pytest.mark.timescale
async def test_timescale_has_the_same_history_also_in_compressed_chunks(
    database, timescale, open_store, small_borough, noon, frame
):
    list(migrate(timescale, prepare=False))
    frames = [
        frame("70b3d50000000001", n, minute=-60 * 24 * 60 + 391 * n, received_minute=0, occupied=n % 3 == 0)
        for n in range(200)
    ]
    late = [
        frame("70b3d50000000001", 900 + n, minute=-55 * 24 * 60 + 1000 * n, received_minute=0, occupied=n % 2 == 0)
        for n in range(5)
    ]
    answers = []
    for conninfo, size, prepare in ((database, 2, True), (timescale, 1, False)):
        async with open_store(conninfo, small_borough, noon, size=size, prepare=prepare) as (store, pool):
            history = History(pool, now=lambda: noon)
            await store.write(frames, [])
            await store.tick(as_of=noon)
            await history.catch_up()
            if conninfo is timescale:
                async with pool.connection() as connection:
                    for relation in ("event", "fact_15m", "fact_hour", "fact_day"):
                        await connection.execute("SELECT compress_chunk(show_chunks(%s::regclass))", [relation])
            await store.write(late, [])
            await history.catch_up()
        relations = (("fact_15m", "bucket"), ("fact_hour", "hour"), ("fact_day", "day"), ("fact_tail", "bucket"))
        answers.append((spans(conninfo), [facts(conninfo, *relation) for relation in relations]))

    assert answers[0] == answers[1]
    assert spans(database) == expected_spans(frames + late, [])
    assert len(answers[0][1][0]) > 5000
    assert answers[0][1][2] == by_day(answers[0][1][0])


def all_of(conninfo):
    """Spans, facts and their sums."""
    relations = (("fact_15m", "bucket"), ("fact_hour", "hour"), ("fact_day", "day"))
    return spans(conninfo), *(facts(conninfo, *relation) for relation in relations)


def assert_adds_up(conninfo):
    told, quarters, hours, days = all_of(conninfo)
    ((until,),) = rows(conninfo, "SELECT facts_until FROM history")
    assert quarters == summed(told, until, quarter, lambda bucket: bucket + timedelta(minutes=15))
    assert hours == by_hour(quarters)
    assert days == by_day(quarters)
    assert quarters


async def remove_with_device(register, asset_id, device_id):
    installed = [key for key in (await register.records())[RecordKind.INSTALLATION] if device_id in key]
    for key in installed:
        await register.remove(RecordKind.INSTALLATION, key, actor="test")
    await register.remove(RecordKind.ASSET, asset_id, actor="test")


def weeks(frame, count=60):
    return [
        frame(device, n, minute=-40 * 24 * 60 + 977 * n + number, received_minute=0, occupied=n % 3 == 0)
        for number, device in enumerate(sorted(DEVICES)[:2])
        for n in range(count)
    ]


@pytest.mark.anyio
async def test_everything_told_anew_in_small_pieces_is_as_it_was(
    database, open_store, small_borough, noon, frame, monkeypatch
):
    async with open_store(database, small_borough, noon) as (store, pool):
        history = History(pool, now=lambda: noon)
        await store.write(weeks(frame), [])
        await store.tick(as_of=noon)
        await history.catch_up()
        before = all_of(database)
        monkeypatch.setattr(due, "_LONGEST", timedelta(days=3))
        monkeypatch.setattr(due, "_AT_ONCE", timedelta(days=4))
        monkeypatch.setattr(historian, "_FACTS", 100)
        # Some of it is lost, some is wrong, some was never there.
        async with pool.connection() as connection:
            await connection.execute("DELETE FROM span WHERE begins_at > %s", [noon - timedelta(days=20)])
            await connection.execute("UPDATE span SET arrivals = 7 WHERE state = 'unknown'")
            await connection.execute("DELETE FROM fact_15m WHERE extract(hour FROM bucket) = 8")
            await connection.execute("UPDATE fact_hour SET free_s = 1 WHERE extract(hour FROM hour) = 9")
            await connection.execute("INSERT INTO fact_15m SELECT bucket - INTERVAL '60 days', asset_key, 0, 0, 900, 0,"
                                     " 0, 0, 0, 0 FROM fact_15m LIMIT 50")  # fmt: skip
        assert await make_due(pool, None) == 5
        steps = 0
        while await history.step():
            steps += 1

    assert all_of(database) == before
    assert steps > 10
    assert_adds_up(database)


@pytest.mark.anyio
async def test_facts_of_a_long_absence_are_made_in_steps(database, open_store, small_borough, noon, frame, monkeypatch):
    monkeypatch.setattr(historian, "_FACTS", 100)
    async with open_store(database, small_borough, noon) as (store, pool):
        history = History(pool, now=lambda: noon)
        await store.write(
            [frame("70b3d50000000001", 1, minute=-30 * 24 * 60, received_minute=-43200, occupied=True)], []
        )
        await history.catch_up()
        first = await store.tick(as_of=noon)
        await history.catch_up()

    assert first
    assert rows(database, "SELECT facts_until FROM history") == [(noon,)]
    assert len(facts(database, "fact_15m", "bucket")) == 30 * 96
    assert_adds_up(database)


@pytest.mark.anyio
async def test_facts_of_a_time_that_has_not_been_are_taken_back(database, open_store, small_borough, noon, frame):
    async with open_store(database, small_borough, noon) as (store, pool):
        clock = [noon + timedelta(days=40, hours=3)]
        history = History(pool, now=lambda: clock[0])
        await store.write([frame("70b3d50000000001", 1, minute=-90, received_minute=0, occupied=True)], [])
        await store.tick(as_of=clock[0])
        await history.catch_up()
        assert rows(database, "SELECT facts_until FROM history") == [(clock[0],)]
        ahead = len(facts(database, "fact_15m", "bucket"))
        # The clock is put right.
        clock[0] = noon + timedelta(minutes=20)
        await store.tick(as_of=clock[0])
        await history.catch_up()
        assert rows(database, "SELECT facts_until FROM history") == [(noon + timedelta(minutes=15),)]
        assert_adds_up(database)
        later = frame("70b3d50000000001", 2, minute=25, received_minute=25, occupied=False)
        await store.write([later], [])
        await store.tick(as_of=noon + timedelta(hours=2))
        clock[0] = noon + timedelta(hours=2)
        await history.catch_up()

    assert ahead > 40 * 96
    assert rows(database, "SELECT facts_until FROM history") == [(noon + timedelta(hours=2),)]
    assert_adds_up(database)


@pytest.mark.anyio
async def test_an_as_of_that_differs_a_little_takes_nothing_back(database, open_store, small_borough, noon, frame):
    async with open_store(database, small_borough, noon) as (store, pool):
        history = History(pool, now=lambda: noon)
        await store.write([frame("70b3d50000000001", 1, minute=-90, received_minute=0, occupied=True)], [])
        await store.tick(as_of=noon)
        await history.catch_up()
        before = all_of(database)
        async with pool.connection() as connection:
            await connection.execute("UPDATE platform SET as_of = %s", [noon - timedelta(minutes=2)])
        await history.catch_up()

    assert all_of(database) == before


@pytest.mark.anyio
async def test_what_is_committed_while_a_historian_works_is_told_next(
    database, open_store, small_borough, noon, frame, monkeypatch
):
    async with open_store(database, small_borough, noon, size=4) as (store, pool):
        reading, written = asyncio.Event(), asyncio.Event()
        read_kept = historian.read_kept

        async def slowly(connection, retold):
            reading.set()
            await written.wait()
            return await read_kept(connection, retold)

        history = History(pool, now=lambda: noon)
        await store.write(frames := [frame("70b3d50000000001", 1, minute=-200, received_minute=0, occupied=True)], [])
        await store.tick(as_of=noon)
        with monkeypatch.context() as patch:
            patch.setattr(historian, "read_kept", slowly)
            at_work = asyncio.create_task(history.catch_up())
            await reading.wait()
            # Neither ingest waits for the historian, nor its own one.
            frames.append(frame("70b3d50000000001", 2, minute=-150, received_minute=0, occupied=False))
            await store.write(frames[1:], [])
            assert await History(pool, now=lambda: noon).step() == 0
            # Whoever asks for all of it does, and then all of it is told.
            another = asyncio.create_task(History(pool, now=lambda: noon).catch_up())
            written.set()
            await at_work
            await another

    assert spans(database) == expected_spans(frames, [])
    assert_adds_up(database)


@pytest.mark.anyio
async def test_a_historian_that_dies_between_facts_and_sums_leaves_nothing_of_both(
    database, open_store, small_borough, noon, frame, monkeypatch
):
    async with open_store(database, small_borough, noon) as (store, pool):
        history = History(pool, now=lambda: noon)
        await store.write(weeks(frame, 10), [])
        await store.tick(as_of=noon)
        await history.catch_up()
        before = all_of(database)
        late = frame("70b3d50000000001", 99, minute=-39 * 24 * 60, received_minute=0, occupied=True)
        await store.write([late], [])

        async def dies(*_, **__):
            raise asyncio.CancelledError

        with monkeypatch.context() as patch:
            patch.setattr(historian, "_sum", dies)
            with pytest.raises(asyncio.CancelledError):
                await history.catch_up()
        assert all_of(database) == before
        await history.catch_up()

    assert spans(database) == expected_spans([*weeks(frame, 10), late], [])
    assert_adds_up(database)


@pytest.mark.anyio
async def test_what_became_due_waits_for_company(database, open_store, small_borough, noon, frame):
    async with open_store(database, small_borough, noon) as (store, pool):
        history = History(pool, now=lambda: noon)
        await history.catch_up()
        await store.write([frame("70b3d50000000001", 1, minute=-2, occupied=True)], [])
        assert await history.step(waited=timedelta(hours=1)) == 0
        # One note has waited long enough when company comes: both are told together.
        async with pool.connection() as connection:
            await connection.execute("UPDATE history_due_batch SET noted_at = noted_at - INTERVAL '2 hours'")
        await store.write([frame("70b3d50000000001", 2, minute=-1, occupied=False)], [])
        assert await history.step(waited=timedelta(hours=1)) == 1

    assert [span[2] for span in spans(database)["mill-yard-1"]] == ["occupied", "free", "unknown"]


@pytest.mark.anyio
async def test_an_asset_that_leaves_the_register_takes_its_history_along_or_stays(
    database, open_store, small_borough, noon, frame
):
    closure = Closure(asset_id=AssetId("mill-yard-2"), begins_at=noon - timedelta(days=2), ends_at=None, reason="works")
    async with open_store(database, replace(small_borough, closures=(closure,)), noon) as (store, pool):
        history = History(pool, now=lambda: noon)
        await store.write([frame("70b3d50000000001", 1, minute=-90, received_minute=0, occupied=True)], [])
        await store.tick(as_of=noon)
        await history.catch_up()
        assert {"mill-yard-1", "mill-yard-2"} == {key for _, key in facts(database, "fact_15m", "bucket")}
        await import_places(pool, small_borough, at=noon)
        register = StoreRegister(pool, now=lambda: noon)
        # Its facts are not gone yet.
        with pytest.raises(RegisterRefusedError, match="has a history"):
            await register.remove(RecordKind.ASSET, "mill-yard-2", actor="test")
        await history.catch_up()
        await remove_with_device(register, "mill-yard-2", "70b3d50000000002")
        await history.catch_up()
        with pytest.raises(RegisterRefusedError, match="has a history"):
            await register.remove(RecordKind.ASSET, "mill-yard-1", actor="test")

    assert rows(database, "SELECT DISTINCT asset_id FROM fact_day JOIN asset USING (asset_key)") == [("mill-yard-1",)]
    assert rows(database, "SELECT count(DISTINCT asset_key) FROM span") == [(1,)]
    assert_adds_up(database)


@pytest.mark.anyio
async def test_nobody_waits_for_ever(database, open_store, small_borough, noon, frame, monkeypatch):
    monkeypatch.setattr(historian, "_ASSETS", 1)
    monkeypatch.setattr(historian, "_NOTES", 2)
    async with open_store(database, small_borough, noon) as (store, pool):
        history = History(pool, now=lambda: noon)
        await store.write([frame("70b3d50000000004", 1, minute=-90, received_minute=0, occupied=True)], [])
        for n in range(6):
            # Others always have something newer to say.
            for device in ("70b3d50000000001", "bench-green-1"):
                await store.write([frame(device, n, minute=-80 + n, received_minute=0, occupied=n % 2 == 0)], [])
            await history.step()
            if "mill-yard-4" in spans(database):
                break
        else:
            raise AssertionError("it waits for ever")


@pytest.mark.anyio
async def test_a_fact_that_is_due_for_itself_is_made_anew(database, open_store, small_borough, noon, frame):
    async with open_store(database, small_borough, noon) as (store, pool):
        history = History(pool, now=lambda: noon)
        await store.write([frame("bench-green-1", 1, minute=-90, received_minute=0, occupants=2)], [])
        await store.tick(as_of=noon)
        await history.catch_up()
        async with pool.connection() as connection:
            await connection.execute("UPDATE asset SET capacity = 3 WHERE kind = 'bench'")
        await make_due(pool, "green-bench-1")
        await history.catch_up()

    seconds = "SELECT sum(free_s), sum(occupied_s) FROM fact_day"
    assert rows(database, seconds) == [(3600, 7200)]
