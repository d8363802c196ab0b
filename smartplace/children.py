"""Child processes under one supervisor: started in order, watched, stopped in reverse, never left behind."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from domain.errors import CommandError

_POLL_S = 0.05
_TAIL_LINES = 15
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run. Its output goes to `log`, or where ours goes; `stop_signal` asks it to end."""

    name: str
    command: list[str]
    log: Path | None
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM


@dataclass(frozen=True, slots=True)
class _Child:
    program: Program
    process: asyncio.subprocess.Process


class Children:
    """The running programs. As a context: whatever happens inside, all of them have ended when it is left."""

    def __init__(self, *, stop_timeout_s: float = 10) -> None:
        self._children: list[_Child] = []
        self._stop_timeout_s = stop_timeout_s

    async def __aenter__(self) -> "Children":
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def start(self, program: Program, *, ready: Callable[[], Awaitable[bool]], within_s: float) -> None:
        """Start a program and wait until it is ready.

        Raises:
            CommandError: it cannot be started, ends, or is not ready in time; so does any other child meanwhile.
        """
        with _output(program.log) as output:
            try:
                process = await asyncio.create_subprocess_exec(
                    *program.command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env={**os.environ, **program.environment},
                    # A Ctrl-C is for the supervisor alone, which stops the children in order.
                    start_new_session=True,
                    preexec_fn=_die_with_parent(program.stop_signal),
                )
            except OSError as error:
                raise CommandError(f"{program.name} cannot be started: {error}") from error
        self._children.append(_Child(program, process))
        await self.wait(ready, what=program.name, within_s=within_s)

    async def wait(self, ready: Callable[[], Awaitable[bool]], *, what: str, within_s: float) -> None:
        """Wait for a condition while every child lives.

        Raises:
            CommandError: a child ended, or the time is over.
        """
        try:
            async with asyncio.timeout(within_s):
                while not await ready():
                    self._check()
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise CommandError(f"{what} was not ready within {within_s:g} s", log_tail=self._tail_of(what)) from None
        self._check()

    async def watch(self) -> None:
        """Return never; raises CommandError as soon as a child ends."""
        ends = [asyncio.create_task(child.process.wait()) for child in self._children]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        self._check()

    async def stop(self) -> None:
        """Ask each child to end, the last first, and kill what does not."""
        while self._children:
            child = self._children[-1]
            await self._stop(child)
            self._children.pop()

    async def _stop(self, child: _Child) -> None:
        if child.process.returncode is None:
            _signal(child.process, child.program.stop_signal)
            try:
                async with asyncio.timeout(self._stop_timeout_s):
                    await child.process.wait()
            except TimeoutError:
                _signal(child.process, signal.SIGKILL)
        await child.process.wait()
        # What the child itself started has its group, and must not outlive it.
        with suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)

    def _check(self) -> None:
        for child in self._children:
            code = child.process.returncode
            if code is not None:
                how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
                raise CommandError(f"{child.program.name} {how}", log_tail=tail(child.program.log))

    def _tail_of(self, name: str) -> str:
        return next((tail(child.program.log) for child in self._children if child.program.name == name), "")


@contextmanager
def _output(log: Path | None) -> Iterator[IO[bytes] | None]:
    """The end of a log file, or None for wherever ours goes."""
    if log is None:
        yield None
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        yield output


def tail(log: Path | None) -> str:
    """The last lines of a log, with its path."""
    if log is None:
        return ""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join([f"last lines of {log}:", *lines[-_TAIL_LINES:]])


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Even kill -9 of the supervisor leaves nobody behind, where the kernel offers that (Linux)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number))

    return ask_kernel
