"""Messages in the database, and how signs hear of them."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from domain.announcements import Audience, Condition, Draft, Policy, Standing
from domain.availability import Availability
from domain.errors import MessageRefusedError, UnknownMessageError
from domain.message_plan import messages_for
from domain.messages import MessageKind
from signage.frames import Frames
from signage.listening import QueuedListener
from signage.stream import Screens, Streams
from store.announcements import StoreAnnouncements
from store.frames import FrameStore
from store.live import open_live
from store.migrations import migrate
from store.places import import_places
from store.pool import open_pool

pytestmark = [pytest.mark.anyio, pytest.mark.db]

EVERYWHERE = Audience(everywhere=True)


@pytest.fixture
def pool(borough_pool):
    return borough_pool


@pytest.fixture
async def live(pool, monkeypatch):
    # Whoever is not told does not find out by himself, however much time passes here.
    monkeypatch.setattr("store.live._LOOK_AGAIN_S", 3600)
    async with open_live(pool) as live:
        yield live


@pytest.fixture
def messages(pool, live, clock):
    return StoreAnnouncements(pool, now=clock, policy=Policy(second_person=True), snapshot=lambda: live.snapshot)


def draft(noon, **more):
    given = {"kind": MessageKind.PLANNED, "audience": EVERYWHERE, "begins_at": noon, "text": "Market today"}
    return Draft(**(given | {"ends_at": noon + timedelta(hours=1)} | more))


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_message_comes_back_as_it_was_made(messages, noon):
    condition = Condition(
        site_id="mill-yard", category="disabled", states=frozenset({Availability.FULL, Availability.CLOSED})
    )
    wanted = draft(
        noon,
        kind=MessageKind.ALTERNATIVE,
        texts={"cy": "Marchnad heddiw"},
        audience=Audience(site_ids=("mill-yard",), sign_ids=("north",)),
        conditions=(condition,),
    )
    made = await messages.make(wanted, by="manager")

    assert await messages.listed(over=0) == [made]


async def test_a_second_person_agrees_and_everything_is_on_record(messages, noon, database):
    made = await messages.make(draft(noon), by="manager")
    with pytest.raises(MessageRefusedError, match="second person"):
        await messages.approve(made.message_id, by="manager")
    approved = await messages.approve(made.message_id, by="key abcd1234")
    with pytest.raises(MessageRefusedError, match="does not wait"):
        await messages.approve(made.message_id, by="key abcd1234")
    withdrawn = await messages.withdraw(made.message_id, by="manager")
    assert await messages.withdraw(made.message_id, by="key abcd1234") == withdrawn

    assert approved == replace(made, approved_by="key abcd1234", approved_at=noon)
    assert withdrawn.standing(noon) is Standing.WITHDRAWN
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT actor, before->>'approved_by', after->>'approved_by', after->>'withdrawn_by', after->>'text'"
            " FROM audit WHERE record = 'message' ORDER BY audit_id"
        ).fetchall()
    assert rows == [
        ("manager", None, None, None, "Market today"),
        ("key abcd1234", None, "key abcd1234", None, "Market today"),
        ("manager", "key abcd1234", "key abcd1234", "manager", "Market today"),
    ]


async def test_what_is_refused_leaves_nothing(messages, noon):
    with pytest.raises(MessageRefusedError):
        await messages.make(draft(noon, text="<b>"), by="manager")
    assert await messages.listed(over=10) == []


async def test_a_message_that_is_not_there_is_not_found(messages, noon):
    made = await messages.make(draft(noon), by="manager")
    gone = replace(made, message_id=type(made.message_id)(int=1))
    for asked in (messages.approve(gone.message_id, by="m"), messages.withdraw(gone.message_id, by="m")):
        with pytest.raises(UnknownMessageError):
            await asked


async def test_those_that_are_over_are_listed_when_asked_for(messages, noon, clock):
    first = await messages.make(draft(noon), by="manager")
    clock.now = noon + timedelta(hours=2)
    second = await messages.make(draft(clock.now), by="manager")

    assert await messages.listed(over=0) == [second]
    assert await messages.listed(over=5) == [second, first]


async def test_a_live_snapshot_has_the_messages_from_the_start_and_hears_of_changes(messages, pool, live, noon):
    template = draft(noon, template="test", text="", ends_at=noon + timedelta(days=30))
    revision = live.snapshot.revision
    made = await messages.make(template, by="manager")
    await messages.make(draft(noon), by="manager")
    await until(lambda: live.snapshot.announcements == (made,))
    assert live.snapshot.revision > revision

    async with open_live(pool) as other:
        assert other.snapshot.announcements == (made,)
    # A frame from the street changes nothing about them, nor does an import of places.
    await FrameStore(pool).tick(as_of=noon)
    await until(lambda: live.snapshot.as_of == noon)
    assert live.snapshot.announcements == (made,)
    await messages.withdraw(made.message_id, by="manager")
    await until(lambda: live.snapshot.announcements == ())


async def test_an_import_of_places_keeps_them(messages, pool, live, noon, small_borough):
    made = await messages.make(draft(noon, template="test", text=""), by="manager")
    revision = live.snapshot.revision
    await import_places(pool, small_borough, at=noon)
    await until(lambda: live.snapshot.revision > revision and live.snapshot.announcements)
    assert live.snapshot.announcements == (made,)


async def test_connected_signs_are_told_of_a_message_and_of_its_end(messages, pool, live, noon, clock):
    await FrameStore(pool).tick(as_of=noon)
    frames = Frames(now=clock, validity=timedelta(seconds=60), messages_of=messages_for)
    screens = Screens(frame_of=frames.of, basis_of=frames.basis, validity=frames.validity)
    streams = Streams(live, screens)
    await until(lambda: live.snapshot.as_of == noon)
    listener = QueuedListener("north")
    streams.join(listener)
    await listener.next()
    async with asyncio.timeout(20):
        made = await messages.make(
            draft(noon, kind=MessageKind.EMERGENCY, template="leave-now", text="", replaces_lines=True), by="manager"
        )
        while b"LEAVE NOW" not in (await listener.next()).text:
            pass
    async with asyncio.timeout(20):
        await messages.withdraw(made.message_id, by="manager")
        while b"LEAVE NOW" in (await listener.next()).text:
            pass
    streams.leave(listener)


async def test_a_message_ends_on_connected_signs_when_its_time_is_over(messages, pool, live, noon, clock):
    await FrameStore(pool).tick(as_of=noon)
    frames = Frames(now=clock, validity=timedelta(seconds=60), messages_of=messages_for)
    screens = Screens(frame_of=frames.of, basis_of=frames.basis, validity=frames.validity)
    await messages.make(draft(noon, template="test", text="", ends_at=noon + timedelta(minutes=1)), by="manager")
    await until(lambda: live.snapshot.announcements and live.snapshot.as_of == noon)
    streams = Streams(live, screens)
    listener = QueuedListener("north")
    streams.join(listener)
    assert b"This is a test" in (await listener.next()).text
    # Nothing happens but that time goes by: the streams look again every second.
    clock.now = noon + timedelta(minutes=1)
    async with asyncio.timeout(20):
        assert b"This is a test" not in (await listener.next()).text
    streams.leave(listener)


@pytest.mark.timescale
async def test_messages_are_the_same_on_timescaledb(timescale, small_borough, noon):
    list(migrate(timescale, prepare=False))
    async with open_pool(timescale, size=3, prepare=False) as pool:
        await import_places(pool, small_borough, at=noon)
        async with open_live(pool) as live:
            store = StoreAnnouncements(pool, now=lambda: noon, policy=Policy(), snapshot=lambda: live.snapshot)
            made = await store.make(draft(noon), by="manager")
            assert await store.listed(over=0) == [made]
            # One session at a time: nobody is told, and looks again by himself.
            await until(lambda: live.snapshot.announcements == (made,))
