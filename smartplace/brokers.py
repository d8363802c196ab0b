"""Sessions with MQTT brokers and NATS clusters: where frames come from, and where commands go."""

import asyncio
import os
import socket
from dataclasses import replace

from domain.commands import LONGEST_LIFETIME
from domain.topics import COMMAND_FILTERS, INGEST_FILTERS
from ingest.dispatch import Dispatch, Postbox
from ingest.jetstream import Cluster, JetStreamSource
from ingest.mqtt import Broker, MqttSource
from ingest.mqtt_connection import Connection
from ingest.relay import Relay
from simulators.mqtt import Broker as SimulatorBroker
from smartplace.clock import receipt_time, utc_now
from smartplace.settings import Settings
from smartplace.tls import tls_context
from store.commands import CommandStore
from store.pool import Pool

_LOOK_FOR_COMMANDS_EVERY_S = 1


def dispatch_commands(settings: Settings, pool: Pool, tasks: asyncio.TaskGroup) -> None:
    """Send commands, where a network server takes them: over a session of their own, so that no frame waits for one."""
    if not settings.downlink_topic:
        return
    postbox = _mqtt_postbox(settings, tasks) if settings.source == "mqtt" else _cluster_postbox(settings, tasks)
    queue = CommandStore(pool, now=utc_now, can_send=True)
    dispatch = Dispatch(postbox, queue, topic=settings.downlink_topic, every_s=_LOOK_FOR_COMMANDS_EVERY_S)
    tasks.create_task(dispatch.send(), name="commands")
    tasks.create_task(dispatch.listen(), name="command-reports")


def _mqtt_postbox(settings: Settings, tasks: asyncio.TaskGroup) -> Postbox:
    broker = replace(_ingest_broker(settings), client_id=f"{settings.mqtt_client_id}-commands")
    postbox = MqttSource(broker, COMMAND_FILTERS, now=utc_now)
    tasks.create_task(postbox.run(), name="command-source")
    return postbox


def _cluster_postbox(settings: Settings, tasks: asyncio.TaskGroup) -> Postbox:
    """Sent over MQTT to any node, under a name that no other worker has; heard of by a consumer that they share."""
    addresses = [
        address.strip().rpartition(":") for address in settings.nats_mqtt_servers.split(",") if address.strip()
    ]
    nodes = tuple((host, int(port)) for host, _, port in addresses) or ((settings.mqtt_host, settings.mqtt_port),)
    broker = replace(
        _ingest_broker(settings),
        host=nodes[0][0],
        port=nodes[0][1],
        others=nodes[1:],
        version="3.1.1",
        client_id=f"{settings.mqtt_client_id}-commands-{socket.gethostname()}-{os.getpid()}",
        session_expiry_s=None,
    )
    sender = MqttSource(broker, (), now=utc_now)
    consumer = replace(
        _cluster(settings),
        durable=f"{settings.nats_consumer}-commands",
        # Once no command is sent any more, nothing may be kept for those who sent them.
        forget_after_s=LONGEST_LIFETIME.total_seconds(),
    )
    heard = JetStreamSource(consumer, COMMAND_FILTERS, now=utc_now)
    tasks.create_task(sender.run(), name="command-sender")
    tasks.create_task(heard.run(), name="command-source")
    return Relay(sender, heard)


def source_of(settings: Settings, own_topic: str) -> MqttSource | JetStreamSource:
    """Where ingest takes frames, and what it sends to itself."""
    if settings.source == "mqtt":
        share = f"$share/{settings.mqtt_share_group}/" if settings.mqtt_share_group else ""
        # What a worker sends to itself is for nobody else.
        filters = [*(share + topic_filter for topic_filter in INGEST_FILTERS), own_topic]
        return MqttSource(_ingest_broker(settings), filters, now=receipt_time)
    return JetStreamSource(_cluster(settings), INGEST_FILTERS, now=receipt_time)


def leaving_source(settings: Settings, own_topic: str) -> MqttSource:
    """What waits in a session that nobody will come back to, and nothing new."""
    shared = [f"$share/{settings.mqtt_share_group}/{topic_filter}" for topic_filter in INGEST_FILTERS]
    broker = _ingest_broker(settings)
    return MqttSource(broker, [own_topic], now=receipt_time, leaves=[*INGEST_FILTERS, *shared])


async def end_sessions(settings: Settings) -> None:
    """Have the broker forget the session of ingest, and of its commands; raises OSError, TimeoutError, RefusedError."""
    broker = _ingest_broker(settings)
    for client_id in (broker.client_id, f"{broker.client_id}-commands"):
        connection = Connection(broker.version, broker.keepalive_s, take=lambda *_: None)
        await connection.open(
            broker.host,
            broker.port,
            tls=broker.tls,
            client_id=client_id,
            username=broker.username,
            password=broker.password,
            session_expiry_s=None,
            receive_maximum=1,
        )
        await connection.close()


def _cluster(settings: Settings) -> Cluster:
    return Cluster(
        servers=[server.strip() for server in settings.nats_servers.split(",")],
        username=settings.mqtt_username,
        password=settings.mqtt_password.get_secret_value(),
        durable=settings.nats_consumer,
        ack_wait_s=settings.nats_ack_wait_s,
        max_ack_pending=settings.mqtt_receive_maximum,
        keepalive_s=settings.mqtt_keepalive_s,
    )


def _ingest_broker(settings: Settings) -> Broker:
    return Broker(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        version=settings.mqtt_version,
        username=settings.mqtt_username,
        password=settings.mqtt_password.get_secret_value(),
        tls=tls_context(settings),
        client_id=settings.mqtt_client_id,
        session_expiry_s=settings.mqtt_session_expiry_s,
        receive_maximum=settings.mqtt_receive_maximum,
        keepalive_s=settings.mqtt_keepalive_s,
    )


def simulator_broker(settings: Settings) -> SimulatorBroker:
    """Where simulated devices publish."""
    return SimulatorBroker(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        version=settings.mqtt_version,
        username=settings.mqtt_username,
        password=settings.mqtt_password.get_secret_value(),
        tls=tls_context(settings),
    )
