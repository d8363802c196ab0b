"""The door through which retained MQTT messages leave. What cannot leave now is dropped: news follows."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal

import gmqtt
from gmqtt.mqtt.constants import MQTTv50, MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError
from gmqtt.storage import PersistentStorage

logger = logging.getLogger(__name__)

_VERSIONS = {"5": MQTTv50, "3.1.1": MQTTv311}
_KEEP_ALIVE_S = 15
_RETRY_S = 5
_ANSWER_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the broker is and how to speak with it. `tls` None is plain TCP; an empty `username` is none."""

    host: str
    port: int
    version: Literal["5", "3.1.1"] = "5"
    username: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None
    client_id: str = "smartplace-signs"


class RetainedPublisher:
    """Publishes while the broker is there. `on_connect` is called whenever it is there again, and knows nothing of us.

    QoS 1, one message after the other: no broker is sent more than it has room for. What is not acknowledged when the
    connection breaks is dropped, for it must not arrive late, over what is newer.
    """

    def __init__(self, broker: Broker, *, on_connect: Callable[[], None]) -> None:
        self._broker = broker
        self._on_connect = on_connect
        self._connected = False
        self._gone = asyncio.Event()
        self._unacknowledged = PersistentStorage()
        self._client = gmqtt.Client(broker.client_id, clean_session=True, persistent_storage=self._unacknowledged)
        # Left to itself it goes on when nobody waits for it any more, and complains of being ended. No number of
        # failures is as low as this.
        self._client.set_config({"reconnect_retries": -2})
        self._client.on_connect = self._came
        self._client.on_disconnect = self._went
        if broker.username:
            self._client.set_auth_credentials(broker.username, broker.password)

    async def publish(self, topic: str, payload: bytes, expires_in_s: int | None) -> None:
        """Send one retained message and wait until the broker has it, or send none where the broker is away."""
        if not self._connected:
            return
        expiry = {}
        if expires_in_s is not None and self._broker.version == "5":
            expiry["message_expiry_interval"] = expires_in_s
        self._client.publish(topic, payload, qos=1, retain=True, **expiry)
        await self._unacknowledged.wait_empty()

    async def connect(self) -> None:
        """Try until the broker is there."""
        broker = self._broker
        while True:
            try:
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    await self._client.connect(
                        broker.host,
                        broker.port,
                        ssl=broker.tls or False,
                        keepalive=_KEEP_ALIVE_S,
                        version=_VERSIONS[broker.version],
                    )
            except (OSError, MQTTConnectError) as error:
                logger.warning("no broker for signs: %s", error or "no answer", extra={"action": "sign_topics_retry"})
                await asyncio.sleep(_RETRY_S)
            else:
                return

    async def stay_connected(self) -> None:
        """Until cancelled: connect again whenever the broker is gone."""
        while True:
            await self._gone.wait()
            await asyncio.sleep(_RETRY_S)
            self._gone.clear()
            await self.connect()

    async def close(self) -> None:
        """Say goodbye, after everything that was published."""
        with suppress(OSError):
            await self._client.disconnect()

    def _came(self, *_details: object) -> None:
        self._connected = True
        self._on_connect()

    def _went(self, *_details: object) -> None:
        self._connected = False
        self._unacknowledged.clear()
        self._gone.set()


@asynccontextmanager
async def open_publisher(broker: Broker, *, on_connect: Callable[[], None]) -> AsyncIterator[RetainedPublisher]:
    """A connected publisher; waits for the broker as long as it takes."""
    publisher = RetainedPublisher(broker, on_connect=on_connect)
    try:
        await publisher.connect()
        keeper = asyncio.create_task(publisher.stay_connected(), name="sign-topics-broker")
        try:
            yield publisher
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
    finally:
        await publisher.close()
