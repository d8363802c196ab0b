"""Every documented GET answers as its schema says, whatever is asked, and every count adds up, whatever was heard."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from domain.api_keys import Scope
from domain.ids import DeviceId
from domain.uplinks import Accepted, Decoded, Kind, Network, TimeSource, Uplink
from smartplace.settings import Settings
from smartplace.web import openapi_document
from store.api_keys import ApiKeys
from store.frames import FrameStore
from store.history.telling import History
from store.pool import open_pool
from tests.conftest import COUNTED_SITE, SMALL_BOROUGH, until

pytestmark = pytest.mark.e2e

HOMES = """
[[site]]
id = "back-lane"
name = "Back Lane"
kind = "street"
locality = "Grays"
ward = "Riverside"
lon = 0.34
lat = 51.48
[[site.bays]]
category = "disabled"
model = "bosch-tps110"
bay = [
  { id = "lane-1", lon = 0.3401, lat = 51.4801, device = "70b3d50000000011" },
  { id = "lane-home", lon = 0.3402, lat = 51.4801, device = "70b3d50000000012", home_linked = true },
]
"""
DEVICES = {
    **{f"70b3d500000000{n:02}": "occupied" for n in (1, 2, 3, 4, 11, 12)},
    "bench-green-1": "occupants",
    "count-quarry-1": "vehicles",
}
STATES = ("free", "occupied", "unknown", "closed")
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
# Events never end; those are read in tests/api/test_events.py and tests/signage/test_stream.py.
ENDLESS = "text/event-stream"
SAME_EVERY_TIME = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[*HealthCheck],
)


def accepted(at, number, device_id, said):
    """A frame of a device, heard when it was sent."""
    uplink = Uplink(
        device_id=DeviceId(device_id),
        network=Network.CHIRPSTACK,
        session="01020304",
        f_cnt=number,
        f_port=1,
        payload=repr(said).encode(),
        observed_at=at,
        time_source=TimeSource.GATEWAY,
        received_at=at,
        rssi_dbm=-97.0,
        snr_db=7.25,
        gateway_count=2,
    )
    decoded = Decoded(model="bosch-tps110", codec_version=1, kind=Kind.EVENT, measurements=said, raw={})
    return Accepted(uplink=uplink, decoded=decoded)


def heard(conninfo, words, closed=()):
    """Words of devices, `(seconds ago, device, number)`, and closures of assets, with the history that they make."""

    async def write():
        now = datetime.now(UTC).replace(microsecond=0)
        async with open_pool(conninfo, size=2) as pool:
            store = FrameStore(pool)
            await store.refresh()
            async with pool.connection() as connection:
                await connection.execute("DELETE FROM closure")
                for asset_id in closed:
                    await connection.execute(
                        "INSERT INTO closure (asset_key, begins_at, ends_at, reason)"
                        " SELECT asset_key, %s, NULL, 'Works' FROM asset WHERE asset_id = %s",
                        [now - timedelta(hours=1), asset_id],
                    )
            frames = []
            for age_s, device_id, number in words:
                said = number % 2 > 0 if DEVICES[device_id] == "occupied" else number
                name = {"vehicles": "vehicles_present"}.get(DEVICES[device_id], DEVICES[device_id])
                frames.append(accepted(now - timedelta(seconds=age_s), next_number(), device_id, {name: said}))
            await store.write(frames, [])
            await store.tick(as_of=now)
            await History(pool, now=lambda: now).catch_up()
            async with pool.connection() as connection:
                return (await (await connection.execute("SELECT revision FROM platform")).fetchone())["revision"]

    return asyncio.run(write())


_numbers = iter(range(1, 1_000_000))


def next_number():
    return next(_numbers)


@pytest.fixture(scope="module")
def platform(module_platform):
    module_platform.import_places(SMALL_BOROUGH + COUNTED_SITE + HOMES)
    module_platform.start("serve")
    words = [(age_s, device, n) for device in DEVICES for n, age_s in enumerate((90_000, 4000, 1800, 60))]
    heard(module_platform.conninfo, words, ["mill-yard-2"])
    until(lambda: answers(module_platform, "/v1/sites"), what="the web server")
    return module_platform


def answers(platform, path):
    try:
        return platform.get(path).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def key(platform):
    """A key that may read everything."""

    async def made():
        async with open_pool(platform.conninfo, size=1) as pool:
            keys = ApiKeys(pool, now=lambda: datetime.now(UTC))
            return (await keys.create(label="all", scopes=frozenset(Scope), lifetime=timedelta(days=1)))[0]

    return asyncio.run(made())


def counts_in(content_type, content):
    """Every object, and every line, of an answer."""
    form = content_type.partition(";")[0]
    if form == "text/csv":
        for line in csv.DictReader(io.StringIO(content.decode())):
            prefixes = {name.removesuffix("capacity") for name in line if name.endswith("capacity")}
            for prefix in prefixes:
                yield {name.removeprefix(prefix): int(value) for name, value in line.items()
                       if name.startswith(prefix) and value.isdigit()}  # fmt: skip
    elif form.endswith("json"):
        waiting = [json.loads(content)]
        while waiting:
            one = waiting.pop()
            if isinstance(one, dict):
                yield one
            waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else []


def check_counts(content_type, content):
    """They add up: live ones to the capacity, those of the past to capacity times seconds. How many there were."""
    found = 0
    for one in counts_in(content_type, content):
        if "capacity" in one and set(STATES) <= set(one):
            assert sum(one[state] for state in STATES) == one["capacity"], one
            found += 1
        if {"capacity", "seconds", *(f"{state}_s" for state in STATES)} <= set(one):
            assert sum(one[f"{state}_s"] for state in STATES) == one["capacity"] * one["seconds"], one
            found += 1
    return found


KNOWN = {
    "site_id": ["mill-yard", "quarry", "back-lane", "the-green"],
    "bay_id": ["mill-yard-1", "lane-home", "lane-1", "quarry-roof"],
    "sign_id": ["north"],
    "device_id": ["70b3d50000000001", "bench-green-1"],
    "site": ["mill-yard", "quarry", "back-lane"],
    "ward": ["Riverside"],
    "category": ["general", "disabled"],
    "last": ["2d", "36h", "1mo"],
    "from": ["2026-10-25", "2026-03-29T00:30:00+00:00"],
    "month": ["2026-10", "2031-01"],
}


def documented(document):
    """GETs that end."""
    for path, item in document["paths"].items():
        if "get" in item and ENDLESS not in item["get"]["responses"].get("200", {}).get("content", {}):
            yield path


DOCUMENT = openapi_document(Settings())
PATHS = sorted(documented(DOCUMENT))


@pytest.fixture(scope="module")
def schema(platform):
    """What the server says of itself."""
    document = platform.get("/openapi.json").json()
    assert document["paths"].keys() == DOCUMENT["paths"].keys()
    return schemathesis.openapi.from_dict(document)


def made_up(operation):
    """Questions as the schema allows them, and where it forbids anything, others."""
    allowed = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if not (operation.query or operation.path_parameters):
        return allowed
    return st.one_of(allowed, operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))


@pytest.mark.parametrize("path", PATHS)
def test_every_documented_answer_is_as_its_schema_says(platform, schema, key, path):
    operation = schema[path]["GET"]

    @settings(SAME_EVERY_TIME, max_examples=10)
    @given(case=made_up(operation), data=st.data())
    def ask(case, data):
        # What is made up is hardly ever the name of something.
        for part in (case.path_parameters or {}, case.query or {}):
            for name in sorted(set(part) & set(KNOWN)):
                if data.draw(st.integers(0, 3)):
                    part[name] = data.draw(st.sampled_from(KNOWN[name]))
        headers = {"Authorization": f"Bearer {key}"} if data.draw(st.integers(0, 3)) else {}
        answer = case.call(base_url=platform.url, headers=headers, timeout=20)
        case.validate_response(answer, checks=list(CHECKS))
        if answer.status_code == HTTPStatus.OK:
            check_counts(answer.headers.get("content-type", [""])[0], answer.content)

    ask()


def words():
    """What any of the devices says, in any order, up to two days ago."""
    return st.lists(
        st.tuples(st.integers(0, 170_000), st.sampled_from(sorted(DEVICES)), st.integers(0, 60)),
        min_size=1,
        max_size=25,
    )


CLOSED = st.sets(st.sampled_from(["mill-yard-1", "mill-yard-4", "quarry-level-1", "green-bench-1", "lane-home"]))
EVERYWHERE = (
    "/v1/sites", "/v1/sites/mill-yard", "/v1/sites/quarry", "/v1/sites/back-lane", "/v1/sites/the-green", "/v1/bays",
    "/v1/bays.geojson", "/v1/bays?state=free", "/v1/bays?category=disabled&limit=1", "/v1/benches",
    "/v1/benches.geojson?state=unknown", "/v1/areas", "/v1/areas?site=quarry",
    "/v1/history/sites/mill-yard?step=15m&last=2d", "/v1/history/sites/quarry.csv?step=1h&last=2d",
    "/v1/history/bays/mill-yard-1?last=2d", "/v1/history/series.csv?step=1d&last=1mo",
    "/v1/history/summary?by=bay&last=2d", "/v1/history/summary.csv?by=category&last=2d", "/v1/history/week?last=7d",
    "/v1/history/peaks?by=ward&last=2d", "/v1/history/compare.csv?by=site&last=1d", "/v1/history/compare?last=1d",
)  # fmt: skip


@settings(SAME_EVERY_TIME, max_examples=10)
@given(words=words(), closed=CLOSED)
def test_counts_add_up_whatever_was_heard(platform, words, closed):
    revision = heard(platform.conninfo, words, sorted(closed))
    with httpx.Client(base_url=platform.url, timeout=20) as client:
        until(lambda: client.get("/v1/sites").json()["revision"] >= revision, what=f"revision {revision}")
        for path in EVERYWHERE:
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.text)
            assert check_counts(answer.headers["content-type"], answer.content), path
        # A bay that belongs to one household is nowhere.
        assert client.get("/v1/sites/back-lane").json()["counts"]["capacity"] == 1
