"""The packets of MQTT 5 and 3.1.1 that a consumer needs, as bytes: pure, and no more of the protocol than that.

Source: OASIS MQTT 5.0 and 3.1.1, sections 2 and 3. Whatever arrives is either a packet or a ProtocolError.
"""

from collections.abc import Iterable, Sequence
from struct import pack
from typing import NamedTuple

from domain.errors import SmartPlaceError

_CONNACK, _PUBLISH, _PUBACK, _SUBACK, _UNSUBACK, _PINGRESP, _DISCONNECT = 0x20, 0x30, 0x40, 0x90, 0xB0, 0xD0, 0xE0
_LEVEL = {"3.1.1": 4, "5": 5}
_SERVER_KEEP_ALIVE = 0x13
# How long the value of a property is that a server may put into CONNACK: a number of bytes, or a kind of text.
_PROPERTY_SIZE = {
    0x11: 4, 0x12: "text", 0x13: 2, 0x15: "text", 0x16: "text", 0x1A: "text", 0x1C: "text", 0x1F: "text", 0x21: 2,
    0x22: 2, 0x24: 1, 0x25: 1, 0x26: "pair", 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1,
}  # fmt: skip

PINGREQ = b"\xc0\x00"


class ProtocolError(SmartPlaceError):
    """The broker sends what MQTT does not know."""


class Connack(NamedTuple):
    """The broker's answer to CONNECT. `reason` is 0, or why it refuses; `keepalive_s` None where it took ours."""

    session_present: bool
    reason: int
    keepalive_s: int | None


class Suback(NamedTuple):
    """What became of each topic filter: the granted QoS, or 0x80 and more. Nothing is said of those that were left."""

    reasons: bytes


class Publish(NamedTuple):
    """A message. `packet_id` is 0 for QoS 0, which nobody acknowledges."""

    topic: bytes
    payload: bytes
    packet_id: int
    redelivered: bool
    retained: bool


class Disconnect(NamedTuple):
    """The broker hangs up; only MQTT 5 says why."""

    reason: int


class Puback(NamedTuple):
    """The broker has what we published, or with 0x80 and more says why not (MQTT 5 alone)."""

    packet_id: int
    reason: int


class Alive(NamedTuple):
    """A packet that says nothing but that the broker is there."""


Packet = Connack | Suback | Publish | Disconnect | Puback | Alive


def connect(
    version: str,
    *,
    client_id: str,
    username: str,
    password: str,
    keepalive_s: int,
    session_expiry_s: int | None,
    receive_maximum: int,
) -> bytes:
    """CONNECT to a session that outlives the connection, or where its expiry is None to one that is new and does not.

    Expiry and Receive Maximum are of MQTT 5.
    """
    flags = (0x80 if username else 0) | (0x40 if password else 0) | (0x02 if session_expiry_s is None else 0)
    body = _text("MQTT") + pack("!BBH", _LEVEL[version], flags, keepalive_s)
    if version == "5":
        properties = pack("!BIBH", 0x11, session_expiry_s or 0, 0x21, receive_maximum)
        body += _size(len(properties)) + properties
    body += _text(client_id)
    if username:
        body += _text(username)
    if password:
        body += _text(password)
    return _packet(0x10, body)


def subscribe(version: str, packet_id: int, topic_filters: Iterable[str]) -> bytes:
    """SUBSCRIBE with QoS 1."""
    properties = b"\x00" if version == "5" else b""
    return _packet(0x82, pack("!H", packet_id) + properties + b"".join(_text(item) + b"\x01" for item in topic_filters))


def unsubscribe(version: str, packet_id: int, topic_filters: Iterable[str]) -> bytes:
    """UNSUBSCRIBE."""
    properties = b"\x00" if version == "5" else b""
    return _packet(0xA2, pack("!H", packet_id) + properties + b"".join(map(_text, topic_filters)))


def publish(version: str, packet_id: int, topic: str, payload: bytes) -> bytes:
    """PUBLISH with QoS 1."""
    properties = b"\x00" if version == "5" else b""
    return _packet(0x32, _text(topic) + pack("!H", packet_id) + properties + payload)


def pubacks(packet_ids: Sequence[int]) -> bytes:
    """PUBACK for each of these packets."""
    return b"".join([b"\x40\x02" + packet_id.to_bytes(2) for packet_id in packet_ids])


def disconnect(version: str) -> bytes:
    """DISCONNECT; the session stays for as long as CONNECT asked."""
    return b"\xe0\x02\x00\x00" if version == "5" else b"\xe0\x00"


class PacketReader:
    """Bytes as they arrive, in any pieces, to packets."""

    def __init__(self, version: str) -> None:
        self._has_properties = version == "5"
        self._rest = b""

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that these bytes complete; raises ProtocolError."""
        buffer = self._rest + data if self._rest else data
        packets: list[Packet] = []
        at, end = 0, len(buffer)
        try:
            while end - at >= 2:
                size, begins = buffer[at + 1], at + 2
                if size & 0x80:
                    sized = _read_size(buffer, at + 1)
                    if sized is None:
                        break
                    size, begins = sized
                ends = begins + size
                if ends > end:
                    break
                header = buffer[at]
                if header & 0xF0 == _PUBLISH:
                    packets.append(self._publish(header, buffer, begins, ends))
                else:
                    packets.append(self._rare(header & 0xF0, buffer[begins:ends]))
                at = ends
        except (IndexError, ValueError) as error:
            raise ProtocolError(f"the broker sends a packet 0x{buffer[at]:02x} that is none") from error
        self._rest = buffer[at:]
        return packets

    def _publish(self, header: int, buffer: bytes, begins: int, ends: int) -> Publish:
        at = begins + 2 + (buffer[begins] << 8 | buffer[begins + 1])
        topic = buffer[begins + 2 : at]
        packet_id = 0
        if header & 0x06:
            packet_id = buffer[at] << 8 | buffer[at + 1]
            at += 2
        if self._has_properties:
            size = buffer[at]
            at += 1
            if size & 0x80:
                size, at = _complete(_read_size(buffer, at - 1))
            at += size
        if at > ends:
            raise ValueError(at)
        return Publish(topic, buffer[at:ends], packet_id, header & 0x08 != 0, header & 0x01 != 0)

    def _rare(self, kind: int, body: bytes) -> Packet:
        if kind == _CONNACK:
            return Connack(bool(body[0] & 1), body[1], _server_keep_alive(body) if self._has_properties else None)
        if kind == _SUBACK:
            at = 2
            if self._has_properties:
                size, at = _complete(_read_size(body, 2))
                at += size
            return Suback(body[at:])
        if kind == _UNSUBACK:
            return Suback(b"")
        if kind == _DISCONNECT:
            return Disconnect(body[0] if body else 0)
        if kind == _PUBACK:
            return Puback(body[0] << 8 | body[1], body[2] if len(body) > 2 else 0)
        if kind == _PINGRESP:
            return Alive()
        raise ValueError(kind)


def _server_keep_alive(connack: bytes) -> int | None:
    size, at = _complete(_read_size(connack, 2))
    ends = at + size
    while at < ends:
        identifier = connack[at]
        at += 1
        kind = _PROPERTY_SIZE.get(identifier)
        if kind is None:
            raise ValueError(identifier)
        if identifier == _SERVER_KEEP_ALIVE:
            return connack[at] << 8 | connack[at + 1]
        if isinstance(kind, int):
            at += kind
            continue
        for _ in range(2 if kind == "pair" else 1):
            at += 2 + (connack[at] << 8 | connack[at + 1])
    return None


def _read_size(buffer: bytes, at: int) -> tuple[int, int] | None:
    """A variable byte integer and where it ends; None where it is not complete; raises ProtocolError."""
    size = shift = 0
    for place in range(at, min(at + 4, len(buffer))):
        size |= (buffer[place] & 0x7F) << shift
        if not buffer[place] & 0x80:
            return size, place + 1
        shift += 7
    if shift == 28:
        raise ProtocolError("the broker sends a length of more than four bytes")
    return None


def _complete(sized: tuple[int, int] | None) -> tuple[int, int]:
    if sized is None:
        raise ValueError(sized)
    return sized


def _size(size: int) -> bytes:
    written = bytearray()
    while True:
        size, digit = size >> 7, size & 0x7F
        written.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(written)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return pack("!H", len(encoded)) + encoded


def _packet(header: int, body: bytes) -> bytes:
    return bytes([header]) + _size(len(body)) + body
