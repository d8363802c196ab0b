"""The worker as its parent sees it: started, told, listened to, killed."""

import asyncio
import contextlib
import json
import sys
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from domain.errors import ScriptFault
from scripting.calls import Call, Failed, Outcome, Script, outcome
from scripting.limits import Limits
from scripting.wire import HEADER, packed

# No variable of ours reaches a codec; UTC, so that no answer depends on where the server stands.
_ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[1]), "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"}
_LETTERS_BESIDE_OUTPUT = 64 * 1024
_ENDS_WITHIN_S = 1.0
_READY_WITHIN_S = 30.0


class WorkerProcess:
    """One child. Every method may raise OSError, EOFError or ValueError: then it is of no more use."""

    def __init__(self, process: asyncio.subprocess.Process, limits: Limits) -> None:
        self._process = process
        self._limits = limits
        self._loaded: OrderedDict[str, None] = OrderedDict()

    @classmethod
    async def start(cls, limits: Limits) -> "WorkerProcess":
        """A new child that is ready, with no codec yet: how long that takes says nothing of any codec."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "scripting.worker",
            json.dumps(asdict(limits)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=_ENVIRONMENT,
            cwd="/",
        )
        worker = cls(process, limits)
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                await worker._message()
        except TimeoutError as error:
            await worker.kill()
            raise EOFError("the worker does not get ready") from error
        except BaseException:
            await worker.kill()
            raise
        return worker

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether nobody noticed its end yet."""
        return self._process.returncode is None

    async def send(self, calls: Sequence[Call]) -> None:
        """Have these made, one after another; as many answers are to be received."""
        keys = {call.script.key: call.script for call in calls}
        messages = b"".join(self._load(key, script) for key, script in keys.items())
        run = [[call.script.key, call.function, call.input, call.at_ms] for call in calls]
        assert self._process.stdin is not None
        self._process.stdin.write(messages + packed({"run": run}))
        await self._process.stdin.drain()

    def _load(self, key: str, script: Script) -> bytes:
        if key in self._loaded:
            self._loaded.move_to_end(key)
            return b""
        self._loaded[key] = None
        message = packed({"load": key, "source": script.source, "module": script.module, "fresh": script.fresh})
        if len(self._loaded) <= self._limits.scripts:
            return message
        oldest, _ = self._loaded.popitem(last=False)
        return packed({"drop": oldest}) + message

    async def receive(self, call: Call) -> Outcome:
        """What became of the next call."""
        return _outcome(call, await self._message())

    async def _message(self) -> dict[str, object]:
        assert self._process.stdout is not None
        (length,) = HEADER.unpack(await self._process.stdout.readexactly(HEADER.size))
        # UTF-8 has at most four octets for a character.
        if length > 4 * (self._limits.output_letters + _LETTERS_BESIDE_OUTPUT):
            raise ValueError(f"an answer of {length} bytes")
        message: dict[str, object] = json.loads(await self._process.stdout.readexactly(length))
        return message

    async def walls(self) -> list[str]:
        """What keeps it from what it has no business with (scripting.walls)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(packed({"walls": True}))
        (length,) = HEADER.unpack(await self._process.stdout.readexactly(HEADER.size))
        told = json.loads(await self._process.stdout.readexactly(min(length, _LETTERS_BESIDE_OUTPUT)))
        return [str(wall) for wall in told["walls"]]

    async def kill(self) -> None:
        """End it, whatever it does; returns when it is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        # A signal to a process that is ending takes its exit status from the event loop.
        if self._process.stdout.at_eof():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _ENDS_WITHIN_S)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


def _outcome(call: Call, told: dict[str, object]) -> Outcome:
    console = _console(told.get("console"))
    if "fault" not in told:
        return outcome(call.function, told.get("output"), console)
    line = told.get("line")
    return Failed(
        fault=ScriptFault(str(told["fault"])),
        detail=str(told["detail"]),
        line=line if isinstance(line, int) else None,
        console=console,
    )


def _console(lines: object) -> tuple[str, ...]:
    return tuple(str(line) for line in lines) if isinstance(lines, list) else ()
