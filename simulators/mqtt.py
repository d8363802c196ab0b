"""The only door of the simulators to an MQTT broker: QoS 1, few messages in flight, none lost at a restart."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

import gmqtt
from gmqtt.mqtt.constants import MQTTv50, MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError

from domain.errors import CommandError

_VERSIONS = {"5": MQTTv50, "3.1.1": MQTTv311}
_KEEP_ALIVE_S = 15
_RECONNECT_DELAY_S = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the broker is and how to speak with it. `tls` None is plain TCP; an empty `username` is none."""

    host: str
    port: int
    version: Literal["5", "3.1.1"] = "5"
    username: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None
    client_id: str = "smartplace-simulator"
    connect_timeout_s: float = 10.0


class Publisher:
    """Publishes with at most `in_flight` messages that the broker has not acknowledged."""

    def __init__(self, broker: Broker, *, in_flight: int) -> None:
        self._broker = broker
        self._unacknowledged = _Unacknowledged()
        self._limit = in_flight
        self._connected = asyncio.Event()
        self._client = gmqtt.Client(broker.client_id, persistent_storage=self._unacknowledged)
        self._client.set_config({"reconnect_delay": _RECONNECT_DELAY_S})
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._filter = ""
        if broker.username:
            self._client.set_auth_credentials(broker.username, broker.password)

    async def publish(self, topic: str, payload: bytes) -> None:
        """Send one message with QoS 1, once the broker is there and has acknowledged enough of those before."""
        await self._connected.wait()
        await self._unacknowledged.wait_fewer(self._limit)
        self._client.publish(topic, payload, qos=1)

    def listen(self, topic_filter: str) -> None:
        """Hear messages of these topics, also after the connection was lost; where the broker refuses, none come."""
        self._filter = topic_filter
        if self._connected.is_set():
            self._client.subscribe(topic_filter, qos=1)

    async def hear(self) -> tuple[str, bytes]:
        """The next message: its topic and its content."""
        return await self._heard.get()

    async def drain(self) -> None:
        """Wait until the broker has acknowledged everything."""
        await self._unacknowledged.wait_empty()

    async def connect(self) -> None:
        """Connect for the first time; later the client reconnects by itself.

        Raises:
            CommandError: the broker does not answer, or refuses.
        """
        broker = self._broker
        try:
            async with asyncio.timeout(broker.connect_timeout_s):
                await self._client.connect(
                    broker.host,
                    broker.port,
                    ssl=broker.tls or False,
                    keepalive=_KEEP_ALIVE_S,
                    version=_VERSIONS[broker.version],
                )
        except (OSError, MQTTConnectError) as error:
            reason = str(error) or "no answer"
            raise CommandError(f"no MQTT broker for us at {broker.host}:{broker.port}: {reason}") from error

    async def close(self) -> None:
        """Say goodbye. Does not wait for acknowledgements: see `drain`."""
        self._client.stop_reconnect()
        with suppress(OSError):
            await self._client.disconnect()

    def _on_connect(self, _client: object, _flags: int, _code: int, properties: dict[str, Any]) -> None:
        # A broker gives us packet ids below its receive maximum only, so the window must stay under it.
        receive_maximum = (properties.get("receive_maximum") or [65_535])[0]
        self._limit = max(1, min(self._limit, receive_maximum - 2))
        for packet in self._unacknowledged.forgotten():
            self._client._connection.send_package(packet)  # noqa: SLF001 - gmqtt has no public way to resend
        if self._filter:
            self._client.subscribe(self._filter, qos=1)
        self._connected.set()

    def _on_message(self, _client: object, topic: str, payload: bytes, *_details: object) -> int:
        self._heard.put_nowait((topic, bytes(payload)))
        return 0

    def _on_disconnect(self, *_details: object) -> None:
        self._connected.clear()


@asynccontextmanager
async def open_publisher(broker: Broker, *, in_flight: int = 100) -> AsyncIterator[Publisher]:
    """A connected publisher; drained only if the caller drains it.

    Raises:
        CommandError: the broker does not answer, or refuses.
    """
    publisher = Publisher(broker, in_flight=in_flight)
    try:
        await publisher.connect()
        yield publisher
    finally:
        await publisher.close()


class _Unacknowledged:
    """Sent packets that the broker has not acknowledged: what gmqtt asks of a persistent storage, and a window.

    gmqtt resends them where the broker kept our session. Where it did not, gmqtt calls `clear`, meaning to lose
    them; we remember instead that they have to be sent again.
    """

    def __init__(self) -> None:
        self._packets: dict[int, bytes] = {}
        self._was_cleared = False
        self._shrunk = asyncio.Event()

    @property
    def is_empty(self) -> bool:
        return not self._packets

    def push_message(self, packet_id: int, packet: bytes) -> None:
        self._packets[packet_id] = packet

    def remove_message_by_mid(self, packet_id: int) -> None:
        self._packets.pop(packet_id, None)
        self._shrunk.set()

    def get_all(self) -> list[tuple[int, bytes]]:
        return list(self._packets.items())

    def clear(self) -> None:
        self._was_cleared = True

    def forgotten(self) -> list[bytes]:
        """What must be sent again because the broker forgot our session; empty if it did not."""
        self._was_cleared, was_cleared = False, self._was_cleared
        return list(self._packets.values()) if was_cleared else []

    async def wait_empty(self) -> None:
        await self.wait_fewer(1)

    async def wait_fewer(self, limit: int) -> None:
        """Wait until fewer than `limit` packets are unacknowledged."""
        while len(self._packets) >= limit:
            self._shrunk.clear()
            await self._shrunk.wait()
