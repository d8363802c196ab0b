"""What goes wrong on the wire, by name: a topic and a message each, and what becomes of it."""

import json
import random
import struct
from base64 import b64encode

from chirpstack_api import integration

BAY, OTHER_BAY, BENCH = "70b3d50000000001", "70b3d50000000002", "bench-green-1"
UP = f"application/0f9d5c2e-6a1b-4c6e-9d4b-3f1f4e2a7b11/device/{BAY}/event/up"
BENCH_UP = f"smartplace/v1/devices/{BENCH}/up"
V3_UP = "v3/parking@borough/devices/bay-1/up"

KEPT = "kept"
"""Strange, but a frame."""


def as_json(content):
    return json.dumps({key: value for key, value in content.items() if value is not ...}).encode()


def event(**changes):
    """A good event of ChirpStack but for these changes; `...` removes a key."""
    good = {
        "time": "2026-11-20T12:00:00.250+00:00",
        "deviceInfo": {"devEui": BAY},
        "devAddr": "01020304",
        "fCnt": 12,
        "fPort": 1,
        "data": "AQ==",
        "rxInfo": [{"gwTime": "2026-11-20T12:00:00.100+00:00", "rssi": -101, "snr": -3.5}],
    }
    return as_json(good | changes)


def raw(key, text):
    """An event in which this key has a value that Python would not write."""
    return event(**{key: "HERE"}).replace(b'"HERE"', text)


def bench(**changes):
    return as_json({"seq": 1, "kind": "event", "measurements": {"occupied": True}} | changes)


def volts(text):
    return bench(measurements={"battery_volts": "HERE"}).replace(b'"HERE"', text)


def v3(ids=(), uplink=(), **changes):
    """A good message of The Things Stack but for these changes."""
    good = {
        "end_device_ids": {"device_id": "bay-1", "dev_eui": BAY.upper(), "dev_addr": "260B1234"} | dict(ids),
        "uplink_message": {"f_port": 1, "f_cnt": 7, "frm_payload": "AQ=="} | dict(uplink),
    }
    return as_json(good | changes)


def protobuf(**changes):
    message = integration.UplinkEvent(
        deduplication_id="57433366-50a6-4dc2-8145-2df1bbc70d9e",
        device_info=integration.DeviceInfo(dev_eui=BAY),
        dev_addr="01020304",
        f_port=1,
        data=b"\x01",
    )
    for key, value in changes.items():
        setattr(message, key, value)
    return message.SerializeToString()


def protobuf_of_device(dev_eui):
    return integration.UplinkEvent(
        deduplication_id="5", device_info=integration.DeviceInfo(dev_eui=dev_eui), f_port=1, data=b"\x01"
    ).SerializeToString()


def protobuf_signal(snr, seconds):
    message = integration.UplinkEvent.FromString(protobuf())
    message.rx_info.add(snr=snr).gw_time.seconds = seconds
    return message.SerializeToString()


STRUCTURE = {
    "nothing": (UP, b""),
    "null": (UP, b"null"),
    "an array": (UP, b"[]"),
    "a bare number": (UP, b"42"),
    "a bare text": (UP, b'"up"'),
    "a byte order mark": (UP, b"\xef\xbb\xbf" + event()),
    "UTF-16": (UP, event().decode().encode("utf-16")),
    "UTF-32 without a mark": (UP, event().decode().encode("utf-32-le")),
    "something after the end": (UP, event() + b"x"),
    "two objects": (UP, event() + event()),
    "a key twice": (UP, event().replace(b'"fCnt": 12', b'"fCnt": 12, "fCnt": 13')),
    "a key of our own contract twice": (BENCH_UP, b'{"seq": 1, "seq": 2, "kind": "event", "measurements": {}}'),
    "60,000 arrays in one another": (UP, b"[" * 60_000),
    "10,000 objects in one another": (UP, b'{"a":' * 10_000),
    "9,000 arrays where nobody looks": (UP, event(object="HERE").replace(b'"HERE"', b"[" * 9000 + b"]" * 9000)),
    "9,000 arrays in a measurement": (BENCH_UP, volts(b"[" * 5000 + b"]" * 5000)),
    "6,000 keys": (UP, event(**{f"k{number}": 1 for number in range(6000)})),
    "64 KiB and one byte": (UP, b" " * (64 * 1024 + 1 - len(event())) + event()),
    "64 KiB of blanks around it": (UP, b" " * (64 * 1024 - len(event())) + event()),
    "a megabyte": (UP, b"x" * 2**20),
    "17 KiB of our own": (BENCH_UP, bench(session="x" * 17 * 1024)),
    "a comment": (UP, b"// up\n" + event()),
    "single quotes": (UP, event().replace(b'"', b"'")),
    "a comma too many": (UP, event()[:-1] + b",}"),
    "a form": (UP, b"devEui=70b3d50000000001&fCnt=1"),
    "XML": (UP, b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    "the event of ChirpStack 3": (UP, b'{"devEUI": "cLPVAAAAAAE=", "fCnt": 1, "data": "AQ=="}'),
    "the device as a text": (UP, event(deviceInfo=BAY)),
    "no device": (UP, event(deviceInfo=...)),
    "a null device": (UP, event(deviceInfo=None)),
} | {f"cut off after {share} %": (UP, event()[: len(event()) * share // 100]) for share in (1, 10, 30, 50, 70, 90, 99)}

NUMBERS = {
    "NaN": (BENCH_UP, volts(b"NaN")),
    "infinity": (BENCH_UP, volts(b"Infinity")),
    "minus infinity": (BENCH_UP, volts(b"-Infinity")),
    "1e999": (BENCH_UP, volts(b"1e999")),
    "minus zero": (BENCH_UP, volts(b"-0.0")),
    "5,000 digits": (BENCH_UP, volts(b"9" * 5000)),
    "50 digits": (BENCH_UP, volts(b"9" * 50)),
    "a digit as a text": (BENCH_UP, volts(b'"12"')),
    "true for a number": (BENCH_UP, volts(b"true")),
    "null for a number": (BENCH_UP, volts(b"null")),
    "hexadecimal": (BENCH_UP, volts(b"0x10")),
    "a leading zero": (BENCH_UP, volts(b"012")),
    "1 for true": (BENCH_UP, bench(measurements={"occupied": 1})),
    "two and a half people": (BENCH_UP, bench(measurements={"occupants": 2.5})),
    "minus one person": (BENCH_UP, bench(measurements={"occupants": -1})),
    "a seq of 2^53 + 1": (BENCH_UP, bench(seq=2**53 + 1)),
    "a seq of 2^63": (BENCH_UP, bench(seq=2**63)),
    "a seq of 1e3": (BENCH_UP, bench(seq="HERE").replace(b'"HERE"', b"1e3")),
    "a seq of true": (BENCH_UP, bench(seq=True)),
    "a counter of 2^32": (UP, event(fCnt=2**32)),
    "a counter of 2^32 - 1": (UP, event(fCnt=2**32 - 1)),
    "a counter of 2^64": (UP, event(fCnt=2**64)),
    "a counter of -1": (UP, event(fCnt=-1)),
    "a counter of 12.5": (UP, event(fCnt=12.5)),
    "a counter of 5,000 digits": (UP, raw("fCnt", b"9" * 5000)),
    "an fPort of 256": (UP, event(fPort=256)),
    "a signal of 1e30 dBm": (UP, event(rxInfo=[{"rssi": 1e30, "snr": 1e30}])),
    "a signal of 1e999 dB": (UP, event(rxInfo="HERE").replace(b'"HERE"', b'[{"snr": 1e999}]')),
}

TEXT = {
    "NUL in the session": (UP, event(devAddr="01\x0002")),
    "NUL in our own session": (BENCH_UP, bench(session="a\0b")),
    "half a surrogate in the session": (UP, raw("devAddr", b'"\\ud800"')),
    "half a surrogate in our own session": (BENCH_UP, bench(session="HERE").replace(b"HERE", b"\\udfff")),
    "invalid UTF-8": (UP, raw("devAddr", b'"\xff\xfe"')),
    "overlong UTF-8": (UP, raw("devAddr", b'"\xc0\x80"')),
    "UTF-8 of a surrogate": (UP, raw("devAddr", b'"\xed\xa0\x80"')),
    "text that runs backwards": (UP, event(devAddr="\u202e01020304")),
    "a joiner of no width": (BENCH_UP, bench(session="a\u200db")),
    "a thousand accents": (UP, event(devAddr="e" + "\u0301" * 1000)),
    "emoji": (UP, event(devAddr="\U0001f17f" * 64)),
    "10,000 letters": (UP, event(devAddr="x" * 10_000)),
    "a line feed in the session": (BENCH_UP, bench(session="a\nINFO forged log line")),
    "a dev_eui in Cyrillic": (UP, event(deviceInfo={"devEui": "70ь3d50000000001"})),
    "a dev_eui in wide digits": (UP, event(deviceInfo={"devEui": "７０b3d50000000001"})),
    "a dev_eui with a line feed": (UP, event(deviceInfo={"devEui": BAY + "\n"})),
    "SQL in the session": (UP, event(devAddr="'; DROP TABLE uplink; --")),
    "HTML in the kind": (BENCH_UP, bench(kind="<script>alert(1)</script>")),
    "a prototype as a key": (BENCH_UP, bench(__proto__={"a": 1})),
}

TIMES = {
    f"the time {name}": (UP, event(time=text, rxInfo=[{"gwTime": text}]))
    for name, text in {
        "1970": "1970-01-01T00:00:00Z",
        "1969": "1969-12-31T23:59:59Z",
        "year 1": "0001-01-01T00:00:00+14:00",
        "9999": "9999-12-31T23:59:59.999999-14:00",
        "year 10000": "10000-01-01T00:00:00Z",
        "infinity": "infinity",
        "without a zone": "2026-11-20T12:00:00",
        "in zone +14:00": "2026-11-21T02:00:00+14:00",
        "in zone +99:99": "2026-11-20T12:00:00+99:99",
        "on a leap second": "2016-12-31T23:59:60Z",
        "in the hour that spring leaves out": "2026-03-29T01:30:00+00:00",
        "tomorrow": "2026-11-21T12:00:00Z",
        "on the 30th of February": "2026-02-30T12:00:00Z",
        "empty": "",
        "of 10,000 digits": "2" * 10_000,
        "as a week": "2026-W47-5T12:00:00Z",
    }.items()
} | {
    "the time in milliseconds": (UP, event(time=1_795_176_000_000)),
    "the time null": (UP, event(time=None, rxInfo=[{"gwTime": None}])),
    "the time of a bench null": (BENCH_UP, bench(time=None)),
    "the time of a bench in seconds": (BENCH_UP, bench(time=1_795_176_000)),
    "the time of a bench in 1970": (BENCH_UP, bench(time="1970-01-01T00:00:00Z")),
    "the time of a bench infinite": (BENCH_UP, bench(time="infinity")),
}

TOPICS = {
    f"the topic {name}": (topic, event())
    for name, topic in {
        "of 60 KB": f"application/{'x' * 60_000}/device/{BAY}/event/up",
        "with 190 levels": "/".join("a" * 190),
        "with 250 empty levels": "/" * 250,
        "with nothing in it": "",
        "with an empty level": f"application//device/{BAY}/event/up",
        "with a leading slash": f"/{UP}",
        "with a trailing slash": f"{UP}/",
        "of the broker": "$SYS/broker/uptime",
        "of the broker's control": "$CONTROL/dynamic-security/v1",
        "with wildcards": "application/+/device/#/event/up",
        "with a wildcard for the device": "application/a/device/+/event/up",
        "in upper case": UP.upper(),
        "with the device in upper case": UP.replace(BAY, BAY.upper()),
        "of another application": UP.replace("0f9d5c2e", "ffffffff"),
        "of another device": UP.replace(BAY, OTHER_BAY),
        "with emoji": "application/\U0001f17f/device/\U0001f17f/event/up",
        "with NUL": f"application/\0/device/{BAY}\0/event/up",
        "with half a surrogate": "application/a/device/\udcff/event/up",
        "of a join": UP.replace("/up", "/join"),
        "of a command": f"application/a/device/{BAY}/command/down",
        "that climbs": "smartplace/v1/devices/../up",
        "of a device with a quote": "smartplace/v1/devices/'; DROP TABLE device; --/up",
        "of a device downwards": f"smartplace/v1/devices/{BENCH}/down",
    }.items()
}

LORAWAN = {
    "a port that the sensor has not": (UP, event(fPort=99)),
    "port 0": (UP, event(fPort=0)),
    "no payload": (UP, event(data=...)),
    "an empty payload": (UP, event(data="")),
    "a null payload": (UP, event(data=None)),
    "base64 with junk": (UP, event(data="A*Q=")),
    "base64 without padding": (UP, event(data="AQ")),
    "base64 with a line feed": (UP, event(data="AQ=\n=")),
    "base64 for addresses": (UP, event(data="_-8=")),
    "hexadecimal for base64": (UP, event(data="0x01")),
    "a codec that says otherwise": (UP, event(object={"occupied": False})),
    "a codec that failed": (UP, event(object=None)),
    "heard by nobody": (UP, event(rxInfo=...)),
    "heard by null": (UP, event(rxInfo=None)),
    "heard by a null gateway": (UP, event(rxInfo=[None])),
    "heard by 600 gateways": (UP, event(rxInfo=[{"rssi": -101, "snr": -3.5}] * 600)),
    "counter 0": (UP, event(fCnt=0)),
    "counter 65,535": (UP, event(fCnt=65_535)),
    "counter 65,536": (UP, event(fCnt=65_536)),
    "no counter": (UP, event(fCnt=...)),
    "a device that nobody installed": (
        UP.replace(BAY, "f" * 16),
        event(deviceInfo={"devEui": "f" * 16}),
    ),
    "still encrypted": (UP, event(joinServerContext={"sessionKeyId": "AQ=="})),
} | {
    f"{length} random bytes": (UP, event(data=b64encode(random.Random(length).randbytes(length)).decode()))
    for length in (2, 3, 4, 5, 8, 11, 51, 222, 242, 243, 4000)
}  # fmt: skip

PROTOBUF = {
    "protobuf cut off": (UP, protobuf()[:-3]),
    "protobuf of one byte": (UP, b"\x0a"),
    "protobuf of a length without end": (UP, b"\x0a" + b"\xff" * 20),
    "protobuf longer than it is": (UP, b"\x0a\xff\xff\xff\xff\x07"),
    "protobuf in groups without end": (UP, b"\x1a\x02" + b"\x0b" * 30_000),
    "protobuf of field 0": (UP, b"\x0a\x01a\x00\x01"),
    "protobuf with text that is no UTF-8": (UP, protobuf().replace(b"01020304", b"\xff\xfe020304")),
    "protobuf of random bytes": (UP, b"\x0a\x10" + random.Random(1).randbytes(500)),
    "protobuf of no device": (UP, b"\x0a\x01a"),
    "protobuf of another device": (UP, protobuf_of_device(OTHER_BAY)),
    "protobuf of a device that is none": (UP, protobuf_of_device("../../etc")),
    "protobuf with port 300": (UP, protobuf(f_port=300)),
    "protobuf with NUL in the session": (UP, protobuf(dev_addr="\0")),
    "protobuf with a signal that is no number": (UP, protobuf_signal(float("nan"), 0)),
    "protobuf with an infinite signal": (UP, protobuf_signal(float("inf"), 1_795_176_000)),
    "protobuf from the year 292,000,000,000": (UP, protobuf_signal(1.0, 2**63 - 1)),
    "protobuf from before the year 1": (UP, protobuf_signal(1.0, -(2**62))),
    "protobuf of fields from the future": (UP, protobuf() + b"\x82\x7d\x03abc"),
    "protobuf where our own JSON belongs": (BENCH_UP, protobuf()),
    "protobuf where The Things Stack's JSON belongs": (V3_UP, protobuf()),
    "a float where protobuf belongs": (UP, struct.pack("<d", 1.5)),
}

THINGS_STACK = {
    "v3: simulated": (V3_UP, v3(simulated=True)),
    "v3: another device": (V3_UP.replace("bay-1", "bay-2"), v3()),
    "v3: no EUI": (V3_UP, v3(ids={"dev_eui": ""})),
    "v3: an EUI in base64": (V3_UP, v3(ids={"dev_eui": "cLPVAAAAAAE="})),
    "v3: no device": (V3_UP, v3(end_device_ids=...)),
    "v3: no uplink": (V3_UP, v3(uplink_message=...)),
    "v3: a join": (V3_UP, v3(uplink_message=..., join_accept={"session_key_id": "AQ=="})),
    "v3: only zeros": (V3_UP, v3(uplink={"f_port": 0, "f_cnt": 0, "frm_payload": ""})),
    "v3: a counter of text": (V3_UP, v3(uplink={"f_cnt": "7"})),
    "v3: a counter of 2^32": (V3_UP, v3(uplink={"f_cnt": 2**32})),
    "v3: wrong base64": (V3_UP, v3(uplink={"frm_payload": "A*Q="})),
    "v3: gateways that are none": (V3_UP, v3(uplink={"rx_metadata": "all"})),
    "v3: a gateway of 1970": (V3_UP, v3(uplink={"rx_metadata": [{"time": "1970-01-01T00:00:00Z"}]})),
    "v3: null settings": (V3_UP, v3(uplink={"settings": None})),
    "v3: NUL in the session": (V3_UP, v3(ids={"dev_addr": "\0"})),
    "v3: a session of 10,000 letters": (V3_UP, v3(uplink={"session_key_id": "A" * 10_000})),
    "v3: a frequency as a text": (V3_UP, v3(uplink={"settings": {"frequency": "868300000"}})),
    "v3: ChirpStack's event": (V3_UP, event()),
    "v3: a downlink": (V3_UP.replace("/up", "/down/queued"), v3()),
}

LOG = UP.replace("/event/up", "/event/log")
NOTICES = {
    "log: no JSON": (LOG, b"{"),
    "log: another device": (LOG, b'{"deviceInfo": {"devEui": "70b3d50000000009"}}'),
    "log: no device": (LOG, b'{"code": "UPLINK_MIC"}'),
    "log: a context of numbers": (LOG, event(context={"f_cnt": 7})),
    "log: broken protobuf": (LOG, b"\x0a\x24broken"),
}

INPUTS = STRUCTURE | NUMBERS | TEXT | TIMES | TOPICS | LORAWAN | PROTOBUF | THINGS_STACK | NOTICES
GROUPS = [STRUCTURE, NUMBERS, TEXT, TIMES, TOPICS, LORAWAN, PROTOBUF, THINGS_STACK, NOTICES]
