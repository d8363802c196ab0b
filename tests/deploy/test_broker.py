"""The shipped mosquitto configuration, tried on the real broker: who may connect, write, read, and what survives."""

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from gmqtt.mqtt.handler import MQTTConnectError

from devices.catalogue import model
from simulators.answers import COMMANDS_FILTER
from simulators.borough import Borough
from simulators.chirpstack import APPLICATION_ID
from simulators.demo import demo_places
from simulators.mqtt import Broker as SimulatorBroker
from simulators.mqtt import open_publisher
from simulators.run import answer
from tests.deploy.broker import DEVICES, MOSQUITTO, ROLES, SIGNS, Account, Broker, secret_of

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(
        MOSQUITTO is None and "CI" not in os.environ, reason="mosquitto is missing: apt-get install mosquitto"
    ),
]

LORAWAN = "application/a/device/0102030405060708"
SIMULATED = f"application/{APPLICATION_ID}/device/5a00000102030405"
THINGS_STACK_UP = "v3/parking@borough/devices/bay-9/up"
THINGS_STACK_PUSH = "v3/parking@borough/devices/bay-9/down/push"
THINGS_STACK_DOWN = tuple(
    f"v3/parking@borough/devices/bay-9/down/{event}" for event in ("queued", "sent", "ack", "nack", "failed")
)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DEVICE = "smartplace/v1/devices"
SIGN = "smartplace/v1/signs"
SITE = "smartplace/v1/sites/market/state"
TOPICS = (
    f"{LORAWAN}/event/up",
    f"{LORAWAN}/event/join",
    f"{LORAWAN}/command/down",
    f"{LORAWAN}/event/txack",
    f"{LORAWAN}/event/ack",
    f"{SIMULATED}/event/txack",
    f"{SIMULATED}/event/ack",
    f"{SIMULATED}/command/down",
    THINGS_STACK_UP,
    THINGS_STACK_PUSH,
    *THINGS_STACK_DOWN,
    "v3/parking@borough/devices/bay-9/down/replace",
    f"{DEVICE}/bay-1/up",
    f"{DEVICE}/bay-1/ack",
    f"{DEVICE}/bay-1/status",
    f"{DEVICE}/bay-1/down",
    f"{DEVICE}/bay-2/up",
    f"{DEVICE}/bay-2/ack",
    f"{DEVICE}/bay-2/status",
    f"{DEVICE}/bay-2/down",
    f"{DEVICE}/bay-1/other",
    SITE,
    "smartplace/v1/canary/smartplace-ingest-1",
    f"{SIGN}/harbour-road/frame",
    f"{SIGN}/quay-side/frame",
    f"{SIGN}/quay-side/other",
    "eu868/gateway/0016c001f1500812/event/up",
    "eu868/gateway/0016c001f1500812/state/conn",
    "eu868/gateway/0016c001f1500812/command/down",
    "elsewhere",
)
FILTERS = (
    "#",
    "+/#",
    "+/+",
    "application/#",
    f"{DEVICE}/#",
    f"{DEVICE}/+/down",
    "$share/all/#",
    "$SYS/#",
    "$CONTROL/#",
)

NETWORK_SAYS = {topic for topic in TOPICS if topic.startswith("application/") and "/event/" in topic}
MAY_WRITE = {
    "ingest": {
        f"{LORAWAN}/command/down",
        f"{SIMULATED}/command/down",
        THINGS_STACK_PUSH,
        f"{DEVICE}/bay-1/down",
        f"{DEVICE}/bay-2/down",
        "smartplace/v1/canary/smartplace-ingest-1",
    },
    "signs": {SITE, f"{SIGN}/harbour-road/frame", f"{SIGN}/quay-side/frame"},
    "simulator": {
        f"{LORAWAN}/event/up",
        f"{SIMULATED}/event/txack",
        f"{SIMULATED}/event/ack",
        f"{DEVICE}/bay-1/up",
        f"{DEVICE}/bay-2/up",
    },
    "chirpstack": {
        *NETWORK_SAYS,
        THINGS_STACK_UP,
        *THINGS_STACK_DOWN,
        "eu868/gateway/0016c001f1500812/command/down",
    },
    "gateway": {"eu868/gateway/0016c001f1500812/event/up", "eu868/gateway/0016c001f1500812/state/conn"},
    "bay-1": {f"{DEVICE}/bay-1/{channel}" for channel in ("up", "ack", "status")},
    "bay-2": {f"{DEVICE}/bay-2/{channel}" for channel in ("up", "ack", "status")},
    "bay/1": {f"{DEVICE}/bay/1/up"},  # its own, one level too deep for anybody to read
}
MAY_READ = {
    "ingest": {
        *NETWORK_SAYS,
        THINGS_STACK_UP,
        *THINGS_STACK_DOWN,
        "smartplace/v1/canary/smartplace-ingest-1",
        *(f"{DEVICE}/{device}/{channel}" for device in ("bay-1", "bay-2") for channel in ("up", "ack", "status")),
    },
    "simulator": {f"{SIMULATED}/command/down"},
    "chirpstack": {
        f"{LORAWAN}/command/down",
        f"{SIMULATED}/command/down",
        THINGS_STACK_PUSH,
        "eu868/gateway/0016c001f1500812/event/up",
        "eu868/gateway/0016c001f1500812/state/conn",
    },
    "gateway": {"eu868/gateway/0016c001f1500812/command/down"},
    "harbour-road": {f"{SIGN}/harbour-road/frame"},
    "quay-side": {f"{SIGN}/quay-side/frame"},
    "bay-1": {f"{DEVICE}/bay-1/down"},
    "bay-2": {f"{DEVICE}/bay-2/down"},
}

each_account = pytest.mark.parametrize("name", [*ROLES, *DEVICES, *SIGNS])


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as broker:
        yield broker


@pytest.mark.parametrize(
    ("name", "password"),
    [
        (None, None),
        ("ingest", ""),
        ("ingest", "guess"),
        ("ingest", secret_of("simulator")),
        ("bay-1", secret_of("bay-2")),
        ("nobody", secret_of("nobody")),
        ("#", secret_of("#")),
        ("", ""),
    ],
)
def test_a_client_without_an_account_is_refused(broker: Broker, name: str | None, password: str | None) -> None:
    with pytest.raises(MQTTConnectError):
        asyncio.run(Account(broker, "stranger").connect(name, password))


@each_account
def test_an_account_writes_what_it_may_and_nothing_else(broker: Broker, name: str) -> None:
    async def written() -> set[str]:
        async with Account(broker, "observer") as observer, Account(broker, name) as account:
            await observer.subscribe(["#"])
            for topic in (*TOPICS, f"{DEVICE}/bay/1/up"):
                account.publish(topic)
            await account.settled()
            await observer.settled()
            return {topic for topic, _ in observer.heard}

    assert asyncio.run(written()) == MAY_WRITE.get(name, set())


@each_account
def test_an_account_reads_what_it_may_whatever_it_subscribes_to(broker: Broker, name: str) -> None:
    async def heard() -> set[str]:
        async with Account(broker, "observer") as observer, Account(broker, name) as account:
            await account.subscribe(FILTERS)
            for topic in TOPICS:
                observer.publish(topic)
            await observer.settled()
            await account.settled()
            return {topic for topic, _ in account.heard}

    heard_topics = asyncio.run(heard())
    # What everybody may read is a pattern, and mosquitto has none for such names.
    open_data = set() if {"+", "#"} & set(name) else {SITE}
    assert {topic for topic in heard_topics if not topic.startswith("$")} == open_data | MAY_READ.get(name, set())
    assert any(topic.startswith("$SYS/broker/") for topic in heard_topics) == (name == "ingest")


def test_a_simulated_device_answers_a_command_and_ingest_hears_it(broker: Broker) -> None:
    """With the wide subscription of `smartplace simulate`, of which the broker delivers what its account may hear."""
    places = demo_places(lambda key: model(key).silent_after)
    device = next(device for device in places.devices if device.model == "milesight-vs341")
    borough = Borough(places, seed=7, begins_at=NOON)
    begins_at = monotonic()
    asked = json.dumps({"id": "1", "fPort": 85, "data": "/wNYAg=="}).encode()
    account = SimulatorBroker(host="127.0.0.1", port=broker.port, username="simulator", password=secret_of("simulator"))

    async def said() -> list[str]:
        async with Account(broker, "ingest") as ingest, open_publisher(account) as publisher:
            await ingest.subscribe(["application/+/device/+/event/#"])
            publisher.listen(COMMANDS_FILTER)
            # A thousand times as fast, so that nobody waits for its seconds.
            now = lambda: NOON + timedelta(seconds=1000 * (monotonic() - begins_at))  # noqa: E731
            playing = asyncio.create_task(answer(borough, publisher.hear, publisher.publish, now=now))
            await publisher.publish("smartplace/v1/devices/bay-1/up", b"{}")
            await publisher.drain()  # and so the subscription, which was sent before, is there
            ingest.publish(f"application/{APPLICATION_ID}/device/{device.device_id}/command/down", asked, qos=1)
            await ingest.until_heard(3)
            playing.cancel()
            await asyncio.wait([playing])
            return [topic.rpartition("/")[2] for topic, _ in ingest.heard]

    assert asyncio.run(said()) == ["txack", "ack", "up"]


def test_a_message_of_a_megabyte_arrives(broker: Broker) -> None:
    async def size() -> int:
        async with Account(broker, "ingest") as ingest, Account(broker, "bay-1") as device:
            await ingest.subscribe([f"{DEVICE}/+/up"])
            device.publish(f"{DEVICE}/bay-1/up", bytes(1_000_000))
            await device.settled()
            await ingest.settled()
            return len(ingest.heard[0][1])

    assert asyncio.run(size()) == 1_000_000


def test_making_the_passwords_again_keeps_the_devices(broker: Broker) -> None:
    def names() -> list[str]:
        return sorted(line.split(":")[0] for line in (broker.home / "data" / "passwords").read_text().splitlines())

    before = names()
    broker.make_passwords()
    assert names() == before == sorted([*ROLES, *DEVICES, *SIGNS, "observer"])


def test_what_was_acknowledged_to_an_absent_ingest_survives_a_crash() -> None:
    sent = [b"%d" % number for number in range(50)]

    async def queue_up(broker: Broker) -> None:
        async with Account(broker, "ingest", client_id="ingest", keep=True) as ingest:
            await ingest.subscribe([f"{DEVICE}/+/up"])
        async with Account(broker, "bay-1") as device:
            for payload in sent:
                device.publish(f"{DEVICE}/bay-1/up", payload, qos=1)
            await device.settled()

    async def catch_up(broker: Broker) -> list[bytes]:
        async with Account(broker, "ingest", client_id="ingest", keep=True) as ingest:
            return await ingest.until_heard(len(sent))

    with Broker() as broker:
        asyncio.run(queue_up(broker))
        broker.kill()
        broker.start()
        assert asyncio.run(catch_up(broker)) == sent
