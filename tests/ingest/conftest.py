"""Deliveries, and fakes of both ends of the pipeline that behave like the real ones."""

import asyncio
import base64
import json
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace

import httpx
import pytest

from api.app import create_app
from domain.errors import StoreRefusedError, StoreUnavailableError
from domain.snapshot import build_snapshot
from domain.uplinks import Stored
from ingest import pipeline as pipeline_module
from ingest.flood import FloodGate
from ingest.http import create_router
from ingest.http_source import HttpSource
from ingest.pipeline import Pipeline
from ingest.source import Delivery, Token

OPEN_GATE = FloodGate(per_minute=1_000_000, burst=10_000_000)
BAY = "70b3d50000000001"
PUSH_KEY = {"Authorization": "Bearer sp_good"}
UP_TOPIC = f"application/0f9d5c2e-6a1b-4c6e-9d4b-3f1f4e2a7b11/device/{BAY}/event/up"


def up_event(**changes):
    """A ChirpStack v4 `up` event; None removes a key."""
    event = {
        "deduplicationId": "57433366-50a6-4dc2-8145-2df1bbc70d9e",
        "time": "2026-11-20T12:00:00.250000000+00:00",
        "deviceInfo": {"devEui": BAY, "applicationId": "0f9d5c2e-6a1b-4c6e-9d4b-3f1f4e2a7b11", "tags": {}},
        "devAddr": "01020304",
        "adr": True,
        "dr": 5,
        "fCnt": 12,
        "fPort": 1,
        "confirmed": False,
        "data": base64.b64encode(b"\x01").decode(),
        "rxInfo": [
            {
                "gatewayId": "0016c001f153a14c",
                "gwTime": "2026-11-20T11:59:59.123456789+00:00",
                "rssi": -101,
                "snr": -3.5,
            },
            {"gatewayId": "0016c001f153a14d", "rssi": -80},
        ],
        "txInfo": {"frequency": 868100000},
        "regionConfigId": "eu868",
        **changes,
    }
    return json.dumps({key: value for key, value in event.items() if value is not None}).encode()


@pytest.fixture
def delivery(noon):
    def make(payload=None, *, topic=UP_TOPIC, retained=False, redelivered=False):
        token = Token()
        return Delivery(
            topic=topic,
            payload=up_event() if payload is None else payload,
            retained=retained,
            received_at=noon + timedelta(seconds=1),
            token=token,
            redelivered=redelivered,
        )

    return make


class MemorySink:
    """Keeps batches as the store does; refuses rows that `poison` names, is away for the next `outages` calls."""

    def __init__(self, models):
        self.models = dict(models)
        self.installed_later = {}
        self.batches = []
        self.dead = []
        self.kept = {}
        self.notices = []
        self.outages = 0
        self.poison = set()
        self.ticks = []
        self.suspects = set()
        self.refuses_letters = 0

    def model_of(self, device_id):
        return self.models.get(device_id)

    async def refresh(self):
        self._away()
        self.models |= self.installed_later

    async def write(self, accepted, rejected, *, notices=()):
        self._away()
        if any(frame.uplink.f_cnt in self.poison for frame in accepted):
            raise StoreRefusedError("value out of range")
        if rejected and self.refuses_letters:
            self.refuses_letters -= 1
            raise StoreRefusedError("not this text")
        self.batches.append(len(accepted) + len(rejected))
        fresh = {(f.uplink.device_id, f.uplink.session, f.uplink.f_cnt, f.uplink.payload): f for f in accepted}
        new = fresh.keys() - self.kept.keys()
        self.kept |= fresh
        self.dead += rejected
        self.notices += notices
        return Stored(
            notices=len(notices), kept=len(new), duplicates=len(accepted) - len(new), dead_letters=len(rejected)
        )

    async def tick(self, *, as_of):
        self._away()
        self.ticks.append(as_of)
        return len(self.ticks)

    async def forget_frames(self, *, before):
        self._away()

    async def noted(self, message_keys):
        self._away()
        return self.suspects & set(message_keys)

    async def note(self, message_keys):
        self._away()
        self.suspects |= set(message_keys)

    async def acquit(self, message_keys):
        self._away()
        assert self.suspects >= set(message_keys)
        self.suspects -= set(message_keys)

    def _away(self):
        if self.outages:
            self.outages -= 1
            raise StoreUnavailableError("the connection was reset")


class MemorySource:
    """Remembers what was acknowledged."""

    def __init__(self):
        self.ready = True
        self.acknowledged = []

    async def batch(self, *, most, linger_s):
        raise AssertionError("not asked for in these tests")

    def acknowledge(self, token, letter=None):
        # As the real ones: the second time nothing happens.
        if token not in self.acknowledged:
            self.acknowledged.append(token)


@pytest.fixture
def sink():
    return MemorySink({BAY: "bosch-tps110"})


@pytest.fixture
def source():
    return MemorySource()


@pytest.fixture
def event():
    return up_event


async def scopes_of(key):
    return {"sp_good": frozenset({"ingest"}), "sp_other": frozenset({"read"})}.get(key)


class Door:
    """An application with only this door, and how to knock."""

    def __init__(self, source, scopes, noon):
        self.source = source
        live = SimpleNamespace(snapshot=build_snapshot(revision=0, as_of=noon, sites=[], statuses=[], signs=[]))
        self.app = create_app(
            live=live,
            now=lambda: noon,
            organisation="Test",
            version="1",
            look=list,
            routers=[create_router(source, scopes)],
        )
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://test")

    async def post(self, path, body=b"", *, headers=PUSH_KEY):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post(path, content=content, headers=headers)


@pytest.fixture
def open_door(sink, noon, monkeypatch):
    """`async with open_door(patience_s=1) as door`: the pipeline runs, unless it is told not to."""
    monkeypatch.setattr(pipeline_module, "_BACKOFF_S", (0, 0.01))
    sink.models["bench-green-1"] = "smartplace-bench"

    @asynccontextmanager
    async def open_it(*, keeping=True, scopes=scopes_of, **limits):
        source = HttpSource(now=lambda: noon, **limits)
        door = Door(source, scopes, noon)
        pipeline = Pipeline(
            source,
            sink,
            gate=FloodGate(per_minute=1_000_000, burst=10_000_000),
            now=lambda: noon,
            batch_rows=100,
            linger_s=0,
        )
        task = asyncio.create_task(pipeline.run()) if keeping else None
        try:
            yield door
        finally:
            if task:
                task.cancel()
            await door.client.aclose()

    return open_it


@asynccontextmanager
async def running(source):
    """A source that is at work, and ready."""
    work = asyncio.create_task(source.run())
    try:
        async with asyncio.timeout(20):
            while not source.ready:
                await asyncio.sleep(0.01)
        yield source
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
