"""`python -m scripting.worker`: runs codecs, with nothing within their reach. Started by scripting.worker_process.

It is told `{"load": key, "source", "module", "fresh"}`, `{"drop": key}` and `{"run": [[key, function, input, at_ms]]}`
on standard input, and answers each call of a run with one message on standard output. The first message there, `{}`,
says that it is ready.
"""

import ctypes
import json
import resource
import signal
import sys
from typing import Any, BinaryIO

from domain.errors import ScriptFault
from scripting.calls import Script
from scripting.engine import Engine, ScriptFailedError
from scripting.limits import LIMITS, Limits
from scripting.wire import HEADER, read

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_SPARE_CPU_S = 10


class Worker:
    """The codecs it was told of, and a context for each that was called."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._scripts: dict[str, Script] = {}
        self._engines: dict[str, Engine] = {}

    def load(self, key: str, script: Script) -> None:
        """Keep a codec; it is evaluated when it is called."""
        self._scripts[key] = script

    def drop(self, key: str) -> None:
        """Forget a codec."""
        self._scripts.pop(key, None)
        self._engines.pop(key, None)

    def answer(self, key: str, function: str, given: object, at_ms: int) -> bytes:
        """Call; a context in which anything failed is never used again."""
        text = json.dumps(given)
        used = key in self._engines
        try:
            return self._call(key, function, text, at_ms)
        except ScriptFailedError as failure:
            # Earlier calls may have left little memory: that must not cost this one.
            if failure.fault is not ScriptFault.MEMORY or not used:
                return _failure(failure)
        try:
            return self._call(key, function, text, at_ms)
        except ScriptFailedError as failure:
            return _failure(failure)

    def _call(self, key: str, function: str, text: str, at_ms: int) -> bytes:
        script = self._scripts[key]
        engine = self._engines.pop(key, None) or Engine(script, self._limits)
        answer = engine.call(function, text, at_ms)
        if not script.fresh:
            self._engines[key] = engine
        return answer.encode()


def confine(limits: Limits) -> None:
    """Give up what a codec that escaped its engine could use: files, sockets, children, new rights, more memory."""
    for kind, most in (
        (resource.RLIMIT_AS, limits.process_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        # Standard input, output and error: no number is left for a file or a socket.
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(kind, (most, most))


def _on_linux() -> None:
    """The worker ends with its parent, however that ends; nobody reads its memory; it gains no rights."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _allow_cpu(limits: Limits) -> None:
    """Processor time for the next run and no more: the last resort, should the parent not look any more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + limits.batch_s) + _SPARE_CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _failure(failure: ScriptFailedError) -> bytes:
    told: dict[str, object] = {"fault": failure.fault.value, "detail": failure.detail, "line": failure.line}
    if failure.console:
        told["console"] = json.loads(failure.console)
    return json.dumps(told).encode()


def serve(worker: Worker, limits: Limits, commands: BinaryIO, answers: BinaryIO) -> None:
    """Until there are no more commands."""
    while (command := read(commands)) is not None:
        assert isinstance(command, dict)
        if "run" in command:
            _allow_cpu(limits)
            for call in command["run"]:
                _write(answers, worker.answer(*call))
        else:
            _prepare(worker, command)


def _prepare(worker: Worker, command: dict[str, Any]) -> None:
    if "drop" in command:
        worker.drop(command["drop"])
        return
    script = Script(source=command["source"], module=command["module"], fresh=command["fresh"])
    worker.load(command["load"], script)


def _write(answers: BinaryIO, body: bytes) -> None:
    # Unbuffered: who waits for an answer learns which call does not end.
    answers.write(HEADER.pack(len(body)) + body)
    answers.flush()


def main() -> None:
    """Confine this process, then serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limits = Limits(**json.loads(sys.argv[1])) if len(sys.argv) > 1 else LIMITS
    worker = Worker(limits)
    if sys.platform == "linux":
        _on_linux()
    confine(limits)
    _write(sys.stdout.buffer, b"{}")
    serve(worker, limits, sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
