"""Servers as child processes that can really be killed, stopped and frozen, with all that they have started."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

POLL_S = 0.02
# Below the ports that the kernel gives to outgoing connections: what is free stays free while its server is down.
PORTS = range(15_000, 32_000)
_taken: set[int] = set()


def quiet_port() -> int:
    """A port that nobody listens on, and that this process never gives out again."""
    while True:
        port = random.choice(PORTS)
        if port not in _taken and _is_free(port):
            _taken.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Whether somebody does, on loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def until(condition: Callable[[], object], *, what: str, within_s: float = 60) -> None:
    """Poll until the condition holds.

    Raises:
        TimeoutError: it does not in time.
    """
    deadline = asyncio.get_running_loop().time() + within_s
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"{what}: not within {within_s:g} s")
        await asyncio.sleep(POLL_S)


@dataclass(kw_only=True)
class Process:
    """One server, started and ended as often as a scenario likes."""

    name: str
    command: list[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    _popen: subprocess.Popen | None = None
    _began: float = 0

    def start(self) -> None:
        """Start it; does not wait until it answers."""
        assert not self.is_running, f"{self.name} runs already"
        self._began = time.monotonic()
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
                **self.options,
            )

    @property
    def is_running(self) -> bool:
        """Started, and not ended."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """As of subprocess; None while it runs."""
        assert self._popen is not None
        return self._popen.poll()

    @property
    def age_s(self) -> float:
        """Since its last start."""
        return time.monotonic() - self._began

    @property
    def resident_bytes(self) -> int:
        """Memory that it has now; 0 once it has ended."""
        assert self._popen is not None
        try:
            pages = int(Path(f"/proc/{self._popen.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    def send(self, number: signal.Signals) -> None:
        """A signal to it alone."""
        assert self._popen is not None
        self._popen.send_signal(number)

    def send_all(self, number: signal.Signals) -> None:
        """A signal to it and to everything that it started."""
        if self._popen is not None and self._popen.poll() is None:
            for pid in _family(self._popen.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)

    async def kill(self) -> None:
        """kill -9 of the whole family: it has no time for anything."""
        self.send_all(signal.SIGKILL)
        await self.ended()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.send(number)
        return await self.ended()

    async def ended(self, within_s: float = 20) -> int:
        """Wait until it has ended; its exit code."""
        await until(lambda: not self.is_running, what=f"the end of {self.name}", within_s=within_s)
        code = self.exit_code
        assert code is not None
        return code

    def freeze(self) -> None:
        """It stands still and keeps its connections: nobody is told."""
        self.send_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on as if no time had passed."""
        self.send_all(signal.SIGCONT)

    def said(self) -> str:
        """Its log."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def close(self) -> None:
        """Whatever happened, it is gone."""
        self.send_all(signal.SIGKILL)
        if self._popen is not None:
            self._popen.wait()


class Memory:
    """Looks at the memory of a process while the context is open."""

    def __init__(self, process: Process) -> None:
        self.peak_bytes = 0
        self._process = process

    async def __aenter__(self) -> "Memory":
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._looking.cancel()

    async def _look(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, self._process.resident_bytes)
            await asyncio.sleep(0.05)


def _family(pid: int) -> list[int]:
    found = [pid]
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found += _family(int(child))
    return found
