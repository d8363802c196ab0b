import base64
import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.errors import Reason, RejectedFrameError
from domain.uplinks import Network, TimeSource
from ingest.envelope import open_envelope
from ingest.things_stack import read_uplink

GOLDEN = Path(__file__).parents[3] / "shared" / "data" / "standards" / "ttn-v3-example"
TOPIC = "v3/parking@thurrock/devices/bay-1/up"
RECEIVED = datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC)

# In the form of The Things Stack 3.34: names are invented, every optional part is there.
UPLINK = {
    "end_device_ids": {
        "device_id": "bay-1",
        "application_ids": {"application_id": "parking"},
        "dev_eui": "70B3D50000000001",
        "join_eui": "70B3D50000000000",
        "dev_addr": "260B1234",
    },
    "correlation_ids": ["gs:uplink:01J"],
    "received_at": "2026-11-20T12:00:00.700123456Z",
    "uplink_message": {
        "session_key_id": "AXA50tHUGUucuzS/bCGMNw==",
        "f_port": 1,
        "f_cnt": 7,
        "frm_payload": base64.b64encode(b"\x01").decode(),
        "decoded_payload": {"occupied": False},
        "rx_metadata": [
            {"gateway_ids": {"gateway_id": "a"}, "time": "2026-11-20T12:00:00.200Z", "rssi": -101, "snr": -3.5},
            {"gateway_ids": {"gateway_id": "b"}, "time": "2026-11-20T12:00:00.100Z", "rssi": -80, "snr": 5.2},
        ],
        "settings": {"frequency": "868300000", "time": "2026-11-20T12:00:00.300Z"},
        "confirmed": True,
        "received_at": "2026-11-20T12:00:00.400Z",
    },
}


@pytest.fixture
def uplink():
    return copy.deepcopy(UPLINK)


def read(content, *, device_id="bay-1", received_at=RECEIVED):
    return read_uplink(json.dumps(content).encode(), device_id=device_id, received_at=received_at)


def reason_of(content, **more):
    with pytest.raises(RejectedFrameError) as caught:
        read(content, **more)
    return caught.value.reason


def moment(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("topic", [TOPIC, "v3/parking/devices/bay-1/up", "/v1/ingest/ttn"])
def test_a_message_becomes_an_uplink_with_and_without_a_tenant(delivery, uplink, topic):
    frame = open_envelope(delivery(json.dumps(uplink).encode(), topic=topic))

    assert frame.device_id == "70b3d50000000001"
    assert frame.network is Network.THINGS_STACK
    assert frame.session == "260B1234/AXA50tHUGUucuzS/bCGMNw=="
    assert (frame.f_cnt, frame.f_port, frame.payload) == (7, 1, b"\x01")
    assert (frame.rssi_dbm, frame.snr_db, frame.gateway_count) == (-80, 5.2, 2)
    assert frame.gateways == (("a", -101, -3.5), ("b", -80, 5.2))
    assert (frame.observed_at, frame.time_source) == (moment("2026-11-20T12:00:00.100Z"), TimeSource.GATEWAY)


@pytest.mark.parametrize(
    "topic", ["v3/parking@thurrock/devices/bay-1/join", "v3/parking@thurrock/devices/bay-1/down/queued", "v3/a/up"]
)
def test_its_other_topics_carry_no_uplinks(delivery, uplink, topic):
    with pytest.raises(RejectedFrameError) as caught:
        open_envelope(delivery(json.dumps(uplink).encode(), topic=topic))
    assert caught.value.reason is Reason.UNKNOWN_TOPIC


@pytest.mark.parametrize(
    ("without", "source", "expected"),
    [
        (["rx_metadata"], TimeSource.GATEWAY, "2026-11-20T12:00:00.300Z"),
        (["rx_metadata", "settings"], TimeSource.NETWORK, "2026-11-20T12:00:00.400Z"),
        (["rx_metadata", "settings", "received_at"], TimeSource.NETWORK, "2026-11-20T12:00:00.700Z"),
    ],
)
def test_the_best_clock_that_is_there_is_believed(uplink, without, source, expected):
    for key in without:
        del uplink["uplink_message"][key]
    frame = read(uplink)

    assert (frame.observed_at, frame.time_source) == (moment(expected), source)


def test_without_any_clock_it_happened_when_it_was_received(uplink):
    del uplink["received_at"]
    for key in ("rx_metadata", "settings", "received_at"):
        del uplink["uplink_message"][key]

    assert (read(uplink).observed_at, read(uplink).time_source) == (RECEIVED, TimeSource.RECEIVED)


def test_a_gateway_with_a_broken_clock_does_not_spoil_the_others(uplink):
    uplink["uplink_message"]["rx_metadata"][0]["time"] = "1970-01-01T00:00:00Z"

    assert read(uplink).observed_at == moment("2026-11-20T12:00:00.100Z")


def test_zero_values_that_are_left_out_are_zero(uplink):
    for key in ("f_cnt", "f_port", "frm_payload", "confirmed", "session_key_id", "rx_metadata", "settings"):
        del uplink["uplink_message"][key]
    del uplink["end_device_ids"]["dev_addr"]
    frame = read(uplink)

    assert (frame.f_cnt, frame.f_port, frame.payload, frame.session, frame.gateway_count) == (0, 0, b"", "", 0)
    assert (frame.rssi_dbm, frame.snr_db) == (None, None)


def test_a_zero_signal_that_is_left_out_is_zero(uplink):
    uplink["uplink_message"]["rx_metadata"] = [{"rssi": -35}]

    assert (read(uplink).rssi_dbm, read(uplink).snr_db) == (-35, 0)


def test_a_session_without_a_key_id_is_the_address(uplink):
    del uplink["uplink_message"]["session_key_id"]

    assert read(uplink).session == "260B1234"


def test_joining_anew_with_the_same_address_is_another_session(uplink):
    before = read(uplink).session
    uplink["uplink_message"]["session_key_id"] = "AYAAAAAAAAAAAAAAAAAAAA=="

    assert read(uplink).session != before


def test_what_its_own_codec_made_of_it_is_not_looked_at(uplink):
    assert read(uplink).payload == b"\x01"


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("simulated",), True, Reason.SIMULATED),
        (("simulated",), "no", Reason.WRONG_SHAPE),
        (("end_device_ids", "device_id"), "bay-2", Reason.IDENTITY_MISMATCH),
        (("end_device_ids", "dev_eui"), "", Reason.WRONG_SHAPE),
        (("end_device_ids", "dev_eui"), "70B3D5", Reason.WRONG_SHAPE),
        (("end_device_ids",), None, Reason.WRONG_SHAPE),
        (("uplink_message",), None, Reason.WRONG_SHAPE),
        (("uplink_message", "f_cnt"), -1, Reason.WRONG_SHAPE),
        (("uplink_message", "f_cnt"), 2**32, Reason.WRONG_SHAPE),
        (("uplink_message", "f_cnt"), "7", Reason.WRONG_SHAPE),
        (("uplink_message", "f_port"), 256, Reason.WRONG_SHAPE),
        (("uplink_message", "frm_payload"), "AQ", Reason.WRONG_SHAPE),
        (("uplink_message", "rx_metadata"), {}, Reason.WRONG_SHAPE),
    ],
)
def test_a_message_with_a_fault_is_refused_with_its_reason(uplink, path, value, reason):
    *parents, last = path
    inner = uplink
    for key in parents:
        inner = inner[key]
    inner[last] = value

    assert reason_of(uplink) is reason


def test_a_simulated_uplink_is_refused_with_its_device_so_that_people_find_it(uplink):
    with pytest.raises(RejectedFrameError) as caught:
        read(uplink | {"simulated": True})
    assert caught.value.device_id == "70b3d50000000001"


def test_a_message_cut_short_is_not_json_whatever_its_shape():
    with pytest.raises(RejectedFrameError) as caught:
        read_uplink(b'{"end_device_ids": 7, ', device_id="bay-1", received_at=RECEIVED)
    assert caught.value.reason is Reason.NOT_JSON


def golden(name):
    path = GOLDEN / name
    if not path.exists():
        pytest.skip("the vendor's examples are not here")
    return json.loads(path.read_text())


def test_the_vendors_example_is_read():
    content = golden("uplink.json")
    received_at = moment("2020-02-12T15:15:46.1Z")
    frame = read(content, device_id="dev1", received_at=received_at)

    assert frame.device_id == "0004a30b001c0530"
    assert frame.session == "00BCB929/AXA50tHUGUucuzS/bCGMNw=="
    assert (frame.f_cnt, frame.f_port, frame.payload.hex()) == (1, 0, "8241de")
    assert (frame.rssi_dbm, frame.snr_db, frame.gateway_count) == (-35, 5, 1)
    assert received_at - frame.observed_at == timedelta(milliseconds=313)


def test_the_vendors_join_accept_is_no_uplink():
    assert reason_of(golden("join-accept.json"), device_id="dev1") is Reason.WRONG_SHAPE


def every_path(content, before=()):
    children = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in list(children):
        yield (*before, key)
        if isinstance(value, dict | list):
            yield from every_path(value, (*before, key))


NEEDED = {("end_device_ids",), ("end_device_ids", "device_id"), ("end_device_ids", "dev_eui"), ("uplink_message",)}


@pytest.mark.parametrize("path", [path for path in every_path(UPLINK) if path not in NEEDED], ids=repr)
def test_any_part_may_be_missing_but_the_names_and_the_uplink(uplink, path):
    *parents, last = path
    inner = uplink
    for key in parents:
        inner = inner[key]
    del inner[last]

    assert read(uplink).device_id == "70b3d50000000001"


@pytest.mark.parametrize("path", NEEDED, ids=repr)
def test_without_the_names_or_the_uplink_it_is_refused(uplink, path):
    *parents, last = path
    inner = uplink
    for key in parents:
        inner = inner[key]
    del inner[last]

    assert reason_of(uplink) is Reason.WRONG_SHAPE
