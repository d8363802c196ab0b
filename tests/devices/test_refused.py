"""Bytes that look like a frame and are none."""

import json

import pytest

from devices.catalogue import MODELS, model
from devices.codec import decode
from devices.codecs.smartplace_bench import encode_message
from domain.errors import DecodeError
from domain.uplinks import Kind

GOOD = {"seq": 1, "kind": "event", "measurements": {"occupied": True}}


def bench(text: str | bytes) -> None:
    payload = text.encode() if isinstance(text, str) else text
    decode(model("smartplace-bench"), 0, payload)


@pytest.mark.parametrize(
    ("key", "f_port", "payload"),
    [
        ("bosch-tps110", 0, "00"),
        ("bosch-tps110", 7, "00"),
        ("bosch-tps110", 1, "0000"),
        ("bosch-tps110", 2, "000000"),
        ("bosch-tps110", 3, "00" * 16),
        ("bosch-tps110", 3, "00" * 18),
        ("nwave-nps405", 4, "00"),
        ("nwave-nps405", 1, "9500"),
        ("nwave-nps405", 2, "00d3d80059"),
        ("nwave-nps405", 2, "00d3d800590b00"),
        ("nwave-nps405", 3, "02040902"),
        ("nwave-nps405", 10, "d11f3456"),
        ("nwave-nps405", 10, "d1201f34567800"),
        ("libelium-smart-parking-v3", 1, "00" * 10),
        ("libelium-smart-parking-v3", 1, "00" * 12),
        ("libelium-smart-parking-v3", 0, "00" * 11),
        ("libelium-smart-parking-v3", 224, "00" * 11),
        ("libelium-smart-parking-v3", 1, "09" + "00" * 10),
        ("libelium-smart-parking-v3", 1, "0f" + "00" * 10),
        ("tekzitel-tekzipark", 3, "a82d63"),
        ("tekzitel-tekzipark", 1, "a82d"),
        ("tekzitel-tekzipark", 1, "a82d63b000"),
        ("tekzitel-tekzipark", 2, "a82d63"),
        ("tekzitel-tekzipark", 2, "a82d63" + "00" * 10),
        ("milesight-vs340", 1, "030001"),
        ("milesight-vs340", 85, "0300"),
        ("milesight-vs340", 85, "017564ff160123"),
        ("milesight-vs340", 85, "01756403"),
        ("milesight-vs340", 85, "030002"),
        ("milesight-vs341", 85, "0175ff030001"),
        ("smartplace-bench", 1, json.dumps(GOOD).encode().hex()),
    ],
)
def test_a_wrong_port_length_or_code_is_refused(key, f_port, payload):
    with pytest.raises(DecodeError):
        decode(model(key), f_port, bytes.fromhex(payload))


@pytest.mark.parametrize("device", MODELS, ids=lambda device: device.key)
def test_an_empty_frame_is_refused_on_every_port(device):
    for f_port in range(256):
        with pytest.raises(DecodeError):
            decode(device, f_port, b"")


@pytest.mark.parametrize("missing", GOOD)
def test_a_message_without_a_required_key_is_refused(missing):
    message = {key: value for key, value in GOOD.items() if key != missing}
    with pytest.raises(DecodeError, match=f"no {missing}"):
        bench(json.dumps(message))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"seq": -1}, "seq"),
        ({"seq": True}, "seq"),
        ({"seq": 1.0}, "seq"),
        ({"seq": "1"}, "seq"),
        ({"seq": 2**53 + 1}, "seq"),
        ({"kind": "config"}, "kind"),
        ({"kind": "EVENT"}, "kind"),
        ({"kind": None}, "kind"),
        ({"kind": ["event"]}, "kind"),
        ({"session": 3}, "session"),
        ({"session": "a\x00b"}, "session"),
        ({"session": "\ud800"}, "session"),
        ({"time": None}, "RFC 3339"),
        ({"time": 1717243200}, "RFC 3339"),
        ({"time": "2025-06-01"}, "RFC 3339"),
        ({"time": "2025-06-01T12:00:00"}, "RFC 3339"),
        ({"time": "2025-06-31T12:00:00Z"}, "day"),
        ({"measurements": []}, "not a JSON object"),
        ({"measurements": {"occupid": True}}, "not a measurement"),
        ({"measurements": {"occupied": 1}}, "must be bool"),
        ({"measurements": {"occupied": None}}, "must be bool"),
        ({"measurements": {"occupants": 1.5}}, "must be int"),
        ({"measurements": {"battery_percent": "80"}}, "must be float"),
        ({"measurements": {"battery_percent": True}}, "must be float"),
        ({"measurements": {"battery_percent": 100.1}}, "outside"),
        ({"measurements": {"battery_percent": float("nan")}}, "NaN is not a number"),
        ({"measurements": {"battery_percent": float("inf")}}, "Infinity is not a number"),
        ({"measurements": {"battery_percent": 10**400}}, "digits"),
    ],
)
def test_a_message_with_one_fault_is_refused_for_it(changed, reason):
    with pytest.raises(DecodeError, match=reason):
        bench(json.dumps(GOOD | changed))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        (b"\xff\xfe", "utf-8"),
        (json.dumps(GOOD).encode("utf-16"), "utf-8"),
        (json.dumps(GOOD) + "{}", "Extra data"),
        ("[" * 16_000, "nested too deeply"),
        (json.dumps(GOOD) + " " * 16_384, "more than 16384 bytes"),
        ('{"seq":1,"seq":2,"kind":"event","measurements":{}}', "given twice"),
        ('{"seq":1,"kind":"event","measurements":{"occupied":true,"occupied":false}}', "given twice"),
        ('{"seq":1,"kind":"event","measurements":{"battery_percent":1e999}}', "not finite"),
    ],
)
def test_text_that_is_no_message_is_refused(text, reason):
    with pytest.raises(DecodeError, match=reason):
        bench(text)


def test_a_message_of_exactly_16_kib_is_read():
    bench(json.dumps(GOOD).ljust(16_384))


def test_a_message_that_would_be_refused_is_not_made():
    with pytest.raises(ValueError, match="seq"):
        encode_message(Kind.EVENT, {"occupied": True}, seq=-1)
