"""A TCP proxy that misbehaves on request: slow, narrow, cut in slices, silent, reset or half closed."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

CHUNK = 65536
MOST_ON_ITS_WAY = 64


class Tap(Protocol):
    """Hears what passes on one connection."""

    def from_broker(self, data: bytes) -> None: ...

    def from_client(self, data: bytes) -> None: ...


@dataclass
class Conditions:
    """How the line is now. Data held back by a hole goes on when the hole closes, as TCP sends again what was lost."""

    latency_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float | None = None
    slice_bytes: int | None = None
    stall_share: float = 0.0
    stall_s: float = 0.0
    hole_up: bool = False
    hole_down: bool = False


@dataclass
class Proxy:
    """Listens on a port of its own in front of `target`. As a context: everything is closed when it is left."""

    target: int
    chance: Random
    tap: Callable[[], Tap] | None = None
    conditions: Conditions = field(default_factory=Conditions)
    accepted: int = 0
    taps: list[Tap] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lines: set[_Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._healed = asyncio.Event()

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def set(self, **conditions: object) -> None:
        """The line is like this from now on; what is not named is well."""
        self.conditions = Conditions(**conditions)  # type: ignore[arg-type]
        self._healed.set()
        self._healed = asyncio.Event()

    def black_hole(self) -> None:
        """Nothing passes any more in either direction, and nobody is told."""
        self.set(hole_up=True, hole_down=True)

    def heal(self) -> None:
        """The line is well again."""
        self.set()

    def reset(self) -> None:
        """Both ends of every open connection get a RST; what was held back never arrives."""
        for line in list(self._lines):
            line.reset()

    def half_close(self) -> None:
        """Every client reads the end of its connection, while the server still believes in it."""
        for line in list(self._lines):
            with suppress(OSError, RuntimeError):
                line.client.write_eof()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            # Swallowed: on its way out, asyncio's server would complain of a cancelled handler.
            with suppress(asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while self.conditions.hole_up or self.conditions.hole_down:
            await self._healed.wait()
        try:
            upstream, server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return
        line = _Line(writer, server)
        self._lines.add(line)
        tap = self.tap() if self.tap else None
        if tap:
            self.taps.append(tap)
        pumps = [
            asyncio.create_task(self._pump(reader, server, down=False, heard=tap and tap.from_client)),
            asyncio.create_task(self._pump(upstream, writer, down=True, heard=tap and tap.from_broker)),
        ]
        try:
            # The end of one direction is passed on, and the other goes on; an error ends both.
            await asyncio.wait(pumps, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            self._lines.discard(line)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in (writer, server):
                end.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        down: bool,
        heard: Callable[[bytes], None] | None,
    ) -> None:
        """Everything in one direction. Data are on their way side by side: latency does not cost throughput."""
        on_its_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MOST_ON_ITS_WAY)
        departing = asyncio.create_task(self._depart(reader, on_its_way))
        clock = asyncio.get_running_loop().time
        try:
            while True:
                due, part = await on_its_way.get()
                if due > clock():
                    await asyncio.sleep(due - clock())
                while self.conditions.hole_down if down else self.conditions.hole_up:
                    await self._healed.wait()
                if not part:
                    writer.write_eof()
                    return
                if heard:
                    heard(part)
                writer.write(part)
                await writer.drain()
        finally:
            departing.cancel()
            await asyncio.gather(departing, return_exceptions=True)

    async def _depart(self, reader: asyncio.StreamReader, on_its_way: asyncio.Queue[tuple[float, bytes]]) -> None:
        due = 0.0
        data = b"first"
        while data:
            try:
                data = await reader.read(CHUNK)
            except OSError:
                data = b""
            size = self.conditions.slice_bytes or CHUNK
            for part in [data[begin : begin + size] for begin in range(0, len(data), size)] or [b""]:
                due = self._due(due, len(part))
                await on_its_way.put((due, part))

    def _due(self, before: float, size: int) -> float:
        """When so many bytes arrive, which cannot be sooner than what was sent before."""
        line = self.conditions
        arrival = asyncio.get_running_loop().time() + line.latency_s + self.chance.uniform(0, line.jitter_s)
        if self.chance.random() < line.stall_share:
            arrival += line.stall_s
        return max(before, arrival) + (size / line.bytes_per_s if line.bytes_per_s else 0)


@dataclass(eq=False)
class _Line:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter

    def reset(self) -> None:
        for writer in (self.client, self.server):
            sock = writer.get_extra_info("socket")
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
