import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.flood import FloodGate
from ingest.pipeline import Pipeline
from ingest.spool import Spool
from ingest.spool_queue import SpoolQueue

OPEN_GATE = FloodGate(per_minute=1_000_000, burst=10_000_000)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def message(number, size=0):
    return f"topic/{number}", b"%d" % number + b"x" * size, False, NOON + timedelta(seconds=number)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "spool.db"


def payloads(spool, most=1000):
    return [item.payload for item in spool.oldest(most)]


def test_messages_come_back_whole_and_in_order(path):
    spool = Spool(path, most_bytes=10_000)
    spool.append([message(1), ("odd \U0001f697", b"\x00\xff", True, NOON)])

    first, second = spool.oldest(10)
    assert (first.topic, first.payload, first.retained, first.received_at) == message(1)
    assert (second.topic, second.payload, second.retained, second.received_at) == (
        "odd \U0001f697",
        b"\x00\xff",
        True,
        NOON,
    )


def test_what_was_kept_is_there_after_the_process_was_killed(path):
    program = (
        "import os, signal, sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from ingest.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]), most_bytes=10**6)\n"
        "for n in range(50): spool.append([('t', b'%d' % n, False, datetime.now(UTC))])\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)

    spool = Spool(path, most_bytes=10**6)
    assert payloads(spool) == [b"%d" % n for n in range(50)]
    assert spool.depth == 50


def test_two_processes_cannot_have_one_spool(path):
    spool = Spool(path, most_bytes=1000)
    other = f"from ingest.spool import Spool; from pathlib import Path; Spool(Path({str(path)!r}), most_bytes=1000)"
    ended = subprocess.run([sys.executable, "-c", other], check=False, capture_output=True, text=True)
    assert "database is locked" in ended.stderr

    spool.close()
    assert not subprocess.run([sys.executable, "-c", other], check=False).returncode


def test_a_full_spool_takes_nothing_rather_than_a_part(path):
    spool = Spool(path, most_bytes=1000)
    assert spool.append([message(1, size=300)])
    assert not spool.append([message(2), message(3, size=600)])
    assert payloads(spool) == [b"1" + b"x" * 300]

    spool.remove(spool.oldest(1))
    assert spool.append([message(2), message(3, size=600)])


def test_a_disk_that_is_full_takes_nothing_and_what_is_there_stays(path):
    spool = Spool(path, most_bytes=10**9)
    assert spool.append([message(1)])
    refuse_to_grow(spool)
    assert not spool.append([message(2), message(3, size=10**6)])
    assert (payloads(spool), spool.depth) == ([b"1"], 1)

    refuse_to_write(spool, True)
    assert not spool.remove(spool.oldest(1))
    assert (payloads(spool), spool.depth) == ([b"1"], 1)
    refuse_to_write(spool, False)
    assert spool.remove(spool.oldest(1))
    assert (payloads(spool), spool.depth, spool.bytes) == ([], 0, 0)


def test_how_full_it_is_counts_what_the_disk_has_room_for(path, monkeypatch):
    free = 0
    spool = Spool(path, most_bytes=2000)
    monkeypatch.setattr("ingest.spool.shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    assert spool.fill == 1
    free = 10**9
    assert spool.fill == 0
    spool.append([message(1, size=292)])
    assert (spool.bytes, spool.fill) == (400, 0.2)
    free = 100
    assert spool.fill == 0.8
    monkeypatch.undo()
    path.parent.rename(path.parent.with_name("elsewhere"))
    assert spool.fill == 1


def refuse_to_grow(spool):
    """As a full disk does."""
    (pages,) = spool._connection.execute("PRAGMA page_count").fetchone()
    spool._connection.execute(f"PRAGMA max_page_count = {pages}")


def refuse_to_write(spool, refuses):
    """As a disk does that is full to the last byte: even a DELETE needs some."""
    spool._connection.execute(f"PRAGMA query_only = {refuses:d}")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.one_of(
            st.lists(st.binary(max_size=200), min_size=1, max_size=5).map(lambda texts: ("append", texts)),
            st.integers(1, 6).map(lambda count: ("remove", count)),
            st.just(("reopen", None)),
        ),
        max_size=25,
    )
)
def test_it_is_a_bounded_queue_whatever_happens(tmp_path_factory, steps):
    file = tmp_path_factory.mktemp("spool") / "spool.db"
    spool, model = Spool(file, most_bytes=2000), []
    for what, value in steps:
        if what == "append":
            took = spool.append([("t", text, False, NOON) for text in value])
            size = sum(len(text) + 101 for text in model + value)
            assert took == (size <= 2000)
            model += value if took else []
        elif what == "remove":
            spool.remove(spool.oldest(value))
            del model[:value]
        else:
            spool.close()
            spool = Spool(file, most_bytes=2000)
        assert payloads(spool) == model
        assert spool.depth == len(model)
        assert spool.fill == pytest.approx(sum(len(text) + 101 for text in model) / 2000)
    spool.close()


@pytest.fixture
def make_pipeline(source, sink, noon, path):
    def make(*, after_s=0.05, most_bytes=10**6):
        queue = SpoolQueue(Spool(path, most_bytes=most_bytes), after_s=after_s)
        return Pipeline(
            source,
            sink,
            gate=FloodGate(per_minute=1_000_000, burst=10_000_000),
            now=lambda: noon,
            batch_rows=10,
            linger_s=0,
            spool=queue,
        ), queue

    return make


@pytest.mark.anyio
async def test_a_long_outage_goes_to_the_spool_and_is_acknowledged(make_pipeline, source, sink, delivery, event):
    pipeline, queue = make_pipeline()
    sink.outages = 10**9
    items = [delivery(event(fCnt=number)) for number in range(25)]
    for begin in range(0, 25, 5):
        await pipeline.keep(items[begin : begin + 5])

    assert source.acknowledged == [item.token for item in items]
    assert (queue.depth, len(sink.kept)) == (25, 0)

    sink.outages = 0
    draining = asyncio.create_task(pipeline.drain())
    async with asyncio.timeout(20):
        while queue.depth:
            await asyncio.sleep(0.01)
    draining.cancel()
    assert [key[2] for key in sink.kept] == list(range(25))


@pytest.mark.anyio
async def test_a_short_outage_does_not_touch_the_spool(make_pipeline, sink, delivery, monkeypatch):
    monkeypatch.setattr("ingest.pipeline._BACKOFF_S", (0, 0))
    pipeline, queue = make_pipeline(after_s=20)
    sink.outages = 3
    await pipeline.keep([delivery()])

    assert (queue.depth, len(sink.kept)) == (0, 1)


@pytest.mark.anyio
async def test_newer_frames_queue_up_behind_older_ones(make_pipeline, source, sink, delivery, event):
    pipeline, queue = make_pipeline()
    sink.outages = 10**9
    await pipeline.keep([delivery(event(fCnt=1))])
    sink.outages = 0
    await pipeline.keep([delivery(event(fCnt=2))])

    assert (queue.depth, len(sink.kept), len(source.acknowledged)) == (2, 0, 2)


@pytest.mark.anyio
async def test_when_the_spool_is_full_nothing_is_acknowledged_until_the_store_is_back(
    make_pipeline, source, sink, delivery, monkeypatch
):
    monkeypatch.setattr("ingest.pipeline._BACKOFF_S", (0, 0.01))
    pipeline, queue = make_pipeline(most_bytes=1024)
    sink.outages = 10**9
    large = delivery(json.dumps({"pad": "x" * 2000}).encode())
    keeping = asyncio.create_task(pipeline.keep([large]))
    await asyncio.sleep(0.2)
    assert (source.acknowledged, queue.depth) == ([], 0)

    sink.outages = 0
    async with asyncio.timeout(20):
        await keeping
    assert source.acknowledged == [large.token]
    assert sink.dead[0].payload == large.payload


@pytest.mark.anyio
async def test_when_its_disk_is_full_frames_wait_in_the_broker_and_nothing_ends(
    make_pipeline, source, sink, delivery, event, monkeypatch
):
    monkeypatch.setattr("ingest.pipeline._BACKOFF_S", (0, 0.01))
    monkeypatch.setattr("ingest.spool_queue._LOOK_AGAIN_S", 0.01)
    pipeline, queue = make_pipeline()
    sink.outages = 10**9
    first, second = delivery(event(fCnt=1)), delivery(event(fCnt=2))
    await pipeline.keep([first])
    refuse_to_write(queue._spool, True)
    waiting = asyncio.create_task(pipeline.keep([second]))
    draining = asyncio.create_task(pipeline.drain())
    done, _ = await asyncio.wait([waiting, draining], timeout=0.2)
    assert not done
    assert (source.acknowledged, queue.depth) == ([first.token], 1)

    # The database is back; the disk is not. The letter is kept once, however often the spool refuses to forget it.
    sink.outages = 0
    async with asyncio.timeout(20):
        await waiting
        while len(sink.kept) < 2:
            await asyncio.sleep(0.01)
    done, _ = await asyncio.wait([draining], timeout=0.1)
    assert not done
    assert (len(sink.batches), queue.depth) == (2, 1)
    refuse_to_write(queue._spool, False)
    async with asyncio.timeout(20):
        while queue.depth:
            await asyncio.sleep(0.01)
    draining.cancel()
