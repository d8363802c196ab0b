"""CPU of receiving a QoS 1 message and acknowledging it later: our own loop against gmqtt, one broker, one load.

Each receiver is a process of its own with uvloop; it takes messages in batches of up to 500, does nothing with them
and then acknowledges. Interleaved rounds; medians, and the ratio. The last line is JSON.
"""

import argparse
import asyncio
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

# This file's folder is named like a package of ours, which must be found before it.
sys.path[0] = str(Path(__file__).parents[1])

import gmqtt
import uvloop

from benchmarks import blast
from benchmarks.servers import mosquitto
from ingest.mqtt import Broker, MqttSource

HERE = Path(__file__).parent
TOPIC = "application/0f9d5c2e-6a1b-4c6e-9d4b-3f1f4e2a7b11/device/70b3d50000000001/event/up"
FILTER = "application/+/device/+/event/up"
WINDOW = 1000


async def own(port: int, count: int) -> float:
    """CPU seconds of our loop."""
    broker = Broker(
        host="127.0.0.1",
        port=port,
        version="5",
        username="",
        password="",
        tls=None,
        client_id="own",
        session_expiry_s=0,
        receive_maximum=WINDOW,
    )
    source = MqttSource(broker, [FILTER], now=lambda: datetime.now(UTC))
    running = asyncio.create_task(source.run())
    while not source.ready:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    began, taken = 0.0, 0
    while taken < count:
        deliveries = await source.batch(most=500, linger_s=0)
        began = began or time.process_time()
        taken += len(deliveries)
        for delivery in deliveries:
            source.acknowledge(delivery.token)
    spent = time.process_time() - began
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return spent


async def peer(port: int, count: int) -> float:
    """CPU seconds of gmqtt, with a future for each message that is acknowledged later."""
    queue: asyncio.Queue[tuple[bytes, asyncio.Future[None]]] = asyncio.Queue()
    granted = asyncio.Event()
    client = gmqtt.Client("gmqtt", clean_session=True, optimistic_acknowledgement=False, receive_maximum=WINDOW)

    async def on_message(_client: object, _topic: object, payload: bytes, _qos: int, _properties: object) -> int:
        kept = asyncio.get_running_loop().create_future()
        queue.put_nowait((payload, kept))
        await kept
        return 0

    client.on_message = on_message
    client.on_subscribe = lambda *_: granted.set()
    await client.connect("127.0.0.1", port)
    client.subscribe([gmqtt.Subscription(FILTER, qos=1)])
    await granted.wait()
    print("ready", flush=True)
    began, taken = 0.0, 0
    while taken < count:
        batch = [await queue.get()]
        began = began or time.process_time()
        while len(batch) < 500 and not queue.empty():
            batch.append(queue.get_nowait())
        taken += len(batch)
        for _, kept in batch:
            kept.set_result(None)
    # The last acknowledgements take a few turns of the loop.
    await asyncio.sleep(0.1)
    spent = time.process_time() - began
    await client.disconnect()
    return spent


def receive(name: str, port: int, count: int, path: Path) -> float:
    """CPU in microseconds for each message of one receiver."""
    command = [sys.executable, __file__, "--receiver", name, str(port), str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        subprocess.run(
            [sys.executable, str(HERE / "blast.py"), str(port), str(path), "0", "-"], check=True, capture_output=True
        )
        return float(child.stdout.readline()) / count * 1e6


def main() -> None:
    """Run the rounds, end with one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer messages, one round: for a look")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    parser.add_argument("--receiver", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.receiver:
        logging.disable()
        name, port, count = options.receiver
        print(uvloop.run({"own": own, "gmqtt": peer}[name](int(port), int(count))))
        return
    rounds, count = (1, 10_000) if options.quick else (5, 50_000)
    found: dict[str, list[float]] = {"own": [], "gmqtt": []}
    with tempfile.TemporaryDirectory() as folder, mosquitto(Path(folder)) as (port, _):
        path = Path(folder) / "messages"
        blast.write(path, ((TOPIC, b'{"n": %d}' % n + b" " * 700) for n in range(count)))
        for number in range(rounds):
            for name, figures in found.items():
                figures.append(receive(name, port, count, path))
                if not options.json:
                    print(f"round {number + 1} {name:6} {figures[-1]:6.1f} us", flush=True)
    ours, theirs = (statistics.median(found[name]) for name in ("own", "gmqtt"))
    print(json.dumps({"own_us": round(ours, 1), "gmqtt_us": round(theirs, 1), "ratio": round(theirs / ours, 2)}))


if __name__ == "__main__":
    main()
