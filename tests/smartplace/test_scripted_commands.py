"""Commands to devices whose codec is JavaScript: from its upload to the queue, and what they tell of their settings."""

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.commands import Parameter
from domain.errors import CommandRefusedError
from domain.uplinks import Accepted, Decoded, Kind, Network, TimeSource, Uplink
from smartplace.codecs import open_shelf
from store.commands import CommandStore
from store.frames import FrameStore
from store.places import import_places
from store.pool import open_pool

pytestmark = [pytest.mark.anyio, pytest.mark.db]

BAY = "70b3d50000000001"
HOUR = timedelta(hours=1)
INTERVAL = "set-reporting-interval"
COMMANDS = {
    INTERVAL: {
        "data": {"minutes": "$seconds"},
        "parameters": {"seconds": {"low": 60, "high": 15_300, "unit": 60}},
    }
}
SETTINGS = [{"command": INTERVAL, "path": "minutes", "unit": 60}]


def asked(seconds):
    return {"name": INTERVAL, "parameters": {"seconds": seconds}}


@pytest.fixture
def talking(acme):
    """The codec of the tests, whose device takes a command and tells how it is set."""
    *others, downlink = acme.examples
    assert downlink["type"] == "downlink-encode"
    return replace(
        acme,
        source=acme.source.replace("const data = {", "const data = { minutes: input.bytes[1] || undefined,"),
        mapping={
            **acme.mapping,
            "commands": COMMANDS,
            "settings": [{"command": INTERVAL, "path": "minutes", "unit": 60}],
        },
        examples=[
            *({**one, "output": {**one["output"], **_told(one)}} for one in others),
            {**downlink, "command": asked(1800)},
        ],
    )


def _told(example):
    data = example["output"].get("data")
    return {"data": {**data, "minutes": 24}} if data and "battery" in data else {}


@pytest.fixture
async def platform(database, small_borough, noon):
    """A shelf, and a place where commands are asked for; the device at the first bay is of the model of the tests."""

    @asynccontextmanager
    async def opened():
        async with open_pool(database, size=3) as pool, open_shelf(pool, now=lambda: noon) as shelf:
            await import_places(pool, small_borough, at=noon)
            async with pool.connection() as connection:
                await connection.execute("UPDATE device SET model = 'acme-bay' WHERE device_id = %s", [BAY])
            yield shelf, CommandStore(pool, now=lambda: noon, can_send=True, others=shelf), pool

    async with opened() as parts:
        yield parts


async def test_a_command_is_queued_with_the_bytes_that_the_active_codec_writes(platform, talking):
    shelf, commands, _ = platform
    assert await commands.known(BAY) == ()
    assert (await shelf.upload(talking, by="me")).version == 1
    (kind,) = await commands.known(BAY)
    assert (kind.name, kind.parameters) == (
        INTERVAL,
        (Parameter(name="seconds", kind="number", low=60, high=15_300, step=60),),
    )
    first = await commands.request(BAY, INTERVAL, {"seconds": "600"}, by="me", lifetime=HOUR)
    newer = replace(talking, source=talking.source.replace("[1, input", "[9, input"))
    newer.examples[-1]["output"]["bytes"] = [9, 30]
    assert (await shelf.upload(newer, by="me")).version == 2
    second = await commands.request(BAY, INTERVAL, {"seconds": "600"}, by="me", lifetime=HOUR)

    assert [(one.f_port, one.payload) for one in (first, second)] == [(3, bytes([1, 10])), (3, bytes([9, 10]))]
    assert {one.command_id for one in await commands.of_device(BAY, limit=9)} == {first.command_id, second.command_id}


async def test_what_the_codec_does_not_write_is_refused_and_not_queued(platform, talking):
    shelf, commands, _ = platform
    loops = replace(
        talking,
        source=talking.source.replace("return { fPort: 3", "for (; input.data.minutes == 2;);\n return { fPort: 3"),
    )
    assert (await shelf.upload(loops, by="me")).version == 1
    for parameters, reason in (
        ({"seconds": "120"}, "its codec gives no frame: timeout"),
        ({"seconds": "30"}, "seconds is not in 60..15300"),
        ({"seconds": "soon"}, "no whole number"),
    ):
        with pytest.raises(CommandRefusedError, match=reason):
            await commands.request(BAY, INTERVAL, parameters, by="me", lifetime=HOUR)
    assert await commands.of_device(BAY, limit=9) == []


def kept(payload, minute, noon):
    """A frame of the journal; what was derived of it does not matter here."""
    at = noon + timedelta(minutes=minute)
    uplink = Uplink(
        device_id=BAY,
        network=Network.CHIRPSTACK,
        session="s",
        f_cnt=minute,
        f_port=2,
        payload=payload,
        observed_at=at,
        time_source=TimeSource.GATEWAY,
        received_at=at,
    )
    decoded = Decoded(model="acme-bay", codec_version=1, kind=Kind.HEARTBEAT, measurements={}, raw={})
    return Accepted(uplink=uplink, decoded=decoded)


async def test_settings_that_its_frames_tell_stand_beside_what_was_asked_for(platform, talking, noon):
    """The second frame is none of its codec's, the third tells no setting."""
    shelf, commands, pool = platform
    await shelf.upload(talking, by="me")
    frames = FrameStore(pool)
    await frames.refresh()
    await frames.write([kept(b"\x01\x0a", 1, noon), kept(b"", 2, noon), kept(b"\x01", 3, noon)], [])
    telling = await commands.telling(BAY)

    assert telling.tells == {INTERVAL}
    assert [(one.name, dict(one.parameters)) for one in telling.told] == [(INTERVAL, {"seconds": "600"})]
    assert telling.told[0].said_at == noon + timedelta(minutes=1)


async def test_a_command_without_an_example_is_no_command(platform, talking):
    shelf, _, _ = platform
    untried = replace(talking, examples=talking.examples[:-1])
    told = await shelf.upload(untried, by="me")

    assert told.version is None
    assert told.problems == (
        "commands.set-reporting-interval: an example of the type downlink-encode with this `command` is needed",
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"command": {"name": INTERVAL, "parameters": {"seconds": 3600}}},
            "command: data.minutes: expected 30, got 60",
        ),
        ({"command": {"name": INTERVAL, "parameters": {"seconds": 61}}}, "command: seconds is no multiple of 60"),
        ({"output": {"bytes": [1, 31], "fPort": 3}}, "bytes[1]: expected 31, got 30"),
        ({"output": {"bytes": [1, 30], "fPort": 4}}, "fPort: expected 4, got 3"),
    ],
)
async def test_an_example_of_a_command_is_a_gate(platform, talking, change, says):
    shelf, _, _ = platform
    *others, last = talking.examples
    told = await shelf.upload(replace(talking, examples=[*others, {**last, **change}]), by="me")

    assert told.version is None
    assert [difference.startswith(says) for difference in told.examples[-1].differences] == [True]
