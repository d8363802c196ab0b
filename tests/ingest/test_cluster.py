"""Three NATS nodes with devices on each, two workers: they are killed in turn, and nothing is missing."""

import asyncio
import base64
import json
import os
import random
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
import pytest

from domain.topics import chirpstack_up
from simulators.mqtt import Broker, open_publisher
from smartplace.embedded.broker import wheel_binary
from smartplace.embedded.ports import free_port
from smartplace.places import load_places
from smartplace.settings import Settings

pytestmark = [pytest.mark.e2e, pytest.mark.broker, pytest.mark.db]

NODES = 3
FRAMES = 900
APPLICATION = "0f9d5c2e-6a1b-4c6e-9d4b-3f1f4e2a7b11"


class Node:
    """One node, whose disk outlives it."""

    def __init__(self, folder: Path, number: int) -> None:
        self.folder = folder / f"node{number}"
        self.number = number
        self.client_port, self.mqtt_port, self.route_port = free_port(), free_port(), free_port()
        self.process = None

    def configure(self, nodes) -> None:
        self.folder.mkdir()
        config = {
            "server_name": f"node{self.number}",
            "listen": f"127.0.0.1:{self.client_port}",
            "jetstream": {"store_dir": str(self.folder)},
            "cluster": {
                "name": "borough",
                "listen": f"127.0.0.1:{self.route_port}",
                "routes": [f"nats://127.0.0.1:{node.route_port}" for node in nodes],
            },
            "mqtt": {"listen": f"127.0.0.1:{self.mqtt_port}", "stream_replicas": 3, "consumer_replicas": 3},
        }
        (self.folder / "nats.conf").write_text(json.dumps(config))

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            command = [wheel_binary(), "--config", self.folder / "nats.conf"]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Worker:
    """One `smartplace ingest` that takes from the cluster."""

    def __init__(self, database: str, nodes, log: Path) -> None:
        servers = ",".join(f"nats://127.0.0.1:{node.client_port}" for node in nodes)
        self.environment = {
            **os.environ,
            "SMARTPLACE_DATABASE_URL": database,
            "SMARTPLACE_SOURCE": "jetstream",
            "SMARTPLACE_NATS_SERVERS": servers,
            "SMARTPLACE_NATS_ACK_WAIT_S": "3",
            "SMARTPLACE_TICK_SECONDS": "1",
            "SMARTPLACE_CANARY_SECONDS": "1",
            "SMARTPLACE_FLOOD_BURST": "1000000",
        }
        self.log = log
        self.process = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "smartplace", "ingest"]
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def cluster(tmp_path):
    nodes = [Node(tmp_path, number) for number in range(NODES)]
    for node in nodes:
        node.configure(nodes)
        node.start()
    yield nodes
    for node in nodes:
        node.kill()


@pytest.fixture
def workers(cluster, database, tmp_path):
    two = [Worker(database, cluster, tmp_path / f"worker{number}.log") for number in range(2)]
    yield two
    for worker in two:
        if worker.process is not None:
            worker.kill()


def frame(device_id: str, f_cnt: int) -> bytes:
    event = {
        "deviceInfo": {"devEui": device_id},
        "devAddr": "01020304",
        "fCnt": f_cnt,
        "fPort": 1,
        "data": base64.b64encode(bytes([f_cnt % 2])).decode(),
    }
    return json.dumps(event).encode()


async def connected(stack: AsyncExitStack, node: Node):
    """A device's connection to a node, as soon as the cluster has a leader."""
    async with asyncio.timeout(60):
        while True:
            broker = Broker(host="127.0.0.1", port=node.mqtt_port, version="3.1.1", client_id=f"device-{node.number}")
            try:
                return await stack.enter_async_context(open_publisher(broker, in_flight=50))
            except Exception:  # noqa: BLE001 - whatever a node says before it has found the others
                await asyncio.sleep(0.3)


async def until(condition, what: str, within_s: float = 90) -> None:
    async with asyncio.timeout(within_s):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.1)


@pytest.mark.anyio
async def test_nodes_and_workers_die_in_turn_and_no_frame_is_missing_or_doubled(
    cluster, workers, database, small_borough
):
    await load_places(Settings.model_validate({"database_url": database}), small_borough)
    chance = random.Random(11)
    devices = ["70b3d50000000001", "70b3d50000000002", "70b3d50000000003"]

    def stored() -> list[tuple[str, int]]:
        with psycopg.connect(database) as connection:
            return connection.execute("SELECT device_id, f_cnt FROM uplink JOIN device USING (device_key)").fetchall()

    def is_confirmed() -> bool:
        with psycopg.connect(database) as connection:
            # Only ingest that receives moves it; NATS keeps nothing for which nobody has asked yet.
            return connection.execute("SELECT as_of > now() - interval '1 minute' FROM platform").fetchone()[0]

    async with AsyncExitStack() as stack:
        publishers = [await connected(stack, node) for node in cluster]
        for worker in workers:
            worker.start()
        await until(is_confirmed, "a worker that hears")

        async def disturb() -> None:
            for number in range(NODES):
                enough = (number + 1) * FRAMES // 6
                await until(lambda least=enough: len(stored()) > least, "progress")
                worker = workers[number % 2]
                worker.kill()
                cluster[number].kill()
                await asyncio.sleep(chance.uniform(0.2, 1.0))
                cluster[number].start()
                worker.start()

        async def publish(number: int) -> None:
            for f_cnt in range(FRAMES // NODES):
                await publishers[number].publish(
                    chirpstack_up(APPLICATION, devices[number]), frame(devices[number], f_cnt)
                )
                await asyncio.sleep(0.01)
            await publishers[number].drain()

        async with asyncio.timeout(200), asyncio.TaskGroup() as tasks:
            tasks.create_task(disturb())
            for number in range(NODES):
                tasks.create_task(publish(number))

        offered = {(device, f_cnt) for device in devices for f_cnt in range(FRAMES // NODES)}
        await until(lambda: offered <= set(stored()), "every frame")

    assert sorted(stored()) == sorted(offered)
