import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from domain.errors import CommandError
from simulators.mqtt import Broker, Publisher, open_publisher


class FakeBroker:
    """Speaks just enough MQTT 3.1.1 to receive; forgets every session; acknowledges while `awake`."""

    def __init__(self, *, code: int = 0, hang_up_after: int | None = None) -> None:
        self.code = code
        self.hang_up_after = hang_up_after
        self.connections = 0
        self.received: list[bytes] = []
        self.most_waiting = 0
        self.waiting = 0
        self.awake = asyncio.Event()
        self.awake.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.waiting = 0
        acknowledgements: list[asyncio.Task[None]] = []
        try:
            while await self.answer(await reader.readexactly(1), reader, writer, acknowledgements):
                pass
        except asyncio.IncompleteReadError:
            pass
        for task in acknowledgements:
            task.cancel()
        writer.close()

    async def answer(
        self,
        head: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        acknowledgements: list[asyncio.Task[None]],
    ) -> bool:
        body = await reader.readexactly(await length(reader))
        match head[0] >> 4:
            case 1:
                writer.write(bytes((0x20, 2, 0, self.code)))
            case 3:
                if len(self.received) == self.hang_up_after:
                    self.hang_up_after = None
                    return False
                [topic_length] = struct.unpack_from("!H", body)
                self.received.append(body[topic_length + 4 :])
                self.waiting += 1
                self.most_waiting = max(self.waiting, self.most_waiting)
                packet_id = body[topic_length + 2 : topic_length + 4]
                acknowledgements.append(asyncio.create_task(self.acknowledge(writer, packet_id)))
            case 14:
                return False
        return self.code == 0

    async def acknowledge(self, writer: asyncio.StreamWriter, packet_id: bytes) -> None:
        await self.awake.wait()
        self.waiting -= 1
        writer.write(b"\x40\x02" + packet_id)


async def length(reader: asyncio.StreamReader) -> int:
    total, shift = 0, 0
    while True:
        octet = (await reader.readexactly(1))[0]
        total |= (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            return total


@asynccontextmanager
async def listening(fake: FakeBroker) -> AsyncIterator[Broker]:
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Broker(host="127.0.0.1", port=port, version="3.1.1", username="u", password="p", connect_timeout_s=5)
    finally:
        server.close()
        await server.wait_closed()


def with_publisher(
    play: Callable[[Publisher, FakeBroker], Awaitable[None]], *, in_flight: int = 10, hang_up_after: int | None = None
) -> FakeBroker:
    async def main() -> FakeBroker:
        fake = FakeBroker(hang_up_after=hang_up_after)
        async with listening(fake) as broker, open_publisher(broker, in_flight=in_flight) as publisher:
            await play(publisher, fake)
        return fake

    return asyncio.run(main())


def messages(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


async def publish_all(publisher: Publisher, count: int) -> None:
    for payload in messages(count):
        await publisher.publish("a/b", payload)


def test_everything_published_and_drained_has_reached_the_broker_in_order() -> None:
    async def play(publisher: Publisher, fake: FakeBroker) -> None:
        await publish_all(publisher, 300)
        await publisher.drain()
        assert fake.received == messages(300)

    with_publisher(play)


def test_no_more_than_the_window_waits_for_an_acknowledgement() -> None:
    async def play(publisher: Publisher, fake: FakeBroker) -> None:
        fake.awake.clear()
        publishing = asyncio.create_task(publish_all(publisher, 50))
        while len(fake.received) < 7:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert len(fake.received) == 7
        assert not publishing.done()
        fake.awake.set()
        await publishing
        await publisher.drain()

    fake = with_publisher(play, in_flight=7)
    assert fake.received == messages(50)
    assert fake.most_waiting <= 7


def test_a_broker_that_hangs_up_and_forgets_us_still_gets_everything() -> None:
    async def play(publisher: Publisher, fake: FakeBroker) -> None:
        async with asyncio.timeout(20):
            await publish_all(publisher, 100)
            await publisher.drain()

    fake = with_publisher(play, hang_up_after=40)
    assert fake.connections == 2
    assert set(fake.received) == set(messages(100))


def test_a_broker_that_refuses_us_is_told_to_a_person() -> None:
    async def main() -> None:
        async with listening(FakeBroker(code=5)) as broker, open_publisher(broker):
            pass

    with pytest.raises(CommandError, match=r"no MQTT broker for us at 127\.0\.0\.1:\d+: .*not authorised"):
        asyncio.run(main())


def test_a_broker_that_is_not_there_is_told_to_a_person() -> None:
    async def main() -> None:
        async with listening(FakeBroker()) as broker:
            gone = broker
        async with open_publisher(gone):
            pass

    with pytest.raises(CommandError, match="no MQTT broker for us at"):
        asyncio.run(main())
