"""The stream of frames: what it sends, to whom, and that it ends."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import HTTPException

from signage.frames import Frames
from signage.stream import Screens, StreamResponse, Streams
from tests.signage.conftest import GRACE_S

STREAM = "/v1/signs/harbour-road/stream"


def event_of(raw: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in raw.decode().strip().splitlines())


def frame_in(raw: bytes) -> dict:
    return json.loads(event_of(raw)["data"])


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
        listener = streams.join("harbour-road")
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
        listeners = [streams.join("harbour-road") for _ in range(50)]
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
        listener = streams.join("harbour-road")
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
        listener = streams.join("harbour-road")
        beats = [await listener.next() for _ in range(4)]
        streams.leave(listener)
        return beats

    assert len(set(run(follow()))) == 1


def test_a_slow_reader_skips_to_the_newest(make_streams, live, borough):
    async def follow():
        streams = make_streams()
        slow, quick = streams.join("harbour-road"), streams.join("harbour-road")
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
            listener = streams.join("harbour-road")
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
        listener = streams.join("harbour-road")
        await listener.next()
        live.close()
        return await listener.next()

    assert run(follow()) is None


def test_a_stream_ends_when_the_sign_is_taken_down(make_streams, live, borough):
    async def follow():
        streams = make_streams()
        listener = streams.join("harbour-road")
        await listener.next()
        live.publish(borough(signs=(), revision=8))
        return await listener.next()

    assert run(follow()) is None


def test_there_is_room_for_a_bounded_number_of_streams(make_streams):
    async def fill():
        streams = make_streams(limit=1)
        streams.require_room()
        listener = streams.join("harbour-road")
        with pytest.raises(HTTPException) as refused:
            streams.require_room()
        streams.leave(listener)
        streams.require_room()
        return refused.value

    refused = run(fill())
    assert (refused.status_code, refused.headers) == (503, {"Retry-After": "5"})


def test_a_stream_ends_with_a_word_when_its_key_was_revoked(make_streams, live, borough, monkeypatch):
    monkeypatch.setattr("signage.stream.HEARTBEAT_S", 0.0)
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


def open_stream(client: httpx.Client, url: str):
    return client.stream("GET", url + STREAM, timeout=30)


@pytest.fixture
def served(create_app, live, borough, serve):
    live.publish(borough(as_of=datetime.now(UTC)))
    return serve(create_app(live, now=lambda: datetime.now(UTC), max_streams=1))


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
