"""As much of MQTT as the fault suite speaks itself, so that it does not judge a client library by that same library."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

CONNECT, CONNACK, PUBLISH, PUBACK, SUBACK = 1, 2, 3, 4, 9


def packet(kind: int, body: bytes, *, flags: int = 0) -> bytes:
    """One control packet: MQTT 3.1.1, section 2.2."""
    length, size = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        size.append(digit | (128 if length else 0))
        if not length:
            return bytes([kind << 4 | flags]) + bytes(size) + body


def connect(client_id: str, username: str, password: str) -> bytes:
    """MQTT 3.1.1, a clean session, no keep-alive."""
    fields = b"".join(_text(value) for value in (client_id, username, password))
    return packet(CONNECT, _text("MQTT") + bytes([4, 0b1100_0010, 0, 0]) + fields)


def publish(packet_id: int, topic: str, payload: bytes) -> bytes:
    """QoS 1."""
    return packet(PUBLISH, _text(topic) + packet_id.to_bytes(2, "big") + payload, flags=0b0010)


def _text(value: str) -> bytes:
    encoded = value.encode()
    return len(encoded).to_bytes(2, "big") + encoded


@dataclass
class Reader:
    """Cuts a stream into packets, however it arrives."""

    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """(kind, flags, body) of every packet that is complete by now."""
        self._buffer += data
        while (size := self._complete()) is not None:
            header, length = size
            head, body = self._buffer[0], bytes(self._buffer[header : header + length])
            del self._buffer[: header + length]
            yield head >> 4, head & 0x0F, body

    def _complete(self) -> tuple[int, int] | None:
        length = 0
        for index in range(1, min(5, len(self._buffer))):
            length |= (self._buffer[index] & 0x7F) << 7 * (index - 1)
            if not self._buffer[index] & 0x80:
                return (index + 1, length) if len(self._buffer) >= index + 1 + length else None
        return None


@dataclass
class AckAudit:
    """Listens to one connection: every acknowledgement must be for a message that this very connection brought.

    A late acknowledgement on a new connection would name, and so delete, another message.
    """

    wrong: list[str] = field(default_factory=list)
    outstanding: Counter[int] = field(default_factory=Counter)
    is_subscribed: bool = False
    _down: Reader = field(default_factory=Reader)
    _up: Reader = field(default_factory=Reader)

    def from_broker(self, data: bytes) -> None:
        """What the broker sent."""
        for kind, flags, body in self._down.feed(data):
            self.is_subscribed = self.is_subscribed or kind == SUBACK
            if kind == PUBLISH and flags & 0b0110:
                begins = 2 + int.from_bytes(body[:2], "big")
                self.outstanding[int.from_bytes(body[begins : begins + 2], "big")] += 1

    def from_client(self, data: bytes) -> None:
        """What the client sent."""
        for kind, _flags, body in self._up.feed(data):
            if kind == PUBACK:
                self._puback(int.from_bytes(body[:2], "big"))

    def _puback(self, packet_id: int) -> None:
        if not self.outstanding[packet_id]:
            self.wrong.append(f"packet {packet_id} was acknowledged on a connection that did not bring it")
        else:
            self.outstanding[packet_id] -= 1
