import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Reason, RejectedFrameError
from domain.uplinks import Network, TimeSource
from ingest.envelope import open_envelope
from ingest.event_time import TOLERATED_FUTURE, choose_time

DEVICE_TOPIC = "smartplace/v1/devices/bench-green-1/up"


def reason_of(delivery):
    with pytest.raises(RejectedFrameError) as caught:
        open_envelope(delivery)
    return caught.value.reason


def test_a_chirpstack_event_becomes_an_uplink(delivery):
    uplink = open_envelope(delivery())

    assert (uplink.device_id, uplink.session, uplink.f_cnt, uplink.f_port) == ("70b3d50000000001", "01020304", 12, 1)
    assert uplink.payload == b"\x01"
    assert uplink.network is Network.CHIRPSTACK
    assert (uplink.gateway_count, uplink.rssi_dbm, uplink.snr_db) == (2, -80, 0.0)
    assert uplink.gateways == (("0016c001f153a14c", -101, -3.5), ("0016c001f153a14d", -80, 0))
    assert uplink.observed_at == datetime(2026, 11, 20, 11, 59, 59, 123000, tzinfo=UTC)
    assert uplink.time_source is TimeSource.GATEWAY


def test_a_gateway_is_named_if_its_name_can_be_kept_and_its_levels_if_a_radio_can_have_measured_them(delivery, event):
    names = ["", "\x00", "a\nb", "straße", "x" * 65, 'g"1', "x" * 64]
    heard = [{"gatewayId": name, "rssi": -400, "snr": 101} for name in names]
    uplink = open_envelope(delivery(event(rxInfo=heard)))

    assert uplink.gateway_count == 7
    assert uplink.gateways == (('g"1', None, None), ("x" * 64, None, None))


def test_the_best_heard_gateways_are_named_and_the_others_counted(delivery, event):
    heard = [{"gatewayId": f"{number:016x}", "rssi": -90, "snr": number} for number in range(40)]
    uplink = open_envelope(delivery(event(rxInfo=heard)))

    assert uplink.gateway_count == 40
    assert [snr for _, _, snr in uplink.gateways] == [*range(39, 23, -1)]


def test_zero_values_that_chirpstack_leaves_out_are_zero(delivery, event):
    uplink = open_envelope(delivery(event(fCnt=None, fPort=None, data=None, rxInfo=None)))

    assert (uplink.f_cnt, uplink.f_port, uplink.payload, uplink.gateway_count) == (0, 0, b"", 0)
    assert uplink.time_source is TimeSource.NETWORK


def test_what_the_network_servers_codec_made_of_it_is_not_looked_at(delivery, event):
    assert open_envelope(delivery(event(object={"occupied": False}))).payload == b"\x01"


def test_fields_of_newer_versions_are_ignored(delivery, event):
    assert open_envelope(delivery(event(somethingNew={"a": [1]}))).f_cnt == 12


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"{", Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b"\xef\xbb\xbf{}", Reason.NOT_JSON),
        (b"[" * 60_000, Reason.NOT_JSON),
        (b'{"x":' * 10_000, Reason.NOT_JSON),
        (b'{"deviceInfo": 0', Reason.NOT_JSON),
        (b"null", Reason.WRONG_SHAPE),
        (b"[]", Reason.WRONG_SHAPE),
        (b"42", Reason.WRONG_SHAPE),
        (b"{}", Reason.WRONG_SHAPE),
        (b'{"devEUI": "cLPVAAAAAAE=", "fCnt": 1}', Reason.CHIRPSTACK_V3),
        (b"x" * 1_000_000, Reason.TOO_LARGE),
    ],
)
def test_a_message_that_is_no_event_is_named_for_what_it_is(delivery, payload, reason):
    assert reason_of(delivery(payload)) is reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data": "AQ"}, Reason.WRONG_SHAPE),
        ({"data": "not base64!"}, Reason.WRONG_SHAPE),
        ({"data": 1}, Reason.WRONG_SHAPE),
        ({"fCnt": "12"}, Reason.WRONG_SHAPE),
        ({"fCnt": -1}, Reason.WRONG_SHAPE),
        ({"fCnt": 2**32}, Reason.WRONG_SHAPE),
        ({"fPort": 256}, Reason.WRONG_SHAPE),
        ({"deviceInfo": {"devEui": "70b3"}}, Reason.WRONG_SHAPE),
        ({"deviceInfo": {"devEui": "70b3d50000000009"}}, Reason.IDENTITY_MISMATCH),
        ({"joinServerContext": {"sessionKeyId": "x"}}, Reason.ENCRYPTED),
    ],
)
def test_an_event_with_a_fault_is_refused_with_its_reason(delivery, event, changes, reason):
    assert reason_of(delivery(event(**changes))) is reason


def test_a_retained_uplink_is_refused_whatever_it_says(delivery):
    assert reason_of(delivery(retained=True)) is Reason.RETAINED


@pytest.mark.parametrize("topic", ["", "a/b", "application/x/device/y/event/join", "smartplace/v1/devices/x/down"])
def test_other_topics_carry_no_uplinks(delivery, topic):
    assert reason_of(delivery(topic=topic)) is Reason.UNKNOWN_TOPIC


def test_the_letter_case_of_a_dev_eui_does_not_matter(delivery, event):
    upper = event(deviceInfo={"devEui": "70B3D50000000001"})

    assert open_envelope(delivery(upper)).device_id == "70b3d50000000001"


def test_our_own_message_is_its_own_payload(delivery):
    message = b'{"seq": 7, "time": "2026-11-20T11:59:00Z", "session": "b1", "kind": "event", "measurements": {}}'
    uplink = open_envelope(delivery(message, topic=DEVICE_TOPIC))

    assert (uplink.device_id, uplink.f_cnt, uplink.session, uplink.payload) == ("bench-green-1", 7, "b1", message)
    assert (uplink.observed_at, uplink.time_source) == (datetime(2026, 11, 20, 11, 59, tzinfo=UTC), TimeSource.DEVICE)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b'{"kind": "event", "measurements": {}}', Reason.WRONG_SHAPE),
        (b'{"seq": true}', Reason.WRONG_SHAPE),
        (b'{"seq": -1}', Reason.WRONG_SHAPE),
        (b'{"seq": 1e3}', Reason.WRONG_SHAPE),
        (b'{"seq": 1', Reason.NOT_JSON),
        (b'{"seq": 1, "pad": "' + b"x" * 16_384 + b'"}', Reason.TOO_LARGE),
    ],
)
def test_a_faulty_message_of_our_own_is_refused(delivery, message, reason):
    assert reason_of(delivery(message, topic=DEVICE_TOPIC)) is reason


def test_a_device_name_that_cannot_be_ours_is_unknown(delivery):
    topic = "smartplace/v1/devices/Robert'); DROP TABLE device;--/up"

    assert reason_of(delivery(b'{"seq": 1}', topic=topic)) is Reason.UNKNOWN_DEVICE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.binary(max_size=300) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["deviceInfo", "devEui", "fCnt", "fPort", "data", "rxInfo", "time", "seq", "x"]), inner
    ),
    max_leaves=20,
).map(lambda value: json.dumps(value).encode()), own=st.booleans())  # fmt: skip
def test_anything_at_all_is_an_uplink_or_refused(delivery, payload, own):
    wanted = delivery(payload, topic=DEVICE_TOPIC) if own else delivery(payload)
    try:
        uplink = open_envelope(wanted)
    except RejectedFrameError:
        return
    assert uplink.observed_at <= uplink.received_at


NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "moment", [NOW + timedelta(seconds=121), NOW + timedelta(days=3650), datetime(1970, 1, 1, tzinfo=UTC), None]
)
def test_a_clock_that_cannot_be_believed_is_passed_over(moment):
    candidates = [(TimeSource.DEVICE, moment), (TimeSource.NETWORK, NOW - timedelta(seconds=3))]

    assert choose_time(candidates, received_at=NOW) == (NOW - timedelta(seconds=3), TimeSource.NETWORK)


def test_with_no_clock_to_believe_it_happened_when_it_was_received():
    assert choose_time([(TimeSource.DEVICE, NOW + timedelta(days=1))], received_at=NOW) == (NOW, TimeSource.RECEIVED)


def test_a_clock_slightly_ahead_counts_as_now():
    assert choose_time([(TimeSource.DEVICE, NOW + TOLERATED_FUTURE)], received_at=NOW) == (NOW, TimeSource.DEVICE)


@pytest.mark.parametrize(
    ("lags_s", "chosen_s"),
    [
        # Apart as far as light goes, or a network: the earliest.
        ([0.2, 0.1, 0.3], 0.3),
        # One clock a day behind, whoever heard the frame besides, and in whatever order.
        ([86_400, 0.1, 0.3], 0.3),
        ([0.1, 86_400], 0.1),
        ([86_400, 0.1], 0.1),
        # One an hour ahead of frames that waited in the broker.
        ([14_400, 10_800, 14_400.2], 14_400.2),
        # Nobody else to ask.
        ([86_400], 86_400),
        # Most of them never knew: the one that can be believed.
        ([10**9, 10**9, 0.1], 0.1),
    ],
)
def test_a_gateway_whose_clock_is_wrong_does_not_date_what_others_heard(delivery, event, lags_s, chosen_s):
    received_at = delivery().received_at
    heard = [{"gwTime": (received_at - timedelta(seconds=lag)).isoformat()} for lag in lags_s]
    uplink = open_envelope(delivery(event(rxInfo=heard)))

    assert (uplink.observed_at, uplink.time_source) == (received_at - timedelta(seconds=chosen_s), TimeSource.GATEWAY)


@pytest.mark.parametrize("text", ["infinity", "10000-01-01T00:00:00Z", "2026-11-20T12:00:00", "12", "", "-1"])
def test_a_time_without_sense_or_zone_does_not_cost_the_frame(delivery, event, text):
    uplink = open_envelope(delivery(event(time=text, rxInfo=[{"gwTime": text}])))

    assert uplink.time_source is TimeSource.RECEIVED
