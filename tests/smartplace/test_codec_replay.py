"""Frames of a JavaScript model through the real pipeline into a real database, and history told anew."""
# ruff: noqa: E501

import base64
import json
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from domain.ids import DeviceId
from ingest.flood import FloodGate
from ingest.pipeline import Pipeline
from ingest.source import Delivery, Token
from smartplace.codecs import open_book, open_shelf
from smartplace.replay import replay_with
from store.frames import FrameStore
from store.places import import_places
from store.pool import open_pool
from store.replay.journal import Scope

pytestmark = [pytest.mark.anyio, pytest.mark.db]

BAY, OTHER = "70b3d50000000001", "70b3d50000000002"
APPLICATION = "0f9d5c2e-6a1b-4c6e-9d4b-3f1f4e2a7b11"


class _Source:
    ready = True

    def acknowledge(self, token, letter=None):
        pass


@pytest.fixture
def acme_borough(small_borough):
    """The small borough, in which the first bay has the device with the JavaScript codec."""
    devices = [
        replace(device, model="acme-bay") if device.device_id == BAY else device for device in small_borough.devices
    ]
    return replace(small_borough, devices=tuple(devices))


@pytest.fixture
async def world(database, acme_borough, noon):
    """Everything between a delivery and the database."""
    async with (
        open_pool(database, size=2) as pool,
        open_shelf(pool, now=lambda: noon) as shelf,
        open_book(pool, now=lambda: noon) as book,
    ):
        await import_places(pool, acme_borough, at=noon - timedelta(days=1))
        gate = FloodGate(per_minute=1e6, burst=10**6)
        pipeline = Pipeline(
            _Source(), FrameStore(pool), gate=gate, now=lambda: noon, batch_rows=100, linger_s=0, scripts=book
        )

        async def send(*frames):
            await pipeline.keep([_delivery(noon, number, *frame) for number, frame in enumerate(frames)])

        async def replay(**scope):
            return await replay_with(pool, Scope(**scope), lambda *_: None)

        yield shelf, send, replay


def _delivery(noon, number, payload, device_id=BAY, f_port=1):
    event = {
        "deduplicationId": "57433366-50a6-4dc2-8145-2df1bbc70d9e",
        "time": (noon + timedelta(minutes=number)).isoformat(),
        "deviceInfo": {"devEui": DeviceId(device_id), "applicationId": APPLICATION, "tags": {}},
        "devAddr": "01020304",
        "fCnt": number,
        "fPort": f_port,
        "data": base64.b64encode(payload).decode(),
        "rxInfo": [],
    }
    return Delivery(
        topic=f"application/{APPLICATION}/device/{device_id}/event/up",
        payload=json.dumps(event).encode(),
        retained=False,
        received_at=noon + timedelta(minutes=number, seconds=1),
        token=Token(),
    )


def rows(conninfo, statement):
    with psycopg.connect(conninfo) as connection:
        return connection.execute(statement).fetchall()


JOURNAL = "SELECT codec, codec_version, count(*) FROM uplink GROUP BY 1, 2 ORDER BY 1"
STATES = "SELECT state FROM event WHERE device_key = (SELECT device_key FROM device WHERE device_id = '70b3d50000000001') ORDER BY observed_at"


async def test_frames_are_kept_with_the_codec_and_the_version_that_read_them(world, database, acme):
    shelf, send, _ = world
    await shelf.upload(acme, by="manager")
    await send((b"\x01",), (b"\x01", OTHER), (b"\x00\x21",))

    assert rows(database, JOURNAL) == [("acme-bay", 1, 2), ("bosch-tps110", 1, 1)]
    assert rows(database, STATES) == [("occupied",), ("free",)]
    assert rows(database, "SELECT value FROM measurement WHERE key = 'battery_volts'")[0][0] == pytest.approx(3.3)


async def test_history_is_told_anew_by_another_version(world, database, acme):
    shelf, send, replay = world
    await shelf.upload(acme, by="manager")
    await send((b"\x01",), (b"\x00",), (b"\x01", OTHER))
    turned = [{**rule, "values": {"taken": False, "empty": True}} if "values" in rule else rule for rule in acme.mapping["measurements"]]  # fmt: skip
    examples = [acme.examples[1]]
    await shelf.upload(replace(acme, mapping={**acme.mapping, "measurements": turned}, examples=examples), by="manager")

    told = await replay(dry_run=True)
    assert rows(database, STATES) == [("occupied",), ("free",)]
    done = await replay()
    again = await replay()

    assert (told.changed, done.changed, again.changed) == (2, 2, 0)
    assert rows(database, STATES) == [("free",), ("occupied",)]
    assert rows(database, JOURNAL) == [("acme-bay", 2, 2), ("bosch-tps110", 1, 1)]


async def test_frames_that_a_codec_had_no_time_for_are_read_when_it_is_mended(world, database, acme):
    shelf, send, replay = world
    slow = replace(acme, source=acme.source.replace("const data", "if (input.bytes[0] === 3) for (;;);\n  const data"))
    await shelf.upload(slow, by="manager")
    await send((b"\x01",), (b"\x03",), (b"\x01", OTHER), (b"\x00",))

    assert rows(database, "SELECT reason, device_id FROM dead_letter") == [("codec_failed", BAY)]
    assert rows(database, STATES) == [("occupied",), ("free",)]

    await shelf.upload(acme, by="manager")
    report = await replay()

    assert report.recovered == 1
    assert rows(database, STATES) == [("occupied",), ("occupied",), ("free",)]
    assert rows(database, "SELECT count(*) FROM dead_letter") == [(0,)]


async def test_history_stays_as_it_is_while_a_codec_has_no_time_for_it(world, database, acme):
    shelf, send, replay = world
    await shelf.upload(acme, by="manager")
    await send((b"\x01",), (b"\x03",), (b"\x00",))
    slow = replace(acme, source=acme.source.replace("const data", "if (input.bytes[0] === 3) for (;;);\n  const data"))
    await shelf.upload(slow, by="manager")
    report = await replay()

    assert (report.frames, report.unread) == (3, 1)
    assert rows(database, STATES) == [("occupied",), ("occupied",), ("free",)]
