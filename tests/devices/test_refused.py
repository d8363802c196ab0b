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
        ("browan-tbms100", 1, "01bb340400dc7801"),
        ("browan-tbms100", 102, "01bb340400dc78"),
        ("browan-tbms100", 102, "01bb340400dc780100"),
        ("cayenne-lpp", 0, "00670010"),
        ("cayenne-lpp", 224, "00670010"),
        ("cayenne-lpp", 1, "006700"),
        ("cayenne-lpp", 1, "0067001001"),
        ("cayenne-lpp", 1, "0068ff"),
        ("decentlab-dl-iam", 0, "020bbd00010b92"),
        ("decentlab-dl-iam", 1, "010bbd00010b92"),
        ("decentlab-dl-iam", 1, "020bbd00810b92"),
        ("decentlab-dl-iam", 1, "020bbd0001"),
        ("decentlab-dl-iam", 1, "020bbd00010b920000"),
        ("decentlab-dl-iam", 1, "020bbd0010 0000 0000 0000"),
        ("elsys-ers", 0, "0100e2"),
        ("elsys-ers", 1, "0100"),
        ("elsys-ers", 1, "0265"),
        ("libelium-smart-parking-v1", 1, "00" * 11),
        ("libelium-smart-parking-v1", 1, "06" + "00" * 11),
        ("libelium-smart-parking-v1", 0, "00" * 12),
        ("libelium-smart-parking-v2", 1, "00" * 12),
        ("libelium-smart-parking-v2", 1, "06" + "00" * 10),
        ("libelium-smart-parking-v2", 224, "00" * 11),
        ("milesight-am107", 1, "01755c"),
        ("milesight-am107", 85, "0175"),
        ("milesight-am107", 85, "0468c9"),
        ("milesight-ds3604", 85, "fb0100"),
        ("milesight-ds3604", 85, "fb0100054d69"),
        ("milesight-ds3604", 1, "017564"),
        ("milesight-em310-udl", 85, "040002"),
        ("milesight-em310-udl", 1, "040001"),
        ("milesight-vs121", 85, "04c90308"),
        ("milesight-vs133", 1, "03d248000000"),
        ("milesight-vs133", 85, "03d2480000"),
        ("milesight-vs330", 85, "038e02"),
        ("milesight-ws202", 85, "030002"),
        ("milesight-ws302", 1, "055b053f02da016a02"),
        ("milesight-ws302", 85, "055b053f02da016a"),
        ("moko-lw009-sm", 2, "7e016592008000070003000002010cabcd7e"),
        ("moko-lw009-sm", 1, "7f016592008000070003000002010cabcd7e"),
        ("moko-lw009-sm", 1, "7e016592008000070003000002010cabcd7f"),
        ("moko-lw009-sm", 1, "7e016592008000070003000102010cabcd7e"),
        ("moko-lw009-sm", 1, "7e016592008000070004000002010cabcd7e"),
        ("moko-lw009-sm", 1, "7e016592008000070003000002020cabcd7e"),
        ("moko-lw009-sm", 1, "7e016592008000070002000002 00abcd7e"),
        ("moko-lw009-sm", 1, "7e0165920080000700060000 02010c 02010b abcd7e"),
        ("netvox-rb11e", 5, "010301240a4b0078010000"),
        ("netvox-rb11e", 6, "010301240a4b00780100"),
        ("netvox-rb11e", 6, "014f01240a4b0078010000"),
        ("netvox-rb11e", 6, "020301240a4b0078010000"),
        ("netvox-rb11e", 6, "010302240a4b0078010000"),
        ("netvox-rb11e", 6, "010301240a4b0078020000"),
        ("netvox-rb11e", 6, "010301240a4b0078010200"),
        ("netvox-r311fa", 6, "014f011e02000000000000"),
        ("netvox-r311fa", 6, "014f021e01000000000000"),
        ("netvox-r718e", 6, "011c0124807fb2c06a3e00"),
        ("netvox-r718e", 6, "011c0324b340b2c06a3e00"),
        ("nwave-ncc405", 1, "06"),
        ("nwave-ncc405", 2, "a866"),
        ("nwave-ncc405", 3, "010d00"),
        ("nwave-ncc405", 4, "06aa"),
        ("nwave-nps310sm", 1, "0100"),
        ("nwave-nps310sm", 3, "010d0002"),
        ("nwave-nps310sm", 6, "01"),
        ("parametric-pcr2", 13, "0a0002160001010139"),
        ("parametric-pcr2", 14, "0a00021600010101"),
        ("parametric-pcr2", 14, "0b0002160001010139"),
        ("parametric-pcr2", 14, "0a0002170001010139"),
        ("parametric-pcr2", 14, "0a0002160001020139"),
        ("parametric-pcr2", 14, "be010300000000000100006400e40139ff"),
        ("parametric-pcr2", 14, "be0104000000000001000064 0ce40139"),
        ("parametric-pcr2", 190, "00" * 13),
        ("pni-placepod", 0, "156601"),
        ("pni-placepod", 1, "156602"),
        ("pni-placepod", 1, "376602"),
        ("pni-placepod", 1, "0267"),
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
