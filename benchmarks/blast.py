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


async def blast(port: int, path: Path, rate: float, stamp: bytes) -> dict[str, float]:
    """Publish the file. With a rate, `stamp` in each payload is replaced by the time of sending."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_packet(0x10, _text(b"MQTT") + bytes([4, 2]) + struct.pack("!H", 600) + _text(b"blast")))
    await reader.readexactly(4)
    ready = [(_text(topic), payload) for topic, payload in messages(path)]
    room = asyncio.Semaphore(WINDOW)

    async def acknowledged() -> None:
        for _ in ready:
            await reader.readexactly(4)
            room.release()

    done = asyncio.create_task(acknowledged())
    began = time.time()
    for number, (topic, payload) in enumerate(ready):
        if rate:
            wait = began + number / rate - time.time()
            if wait > 0:
                await asyncio.sleep(wait)
            payload = payload.replace(stamp, _now())  # noqa: PLW2901
        if room.locked():
            await writer.drain()
        await room.acquire()
        writer.write(_packet(0x32, topic + struct.pack("!H", number % 65_535 + 1) + payload))
    await writer.drain()
    await done
    writer.close()
    return {"began": began, "acknowledged": time.time(), "messages": len(ready)}


def _now() -> bytes:
    fraction = time.time()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(fraction))}.{int(fraction % 1 * 1e6):06}000+00:00".encode()


if __name__ == "__main__":
    port, path, rate, stamp = sys.argv[1:]
    print(json.dumps(asyncio.run(blast(int(port), Path(path), float(rate), stamp.encode()))))
