import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import uuid4

import pytest

from devices.catalogue import model
from devices.codec import decode
from domain.commands import CommandState, Parameter, Report, Word
from domain.errors import CommandRefusedError, UnknownPlaceError
from domain.places_file import parse_places
from domain.uplinks import Accepted, Kind, Network, TimeSource, Uplink
from store.commands import CommandStore
from store.frames import FrameStore
from store.places import import_places
from store.pool import open_pool

pytestmark = pytest.mark.db

DEVICE = "24e124000000000a"
HOUR = timedelta(hours=1)
PLACES = """
name = "One desk"
simulated = true

[[site]]
id = "library"
name = "Library"
kind = "park"
locality = "Grays"
lon = 0.325
lat = 51.475

[[site.benches]]
model = "milesight-vs341"
bench = [{ id = "desk-1", lon = 0.3251, lat = 51.4751, device = "24e124000000000a" }]
"""


class Clock:
    def __init__(self, moment):
        self.moment = moment

    def __call__(self):
        return self.moment


@pytest.fixture
def clock(noon):
    return Clock(noon)


@asynccontextmanager
async def opened(database, clock):
    async with open_pool(database, size=4) as pool:
        await import_places(pool, parse_places(PLACES, source="desk", silent_after=lambda _: HOUR), at=clock())
        yield CommandStore(pool, now=clock, can_send=True)


def run(database, clock, story):
    async def told():
        async with opened(database, clock) as store:
            return await story(store)

    return asyncio.run(told())


async def ask(store, **more):
    given = {"by": "manager", "lifetime": HOUR} | more
    return await store.request(DEVICE, "set-reporting-interval", {"seconds": "600"}, **given)


async def only(store):
    (command,) = await store.of_device(DEVICE, limit=10)
    return command


def report(command, word, clock, *, device_id=DEVICE, detail=""):
    return Report(
        command_id=command.command_id, device_id=device_id, word=word, detail=detail, received_at=clock.moment
    )


def test_a_command_is_kept_as_the_bytes_of_its_model(database, clock):
    async def story(store):
        asked = await ask(store)
        assert await only(store) == asked
        interval, reboot, indicator = await store.known(DEVICE)
        assert [kind.name for kind in (interval, reboot, indicator)] == [
            "set-reporting-interval",
            "reboot",
            "set-indicator",
        ]
        assert interval.parameters == (Parameter(name="seconds", kind="number", low=60, high=86_400, step=60),)
        assert indicator.parameters == (Parameter(name="on", kind="switch"),)
        return asked

    asked = run(database, clock, story)
    assert (asked.f_port, asked.payload.hex()) == (85, "ff8e000a00")
    assert asked.expires_at == clock() + HOUR


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("set-reporting-interval", {"seconds": "1"}),
        ("set-reporting-interval", {}),
        ("show-template", {"template": "1"}),
    ],
)
def test_what_the_model_does_not_take_is_refused(database, clock, name, parameters):
    async def story(store):
        with pytest.raises(CommandRefusedError):
            await store.request(DEVICE, name, parameters, by="manager", lifetime=HOUR)
        with pytest.raises(UnknownPlaceError):
            await store.request("24e124000000000b", name, parameters, by="manager", lifetime=HOUR)
        return await store.of_device(DEVICE, limit=10)

    assert run(database, clock, story) == []


def test_two_senders_never_take_the_same_command(database, clock):
    async def story(store):
        await ask(store)
        async with store.taken(limit=10) as (first, taken), store.taken(limit=10) as (second, _):
            assert (len(first), len(second)) == (1, 0)
            await taken.sent(first[0])
        async with store.taken(limit=10) as (later, _):
            return later

    assert run(database, clock, story) == []


def test_a_sender_that_dies_leaves_the_command_to_the_next_under_the_same_id(database, clock):
    async def story(store):
        asked = await ask(store)
        with suppress(ConnectionError):
            async with store.taken(limit=10) as (_, taken):
                await taken.sent(asked)
                raise ConnectionError
        async with store.taken(limit=10) as (commands, _):
            return asked, commands

    asked, commands = run(database, clock, story)
    assert commands == [asked]


def test_it_goes_through_its_states_with_their_times(database, clock):
    async def story(store):
        asked = await ask(store)
        async with store.taken(limit=10) as (_, taken):
            await taken.sent(asked)
        for word in (Word.TRANSMITTED, Word.UNACKNOWLEDGED, Word.ACKNOWLEDGED, Word.REFUSED, Word.TRANSMITTED):
            clock.moment += timedelta(seconds=1)
            await store.hear([report(asked, word, clock)])
        return await only(store)

    begins = clock()
    command = run(database, clock, story)
    assert command.state is CommandState.ACKED
    assert [moment - begins for moment in (command.sent_at, command.txack_at, command.ended_at)] == [
        timedelta(seconds=seconds) for seconds in (0, 1, 3)
    ]


def test_a_lost_acknowledgement_ends_in_expired_and_a_late_one_changes_nothing(database, clock):
    async def story(store):
        asked = await ask(store)
        async with store.taken(limit=10) as (_, taken):
            await taken.sent(asked)
        await store.hear([report(asked, Word.TRANSMITTED, clock), report(asked, Word.UNACKNOWLEDGED, clock)])
        assert await store.expire() == 0
        clock.moment += HOUR
        assert await store.expire() == 1
        await store.hear([report(asked, Word.ACKNOWLEDGED, clock)])
        return await only(store)

    command = run(database, clock, story)
    assert (command.state, command.detail) == (CommandState.EXPIRED, "not acknowledged in time")
    assert command.ended_at == clock()


def test_what_was_never_sent_in_time_is_not_sent_any_more(database, clock):
    async def story(store):
        await ask(store)
        clock.moment += HOUR
        async with store.taken(limit=10) as (commands, _):
            assert commands == []
        await store.expire()
        return await only(store)

    assert run(database, clock, story).detail == "never sent"


def test_a_report_of_another_device_or_of_nobodys_downlink_changes_nothing(database, clock):
    async def story(store):
        asked = await ask(store)
        stranger = Report(
            command_id=uuid4(), device_id=DEVICE, word=Word.ACKNOWLEDGED, detail="", received_at=clock.moment
        )
        await store.hear([report(asked, Word.ACKNOWLEDGED, clock, device_id="24e124000000000b"), stranger])
        return await only(store)

    assert run(database, clock, story).state is CommandState.QUEUED


def test_what_a_device_tells_of_its_settings_is_read_from_the_journal(database, clock, noon):
    def kept(hexadecimal, minute, kind):
        payload = bytes.fromhex(hexadecimal)
        decoded = decode(model("milesight-vs341"), 85, payload)
        assert decoded.kind is kind
        at = noon + timedelta(minutes=minute)
        uplink = Uplink(
            device_id=DEVICE,
            network=Network.CHIRPSTACK,
            session="s",
            f_cnt=minute,
            f_port=85,
            payload=payload,
            observed_at=at,
            time_source=TimeSource.GATEWAY,
            received_at=at,
        )
        return Accepted(uplink=uplink, decoded=decoded)

    async def story(store):
        frames = FrameStore(store._pool)
        await frames.refresh()
        answers = [
            kept("fe8e000a00", 1, Kind.CONFIG),
            kept("fe8e001e00", 5, Kind.CONFIG),
            kept("fe2f01", 3, Kind.CONFIG),
        ]
        # So many that those above are not among the newest any more.
        reports = [kept("017563030000", 10 + n, Kind.HEARTBEAT) for n in range(60)]
        await frames.write([answers[1], *reports, answers[0], answers[2]], [])
        nobody = await store.telling("24e12400000000ff")
        return await store.telling(DEVICE), nobody

    telling, nobody = run(database, clock, story)
    assert telling.tells == {"set-reporting-interval", "set-indicator"}
    assert [(one.name, dict(one.parameters)) for one in telling.told] == [
        ("set-reporting-interval", {"seconds": "1800"}),
        ("set-indicator", {"on": "true"}),
        ("set-reporting-interval", {"seconds": "600"}),
    ]
    assert telling.told[0].said_at == noon + timedelta(minutes=5)
    assert (nobody.told, nobody.tells) == ((), frozenset())


def test_what_was_asked_for_is_written_in_one_way_only(database, clock):
    async def story(store):
        return await store.request(DEVICE, "set-reporting-interval", {"seconds": "+0600"}, by="me", lifetime=HOUR)

    assert run(database, clock, story).parameters == {"seconds": "600"}


def test_a_model_that_no_codec_reads_takes_no_commands(database, clock):
    async def story(store):
        async with store._pool.connection() as connection:
            await connection.execute("UPDATE device SET model = 'acme-bay'")
        with pytest.raises(CommandRefusedError, match="no codec reads this model"):
            await ask(store)
        return await store.known(DEVICE), await store.telling(DEVICE)

    known, telling = run(database, clock, story)
    assert (known, telling.tells) == ((), frozenset())
