"""The register on the real web server: a file makes places that are live at once, and an installer moves a sensor."""

import json
from datetime import timedelta

import httpx
import pytest

from domain.api_keys import Scope
from tests.conftest import until
from tests.e2e.conftest import logged_in, uplink

SENSOR, MODEL = "70b3d50000000001", "bosch-tps110"
CSV = (
    "record,id,site,name,kind,category,locality,lon,lat,model,device,asset\n"
    "site,yard,,Mill Yard,car_park,,Grays,0.325,51.475,,,\n"
    "asset,bay-1,yard,Bay 1,bay,general,,0.325,51.475,,,\n"
    "asset,bay-2,yard,Bay 2,bay,general,,0.326,51.475,,,\n"
    f"device,{SENSOR},,,,,,,,{MODEL},,\n"
    f"installation,,,,,,,,,,{SENSOR},bay-1\n"
)

pytestmark = [pytest.mark.e2e, pytest.mark.db]


@pytest.fixture(scope="module")
def platform(module_platform):
    return module_platform


@pytest.fixture(scope="module")
def key(platform):
    return platform.new_key(Scope.REGISTRY, Scope.INGEST)


@pytest.fixture
def client(platform, serve, key):
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=platform.url, headers=headers, timeout=20) as client:
        yield client


def states(client):
    return {bay["id"]: bay["state"] for bay in client.get("/v1/bays").json()["bays"]}


def test_from_a_file_to_a_moved_sensor_and_back(platform, client):
    # More than other bodies may have: a file is no message.
    padded = CSV + "\n" * 100_000
    made = client.post("/v1/registry/imports?name=yard.csv", content=padded).json()
    assert (made["added"], made["change_set"]) == (5, 1)
    until(lambda: states(client) == {"bay-1": "unknown", "bay-2": "unknown"}, what="two bays")

    def push(f_cnt):
        frame = uplink(SENSOR, MODEL, f_cnt, 1, b"\x01", age=timedelta()).payload
        return client.post("/v1/ingest/chirpstack", content=frame).json()["status"]

    assert push(1) == "stored"
    until(lambda: states(client)["bay-1"] == "occupied", what="a bay that is taken")

    with logged_in(platform.url) as manager:
        page = manager.get("/manage/install", params={"device": SENSOR.upper()}).text
        assert "Occupied: Yes" in page
        form = {"device": SENSOR, "site": "yard", "asset": "bay-2", "debounce_s": "5"}
        assert manager.post("/manage/install", data=form).status_code == 303
        assert "bay-2" in manager.get(f"/manage/devices/{SENSOR}").text
        report = json.loads(manager.get(f"/manage/devices/{SENSOR}/report").content)
        assert [frame["f_cnt"] for frame in report["frames"]] == [1]

    # What it says from now on is of the other bay; what it said stays where it was.
    assert push(2) == "stored"
    until(lambda: states(client)["bay-2"] == "occupied", what="the other bay taken")
    history = client.get("/v1/registry/installation").json()["records"]
    assert [(one["values"]["asset"], one["values"]["debounce_s"]) for one in history] == [("bay-1", None), ("bay-2", 5)]

    refused = client.post("/v1/registry/change-sets/1/undo")
    assert refused.status_code == 422
    assert {"has changed since", "was heard: its frames are kept", "has a history"} <= {
        error["message"].split(" ", 2)[2] for error in refused.json()["errors"]
    }
    assert client.post("/v1/registry/change-sets/2/undo").json()["change_set"] == 3
    [installation] = client.get("/v1/registry/installation").json()["records"]
    assert installation["values"]["ends_at"] is None
