"""Commands where ingest reads from a NATS cluster: to a network server that is away, and back to workers that share."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import gmqtt
import pytest
from gmqtt.mqtt.constants import MQTTv311

from domain.commands import CommandState
from domain.errors import CommandError
from domain.places_file import parse_places
from smartplace import compose
from smartplace.clock import utc_now
from smartplace.embedded.ports import free_port
from smartplace.settings import load
from store.commands import CommandStore
from store.places import import_places
from store.pool import open_pool
from tests.ingest.test_dispatch import PLACES

pytestmark = [pytest.mark.broker, pytest.mark.db]

EUI = "24e124000000000a"
APPLICATION = "application/0f3b6a0e-58ba-4c3c-9d6e-d3b1ed0d2a55/device"
LONG = timedelta(minutes=10)


@asynccontextmanager
async def network_server(nats, heard):
    """A ChirpStack whose session outlives its connection."""
    client = gmqtt.Client("chirpstack", clean_session=False)
    client.set_auth_credentials("smartplace", "tests-only")
    client.on_message = lambda _client, _topic, payload, _qos, _properties: heard.append(json.loads(payload)) or 0
    await client.connect("127.0.0.1", nats.port, version=MQTTv311)
    client.subscribe(f"{APPLICATION}/+/command/down", qos=1)
    yield client
    async with asyncio.timeout(20):
        await client._persistent_storage.wait_empty()
    await client.disconnect()


def say(client, item, event, **more):
    message = {"deviceInfo": {"devEui": EUI}, "queueItemId": item, **more}
    client.publish(f"{APPLICATION}/{EUI}/event/{event}", json.dumps(message).encode(), qos=1)


async def until(condition):
    async with asyncio.timeout(30):
        while not (found := await condition()):
            await asyncio.sleep(0.02)
    return found


@asynccontextmanager
async def workers(nats, database, *, count):
    """`count` workers of one cluster, the first of whose nodes is away."""
    settings = [
        load(
            database_url=database,
            source="jetstream",
            nats_servers=f"nats://127.0.0.1:{nats.control_port}",
            nats_mqtt_servers=f"127.0.0.1:{free_port()}, 127.0.0.1:{nats.port}",
            mqtt_username="smartplace",
            mqtt_password="tests-only",
            mqtt_client_id=f"worker-{number}",
            downlink_topic=f"{APPLICATION}/{{dev_eui}}/command/down",
        )
        for number in range(count)
    ]
    running = [asyncio.create_task(compose.ingest(one)) for one in settings]
    try:
        yield
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@pytest.mark.anyio
async def test_a_command_reaches_a_network_server_that_was_away_and_its_answers_come_back(nats, database):
    heard = []
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(database, size=2))
        await import_places(pool, parse_places(PLACES, source="desk", silent_after=lambda _: LONG), at=utc_now())
        store = CommandStore(pool, now=utc_now, can_send=True)

        async def state(wanted):
            return (await store.of_device(EUI, limit=1))[0].state is wanted

        async with network_server(nats, heard):
            pass
        await stack.enter_async_context(workers(nats, database, count=2))
        command = await store.request(EUI, "reboot", {}, by="manager", lifetime=LONG)
        await until(lambda: state(CommandState.SENT))
        assert heard == []

        async with network_server(nats, heard) as client:
            await until(lambda: asyncio.sleep(0, heard))
            say(client, str(command.command_id), "txack")
            await until(lambda: state(CommandState.TXACK))
            say(client, str(command.command_id), "ack", acknowledged=True)
            await until(lambda: state(CommandState.ACKED))

    assert [message["id"] for message in heard] == [str(command.command_id)]


@pytest.mark.parametrize("servers", ["node1", "node1:", ":1883", "node1:70000", "node1:1883;node2:1883"])
def test_what_is_no_address_is_refused_with_its_setting(servers):
    with pytest.raises(CommandError, match=r"SMARTPLACE_NATS_MQTT_SERVERS: .*host:port"):
        load(nats_mqtt_servers=servers)
