"""The derived data equal what an in-order, once-only run would give, however the frames came."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices import codec
from devices.catalogue import model
from domain.uplinks import Accepted, Kind, Network, TimeSource, Uplink
from smartplace.replay import replay_with
from store.history.telling import History
from store.replay.journal import Scope

pytestmark = pytest.mark.db

DEVICES = {
    "70b3d50000000001": "bosch-tps110",
    "70b3d50000000002": "bosch-tps110",
    "70b3d50000000004": "nwave-nps405",
    "bench-green-1": "smartplace-bench",
    "count-quarry-1": "smartplace-count",
}
# Of 40 spaces: counted, more than there are but believed, and what cannot be.
COUNTS = (0, 5, 40, 43, 45, -2)
DERIVED = {
    "measurement": "SELECT observed_at, device_key, key, value FROM measurement",
    "event": "SELECT observed_at, asset_key, device_key, f_cnt, kind, state, taken, previous_s FROM event",
    "asset_state": "SELECT asset_key, reported, reported_since, observed_at, f_cnt, silent_at, taken, closed, state,"
    " since FROM asset_state",
    "device_state": "SELECT * FROM device_state",
    "device_session": "SELECT * FROM device_session",
    "session_block": "SELECT * FROM session_block",
    "span": "SELECT * FROM span",
    "fact_15m": "SELECT * FROM fact_15m",
    "fact_hour": "SELECT * FROM fact_hour",
    "fact_day": "SELECT * FROM fact_day",
    "uplink": "SELECT received_at, device_key, session, f_cnt, payload, observed_at, codec, codec_version, kind"
    " FROM journal",
}
HISTORY = "TRUNCATE span, fact_15m, fact_hour, fact_day, history_due, history_due_batch"
TABLES = "TRUNCATE seen_frame, uplink, event, measurement, device_state, session_block, security_event, dead_letter"


def derived(conninfo, *, without=()):
    with psycopg.connect(conninfo, prepare_threshold=None) as connection:
        return {
            name: sorted(map(repr, connection.execute(statement).fetchall()))
            for name, statement in DERIVED.items()
            if name not in without
        }


def real_frame(noon, device_id, f_cnt, *, seconds, session="s", kind=Kind.EVENT, rssi=-90.0, late=True, **measurements):
    """A frame whose payload says these measurements, in its model's own bytes."""
    found = model(DEVICES[device_id])
    encoded = found.encode(kind, measurements)
    observed_at = noon + timedelta(seconds=seconds)
    return Accepted(
        uplink=Uplink(
            device_id=device_id,
            network=Network.CHIRPSTACK,
            session=session,
            f_cnt=f_cnt,
            f_port=encoded.f_port,
            payload=encoded.payload,
            observed_at=observed_at,
            time_source=TimeSource.GATEWAY,
            received_at=noon + timedelta(hours=30, seconds=seconds / 1000) if late else observed_at,
            rssi_dbm=rssi,
        ),
        decoded=codec.decode(found, encoded.f_port, encoded.payload),
    )


async def wipe(pool):
    async with pool.connection() as connection:
        await connection.execute(TABLES)
        await connection.execute(HISTORY)
        await connection.execute("UPDATE history SET facts_until = DEFAULT")
        await connection.execute(
            "UPDATE asset_state SET reported = NULL, reported_since = NULL, observed_at = NULL, f_cnt = NULL,"
            " silent_at = NULL, taken = NULL, closed = false, state = 'unknown', since = NULL"
        )
        await connection.execute("UPDATE platform SET as_of = '2000-01-01Z'")


async def forget_derived(pool):
    async with pool.connection() as connection:
        await connection.execute("TRUNCATE event, measurement, device_state, session_block")
        await connection.execute(HISTORY)
        await connection.execute(
            "UPDATE asset_state SET reported = NULL, reported_since = NULL, observed_at = NULL, f_cnt = NULL,"
            " silent_at = NULL, taken = NULL, state = 'unknown', since = NULL"
        )


async def play(store, history, batches, *, as_of, told_after=()):
    for number, batch in enumerate(batches):
        await store.write(batch, [])
        if number in told_after:
            await history.catch_up()
    await store.tick(as_of=as_of)
    await history.catch_up()


@st.composite
def streams(draw):
    """Frames of a day as devices sent them, and the batches in which they came."""
    sent = draw(
        st.lists(
            st.tuples(
                st.sampled_from(sorted(DEVICES)),
                st.sampled_from(["s", "t"]),
                st.integers(0, 40),
                # Few moments, so that some are the same, far enough apart for silence.
                st.integers(0, 24).map(lambda quarter: quarter * 900),
                st.booleans(),
                st.sampled_from([Kind.EVENT, Kind.HEARTBEAT]),
                st.sampled_from([None, -90.0, -120.0]),
                st.booleans(),
            ),
            min_size=1,
            max_size=40,
        )
    )
    arrived = draw(st.permutations([*range(len(sent)), *draw(st.lists(st.integers(0, len(sent) - 1), max_size=10))]))
    cuts = sorted(draw(st.sets(st.integers(0, len(arrived)), max_size=6)))
    return sent, [arrived[a:b] for a, b in zip([0, *cuts], [*cuts, len(arrived)], strict=True)]


def said(device_id, occupied, quarter):
    if device_id == "bench-green-1":
        charged = {"energy_wh_total": quarter * 7.25, "charge_sessions_total": quarter % 10}
        return {"occupied": occupied, "battery_percent": float(quarter % 100), "tamper": quarter % 7 == 0, **charged}
    if device_id == "count-quarry-1":
        return {"vehicles_present": COUNTS[quarter % 6] if occupied else 12}
    return {"occupied": occupied}


@settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck])
@given(stream=streams())
def test_any_stream_ends_as_if_each_frame_had_come_once_and_in_order(
    database, open_store, counted_borough, noon, stream
):
    sent, batches = stream
    # The same device, session, counter and payload is the same frame: it was observed once.
    frames, seen = [], {}
    for device_id, session, f_cnt, seconds, occupied, kind, rssi, _late in sent:
        frame = real_frame(
            noon,
            device_id,
            f_cnt,
            seconds=seconds,
            session=session,
            kind=kind,
            rssi=rssi,
            **said(device_id, occupied, seconds // 900),
        )
        key = (device_id, session, f_cnt, frame.uplink.payload)
        frames.append(seen.setdefault(key, frame))
    in_order = sorted(seen.values(), key=lambda frame: frame.uplink.observed_at)
    as_of = noon + timedelta(hours=30, minutes=1)

    async def both():
        async with open_store(database, counted_borough, noon, size=2) as (store, pool):
            await wipe(pool)
            history = History(pool, now=lambda: as_of)
            await play(
                store, history, [[frames[n] for n in batch] for batch in batches], as_of=as_of, told_after=range(3)
            )
            live = derived(database)
            report = await replay_with(pool, Scope(), lambda *_: None)
            assert (report.frames, report.changed) == (len(seen), 0)
            await history.catch_up()
            replayed = derived(database)
            await forget_derived(pool)
            await replay_with(pool, Scope(), lambda *_: None)
            await store.tick(as_of=as_of)
            await history.catch_up()
            rebuilt = derived(database)
            await wipe(pool)
            await play(store, history, [[frame] for frame in in_order], as_of=as_of)
            return live, replayed, rebuilt, derived(database)

    live, replayed, rebuilt, once = asyncio.run(both())

    assert live == once
    assert replayed == once
    assert rebuilt == once
