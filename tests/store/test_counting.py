"""Areas that are counted at their gates: live and past are what totals and anchors make of them, whatever came when."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.codecs import smartplace_count
from domain.errors import RegisterRefusedError
from domain.register import RecordKind
from domain.register_csv import read_register
from domain.states import Counts
from domain.uplinks import Kind
from smartplace.replay import replay_with
from store.counting import Tally
from store.history.telling import History
from store.live import open_live
from store.migrations import migrate
from store.recounts import StoreRecounts
from store.register import StoreRegister
from store.replay.journal import Scope

pytestmark = [pytest.mark.db]

ROOF, GATE = "quarry-roof", "gate-quarry-1"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def rows(conninfo, statement, *parameters):
    with psycopg.connect(conninfo) as connection:
        return connection.execute(statement, parameters).fetchall()


def counts(conninfo):
    statement = "SELECT observed_at, taken FROM event JOIN asset USING (asset_key) WHERE asset_id = %s ORDER BY 1"
    return rows(conninfo, statement, ROOF)


def faults(conninfo):
    return rows(conninfo, "SELECT fault, day::text, residual FROM quality_event ORDER BY 1, 2")


def spans(conninfo):
    statement = (
        "SELECT begins_at, state, taken FROM span JOIN asset USING (asset_key) WHERE asset_id = %s ORDER BY begins_at"
    )
    return rows(conninfo, statement, ROOF)


def passed(frame, minute, came, went, *, f_cnt=None):
    return frame(
        GATE,
        int(minute) if f_cnt is None else f_cnt,
        minute=minute - 10_000,
        received_minute=0,
        vehicles_in_total=came,
        vehicles_out_total=went,
    )


# The roof has ten spaces, and is empty at 03:30: minute 9490 is 03:30 on 20 November.
NIGHT = 9490
MORNING = [
    (NIGHT - 30, 500, 500),
    (NIGHT + 20, 503, 500),
    (NIGHT + 40, 507, 501),
    (NIGHT + 60, 507, 501),
    (NIGHT + 80, 515, 501),
    (NIGHT + 100, 515, 512),
]
# By gateways' clocks the greater total came 0.3 s before the smaller one.
SWAPPED = [(NIGHT + 110, 517, 512), (NIGHT + 110.005, 516, 512)]
SHOWN = {0: 0, 20: 3, 40: 6, 60: 6, 80: 10, 100: 0}


@pytest.fixture
async def roof(database, open_store, counted_borough, noon):
    async with open_store(database, counted_borough, noon) as (store, pool):
        yield store, pool, Tally(pool, now=lambda: noon)


def at(noon, minute):
    return noon + (minute - 10_000) * MINUTE


@pytest.mark.anyio
async def test_who_passes_the_gate_is_counted_live_and_in_history(roof, database, frame, noon):
    store, pool, tally = roof
    await store.write([passed(frame, *one) for one in MORNING[:5]], [])
    assert await tally.catch_up() > 0

    wanted = [(at(noon, NIGHT + minute), taken) for minute, taken in SHOWN.items()]
    assert counts(database) == wanted[:5]
    await store.tick(as_of=at(noon, NIGHT + 90))
    async with open_live(pool) as live:
        assert live.snapshot.assets[ROOF].counts == Counts(occupied=10)
    # What was above the capacity is on record, and cars that go leave fewer than that.
    assert faults(database) == [("residual", "2026-11-20", 4)]
    await store.write([passed(frame, *MORNING[5])], [])
    await tally.catch_up()
    assert counts(database) == wanted
    assert faults(database) == [("residual", "2026-11-20", 5)]
    await History(pool, now=lambda: noon).catch_up()
    assert [taken for _, state, taken in spans(database) if state != "unknown"] == [0, 3, 6, 10, 0]
    # After an hour without a word nobody knows who passes.
    await store.tick(as_of=at(noon, NIGHT + 161))
    async with open_live(pool) as live:
        assert live.snapshot.assets[ROOF].counts == Counts(unknown=10)


@settings(max_examples=12, deadline=None, suppress_health_check=[*HealthCheck])
@given(data=st.data())
def test_any_order_of_frames_gives_the_same_counts(database, open_store, counted_borough, noon, frame, data):
    order = data.draw(st.permutations([*MORNING, MORNING[2]]))
    cut = data.draw(st.integers(0, len(order)))

    async def play():
        async with open_store(database, counted_borough, noon) as (store, pool):
            async with pool.connection() as connection:
                await connection.execute(
                    "TRUNCATE seen_frame, uplink, event, measurement, quality_event, history_due, history_due_batch"
                )
            for part in (order[:cut], order[cut:]):
                if part:
                    await store.write([passed(frame, *one) for one in part], [])
                await Tally(pool, now=lambda: noon).catch_up()

    asyncio.run(play())
    assert counts(database) == [(at(noon, NIGHT + minute), taken) for minute, taken in SHOWN.items()]
    assert faults(database) == [("residual", "2026-11-20", 5)]


@pytest.mark.anyio
async def test_a_recount_says_what_is_true_and_how_far_the_count_had_drifted(roof, database, frame, noon):
    store, pool, tally = roof
    await store.write([passed(frame, *one) for one in MORNING[:3]], [])
    await tally.catch_up()
    recounts = StoreRecounts(pool, now=lambda: at(noon, NIGHT + 50))
    made = await recounts.recount(ROOF, 9, at=None, by="me")
    assert (made.taken, made.shown, made.made_by) == (9, 6, "me")
    await store.write([passed(frame, *MORNING[3])], [])
    await tally.catch_up()
    assert counts(database)[-2:] == [(at(noon, NIGHT + 50), 9), (at(noon, NIGHT + 60), 9)]
    assert faults(database) == [("drift", "2026-11-20", 3)]
    tallied = await recounts.area(ROOF, first_day=noon.date(), last_day=noon.date())
    [day] = tallied.days
    assert (day.came, day.went, day.drift, day.residual) == (7, 1, 3, 0)

    await recounts.withdraw(made.recount_id, by="you")
    await tally.catch_up()
    assert [taken for _, taken in counts(database)] == [0, 3, 6, 6]
    assert faults(database) == []
    audited = "SELECT actor, before ->> 'withdrawn_by', after ->> 'withdrawn_by' FROM audit WHERE record = 'recount'"
    assert rows(database, f"{audited} ORDER BY audit_id") == [("me", None, None), ("you", None, "you")]
    with pytest.raises(RegisterRefusedError, match="withdrawn already"):
        await recounts.withdraw(made.recount_id, by="you")
    for taken, moment in ((11, None), (-1, None), (3, noon + DAY)):
        with pytest.raises(RegisterRefusedError):
            await recounts.recount(ROOF, taken, at=moment, by="me")
    with pytest.raises(RegisterRefusedError, match="no gate"):
        await recounts.recount("quarry-level-1", 3, at=None, by="me")
    with pytest.raises(RegisterRefusedError, match="has a history"):
        await StoreRegister(pool, now=lambda: noon).remove(RecordKind.ASSET, ROOF, actor="me")


@pytest.mark.anyio
async def test_the_night_comes_without_a_frame(roof, database, frame, noon):
    store, pool, _ = roof
    await store.write([passed(frame, *one) for one in MORNING[:1]], [])
    await Tally(pool, now=lambda: at(noon, NIGHT - 1)).catch_up()
    assert counts(database) == []
    await Tally(pool, now=lambda: at(noon, NIGHT)).catch_up()
    assert counts(database) == [(at(noon, NIGHT), 0)]


@pytest.mark.anyio
async def test_a_gate_that_is_changed_is_counted_anew(roof, database, frame, noon):
    store, pool, tally = roof
    await store.write([passed(frame, *one) for one in MORNING[:3]], [])
    await tally.catch_up()
    line = "asset,quarry-ramp,quarry,Ramp,gate,0.33,51.48,quarry-roof,in"
    text = f"record,id,site,name,kind,lon,lat,area,direction\n{line}\n"
    entries = read_register(text.encode(), silent_after=lambda _model: HOUR).entries
    await StoreRegister(pool, now=lambda: noon).write(entries, actor="me", what="one way")
    await tally.catch_up()
    assert [taken for _, taken in counts(database)] == [0, 3, 7]


@pytest.mark.anyio
async def test_an_anchor_counts_as_long_as_what_gates_said_since_is_kept(roof, database, frame, noon):
    store, pool, tally = roof
    recounts = StoreRecounts(pool, now=lambda: noon)
    async with pool.connection() as connection:
        await connection.execute("UPDATE asset SET anchor_at = NULL, anchor_taken = NULL WHERE asset_id = %s", [ROOF])
    await store.write([passed(frame, NIGHT - 2 * 1440 + minute, minute, 0) for minute in (0, 4)], [])
    await recounts.recount(ROOF, 2, at=at(noon, NIGHT - 2 * 1440), by="me")
    await tally.catch_up()
    assert [taken for _, taken in counts(database)] == [2, 6]
    async with pool.connection() as connection:
        # As retention does: four came in, and nobody can say so any more.
        await connection.execute("UPDATE history SET raw_from = %s", [at(noon, NIGHT - 1440)])
        await connection.execute("DELETE FROM measurement WHERE observed_at < %s", [at(noon, NIGHT - 1440)])
    await store.write([passed(frame, NIGHT + minute, 4 + minute, 0) for minute in (0, 1)], [])
    await tally.catch_up()
    assert [taken for _, taken in counts(database)] == [2, 6]
    with pytest.raises(RegisterRefusedError, match="what is kept"):
        await recounts.recount(ROOF, 6, at=at(noon, NIGHT - 1441), by="me")
    await recounts.recount(ROOF, 6, at=at(noon, NIGHT), by="me")
    await tally.catch_up()
    assert [taken for _, taken in counts(database)] == [2, 6, 6, 7]


@pytest.mark.anyio
async def test_a_gate_that_was_not_there_before_takes_nothing_back(roof, database, frame, noon):
    store, pool, tally = roof
    await store.write([passed(frame, *one) for one in MORNING[:5]], [])
    await tally.catch_up()
    before = counts(database)
    assert len(before) == 5
    opened = at(noon, NIGHT + 50).isoformat()
    text = (
        "record,id,site,name,kind,lon,lat,area,direction,model,device,asset,begins_at\n"
        "asset,quarry-back,quarry,Back,gate,0.33,51.48,quarry-roof,both,,,,\n"
        "device,gate-quarry-2,,,,,,,,smartplace-count,,,\n"
        f"installation,,,,,,,,,,gate-quarry-2,quarry-back,{opened}\n"
    )
    entries = read_register(text.encode(), silent_after=lambda _model: HOUR).entries
    await StoreRegister(pool, now=lambda: noon).write(entries, actor="me", what="a second entrance")
    await tally.catch_up()
    # From then on nobody knows who passes there, until it is heard.
    assert counts(database) == before[:3]
    await store.refresh()
    for minute, came in ((55, 70), (75, 71)):
        item = frame("gate-quarry-2", minute, minute=NIGHT + minute - 10_000, received_minute=0, vehicles_in_total=came)
        await store.write([item], [])
    await tally.catch_up()
    assert counts(database)[:3] == before[:3]
    assert counts(database)[3:] == [(at(noon, NIGHT + m), n) for m, n in ((55, 6), (60, 6), (75, 7), (80, 10))]


def as_sent(item):
    """The frame with the bytes that its counter sends."""
    measurements = item.decoded.measurements
    payload = smartplace_count.encode(Kind.HEARTBEAT, measurements).payload
    decoded = replace(item.decoded, model="smartplace-count", kind=Kind.HEARTBEAT)
    # Some come at once and some late: those are read anew in another way.
    received_at = item.uplink.observed_at if item.uplink.f_cnt % 40 == 10 else item.uplink.received_at
    uplink = replace(item.uplink, payload=payload, f_port=0, received_at=received_at)
    return replace(item, uplink=uplink, decoded=decoded)


@pytest.mark.anyio
async def test_a_replay_leaves_counts_as_they_are_and_mends_what_they_follow_from(roof, database, frame, noon):
    store, pool, tally = roof
    await store.write([as_sent(passed(frame, *one)) for one in MORNING], [])
    await tally.catch_up()
    wanted = [(at(noon, NIGHT + minute), taken) for minute, taken in SHOWN.items()]
    report = await replay_with(pool, Scope(), lambda *_: None)
    assert (report.changed, counts(database)) == (0, wanted)

    with psycopg.connect(database) as connection:
        connection.execute("UPDATE measurement SET value = 501 WHERE key = 'vehicles_in_total' AND value = 503")
        connection.execute("DELETE FROM event")
        connection.execute(
            "INSERT INTO tally_due SELECT asset_key, %s FROM asset WHERE asset_id = %s", [noon - DAY, ROOF]
        )
    await tally.catch_up()
    assert counts(database)[1] == (at(noon, NIGHT + 20), 1)
    await replay_with(pool, Scope(), lambda *_: None)
    await tally.catch_up()
    assert counts(database) == wanted


@pytest.mark.anyio
@pytest.mark.timescale
async def test_timescale_counts_the_same_also_in_compressed_chunks(
    database, timescale, open_store, counted_borough, noon, frame
):
    list(migrate(timescale, prepare=False))
    answers = []
    for conninfo, size, prepare in ((database, 2, True), (timescale, 1, False)):
        async with open_store(conninfo, counted_borough, noon, size=size, prepare=prepare) as (store, pool):
            tally = Tally(pool, now=lambda: noon)
            await store.write([passed(frame, *one) for one in MORNING if one is not MORNING[2]], [])
            await store.write([passed(frame, *one, f_cnt=20_000 - number) for number, one in enumerate(SWAPPED)], [])
            await tally.catch_up()
            if conninfo is timescale:
                async with pool.connection() as connection:
                    await connection.execute("SELECT compress_chunk(show_chunks('event'))")
                    await connection.execute("SELECT compress_chunk(show_chunks('measurement'))")
            await store.write([passed(frame, *MORNING[2])], [])
            await tally.catch_up()
        answers.append((counts(conninfo), faults(conninfo)))
    assert answers[0] == answers[1]
    wanted = [(at(noon, NIGHT + minute), taken) for minute, taken in SHOWN.items()]
    in_order = [(at(noon, NIGHT + 110), 1), (at(noon, NIGHT + 110.005), 2)]
    assert counts(timescale) == [*wanted, *in_order]
