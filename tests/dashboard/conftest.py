import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient

from dashboard.pages import Keeping, Watching, create_router
from dashboard.sessions import Login
from dashboard.static_files import HashedStaticFiles
from devices.catalogue import BY_KEY, silent_after
from devices.codec import decode
from domain.announcements import Policy
from domain.boards import Arrow, Board, BoardLine, Layout, LineMode
from domain.codec_scripts import (
    CodecActivation,
    CodecDraft,
    CodecVersion,
    DryRun,
    ExampleResult,
    TraceStep,
    Upload,
)
from domain.device_record import Day, DeviceRecord, HeardBy, KeptFrame
from domain.errors import UnknownCodecError
from domain.health import DeadLetter, DeviceHealth
from domain.history import HOURS_OF_A_WEEK
from domain.places import Asset, AssetKind, Category, Sign, Site, SiteKind
from domain.register_csv import read_register
from domain.register_plan import plan
from domain.security import SecurityRecord
from domain.sign_reports import Agreement, Heartbeat, Refusal, Report
from domain.snapshot import AssetStatus, Snapshot, build_snapshot
from domain.states import State
from domain.uplinks import Kind
from domain.usual import Usual, UsualWeeks
from signage.frames import Frames
from signage.kiosk import KioskPage
from signage.looks import Looks
from signage.player import FONTS_DIR, FONTS_URL, STATIC_URL, PlayerFiles
from tests.brute_history import BruteAsset, BruteHistory
from tests.command_book import MemoryCommands
from tests.memory_alarms import MemoryAlarms
from tests.memory_announcements import MemoryAnnouncements
from tests.memory_quality import MemoryQuality
from tests.memory_recounts import MemoryRecounts
from tests.memory_registry import MemoryRegistry
from tests.memory_sign_reports import MemoryReports
from tests.memory_sign_tokens import MemorySignTokens
from tests.memory_signs import MemorySigns

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


def _sign(sign_id: str, name: str, *lines: BoardLine, **board) -> Sign:
    made = Board(sign_id=sign_id, title=name, lines=lines, **board)
    return Sign(sign_id=sign_id, name=name, site_id="library", lon=0.71, lat=51.54, board=made)


SIGNS = [
    _sign(
        "west-approach",
        "Western approach",
        BoardLine(key="seafront", label="Seafront West", site_id="seafront-west", arrow=Arrow.LEFT),
        BoardLine(key="station", label="Station Road", site_id="station-road", arrow=Arrow.AHEAD),
        BoardLine(key="yard", label="Victoria Yard", site_id="victoria-yard", mode=LineMode.CLOSED),
    ),
    _sign(
        "library-totem",
        "Library",
        BoardLine(key="all", label="Library", site_id="library"),
        BoardLine(key="blue", label="Blue badge", site_id="library", category=Category.DISABLED),
        layout=Layout.TOTEM,
    ),
    _sign(
        "pier-paper",
        "Pier Gardens",
        BoardLine(key="street", label="High Street (north)", site_id="high-street-north"),
        layout=Layout.EPAPER,
    ),
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
    line = BoardLine(key="all", label="Library", site_id="library")
    board = Board(sign_id="harbour-road", title="Harbour Road", lines=(line,), languages=("en", "cy"))
    sign = Sign(sign_id="harbour-road", name="Harbour Road", site_id="library", lon=0.7, lat=51.54, board=board)
    return build_snapshot(revision=41, as_of=clock(), sites=sites, statuses=statuses, signs=[*SIGNS, sign])


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


class FakeCodecs:
    """One codec of two versions, and a note of what was asked; `answer` and `run` are what is told next."""

    def __init__(self, draft: CodecDraft, now: datetime) -> None:
        self.versions = [
            CodecVersion(
                draft=replace(draft, source=draft.source + f"// {number} <b>&"),
                version=number,
                module=number == 2,
                fresh=False,
                engine="quickjs-ng 0",
                created_at=now - timedelta(days=3 - number),
                created_by="manager",
                is_active=number == 2,
            )
            for number in (2, 1)
        ]
        self.asked: list[tuple] = []
        result = ExampleResult(number=1, description="a car arrives", differences=())
        self.answer = Upload(version=3, problems=(), examples=(result,))
        self.run = DryRun(
            model="acme-bay",
            version=2,
            kind=Kind.EVENT,
            measurements={"occupied": True},
            output={"data": {"state": "taken<"}},
            trace=(TraceStep(path="state", key="occupied", found="taken<", made=True, problem=""),),
            warnings=("battery low",),
            console=("bytes 2",),
            problems=(),
        )

    async def all(self) -> list[CodecVersion]:
        return self.versions

    async def version(self, model: str, version: int | None = None) -> CodecVersion:
        for codec in self.versions:
            if codec.draft.model == model and version in (codec.version, None):
                return codec
        raise UnknownCodecError(model, version)

    async def activations(self, model: str) -> list[CodecActivation]:
        at = self.versions[0].created_at
        return [CodecActivation(model=model, version=2, activated_at=at, activated_by="manager")]

    async def upload(self, draft: CodecDraft, *, by: str, dry_run: bool = False) -> Upload:
        self.asked.append((draft, by, dry_run))
        return replace(self.answer, version=None) if dry_run else self.answer

    async def activate(self, model: str, version: int, *, by: str) -> None:
        await self.version(model, version)
        self.asked.append((model, version, by))

    async def try_out(self, model: str, version: int | None, *, f_port: int, payload: bytes, at: datetime) -> DryRun:
        self.asked.append((model, version, f_port, payload, at))
        return self.run


@pytest.fixture
def codecs(acme, clock) -> FakeCodecs:
    return FakeCodecs(acme, clock())


class FakeRecords:
    """The devices of the inspection, some with frames."""

    def __init__(self, inspection: FakeInspection, clock: FakeClock) -> None:
        self.inspection = inspection
        self.clock = clock
        # What a device measured, the newest first, instead of what the others say.
        self.distances_mm: dict[str, list[int]] = {}
        self.retold: set[str] = set()

    def _frames(self, device_id: str, most: int) -> tuple[KeptFrame, ...]:
        now = self.clock()
        if device_id in self.distances_mm:
            told = [mm.to_bytes(2, "little") for mm in self.distances_mm[device_id]]
            more = {"codec": "milesight-em310-udl", "f_port": 85}
            return tuple(kept_frame(now, number, payload=b"\x03\x82" + mm, **more) for number, mm in enumerate(told))
        return tuple(kept_frame(now, number) for number in range(min(most, 30)))

    async def device_record(self, device_id: str, *, frames: int, days: int) -> DeviceRecord | None:
        health = next((one for one in self.inspection.devices if one.device_id == device_id), None)
        if health is None:
            return None
        if health.heard_at is None:
            nothing = {"frames": (), "days": (), "charges": (), "volts": ()}
            return DeviceRecord(health=health, silent_after=timedelta(hours=60), newest_startup=None, **nothing)
        now = self.clock()
        moments = [now - timedelta(days=days - 1 - day) for day in range(days)]
        return DeviceRecord(
            health=health,
            silent_after=timedelta(hours=60),
            frames=self._frames(device_id, frames),
            is_retold=device_id in self.retold,
            gateways=tuple(
                HeardBy(
                    gateway_id=f"0016c001f153a14{number}",
                    frames=900 - number,
                    heard_at=now - timedelta(seconds=12 + number),
                    rssi_dbm=-97.0 - number,
                    snr_db=None if number else 7.25,
                    mean_rssi_dbm=-99.4,
                    mean_snr_db=-0.6,
                )
                for number in range(2)
            ),
            newest_startup=kept_frame(now, 99, f_port=3, payload=bytes(12) + b"\x00\x1d\x02\x01\x00", kind="startup"),
            days=tuple(
                Day(day=moment, frames=24 + number % 3, rssi_dbm=-97.0 - number / 7, snr_db=7.0)
                for number, moment in enumerate(moments)
            ),
            charges=tuple((moment, 83.0 + (days - 1 - number) * 0.1) for number, moment in enumerate(moments)),
            volts=(),
        )


def kept_frame(now: datetime, number: int, **more) -> KeptFrame:
    observed_at = now - timedelta(hours=number, seconds=12)
    given = {
        "received_at": observed_at + timedelta(seconds=2),
        "observed_at": observed_at,
        "time_source": "device",
        "network": "chirpstack",
        "session": "01020304",
        "f_cnt": 100 - number,
        "f_port": 1,
        "payload": b"\x01",
        "rssi_dbm": -97.0,
        "snr_db": 7.5,
        "gateway_count": 2,
        "codec": "bosch-tps110",
        "codec_version": 1,
        "kind": "event",
    }
    given |= more
    model = BY_KEY[given["codec"]]
    return KeptFrame(**given, meaning=decode(model, given["f_port"], given["payload"]))


REGISTER_CSV = """record,id,site,zone,name,kind,category,locality,lon,lat,model,device,asset
site,library,,,Library,car_park,,Southend-on-Sea,0.71,51.54,,,
site,pier-gardens,,,Pier Gardens,park,,Southend-on-Sea,0.72,51.53,,,
zone,library-roof,library,,Roof,,,,,,,,
asset,library-bay-001,library,library-roof,Bay 1,bay,general,,0.71001,51.54,,,
asset,library-bay-002,library,,Bay 2,bay,disabled,,0.71002,51.54,,,
asset,library-bay-010,library,,Bay 10,bay,general,,0.7101,51.54,,,
asset,pier-bench-1,pier-gardens,,<b>Bench</b> 1,bench,,,0.72,51.53,,,
device,70b3d5e75e000001,,,,,,,,,bosch-tps110,,
device,70b3d5e75e000002,,,,,,,,,milesight-vs340,,
installation,,,,,,,,,,,70b3d5e75e000001,library-bay-001
installation,,,,,,,,,,,70b3d5e75e000002,library-bay-002
"""


@pytest.fixture
def registry(clock) -> MemoryRegistry:
    made = MemoryRegistry(clock)
    entries = read_register(REGISTER_CSV.encode(), silent_after=silent_after).entries
    made.make(plan(made.register, entries, at=clock()), "manager", "places.csv")
    return made


@pytest.fixture
def records(inspection, clock) -> FakeRecords:
    return FakeRecords(inspection, clock)


@pytest.fixture
def signs(live, clock) -> MemorySigns:
    return MemorySigns(live, clock)


@pytest.fixture
def sign_reports(clock) -> MemoryReports:
    """One screen has reported, and refused something."""
    reports = MemoryReports()
    said = Heartbeat(
        sign_id="west-approach",
        received_at=clock(),
        interval=timedelta(seconds=30),
        frame_id="a" * 32,
        player="smartplace-kiosk",
        refused={Refusal.EXPIRED: 1},
    )
    reports.kept[said.sign_id] = Report(
        heartbeat=said, agreement=Agreement.SAME, served_frame_id="a" * 32, differs_since=None, refused_at=clock()
    )
    return reports


@pytest.fixture(scope="session")
def kiosk() -> KioskPage:
    return KioskPage("Southend smart places")


@pytest.fixture
def keeping(registry, records, live, signs, sign_reports, clock, acme, kiosk) -> Keeping:
    def silence_of(model: str) -> timedelta:
        return acme.silent_after if model == acme.model else silent_after(model)

    frames = Frames(now=clock, validity=timedelta(seconds=60))
    return Keeping(
        registry=registry,
        records=records,
        silent_after=silence_of,
        signs=signs,
        looks=Looks(live, frames, kiosk),
        sign_reports=sign_reports,
    )


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
def alarms(clock) -> MemoryAlarms:
    return MemoryAlarms(clock)


@pytest.fixture
def sign_tokens(clock) -> MemorySignTokens:
    return MemorySignTokens(clock)


@pytest.fixture
def announcements(clock, live) -> MemoryAnnouncements:
    return MemoryAnnouncements(clock, lambda: live.snapshot, Policy())


@pytest.fixture
def quality() -> MemoryQuality:
    return MemoryQuality()


FREE, TAKEN, SILENT = ("free", 0, "observed"), ("occupied", 1, "observed"), ("unknown", 0, "observed")


@pytest.fixture
def recounts(clock) -> MemoryRecounts:
    return MemoryRecounts(clock)


@cache
def bays_of_30_hours() -> tuple[BruteAsset, ...]:
    """Four bays of the library: one busy, one idle, one accessible, one silent."""

    def bay(number: int, hours: list, **more) -> BruteAsset:
        moments = [hour for hour in hours for _ in range(3600)]
        changes = [
            (second, moments[second][1], 1 - moments[second][1])
            for second in range(3600, len(moments), 3600)
            if {moments[second], moments[second - 1]} == {FREE, TAKEN}
        ]
        named = {"asset_id": f"library-{number}", "name": f"Bay {number}", "site": "library"}
        return BruteAsset(**named | {"moments": moments, "changes": changes} | more)

    return (
        bay(1, [TAKEN, TAKEN, TAKEN, FREE] * 8, limit_s=5400, zone="row-a"),
        bay(2, [FREE] * 32, zone="row-a"),
        bay(3, [FREE, TAKEN] * 16, category="disabled", zone="row-b"),
        bay(4, [FREE] * 4 + [SILENT] * 28, zone="row-b"),
    )


@pytest.fixture
def history(clock) -> BruteHistory:
    """The last 30 hours."""
    bays = map(replace, bays_of_30_hours())
    return BruteHistory(clock() - timedelta(hours=30), bays, clock(), site_names={"library": "Library"})


@pytest.fixture
def usual() -> UsualWeeks:
    """The library on Mondays: from six to ten in the evening, busiest at eleven; nothing else is known."""
    monday = [Usual(share_free=abs(11 - hour) / 20, weeks=4) if 6 <= hour < 22 else None for hour in range(24)]
    return UsualWeeks({("library", None): [*monday, *[None] * (HOURS_OF_A_WEEK - 24)]})


@pytest.fixture
def watching(inspection, alarms, quality, recounts, sign_tokens, announcements, history, usual) -> Watching:
    return Watching(
        inspection=inspection,
        alarms=alarms,
        quality=quality,
        recounts=recounts,
        sign_tokens=sign_tokens,
        announcements=announcements,
        history=history,
        usual=usual,
    )


def build_app(**given) -> FastAPI:
    """The pages beside a piece of the API, as the real application has them."""
    app = FastAPI(docs_url=None, redoc_url=None, title="Smart places", description="Open data.")
    app.include_router(create_router(**({"organisation": "Southend smart places"} | given)))
    app.mount("/static", HashedStaticFiles())
    app.mount(STATIC_URL, PlayerFiles())
    app.mount(FONTS_URL, StaticFiles(directory=FONTS_DIR))

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


@pytest.fixture
def parts(live, watching, codecs, keeping, book, clock, login) -> dict[str, object]:
    """What an application of this test opens into."""
    given = {"live": live, "watching": watching, "codecs": codecs, "keeping": keeping, "commands": book}
    return given | {"now": clock, "login": login}


@pytest.fixture
def make_app(parts) -> Callable[..., FastAPI]:
    """Makes an application of this test's own."""
    return lambda **more: build_app(**parts | more)


class Door:
    """Stands for what the running test has behind it."""

    def __init__(self) -> None:
        self.behind = None

    def __getattr__(self, name: str) -> object:
        return getattr(self.behind, name)

    def __call__(self, *given: object, **named: object) -> object:
        return self.behind(*given, **named)


class SharedApp:
    """One application for all tests: to make its dozens of routes takes longer than to ask one of them."""

    def __init__(self) -> None:
        self._doors = {name: Door() for name in ("live", "codecs", "commands", "now", "login")}
        self._groups = {
            name: group(**{door.name: Door() for door in fields(group)})
            for name, group in (("watching", Watching), ("keeping", Keeping))
        }
        self.app = build_app(**self._doors, **self._groups)

    def open_into(self, parts: dict[str, object]) -> FastAPI:
        """From now on it shows what these are."""
        for name, door in self._doors.items():
            door.behind = parts[name]
        for name, group in self._groups.items():
            for door in fields(group):
                getattr(group, door.name).behind = getattr(parts[name], door.name)
        return self.app


@pytest.fixture(scope="session")
def shared_app() -> SharedApp:
    return SharedApp()


@pytest.fixture
def client(shared_app, parts) -> TestClient:
    """A browser at the shared application: what the application itself remembers is not for tests to change."""
    return TestClient(shared_app.open_into(parts), base_url="https://testserver", follow_redirects=False)


@pytest.fixture
def manager(client) -> TestClient:
    client.post("/manage/login", data={"username": "manager", "password": PASSWORD})
    return client
