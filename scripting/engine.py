"""One codec in one context of the JavaScript engine. Only the worker process has any."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import quickjs

from domain.errors import ScriptFault
from scripting.calls import Script
from scripting.limits import MOST_SOURCE_LETTERS, MOST_SOURCE_LINES, Limits

# The prelude stands behind the last line that a codec can have, so that a line in a stack tells whose it is.
_PRELUDE = "\n" * MOST_SOURCE_LINES + "".join(
    (files("scripting") / "javascript" / name).read_text("utf-8") for name in ("buffer.js", "prelude.js")
)
_FOUND = ", ".join(
    f'{name}: typeof {name} === "function" ? {name} : undefined'
    for name in ("decodeUplink", "encodeDownlink", "decodeDownlink")
)
_HAND_OVER = f"\n;__handOver({{{_FOUND}}});"
_LINE = re.compile(r"<input>:(\d+)")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_MOST_JOBS = 100
_LONGEST_DETAIL = 300


@dataclass
class ScriptFailedError(Exception):
    """What a codec failed with; `console` is JSON, or empty."""

    fault: ScriptFault
    detail: str
    line: int | None = None
    console: str = ""


class Engine:
    """A codec, loaded. Raises ScriptFailedError if it cannot be."""

    def __init__(self, script: Script, limits: Limits) -> None:
        _check_size(script.source)
        self._limits = limits
        self._context = context = quickjs.Context()
        context.set_memory_limit(limits.memory_bytes)
        context.set_max_stack_size(limits.stack_bytes)
        context.eval(_PRELUDE)
        self._run, watch, settled, entries = (
            _taken(context, name) for name in ("__run", "__watch", "__settled", "__entries")
        )
        context.set_time_limit(limits.load_s)
        source = script.source + _HAND_OVER
        if script.module:
            self._load_module(source, watch, settled)
        else:
            _guarded(lambda: context.eval(source))
        context.set_time_limit(limits.call_s)
        self._entries: list[str] = json.loads(entries())

    def _load_module(self, source: str, watch: Callable[..., Any], settled: Callable[..., Any]) -> None:
        _guarded(lambda: watch(self._context.module(source)))
        for _ in range(_MOST_JOBS):
            if settled() is not None or not _guarded(self._context.execute_pending_job):
                break
        answer = settled()
        if answer is None:
            raise ScriptFailedError(ScriptFault.LOAD, "waits for something that never comes")
        if "thrown" in (told := json.loads(answer)):
            raise _thrown(told["thrown"])

    def call(self, function: str, given: str, at_ms: int) -> str:
        """Call with JSON; gives `{"output": ..., "console": [...]}` as JSON within the limits."""
        if function not in self._entries:
            raise ScriptFailedError(ScriptFault.LOAD, f"there is no function {function}")
        # A float: the binding cuts whole numbers to 32 bits.
        text: str = _guarded(lambda: self._run(function, given, float(at_ms), self._limits.output_letters))
        if text.startswith('{"output":'):
            if _depth(text, self._limits.output_depth) > self._limits.output_depth:
                raise ScriptFailedError(ScriptFault.OUTPUT, f"nested deeper than {self._limits.output_depth}")
            return text
        told = json.loads(text)
        raise self._failure(told, json.dumps(told.get("console", [])))

    def _failure(self, told: dict[str, Any], console: str) -> ScriptFailedError:
        if "promise" in told:
            return ScriptFailedError(ScriptFault.SHAPE, "returned a promise: a codec cannot wait", console=console)
        if "long" in told:
            most = self._limits.output_letters
            return ScriptFailedError(ScriptFault.OUTPUT, f"more than {most} characters", console=console)
        return _thrown(told["thrown"], console)


def _check_size(source: str) -> None:
    if len(source) > MOST_SOURCE_LETTERS or source.count("\n") >= MOST_SOURCE_LINES:
        raise ScriptFailedError(
            ScriptFault.LOAD, f"more than {MOST_SOURCE_LETTERS} characters or {MOST_SOURCE_LINES} lines"
        )


def _taken(context: Any, name: str) -> Callable[..., Any]:  # noqa: ANN401
    """A function of the prelude, out of the codec's reach."""
    function: Callable[..., Any] = context.get(name)
    context.eval(f"delete globalThis.{name}")
    return function


def _guarded(action: Callable[[], Any]) -> Any:  # noqa: ANN401
    """The engine's errors in our words."""
    try:
        return action()
    except quickjs.StackOverflow as error:
        raise ScriptFailedError(ScriptFault.STACK, "calls itself too deeply") from error
    except quickjs.JSException as error:
        raise _of_engine(str(error)) from error
    except MemoryError as error:
        raise ScriptFailedError(ScriptFault.MEMORY, "out of memory") from error
    except UnicodeDecodeError as error:
        raise ScriptFailedError(ScriptFault.OUTPUT, "text that is no Unicode") from error


def _of_engine(told: str) -> ScriptFailedError:
    message, _, stack = told.partition("\n")
    line = _line(stack)
    if "interrupted" in message:
        return ScriptFailedError(ScriptFault.TIMEOUT, "takes too long", line)
    # The engine has no memory left to say so.
    if "out of memory" in message or message in {"null", ""}:
        return ScriptFailedError(ScriptFault.MEMORY, "out of memory", line)
    if message.startswith(("SyntaxError", "ReferenceError: could not load module")):
        return ScriptFailedError(ScriptFault.LOAD, message[:_LONGEST_DETAIL], line)
    return ScriptFailedError(ScriptFault.EXCEPTION, message[:_LONGEST_DETAIL], line)


def _thrown(told: dict[str, str], console: str = "") -> ScriptFailedError:
    message = ": ".join(part for part in (told.get("name", ""), told["message"]) if part)
    line = _line(told.get("stack", ""))
    if message == "InternalError: interrupted":
        return ScriptFailedError(ScriptFault.TIMEOUT, "takes too long", line, console)
    if message.startswith("InternalError: out of memory") or message == "null":
        return ScriptFailedError(ScriptFault.MEMORY, "out of memory", line, console)
    if message == "RangeError: Maximum call stack size exceeded":
        return ScriptFailedError(ScriptFault.STACK, "calls itself too deeply", line, console)
    return ScriptFailedError(ScriptFault.EXCEPTION, message[:_LONGEST_DETAIL], line, console)


def _line(stack: str) -> int | None:
    """The innermost line of the codec."""
    return next((line for found in _LINE.findall(stack) if (line := int(found)) <= MOST_SOURCE_LINES), None)


def _depth(text: str, enough: int) -> int:
    """How deeply JSON is nested; not exact below `enough`."""
    if text.count("{") + text.count("[") <= enough:
        return 0
    depth = deepest = 0
    for letter in _TEXT.sub("", text):
        if letter in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "}]":
            depth -= 1
    return deepest
