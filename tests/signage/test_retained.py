"""Frames as retained messages: what is written when, and what a broker keeps of it."""

import asyncio
import json
import os
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import gmqtt
import pytest
from gmqtt.mqtt.constants import MQTTv50, MQTTv311

from api.schemas import SiteAnswer, SiteState
from domain.states import State
from signage.frames import Frames
from signage.mqtt import Broker, open_publisher
from signage.retained import RetainedFrames, RetainedSites, keep_retained
from smartplace.sign_outlets import _site_payload
from tests.deploy.broker import MOSQUITTO, secret_of
from tests.deploy.broker import Broker as Mosquitto

pytestmark = pytest.mark.anyio

TOPIC = "smartplace/v1/signs/harbour-road/frame"
MINUTE = timedelta(seconds=60)
needs_mosquitto = pytest.mark.skipif(
    MOSQUITTO is None and "CI" not in os.environ, reason="mosquitto is missing: apt-get install mosquitto"
)


class Wire:
    """What was published, as topic, document (None for an empty one) and expiry."""

    def __init__(self) -> None:
        self.written = []

    async def publish(self, topic, payload, expires_in_s) -> None:
        self.written.append((topic, json.loads(payload) if payload else None, expires_in_s))

    def taken(self):
        written, self.written = self.written, []
        return written


@pytest.fixture
def time(now):
    return [now]


@pytest.fixture
def frames(time) -> Frames:
    return Frames(now=lambda: time[0], validity=MINUTE)


@pytest.fixture
def wire() -> Wire:
    return Wire()


async def test_a_frame_is_written_when_it_is_news_and_not_again(frames, wire, borough, now, time):
    retained = RetainedFrames(frames)
    await retained.write(borough(), wire.publish)
    [(topic, document, expires_in_s)] = wire.taken()
    assert (topic, expires_in_s) == (TOPIC, 60)
    assert (document["sign_id"], document["lines"][0]["display"]) == ("harbour-road", "4")
    assert document["valid_until"] == "2026-03-02T14:33:10.000Z"

    time[0] = now + timedelta(seconds=3)
    await retained.write(borough(), wire.publish)
    assert wire.taken() == []

    # The platform vouches for the same numbers for longer: those who subscribe have to know.
    await retained.write(borough(as_of=now + timedelta(seconds=3), revision=8), wire.publish)
    [(_, renewed, _)] = wire.taken()
    assert renewed["frame_id"] == document["frame_id"]
    assert renewed["valid_until"] > document["valid_until"]


async def test_an_expired_frame_gives_way_to_a_blank_one_that_stays(frames, wire, borough, now, time):
    retained = RetainedFrames(frames)
    await retained.write(borough(), wire.publish)
    wire.taken()
    time[0] = now + MINUTE
    await retained.write(borough(), wire.publish)
    [(_, blank, expires_in_s)] = wire.taken()
    assert {line["display"] for line in blank["lines"]} == {"--"}
    assert (blank["message"], blank["valid_for_s"], expires_in_s) == ("No current information", 0, None)
    time[0] = now + 10 * MINUTE
    await retained.write(borough(), wire.publish)
    assert wire.taken() == []


async def test_a_sign_that_is_taken_down_leaves_nothing(frames, wire, borough):
    retained = RetainedFrames(frames)
    await retained.write(borough(), wire.publish)
    wire.taken()
    await retained.write(borough(signs=()), wire.publish)
    assert wire.taken() == [(TOPIC, None, None)]


async def test_a_broker_that_came_back_is_told_everything_anew(frames, wire, borough):
    retained = RetainedFrames(frames)
    await retained.write(borough(), wire.publish)
    wire.taken()
    retained.forget()
    await retained.write(borough(), wire.publish)
    assert len(wire.taken()) == 1


async def test_time_alone_brings_the_blank_frame_and_the_end_empties_the_topic(frames, wire, live, now, time):
    retained = RetainedFrames(frames)
    following = asyncio.create_task(keep_retained([retained], live, wire.publish, every_s=0.01))
    async with asyncio.timeout(10):
        while len(wire.written) < 1:
            await asyncio.sleep(0.01)
        time[0] = now + MINUTE
        while len(wire.written) < 2:
            await asyncio.sleep(0.01)
        live.close()
        await following
    assert [document and document["message"] for _, document, _ in wire.written] == [
        None,
        "No current information",
        None,
    ]
    assert wire.written[-1] == (TOPIC, None, None)


@pytest.fixture
def sites(frames) -> RetainedSites:
    return RetainedSites(_site_payload, now=frames.now, validity=MINUTE)


async def test_a_site_is_what_the_api_says_with_its_end(sites, wire, borough, now, time):
    snapshot = borough("fffou")
    await sites.write(snapshot, wire.publish)
    written = {topic: (document, expires_in_s) for topic, document, expires_in_s in wire.taken()}
    assert written.keys() == {"smartplace/v1/sites/north/state", "smartplace/v1/sites/quay/state"}
    document, expires_in_s = written["smartplace/v1/sites/north/state"]
    answer = SiteAnswer(revision=snapshot.revision, as_of=snapshot.as_of, **dict(SiteState.of(snapshot.sites["north"])))
    assert document == answer.model_dump(mode="json") | {"valid_until": "2026-03-02T14:33:10.000Z"}
    assert (document["counts"]["unknown"], expires_in_s) == (1, 60)

    # The same again is no news; told for longer it is, and so is another number, of that site alone.
    await sites.write(snapshot, wire.publish)
    assert wire.taken() == []
    later = replace(snapshot, as_of=now + timedelta(seconds=10), revision=8)
    await sites.write(later, wire.publish)
    assert [document["valid_until"][14:19] for _, document, _ in wire.taken()] == ["33:20", "33:20"]
    freed = replace(next(one for one in later.assets_of("quay")), state=State.FREE)
    await sites.write(later.changed(revision=9, as_of=later.as_of, statuses=[freed]), wire.publish)
    assert [topic for topic, _, _ in wire.taken()] == ["smartplace/v1/sites/quay/state"]


async def test_numbers_of_a_site_that_nobody_vouches_for_are_taken_away(sites, wire, borough, now, time):
    await sites.write(borough(), wire.publish)
    wire.taken()
    time[0] = now + MINUTE
    await sites.write(borough(), wire.publish)
    assert [(document, expires_in_s) for _, document, expires_in_s in wire.taken()] == [(None, None)] * 2
    await sites.write(borough(), wire.publish)
    assert wire.taken() == []


# --- real brokers ---


class Subscriber:
    """A sign that subscribes: what it hears, whether it was retained, and for how long the broker would keep it."""

    def __init__(self) -> None:
        self.heard = asyncio.Queue()

    def on_message(self, _client, topic, payload, _qos, properties) -> int:
        expiry = (properties.get("message_expiry_interval") or [None])[0]
        self.heard.put_nowait((topic, bytes(payload), bool(properties["retain"]), expiry))
        return 0

    async def next(self):
        async with asyncio.timeout(20):
            return await self.heard.get()


@asynccontextmanager
async def subscribed(port, username, password, *, version, topics=("smartplace/v1/signs/+/frame",)):
    subscriber = Subscriber()
    client = gmqtt.Client(f"sign-{id(subscriber)}")
    client.set_auth_credentials(username, password)
    client.on_message = subscriber.on_message
    await client.connect("127.0.0.1", port, version=version)
    for topic in topics:
        client.subscribe(topic, qos=1)
    yield subscriber
    await client.disconnect()


@asynccontextmanager
async def publishing(frames, live, broker):
    """The process part that publishes; ended as a web server ends it."""
    kinds = [RetainedFrames(frames), RetainedSites(_site_payload, now=frames.now, validity=frames.validity)]
    async with open_publisher(broker, on_connect=lambda: [kind.forget() for kind in kinds]) as publisher:
        following = asyncio.create_task(keep_retained(kinds, live, publisher.publish, every_s=0.05))
        yield
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


@pytest.mark.broker
async def test_the_embedded_broker_keeps_the_newest_frame(nats, broker_account, frames, live, borough):
    username, password = broker_account
    address = {"host": "127.0.0.1", "port": nats.port, "version": "3.1.1", "username": username, "password": password}
    login = (nats.port, username, password)
    async with publishing(frames, live, Broker(**address)):
        async with subscribed(*login, version=MQTTv311) as sign:
            topic, payload, _, _ = await sign.next()
            assert (topic, json.loads(payload)["lines"][0]["display"]) == (TOPIC, "4")
            live.publish(borough("ooooo", blue="oo", revision=8))
            assert json.loads((await sign.next())[1])["lines"][0]["display"] == "FULL"
        async with subscribed(*login, version=MQTTv311) as late:
            _, payload, was_retained, _ = await late.next()
            assert (json.loads(payload)["revision"], was_retained) == (8, True)
            live.close()
            assert (await late.next())[1] == b""
        async with subscribed(*login, version=MQTTv311, topics=("smartplace/v1/sites/+/state",)) as late:
            assert late.heard.empty()


@pytest.mark.broker
@needs_mosquitto
async def test_with_mqtt_5_the_broker_forgets_a_frame_when_it_expires(frames, live, borough, now, sign, time):
    with Mosquitto() as broker:
        signs = Broker(host="127.0.0.1", port=broker.port, username="signs", password=secret_of("signs"))
        other = replace(sign, sign_id="quay-side", board=replace(sign.board, sign_id="quay-side"))
        live.publish(borough(signs=(sign, other)))
        time[0] = now + timedelta(seconds=12.5)
        async with publishing(frames, live, signs):
            own = secret_of("harbour-road")
            # A sign with an account of its own reads what it shows, and nothing else, whatever it asks for.
            async with subscribed(broker.port, "harbour-road", own, version=MQTTv50) as subscriber:
                topic, payload, _, expiry = await subscriber.next()
                assert topic == TOPIC
                # What is left of the 47.5 s for which the frame may be shown, as the broker counts it.
                assert 30 < expiry <= 48
                assert json.loads(payload)["valid_for_s"] == 47.5
                assert subscriber.heard.empty()
            # How places stand is for every account, whoever it is.
            site = "smartplace/v1/sites/north/state"
            async with subscribed(broker.port, "harbour-road", own, version=MQTTv50, topics=(site,)) as anybody:
                topic, payload, was_retained, expiry = await anybody.next()
                state = json.loads(payload)
                assert (topic, was_retained, 30 < expiry <= 48) == (site, True, True)
                assert (state["counts"]["free"], state["revision"]) == (4, 7)
                assert state["valid_until"] == "2026-03-02T14:33:10.000Z"
