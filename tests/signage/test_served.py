"""Whether a screen shows what it is served."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.sign_reports import Agreement, Heartbeat
from signage.frames import Frames
from signage.served import ServedFrames, fnv1a, rendered_hash

SAME, DIFFERENT, NOT_KNOWN = Agreement.SAME, Agreement.DIFFERENT, Agreement.NOT_KNOWN


class World:
    """A sign that is served frames while time goes on."""

    def __init__(self, borough, now):
        self.now = now
        self.borough = borough
        self.frames = Frames(now=lambda: self.now, validity=timedelta(seconds=60))
        self.served = ServedFrames(self.frame_of)
        self.is_known = True
        self.set("fffoo")

    def set(self, north, *, age_s=0.0):
        self.snapshot = self.borough(north, as_of=self.now - timedelta(seconds=age_s))

    def frame_of(self, sign_id):
        return self.frames.of(sign_id, self.snapshot) if self.is_known else None

    @property
    def frame(self):
        return self.frame_of("harbour-road")

    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)

    def compare(self, frame_id, **more):
        given = {"sign_id": "harbour-road", "interval": timedelta(seconds=30), "refused": {}}
        heartbeat = Heartbeat(received_at=self.now, frame_id=frame_id, **(given | more))
        return self.served.compare(heartbeat)[0]


@pytest.fixture
def world(borough, now):
    return World(borough, now)


def test_a_screen_that_shows_what_it_is_served_agrees(world):
    assert world.compare(world.frame.frame_id) is SAME


def test_a_frame_of_a_moment_ago_agrees_as_well_and_one_of_two_intervals_ago_does_not(world):
    before = world.frame
    world.compare(before.frame_id)
    world.wait(30)
    world.set("ooooo")
    assert world.compare(before.frame_id) is SAME
    world.wait(31)
    assert world.compare(before.frame_id) is DIFFERENT


def test_words_that_are_not_those_of_the_frame_differ(world):
    world.compare(None)
    frame = world.frame
    assert world.compare(frame.frame_id, rendered_hash=rendered_hash(frame)) is SAME
    assert world.compare(frame.frame_id, rendered_hash="00000000") is DIFFERENT


def test_the_words_are_in_the_hash(world):
    frame = world.frame
    (line, *others) = frame.lines
    for other in (
        replace(frame, title="Other"),
        replace(frame, message="Event today"),
        replace(frame, lines=(replace(line, display="349"), *others)),
        replace(frame, lines=(replace(line, label="Other"), *others)),
        replace(frame, lines=tuple(others)),
    ):
        assert rendered_hash(other) != rendered_hash(frame)
    assert rendered_hash(replace(frame, frame_id="x")) == rendered_hash(frame)


def test_the_hash_is_the_one_that_everybody_knows():
    # As published with the algorithm.
    assert [fnv1a(text) for text in ("", "a", "foobar")] == ["811c9dc5", "e40c292c", "bf9cf968"]


def test_a_blank_board_agrees_only_where_a_blank_is_served(world):
    world.compare(None)
    world.wait(30)
    assert world.compare(None) is DIFFERENT
    world.set("fffoo", age_s=61)
    assert world.compare(None) is SAME


def test_nobody_says_that_it_differs_who_does_not_know_what_it_was_served(world):
    # The stream is another process's, and what it says changes between heartbeats.
    for north in ("fffoo", "ffooo", "foooo"):
        world.set(north)
        assert world.compare("f" * 32) is NOT_KNOWN
        world.wait(30)
    assert world.compare("f" * 32) is DIFFERENT


def test_who_streams_to_it_knows_all_that_it_was_served(world):
    world.compare("f" * 32)
    for number in range(10):
        world.set("fffoo" if number % 2 else "ffooo")
        world.served.note(world.frame, streamed=True)
        world.wait(8)
    assert world.compare("f" * 32) is DIFFERENT
    assert world.served.frame("harbour-road", world.frame.frame_id) is not None


def test_nothing_is_remembered_of_a_sign_that_does_not_report(world):
    world.served.note(world.frame)
    assert world.served.frame("harbour-road", world.frame.frame_id) is None
    world.compare(None)
    world.wait(601)
    world.served.note(world.frame)
    assert world.served.frame("harbour-road", world.frame.frame_id) is None


def test_a_sign_that_nobody_knows_is_not_compared(world):
    world.is_known = False
    assert world.served.compare(
        Heartbeat(sign_id="x", received_at=world.now, interval=timedelta(seconds=30), frame_id=None, refused={})
    ) == (NOT_KNOWN, None)
