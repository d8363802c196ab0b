"""Uplinks from an MQTT broker, 5 or 3.1.1: persistent session, QoS 1, acknowledged only when we say so."""

import asyncio
import logging
import random
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import gmqtt
from gmqtt.mqtt.constants import MQTTv50, MQTTv311
from gmqtt.mqtt.handler import MQTTError

from domain.live import Clock
from ingest.source import Delivery, Token

logger = logging.getLogger(__name__)

_KEEPALIVE_S = 20
_CONNECT_TIMEOUT_S = 10
_BACKOFF_S = (0.2, 5.0)


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


class MqttSource:
    """Satisfies ingest.source.Source.

    Every connection has a client of its own, and an acknowledgement goes to the client that brought the message: a
    late one for a lost connection is written to a closed socket and can never name a message of the next session.
    """

    def __init__(self, broker: Broker, filters: Sequence[str], *, now: Clock) -> None:
        self._broker = broker
        self._filters = filters
        self._now = now
        # Bounded by the broker through Receive Maximum (MQTT 5) or its own limit (3.1.1).
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()
        self._granted = False

    @property
    def ready(self) -> bool:
        """Connected, and every subscription granted."""
        return self._granted

    async def batch(self, *, most: int, linger_s: float) -> list[Delivery]:
        """At least one delivery, at most `most`; the first waits at most `linger_s` for company."""
        deliveries = [await self._queue.get()]
        if linger_s and self._queue.qsize() + 1 < most:
            await asyncio.sleep(linger_s)
        while len(deliveries) < most and not self._queue.empty():
            deliveries.append(self._queue.get_nowait())
        return deliveries

    def acknowledge(self, token: Token) -> None:
        """Tell the broker that this delivery is safe."""
        if not token.kept.done():
            token.kept.set_result(None)

    async def run(self) -> None:
        """Stay connected until cancelled: exponential backoff with full jitter between attempts."""
        attempt = 0
        while True:
            try:
                async with self._connection() as lost:
                    attempt = 0
                    await lost.wait()
                logger.warning("lost the broker", extra={"action": "mqtt_lost"})
            except (OSError, TimeoutError, MQTTError) as error:
                attempt += 1
                logger.warning(
                    "no broker: %s", error or "no answer", extra={"action": "mqtt_retry", "attempt": attempt}
                )
            least, most = _BACKOFF_S
            await asyncio.sleep(random.uniform(least / 2, min(most, least * 2 ** min(attempt, 8))))  # noqa: S311

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncio.Event]:
        client, lost = self._client()
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await client.connect(
                    self._broker.host,
                    self._broker.port,
                    ssl=self._broker.tls or False,
                    keepalive=_KEEPALIVE_S,
                    version=MQTTv311 if self._broker.version == "3.1.1" else MQTTv50,
                )
            yield lost
        finally:
            self._granted = False
            await _close(client)

    def _client(self) -> tuple[gmqtt.Client, asyncio.Event]:
        properties = {}
        if self._broker.version == "5":
            properties = {
                "session_expiry_interval": self._broker.session_expiry_s,
                "receive_maximum": self._broker.receive_maximum,
            }
        client = gmqtt.Client(
            self._broker.client_id, clean_session=False, optimistic_acknowledgement=False, **properties
        )
        if self._broker.username:
            client.set_auth_credentials(self._broker.username, self._broker.password)
        # Below "unlimited": this client never reconnects, we make a new one.
        client.set_config({"reconnect_retries": -2})
        lost = asyncio.Event()
        client.on_message = self._on_message
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = lambda *_: lost.set()
        return client, lost

    def _on_connect(self, client: gmqtt.Client, session_present: int, _code: int, _properties: object) -> None:
        # Another instance of this client id, or a broker without our session, would mean lost frames: say so.
        logger.info(
            "connected to the broker",
            extra={"action": "mqtt_connected", "session_present": bool(session_present)},
        )
        client.subscribe([gmqtt.Subscription(topic_filter, qos=1) for topic_filter in self._filters])

    def _on_subscribe(self, _client: gmqtt.Client, _mid: int, granted: Sequence[int], _properties: object) -> None:
        refused = [topic for topic, qos in zip(self._filters, granted, strict=True) if qos != 1]
        self._granted = not refused
        if refused:
            logger.error("the broker refuses %s", ", ".join(refused), extra={"action": "mqtt_refused"})

    async def _on_message(
        self,
        _client: gmqtt.Client,
        topic: str | bytes,
        payload: bytes,
        qos: int,
        properties: dict[str, object],
    ) -> int:
        token = Token(asyncio.get_running_loop().create_future())
        self._queue.put_nowait(
            Delivery(
                topic=topic if isinstance(topic, str) else topic.decode("utf-8", "backslashreplace"),
                payload=bytes(payload),
                retained=bool(properties.get("retain")),
                received_at=self._now(),
                token=token,
            )
        )
        if qos:
            # gmqtt sends the PUBACK when this coroutine returns.
            await token.kept
        return 0


async def _close(client: gmqtt.Client) -> None:
    try:
        async with asyncio.timeout(2):
            await client.disconnect()
    except (OSError, TimeoutError, AttributeError):
        # AttributeError: gmqtt had no transport yet.
        logger.debug("the connection was gone already")
