"""How many frames a second each codec decodes, against reading the JSON of the event that brings one.

Every model decodes its own vectors over and over, with all checks (`devices.codec.decode`), in rounds that take turns
with msgspec reading a ChirpStack event of about a kilobyte. For Cayenne LPP there is a peer: pycayennelpp, if it is
installed, on the same frames. Seconds are of CPU time; the best round of each counts. Codecs in JavaScript, through
their worker, are measured by the wall clock (`benchmarks/javascript_codecs.py` has more). The last line is JSON.
"""

import argparse
import asyncio
import base64
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

# This file is named like a package of ours, which must be found before it.
sys.path[0] = str(Path(__file__).parents[1])

import msgspec

from benchmarks import javascript_codecs
from devices.catalogue import MODELS
from devices.codec import DeviceModel, decode

VECTORS = Path(__file__).parents[1] / "tests" / "devices" / "vectors"
LPP = "cayenne-lpp"
Step = Callable[[], object]


def frames(device: DeviceModel, files: dict[str, list[dict]]) -> list[tuple[int, bytes]]:
    """The port and the bytes of each vector of a model."""
    chosen = [vector for vector in files[module_of(device)] if device.key in vector.get("models", [device.key])]
    return [
        (vector["f_port"], vector["text"].encode() if "text" in vector else bytes.fromhex(vector["hex"]))
        for vector in chosen
    ]


def module_of(device: DeviceModel) -> str:
    for path in VECTORS.glob("*.json"):
        module = __import__(f"devices.codecs.{path.stem}", fromlist=["_"])
        if device in vars(module).values():
            return path.stem
    raise LookupError(device.key)


def event(payload: bytes) -> bytes:
    """A ChirpStack event with this frame, heard by two gateways."""
    reception = {"gatewayId": "0016c001f1e0d2c3", "uplinkId": 12345, "rssi": -91, "snr": 7.25, "channel": 3}
    reception |= {"gwTime": "2026-03-02T09:30:01.250Z", "location": {}, "context": "abcd1234", "crcStatus": "CRC_OK"}
    body = {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": "2026-03-02T09:30:01.250+00:00",
        "deviceInfo": {"tenantName": "Council", "applicationName": "Parking", "devEui": "5a00000102030405", "tags": {}},
        "devAddr": "01020304",
        "adr": True,
        "dr": 5,
        "fCnt": 1042,
        "fPort": 85,
        "confirmed": False,
        "data": base64.b64encode(payload).decode(),
        "rxInfo": [reception, reception],
        "txInfo": {"frequency": 868100000, "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 7}}},
    }
    return json.dumps(body).encode()


def rate(step: Step, steps: int, seconds: float) -> float:
    """Steps for each second of CPU time; `step` does `steps` of them."""
    begin, done = time.process_time(), 0
    while (spent := time.process_time() - begin) < seconds:
        step()
        done += steps
    return done / spent


def best(steps: dict[str, tuple[Step, int]], rounds: int, seconds: float) -> dict[str, float]:
    """The best rate of each, in rounds in which all take turns."""
    rates: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, (step, count) in steps.items():
            rates[name].append(rate(step, count, seconds))
    return {name: max(measured) for name, measured in rates.items()}


def native(device: DeviceModel, inputs: list[tuple[int, bytes]]) -> Step:
    def step() -> None:
        for f_port, payload in inputs:
            decode(device, f_port, payload)

    return step


def reading(events: list[bytes]) -> Step:
    decoder = msgspec.json.Decoder()

    def step() -> None:
        for text in events:
            decoder.decode(text)

    return step


def peer(payloads: list[bytes]) -> tuple[Step, list[bytes]] | None:
    """pycayennelpp on those frames that both can read; None where it is not installed."""
    try:
        from cayennelpp import LppFrame
    except ImportError:
        return None

    lpp = next(device for device in MODELS if device.key == LPP)
    known = [payload for payload in payloads if "undecoded" not in decode(lpp, 1, payload).raw]

    def step() -> None:
        for payload in known:
            LppFrame.from_bytes(payload)

    return step, known


def run(rounds: int, seconds: float) -> dict[str, object]:
    """Measure everything; the answer is the JSON line."""
    files = {path.stem: json.loads(path.read_text("utf-8"))["uplinks"] for path in VECTORS.glob("*.json")}
    inputs = {device.key: frames(device, files) for device in MODELS}
    steps = {device.key: (native(device, inputs[device.key]), len(inputs[device.key])) for device in MODELS}
    events = [event(payload) for _, payload in inputs[LPP]]
    steps["event"] = reading(events), len(events)
    other = peer([payload for _, payload in inputs[LPP]])
    if other is not None:
        step, known = other
        ours = native(next(device for device in MODELS if device.key == LPP), [(1, payload) for payload in known])
        steps |= {"pycayennelpp": (step, len(known)), "lpp_same_frames": (ours, len(known))}
    rates = best(steps, rounds, seconds)
    javascript = asyncio.run(javascript_codecs.rates(rounds))
    return summary(rates, [device.key for device in MODELS], len(events[0])) | {"javascript_per_s": javascript}


def summary(rates: dict[str, float], keys: list[str], event_octets: int) -> dict[str, object]:
    ratios = {key: round(rates[key] / rates["event"], 2) for key in keys}
    lpp = rates["lpp_same_frames"] / rates["pycayennelpp"] if "pycayennelpp" in rates else None
    return {
        "native_per_s": {key: round(rates[key]) for key in keys},
        "ratio_to_event_json": ratios,
        "median_ratio_to_event_json": round(statistics.median(ratios.values()), 2),
        "event_json_per_s": round(rates["event"]),
        "event_octets": event_octets,
        "lpp_ratio_to_pycayennelpp": lpp and round(lpp, 2),
    }


def table(result: dict[str, dict[str, float]]) -> str:
    rows = [f"{'model':28}{'decodes/s':>12}{'us each':>10}{'to event JSON':>16}"]
    for key, per_second in sorted(result["native_per_s"].items(), key=lambda item: -item[1]):
        ratio = result["ratio_to_event_json"][key]
        rows.append(f"{key:28}{per_second:12,.0f}{1e6 / per_second:10.2f}{ratio:16.2f}")
    for way, per_second in result["javascript_per_s"].items():
        rows.append(f"{f'JavaScript, {way}':28}{per_second:12,.0f}{1e6 / per_second:10.2f}")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: for a look")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    options = parser.parse_args()
    rounds, seconds = (1, 0.02) if options.quick else (7, 0.1)
    result = run(rounds, seconds)
    if not options.json:
        print(table(result))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
