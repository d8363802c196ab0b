"""Messages that mean nothing, each kind in its own way: all of them must become dead letters, whole."""

import json
from collections.abc import Callable

from tests.faults.checker import FrameId
from tests.faults.publisher import Message

Poison = Callable[[Message, Message, FrameId], tuple[str, bytes]]
"""From a good frame of a bay, one of a bench, and a name that nobody else has: a topic and a bad payload."""


def _bay(message: Message, frame: FrameId, **changes: object) -> bytes:
    event = {**json.loads(message.payload), "deduplicationId": f"{frame.run}-{frame.seq}", **changes}
    return json.dumps({key: value for key, value in event.items() if value is not ...}).encode()


def _bench(message: Message, **changes: object) -> bytes:
    return json.dumps({**json.loads(message.payload), **changes}).encode()


def cut_off(_bay_: Message, bench: Message, frame: FrameId) -> tuple[str, bytes]:
    return bench.topic, bench.payload[: -1 - frame.seq % 20] + b"%d" % frame.seq


def no_json(bay: Message, _bench_: Message, frame: FrameId) -> tuple[str, bytes]:
    return bay.topic, f"<up run='{frame.run}' seq='{frame.seq}'/>".encode()


def not_a_number(_bay_: Message, bench: Message, frame: FrameId) -> tuple[str, bytes]:
    return bench.topic, _bench(bench, measurements={"occupied": True, "battery_volts": float("nan")})


def unknown_port(bay: Message, _bench_: Message, frame: FrameId) -> tuple[str, bytes]:
    return bay.topic, _bay(bay, frame, fPort=99)


def no_bytes(bay: Message, _bench_: Message, frame: FrameId) -> tuple[str, bytes]:
    return bay.topic, _bay(bay, frame, data="")


def another_device(bay: Message, _bench_: Message, frame: FrameId) -> tuple[str, bytes]:
    return bay.topic, _bay(bay, frame, deviceInfo={"devEui": "ffffffffffffffff"})


def old_network_server(bay: Message, _bench_: Message, frame: FrameId) -> tuple[str, bytes]:
    return bay.topic, json.dumps({"devEUI": "cLPVAAAAAAE=", "fCnt": frame.seq, "data": "AQ=="}).encode()


def nobody(_bay_: Message, bench: Message, frame: FrameId) -> tuple[str, bytes]:
    return f"smartplace/v1/devices/nobody-{frame.seq}/up", bench.payload


def too_large(_bay_: Message, bench: Message, frame: FrameId) -> tuple[str, bytes]:
    return bench.topic, _bench(bench, session="x" * 17 * 1024)


def unknown_key(_bay_: Message, bench: Message, frame: FrameId) -> tuple[str, bytes]:
    return bench.topic, _bench(bench, __proto__=frame.seq)


def half_a_character(_bay_: Message, bench: Message, frame: FrameId) -> tuple[str, bytes]:
    return bench.topic, _bench(bench, session="\ud83d")


def nul(_bay_: Message, bench: Message, frame: FrameId) -> tuple[str, bytes]:
    return bench.topic, _bench(bench, session="a\0b")


def nested(_bay_: Message, bench: Message, frame: FrameId) -> tuple[str, bytes]:
    return bench.topic, b"[" * 5000 + b"%d" % frame.seq + b"]" * 5000


def no_time(_bay_: Message, bench: Message, frame: FrameId) -> tuple[str, bytes]:
    times = ("infinity", "", "24:00", "2026-02-30T12:00:00Z", "10000-01-01T00:00:00Z")
    return bench.topic, _bench(bench, time=times[frame.seq % len(times)])


def refused_by_the_database(_bay_: Message, bench: Message, frame: FrameId) -> tuple[str, bytes]:
    """Well formed; the database has a constraint against exactly this voltage."""
    return bench.topic, _bench(bench, measurements={"occupied": True, "battery_volts": FORBIDDEN_VOLTS})


FORBIDDEN_VOLTS = 6.5
KINDS: tuple[Poison, ...] = (
    cut_off, no_json, not_a_number, unknown_port, no_bytes, another_device, old_network_server, nobody, too_large,
    unknown_key, half_a_character, nul, nested, no_time,
)  # fmt: skip
