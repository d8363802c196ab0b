"""One process that sends events to many: the real application, or bare writes to sockets. Run as a process of its own.

`serve sse|bare EVENTS CLIENTS SIGNS` prints its port, waits until everybody follows, sends EVENTS events to each of
CLIENTS one after the other, and prints how long that took. `read PORT CLIENTS SIGNS` follows and throws away.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])

import uvloop

from domain.boards import Board, BoardLine
from domain.categories import Category
from domain.places import Asset, AssetKind, Sign, Site, SiteKind
from domain.snapshot import AssetStatus, Snapshot, build_snapshot
from domain.states import State
from signage.frame import Frame
from signage.stream import event_of

REQUEST = "GET /v1/signs/sign-{}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"


def borough(signs: int) -> Snapshot:
    """As many places with two bays and a sign each."""
    now = datetime.now(UTC)
    statuses = []
    for number in range(signs):
        for bay in range(2):
            asset = Asset(
                asset_id=f"bay-{number}-{bay}",
                site_id=f"site-{number}",  # type: ignore[arg-type]
                kind=AssetKind.BAY,
                name="Bay",
                category=Category.GENERAL,
                lon=0,
                lat=51,
            )
            statuses.append(AssetStatus(asset=asset, state=State.FREE, since=now, heard_at=now))
    return build_snapshot(
        revision=1,
        as_of=now,
        sites=[
            Site(site_id=f"site-{n}", name=f"Site {n}", kind=SiteKind.CAR_PARK, locality="Here", lon=0, lat=51)  # type: ignore[arg-type]
            for n in range(signs)
        ],
        statuses=statuses,
        signs=[_sign(number) for number in range(signs)],
    )


def _sign(number: int) -> Sign:
    site_id, sign_id = f"site-{number}", f"sign-{number}"
    lines = (BoardLine(key="all", label=f"Car park {number}", site_id=site_id),)  # type: ignore[arg-type]
    board = Board(sign_id=sign_id, title=f"Sign {number}", lines=lines)  # type: ignore[arg-type]
    return Sign(sign_id=sign_id, name=f"Sign {number}", site_id=site_id, lon=0, lat=51, board=board)  # type: ignore[arg-type]


def changed(snapshot: Snapshot, revision: int) -> Snapshot:
    """Every sign has something else to say."""
    now = datetime.now(UTC)
    state = State.FREE if revision % 2 else State.OCCUPIED
    statuses = [
        AssetStatus(asset=status.asset, state=state, since=now, heard_at=now)
        for asset_id, status in snapshot.assets.items()
        if asset_id.endswith("-0")
    ]
    return snapshot.changed(revision=revision, as_of=now, statuses=statuses)


class Made:
    """Tells when an event was made for every sign: whoever follows is given it in the same turn of the loop."""

    def __init__(self, signs: int) -> None:
        self._signs = signs
        self._count = 0
        self._reached = asyncio.Event()

    def one(self, frame: Frame) -> bytes:
        """Stands in for `signage.stream.event_of`."""
        self._count += 1
        if self._count == self._signs:
            self._reached.set()
        return event_of(frame)

    def begin(self) -> None:
        """Count anew."""
        self._count = 0
        self._reached.clear()

    async def all(self) -> None:
        """Wait."""
        await self._reached.wait()


async def drained(transports: Iterable[asyncio.Transport]) -> None:
    """Until nothing waits to be written."""
    await asyncio.sleep(0)
    for transport in transports:
        while transport.get_write_buffer_size():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)


async def serve_sse(events: int, clients: int, signs: int) -> dict[str, float]:
    """The whole application of `smartplace serve`, without a store."""
    import dataclasses
    import socket

    from signage import stream
    from signage.listening import TRANSPORT
    from smartplace import web
    from smartplace.listener import server
    from smartplace.settings import Settings
    from smartplace.signs import no_signs
    from store.live import LiveSnapshot

    settings = Settings(manage_password="x" * 12, session_key="x" * 32, secure_cookies=False)  # type: ignore[arg-type]
    live = LiveSnapshot(borough(signs))
    doors = web.unopened_doors(settings)
    application = web.web_app(settings, dataclasses.replace(doors, live=live, signs=no_signs(settings)))
    made = Made(signs)
    stream.event_of = made.one
    transports: list[asyncio.Transport] = []
    connected = asyncio.Event()

    async def app(scope, receive, send):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        transports.append(scope["extensions"][TRANSPORT])
        if len(transports) == clients:
            connected.set()
        await application(scope, receive, send)

    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    serving = asyncio.create_task(server(app, host="", port=0).serve(sockets=[listener]))
    print(listener.getsockname()[1], flush=True)
    await connected.wait()
    await asyncio.sleep(1)
    assert not serving.done()
    snapshots = [changed(live.snapshot, revision) for revision in range(2, events + 2)]
    began, cpu = time.perf_counter(), time.process_time()
    for snapshot in snapshots:
        made.begin()
        live._publish(dataclasses.replace(snapshot, as_of=datetime.now(UTC)))  # noqa: SLF001
        await made.all()
        await drained(transports)
    return {"elapsed_s": time.perf_counter() - began, "cpu_s": time.process_time() - cpu}


async def serve_bare(events: int, clients: int, _signs: int) -> dict[str, float]:
    """The same bytes, written to the same sockets, and nothing else."""
    from signage.frames import Frames

    snapshot = borough(1)
    frames = Frames(now=lambda: datetime.now(UTC), validity=timedelta(seconds=60))
    event = event_of(frames.of("sign-0", snapshot))
    chunk = b"%x\r\n%s\r\n" % (len(event), event)
    transports: list[asyncio.Transport] = []

    connected = asyncio.Event()

    class Client(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transports.append(transport)  # type: ignore[arg-type]
            if len(transports) == clients:
                connected.set()

    listening = await asyncio.get_running_loop().create_server(Client, "127.0.0.1", 0, backlog=2048)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await connected.wait()
    await asyncio.sleep(1)
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(events):
        for transport in transports:
            transport.write(chunk)
        await drained(transports)
    return {"elapsed_s": time.perf_counter() - began, "cpu_s": time.process_time() - cpu}


async def read(port: int, clients: int, signs: int) -> None:
    """Follow, and throw away."""

    class Reader(asyncio.Protocol):
        def __init__(self, number: int) -> None:
            self._number = number

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transport.write(REQUEST.format(self._number % signs).encode())  # type: ignore[attr-defined]

        def data_received(self, data: bytes) -> None:
            pass

    loop = asyncio.get_running_loop()
    for number in range(clients):
        await loop.create_connection(lambda number=number: Reader(number), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.sleep(3600)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "read":
        uvloop.run(read(*map(int, rest)))
    kind, *numbers = rest
    os.environ.clear()
    measure = serve_sse if kind == "sse" else serve_bare
    print(json.dumps(uvloop.run(measure(*map(int, numbers)))), flush=True)
    # Streams that nobody ends would keep the server.
    os._exit(0)
