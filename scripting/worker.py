"""`python -m scripting.worker`: runs codecs, with nothing within their reach. Started by scripting.worker_process.

It is told `{"load": key, "source", "module", "fresh"}`, `{"drop": key}` and `{"run": [[key, function, input, at_ms]]}`
on standard input, and answers each call of a run with one message on standard output; `{"walls": true}` asks what
keeps it from what it has no business with. The first message there, `{}`, says that it is ready.
"""

import json
import resource
import signal
import sys
from typing import Any, BinaryIO

from domain.errors import ScriptFault
from scripting.calls import Script
from scripting.engine import Engine, ScriptFailedError
from scripting.limits import LIMITS, Limits
from scripting.walls import confine
from scripting.wire import HEADER, read

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


def serve(worker: Worker, limits: Limits, walls: list[str], commands: BinaryIO, answers: BinaryIO) -> None:
    """Until there are no more commands."""
    while (command := read(commands)) is not None:
        assert isinstance(command, dict)
        if "run" in command:
            _allow_cpu(limits)
            for call in command["run"]:
                _write(answers, worker.answer(*call))
        elif "walls" in command:
            _write(answers, json.dumps({"walls": walls}).encode())
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
    walls = confine(limits)
    _write(sys.stdout.buffer, b"{}")
    serve(worker, limits, walls, sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
