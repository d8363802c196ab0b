import asyncio
import json
from contextlib import asynccontextmanager

import psycopg
import pytest

from domain.errors import CommandError
from domain.topics import CHIRPSTACK_UP_FILTER as UP_FILTER
from ingest import mqtt
from ingest.spool import Spool
from smartplace.clock import utc_now
from smartplace.settings import load
from smartplace.workers import _worker, ingest
from store.places import import_places
from store.pool import open_pool
from tests.ingest.conftest import UP_TOPIC, running, up_event
from tests.ingest.test_mqtt import MOSQUITTO, Mosquitto


@pytest.fixture
def mosquitto(tmp_path_factory):
    if not MOSQUITTO:
        pytest.skip("mosquitto is not installed; `make test` installs it")
    server = Mosquitto(tmp_path_factory.mktemp("broker"))
    server.start()
    yield server
    server.end()


def test_each_worker_has_names_a_spool_and_a_port_of_its_own(tmp_path):
    settings = load(spool_file=tmp_path / "spool.db", ingest_http_port=9000)
    environments = [dict(_worker(settings, number).environment) for number in (1, 2)]

    assert environments[0] == {
        "SMARTPLACE_MQTT_CLIENT_ID": "smartplace-ingest-1",
        "SMARTPLACE_MQTT_SHARE_GROUP": "smartplace",
        "SMARTPLACE_INGEST_HTTP_PORT": "9000",
        "SMARTPLACE_SPOOL_FILE": str(tmp_path / "spool.1.db"),
    }
    assert environments[1]["SMARTPLACE_INGEST_HTTP_PORT"] == "9001"
    assert not {name for name, value in environments[0].items() if environments[1][name] == value} - {
        "SMARTPLACE_MQTT_SHARE_GROUP"
    }


def test_no_port_stays_no_port():
    assert "SMARTPLACE_INGEST_HTTP_PORT" not in _worker(load(), 1).environment


@asynccontextmanager
async def session_of(broker, client_id, filters):
    """As a worker has it; the broker keeps it afterwards."""
    here = mqtt.Broker(
        host="127.0.0.1",
        port=broker.port,
        version="5",
        username="",
        password="",
        tls=None,
        client_id=client_id,
        session_expiry_s=3600,
        receive_maximum=100,
    )
    source = mqtt.MqttSource(here, filters, now=utc_now)
    async with running(source):
        yield source


async def publish(broker, numbers):
    async with session_of(broker, "a-network-server", ()) as sender:
        for number in numbers:
            await sender.deliver(UP_TOPIC, up_event(fCnt=number))


def counters(conninfo):
    with psycopg.connect(conninfo) as connection:
        return [f_cnt for (f_cnt,) in connection.execute("SELECT f_cnt FROM journal ORDER BY f_cnt")]


@pytest.mark.anyio
@pytest.mark.broker
@pytest.mark.parametrize("number", [3, 0])
async def test_of_a_worker_that_is_retired_everything_is_kept_and_nothing_waits_for_it_any_more(
    mosquitto, database, small_borough, noon, tmp_path, number
):
    settings = load(
        mqtt_port=mosquitto.port, database_url=database, spool_file=tmp_path / "spool.db", canary_seconds=0.2
    )
    async with open_pool(database, size=1) as pool:
        await import_places(pool, small_borough, at=noon)
    name = f"smartplace-ingest-{number}" if number else "smartplace-ingest"
    filters = [f"$share/smartplace/{UP_FILTER}" if number else UP_FILTER]
    async with session_of(mosquitto, name, filters):
        pass
    # Nobody is there, and the broker keeps its share for it.
    await publish(mosquitto, range(30))
    spool = Spool(tmp_path / (f"spool.{number}.db" if number else "spool.db"), most_bytes=10**6)
    spool.append([(UP_TOPIC, up_event(fCnt=number), False, noon) for number in range(100, 110)])
    spool.close()

    await ingest(settings, workers=2, retired=number)
    assert counters(database) == [*range(30), *range(100, 110)]

    await publish(mosquitto, range(30, 40))
    async with session_of(mosquitto, name, ["smartplace/v1/canary/nobody"]) as back:
        await back.send_canary("smartplace/v1/canary/nobody", b"the first that it hears")
        async with asyncio.timeout(20):
            heard = await back.batch(most=100, linger_s=0)
    assert [delivery.payload for delivery in heard] == [b"the first that it hears"]


@pytest.mark.anyio
@pytest.mark.broker
async def test_frames_that_come_while_a_worker_is_retired_reach_it_or_the_others(
    mosquitto, database, small_borough, noon
):
    settings = load(mqtt_port=mosquitto.port, database_url=database, flood_burst=10**6, canary_seconds=0.2)
    async with open_pool(database, size=1) as pool:
        await import_places(pool, small_borough, at=noon)
    share = [f"$share/smartplace/{UP_FILTER}"]
    async with session_of(mosquitto, "smartplace-ingest-2", share):
        pass
    async with session_of(mosquitto, "smartplace-ingest-1", share) as other:
        published = 20
        await publish(mosquitto, range(published))
        retiring = asyncio.create_task(ingest(settings, workers=1, retired=2))
        async with session_of(mosquitto, "a-network-server", ()) as sender:
            while not retiring.done():
                await sender.deliver(UP_TOPIC, up_event(fCnt=published))
                published += 1
        await retiring
        here = counters(database)
        heard = []
        async with asyncio.timeout(20):
            while len(here) + len(heard) < published:
                heard += await take_all(other)

    assert here
    assert sorted([*here, *heard]) == list(range(published))


async def take_all(source):
    """The counters of what it hears."""
    deliveries = await source.batch(most=1000, linger_s=0)
    for delivery in deliveries:
        source.acknowledge(delivery.token)
    return [json.loads(delivery.payload)["fCnt"] for delivery in deliveries]


@pytest.mark.anyio
async def test_workers_without_a_session_of_their_own_cannot_be_retired():
    with pytest.raises(CommandError, match="MQTT 5"):
        await ingest(load(source="jetstream"), workers=2, retired=3)
