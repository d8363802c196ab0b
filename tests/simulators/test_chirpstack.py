import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import catalogue
from devices.codec import decode, encode
from devices.octets import Encoded
from domain.ids import DeviceId
from domain.places import AssetKind, Device
from domain.uplinks import Kind
from simulators.chirpstack import NETWORK_DELAY, Node, up_event
from simulators.readings import BatterySensor
from simulators.spells import Spell

AT = datetime(2026, 3, 2, 9, 30, 1, 250_000, tzinfo=UTC)
NODE = Node(
    device=Device(
        device_id=DeviceId("5a00000102030405"), model="bosch-tps110", silent_after=timedelta(hours=60), asset_id=None
    ),
    model=catalogue.model("bosch-tps110"),
    dev_addr="01020304",
    spreading_factor=9,
)
KEYS = [
    "deduplicationId",
    "time",
    "deviceInfo",
    "devAddr",
    "adr",
    "dr",
    "fCnt",
    "fPort",
    "confirmed",
    "data",
    "rxInfo",
    "txInfo",
    "regionConfigId",
]
INFO_KEYS = [
    "tenantId",
    "tenantName",
    "applicationId",
    "applicationName",
    "deviceProfileId",
    "deviceProfileName",
    "deviceName",
    "devEui",
    "deviceClassEnabled",
    "tags",
]
RX_KEYS = {"gatewayId", "uplinkId", "nsTime", "rssi", "location", "context", "crcStatus"}
RX_KEYS_SOMETIMES = {"gwTime", "snr", "channel"}


def event(seed: int, f_cnt: int = 0) -> dict:
    encoded = Encoded(f_port=1, payload=b"\x01")
    return json.loads(up_event(NODE, f_cnt, encoded, observed_at=AT, random=Random(seed)))


def many() -> list[dict]:
    return [event(seed) for seed in range(400)]


def test_an_event_has_the_keys_of_chirpstack_in_its_order() -> None:
    assert list(event(1)) == KEYS
    assert list(event(1)["deviceInfo"]) == INFO_KEYS
    assert list(event(1)["txInfo"]) == ["frequency", "modulation"]
    assert list(event(1)["txInfo"]["modulation"]["lora"]) == ["bandwidth", "spreadingFactor", "codeRate"]


def test_zeros_show_in_the_event_but_never_in_what_the_gateways_heard() -> None:
    assert event(1)["fCnt"] == 0
    assert event(1)["confirmed"] is False
    heard = [gateway for one in many() for gateway in one["rxInfo"]]
    assert all(RX_KEYS <= set(gateway) <= RX_KEYS | RX_KEYS_SOMETIMES for gateway in heard)
    assert all(gateway[key] != 0 for gateway in heard for key in ("snr", "channel") if key in gateway)
    for key in RX_KEYS_SOMETIMES:
        assert {key in gateway for gateway in heard} == {True, False}


def test_one_to_four_different_gateways_hear_a_frame() -> None:
    heard_by = [[gateway["gatewayId"] for gateway in one["rxInfo"]] for one in many()]
    assert {len(gateways) for gateways in heard_by} == {1, 2, 3, 4}
    assert all(len(set(gateways)) == len(gateways) for gateways in heard_by)


def test_times_have_nine_digits_and_lie_between_the_frame_and_its_delivery() -> None:
    for one in many():
        times = [one["time"], *(gateway["nsTime"] for gateway in one["rxInfo"])]
        times += [gateway["gwTime"] for gateway in one["rxInfo"] if "gwTime" in gateway]
        for text in times:
            assert len(text.split(".")[1]) == len("123456789+00:00")
            assert text.endswith("+00:00")
            assert AT <= datetime.fromisoformat(text) <= AT + NETWORK_DELAY


def test_the_time_is_a_gateways_where_one_has_a_clock() -> None:
    for one in many():
        clocks = [gateway["gwTime"] for gateway in one["rxInfo"] if "gwTime" in gateway]
        assert not clocks or one["time"] == clocks[0]


def test_radio_figures_are_plausible() -> None:
    for one in many():
        assert one["dr"] == 12 - one["txInfo"]["modulation"]["lora"]["spreadingFactor"]
        assert 863_000_000 < one["txInfo"]["frequency"] < 870_000_000
        for gateway in one["rxInfo"]:
            assert -121 < gateway["rssi"] < -50
            assert -13 < gateway.get("snr", 0) < 14


@given(st.binary(min_size=1, max_size=51), st.integers(0, 2**32 - 1), st.integers(1, 223))
def test_the_frame_goes_through_unchanged(payload: bytes, f_cnt: int, f_port: int) -> None:
    encoded = Encoded(f_port=f_port, payload=payload)
    got = json.loads(up_event(NODE, f_cnt, encoded, observed_at=AT, random=Random(0)))
    assert (b64decode(got["data"]), got["fCnt"], got["fPort"]) == (payload, f_cnt, f_port)


@pytest.mark.parametrize("key", ["devEui", "deviceName"])
def test_a_device_without_an_asset_goes_by_its_eui(key: str) -> None:
    assert event(1)["deviceInfo"][key] == "5a00000102030405"


WATCHING = [device for device in catalogue.MODELS if device.senses in (AssetKind.BAY, AssetKind.BENCH)]


@pytest.mark.parametrize("device", WATCHING, ids=lambda device: device.key)
@pytest.mark.parametrize("kind", [Kind.STARTUP, Kind.EVENT, Kind.HEARTBEAT])
@pytest.mark.parametrize("at", [datetime(2026, 1, 17, 5, tzinfo=UTC), datetime(2032, 7, 17, 14, tzinfo=UTC)])
@pytest.mark.parametrize("occupied", [True, False])
def test_every_sensor_of_a_bay_or_a_bench_can_be_played(places, device, kind, at, occupied):
    spell = Spell(begins_at=at, ends_at=at + timedelta(hours=1), occupied=occupied)
    for asset in places.assets[:12]:
        told = BatterySensor(asset, seed=1, begins_at=AT).read(at, spell) | {"previous_state_minutes": 4_000}
        frame = encode(device, kind, told)
        said = decode(device, frame.f_port, frame.payload).measurements
        assert said.get("occupied", occupied) == occupied
        assert kind is Kind.STARTUP or said[device.measures[0]] == told[device.measures[0]]
