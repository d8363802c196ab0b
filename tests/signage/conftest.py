"""A borough of two sites, a live fake that tests publish to, and a server that can be stopped."""

import asyncio
import contextlib
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from domain.boards import Arrow, Board, BoardLine
from domain.categories import Category
from domain.errors import UnknownPlaceError
from domain.places import Asset, AssetKind, Sign, Site, SiteKind
from domain.snapshot import AssetStatus, Snapshot, build_snapshot
from domain.states import State
from signage.credentials import Credentials
from signage.frames import Frames
from signage.player import FONTS_DIR, FONTS_URL, STATIC_URL, PlayerFiles
from signage.routes import create_router
from signage.served import ServedFrames
from smartplace.listener import Connection

NOW = datetime(2026, 3, 2, 14, 32, 10, tzinfo=UTC)
GRACE_S = 20
LETTERS = {"f": State.FREE, "o": State.OCCUPIED, "u": State.UNKNOWN, "c": State.CLOSED}


def site_status(site_id: str, letters: str, category: Category, heard_at: datetime) -> list[AssetStatus]:
    return [
        AssetStatus(
            asset=Asset(
                asset_id=f"{site_id}-{category}-{number}",
                site_id=site_id,
                kind=AssetKind.BAY,
                name=f"Bay {number}",
                category=category,
                lon=-1.47,
                lat=50.9,
            ),
            state=LETTERS[letter],
            since=heard_at,
            heard_at=heard_at,
        )
        for number, letter in enumerate(letters)
    ]


class FakeLive:
    """What `domain.live.Live` promises, plus `publish`, `close` and the number of followers."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.closed = False
        self.wakers = {}

    @property
    def followers(self) -> int:
        return len(self.wakers)

    def publish(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._wake()

    def close(self) -> None:
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        for event, loop in list(self.wakers.items()):
            loop.call_soon_threadsafe(event.set)

    async def follow(self):
        event, seen = asyncio.Event(), None
        self.wakers[event] = asyncio.get_running_loop()
        try:
            while not self.closed:
                event.clear()
                if self.snapshot is not seen:
                    seen = self.snapshot
                    yield seen
                else:
                    await event.wait()
        finally:
            del self.wakers[event]


class Served:
    """Uvicorn on a loopback port, in a thread, until `stop`. `http` is that of the real server."""

    def __init__(self, app: FastAPI, port: int = 0, http=Connection) -> None:
        self.socket = socket.create_server(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(app, log_level="warning", lifespan="off", http=http, timeout_graceful_shutdown=GRACE_S)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self.thread.start()

    def stop(self) -> float:
        """The seconds that it took to end."""
        began = time.monotonic()
        self.server.should_exit = True
        self.thread.join(2 * GRACE_S)
        assert not self.thread.is_alive()
        self.socket.close()
        return time.monotonic() - began


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def sign() -> Sign:
    return Sign(
        sign_id="harbour-road",
        name="Harbour Road",
        site_id="north",
        lon=-1.47,
        lat=50.9,
        board=Board(
            sign_id="harbour-road",
            title="Harbour Road",
            lines=(
                BoardLine(key="north", label="North car park", site_id="north", arrow=Arrow.LEFT),
                BoardLine(key="blue", label="Blue badge", site_id="north", category=Category.DISABLED),
                BoardLine(key="quay", label="Old Quay", site_id="quay", arrow=Arrow.AHEAD),
            ),
        ),
    )


@pytest.fixture
def borough(sign):
    """A snapshot from one letter per bay: free, occupied, unknown, closed."""

    def build(north="fffoo", *, blue="fo", quay="oooo", as_of=NOW, revision=7, signs=(sign,)) -> Snapshot:
        sites = [
            Site(site_id=i, name=n, kind=SiteKind.CAR_PARK, locality="Port", lon=-1.47, lat=50.9)
            for i, n in (("north", "North"), ("quay", "Old Quay"))
        ]
        statuses = [
            *site_status("north", north, Category.GENERAL, as_of - timedelta(seconds=30)),
            *site_status("north", blue, Category.DISABLED, as_of - timedelta(seconds=30)),
            *site_status("quay", quay, Category.GENERAL, as_of - timedelta(seconds=30)),
        ]
        return build_snapshot(revision=revision, as_of=as_of, sites=sites, statuses=statuses, signs=signs)

    return build


@pytest.fixture
def live(borough) -> FakeLive:
    return FakeLive(borough())


async def nobody(_):
    """Knows no key, and notes nothing."""


@pytest.fixture
def create_app():
    """An application like the real one: signs, their static files, errors translated."""

    def create(live, *, now, validity=timedelta(seconds=60), **options) -> FastAPI:
        app = FastAPI()
        frames = Frames(now=now, validity=validity)
        credentials = options.pop("credentials", None) or Credentials(nobody, notice=nobody, now=now)
        served = options.pop("served", None) or ServedFrames(lambda sign_id: frames.of(sign_id, live.snapshot))
        options |= {"frames": frames, "served": served, "credentials": credentials}
        router = create_router(live=live, organisation="Port Council", **options)
        app.include_router(router)
        app.mount(STATIC_URL, PlayerFiles())
        app.mount(FONTS_URL, StaticFiles(directory=FONTS_DIR))

        @app.exception_handler(UnknownPlaceError)
        async def unknown(request, error):
            return JSONResponse({"title": str(error)}, 404, media_type="application/problem+json")

        return app

    return create


@pytest.fixture
def serve(live):
    """Start servers; those still running stop with the test, as the real one does: snapshots first."""
    with contextlib.ExitStack() as stack:

        def start(app, port=0, **more) -> Served:
            served = Served(app, port, **more)
            stack.callback(served.stop)
            return served

        yield start
        live.close()


@pytest.fixture
def eventually():
    """Wait for something that another thread does."""

    def wait(true, seconds=30.0) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(0.01)

    return wait
