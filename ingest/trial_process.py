"""The child that reads suspects, as its parent sees it: started, asked, looked at, ended."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from domain.ids import DeviceId
from ingest.reading import Found, IsScripted, ModelOf
from ingest.source import Delivery
from ingest.trial_wire import HEADER, MOST_BYTES, Model, Suspect, Told, packed, told

COMMAND = (sys.executable, "-m", "ingest.trial_reader")
# No variable of ours reaches it, and with them no password.
_ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[1]), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
_ENDS_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLimits:
    """What a child may use before reading counts as its death.

    `cpu_s` is processor time, and `memory_bytes` is memory beyond what it has at the start, both for one message: ten
    thousand times what one takes. `asleep_looks` is how often, at looks `look_s` apart, it may be found waiting for
    something: reading has nothing to wait for. None of them passes while the child, or this machine, stands still.
    `ready_s` is how long its start may take by the clock, of which nothing is concluded.
    """

    cpu_s: int = 10
    memory_bytes: int = 256 * 1024 * 1024
    look_s: float = 1.0
    asleep_looks: int = 30
    ready_s: float = 60.0


class ChildDiedError(Exception):
    """It is gone; the message says how, for people."""


class TrialProcess:
    """One child. After a ChildDiedError it is of no more use; `kill` it in any case."""

    def __init__(self, process: asyncio.subprocess.Process, limits: TrialLimits) -> None:
        self._process = process
        self._limits = limits
        self.has_read = False

    @classmethod
    async def start(cls, limits: TrialLimits, command: Sequence[str] = COMMAND) -> "TrialProcess":
        """A new child that has read a harmless message. Raises ChildDiedError, or OSError where none can be had."""
        process = await asyncio.create_subprocess_exec(
            *command,
            str(limits.cpu_s),
            str(limits.memory_bytes),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=_ENVIRONMENT,
            cwd="/",
        )
        child = cls(process, limits)
        try:
            async with asyncio.timeout(limits.ready_s):
                await child._receive()
        except TimeoutError:
            await child.kill()
            raise ChildDiedError(f"not ready within {limits.ready_s:g} s") from None
        except BaseException:
            await child.kill()
            raise
        return child

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def read(self, delivery: Delivery, model_of: ModelOf, is_scripted: IsScripted) -> Found | None:
        """What the message means; None if the child lived, and cannot say it. Raises ChildDiedError."""
        reading = asyncio.ensure_future(self._ask(delivery, model_of, is_scripted))
        asleep = 0
        try:
            while asleep < self._limits.asleep_looks:
                if (await asyncio.wait({reading}, timeout=self._limits.look_s))[0]:
                    return await reading
                asleep += self._sleeps()
        finally:
            reading.cancel()
            self.has_read = True
        await self.kill()
        raise ChildDiedError("it waits for ever")

    async def kill(self) -> int:
        """End it, whatever it does. Its exit code, as of subprocess, once it is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        # A signal to a process that is ending takes its exit status from the event loop.
        if self._process.stdout.at_eof():
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(self._process.wait(), _ENDS_WITHIN_S)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        return await self._process.wait()

    async def _ask(self, delivery: Delivery, model_of: ModelOf, is_scripted: IsScripted) -> Found | None:
        await self._send(packed(Suspect.of(delivery)))
        while (answer := await self._receive()).asks_model_of is not None:
            key = model_of(DeviceId(answer.asks_model_of))
            await self._send(packed(Model(key, is_scripted=key is not None and is_scripted(key))))
        return answer.found

    async def _send(self, octets: bytes) -> None:
        assert self._process.stdin is not None
        # Whoever does not listen any more has died: that is seen where the answer should be.
        with contextlib.suppress(OSError, RuntimeError):
            self._process.stdin.write(octets)
            await self._process.stdin.drain()

    async def _receive(self) -> Told:
        assert self._process.stdout is not None
        try:
            (length,) = HEADER.unpack(await self._process.stdout.readexactly(HEADER.size))
            if length > MOST_BYTES:
                raise ChildDiedError(f"an answer of {length} bytes")
            return told(await self._process.stdout.readexactly(length))
        except msgspec.ValidationError:
            # Well formed, of values that are not quite of their types: it lived.
            return Told(lived=True)
        except msgspec.DecodeError:
            raise ChildDiedError("its answer is nonsense") from None
        except (EOFError, OSError, RuntimeError):
            raise ChildDiedError(_how(await self.kill())) from None

    def _sleeps(self) -> bool:
        """Whether the kernel says that it waits for something, and not for the processor, a disk, or leave to go on."""
        try:
            status = Path(f"/proc/{self._process.pid}/stat").read_text()
        except OSError:
            return False
        return status.rpartition(")")[2].split()[0] == "S"


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
