"""JavaScript codecs in their worker process against a native codec of the same frames, in one run.

What is measured, for the same mix of frames of a Bosch TPS110 (events and heartbeats), interleaved rounds, medians:
- native: devices.codec.decode, in this process;
- javascript_single: one frame a round trip through the worker, with mapping and range check;
- javascript_batched: 500 frames a round trip, which is how ingest and replay do it;
- javascript_fresh: the same with a new context for each frame, which is how codecs run that remember what they saw;
- slowest_ms: one frame of a codec that never ends, until its error is there; with_one_hostile: good frames a second in
  a batch of 500 that has one such frame in it.

The last line is JSON.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

# This folder has files that are named like packages of ours, which must be found before them.
sys.path[0] = str(Path(__file__).parents[1])

from devices import codec
from devices.catalogue import model
from devices.mapping import parse_mapping
from domain.codec_scripts import ScriptFrame
from domain.errors import ScriptError
from domain.uplinks import Decoded
from scripting.calls import Script
from scripting.limits import Limits
from scripting.models import ScriptedModel, decode_frames
from scripting.runner import ScriptRunner

BATCH = 500
AT = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = """
function decodeUplink(input) {
  const { bytes, fPort } = input;
  if (fPort === 99) for (;;);
  if (fPort === 1 && bytes.length === 1) return { data: { state: bytes[0] & 1 } };
  if (fPort === 2 && bytes.length === 2)
    return { data: { state: bytes[0] & 1, temperature: bytes[1] > 127 ? bytes[1] - 256 : bytes[1] } };
  return { errors: ["not a frame of this model"] };
}
"""
MAPPING = {
    "kind": {"f_port": {"1": "event", "2": "heartbeat"}},
    "measurements": [
        {"path": "state", "key": "occupied", "values": {"1": True, "0": False}},
        {"path": "temperature", "key": "temperature_celsius"},
    ],
}
FRAMES = [(1, b"\x01"), (1, b"\x00"), (2, b"\x01\x15"), (2, b"\x00\xf6")]


def scripted(*, fresh: bool) -> dict[str, ScriptedModel]:
    """The same layout as the native codec, in JavaScript."""
    script = Script(source=SOURCE, fresh=fresh)
    return {"acme": ScriptedModel(key="acme", version=1, script=script, table=parse_mapping(MAPPING))}


def frames(count: int) -> list[ScriptFrame]:
    """The mix, over and over."""
    mix = [ScriptFrame(model="acme", f_port=port, payload=payload, observed_at=AT) for port, payload in FRAMES]
    return [mix[number % len(mix)] for number in range(count)]


async def native(count: int) -> None:
    """The peer."""
    bosch = model("bosch-tps110")
    for number in range(count):
        codec.decode(bosch, *FRAMES[number % len(FRAMES)])


def through_worker(runner: ScriptRunner, *, batch: int, fresh: bool = False) -> Callable[[int], Awaitable[None]]:
    """Decode so many frames, `batch` of them a round trip."""
    models = scripted(fresh=fresh)

    async def run(count: int) -> None:
        for _ in range(count // batch):
            told = await decode_frames(runner, models, frames(batch))
            assert all(isinstance(item, Decoded) for item in told), told

    return run


async def per_second(run: Callable[[int], Awaitable[None]], count: int) -> float:
    """Decodes a second."""
    begun = time.perf_counter()
    await run(count)
    return count / (time.perf_counter() - begun)


async def hostile(runner: ScriptRunner) -> tuple[float, float]:
    """Milliseconds until a frame that never ends is an error; good frames a second beside one such frame."""
    models = scripted(fresh=False)
    endless = ScriptFrame(model="acme", f_port=99, payload=b"\x01", observed_at=AT)
    begun = time.perf_counter()
    (told,) = await decode_frames(runner, models, [endless])
    slowest = (time.perf_counter() - begun) * 1000
    assert isinstance(told, ScriptError), told
    begun = time.perf_counter()
    batch = await decode_frames(runner, models, [endless, *frames(BATCH - 1)])
    assert sum(isinstance(item, Decoded) for item in batch) == BATCH - 1
    return slowest, (BATCH - 1) / (time.perf_counter() - begun)


async def measure(*, quick: bool) -> dict[str, object]:
    """Everything, in interleaved rounds."""
    runner = ScriptRunner(Limits(strikes=1_000_000))
    ways = {
        "native": (native, 20_000),
        "javascript_single": (through_worker(runner, batch=1), 500),
        "javascript_batched": (through_worker(runner, batch=BATCH), 5_000),
        "javascript_fresh": (through_worker(runner, batch=BATCH, fresh=True), 500),
    }
    found: dict[str, list[float]] = {name: [] for name in (*ways, "slowest_ms", "with_one_hostile")}
    try:
        for run, count in ways.values():
            await run(count)
        for _ in range(3 if quick else 9):
            for name, (run, count) in ways.items():
                found[name].append(await per_second(run, count))
            slowest, beside = await hostile(runner)
            found["slowest_ms"].append(slowest)
            found["with_one_hostile"].append(beside)
    finally:
        await runner.close()
    medians = {name: round(statistics.median(values), 1) for name, values in found.items()}
    ratio = round(medians["native"] / medians["javascript_batched"], 1)
    return {"benchmark": "javascript_codecs", "unit": "decodes/s", **medians, "native_over_batched": ratio}


async def rates(rounds: int) -> dict[str, float]:
    """Decodes a second through the worker, one by one and in batches: medians."""
    runner = ScriptRunner()
    ways = {
        "single": (through_worker(runner, batch=1), 500),
        "batched": (through_worker(runner, batch=BATCH), 5_000),
    }
    try:
        for run, count in ways.values():
            await run(count)
        found = {name: [await per_second(run, count) for _ in range(rounds)] for name, (run, count) in ways.items()}
    finally:
        await runner.close()
    return {name: round(statistics.median(values)) for name, values in found.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--json", action="store_true", help="only the last line")
    arguments = parser.parse_args()
    found = asyncio.run(measure(quick=arguments.quick))
    if not arguments.json:
        for name, value in found.items():
            print(f"{name:22} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
