"""Commands through a real mosquitto with the shipped accounts, to a network server that answers, or does not."""

import asyncio
import json
import os
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from domain.commands import CommandState
from domain.places_file import parse_places
from smartplace import compose
from smartplace.clock import utc_now
from smartplace.settings import load
from store.commands import CommandStore
from store.places import import_places
from store.pool import open_pool
from tests.deploy.broker import MOSQUITTO, Account, Broker, secret_of

pytestmark = [
    pytest.mark.broker,
    pytest.mark.db,
    pytest.mark.skipif(
        MOSQUITTO is None and "CI" not in os.environ, reason="mosquitto is missing: apt-get install mosquitto"
    ),
]

EUI = "24e124000000000a"
CHIRPSTACK = "application/0f3b6a0e-58ba-4c3c-9d6e-d3b1ed0d2a55/device/{dev_eui}/command/down"
THINGS_STACK = "v3/parking@council/devices/eui-{dev_eui}/down/push"
LONG = timedelta(minutes=10)
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


@pytest.fixture(scope="module")
def broker():
    with Broker() as broker:
        yield broker


class Story:
    """An ingest that sends commands, and a network server at the other end of the broker."""

    def __init__(self, store, network, pool):
        self.store = store
        self.network = network
        self._pool = pool

    async def ask(self):
        return await self.store.request(EUI, "reboot", {}, by="manager", lifetime=LONG)

    async def time_is_over(self):
        """The command should have ended long ago."""
        async with self._pool.connection() as connection:
            await connection.execute("UPDATE command SET expires_at = requested_at + INTERVAL '1 millisecond'")

    async def command(self):
        return (await self.store.of_device(EUI, limit=1))[0]

    async def until(self, state):
        async with asyncio.timeout(20):
            while (await self.command()).state is not state:
                await asyncio.sleep(0.02)
        return await self.command()

    async def asked(self):
        """What the network server was asked."""
        async with asyncio.timeout(20):
            while not self.network.heard:
                await asyncio.sleep(0.02)
        return [(topic, json.loads(payload)) for topic, payload in self.network.heard]

    def say(self, event, **more):
        item = json.loads(self.network.heard[0][1])["id"]
        topic = CHIRPSTACK.replace("{dev_eui}", EUI).removesuffix("command/down") + f"event/{event}"
        message = {"deviceInfo": {"devEui": EUI}, "queueItemId": item, **more}
        self.network.publish(topic, json.dumps(message).encode())


def tell(database, broker, story, *, topic=CHIRPSTACK, account="ingest"):
    settings = load(
        database_url=database,
        mqtt_port=broker.port,
        mqtt_username=account,
        mqtt_password=secret_of(account),
        downlink_topic=topic,
    )

    async def told():
        async with _running(settings, broker) as running:
            return await story(running)

    return asyncio.run(told())


@asynccontextmanager
async def _running(settings, broker):
    async with open_pool(settings.database_url.get_secret_value(), size=2) as pool:
        places = parse_places(PLACES, source="desk", silent_after=lambda _: LONG)
        await import_places(pool, places, at=utc_now())
        async with Account(broker, "chirpstack") as network:
            await network.subscribe(["application/+/device/+/command/down", "v3/+/devices/+/down/push"])
            ingest = asyncio.create_task(compose.ingest(settings))
            try:
                yield Story(CommandStore(pool, now=utc_now, can_send=True), network, pool)
            finally:
                ingest.cancel()
                await asyncio.gather(ingest, return_exceptions=True)


def test_a_command_arrives_and_what_becomes_of_it_comes_back(database, broker):
    async def story(it):
        asked = await it.ask()
        ((topic, message),) = await it.asked()
        assert topic == CHIRPSTACK.replace("{dev_eui}", EUI)
        assert message["id"] == str(asked.command_id)
        await it.until(CommandState.SENT)
        it.say("txack")
        await it.until(CommandState.TXACK)
        it.say("ack", acknowledged=True)
        return await it.until(CommandState.ACKED)

    command = tell(database, broker, story)
    assert command.sent_at <= command.txack_at <= command.ended_at


def test_a_lost_acknowledgement_ends_in_expired(database, broker):
    async def story(it):
        await it.ask()
        await it.asked()
        await it.until(CommandState.SENT)
        it.say("txack")
        await it.until(CommandState.TXACK)
        it.say("ack")
        await it.network.settled()
        await it.time_is_over()
        return await it.until(CommandState.EXPIRED)

    command = tell(database, broker, story)
    assert command.txack_at is not None
    assert command.detail == "not acknowledged in time"


def test_an_acknowledgement_twice_and_before_the_air_is_one_acknowledgement(database, broker):
    async def story(it):
        await it.ask()
        await it.asked()
        for event in ("ack", "txack", "ack"):
            it.say(event, acknowledged=True)
        await it.until(CommandState.ACKED)
        it.say("log", level="ERROR", code="F_CNT_DOWN", context={})
        await it.network.settled()
        return await it.command()

    assert tell(database, broker, story).state is CommandState.ACKED


def test_what_the_network_server_throws_away_has_failed(database, broker):
    async def story(it):
        asked = await it.ask()
        await it.asked()
        context = {"queue_item_id": str(asked.command_id)}
        it.say("log", level="ERROR", code="DOWNLINK_PAYLOAD_SIZE", description="too long", context=context)
        return await it.until(CommandState.FAILED)

    assert tell(database, broker, story).detail == "DOWNLINK_PAYLOAD_SIZE: too long"


def test_the_things_stack_is_told_and_heard(database, broker):
    async def story(it):
        await it.ask()
        ((topic, message),) = await it.asked()
        assert topic == THINGS_STACK.replace("{dev_eui}", EUI)
        answer = {
            "end_device_ids": {"device_id": f"eui-{EUI}", "dev_eui": EUI.upper()},
            "correlation_ids": message["downlinks"][0]["correlation_ids"],
            "downlink_ack": {},
        }
        it.network.publish(topic.replace("push", "ack"), json.dumps(answer).encode())
        return await it.until(CommandState.ACKED)

    tell(database, broker, story, topic=THINGS_STACK)


def test_what_the_broker_refuses_is_not_sent(database, broker, caplog):
    async def story(it):
        await it.ask()
        async with asyncio.timeout(20):
            while "the broker refuses to publish" not in caplog.text:
                await asyncio.sleep(0.02)
        await it.time_is_over()
        return await it.until(CommandState.EXPIRED)

    command = tell(database, broker, story, account="simulator")
    assert (command.sent_at, command.detail) == (None, "never sent")
