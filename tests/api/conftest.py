"""Boroughs of any state, a Live that tests publish to, and readers of the event stream."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.testclient import TestClient

from api.app import create_app
from api.routes.health import looker
from domain.places import Asset, AssetKind, Category, Site, SiteKind
from domain.snapshot import AssetStatus, Snapshot, build_snapshot
from domain.states import State

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SITES = ("mill-yard", "the-green")


class MemoryLive:
    """What `domain.live.Live` promises, plus `publish`, `close` and the number of followers."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.closed = False
        self.followers = 0
        self._news = asyncio.Event()

    def publish(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._wake()

    def close(self) -> None:
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def follow(self):
        self.followers += 1
        try:
            while not self.closed:
                news = self._news
                yield self.snapshot
                await news.wait()
        finally:
            self.followers -= 1


def build(assets=(), *, revision=7, as_of=NOON, heard_at=NOON - timedelta(seconds=30)) -> Snapshot:
    """A snapshot from (site, category or None for a bench, state) triples; ids are counted."""
    sites = [
        Site(site_id=key, name=key.title(), kind=SiteKind.CAR_PARK, locality="Grays", lon=0.325, lat=51.475)
        for key in SITES
    ]
    statuses = [
        AssetStatus(
            asset=Asset(
                asset_id=f"asset-{number:04}",
                site_id=site,
                kind=AssetKind.BENCH if category is None else AssetKind.BAY,
                name=f"Number {number}",
                category=category,
                lon=0.325 + number / 10_000,
                lat=51.475,
            ),
            state=state,
            since=heard_at,
            heard_at=heard_at,
        )
        for number, (site, category, state) in enumerate(assets)
    ]
    return build_snapshot(revision=revision, as_of=as_of, sites=sites, statuses=statuses, signs=[])


EIGHT = [
    ("mill-yard", Category.GENERAL, State.FREE),
    ("mill-yard", Category.GENERAL, State.FREE),
    ("mill-yard", Category.GENERAL, State.OCCUPIED),
    ("mill-yard", Category.DISABLED, State.UNKNOWN),
    ("mill-yard", Category.DISABLED, State.CLOSED),
    ("mill-yard", Category.EV, State.FREE),
    ("the-green", None, State.OCCUPIED),
    ("the-green", None, State.FREE),
]


class Stream:
    """One open event stream, without a socket between."""

    def __init__(self, app: FastAPI, path: str) -> None:
        self._chunks = asyncio.Queue()
        self._left = asyncio.Event()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "scheme": "http",
            "query_string": b"",
            "headers": [],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
        }
        self.answering = asyncio.create_task(app(scope, self._receive, self._chunks.put))

    async def _receive(self):
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def start(self):
        """The status and the headers."""
        start = await self._chunks.get()
        return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}

    async def event(self):
        """The next event as (name, id, data), or None where the stream ended."""
        while chunk := (await asyncio.wait_for(self._chunks.get(), 5))["body"].decode():
            lines = dict(line.split(": ", 1) for line in chunk.strip().split("\n"))
            if "event" in lines:
                return lines["event"], int(lines["id"]), json.loads(lines["data"])
        return None

    async def leave(self):
        self._left.set()
        await asyncio.wait_for(self.answering, 5)


@pytest.fixture
def make_borough():
    """`make_borough([("mill-yard", Category.EV, State.FREE), ...], revision=8)`."""
    return build


@pytest.fixture
def borough():
    """Six bays of three categories at Mill Yard, two benches at The Green; revision 7."""
    return build(EIGHT)


@pytest.fixture
def live(borough):
    return MemoryLive(borough)


@pytest.fixture
def make_app():
    """The application over a snapshot or a live one."""

    def make(live, *, now=lambda: NOON, others=tuple, **more):
        live = MemoryLive(live) if isinstance(live, Snapshot) else live
        settings = {"organisation": "Test", "version": "1.2.3"}
        look = looker(live, now, stale_after=timedelta(seconds=60), others=others)
        return create_app(live=live, now=now, look=look, **{**settings, **more})

    return make


@pytest.fixture
def app(make_app, live):
    return make_app(live, problem_page=lambda status, title, sentence: HTMLResponse(f"{title}: {sentence}", status))


@pytest.fixture
def client(app):
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def follow(app):
    """`async with follow() as stream`; another application may be given."""

    @asynccontextmanager
    async def open_stream(other=None):
        stream = Stream(other or app, "/v1/events")
        try:
            yield stream
        finally:
            await stream.leave()

    return open_stream
