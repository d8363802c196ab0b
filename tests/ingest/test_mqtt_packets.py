import contextlib
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import mqtt_packets as packets
from ingest.mqtt_packets import Alive, Connack, Disconnect, PacketReader, ProtocolError, Puback, Publish, Suback

VERSIONS = st.sampled_from(["5", "3.1.1"])
TOPIC = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


def read(version, data):
    return PacketReader(version).feed(data)


@given(VERSIONS, st.integers(1, 0xFFFF), TOPIC, st.binary(max_size=20_000))
def test_a_message_is_read_as_it_was_written(version, packet_id, topic, payload):
    written = packets.publish(version, packet_id, topic, payload)

    assert read(version, written) == [Publish(topic.encode(), payload, packet_id, redelivered=False, retained=False)]


@given(VERSIONS, st.lists(st.binary(max_size=400), max_size=8), st.data())
def test_the_pieces_in_which_bytes_arrive_do_not_matter(version, payloads, data):
    stream = b"".join(packets.publish(version, n + 1, "a/b", payload) for n, payload in enumerate(payloads))
    reader, found = PacketReader(version), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:size])
        stream = stream[size:]

    assert [packet.payload for packet in found] == payloads


@given(VERSIONS, st.binary(max_size=200))
def test_any_bytes_are_packets_or_a_fault_of_the_broker(version, data):
    try:
        found = read(version, data)
    except ProtocolError:
        return
    assert all(isinstance(packet, Alive | Connack | Disconnect | Puback | Publish | Suback) for packet in found)


@given(VERSIONS, st.binary(min_size=1, max_size=60), st.data())
def test_a_flipped_bit_is_a_packet_or_a_fault_of_the_broker(version, payload, data):
    written = bytearray(packets.publish(version, 7, "application/x/device/y/event/up", payload))
    bit = data.draw(st.integers(0, len(written) * 8 - 1))
    written[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(ProtocolError):
        read(version, bytes(written))


def test_flags_and_properties_of_a_message():
    # MQTT 5, 3.3: duplicate, retained, QoS 1; a content type, which nobody asked for.
    properties = b"\x03\x00\x04json"
    body = b"\x00\x03a/b" + pack("!H", 9) + bytes([len(properties)]) + properties + b"hello"

    (message,) = read("5", bytes([0x3B, len(body)]) + body)

    assert message == Publish(b"a/b", b"hello", 9, redelivered=True, retained=True)


def test_a_message_that_nobody_acknowledges_has_no_packet_id():
    (message,) = read("3.1.1", b"\x30\x06\x00\x01ahey")
    assert message == Publish(b"a", b"hey", 0, redelivered=False, retained=False)


@pytest.mark.parametrize(
    ("version", "data", "expected"),
    [
        ("3.1.1", b"\x20\x02\x01\x00", Connack(session_present=True, reason=0, keepalive_s=None)),
        ("3.1.1", b"\x20\x02\x00\x05", Connack(session_present=False, reason=5, keepalive_s=None)),
        ("5", b"\x20\x03\x00\x00\x00", Connack(session_present=False, reason=0, keepalive_s=None)),
        # Assigned client id, a pair of the user's, then the server's keep-alive.
        (
            "5",
            b"\x20\x11\x00\x00\x0e\x12\x00\x01x\x26\x00\x01a\x00\x01b\x13\x00\x1e",
            Connack(session_present=False, reason=0, keepalive_s=30),
        ),
        ("3.1.1", b"\x90\x04\x00\x01\x01\x80", Suback(b"\x01\x80")),
        ("5", b"\x90\x04\x00\x01\x00\x01", Suback(b"\x01")),
        ("3.1.1", b"\xb0\x02\x00\x01", Suback(b"")),
        ("5", b"\xb0\x04\x00\x01\x00\x11", Suback(b"")),
        ("5", b"\xe0\x02\x8e\x00", Disconnect(0x8E)),
        ("3.1.1", b"\xe0\x00", Disconnect(0)),
        ("5", b"\xd0\x00", Alive()),
        ("5", b"\x40\x02\x00\x07", Puback(7, 0)),
        ("5", b"\x40\x04\x01\x07\x87\x00", Puback(263, 0x87)),
    ],
)
def test_what_a_broker_says(version, data, expected):
    assert read(version, data) == [expected]


@pytest.mark.parametrize(
    "data", [b"\x00\x00", b"\x10\x00", b"\x30\x01\x00", b"\x30\xff\xff\xff\xff\x7f", b"\x20\x01\x00"]
)
def test_what_no_broker_says(data):
    with pytest.raises(ProtocolError):
        read("5", data)


def test_a_session_that_outlives_the_connection_is_asked_for():
    # Field by field as in MQTT 5, 3.1: flags user name and password, no clean start; expiry; receive maximum.
    hello = packets.connect(
        "5",
        client_id="me",
        username="u",
        password="p",
        keepalive_s=10,
        session_expiry_s=3600,
        receive_maximum=1000,
    )
    assert hello == (
        b"\x10\x1d\x00\x04MQTT\x05\xc0\x00\x0a\x08\x11\x00\x00\x0e\x10\x21\x03\xe8\x00\x02me\x00\x01u\x00\x01p"
    )
    assert packets.pubacks([1, 0xFFFF]) == b"\x40\x02\x00\x01\x40\x02\xff\xff"
    assert packets.unsubscribe("5", 1, ["a/+"]) == b"\xa2\x08\x00\x01\x00\x00\x03a/+"
    assert packets.unsubscribe("3.1.1", 1, ["a/+", "b"]) == b"\xa2\x0a\x00\x01\x00\x03a/+\x00\x01b"
