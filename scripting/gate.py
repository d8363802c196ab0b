"""What a codec must do before it may read frames: everything that its own examples say.

An example has TS013's form: `{"type": "uplink" | "downlink-encode" | "downlink-decode", "description", "input",
"output"}`; `uplink` if not said otherwise, `bytes` as numbers or in hexadecimal. An uplink may also name the
`measurements` that are expected of it. A downlink that is encoded may name the `command` it is for: `{"name",
"parameters"}`; the mapping must then make its `data` of it, and each command of a mapping needs such an example.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from devices.downlinks import Command, known_command, parse_command
from devices.mapping import MappingTable, apply_mapping
from domain.codec_scripts import ExampleResult
from domain.errors import CommandRefusedError, ScriptFault
from scripting.calls import DECODE, DECODE_DOWNLINK, ENCODE, Call, Failed, Outcome, Returned, Script, encoded
from scripting.runner import ScriptRunner

MOST_EXAMPLES = 200
_MOST_DIFFERENCES = 20
_LONGEST_VALUE = 80
_FUNCTIONS = {"uplink": DECODE, "downlink-encode": ENCODE, "downlink-decode": DECODE_DOWNLINK}
_USUAL_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An example that can be tried."""

    number: int
    description: str
    function: str
    input: Mapping[str, object]
    output: Mapping[str, object]
    measurements: Mapping[str, object] | None
    command: Command | None
    at_ms: int

    def call(self, script: Script) -> Call:
        """How to try it."""
        return Call(script=script, function=self.function, input=self.input, at_ms=self.at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a codec runs best, and what it then made of its examples."""

    script: Script
    results: tuple[ExampleResult, ...]

    @property
    def passed(self) -> bool:
        """Whether it may read frames."""
        return all(result.passed for result in self.results)


class ExamplesError(ValueError):
    """Examples that cannot be tried; `problems` has one sentence for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def parse_examples(document: object) -> list[Example]:
    """Examples as they are written down (JSON).

    Raises:
        ExamplesError: with every fault.
    """
    if not isinstance(document, list) or not 1 <= len(document) <= MOST_EXAMPLES:
        raise ExamplesError([f"examples: a list of 1 to {MOST_EXAMPLES} is needed"])
    problems: list[str] = []
    examples = []
    for number, entry in enumerate(document, start=1):
        try:
            examples.append(_example(number, entry))
        except ValueError as error:
            problems.append(f"example {number}: {error}")
    if not problems and not any(example.function == DECODE for example in examples):
        problems.append("examples: at least one must be an uplink")
    if problems:
        raise ExamplesError(problems)
    return examples


async def examine(runner: ScriptRunner, source: str, examples: Sequence[Example], table: MappingTable) -> Verdict:
    """Try a codec as a module and as a script, and where it remembers earlier frames, in a new context for each.

    Each way is tried forwards and backwards, since a codec that remembers may pass in one order alone.
    """
    verdicts = []
    for module in (True, False):
        for fresh in (False, True):
            verdict = await _try(runner, Script(source=source, module=module, fresh=fresh), examples, table)
            if verdict.passed:
                return verdict
            verdicts.append(verdict)
    return max(verdicts, key=lambda verdict: sum(result.passed for result in verdict.results))


async def _try(runner: ScriptRunner, script: Script, examples: Sequence[Example], table: MappingTable) -> Verdict:
    both_ways = [*examples, *reversed(examples)]
    outcomes = await runner.run([example.call(script) for example in both_ways])
    found: dict[int, tuple[str, ...]] = {}
    for example, outcome in zip(both_ways, outcomes, strict=True):
        found[example.number] = found.get(example.number) or differences(example, outcome, table)
    results = tuple(
        ExampleResult(number=example.number, description=example.description, differences=found[example.number])
        for example in examples
    )
    return Verdict(script=script, results=results)


def differences(example: Example, outcome: Outcome, table: MappingTable) -> tuple[str, ...]:
    """How what a codec did differs from what its example says; a sentence each."""
    wanted = example.output
    if isinstance(outcome, Failed):
        if outcome.fault is ScriptFault.REFUSED and wanted.get("errors"):
            return ()
        where = f" (line {outcome.line})" if outcome.line is not None else ""
        return (f"{outcome.fault}: {outcome.detail}{where}",)
    if wanted.get("errors"):
        return ("errors: expected, there are none",)
    found = [*_differing(wanted, outcome, "bytes" if example.function == ENCODE else "data")]
    if example.command is not None:
        found += _command_differences(example, example.command, outcome, table)
    if example.function == DECODE:
        found += _meaning(example, outcome, table)
    return tuple(found[:_MOST_DIFFERENCES])


def _differing(wanted: Mapping[str, object], outcome: Returned, main: str) -> Iterator[str]:
    for key in (main, "fPort") if main == "bytes" else (main,):
        if key in wanted:
            yield from _unequal(wanted[key], outcome.value.get(key), key)
    if wanted.get("warnings"):
        yield from _unequal(wanted["warnings"], [*outcome.warnings], "warnings")


def _command_differences(example: Example, command: Command, outcome: Returned, table: MappingTable) -> Iterator[str]:
    try:
        known = known_command("the mapping", table.commands, command)
        yield from _unequal(example.input["data"], known.data_of(command), "command: data")
        encoded(outcome.value)
    except CommandRefusedError as error:
        yield f"command: {error.reason}"
    except ValueError as error:
        yield f"command: {error}"


def untried(table: MappingTable, examples: Sequence[Example]) -> list[str]:
    """The commands of a mapping that no example tries: what is sent to devices is tried before."""
    tried = {type(example.command) for example in examples if example.command is not None}
    return [
        f"commands.{known.name}: an example of the type downlink-encode with this `command` is needed"
        for known in table.commands
        if known.command not in tried
    ]


def _meaning(example: Example, outcome: Returned, table: MappingTable) -> Iterator[str]:
    data = outcome.value["data"]
    assert isinstance(data, dict)
    f_port = example.input["fPort"]
    assert isinstance(f_port, int)
    mapped = apply_mapping(table, data, f_port)
    yield from (f"mapping: {problem}" for problem in mapped.problems)
    if example.measurements is not None:
        yield from _unequal(example.measurements, dict(mapped.measurements), "measurements")


def _unequal(wanted: object, got: object, path: str) -> Iterator[str]:
    """Differences between two JSON values. Numbers may differ in the last digits; null is as good as absent."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key in {**wanted, **got}:
            yield from _unequal(wanted.get(key), got.get(key), f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        for index, pair in enumerate(zip(wanted, got, strict=True)):
            yield from _unequal(*pair, f"{path}[{index}]")
    elif not _same(wanted, got):
        yield f"{path}: expected {_shown(wanted)}, got {_shown(got)}"


def _same(wanted: object, got: object) -> bool:
    if _is_number(wanted) and _is_number(got):
        return math.isclose(float(wanted), float(got), rel_tol=1e-9, abs_tol=1e-9)  # type: ignore[arg-type]
    return type(wanted) is type(got) and wanted == got


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _shown(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "..."


def _example(number: int, entry: object) -> Example:
    if not isinstance(entry, dict):
        raise ValueError("must be an object")  # noqa: TRY004
    kind = entry.get("type", "uplink")
    if kind not in _FUNCTIONS:
        raise ValueError(f"`type` must be one of {', '.join(_FUNCTIONS)}")
    given, output, measurements = entry.get("input"), entry.get("output"), entry.get("measurements")
    if not isinstance(given, dict) or not isinstance(output, dict):
        raise ValueError("`input` and `output` must be objects")  # noqa: TRY004
    if measurements is not None and not isinstance(measurements, dict):
        raise ValueError("`measurements` must be an object")
    at_ms = _at_ms(given.get("recvTime"))
    return Example(
        number=number,
        description=str(entry.get("description", ""))[:200],
        function=_FUNCTIONS[kind],
        input=_input(_FUNCTIONS[kind], given, at_ms),
        output={**output, **({"bytes": [*_bytes(output["bytes"])]} if "bytes" in output else {})},
        measurements=measurements,
        command=_command(entry["command"], kind) if "command" in entry else None,
        at_ms=at_ms,
    )


def _command(asked: object, kind: str) -> Command:
    name, parameters = (asked.get("name"), asked.get("parameters", {})) if isinstance(asked, dict) else (None, None)
    if kind != "downlink-encode" or not isinstance(name, str) or not isinstance(parameters, dict):
        raise ValueError("`command` is for downlink-encode, and has a `name`, and `parameters` where there are any")
    return parse_command(name, {key: _parameter(value) for key, value in parameters.items()})


def _parameter(value: object) -> str:
    """As commands are asked for: text; in JSON `true` and 600 are as good."""
    return value if isinstance(value, str) else json.dumps(value)


def _input(function: str, given: Mapping[str, object], at_ms: int) -> dict[str, object]:
    if function == ENCODE:
        if not isinstance(given.get("data"), dict):
            raise ValueError("`input` must have `data`, an object")
        return {"data": given["data"]}
    f_port = given.get("fPort")
    if isinstance(f_port, bool) or not isinstance(f_port, int) or not 0 <= f_port <= 255:
        raise ValueError("`input` must have `fPort`, from 0 to 255")
    found: dict[str, object] = {"bytes": [*_bytes(given.get("bytes"))], "fPort": f_port}
    return {**found, "recvTime": at_ms} if function == DECODE else found


def _bytes(value: object) -> bytes:
    try:
        if isinstance(value, str):
            return bytes.fromhex(value)
        if isinstance(value, list):
            return bytes(value)
    except (ValueError, TypeError):
        pass
    raise ValueError("`bytes` must be numbers from 0 to 255, or hexadecimal")


def _at_ms(value: object) -> int:
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 8.64e15:
        return value
    return int(_USUAL_TIME.timestamp() * 1000)
