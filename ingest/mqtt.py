"""Uplinks from an MQTT broker, 5 or 3.1.1: persistent session, QoS 1, acknowledged only when we say so."""

import asyncio
import logging
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import gmqtt
from gmqtt.mqtt.constants import MQTTv50, MQTTv311
from gmqtt.mqtt.handler import MQTTError

from domain.errors import SessionTakenOverError
from domain.live import Clock
from domain.uplinks import Rejected
from ingest.source import Delivery, Token, next_batch

logger = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S = 10
_BACKOFF_S = (0.2, 5.0)
_QUEUE_PER_RECEIVE_MAXIMUM = 4
# MQTT 5 says so; with 3.1.1 a connection only ends. One that ends soon though the broker is there for the next, again
# and again: then somebody takes it from us.
_TAKEN_OVER = 0x8E
_SHORT_CONNECTION_S = 30
_SHORT_CONNECTIONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """How to reach the broker. `tls` None is plain TCP; `version` is "5" or "3.1.1"."""

    host: str
    port: int
    version: str
    username: str
    password: str
    tls: ssl.SSLContext | None
    client_id: str
    session_expiry_s: int
    receive_maximum: int
    keepalive_s: int = 10


class MqttSource:
    """Satisfies ingest.source.Source.

    Every connection has a client of its own, and an acknowledgement goes to the client that brought the message: a
    late one for a lost connection is written nowhere, so it can never name a message of the next session.
    """

    def __init__(self, broker: Broker, filters: Sequence[str], *, now: Clock) -> None:
        self._broker = broker
        self._filters = filters
        self._now = now
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()
        self._room = asyncio.Event()
        self._room.set()
        self._connection: _Connection | None = None
        self._granted = False
        self._connections = 0
        self.sessions_lost = 0

    @property
    def reconnects(self) -> int:
        """Connections after the first."""
        return max(0, self._connections - 1)

    @property
    def waiting(self) -> int:
        """Messages that were received and not yet taken."""
        return self._queue.qsize()

    @property
    def ready(self) -> bool:
        """Connected, and every subscription granted."""
        return self._granted

    async def batch(self, *, most: int, linger_s: float) -> list[Delivery]:
        """At least one delivery, at most `most`; the first waits at most `linger_s` for company."""
        deliveries = await next_batch(self._queue, most=most, linger_s=linger_s)
        if not self._room.is_set() and self._queue.qsize() <= self._broker.receive_maximum:
            self._room.set()
            if self._connection is not None:
                self._connection.resume()
        return deliveries

    def acknowledge(self, token: Token, letter: Rejected | None = None) -> None:
        """Tell the broker that this delivery is safe."""
        token.resolve(letter)

    async def send_canary(self, topic: str, payload: bytes) -> None:
        """Publish to ourselves, with the QoS of what devices publish."""
        if self._granted and self._connection is not None:
            self._connection.client.publish(topic, payload, qos=1)

    async def run(self) -> None:
        """Stay connected until cancelled: exponential backoff with full jitter between attempts.

        Raises:
            SessionTakenOverError: another client has our client id.
        """
        failures = short_connections = 0
        while True:
            began = time.monotonic()
            try:
                taken_over = await self._stay_connected()
                failures = 0
                short_connections += 1 if time.monotonic() - began < _SHORT_CONNECTION_S else -short_connections
                if taken_over or short_connections == _SHORT_CONNECTIONS:
                    raise SessionTakenOverError(self._broker.client_id)
                logger.warning("lost the broker", extra={"action": "mqtt_lost"})
            except (OSError, TimeoutError, MQTTError) as error:
                failures += 1
                # Some brokers let those wait outside that come back too often. Any other failure is no takeover.
                short_connections = short_connections if isinstance(error, _TurnedAwayError) else 0
                reason = str(error) or "no answer"
                logger.warning("no broker: %s", reason, extra={"action": "mqtt_retry", "attempt": failures})
            least, most = _BACKOFF_S
            await asyncio.sleep(random.uniform(least / 2, min(most, least * 2 ** min(failures, 8))))  # noqa: S311
            # After a long pause: what waits here is safe at the broker as well, and would only come again.
            await self._room.wait()

    async def _stay_connected(self) -> bool:
        """Connect, and return when the connection is lost: whether another client took it."""
        async with self._connected() as connection:
            await connection.lost.wait()
            return connection.taken_over

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["_Connection"]:
        connection = self._connection = _Connection(self._broker, take=self._take)
        connection.client.on_connect = self._on_connect
        connection.client.on_subscribe = self._on_subscribe
        try:
            await connection.open()
            yield connection
        finally:
            self._granted = False
            self._connection = None
            await connection.close()

    def _on_connect(self, client: gmqtt.Client, session_present: int, _code: int, _properties: object) -> None:
        # A broker without our session may have lost frames: say so.
        present = bool(session_present)
        # Of the very first connection nobody knows whether there was a session to lose.
        self.sessions_lost += bool(self._connections and not present)
        self._connections += 1
        logger.info("connected to the broker", extra={"action": "mqtt_connected", "session_present": present})
        client.subscribe([gmqtt.Subscription(topic_filter, qos=1) for topic_filter in self._filters])

    def _on_subscribe(self, _client: gmqtt.Client, _mid: int, granted: Sequence[int], _properties: object) -> None:
        refused = [topic for topic, qos in zip(self._filters, granted, strict=True) if qos != 1]
        self._granted = not refused
        if refused:
            logger.error("the broker refuses %s", ", ".join(refused), extra={"action": "mqtt_refused"})

    def _take(self, topic: str | bytes, payload: bytes, properties: dict[str, object]) -> Token:
        """Queue a message. A broker that sends more than it was asked for is read no further until there is room."""
        if self._queue.qsize() >= _QUEUE_PER_RECEIVE_MAXIMUM * self._broker.receive_maximum:
            if self._room.is_set():
                logger.warning("too many frames wait: reading no further", extra={"action": "mqtt_pause"})
            self._room.clear()
            if self._connection is not None:
                self._connection.pause()
        token = Token(asyncio.get_running_loop().create_future())
        self._queue.put_nowait(
            Delivery(
                topic=topic if isinstance(topic, str) else topic.decode("utf-8", "backslashreplace"),
                payload=bytes(payload),
                retained=bool(properties.get("retain")),
                received_at=self._now(),
                token=token,
                redelivered=bool(properties.get("dup")),
            )
        )
        return token


class _TurnedAwayError(OSError):
    """The broker is there, and would not talk to us."""


class _Connection:
    """One connection, with the deliveries that it still waits to acknowledge."""

    def __init__(self, broker: Broker, *, take: Callable[[str | bytes, bytes, dict[str, object]], Token]) -> None:
        self._broker = broker
        self._take = take
        self._waiting: set[asyncio.Future[Rejected | None]] = set()
        self.lost = asyncio.Event()
        self.taken_over = False
        self.client = gmqtt.Client(
            broker.client_id, clean_session=False, optimistic_acknowledgement=False, **_properties(broker)
        )
        if broker.username:
            self.client.set_auth_credentials(broker.username, broker.password)
        # Below zero attempts, above "unlimited": this client never reconnects, we make a new one.
        self.client.set_config({"reconnect_retries": -2})
        self.client.on_message = self._on_message
        self.client.on_disconnect = self._on_disconnect

    async def open(self) -> None:
        """Connect; raises OSError, TimeoutError or MQTTError."""
        connecting = asyncio.ensure_future(
            self.client.connect(
                self._broker.host,
                self._broker.port,
                ssl=self._broker.tls or False,
                keepalive=self._broker.keepalive_s,
                version=MQTTv311 if self._broker.version == "3.1.1" else MQTTv50,
            )
        )
        lost = asyncio.ensure_future(self.lost.wait())
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await asyncio.wait({connecting, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not connecting.done():
                raise _TurnedAwayError("the broker closed the connection without an answer")
            await connecting
        finally:
            connecting.cancel()
            lost.cancel()

    def pause(self) -> None:
        """Read no further: the broker's window fills, and it waits. Acknowledgements still go out."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    @property
    def _transport(self) -> asyncio.Transport:
        # gmqtt shows no way to hold back a broker.
        transport: asyncio.Transport = self.client._connection._transport  # noqa: SLF001
        return transport

    async def close(self) -> None:
        """Disconnect, then let go of what was not acknowledged: the broker delivers it again."""
        try:
            async with asyncio.timeout(2):
                await self.client.disconnect()
        except (OSError, TimeoutError, AttributeError):
            # AttributeError: gmqtt had no transport yet.
            logger.debug("the connection was gone already")
        for kept in self._waiting:
            if not kept.done():
                kept.set_result(None)

    def _on_disconnect(self, _client: gmqtt.Client, packet: object, _error: Exception | None = None) -> None:
        if isinstance(packet, bytes) and packet[:1] == bytes([_TAKEN_OVER]):
            self.taken_over = True
        self.lost.set()

    async def _on_message(
        self, _client: gmqtt.Client, topic: str | bytes, payload: bytes, qos: int, properties: dict[str, object]
    ) -> int:
        token = self._take(topic, payload, properties)
        if qos:
            self._waiting.add(token.kept)
            try:
                # gmqtt sends the PUBACK when this coroutine returns; after `close` there is nobody to send it to.
                await token.kept
            finally:
                self._waiting.discard(token.kept)
        return 0


def _properties(broker: Broker) -> dict[str, int]:
    if broker.version != "5":
        return {}
    return {"session_expiry_interval": broker.session_expiry_s, "receive_maximum": broker.receive_maximum}
