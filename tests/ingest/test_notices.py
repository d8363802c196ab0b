"""What ChirpStack notices of a device, from its `log` topic to the store's security records."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from domain.errors import Reason, StoreRefusedError
from domain.security import Level
from ingest import pipeline as pipeline_module
from ingest.pipeline import Pipeline
from store.inspection import StoreInspection
from tests.ingest.conftest import BAY, OPEN_GATE, UP_TOPIC

pytestmark = pytest.mark.anyio

LOG_TOPIC = UP_TOPIC.replace("/event/up", "/event/log")


def log_event(**changes):
    event = {
        "time": "2026-11-20T12:00:00.250000000+00:00",
        "deviceInfo": {"devEui": BAY},
        "level": "WARNING",
        "code": "UPLINK_F_CNT_RESET",
        "description": "Frame-counter reset or rollover detected",
        "context": {"deduplication_id": "57433366-50a6-4dc2-8145-2df1bbc70d9e"},
    }
    return json.dumps({**event, **changes}).encode()


@pytest.fixture
def make_pipeline(source, noon, monkeypatch):
    monkeypatch.setattr(pipeline_module, "_BACKOFF_S", (0, 0))
    return lambda sink: Pipeline(source, sink, gate=OPEN_GATE, now=lambda: noon, batch_rows=100, linger_s=0)


async def test_a_notice_is_kept_beside_the_frames_and_then_acknowledged(make_pipeline, sink, source, delivery):
    items = [delivery(), delivery(log_event(), topic=LOG_TOPIC)]
    await make_pipeline(sink).keep(items)

    (notice,) = sink.notices
    assert (notice.device_id, notice.code, notice.level) == (BAY, "UPLINK_F_CNT_RESET", Level.WARNING)
    assert notice.observed_at == datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)
    assert (len(sink.kept), sink.dead) == (1, [])
    assert source.acknowledged == [item.token for item in items]


async def test_a_notice_that_the_store_refuses_is_a_dead_letter_and_costs_nobody_else(
    make_pipeline, sink, source, delivery, monkeypatch
):
    write = sink.write

    async def refuse(accepted, rejected, *, notices=()):
        if notices:
            raise StoreRefusedError("value too long")
        return await write(accepted, rejected, notices=notices)

    monkeypatch.setattr(sink, "write", refuse)
    items = [delivery(), delivery(log_event(), topic=LOG_TOPIC)]
    await make_pipeline(sink).keep(items)

    assert [(letter.reason, letter.payload, letter.device_id) for letter in sink.dead] == [
        (Reason.REFUSED_BY_STORE, log_event(), BAY)
    ]
    assert len(sink.kept) == 1
    assert len(source.acknowledged) == 2


@pytest.mark.db
async def test_a_notice_is_one_record_however_often_it_comes(make_pipeline, database, small_borough, noon, delivery):
    from store.frames import FrameStore
    from store.places import import_places
    from store.pool import open_pool

    once, twice = log_event(), log_event(time="2026-11-20T12:00:01Z", level="ERROR", description="Again")
    unregistered = log_event(deviceInfo={"devEui": "ffffffffffffffff"}, code="UPLINK_MIC", description="\0")
    topics = [LOG_TOPIC, LOG_TOPIC, LOG_TOPIC.replace(BAY, "ffffffffffffffff")]
    async with open_pool(database, size=2) as pool:
        await import_places(pool, small_borough, at=noon)
        pipeline = make_pipeline(FrameStore(pool))
        for later in (timedelta(minutes=1), timedelta(hours=1)):
            # Together, again, and alone.
            items = [
                replace(delivery(payload, topic=topic), received_at=noon + later)
                for payload, topic in zip([once, twice, unregistered], topics, strict=True)
            ]
            await pipeline.keep([*items, *items])
            await asyncio.gather(*(pipeline.keep([item]) for item in items))
        records = await StoreInspection(pool, now=lambda: noon).security_records(limit=10)

    found = {(record.code, record.device_id): record for record in records}
    assert found.keys() == {("UPLINK_F_CNT_RESET", BAY), ("UPLINK_MIC", "ffffffffffffffff")}
    reset = found["UPLINK_F_CNT_RESET", BAY]
    assert (reset.times, reset.detail) == (2, "error: Again")
    assert reset.first_at == datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)
