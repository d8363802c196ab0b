"""What ingest sends to itself: it comes back through the whole way, or nothing is confirmed."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from domain import topics
from ingest.canary import Canary
from ingest.mqtt import Broker, MqttSource
from ingest.pipeline import Pipeline
from ingest.spool import Spool
from ingest.spool_queue import SpoolQueue
from tests.ingest import test_jetstream
from tests.ingest.conftest import OPEN_GATE
from tests.ingest.mqtt_proxy import SwallowingProxy
from tests.ingest.test_mqtt import FILTERS, TOPIC, broker, publish

__all__ = ["broker"]

pytestmark = pytest.mark.anyio

OWN = topics.canary("worker-1")


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self, at):
        self.at = at

    def __call__(self):
        return self.at


class Mirror:
    """A carrier that keeps what it is to carry."""

    ready = True

    def __init__(self):
        self.sent = []

    async def send_canary(self, topic, payload):
        self.sent.append((topic, payload))

    def renew(self):
        raise AssertionError("not asked for")


@pytest.fixture
def clock(noon):
    return Clock(noon)


@pytest.fixture
def canary(clock):
    return Canary(OWN, now=clock, every_s=0, late_after=timedelta(seconds=60))


@asynccontextmanager
async def doing(*coroutines):
    tasks = [asyncio.create_task(one) for one in coroutines]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def sent(canary, count=1):
    """What it sends first."""
    mirror = Mirror()
    async with doing(canary.sing(mirror)):
        await until(lambda: len(mirror.sent) >= count)
    return mirror.sent[:count]


async def test_it_is_late_until_it_was_heard_and_again_when_the_newest_is_old(canary, clock):
    assert canary.is_late
    ((topic, payload),) = await sent(canary)
    canary.hear(payload)

    assert topic == OWN
    assert not canary.is_late
    clock.at += timedelta(seconds=60)
    assert (canary.is_late, canary.age) == (False, timedelta(seconds=60))
    clock.at += timedelta(seconds=1)
    assert canary.is_late


async def test_one_that_was_sent_long_ago_does_not_look_fresh(canary, clock):
    ((_, old),) = await sent(canary)
    clock.at += timedelta(seconds=61)
    ((_, new),) = await sent(canary)
    canary.hear(old)
    assert canary.is_late
    canary.hear(new)
    canary.hear(old)
    assert not canary.is_late


async def test_after_the_clock_was_put_back_only_one_sent_since_counts(canary, clock):
    ((_, before),) = await sent(canary)
    canary.hear(before)
    clock.at -= timedelta(hours=1)
    assert canary.is_late
    canary.hear(before)
    assert canary.is_late

    ((_, since),) = await sent(canary)
    canary.hear(since)
    assert not canary.is_late
    # And goes on being told apart from one that does not come back.
    clock.at += timedelta(seconds=61)
    assert canary.is_late


@pytest.mark.parametrize("payload", [b"", b" ", b"x 2026-11-20T12:00:00+00:00", b"\xff\xfe \xff", b"2026-11-20T12:00"])
async def test_a_forged_one_does_not_count(canary, payload):
    canary.hear(payload)
    assert canary.is_late


async def test_another_process_is_not_heard(canary, clock):
    # Of the same name: the process before this one, say, whose canaries wait in the broker.
    ((_, payload),) = await sent(Canary(OWN, now=clock, every_s=0, late_after=timedelta(seconds=60)))
    canary.hear(payload)
    assert canary.is_late


@pytest.mark.parametrize("client_id", ["a/b", "a+", "a#", "a b", "a.b", "ä"])
def test_its_topic_is_one_level_whatever_the_process_is_called(client_id):
    assert topics.canary(client_id).count("/") == OWN.count("/")
    assert not set("+# .") & set(topics.canary(client_id))


async def test_it_is_neither_kept_nor_set_aside_nor_spooled(canary, source, sink, delivery, clock, tmp_path):
    spool = Spool(tmp_path / "spool", most_bytes=10_000)
    pipeline = Pipeline(
        source,
        sink,
        gate=OPEN_GATE,
        now=clock,
        batch_rows=100,
        linger_s=0,
        spool=SpoolQueue(spool, after_s=0.01),
        canary=canary,
    )
    ((topic, payload),) = await sent(canary)
    sink.outages = 1_000_000
    items = [delivery(), delivery(payload, topic=topic), delivery(b"forged", topic=topic)]
    await pipeline.keep(items)
    await pipeline.keep(items[1:])

    assert (sink.kept, sink.dead, spool.depth) == ({}, [], 1)
    assert source.acknowledged == [item.token for item in items]
    assert not canary.is_late
    spool.close()


async def test_its_batch_is_safe_before_it_counts(canary, source, sink, delivery, clock, monkeypatch):
    pipeline = Pipeline(source, sink, gate=OPEN_GATE, now=clock, batch_rows=100, linger_s=0, canary=canary)
    ((topic, payload),) = await sent(canary)
    late_while_written = []
    write = sink.write

    async def observed(*batch, **more):
        late_while_written.append(canary.is_late)
        return await write(*batch, **more)

    monkeypatch.setattr(sink, "write", observed)
    await pipeline.keep([delivery(payload, topic=topic), delivery()])

    assert late_while_written == [True]
    assert not canary.is_late


@asynccontextmanager
async def ingest_of(broker, sink, *, port, share=""):
    """A source, a pipeline, a canary that is late after one second, and the ticks that it allows."""

    def now():
        return datetime.now(UTC)

    canary = Canary(OWN, now=now, every_s=0.05, late_after=timedelta(seconds=1))
    username, password = broker.account
    source = MqttSource(
        Broker(
            host="127.0.0.1",
            port=port,
            version=broker.version,
            username=username,
            password=password,
            tls=None,
            client_id="worker-1",
            session_expiry_s=3600,
            receive_maximum=100,
        ),
        [*(share + topic for topic in FILTERS), OWN],
        now=now,
    )
    pipeline = Pipeline(source, sink, gate=OPEN_GATE, now=now, batch_rows=100, linger_s=0, canary=canary)
    async with doing(source.run(), pipeline.run(), pipeline.tick(every_s=0.02), canary.sing(source)):
        yield source, canary


@pytest.mark.broker
@pytest.mark.parametrize("share", ["", "$share/workers/"])
async def test_a_subscription_that_is_lost_without_a_word_is_noticed(broker, sink, share, monkeypatch):
    if share and broker.version != "5":
        pytest.skip("MQTT 3.1.1 shares no subscriptions")
    looks = 0
    refresh = sink.refresh

    async def counted():
        nonlocal looks
        looks += 1
        await refresh()

    monkeypatch.setattr(sink, "refresh", counted)
    sink.models["bench-1"] = "smartplace-bench"
    async with (
        SwallowingProxy(broker.port).running() as proxy,
        ingest_of(broker, sink, port=proxy.port, share=share) as (source, canary),
    ):
        await until(lambda: len(sink.ticks) > 5 and not canary.is_late)

        proxy.deaf = 1_000_000
        await until(lambda: canary.is_late)
        # To the connection, everything is well.
        await until(lambda: source.ready)
        assert proxy.swallowed
        ticks, seen = len(sink.ticks), looks
        await publish(broker, b"a frame that never comes")
        await until(lambda: looks > seen + 3)
        assert len(sink.ticks) == ticks
        assert sink.dead == []

        proxy.deaf = 0
        await until(lambda: not canary.is_late and len(sink.ticks) > ticks)


@pytest.mark.broker
async def test_a_subscription_that_is_lost_without_a_word_is_made_anew_and_what_it_missed_comes(broker, sink):
    async with (
        SwallowingProxy(broker.port).running() as proxy,
        ingest_of(broker, sink, port=proxy.port) as (source, canary),
    ):
        await until(lambda: not canary.is_late)
        proxy.deaf = 1
        await publish(broker, b"a frame that was swallowed")
        await until(lambda: sink.dead)

    assert [letter.payload for letter in sink.dead] == [b"a frame that was swallowed"]
    assert (source.reconnects, source.sessions_lost) == (1, 0)


async def test_a_carrier_is_renewed_when_nothing_comes_back_and_only_then(canary, clock):
    class Deaf(Mirror):
        is_ready, looks, renewed = True, 0, 0

        @property
        def ready(self):
            self.looks += 1
            return self.is_ready

        def renew(self):
            self.renewed += 1

    mirror = Deaf()

    async def sung():
        looks = mirror.looks
        await until(lambda: mirror.looks > looks + 2)
        return mirror.renewed

    async with doing(canary.sing(mirror)):
        assert await sung() == 0
        clock.at += timedelta(seconds=61)
        assert await sung() == 1
        clock.at += timedelta(seconds=50)
        # An old one, behind a backlog: late, and not deaf.
        canary.hear(mirror.sent[0][1])
        clock.at += timedelta(seconds=50)
        assert canary.is_late
        assert await sung() == 1
        # Nor is one that is not connected.
        mirror.is_ready = False
        assert await sung() == 1
        clock.at += timedelta(hours=1)
        assert await sung() == 1
        mirror.is_ready = True
        assert await sung() == 1


@pytest.mark.broker
async def test_whoever_sends_on_its_topic_is_not_heard(broker, sink):
    """Nor does it become a dead letter, of which a worker that sees its neighbour's would make six a minute."""
    async with ingest_of(broker, sink, port=broker.port) as (_, canary):
        await until(lambda: not canary.is_late)
        from tests.ingest import test_mqtt

        async with test_mqtt.publisher_to(broker) as client:
            client.publish(OWN, b"forged 2999-01-01T00:00:00+00:00", qos=1)
            client.publish(TOPIC, b"{", qos=1)
            await until(lambda: sink.dead)

    assert [letter.topic for letter in sink.dead] == [TOPIC]
    assert canary.age < timedelta(days=1)


@pytest.mark.broker
async def test_of_a_cluster_it_tells_whether_the_consumer_is_there(nats):
    canary = Canary(OWN, now=lambda: datetime.now(UTC), every_s=0.05, late_after=timedelta(minutes=5))
    async with test_jetstream.device(nats), test_jetstream.source_of(nats) as source:
        async with doing(canary.sing(source)):
            (delivery,) = await test_jetstream.take(source, 1)
            assert delivery.topic == OWN
            canary.hear(delivery.payload)
            assert not canary.is_late

        # Somebody removes the consumer; nobody makes it anew, for nobody fetches.
        await source._client.jetstream().delete_consumer("$MQTT_msgs", "ingest-under-test")
        source._canaries.clear()
        await source.send_canary(OWN, b"")
        assert source._canaries == []

        # Nothing comes back for so long that it looks for the consumer, and makes it.
        source.renew()
        await until(lambda: source.ready)
        await source.send_canary(OWN, b"")
        assert [canary.topic for canary in source._canaries] == [OWN]
