"""Devices at the broker: numbered frames with QoS 1, each sent until it is acknowledged, with a log of both."""

import asyncio
import itertools
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from tests.faults import mqtt_packets as mqtt
from tests.faults.checker import FrameId, Sent

WINDOW = 100
RECONNECT_S = 0.1
CONNECT_TIMEOUT_S = 3
# A broker that answers nothing for so long is given up: its kernel may keep the connection alive for ever.
PATIENCE_S = 5


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message to publish, and the frame that is in it."""

    frame: FrameId
    topic: str
    payload: bytes
    is_poison: bool = False


@dataclass(kw_only=True)
class Publisher:
    """Publishes on one connection after another. As a context: connected in it as long as the broker lets it."""

    port: int
    username: str
    password: str
    client_id: str = "fault-suite"
    offered: dict[FrameId, Message] = field(default_factory=dict)
    acknowledged: dict[FrameId, float] = field(default_factory=dict)
    """When, by the loop's clock, a frame was acknowledged for the first time."""
    by_message: dict[tuple[str, bytes], FrameId] = field(default_factory=dict)
    poison: set[FrameId] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._unacknowledged: dict[int, Message] = {}
        self._ids = itertools.cycle(range(1, 60_000))
        self._changed = asyncio.Condition()
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> "Publisher":
        self._task = asyncio.create_task(self._stay_connected())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    @property
    def sent(self) -> Sent:
        """The logs as they are now."""
        return Sent(offered=set(self.offered), acknowledged=set(self.acknowledged), poison=set(self.poison))

    async def publish(self, messages: Iterable[Message], *, per_second: float | None = None) -> None:
        """Offer these, as fast as the broker takes them or at a steady rate. Does not wait for acknowledgements."""
        clock = asyncio.get_running_loop().time
        began = clock()
        for number, message in enumerate(messages):
            if per_second and (wait := began + number / per_second - clock()) > 0:
                await asyncio.sleep(wait)
            await self._offer(message)

    async def drain(self) -> None:
        """Wait until everything that was offered is acknowledged."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._unacknowledged)

    async def _offer(self, message: Message) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._unacknowledged) < WINDOW)
        self.offered.setdefault(message.frame, message)
        self.by_message[message.topic, message.payload] = message.frame
        if message.is_poison:
            self.poison.add(message.frame)
        packet_id = next(number for number in self._ids if number not in self._unacknowledged)
        self._unacknowledged[packet_id] = message
        self._send(packet_id, message)

    def _send(self, packet_id: int, message: Message) -> None:
        if self._writer is not None:
            self._writer.write(mqtt.publish(packet_id, message.topic, message.payload))

    async def _stay_connected(self) -> None:
        while True:
            writer = None
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    packets = mqtt.Reader()
                    writer.write(mqtt.connect(self.client_id, self.username, self.password))
                    await self._connected(reader, packets)
                self._writer = writer
                for packet_id, message in self._unacknowledged.items():
                    self._send(packet_id, message)
                await self._listen(reader, packets)
            except (OSError, TimeoutError, EOFError):
                await asyncio.sleep(RECONNECT_S)
            finally:
                self._writer = None
                if writer is not None:
                    writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, packets: mqtt.Reader) -> None:
        while True:
            for kind, _flags, body in packets.feed(await _some(reader)):
                assert kind == mqtt.CONNACK, f"the broker answers CONNECT with packet type {kind}"
                if body[1]:
                    raise ConnectionRefusedError(f"the broker refuses: {body[1]}")
                return

    async def _listen(self, reader: asyncio.StreamReader, packets: mqtt.Reader) -> None:
        while True:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    data = await _some(reader)
            except TimeoutError:
                if self._unacknowledged:
                    raise
                continue
            ids = [int.from_bytes(body[:2], "big") for kind, _, body in packets.feed(data) if kind == mqtt.PUBACK]
            async with self._changed:
                for packet_id in ids:
                    self._acknowledged(packet_id)
                self._changed.notify_all()

    def _acknowledged(self, packet_id: int) -> None:
        message = self._unacknowledged.pop(packet_id, None)
        if message is not None:
            self.acknowledged.setdefault(message.frame, asyncio.get_running_loop().time())


async def _some(reader: asyncio.StreamReader) -> bytes:
    data = await reader.read(65536)
    if not data:
        raise EOFError
    return data
