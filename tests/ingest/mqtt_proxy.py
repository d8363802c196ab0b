"""A proxy before a broker that can swallow what the broker publishes: to its client, a subscription that is lost."""

import asyncio
from contextlib import asynccontextmanager, suppress

PUBLISH, SUBACK = 3, 9
REFUSED = b"\x80"


class SwallowingProxy:
    """Passes every packet on but, on its first `deaf` connections, PUBLISH packets of the broker.

    The last filter of each of the next `refusals` subscriptions is refused.
    """

    def __init__(self, broker_port: int) -> None:
        self.deaf = 0
        self.refusals = 0
        self.connections = 0
        self.swallowed = 0
        self.port = 0
        self._broker_port = broker_port
        self._serving: set[asyncio.Task] = set()

    @asynccontextmanager
    async def running(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader, writer) -> None:
        self._serving.add(asyncio.current_task())
        self.connections += 1
        number = self.connections
        broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
        ways = [self._pass_on(reader, broker_writer), self._pass_packets_on(broker_reader, writer, number)]
        tasks = [asyncio.create_task(way) for way in ways]
        with suppress(asyncio.CancelledError):
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for end in (writer, broker_writer):
            end.close()
            with suppress(OSError):
                await end.wait_closed()

    async def _pass_on(self, reader, writer) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    async def _pass_packets_on(self, reader, writer, number) -> None:
        while True:
            packet = await _packet(reader)
            if number <= self.deaf and packet[0] >> 4 == PUBLISH:
                self.swallowed += 1
                continue
            if self.refusals and packet[0] >> 4 == SUBACK:
                self.refusals -= 1
                packet = packet[:-1] + REFUSED
            writer.write(packet)
            await writer.drain()


async def _packet(reader) -> bytes:
    head = await reader.readexactly(2)
    length, shift = head[1] & 0x7F, 7
    while head[-1] & 0x80:
        head += await reader.readexactly(1)
        length |= (head[-1] & 0x7F) << shift
        shift += 7
    return head + await reader.readexactly(length)
