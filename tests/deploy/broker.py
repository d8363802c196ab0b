"""The real mosquitto with the shipped configuration, on a free port of this host, and clients for it."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gmqtt import Client
from gmqtt.mqtt.constants import MQTTv50
from gmqtt.mqtt.handler import MQTTConnectError

from smartplace.embedded.ports import free_port

SHIPPED = Path(__file__).parents[2] / "mosquitto"
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
NOBODY = 65534
DEADLINE_SECONDS = 20

DEVICES = ("bay-1", "bay-2", "+", "bay#", "bay/1")
SIGNS = ("harbour-road", "quay-side")
ROLES = ("ingest", "signs", "simulator", "chirpstack", "gateway")
OBSERVER_ACL = "\nuser observer\ntopic readwrite #\ntopic read $SYS/#\n"


class Broker:
    """Two folders as in the container, `config` as shipped and `data`; only the listener's address is replaced.

    Like the container it does not run as root. One account is added that sees everything: the tests look through it.
    """

    def __enter__(self) -> Self:
        assert MOSQUITTO
        self.home = Path(tempfile.mkdtemp(prefix="mosquitto-"))
        self.port: int = free_port()
        shutil.copytree(SHIPPED, self.home / "config")
        (self.home / "data").mkdir()
        config = self.home / "config" / "mosquitto.conf"
        shipped = config.read_text()
        assert shipped.count("\nlistener 1883\n") == 1
        config.write_text(shipped.replace("\nlistener 1883\n", f"\nlistener {self.port} 127.0.0.1\n"))
        with (self.home / "config" / "acl").open("a") as acl:
            acl.write(OBSERVER_ACL)
        self._as_nobody: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            for path in (self.home, *self.home.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        self.make_passwords()
        for name in (*DEVICES, *SIGNS, "observer"):
            self._run("mosquitto_passwd", "-b", "data/passwords", name, secret_of(name))
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self.home)

    def make_passwords(self) -> None:
        """Run the shipped script, as the container does before the broker starts."""
        self._run("sh", "config/make-passwords", **{f"MQTT_{r.upper()}_PASSWORD": secret_of(r) for r in ROLES})

    def start(self) -> None:
        """Start, and wait until it listens."""
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", "config/mosquitto.conf"],
            cwd=self.home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as_nobody,
        )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, "mosquitto refused to start with the shipped configuration"
                assert time.monotonic() < deadline, "mosquitto does not listen"
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def _run(self, *command: str, **environment: str) -> None:
        path = f"{os.environ['PATH']}:/usr/bin:/bin"
        subprocess.run(
            command, cwd=self.home, env={"PATH": path, **environment}, check=True, timeout=30, capture_output=True,
            **self._as_nobody,
        )  # fmt: skip


class Account:
    """A connected client. Whatever it does is done, at the broker, when `settled` returns."""

    def __init__(self, broker: Broker, name: str, *, client_id: str | None = None, keep: bool = False) -> None:
        self._broker = broker
        self._name = name
        self._client = Client(
            client_id or f"{name.encode().hex()}-{id(self)}",
            clean_session=not keep,
            session_expiry_interval=3600 if keep else 0,
        )
        self._client.set_config({"reconnect_retries": 0})
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._granted: asyncio.Queue[int] = asyncio.Queue()
        self._news = asyncio.Event()
        self.heard: list[tuple[str, bytes]] = []

    async def __aenter__(self) -> Self:
        await self.connect(self._name, secret_of(self._name))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.disconnect()

    async def connect(self, name: str | None, password: str | None) -> None:
        if name is not None:
            self._client.set_auth_credentials(name, password)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await self._client.connect("127.0.0.1", self._broker.port, keepalive=60, version=MQTTv50)
        except MQTTConnectError:
            await self._client.disconnect()
            raise

    async def subscribe(self, filters: Iterable[str]) -> None:
        for topic_filter in filters:
            self._client.subscribe(topic_filter, qos=1)
            async with asyncio.timeout(DEADLINE_SECONDS):
                await self._granted.get()

    def publish(self, topic: str, payload: bytes = b"{}", qos: int = 0) -> None:
        self._client.publish(topic, payload, qos=qos)

    async def settled(self) -> None:
        """The broker answers in order: once it grants a subscription, all that was sent before is dealt with."""
        await self.subscribe(["nothing/is/ever/sent/here"])

    async def until_heard(self, count: int) -> list[bytes]:
        """Wait for that many messages; their payloads."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(self.heard) < count:
                self._news.clear()
                await self._news.wait()
        return [payload for _, payload in self.heard]

    def _on_message(self, client: Client, topic: str, payload: bytes, qos: int, properties: dict[str, Any]) -> int:
        self.heard.append((topic, bytes(payload)))
        self._news.set()
        return 0

    def _on_subscribe(self, client: Client, mid: int, qos: Any, properties: dict[str, Any]) -> None:
        self._granted.put_nowait(mid)


def secret_of(name: str) -> str:
    """The password of an account in these tests."""
    return f"secret-of-{name}"
