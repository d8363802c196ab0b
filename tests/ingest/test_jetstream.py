"""The source for clusters, against a real NATS server that takes MQTT."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import gmqtt
import pytest
from gmqtt.mqtt.constants import MQTTv311
from hypothesis import given
from hypothesis import strategies as st
from nats.js.api import ConsumerConfig, ConsumerInfo

from ingest.jetstream import Cluster, JetStreamSource, subject_of, topic_of
from tests.ingest.conftest import running

FILTERS = ("application/+/device/+/event/up", "smartplace/v1/devices/+/up")


@given(st.lists(st.text("abc.0-", min_size=1, max_size=8), min_size=1, max_size=6).map("/".join))
def test_a_topic_survives_being_a_subject(topic):
    # A level that ends in a dot or holds two of them is written ambiguously by NATS itself; none of ours does.
    if ".." in topic or "./" in topic or "/." in topic or topic.startswith(".") or topic.endswith("."):
        return
    assert topic_of(subject_of(topic)) == topic


def test_filters_become_subjects_with_wildcards():
    assert subject_of("application/+/device/+/event/up") == "application.*.device.*.event.up"
    assert subject_of("v3/#") == "v3.>"


@asynccontextmanager
async def source_of(nats, *, ack_wait_s=2.0, durable="ingest-under-test"):
    cluster = Cluster(
        servers=[f"nats://127.0.0.1:{nats.control_port}"],
        username="smartplace",
        password="tests-only",
        durable=durable,
        ack_wait_s=ack_wait_s,
        max_ack_pending=1000,
    )
    source = JetStreamSource(cluster, FILTERS, now=lambda: datetime.now(UTC))
    async with running(source):
        yield source


@asynccontextmanager
async def device(nats):
    client = gmqtt.Client("a-device")
    client.set_auth_credentials("smartplace", "tests-only")
    await client.connect("127.0.0.1", nats.port, version=MQTTv311)
    yield client
    async with asyncio.timeout(20):
        await client._persistent_storage.wait_empty()
    await client.disconnect()


async def take(source, count):
    taken = []
    async with asyncio.timeout(20):
        while len(taken) < count:
            taken += await source.batch(most=count - len(taken), linger_s=0)
    return taken


@pytest.mark.anyio
@pytest.mark.broker
async def test_frames_of_mqtt_devices_arrive_with_their_topic(nats):
    async with device(nats) as client, source_of(nats) as source:
        client.publish("application/0f9d-1/device/70b3d50000000001/event/up", b"one", qos=1)
        client.publish("smartplace/v1/devices/bench-1/up", b"two", qos=1)
        client.publish("something/else", b"three", qos=1)
        deliveries = await take(source, 2)

    assert {(delivery.topic, delivery.payload) for delivery in deliveries} == {
        ("application/0f9d-1/device/70b3d50000000001/event/up", b"one"),
        ("smartplace/v1/devices/bench-1/up", b"two"),
    }


@pytest.mark.anyio
@pytest.mark.broker
async def test_what_a_dead_worker_did_not_acknowledge_goes_to_another(nats):
    async with device(nats) as client:
        async with source_of(nats) as dead:
            for number in range(20):
                client.publish("smartplace/v1/devices/bench-1/up", b"%d" % number, qos=1)
            held = await take(dead, 20)
            for delivery in held[:5]:
                dead.acknowledge(delivery.token)
            async with asyncio.timeout(20):
                while dead._acknowledging:
                    await asyncio.sleep(0)
        async with source_of(nats) as alive:
            again = await take(alive, 15)

    assert {delivery.payload for delivery in again} == {delivery.payload for delivery in held[5:]}


@pytest.mark.anyio
@pytest.mark.broker
async def test_two_workers_share_the_frames(nats):
    seen, all_seen = [], asyncio.Event()

    async def work(source):
        while True:
            for delivery in await source.batch(most=10, linger_s=0):
                source.acknowledge(delivery.token)
                seen.append(delivery.payload)
            if len(seen) >= 100:
                all_seen.set()

    # Nothing comes twice because this process was not given the time to acknowledge it.
    async with device(nats) as client, source_of(nats, ack_wait_s=60) as one, source_of(nats, ack_wait_s=60) as other:
        workers = [asyncio.create_task(work(source)) for source in (one, other)]
        for number in range(100):
            client.publish("smartplace/v1/devices/bench-1/up", b"%d" % number, qos=1)
        async with asyncio.timeout(20):
            await all_seen.wait()
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    assert sorted(seen) == sorted(b"%d" % number for number in range(100))


class Slow:
    """A subscription that answers by and by, in the way in which nats-py waits for its answers."""

    def __init__(self):
        self._answer = asyncio.get_running_loop().create_future()

    def answers(self, what):
        self._answer.set_result(what)

    async def fetch(self, _most, *, timeout):  # noqa: ASYNC109 (as it is there)
        return await asyncio.wait_for(self._answer, timeout)

    async def consumer_info(self):
        return await asyncio.wait_for(self._answer, 20)


@pytest.mark.anyio
@pytest.mark.parametrize("what", ["frames", "a canary"])
async def test_who_is_told_to_stop_while_an_answer_comes_stops(what):
    """Before Python 3.12 `asyncio.wait_for` forgets the one for the other; and a canary then sang for ever."""
    source = JetStreamSource(
        Cluster(servers=[], username="", password="", durable="", ack_wait_s=1, max_ack_pending=1),
        FILTERS,
        now=lambda: None,
    )
    source._subscription = subscription = Slow()
    source._subscribed.set()
    asked = source.batch(most=1, linger_s=0) if what == "frames" else source.send_canary("a", b"")
    asking = asyncio.create_task(asked)
    for _ in range(10):
        await asyncio.sleep(0)
    subscription.answers([] if what == "frames" else ConsumerInfo("", "", ConsumerConfig(), created=None))
    asking.cancel()
    done, _ = await asyncio.wait([asking], timeout=20)

    assert done
    assert asking.cancelled()


@pytest.mark.anyio
@pytest.mark.broker
async def test_waiting_for_frames_ends_when_everything_is_cancelled_at_once(nats):
    """As by SIGTERM: the connection is closed first, and who waits on it must not take that for an outage."""
    async with device(nats), source_of(nats) as source:
        waiting = asyncio.create_task(source.batch(most=10, linger_s=0))
        async with asyncio.timeout(20):
            while not source._subscription._sub._pending_next_msgs_calls:
                await asyncio.sleep(0.01)
            closing = asyncio.create_task(source._client.close())
            waiting.cancel()
            await asyncio.gather(closing, waiting, return_exceptions=True)

    assert waiting.cancelled()
