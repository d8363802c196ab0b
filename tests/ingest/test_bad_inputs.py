"""Whatever comes, from the broker or over HTTP: it is kept, as a frame or as a dead letter, and ingest goes on."""

import json
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from domain.errors import Reason
from domain.ids import parse_device_id
from ingest import pipeline as pipeline_module
from ingest.envelope import MAX_BYTES
from ingest.event_time import TOLERATED_PAST
from ingest.flood import FloodGate
from ingest.pipeline import Pipeline
from ingest.source import Delivery, Token
from store.frames import FrameStore
from store.places import import_places
from store.pool import open_pool
from tests.ingest.bad_inputs import BENCH, BENCH_UP, GROUPS, INPUTS, KEPT, UP, event

pytestmark = pytest.mark.anyio

OPEN_GATE = FloodGate(per_minute=1_000_000, burst=10_000_000)
EXPECTED = json.loads((Path(__file__).parent / "bad_inputs.expected.json").read_text())
GOOD_COUNTER = 4711


@pytest.fixture
def arrival(noon):
    def make(topic, payload):
        token = Token()
        return Delivery(topic=topic, payload=payload, retained=False, received_at=noon, token=token)

    return make


@pytest.fixture
def pipeline(source, sink, noon, monkeypatch):
    monkeypatch.setattr(pipeline_module, "_BACKOFF_S", (0, 0))
    sink.models[BENCH] = "smartplace-bench"
    return Pipeline(
        source,
        sink,
        gate=FloodGate(per_minute=1_000_000, burst=10_000_000),
        now=lambda: noon,
        batch_rows=500,
        linger_s=0,
    )


def faults_of(uplink):
    """What is unsafe in a frame that was kept."""
    wrong = {
        "device": parse_device_id(uplink.device_id) != uplink.device_id,
        "session": len(uplink.session) > 64 or not uplink.session.isprintable(),
        "counter": not 0 <= uplink.f_cnt < 2**63,
        "port": not 0 <= uplink.f_port <= 255,
        "payload": len(uplink.payload) > MAX_BYTES,
        "time": not uplink.received_at - TOLERATED_PAST <= uplink.observed_at <= uplink.received_at,
        "rssi": uplink.rssi_dbm is not None and not -300 <= uplink.rssi_dbm <= 100,
        "snr": uplink.snr_db is not None and not -300 <= uplink.snr_db <= 100,
        "gateways": not 0 <= uplink.gateway_count <= 1000,
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]


def test_the_table_is_as_large_as_it_says():
    assert len(INPUTS) == sum(map(len, GROUPS)) >= 200
    assert EXPECTED.keys() == INPUTS.keys()
    assert set(EXPECTED.values()) <= {KEPT, *Reason}


@pytest.mark.parametrize("name", INPUTS)
async def test_it_is_a_safe_frame_or_a_dead_letter_with_its_bytes(pipeline, source, sink, arrival, name):
    topic, payload = INPUTS[name]
    bad, good = arrival(topic, payload), arrival(UP, event(fCnt=GOOD_COUNTER))
    began = time.thread_time()
    await pipeline.keep([bad])
    await pipeline.keep([good])
    # Of the processor, whatever else this machine does.
    assert time.thread_time() - began < 1

    assert source.acknowledged == [bad.token, good.token]
    kept = {frame.uplink.f_cnt: frame.uplink for frame in sink.kept.values()}
    assert GOOD_COUNTER in kept
    del kept[GOOD_COUNTER]
    assert [letter.reason for letter in sink.dead] == ([] if EXPECTED[name] == KEPT else [EXPECTED[name]])
    assert [(letter.topic, letter.payload) for letter in sink.dead] == ([] if kept else [(topic, payload)])
    assert [faults_of(uplink) for uplink in kept.values()] == ([[]] if EXPECTED[name] == KEPT else [])


@pytest.mark.db
async def test_the_real_store_takes_them_all_in_one_batch(database, small_borough, source, sink, noon, arrival):
    arrivals = {name: arrival(*one) for name, one in INPUTS.items()}
    async with open_pool(database, size=2) as pool:
        await import_places(pool, small_borough, at=noon)
        store = FrameStore(pool)
        pipeline = Pipeline(
            source,
            store,
            gate=FloodGate(per_minute=1_000_000, burst=10_000_000),
            now=lambda: noon,
            batch_rows=500,
            linger_s=0,
        )
        await pipeline.keep([*arrivals.values(), arrival(UP, event(fCnt=GOOD_COUNTER))])
        # And as each would come alone.
        for one in arrivals.values():
            await pipeline.keep([one])

    dead = {name for name, outcome in EXPECTED.items() if outcome != KEPT}
    with psycopg.connect(database) as connection:
        reasons = dict(connection.execute("SELECT reason, sum(times)::int FROM dead_letter GROUP BY 1").fetchall())
        payloads = {bytes(payload) for (payload,) in connection.execute("SELECT payload FROM dead_letter")}
        kept = connection.execute("SELECT f_cnt, count(*) FROM uplink GROUP BY 1").fetchall()
        (good,) = connection.execute("SELECT count(*) FROM uplink WHERE f_cnt = %s", [GOOD_COUNTER]).fetchone()
    assert reasons == {reason: 2 * times for reason, times in Counter(EXPECTED.values()).items() if reason != KEPT}
    assert payloads == {INPUTS[name][1] for name in dead}
    assert good == 1
    assert len(kept) > 1
    assert len(source.acknowledged) == len(INPUTS) + 1


@pytest.mark.parametrize("path", ["/v1/ingest/chirpstack", "/v1/ingest/ttn", f"/v1/ingest/device/{BENCH}"])
async def test_over_http_none_is_an_error_of_ours(open_door, sink, path):
    async with open_door() as door:
        answers = {name: await door.post(path, payload) for name, (_, payload) in INPUTS.items()}
        good = await door.post("/v1/ingest/chirpstack", event(fCnt=GOOD_COUNTER))

    wrong = {name: answer.status_code for name, answer in answers.items() if answer.status_code not in {202, 413, 422}}
    assert wrong == {}
    assert good.json() == {"status": "stored"}
    for name, answer in answers.items():
        assert (answer.status_code == 413) is (len(INPUTS[name][1]) > MAX_BYTES), name
        if answer.status_code != 202:
            assert answer.headers["content-type"] == "application/problem+json", name


@pytest.mark.parametrize("name", [name for name, (topic, _) in INPUTS.items() if topic == BENCH_UP])
async def test_over_http_a_device_hears_the_same_reason(open_door, name):
    async with open_door() as door:
        answer = await door.post(f"/v1/ingest/device/{BENCH}", INPUTS[name][1])

    told = "kept" if answer.status_code == 202 else answer.json()["reason"]
    assert told == EXPECTED[name]
