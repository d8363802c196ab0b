"""Uplinks from an MQTT broker, 5 or 3.1.1: persistent session, QoS 1, acknowledged only when we say so."""

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from domain.errors import SessionTakenOverError
from domain.live import Clock
from domain.uplinks import Rejected
from ingest.backoff import backoff_s
from ingest.mqtt_connection import Connection, RefusedError, TurnedAwayError
from ingest.mqtt_packets import ProtocolError, Publish
from ingest.source import Delivery, Inbox, Token

logger = logging.getLogger(__name__)

_BACKOFF_S = (0.2, 5.0)
_QUEUE_PER_RECEIVE_MAXIMUM = 4
_ASK_AGAIN_S = 30.0
# MQTT 5 says that a session was taken over; with 3.1.1 a connection only ends. One that ends soon though the broker is
# there for the next, again and again: then somebody takes it from us.
_SHORT_CONNECTION_S = 30
_SHORT_CONNECTIONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """How to reach the broker. `tls` None is plain TCP; `version` is "5" or "3.1.1".

    `others` are further nodes of one cluster, tried in turn. Where `session_expiry_s` is None, nothing is kept for us
    while we are away.
    """

    host: str
    port: int
    version: str
    username: str
    password: str
    tls: ssl.SSLContext | None
    client_id: str
    session_expiry_s: int | None
    receive_maximum: int
    keepalive_s: int = 10
    others: tuple[tuple[str, int], ...] = ()


class MqttSource:
    """Satisfies ingest.source.Source. Without filters it only sends; those that it `leaves` bring what waits already.

    A token names a packet on the connection that brought it: a late acknowledgement for a lost connection is written
    nowhere, so it can never name a message of the next session.
    """

    def __init__(self, broker: Broker, filters: Sequence[str], *, now: Clock, leaves: Sequence[str] = ()) -> None:
        self._broker = broker
        self._filters = filters
        self._leaves = leaves
        self._now = now
        self._inbox = Inbox()
        self._connection: Connection | None = None
        self._granted = False
        self._connections = 0
        self._attempts = 0
        self.sessions_lost = 0

    @property
    def reconnects(self) -> int:
        """Connections after the first."""
        return max(0, self._connections - 1)

    @property
    def waiting(self) -> int:
        """Messages that were received and not yet taken."""
        return len(self._inbox)

    @property
    def ready(self) -> bool:
        """Connected, and every subscription granted."""
        return self._granted

    async def batch(self, *, most: int, linger_s: float) -> list[Delivery]:
        """At least one delivery, at most `most`; the first waits at most `linger_s` for company."""
        deliveries = await self._inbox.batch(most=most, linger_s=linger_s)
        if self._connection is not None and len(self._inbox) <= self._broker.receive_maximum:
            self._connection.resume()
        return deliveries

    def acknowledge(self, token: Token, letter: Rejected | None = None) -> None:  # noqa: ARG002
        """Tell the broker that this delivery is safe."""
        if isinstance(token.holder, Connection):
            token.holder.acknowledge(token.number)

    async def send_canary(self, topic: str, payload: bytes) -> None:
        """Publish to ourselves, with the QoS of what devices publish."""
        if self._granted and self._connection is not None:
            self._connection.publish(topic, payload)

    def renew(self) -> None:
        """Connect anew, unless messages came that are not safe yet."""
        if self._connection is not None and not self._connection.holds:
            self._connection.fail(ProtocolError("it does not bring what we subscribed to"))

    async def deliver(self, topic: str, payload: bytes) -> None:
        """Publish, and wait for the broker's word that it has it; OSError or TimeoutError where it has not."""
        if self._connection is None:
            raise ConnectionError("not connected")
        try:
            await self._connection.deliver(topic, payload)
        except RefusedError as error:
            raise ConnectionError(f"the broker refuses to publish on {topic}: {error}") from error

    async def run(self) -> None:
        """Stay connected until cancelled: longer and longer pauses between attempts.

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
            except (OSError, TimeoutError, RefusedError, ProtocolError) as error:
                failures += 1
                # Some brokers let those wait outside that come back too often. Any other failure is no takeover.
                short_connections = short_connections if isinstance(error, TurnedAwayError) else 0
                reason = str(error) or "no answer"
                logger.warning("no broker: %s", reason, extra={"action": "mqtt_retry", "attempt": failures})
            await asyncio.sleep(backoff_s(failures, within=_BACKOFF_S))

    async def _stay_connected(self) -> bool:
        """Connect, and return when the connection is lost: whether another client took it."""
        async with self._connected() as connection:
            while not (self._granted or connection.lost.is_set()):
                self._granted = await self._subscribe(connection)
                # What is refused now may be allowed later, of which nobody tells us.
                await _until_lost(connection, within_s=None if self._granted else _ASK_AGAIN_S)
            if connection.fault is not None:
                raise connection.fault
            return connection.taken_over

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        broker = self._broker
        addresses = ((broker.host, broker.port), *broker.others)
        host, port = addresses[self._attempts % len(addresses)]
        self._attempts += 1
        connection = self._connection = Connection(broker.version, broker.keepalive_s, take=self._take)
        try:
            session_present = await connection.open(
                host,
                port,
                tls=broker.tls,
                client_id=broker.client_id,
                username=broker.username,
                password=broker.password,
                session_expiry_s=broker.session_expiry_s,
                receive_maximum=broker.receive_maximum,
            )
            # A broker without our session may have lost frames: say so. Of the first time nobody knows.
            is_kept = broker.session_expiry_s is not None
            self.sessions_lost += bool(self._connections and not session_present and is_kept)
            self._connections += 1
            extra = {"action": "mqtt_connected", "session_present": session_present}
            logger.info("connected to the broker", extra=extra)
            yield connection
        finally:
            self._granted = False
            self._connection = None
            await connection.close()

    async def _subscribe(self, connection: Connection) -> bool:
        if not self._filters:
            return True
        if self._leaves:
            await connection.unsubscribe(self._leaves)
        granted = await connection.subscribe(self._filters)
        refused = [topic for topic, qos in zip(self._filters, granted, strict=False) if qos != 1]
        if refused:
            logger.error("the broker refuses %s", ", ".join(refused), extra={"action": "mqtt_refused"})
        return not refused

    def _take(self, connection: Connection, messages: Sequence[Publish]) -> None:
        """Queue messages. A broker that sends more than it was asked for is read no further until there is room."""
        received_at = self._now()
        self._inbox.put(
            [
                Delivery(
                    topic=topic.decode("utf-8", "backslashreplace"),
                    payload=payload,
                    retained=retained,
                    received_at=received_at,
                    token=Token(connection, packet_id),
                    redelivered=redelivered,
                )
                for topic, payload, packet_id, redelivered, retained in messages
            ]
        )
        if len(self._inbox) > _QUEUE_PER_RECEIVE_MAXIMUM * self._broker.receive_maximum and connection.pause():
            logger.warning("too many frames wait: reading no further", extra={"action": "mqtt_pause"})


async def _until_lost(connection: Connection, *, within_s: float | None) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await connection.lost.wait()
