import asyncio
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from dashboard.pages import create_router
from dashboard.sessions import Login
from dashboard.static_files import HashedStaticFiles
from domain.health import DeadLetter, DeviceHealth
from domain.places import Asset, AssetKind, Category, Site, SiteKind
from domain.security import SecurityRecord
from domain.snapshot import AssetStatus, Snapshot, build_snapshot
from domain.states import State
from tests.command_book import MemoryCommands

PASSWORD = "correct horse battery"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SITES = [
    ("seafront-west", "Seafront West", SiteKind.CAR_PARK, "Westcliff-on-Sea", 60, 0.45),
    ("station-road", "Station Road", SiteKind.CAR_PARK, "Southend-on-Sea", 40, 0.05),
    ("library", "Library", SiteKind.CAR_PARK, "Southend-on-Sea", 24, 0.0),
    ("cliff-parade", "Cliff Parade", SiteKind.STREET, "Leigh-on-Sea", 18, 0.6),
    ("high-street-north", "High Street (north)", SiteKind.STREET, "Southend-on-Sea", 12, None),
    ("victoria-yard", "Victoria Yard", SiteKind.CAR_PARK, "Prittlewell", 10, "closed"),
    ("pier-gardens", "Pier Gardens", SiteKind.PARK, "Southend-on-Sea", 0, 0.5),
]


class FakeClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 7, 1, 13, 30, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **amount: float) -> None:
        self.moment += timedelta(**amount)


class FakeLive:
    """Holds a snapshot that tests replace; `endless` streams wait for the next one."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.endless = False

    async def follow(self) -> AsyncIterator[Snapshot]:
        sent = None
        while True:
            if self.snapshot is not sent:
                sent = self.snapshot
                yield sent
            elif not self.endless:
                return
            await asyncio.sleep(0.02)


class FakeInspection:
    """The devices and dead letters that tests put in."""

    def __init__(self, devices: list[DeviceHealth], letters: list[DeadLetter]) -> None:
        self.devices = devices
        self.letters = letters
        self.records: list[SecurityRecord] = []
        self.failure: Exception | None = None

    async def device_health(self) -> list[DeviceHealth]:
        if self.failure:
            raise self.failure
        return self.devices

    async def dead_letters(self, *, before_id: int | None, limit: int) -> list[DeadLetter]:
        wanted = [a for a in self.letters if before_id is None or a.dead_letter_id < before_id]
        return sorted(wanted, key=lambda letter: -letter.dead_letter_id)[:limit]

    async def security_records(self, *, limit: int) -> list[SecurityRecord]:
        return self.records[:limit]

    async def dead_letter_counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for letter in self.letters:
            counts[letter.reason] = counts.get(letter.reason, 0) + letter.times
        return counts


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_site() -> Callable[..., Site]:
    def make(site_id: str = "library", name: str = "Library", **more) -> Site:
        given = {"kind": SiteKind.CAR_PARK, "locality": "Southend-on-Sea", "lon": 0.71, "lat": 51.54} | more
        return Site(site_id=site_id, name=name, **given)

    return make


@pytest.fixture
def make_bay(clock) -> Callable[..., AssetStatus]:
    def make(number: int, state: State, category: Category | None = Category.GENERAL, **more) -> AssetStatus:
        site_id = more.pop("site_id", "library")
        kind = AssetKind.BENCH if category is None else AssetKind.BAY
        given = {"name": f"{kind.title()} {number}", "lon": 0.71 + number * 4e-5, "lat": 51.54} | more
        asset = Asset(asset_id=f"{site_id}-{kind}-{number:03}", site_id=site_id, kind=kind, category=category, **given)
        heard_at = clock() - timedelta(seconds=12 + number)
        return AssetStatus(asset=asset, state=state, since=heard_at - timedelta(minutes=number), heard_at=heard_at)

    return make


def _state(dice: random.Random, share: float | str | None) -> State:
    if share == "closed":
        return State.CLOSED
    if share is None:
        return State.UNKNOWN
    if dice.random() < 0.05 and share:
        return State.UNKNOWN
    return State.FREE if dice.random() < share else State.OCCUPIED


@pytest.fixture
def borough(clock, make_site, make_bay) -> Snapshot:
    dice = random.Random(7)
    sites, statuses = [], []
    extra = [Category.DISABLED, Category.EV, Category.PARENT, Category.MOTORCYCLE]
    for index, (site_id, name, kind, locality, bays, share) in enumerate(SITES):
        lon, lat = 0.68 + index * 0.01, 51.535 + index * 0.002
        sites.append(make_site(site_id, name, kind=kind, locality=locality, lon=lon, lat=lat, simulated=index == 0))
        across = 15 if kind is SiteKind.CAR_PARK else 30
        for number in range(bays):
            category = extra[number % 4] if number < bays // 5 else Category.GENERAL
            spot = {"lon": lon + number % across * 4e-5, "lat": lat + number // across * 8e-5}
            statuses.append(make_bay(number, _state(dice, share), category, site_id=site_id, **spot))
        if kind is SiteKind.PARK:
            for number in range(8):
                spot = {"lon": lon + dice.random() * 0.001, "lat": lat + dice.random() * 0.0004}
                state = State.OCCUPIED if number % 3 == 0 else State.FREE
                statuses.append(make_bay(number, state, None, site_id=site_id, **spot))
    return build_snapshot(revision=41, as_of=clock(), sites=sites, statuses=statuses, signs=[])


@pytest.fixture
def make_device(clock) -> Callable[..., DeviceHealth]:
    def make(number: int, **more) -> DeviceHealth:
        given = {
            "device_id": f"70b3d5e75e{number:06x}",
            "model": "bosch-tps110" if number % 2 else "milesight-vs340",
            "asset_id": f"library-bay-{number:03}",
            "asset_kind": AssetKind.BAY,
            "asset_name": f"Bay {number}",
            "site_id": "library",
            "site_name": "Library",
            "state": State.FREE,
            "heard_at": clock() - timedelta(minutes=number % 50),
            "silent_at": clock() + timedelta(hours=2),
            "battery_percent": 83.0,
            "battery_volts": None,
            "battery_low": False,
            "fault": False,
            "tamper": False,
            "rssi_dbm": -97.0,
            "snr_db": 7.5,
            "frames_24h": 96,
        }
        return DeviceHealth(**(given | more))

    return make


@pytest.fixture
def inspection(clock, make_device) -> FakeInspection:
    devices = [make_device(number) for number in range(1, 230)]
    devices.append(make_device(901, silent_at=clock() - timedelta(hours=1), heard_at=clock() - timedelta(hours=30)))
    devices.append(make_device(902, battery_percent=9.0, tamper=True))
    devices.append(make_device(903, battery_percent=None, battery_volts=2.71, battery_low=True, rssi_dbm=None))
    devices.append(make_device(904, heard_at=None, state=None, battery_percent=None, snr_db=None, rssi_dbm=None))
    devices.append(make_device(905, asset_id=None, asset_kind=None, asset_name=None, site_id=None, site_name=None))
    reasons = ["not_json", "undecodable", "unknown_device", "undecodable"]
    letters = [
        DeadLetter(
            dead_letter_id=number,
            reason=reasons[number % 4],
            detail="bosch-tps110: fPort 3, 5 bytes: expected 1 byte, <b>not</b> 5",
            topic=f"application/7/device/70b3d5e75e{number:06x}/event/up",
            device_id=None if number % 4 == 0 else f"70b3d5e75e{number:06x}",
            payload=bytes(range(256)) * 2 if number % 3 else b'{"deviceInfo": <script>alert(1)</script>',
            first_at=clock() - timedelta(days=2, minutes=number),
            last_at=clock() - timedelta(hours=3) + timedelta(minutes=number),
            times=1 if number % 5 else 1234,
        )
        for number in range(1, 70)
    ]
    return FakeInspection(devices, letters)


@pytest.fixture
def login(clock) -> Login:
    return Login(username="manager", password=PASSWORD, session_key="k" * 40, secure_cookies=True, now=clock)


@pytest.fixture
def live(borough) -> FakeLive:
    return FakeLive(borough)


@pytest.fixture
def book(clock) -> MemoryCommands:
    return MemoryCommands(clock)


@pytest.fixture
def make_app(live, inspection, book, clock, login) -> Callable[..., FastAPI]:
    def make(**more) -> FastAPI:
        given = {
            "live": live,
            "inspection": inspection,
            "commands": book,
            "now": clock,
            "organisation": "Southend smart places",
        }
        app = FastAPI(docs_url=None, redoc_url=None, title="Smart places", description="Open data.")
        app.include_router(create_router(**({"login": login} | given | more)))
        app.mount("/static", HashedStaticFiles())

        @app.get("/v1/sites", tags=["places"])
        async def every_site_now(limit: int = 100) -> dict[str, int]:
            """Every site with its counts."""
            return {"revision": limit}

        @app.middleware("http")
        async def policy(request, call_next):
            response = await call_next(request)
            response.headers.setdefault("Content-Security-Policy", POLICY)
            return response

        return app

    return make


@pytest.fixture
def client(make_app) -> TestClient:
    return TestClient(make_app(), base_url="https://testserver", follow_redirects=False)


@pytest.fixture
def manager(client) -> TestClient:
    client.post("/manage/login", data={"username": "manager", "password": PASSWORD})
    return client
