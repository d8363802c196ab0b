"""The stream of frames: what it sends, to whom, and that it ends."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st

from domain.boards import Board, BoardLine
from domain.categories import Category
from domain.messages import Message, MessageKind
from domain.places import Sign, Site, SiteKind
from domain.snapshot import build_snapshot
from domain.states import State
from signage.counting import same_places
from signage.credentials import Credentials
from signage.frames import Frames
from signage.listening import DirectListener, Event, QueuedListener, StreamResponse
from signage.stream import Screens, Streams
from tests.signage.conftest import GRACE_S, site_status

FRIDAY = datetime(2026, 3, 6, tzinfo=UTC)
STREAM = "/v1/signs/harbour-road/stream"


def event_of(event: Event) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in event.text.decode().strip().splitlines())


def frame_in(event: Event) -> dict:
    return json.loads(event_of(event)["data"])


def join(streams: Streams, sign_id: str = "harbour-road") -> QueuedListener:
    listener = QueuedListener(sign_id)
    streams.join(listener)
    return listener


class Counted:
    """Frames of the borough, and how many were made."""

    def __init__(self, now, validity):
        self.frames = Frames(now=now, validity=validity)
        self.made = 0

    def frame_of(self, sign_id, snapshot):
        self.made += 1
        return self.frames.of(sign_id, snapshot) if sign_id in snapshot.signs else None

    def basis_of(self, sign_id, snapshot):
        return self.frames.basis(sign_id, snapshot) if sign_id in snapshot.signs else None


@pytest.fixture
def counted(now):
    return Counted(lambda: now, timedelta(seconds=60))


@pytest.fixture
def make_streams(live, counted):
    def make(**more):
        screens = Screens(frame_of=counted.frame_of, basis_of=counted.basis_of, validity=counted.frames.validity)
        return Streams(live, screens, **more)

    return make


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 10))


def test_an_event_is_a_whole_frame(make_streams):
    async def first():
        streams = make_streams()
        listener = join(streams)
        event = await listener.next()
        streams.leave(listener)
        return event_of(event)

    event = run(first())
    assert (event["event"], event["retry"]) == ("frame", "5000")
    frame = json.loads(event["data"])
    assert event["id"] == frame["frame_id"]
    assert frame["lines"][0]["display"] == "4"


def test_what_is_seen_is_sent_at_once_and_made_once_for_everybody(make_streams, live, borough, counted):
    async def follow():
        streams = make_streams()
        listeners = [join(streams) for _ in range(50)]
        first = [await listener.next() for listener in listeners]
        live.publish(borough("ooooo", blue="oo", revision=8))
        second = [await listener.next() for listener in listeners]
        for listener in listeners:
            streams.leave(listener)
        return first, second

    first, second = run(follow())
    assert len(set(map(id, first))) == len(set(map(id, second))) == 1
    assert frame_in(second[0])["lines"][0]["display"] == "FULL"
    assert counted.made == 2


def test_what_is_only_younger_is_sent_when_a_third_of_its_validity_is_over(make_streams, live, borough, now):
    async def follow():
        streams = make_streams()
        listener = join(streams)
        got = [await listener.next()]
        for seconds in (1, 2, 3, 12, 13):
            live.publish(borough(as_of=now + timedelta(seconds=seconds), revision=7 + seconds))
            with_news = asyncio.create_task(listener.next())
            done, _ = await asyncio.wait([with_news], timeout=0.1)
            got += [task.result() for task in done]
            with_news.cancel()
        streams.leave(listener)
        return [frame_in(event) for event in got]

    frames = run(follow())
    assert [frame["revision"] for frame in frames] == [7, 19]
    assert len({frame["frame_id"] for frame in frames}) == 1
    assert frames[1]["valid_until"] == "2026-03-02T14:33:22.000Z"


def test_silence_is_broken_by_the_newest_frame(make_streams, live):
    async def follow():
        streams = make_streams(heartbeat_s=0.02)
        listener = join(streams)
        beats = [await listener.next() for _ in range(4)]
        streams.leave(listener)
        return beats

    assert len(set(run(follow()))) == 1


def test_a_slow_reader_skips_to_the_newest(make_streams, live, borough):
    async def follow():
        streams = make_streams()
        slow, quick = join(streams), join(streams)
        await quick.next()
        for revision, north in enumerate(("ffooo", "foooo", "ooooo"), 8):
            live.publish(borough(north, blue="oo", revision=revision))
            await quick.next()
        newest = await slow.next()
        streams.leave(slow)
        streams.leave(quick)
        return newest

    assert frame_in(run(follow()))["revision"] == 10


def test_the_last_one_takes_the_task_with_it_and_the_next_one_starts_it_again(make_streams, live, borough):
    async def follow():
        streams = make_streams()
        for revision, north in enumerate(("ffooo", "ooooo"), 8):
            listener = join(streams)
            await listener.next()
            live.publish(borough(north, revision=revision))
            assert frame_in(await listener.next())["revision"] == revision
            streams.leave(listener)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return streams.opened, live.followers

    assert run(follow()) == (0, 0)


def test_a_stream_ends_with_the_snapshots(make_streams, live):
    async def follow():
        streams = make_streams()
        listener = join(streams)
        await listener.next()
        live.close()
        return await listener.next()

    assert run(follow()) is None


def test_a_stream_ends_when_the_sign_is_taken_down(make_streams, live, borough):
    async def follow():
        streams = make_streams()
        listener = join(streams)
        await listener.next()
        live.publish(borough(signs=(), revision=8))
        return await listener.next()

    assert run(follow()) is None


def test_there_is_room_for_a_bounded_number_of_streams(make_streams):
    async def fill():
        streams = make_streams(limit=1)
        streams.require_room()
        listener = join(streams)
        with pytest.raises(HTTPException) as refused:
            streams.require_room()
        streams.leave(listener)
        streams.require_room()
        return refused.value

    refused = run(fill())
    assert (refused.status_code, refused.headers) == (503, {"Retry-After": "5"})


def test_a_stream_ends_with_a_word_when_its_key_was_revoked(make_streams, live, borough, monkeypatch):
    monkeypatch.setattr("signage.listening.ASK_EVERY_S", 0.0)
    good = True

    async def follow():
        nonlocal good
        sent, streams = asyncio.Queue(), make_streams()

        async def still():
            return good

        answering = asyncio.create_task(
            StreamResponse(streams, "harbour-road", still)({}, asyncio.Event().wait, sent.put)
        )
        assert (await sent.get())["headers"][0] == (b"cache-control", b"no-store")
        await sent.get()
        good = False
        live.publish(borough("ooooo", revision=8))
        last = (await sent.get())["body"]
        await answering
        return last, streams.opened

    assert run(follow()) == (b"event: denied\ndata: {}\n\n", 0)


def test_whoever_comes_with_a_newer_snapshot_keeps_it_from_nobody(make_streams, live, borough):
    async def follow():
        # No renewal comes to help.
        streams = make_streams(heartbeat_s=3600)
        first = join(streams)
        await first.next()
        # Before the task that feeds the streams has seen it.
        live.snapshot = borough("ooooo", revision=8)
        second = join(streams)
        events = await second.next(), await first.next()
        streams.leave(first)
        streams.leave(second)
        return [frame_in(event)["revision"] for event in events]

    assert run(follow()) == [8, 8]


def test_what_changes_with_time_alone_is_sent_as_well(make_streams, live, counted, monkeypatch):
    monkeypatch.setattr("signage.stream._LOOK_AT_ALL_EVERY_S", 0.0)
    said = []
    counted.frames = Frames(
        now=counted.frames.now, validity=counted.frames.validity, messages_of=lambda *_: tuple(said)
    )

    async def follow():
        streams = make_streams(heartbeat_s=0.5)
        listener = join(streams)
        before = frame_in(await listener.next())
        said.append(
            Message(
                message_id="1",
                kind=MessageKind.PLANNED,
                text="Market on Friday",
                begins_at=counted.frames.now(),
                ends_at=FRIDAY,
            )
        )
        after = frame_in(await listener.next())
        streams.leave(listener)
        return before["message"], after["message"], counted.made

    assert run(follow()) == (None, "Market on Friday", 2)


@given(touched=st.sets(st.sampled_from(["north", "quay"])), states=st.lists(st.sampled_from(State), min_size=1))
def test_a_sign_that_is_passed_over_has_nothing_new_to_say(touched, states):
    sign = Sign(
        sign_id="harbour-road",
        name="Harbour Road",
        site_id="north",
        lon=0,
        lat=51,
        board=Board(
            sign_id="harbour-road",
            title="Harbour Road",
            lines=(BoardLine(key="a", label="A", site_id="north", category=Category.GENERAL),),
        ),
    )
    sites = [
        Site(site_id=one, name=one, kind=SiteKind.CAR_PARK, locality="", lon=0, lat=51) for one in ("north", "quay")
    ]
    statuses = {one: site_status(one, "fffoo", Category.GENERAL, FRIDAY) for one in ("north", "quay")}
    before = build_snapshot(
        revision=1, as_of=FRIDAY, sites=sites, statuses=[*statuses["north"], *statuses["quay"]], signs=[sign]
    )
    changes = [
        replace(status, state=state) for one in touched for status, state in zip(statuses[one], states, strict=False)
    ]
    after = before.changed(revision=2, as_of=FRIDAY + timedelta(seconds=1), statuses=changes)
    frames = Frames(now=lambda: FRIDAY, validity=timedelta(seconds=60))
    if same_places("harbour-road", before, after):
        assert frames.basis("harbour-road", before) == frames.basis("harbour-road", after)
        assert "north" not in touched
    else:
        assert "north" in touched


def test_a_sign_is_never_passed_over_when_it_or_a_message_changed_or_its_age_matters(borough, sign):
    before = borough()
    assert same_places("harbour-road", before, replace(before, revision=8))
    aging = replace(sign.board.lines[0], max_age=timedelta(hours=1))
    old = replace(sign, board=replace(sign.board, lines=(aging,)))
    for after in (
        replace(before, announcements=(), signs={"harbour-road": replace(sign, name="Harbour Street")}),
        replace(before, signs={}),
        replace(before, announcements=(object(),)),
    ):
        assert not same_places("harbour-road", before, after)
    aged = replace(before, signs={"harbour-road": old})
    assert not same_places("harbour-road", aged, replace(aged, revision=8))


class Wire:
    """A connection whose other end takes nothing until it is told to."""

    def __init__(self):
        self.waiting = b""
        self.closing = False

    def write(self, data):
        assert not self.closing
        self.waiting += data

    def get_write_buffer_size(self):
        return len(self.waiting)

    def is_closing(self):
        return self.closing


def test_a_reader_who_is_behind_costs_a_bounded_amount_and_gets_the_newest_when_it_catches_up():
    async def follow():
        wire = Wire()
        listener = DirectListener("harbour-road", wire)
        for number in range(1000):
            listener.give(Event.of(b"%d" % number * 1000))
        taken, wire.waiting = len(wire.waiting), b""
        listener.catch_up()
        listener.catch_up()
        return taken, wire.waiting

    taken, newest = run(follow())
    assert taken < 16_384
    assert newest == Event.of(b"999" * 1000).chunk


def test_nothing_is_written_to_a_reader_who_has_left():
    async def follow():
        wire = Wire()
        listener = DirectListener("harbour-road", wire)
        wire.closing = True
        listener.give(Event.of(b"late"))
        listener.catch_up()
        return wire.waiting

    assert run(follow()) == b""


def blocks(answer: httpx.Response):
    """The events of an answer, one by one."""
    lines = []
    for line in answer.iter_lines():
        if line:
            lines.append(line)
        else:
            yield "\n".join(lines)
            lines = []


def open_stream(client: httpx.Client, url: str):
    return client.stream("GET", url + STREAM, timeout=30)


@pytest.fixture(params=["ours", "any"])
def served(request, create_app, live, borough, serve):
    """By the server of `smartplace serve`, which hands out its connections, and by one that does not."""
    live.publish(borough(as_of=datetime.now(UTC)))
    app = create_app(live, now=lambda: datetime.now(UTC), max_streams=1)
    return serve(app) if request.param == "ours" else serve(app, http="httptools")


def test_a_client_that_leaves_ends_its_stream(served, live, eventually):
    with httpx.Client() as client:
        with open_stream(client, served.url) as answer:
            # Held on to: an iterator that nobody holds closes the connection with it.
            lines = answer.iter_lines()
            assert next(lines) == "event: frame"
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            eventually(lambda: live.followers == 1)
        eventually(lambda: live.followers == 0)


def test_a_sign_that_finds_no_room_is_told_when_to_retry_and_then_finds_it(served, eventually):
    def status() -> int:
        with open_stream(client, served.url) as answer:
            return answer.status_code

    with httpx.Client() as client:
        with open_stream(client, served.url), open_stream(client, served.url) as refused:
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        for _ in range(3):
            eventually(lambda: status() == 200)


def test_the_server_stops_promptly_once_the_snapshots_end(served, live):
    with httpx.Client() as client, open_stream(client, served.url) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: frame"
        live.close()
        # Sooner than uvicorn would cut it off.
        assert served.stop() < GRACE_S / 2
        assert "" in list(lines)


def test_a_change_comes_over_a_real_connection_and_the_connection_serves_on(served, live, borough, eventually):
    with httpx.Client() as client:
        with open_stream(client, served.url) as answer:
            events = (frame_in(Event.of(block.encode())) for block in blocks(answer))
            assert next(events)["lines"][0]["display"] == "4"
            live.publish(borough("ooooo", blue="oo", as_of=datetime.now(UTC), revision=8))
            assert next(events)["lines"][0]["display"] == "FULL"
            live.close()
            # Ended as HTTP/1.1 has it: nothing is missing, and another question may follow.
            assert list(events) == []
        connection = answer.extensions["network_stream"]
        other = client.get(served.url + "/v1/signs")
        assert other.extensions["network_stream"] is connection
        assert other.status_code == 200


def test_a_revoked_key_ends_a_stream_on_which_nothing_happens(create_app, live, borough, serve, monkeypatch):
    monkeypatch.setattr("signage.listening.ASK_EVERY_S", 0.05)
    live.publish(borough(as_of=datetime.now(UTC)))
    keys = {"sp_good": frozenset({"sign:harbour-road"})}

    async def scopes_of(key):
        return keys.get(key)

    async def notice(_event):
        return None

    credentials = Credentials(scopes_of, notice=notice, now=lambda: datetime.now(UTC))
    server = serve(create_app(live, now=lambda: datetime.now(UTC), credentials=credentials))
    headers = {"Authorization": "Bearer sp_good"}
    with httpx.Client(headers=headers) as client, open_stream(client, server.url) as answer:
        events = blocks(answer)
        assert next(events).startswith("event: frame")
        keys.clear()
        assert list(events) == ["event: denied\ndata: {}"]
