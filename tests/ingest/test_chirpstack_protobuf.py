import subprocess
import sys
from datetime import UTC, datetime

import pytest
from chirpstack_api import integration
from google.protobuf.json_format import MessageToJson
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Reason, RejectedFrameError
from domain.security import Level
from domain.uplinks import TimeSource
from ingest.chirpstack import read_up_event
from ingest.chirpstack_log import read_log_event
from ingest.chirpstack_protobuf import recognised

BAY = "70b3d50000000001"
RECEIVED = datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC)


def up_event(**changes):
    event = integration.UplinkEvent(
        deduplication_id="57433366-50a6-4dc2-8145-2df1bbc70d9e",
        device_info=integration.DeviceInfo(dev_eui=BAY, application_id="a", tags={"street": "High Street"}),
        dev_addr="01020304",
        f_cnt=12,
        f_port=1,
        data=b"\x01",
        **changes,
    )
    event.time.FromJsonString("2026-11-20T12:00:00.250Z")
    heard = event.rx_info.add(gateway_id="0016c001f153a14c", rssi=-101, snr=5.2)
    heard.gw_time.FromJsonString("2026-11-20T11:59:59.123456789Z")
    event.rx_info.add(gateway_id="0016c001f153a14d", rssi=-80)
    event.object.update({"occupied": False})
    return event


def as_json(event):
    return MessageToJson(event, always_print_fields_with_no_presence=True).encode()


def read(message, dev_eui=BAY):
    """The uplink, or why there is none."""
    try:
        return read_up_event(message, dev_eui=dev_eui, received_at=RECEIVED)
    except RejectedFrameError as error:
        return error.reason


def test_an_event_in_protobuf_is_an_uplink():
    uplink = read(up_event().SerializeToString())

    assert (uplink.device_id, uplink.session, uplink.f_cnt, uplink.f_port) == (BAY, "01020304", 12, 1)
    assert (uplink.payload, uplink.gateway_count, uplink.rssi_dbm, uplink.snr_db) == (b"\x01", 2, -101, 5.2)
    assert uplink.gateways == (("0016c001f153a14c", -101, 5.2), ("0016c001f153a14d", -80, 0))
    assert uplink.observed_at == datetime(2026, 11, 20, 11, 59, 59, 123000, tzinfo=UTC)
    assert uplink.time_source is TimeSource.GATEWAY


def test_the_same_event_in_json_is_the_same_uplink():
    event = up_event()

    assert read(as_json(event)) == read(event.SerializeToString())


moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
near = st.datetimes(datetime(2026, 11, 20), datetime(2026, 11, 21), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def events(draw):
    event = integration.UplinkEvent(
        deduplication_id=draw(st.uuids()).__str__(),
        dev_addr=draw(st.text(max_size=80)),
        f_cnt=draw(st.integers(0, 2**32 - 1)),
        f_port=draw(st.integers(0, 300)),
        data=draw(st.binary(max_size=242)),
        confirmed=draw(st.booleans()),
        region_config_id=draw(st.text(max_size=10)),
    )
    if draw(st.booleans()):
        event.time.FromDatetime(draw(near | moments))
    event.device_info.dev_eui = draw(st.sampled_from([BAY, BAY.upper(), "70b3d50000000002", "", "x"]))
    for _ in range(draw(st.integers(0, 4))):
        heard = event.rx_info.add(
            rssi=draw(st.integers(-400, 200)),
            snr=draw(st.floats(width=32, allow_nan=False, allow_infinity=False)),
        )
        if draw(st.booleans()):
            heard.gw_time.FromDatetime(draw(near | moments))
            heard.gw_time.nanos += draw(st.integers(0, 999))
    if draw(st.booleans()):
        event.join_server_context.session_key_id = draw(st.text(max_size=3))
    if draw(st.booleans()):
        event.object.update({"occupied": draw(st.booleans())})
    return event


@settings(max_examples=400)
@given(event=events())
def test_whatever_the_event_its_two_encodings_are_read_alike(event):
    assert read(event.SerializeToString()) == read(as_json(event))


def test_fields_of_newer_versions_are_ignored():
    # Field 2000, length-delimited.
    assert read(up_event().SerializeToString() + b"\x82\x7d\x03abc") == read(up_event().SerializeToString())


def test_another_device_than_the_topics_is_refused():
    assert read(up_event().SerializeToString(), dev_eui="70b3d50000000002") is Reason.IDENTITY_MISMATCH


def test_a_payload_that_is_still_encrypted_is_refused():
    event = up_event()
    event.join_server_context.session_key_id = "x"

    assert read(event.SerializeToString()) is Reason.ENCRYPTED


def test_a_timestamp_that_is_no_moment_does_not_cost_the_frame():
    event = up_event()
    event.time.seconds = 2**62
    del event.rx_info[:]

    assert read(event.SerializeToString()).time_source is TimeSource.RECEIVED


@pytest.mark.parametrize(
    "message", [b"\x0a\x24short", b"\x12\xff\xff\xff", b"\x1a\x80", b"\x0a" * 1000, up_event().SerializeToString()[:-7]]
)
def test_broken_protobuf_is_refused(message):
    assert read(message) in {Reason.WRONG_SHAPE, Reason.NOT_JSON}


@settings(max_examples=400)
@given(tail=st.binary(max_size=200), head=st.sampled_from([b"\x0a", b"\x12", b"\x1a", b"\x0a\x24", b""]))
def test_anything_at_all_is_an_uplink_or_refused(tail, head):
    read(head + tail)


@pytest.mark.parametrize("message", [b"", b"\n", b"\n\n", b'\n {"a": 1}', b"\n[]", b"{}", b"null", b"hello"])
def test_json_is_not_taken_for_protobuf_even_after_a_blank_line(message):
    assert not recognised(message)


def test_nobody_pays_for_protobuf_who_does_not_use_it():
    program = "import sys, ingest.envelope; print([name for name in sys.modules if name.startswith('google.protobuf')])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def log_event(code=integration.LogCode.UPLINK_F_CNT_RESET, level=integration.LogLevel.WARNING):
    event = integration.LogEvent(
        device_info=integration.DeviceInfo(dev_eui=BAY),
        level=level,
        code=code,
        description="Frame-counter reset or rollover detected",
        context={"deduplication_id": "57433366"},
    )
    event.time.FromJsonString("2026-11-20T12:00:00Z")
    return event


def read_log(message):
    return read_log_event(message, dev_eui=BAY, received_at=RECEIVED)


@pytest.mark.parametrize("encode", [as_json, lambda event: event.SerializeToString()], ids=["json", "protobuf"])
@pytest.mark.parametrize("code", ["UPLINK_F_CNT_RESET", "UPLINK_F_CNT_RETRANSMISSION", "UPLINK_MIC", "UPLINK_CODEC"])
def test_a_log_event_is_a_security_event(encode, code):
    found = read_log(encode(log_event(integration.LogCode.Value(code))))

    assert (found.device_id, found.code, found.level) == (BAY, code, Level.WARNING)
    assert found.description == "Frame-counter reset or rollover detected"
    assert found.context == {"deduplication_id": "57433366"}
    assert found.observed_at == datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("level", "expected"), [("INFO", Level.INFO), ("ERROR", Level.ERROR), ("PANIC", Level.WARNING)]
)
def test_a_level_that_nobody_knows_yet_may_be_serious(level, expected):
    message = as_json(log_event()).replace(b'"WARNING"', f'"{level}"'.encode())

    assert read_log(message).level is expected


def test_a_code_of_a_newer_version_is_kept_as_it_is():
    event = log_event()
    event.code = 99

    assert read_log(event.SerializeToString()).code == "99"
    assert read_log(as_json(log_event()).replace(b"UPLINK_F_CNT_RESET", b"UPLINK_NEW")).code == "UPLINK_NEW"


def test_long_texts_of_a_log_event_are_cut():
    event = log_event()
    event.description = "x" * 10_000
    event.context.update({f"{number:03}": "y" * 10_000 for number in range(100)})
    found = read_log(event.SerializeToString())

    assert len(found.description) == 500
    assert {len(value) for value in found.context.values()} == {500}
    assert len(found.context) == 20


@pytest.mark.parametrize("message", [b"{}", b"{", b"\x0a\x24broken", b'{"deviceInfo": {"devEui": "70b3d50000000002"}}'])
def test_what_is_no_log_event_of_this_device_is_refused(message):
    with pytest.raises(RejectedFrameError):
        read_log(message)
