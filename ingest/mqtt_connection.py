"""One connection to an MQTT broker: messages in, acknowledgements out, and a clock that notices silence."""

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from typing import cast

from domain.errors import SmartPlaceError
from ingest import mqtt_packets as packets
from ingest.mqtt_packets import Connack, Disconnect, Packet, PacketReader, ProtocolError, Puback, Publish, Suback

_ANSWER_WITHIN_S = 10
_SUBSCRIBE_ID = 1
_SESSION_TAKEN_OVER = 0x8E
_REFUSALS = {
    1: "wrong protocol version",
    2: "the client id is refused",
    3: "the server is unavailable",
    4: "wrong user name or password",
    5: "not authorised",
    0x84: "wrong protocol version",
    0x85: "the client id is refused",
    0x86: "wrong user name or password",
    0x87: "not authorised",
    0x88: "the server is unavailable",
    0x89: "the server is busy",
    0x8A: "banned",
    0x97: "quota exceeded",
    0x9F: "connecting too often",
}


class RefusedError(SmartPlaceError):
    """The broker will not have us."""

    def __init__(self, reason: int) -> None:
        super().__init__(f"{_REFUSALS.get(reason, 'refused')} (reason 0x{reason:02x})")
        self.reason = reason


class TurnedAwayError(OSError):
    """The broker is there, and hung up without a word."""


class Connection(asyncio.Protocol):
    """Hands messages to `take` as they come; nothing is acknowledged until somebody says so.

    `lost` is set when the connection has ended, whoever ended it; `taken_over` when it was another client of our name,
    `fault` when we did, because the broker does not do what MQTT says.
    """

    def __init__(
        self, version: str, keepalive_s: int, *, take: Callable[["Connection", Sequence[Publish]], None]
    ) -> None:
        self._version = version
        self._keepalive_s = keepalive_s
        self._take = take
        self._reader = PacketReader(version)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Connack | Suback] | None = None
        # Packets that wait to be acknowledged.
        self._waiting: set[int] = set()
        self._safe: list[int] = []
        # What we published and somebody waits for.
        self._published: dict[int, asyncio.Future[int]] = {}
        self._heard_at = time.monotonic()
        self._is_paused = False
        self._next_id = _SUBSCRIBE_ID
        self.lost = asyncio.Event()
        self.taken_over = False
        self.fault: ProtocolError | None = None

    async def open(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None,
        client_id: str,
        username: str,
        password: str,
        session_expiry_s: int | None,
        receive_maximum: int,
    ) -> bool:
        """Connect; whether the broker still had our session.

        Raises:
            OSError, TimeoutError: nobody answers; TurnedAwayError where somebody hangs up.
            RefusedError: the broker says why not.
            ProtocolError: it is no broker.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            try:
                await loop.create_connection(lambda: self, host, port, ssl=tls)
            except asyncio.CancelledError:
                # uvloop closes what it was making, and tells nobody.
                self._transport = None
                raise
            hello = packets.connect(
                self._version,
                client_id=client_id,
                username=username,
                password=password,
                keepalive_s=self._keepalive_s,
                session_expiry_s=session_expiry_s,
                receive_maximum=receive_maximum,
            )
            answer = await self._ask(hello)
        if not isinstance(answer, Connack):
            raise ProtocolError("the broker answers something else than was asked")
        if answer.reason:
            raise RefusedError(answer.reason)
        self._keepalive_s = answer.keepalive_s or self._keepalive_s
        self._beat()
        return answer.session_present

    async def subscribe(self, topic_filters: Sequence[str]) -> bytes:
        """Subscribe with QoS 1: one byte for each filter, the granted QoS or why not; errors as `open`."""
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            answer = await self._ask(packets.subscribe(self._version, _SUBSCRIBE_ID, topic_filters))
        if not isinstance(answer, Suback) or len(answer.reasons) != len(topic_filters):
            raise ProtocolError("the broker answers something else than was asked")
        return answer.reasons

    async def unsubscribe(self, topic_filters: Sequence[str]) -> None:
        """Have nothing new of these; what waits already still comes. Errors as `open`."""
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            await self._ask(packets.unsubscribe(self._version, _SUBSCRIBE_ID, topic_filters))

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1, and do not wait for the broker's word; nothing where the connection is lost."""
        self._next_id = self._next_id % 0xFFFF + 1
        self._write(packets.publish(self._version, self._next_id, topic, payload))

    async def deliver(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1, and wait until the broker has it.

        Raises:
            OSError, TimeoutError: the connection is lost, or the broker says nothing.
            RefusedError: the broker will not have it.
        """
        self.publish(topic, payload)
        number, answer = self._next_id, asyncio.get_running_loop().create_future()
        self._published[number] = answer
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                if self.lost.is_set():
                    raise TurnedAwayError("the connection is lost")
                reason = await answer
        finally:
            del self._published[number]
        if reason >= 0x80:
            raise RefusedError(reason)

    def acknowledge(self, packet_id: int) -> None:
        """Tell the broker that this message is safe; the second time, and on a lost connection, nothing happens."""
        if packet_id not in self._waiting:
            return
        self._waiting.remove(packet_id)
        if not self._safe:
            # All that become safe in this turn of the loop go out together.
            asyncio.get_running_loop().call_soon(self._flush)
        self._safe.append(packet_id)

    @property
    def holds(self) -> bool:
        """Whether there are messages that wait to be acknowledged."""
        return bool(self._waiting)

    def fail(self, fault: ProtocolError) -> None:
        """End at once, because of that."""
        self.fault = fault
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(fault)
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> bool:
        """Read no further, so that the broker waits; acknowledgements still go out. False where that is so already."""
        if self._is_paused or self._transport is None or self._transport.is_closing():
            return False
        self._transport.pause_reading()
        self._is_paused = True
        return True

    def resume(self) -> None:
        """Read on."""
        if self._is_paused and self._transport is not None and not self._transport.is_closing():
            self._is_paused = False
            self._heard_at = time.monotonic()
            self._transport.resume_reading()

    async def close(self) -> None:
        """Send what is to be sent, and end; what was not acknowledged the broker delivers again."""
        self._flush()
        self._write(packets.disconnect(self._version))
        if self._transport is None:
            return
        self._transport.close()
        try:
            async with asyncio.timeout(2):
                await self.lost.wait()
        except TimeoutError:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        # uvloop's transports have its methods and not its class.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ended, by either side."""
        self._waiting.clear()
        self._safe.clear()
        self.lost.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or TurnedAwayError("the broker hung up without an answer"))
        for published in self._published.values():
            if not published.done():
                published.set_exception(TurnedAwayError("the connection is lost"))

    def data_received(self, data: bytes) -> None:
        """Bytes from the broker."""
        self._heard_at = time.monotonic()
        try:
            arrived = self._reader.feed(data)
        except ProtocolError as error:
            self.fail(error)
            return
        messages = [packet for packet in arrived if type(packet) is Publish]
        self._waiting.update(message.packet_id for message in messages if message.packet_id)
        if len(messages) < len(arrived):
            for packet in arrived:
                self._react(packet)
        if messages:
            self._take(self, messages)

    def _react(self, packet: Packet) -> None:
        if isinstance(packet, Connack | Suback):
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(packet)
        elif isinstance(packet, Puback):
            published = self._published.get(packet.packet_id)
            if published is not None and not published.done():
                published.set_result(packet.reason)
        elif isinstance(packet, Disconnect):
            self.taken_over = packet.reason == _SESSION_TAKEN_OVER

    async def _ask(self, packet: bytes) -> Connack | Suback:
        self._answer = asyncio.get_running_loop().create_future()
        if self.lost.is_set():
            raise TurnedAwayError("the broker hung up without an answer")
        self._write(packet)
        return await self._answer

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _flush(self) -> None:
        if self._safe:
            self._write(packets.pubacks(self._safe))
            self._safe.clear()

    def _beat(self) -> None:
        """Ask for a sign of life now and then; a broker that gives none for one and a half keep-alives is lost."""
        if self._transport is None or self._transport.is_closing():
            return
        silent_s = time.monotonic() - self._heard_at
        if silent_s > 1.5 * self._keepalive_s and not self._is_paused:
            self._transport.abort()
            return
        self._write(packets.PINGREQ)
        asyncio.get_running_loop().call_later(self._keepalive_s / 2, self._beat)
