"""The stream of frames: what it sends, and that it ends."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient

from signage.frame import render
from signage.stream import Streams, frame_events
from tests.signage.conftest import GRACE_S

STREAM = "/v1/signs/harbour-road/stream"


def event_of(raw: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in raw.strip().splitlines())


@pytest.fixture
def frame_of(now, sign):
    return lambda snapshot: render(sign, snapshot, now=now, validity=timedelta(seconds=60))


def test_an_event_is_a_whole_frame(create_app, live, now):
    class Once:
        snapshot = live.snapshot

        async def follow(self):
            yield self.snapshot

    answer = TestClient(create_app(Once(), now=lambda: now)).get(STREAM)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    event = event_of(answer.text)
    assert (event["event"], event["id"], event["retry"]) == ("frame", "7", "5000")
    assert json.loads(event["data"])["lines"][0]["display"] == "4"


def test_every_new_snapshot_is_sent_even_if_nothing_seen_changed(live, borough, frame_of, now):
    async def follow():
        events = frame_events(live, frame_of)
        first = await anext(events)
        live.publish(borough(as_of=now + timedelta(seconds=10), revision=8))
        return [first, await anext(events)]

    first, second = (json.loads(event_of(raw.decode())["data"]) for raw in asyncio.run(follow()))
    assert first["frame_id"] == second["frame_id"]
    assert (second["revision"], second["valid_until"]) == (8, "2026-03-02T14:33:20.000Z")


def test_silence_is_broken_by_the_newest_frame(live, frame_of):
    async def follow():
        events = frame_events(live, frame_of, heartbeat_s=0.01)
        beats = [await anext(events) for _ in range(4)]
        assert live.followers == 1
        await events.aclose()
        return beats

    assert len(set(asyncio.run(follow()))) == 1


def test_the_stream_ends_with_the_snapshots(live, frame_of):
    async def follow():
        events = frame_events(live, frame_of)
        await anext(events)
        live.close()
        return [event async for event in events]

    assert asyncio.run(asyncio.wait_for(follow(), 30)) == []


def test_the_stream_ends_when_the_sign_is_taken_down(live):
    async def follow():
        return [event async for event in frame_events(live, lambda snapshot: None)]

    assert asyncio.run(follow()) == []


def test_there_is_room_for_a_bounded_number_of_streams():
    async def fill():
        streams = Streams(limit=1)
        first = streams.room()
        await anext(first)
        with pytest.raises(HTTPException) as refused:
            await anext(streams.room())
        await first.aclose()
        await anext(streams.room())
        return refused.value

    refused = asyncio.run(fill())
    assert (refused.status_code, refused.headers) == (503, {"Retry-After": "5"})


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
            assert live.followers == 1
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
