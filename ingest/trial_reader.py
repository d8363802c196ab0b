"""`python -m ingest.trial_reader`: reads suspects, and may die of it. Started by ingest.trial_process.

It reads a harmless message first and says that it is ready; then one suspect after another, by the same code as ingest.
"""

import contextlib
import ctypes
import resource
import signal
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from domain.ids import DeviceId
from domain.uplinks import Accepted
from ingest.reading import Found, read_one
from ingest.trial_wire import Model, Suspect, Told, packed, read_octets

_PR_SET_PDEATHSIG = 1

HARMLESS = Suspect(
    topic=b"application/a/device/70b3d50000000001/event/up",
    payload=b'{"deviceInfo": {"devEui": "70b3d50000000001"}, "time": "2026-01-01T00:00:00Z",'
    b' "devAddr": "01020304", "fCnt": 1, "fPort": 1, "data": "AQ==", "rxInfo": []}',
    retained=False,
    received_at=datetime(2026, 1, 1, tzinfo=UTC),
)
HARMLESS_MODEL = Model("bosch-tps110")


@dataclass(slots=True)
class _Register:
    """The parent's register of devices, asked device by device."""

    commands: BinaryIO
    answers: BinaryIO
    _model: Model = field(default_factory=lambda: Model(None))

    def model_of(self, device_id: DeviceId) -> str | None:
        _write(self.answers, Told(asks_model_of=device_id))
        body = read_octets(self.commands)
        if body is None:
            # Nobody wants to know any more.
            sys.exit()
        self._model = msgspec.msgpack.decode(body, type=Model)
        return self._model.key

    def is_scripted(self, _key: str) -> bool:
        return self._model.is_scripted


def confine(memory_bytes: int) -> None:
    """So much memory more than now, no core, and the first to go where the machine has none left."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _allow_cpu(cpu_s: int) -> None:
    """Processor time for the next message and no more. It is not used up while this process stands still."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + cpu_s
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def serve(commands: BinaryIO, answers: BinaryIO, *, cpu_s: int) -> None:
    """Until there is nothing more to read."""
    register = _Register(commands, answers)
    while (body := read_octets(commands)) is not None:
        suspect = msgspec.msgpack.decode(body, type=Suspect)
        _allow_cpu(cpu_s)
        _tell(answers, read_one(suspect.delivery(), register.model_of, register.is_scripted))


def _tell(answers: BinaryIO, found: Found) -> None:
    try:
        message = packed(Told.of(found))
    except (ValueError, OverflowError, TypeError, msgspec.MsgspecError):
        # Half characters, huge numbers: reading it was survived all the same.
        message = packed(Told(lived=True))
    _send(answers, message)


def _write(answers: BinaryIO, message: Told) -> None:
    _send(answers, packed(message))


def _send(answers: BinaryIO, octets: bytes) -> None:
    try:
        answers.write(octets)
        answers.flush()
    except BrokenPipeError:
        # Whoever asked is gone: nobody is there to tell.
        signal.raise_signal(signal.SIGKILL)


def main() -> None:
    """Show that reading works here, confine this process, then serve."""
    # A terminal or a supervisor tells the whole group; the parent ends this one.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    cpu_s, memory_bytes = (int(argument) for argument in sys.argv[1:])
    found = read_one(HARMLESS.delivery(), lambda _: HARMLESS_MODEL.key, lambda _: False)
    if not isinstance(found, Accepted):
        sys.exit(f"a harmless message is refused: {found}")
    confine(memory_bytes)
    _write(sys.stdout.buffer, Told(ready=True))
    serve(sys.stdin.buffer, sys.stdout.buffer, cpu_s=cpu_s)


if __name__ == "__main__":
    main()
