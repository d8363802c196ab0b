"""The instruments of the suite: a line that misbehaves as it is told to, and an ear for acknowledgements."""

import asyncio
from contextlib import asynccontextmanager, suppress
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults import mqtt_packets as mqtt
from tests.faults.proxy import Proxy

WITHIN_S = 20


@pytest.fixture
def anyio_backend():
    return "asyncio"


@asynccontextmanager
async def echo():
    """A server that sends everything back, and closes when its client does."""

    async def serve(reader, writer):
        with suppress(ConnectionError):
            while data := await reader.read(1000):
                writer.write(data)
            writer.write(b"bye")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def through_proxy(**conditions):
    async with asyncio.timeout(WITHIN_S), echo() as port, Proxy(port, Random(1)) as proxy:
        proxy.set(**conditions)
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        try:
            yield proxy, reader, writer
        finally:
            writer.close()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"slice_bytes": 7},
        {"latency_s": 0.02, "jitter_s": 0.05, "slice_bytes": 1000},
        {"stall_share": 0.3, "stall_s": 0.05, "bytes_per_s": 200_000},
    ],
    ids=["well", "sliced", "slow", "narrow"],
)
async def test_whatever_the_line_is_like_the_bytes_arrive_whole_and_in_order(conditions):
    sent = Random(2).randbytes(20_000)
    async with through_proxy(**conditions) as (proxy, reader, writer):
        writer.write(sent[:10_000])
        await writer.drain()
        proxy.heal()
        writer.write(sent[10_000:])
        writer.write_eof()
        assert await reader.read() == sent + b"bye"


@pytest.mark.anyio
async def test_nothing_passes_a_black_hole_and_nobody_is_told_until_it_closes():
    async with through_proxy() as (proxy, reader, writer):
        proxy.black_hole()
        writer.write(b"hello")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(5), 0.2)
        assert not writer.is_closing()
        proxy.heal()
        assert await reader.readexactly(5) == b"hello"


@pytest.mark.anyio
async def test_only_the_replies_can_be_swallowed():
    async with through_proxy(hole_down=True) as (proxy, reader, writer):
        proxy.heal()
        writer.write(b"one")
        assert await reader.readexactly(3) == b"one"
        proxy.set(hole_down=True)
        writer.write(b"two")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(3), 0.2)


@pytest.mark.anyio
async def test_a_reset_is_an_error_and_a_half_close_an_end():
    async with through_proxy() as (proxy, reader, writer):
        writer.write(b"one")
        await reader.readexactly(3)
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
    async with through_proxy() as (proxy, reader, writer):
        writer.write(b"one")
        await reader.readexactly(3)
        proxy.half_close()
        assert await reader.read() == b""


packets = st.lists(
    st.tuples(st.sampled_from([mqtt.PUBLISH, mqtt.PUBACK, mqtt.SUBACK]), st.binary(max_size=300)), max_size=8
)


@given(packets, st.integers(1, 50))
def test_packets_are_found_however_the_stream_is_cut(sent, size):
    stream = b"".join(mqtt.packet(kind, body) for kind, body in sent)
    reader = mqtt.Reader()
    found = [each for begin in range(0, len(stream), size) for each in reader.feed(stream[begin : begin + size])]

    assert found == [(kind, 0, body) for kind, body in sent]


def puback(packet_id):
    return mqtt.packet(mqtt.PUBACK, packet_id.to_bytes(2, "big"))


def test_an_acknowledgement_of_another_connection_is_heard():
    old, new = mqtt.AckAudit(), mqtt.AckAudit()
    old.from_broker(mqtt.publish(1, "a", b"x"))
    new.from_broker(mqtt.publish(2, "b", b"y"))
    new.from_client(puback(2))
    assert new.wrong == []
    new.from_client(puback(1))

    assert len(new.wrong) == 1
