"""Publishes ready-made messages with QoS 1 as fast as the broker takes them, or at a rate. Run as a process of its own.

Reads length-prefixed (topic, payload) from a file; prints one JSON line: when the first left, and when the last was
acknowledged.
"""

import asyncio
import json
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

WINDOW = 2000


def messages(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """What `write` wrote."""
    content = memoryview(path.read_bytes())
    at = 0
    while at < len(content):
        topic_size, payload_size = struct.unpack_from("!HI", content, at)
        at += 6
        yield bytes(content[at : at + topic_size]), bytes(content[at + topic_size : at + topic_size + payload_size])
        at += topic_size + payload_size


def write(path: Path, rows: Iterator[tuple[str, bytes]]) -> None:
    """The file that this program reads."""
    with path.open("wb") as file:
        for topic, payload in rows:
            name = topic.encode()
            file.write(struct.pack("!HI", len(name), len(payload)) + name + payload)


def _packet(head: int, body: bytes) -> bytes:
    size, length = b"", len(body)
    while True:
        size += bytes([length % 128 | (0x80 if length > 127 else 0)])
        length //= 128
        if not length:
            return bytes([head]) + size + body


def _text(text: bytes) -> bytes:
    return struct.pack("!H", len(text)) + text


class _Publisher(asyncio.Protocol):
    """Keeps at most WINDOW messages on their way. What may leave does so in one write."""

    def __init__(self, packets: list[bytes]) -> None:
        self._packets = packets
        self._transport: asyncio.Transport | None = None
        self._sent = self._allowed = self._heard = 0
        self.acknowledged = asyncio.get_running_loop().create_future()
        self.connected = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say who is here."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(_packet(0x10, _text(b"MQTT") + bytes([4, 2]) + struct.pack("!H", 600) + _text(b"blast")))

    def connection_lost(self, exc: Exception | None) -> None:
        """Too early."""
        for answer in (self.connected, self.acknowledged):
            if not answer.done():
                answer.set_exception(exc or ConnectionError("the broker hung up"))

    def data_received(self, data: bytes) -> None:
        """CONNACK, then PUBACK after PUBACK: four bytes each."""
        self._heard += len(data)
        if not self.connected.done() and self._heard >= 4:
            self.connected.set_result(None)
        if self._heard // 4 - 1 == len(self._packets):
            self.acknowledged.set_result(None)
        self._send()

    def allow(self, count: int, last: bytes | None = None) -> None:
        """Send the first `count` messages as the window allows, `last` in place of the last of them."""
        if last is not None:
            self._packets[count - 1] = last
        self._allowed = count
        self._send()

    def _send(self) -> None:
        until = min(self._allowed, self._heard // 4 - 1 + WINDOW)
        if until > self._sent:
            assert self._transport is not None
            self._transport.write(b"".join(self._packets[self._sent : until]))
            self._sent = until


async def blast(port: int, path: Path, rate: float, stamp: bytes) -> dict[str, float]:
    """Publish the file. With a rate, `stamp` in each payload is replaced by the time of sending."""
    ready = [
        (_text(topic) + struct.pack("!H", number % 65_535 + 1), payload)
        for number, (topic, payload) in enumerate(messages(path))
    ]
    packets = [_packet(0x32, head + payload) for head, payload in ready]
    loop = asyncio.get_running_loop()
    transport, publisher = await loop.create_connection(lambda: _Publisher(packets), "127.0.0.1", port)
    await publisher.connected
    began = time.time()
    if rate:
        for number, (head, payload) in enumerate(ready):
            await asyncio.sleep(max(0.0, began + number / rate - time.time()))
            publisher.allow(number + 1, _packet(0x32, head + payload.replace(stamp, _now())))
    else:
        publisher.allow(len(packets))
    await publisher.acknowledged
    ended = time.time()
    transport.abort()
    return {"began": began, "acknowledged": ended, "messages": len(ready)}


def _now() -> bytes:
    fraction = time.time()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(fraction))}.{int(fraction % 1 * 1e6):06}000+00:00".encode()


if __name__ == "__main__":
    port, path, rate, stamp = sys.argv[1:]
    print(json.dumps(asyncio.run(blast(int(port), Path(path), float(rate), stamp.encode()))))
