"""The source against real brokers: the embedded one (MQTT 3.1.1) and mosquitto (MQTT 5)."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import gmqtt
import pytest
from gmqtt.mqtt.constants import MQTTv311

from domain.errors import SessionTakenOverError
from ingest import mqtt as mqtt_module
from ingest.mqtt import Broker, MqttSource
from ingest.mqtt_connection import Connection, RefusedError
from ingest.mqtt_packets import ProtocolError
from smartplace.embedded.ports import free_port
from tests.ingest.mqtt_proxy import SwallowingProxy

pytestmark = [pytest.mark.anyio, pytest.mark.broker]

TOPIC = "smartplace/v1/devices/bench-1/up"
FILTERS = ("smartplace/v1/devices/+/up",)
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")


class Mosquitto:
    """A mosquitto that can be ended and started again.

    It ends by SIGTERM: 2.0.11 saves what it queues for absent clients at once, but not what is on its way to a client
    that is there, so `kill -9` loses frames in flight (docs/installation.md says so).
    """

    version = "5"
    account = ("", "")

    def __init__(self, folder):
        self.port = free_port()
        self.config = folder / "mosquitto.conf"
        # As root, mosquitto would become a user who cannot write into a folder of the tests.
        account = "user root\n" if os.geteuid() == 0 else ""
        self.config.write_text(
            f"{account}listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {folder}/\nautosave_on_changes true\nautosave_interval 1\n"
            "max_inflight_messages 1000\n"
        )
        self.process = None

    def start(self):
        command = [MOSQUITTO, "-c", self.config]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port)

    def end(self):
        self.process.terminate()
        self.process.wait()


class Nats:
    """The embedded broker; it ends by `kill -9`, and loses nothing."""

    version = "3.1.1"
    account = ("smartplace", "tests-only")
    redeliver_after_s = 2

    def __init__(self, folder):
        from smartplace.embedded.broker import EmbeddedBroker

        self.port = free_port()
        self.broker = EmbeddedBroker(
            data_dir=folder,
            port=self.port,
            control_port=free_port(),
            password="tests-only",
            receive_maximum=100,
            redeliver_after_s=self.redeliver_after_s,
        )
        self.broker.initialise()
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.broker.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port)

    def end(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class PatientNats(Nats):
    """One that brings nothing twice because we were not given the time to acknowledge it."""

    redeliver_after_s = 60


def wait_for_port(port):
    import socket

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("the broker does not listen")


@pytest.fixture(params=[Nats, Mosquitto], ids=["nats", "mosquitto"])
def broker(request, tmp_path_factory):
    if request.param is Mosquitto and not MOSQUITTO:
        if os.environ.get("CI"):
            pytest.fail("mosquitto is not installed")
        pytest.skip("mosquitto is not installed; `make test` installs it")
    server = request.param(tmp_path_factory.mktemp("broker"))
    server.start()
    yield server
    server.end()


@asynccontextmanager
async def running_source(broker, *, receive_maximum=100, keepalive_s=10, port=None):
    username, password = broker.account
    source = MqttSource(
        Broker(
            host="127.0.0.1",
            port=port or broker.port,
            version=broker.version,
            username=username,
            password=password,
            tls=None,
            client_id="ingest-under-test",
            session_expiry_s=3600,
            receive_maximum=receive_maximum,
            keepalive_s=keepalive_s,
        ),
        FILTERS,
        now=lambda: datetime.now(UTC),
    )
    running = asyncio.create_task(source.run())
    try:
        async with asyncio.timeout(20):
            while not source.ready:
                await asyncio.sleep(0.01)
        yield source, running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def source_of(broker, **limits):
    async with running_source(broker, **limits) as (source, _):
        yield source


@asynccontextmanager
async def publisher_to(broker):
    client = gmqtt.Client(f"publisher-{time.monotonic_ns()}")
    if broker.account[0]:
        client.set_auth_credentials(*broker.account)
    await client.connect("127.0.0.1", broker.port, version=MQTTv311)
    yield client
    await client.disconnect()


async def publish(broker, *payloads, **options):
    async with publisher_to(broker) as client:
        for payload in payloads:
            client.publish(TOPIC, payload, qos=1, **options)
        async with asyncio.timeout(20):
            await client._persistent_storage.wait_empty()


async def take(source, count):
    taken = []
    async with asyncio.timeout(20):
        while len(taken) < count:
            taken += await source.batch(most=count - len(taken), linger_s=0)
    return taken


async def test_what_was_not_acknowledged_comes_again_and_what_was_does_not(broker):
    async with source_of(broker) as source:
        await publish(broker, b"one", b"two", b"three")
        first = await take(source, 3)
        assert [delivery.payload for delivery in first] == [b"one", b"two", b"three"]
        source.acknowledge(first[0].token)
        source.acknowledge(first[2].token)

    await publish(broker, b"four")
    # A broker may still be writing down what it heard from us last, and bring it once more: until it has.
    async with asyncio.timeout(30):
        while True:
            async with source_of(broker) as source:
                again = {delivery.payload: delivery for delivery in await take(source, 2)}
            if again.keys() == {b"two", b"four"}:
                break
    assert again[b"two"].redelivered
    assert not first[1].redelivered


async def test_frames_published_while_nobody_listens_wait_for_us(broker):
    async with source_of(broker):
        pass
    await publish(broker, *(b"%d" % number for number in range(50)))

    async with source_of(broker) as source:
        assert {delivery.payload for delivery in await take(source, 50)} == {b"%d" % n for n in range(50)}


async def test_a_broker_that_ends_comes_back_and_nothing_acknowledged_to_the_publisher_is_lost(broker):
    async with source_of(broker) as source:
        await publish(broker, b"before")
        (before,) = await take(source, 1)
        broker.end()
        async with asyncio.timeout(20):
            while source.ready:
                await asyncio.sleep(0.01)
        broker.start()
        async with asyncio.timeout(20):
            while not source.ready:
                await asyncio.sleep(0.01)
        # Late, for a connection that is gone: must neither fail nor acknowledge anything of the new one.
        source.acknowledge(before.token)
        await publish(broker, b"after")
        # What was before may come more than once until then.
        missing = {b"before", b"after"}
        while missing:
            missing -= {delivery.payload for delivery in await take(source, 1)}


async def test_a_late_acknowledgement_removes_nothing_of_the_next_session(broker):
    async with source_of(broker) as source:
        await publish(broker, b"old")
        (old,) = await take(source, 1)
        broker.end()
        broker.start()
        async with asyncio.timeout(20):
            redelivered = (await take(source, 1))[0]
        source.acknowledge(old.token)
        assert redelivered.payload == b"old"

    async with source_of(broker) as source:
        assert [delivery.payload for delivery in await take(source, 1)] == [b"old"]


async def test_a_retained_message_is_recognised(broker):
    await publish(broker, b"from the past", retain=True)

    async with source_of(broker) as source:
        (delivery,) = await take(source, 1)

    assert delivery.retained


@pytest.mark.parametrize("broker", [PatientNats, Mosquitto], ids=["nats", "mosquitto"], indirect=True)
async def test_no_more_frames_are_in_flight_than_were_asked_for(broker):
    async with source_of(broker, receive_maximum=100) as source:
        await publish(broker, *(b"%d" % number for number in range(300)))
        held = await take(source, 100)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(source.batch(most=1, linger_s=0), 0.5)
        for delivery in held:
            source.acknowledge(delivery.token)
        rest = await take(source, 100)

    assert len({delivery.payload for delivery in held + rest}) == 200


async def test_of_two_with_one_client_id_one_ends_and_says_why(broker):
    async with running_source(broker) as (_, one), running_source(broker) as (_, other):
        async with asyncio.timeout(60):
            (ended, *_), _ = await asyncio.wait([one, other], return_when=asyncio.FIRST_COMPLETED)
        with pytest.raises(SessionTakenOverError, match="ingest-under-test"):
            await ended


async def test_a_broker_that_sends_more_than_it_was_asked_for_loses_nothing(broker, monkeypatch):
    # More than fits: we leave, and are back when there is room.
    monkeypatch.setattr(mqtt_module, "_QUEUE_PER_RECEIVE_MAXIMUM", 0.2)
    numbers = {b"%d" % number for number in range(200)}
    async with source_of(broker, receive_maximum=100) as source:
        await publish(broker, *numbers)
        seen = set()
        async with asyncio.timeout(60):
            while seen != numbers:
                for delivery in await source.batch(most=50, linger_s=0):
                    seen.add(delivery.payload)
                    source.acknowledge(delivery.token)


async def test_a_broker_that_goes_silent_is_lost(broker):
    async with source_of(broker, keepalive_s=1) as source:
        os.kill(broker.process.pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(20):
                while source.ready:
                    await asyncio.sleep(0.01)
        finally:
            os.kill(broker.process.pid, signal.SIGCONT)
        async with asyncio.timeout(20):
            while not source.ready:
                await asyncio.sleep(0.01)


async def test_a_subscription_that_is_refused_is_asked_for_until_it_is_granted(broker, monkeypatch):
    monkeypatch.setattr(mqtt_module, "_ASK_AGAIN_S", 0.01)
    async with SwallowingProxy(broker.port).running() as proxy:
        proxy.refusals = 3
        async with source_of(broker, port=proxy.port) as source:
            assert (proxy.refusals, proxy.connections) == (0, 1)
            await publish(broker, b"heard")
            assert [delivery.payload for delivery in await take(source, 1)] == [b"heard"]


async def test_whoever_holds_frames_is_not_deaf_and_stays_connected(broker):
    async with source_of(broker) as source:
        await publish(broker, b"held")
        (held,) = await take(source, 1)
        source.renew()
        await publish(broker, b"of the same connection")
        (other,) = await take(source, 1)
        assert source.reconnects == 0
        source.acknowledge(held.token)
        source.acknowledge(other.token)

        source.renew()
        async with asyncio.timeout(20):
            while not source.reconnects:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("broker", [Nats], ids=["nats"], indirect=True)
async def test_a_broker_that_will_not_have_us_says_why(broker):
    with pytest.raises(RefusedError, match=r"user name or password|not authorised"):
        await connect(broker.port, broker.version, password="wrong")


async def test_what_speaks_no_mqtt_is_no_broker():
    async def talk(reader, writer):
        writer.write(bytes(64))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        with pytest.raises(ProtocolError):
            await connect(server.sockets[0].getsockname()[1], "5", password="")


async def connect(port, version, *, password):
    connection = Connection(version, 10, take=lambda *_: None)
    try:
        await connection.open(
            "127.0.0.1",
            port,
            tls=None,
            client_id="stranger",
            username="smartplace",
            password=password,
            session_expiry_s=1,
            receive_maximum=1,
        )
    finally:
        await connection.close()
