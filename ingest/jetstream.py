"""Uplinks from a NATS cluster that takes MQTT from devices: one durable pull consumer, shared by every worker.

NATS keeps each QoS 1 message of MQTT clients in the stream `$MQTT_msgs`, replicated as the cluster is told to, until
every consumer that is interested has acknowledged it. Any worker may take any message, and a dead worker's come again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from domain.live import Clock
from domain.uplinks import Rejected
from ingest.source import Delivery, Token

logger = logging.getLogger(__name__)

T = TypeVar("T")

_STREAM = "$MQTT_msgs"
_PREFIX = "$MQTT.msgs."
_FETCH_TIMEOUT_S = 1.0
_RETRY_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """How to reach the cluster. An unacknowledged message goes to another worker after `ack_wait_s`.

    A node that says nothing for twice `keepalive_s` is taken for lost. A consumer that nobody asked for so long as
    `forget_after_s` is forgotten with what waits for it; never where that is None.
    """

    servers: Sequence[str]
    username: str
    password: str = field(repr=False)
    durable: str
    ack_wait_s: float
    max_ack_pending: int
    keepalive_s: int = 10
    forget_after_s: float | None = None


class JetStreamSource:
    """Satisfies ingest.source.Source."""

    def __init__(self, cluster: Cluster, filters: Sequence[str], *, now: Clock) -> None:
        self._cluster = cluster
        self._subjects = [f"{_PREFIX}{subject_of(topic_filter)}" for topic_filter in filters]
        self._now = now
        self._client: Client | None = None
        self._subscription: JetStreamContext.PullSubscription | None = None
        self._subscribed = asyncio.Event()
        self._canaries: list[Delivery] = []
        self.reconnects = 0
        # The consumer is the cluster's, and outlives every connection.
        self.sessions_lost = 0
        self.waiting = 0
        self._acknowledging: set[asyncio.Task[None]] = set()

    @property
    def ready(self) -> bool:
        """Connected to a node, and the consumer exists."""
        return self._subscribed.is_set() and self._client is not None and self._client.is_connected

    async def run(self) -> None:
        """Stay connected until cancelled."""
        try:
            while True:
                if self._client is None:
                    await self._connect()
                elif not self._subscribed.is_set():
                    await self._subscribe()
                else:
                    await asyncio.sleep(_RETRY_S)
        finally:
            if self._client is not None:
                await self._client.close()

    async def batch(self, *, most: int, linger_s: float) -> list[Delivery]:
        """At least one delivery, at most `most`; the first waits at most `linger_s` for company."""
        while True:
            await self._subscribed.wait()
            await asyncio.sleep(linger_s)
            assert self._subscription is not None
            if self._canaries:
                canaries, self._canaries = self._canaries, []
                return canaries
            try:
                messages = await _answer(self._subscription.fetch(most, timeout=_FETCH_TIMEOUT_S))
            except TimeoutError:
                # Nothing for a while. nats.errors.TimeoutError is one of these.
                continue
            except NatsError as error:
                # The consumer may be gone, or without a leader: look for it anew.
                logger.warning("cannot fetch: %s", error, extra={"action": "jetstream_retry"})
                self._subscribed.clear()
                continue
            if messages:
                return [self._delivery(message) for message in messages]

    def acknowledge(self, token: Token, letter: Rejected | None = None) -> None:  # noqa: ARG002
        """Tell the cluster that this delivery is safe, as a frame or as a dead letter."""
        message = token.holder
        if isinstance(message, Msg):
            task = asyncio.create_task(self._acknowledge(message))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledging.discard)

    async def send_canary(self, topic: str, payload: bytes) -> None:
        """Let it through if the cluster says that the consumer is there and has all of our subjects.

        A message would prove less: of a consumer that workers share, any of them may get it.
        """
        if self._subscription is None:
            return
        try:
            info = await _answer(self._subscription.consumer_info())
        except (NatsError, TimeoutError) as error:
            logger.warning("no word of the consumer: %s", error, extra={"action": "jetstream_retry"})
            return
        self.waiting = info.num_pending or 0
        if set(info.config.filter_subjects or ()) >= set(self._subjects):
            token = Token()
            self._canaries = [
                Delivery(topic=topic, payload=payload, retained=False, received_at=self._now(), token=token)
            ]

    def renew(self) -> None:
        """Look for the consumer anew, and make it what it should be."""
        self._subscribed.clear()

    async def _acknowledge(self, message: Msg) -> None:
        if message.is_acked:
            return
        try:
            await _answer(message.ack())
        except NatsError as error:
            # It comes again, and is recognised then.
            logger.warning("cannot acknowledge: %s", error, extra={"action": "jetstream_ack_failed"})

    async def _connect(self) -> None:
        cluster = self._cluster
        account = {"user": cluster.username, "password": cluster.password} if cluster.username else {}
        try:
            self._client = await nats.connect(
                list(cluster.servers),
                name=cluster.durable,
                max_reconnect_attempts=-1,
                reconnect_time_wait=_RETRY_S,
                ping_interval=cluster.keepalive_s,
                max_outstanding_pings=1,
                error_cb=_log_error,
                reconnected_cb=self._count_reconnect,
                **account,
            )
        except (OSError, NatsError) as error:
            _raise_if_cancelled()
            logger.warning("no cluster: %s", error or "no answer", extra={"action": "jetstream_retry"})
            await asyncio.sleep(_RETRY_S)
        else:
            # Now that there is somebody to close.
            _raise_if_cancelled()

    async def _count_reconnect(self) -> None:
        self.reconnects += 1

    async def _subscribe(self) -> None:
        """Make the consumer or find it. The stream is there once the first MQTT client has connected."""
        assert self._client is not None
        config = ConsumerConfig(
            durable_name=self._cluster.durable,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self._cluster.ack_wait_s,
            max_ack_pending=self._cluster.max_ack_pending,
            filter_subjects=self._subjects,
            inactive_threshold=self._cluster.forget_after_s,
        )
        context = self._client.jetstream()
        try:
            await _answer(context.add_consumer(_STREAM, config))
            binding = context.pull_subscribe_bind(durable=self._cluster.durable, stream=_STREAM)
            self._subscription = await _answer(binding)
        except (NatsError, TimeoutError) as error:
            logger.warning("no consumer yet: %s", error, extra={"action": "jetstream_retry"})
            await asyncio.sleep(_RETRY_S)
        else:
            self._subscribed.set()

    def _delivery(self, message: Msg) -> Delivery:
        return Delivery(
            topic=topic_of(message.subject.removeprefix(_PREFIX)),
            payload=message.data,
            retained=False,
            received_at=self._now(),
            token=Token(message),
            redelivered=message.metadata.num_delivered > 1,
        )


async def _answer(question: Awaitable[T]) -> T:
    """What nats-py answers, or the error that it raises; but never past a cancellation.

    It waits with `asyncio.wait_for`, which before Python 3.12 forgets that its task was cancelled when the answer comes
    in the same moment: a task that is cancelled once, as all are, would then run for ever. And it reports that as an
    error of the connection, if that was closed a moment before.
    """
    try:
        return await question
    finally:
        _raise_if_cancelled()


def _raise_if_cancelled() -> None:
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _log_error(error: Exception) -> None:
    logger.warning("cluster: %s", error or type(error).__name__, extra={"action": "jetstream_error"})


def subject_of(topic: str) -> str:
    """The NATS subject of an MQTT topic or filter without empty levels: `/` separates, `.` is written `//`."""
    levels = (level.replace(".", "//") for level in topic.split("/"))
    return ".".join({"+": "*", "#": ">"}.get(level, level) for level in levels)


def topic_of(subject: str) -> str:
    """The MQTT topic of a NATS subject below `$MQTT.msgs.`."""
    return "/".join(level.replace("//", ".") for level in subject.split("."))
