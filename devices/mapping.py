"""From a vendor's own keys to canonical measurements: a table that somebody writes down instead of a program.

    {"kind": {"f_port": {"1": "event", "2": "heartbeat"}},
     "measurements": [
       {"path": "status", "key": "occupied", "values": {"occupied": true, "free": false}},
       {"path": "battery.mV", "key": "battery_volts", "scale": 0.001},
       {"path": "battery_good", "key": "battery_low", "invert": true}]}

Rules are tried in their order; the first whose path is there gives its key. What no rule takes is kept as `raw`.
What devices can be told, and tell of their settings, may stand beside them: see devices.command_table.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from devices.command_table import ScriptedCommand, parse_commands, parse_settings
from devices.data_paths import ABSENT, Path, Value, key_text, leaves, parse_path, value_at, written
from devices.settings import Echo
from domain.errors import MappingError
from domain.measurements import QUANTITIES, Measurements, faults
from domain.uplinks import Kind

_MOST_RULES = 100
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?([eE][+-]?\d{1,3})?")
_KEYS = {"kind", "measurements", "commands", "settings"}
_RULE_KEYS = {"path", "key", "scale", "offset", "values", "invert"}
_KIND_KEYS = {"f_port", "path", "values", "default"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`key` is `path * scale + offset`, or what `values` has for it; `invert` is for yes and no."""

    path: str
    steps: Path
    key: str
    scale: float = 1.0
    offset: float = 0.0
    values: Mapping[str, bool | int | float] | None = None
    invert: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRule:
    """Why the device spoke: by fPort, by a value, else `default`."""

    f_port: Mapping[int, Kind]
    path: str
    steps: Path
    values: Mapping[str, Kind]
    default: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingTable:
    """A mapping that can be used; made by `parse_mapping`."""

    rules: tuple[Rule, ...]
    kind: KindRule
    commands: tuple[ScriptedCommand, ...] = ()
    echoes: tuple[Echo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What became of one rule: what was found, and what was made of it or why it was not."""

    path: str
    key: str
    found: Value
    made: bool | int | float | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What data means; with `problems` it means nothing."""

    kind: Kind
    measurements: Measurements
    raw: dict[str, object]
    steps: tuple[Step, ...]
    problems: tuple[str, ...]


def parse_mapping(document: object) -> MappingTable:
    """A mapping as it is written down (JSON).

    Raises:
        MappingError: with every fault.
    """
    problems: list[str] = []
    if not isinstance(document, dict):
        raise MappingError(["a mapping is an object with `measurements`"])
    problems += [f"`{key}` is not known" for key in sorted(document.keys() - _KEYS)]
    entries = document.get("measurements")
    if not isinstance(entries, list) or not entries or len(entries) > _MOST_RULES:
        problems.append(f"`measurements` must have from 1 to {_MOST_RULES} rules")
        entries = []
    rules = tuple(_rule(entry, number, problems) for number, entry in enumerate(entries, start=1))
    kind = _kind_rule(document.get("kind", {}), problems)
    commands = parse_commands(document.get("commands", {}), problems)
    echoes = parse_settings(document.get("settings", []), problems)
    if problems:
        raise MappingError(problems)
    return MappingTable(rules=rules, kind=kind, commands=commands, echoes=echoes)


def apply_mapping(table: MappingTable, data: Mapping[str, object], f_port: int) -> Mapped:
    """What a codec's data means. Never raises."""
    measurements: dict[str, bool | int | float] = {}
    steps = []
    for rule in table.rules:
        if rule.key in measurements:
            continue
        step = _step(rule, data)
        if step is not None:
            steps.append(step)
            if step.made is not None:
                measurements[rule.key] = step.made
    said: Measurements = measurements  # type: ignore[assignment]
    problems = [f"{step.path}: {step.problem}" for step in steps if step.problem] + faults(said)
    taken = {step.path for step in steps}
    raw = {path: value for path, value in leaves(data) if path not in taken}
    kind = _kind(table.kind, data, f_port)
    return Mapped(kind=kind, measurements=said, raw=raw, steps=tuple(steps), problems=tuple(problems))


def _rule(entry: object, number: int, problems: list[str]) -> Rule:
    def note(problem: str) -> None:
        problems.append(f"rule {number}: {problem}")

    fields = entry if isinstance(entry, dict) else {}
    if not isinstance(entry, dict):
        note("must be an object")
    for unknown in sorted(fields.keys() - _RULE_KEYS):
        note(f"`{unknown}` is not known")
    key = fields.get("key")
    if key not in QUANTITIES:
        note(f"{str(key)[:64]!r} is not a measurement")
    path, values = fields.get("path"), fields.get("values")
    steps = parse_path(path)
    if not steps:
        note("`path` must be a key such as `battery.mV` or `channels[0].state`")
    rule = Rule(
        path=written(steps),
        steps=steps,
        key=str(key),
        scale=_number(fields.get("scale", 1), "scale", note),
        offset=_number(fields.get("offset", 0), "offset", note),
        values=values if isinstance(values, dict) and values else None,
        invert=fields.get("invert", False) is True,
    )
    if key in QUANTITIES:
        for problem in _misfits(rule, fields):
            note(problem)
    return rule


def _misfits(rule: Rule, fields: Mapping[str, object]) -> Iterator[str]:
    """What cannot be asked of this measurement."""
    is_yes_or_no = QUANTITIES[rule.key].kind is bool
    if not isinstance(fields.get("invert", False), bool) or (rule.invert and not is_yes_or_no):
        yield "`invert` is true or false, and only for a measurement that is yes or no"
    if rule.scale == 0:
        yield "`scale` must not be 0"
    if is_yes_or_no and {"scale", "offset"} & fields.keys():
        yield f"{rule.key} is yes or no: it has no scale and no offset"
    if "values" not in fields:
        return
    if rule.values is None:
        yield "`values` must be an object with the vendor's values as keys"
        return
    if rule.invert or {"scale", "offset"} & fields.keys():
        yield "`values` says it all: no scale, offset or invert beside it"
    for value in rule.values.values():
        yield from faults({rule.key: value})  # type: ignore[misc]


def _kind_rule(entry: object, problems: list[str]) -> KindRule:
    fields = entry if isinstance(entry, dict) else {}
    if not isinstance(entry, dict) or fields.keys() - _KIND_KEYS:
        problems.append("kind: an object with `f_port`, or `path` and `values`, and `default`")
    f_port, values = fields.get("f_port", {}), fields.get("values", {})
    steps = parse_path(fields.get("path"))
    if bool(steps) != bool(values):
        problems.append("kind: `path` and `values` belong together")
    ports = {int(port): kind for port, kind in _kinds(f_port, problems) if _is_port(port, problems)}
    return KindRule(
        f_port=ports,
        path=written(steps),
        steps=steps,
        values=dict(_kinds(values, problems)),
        default=next((kind for _, kind in _kinds({"": fields.get("default", "event")}, problems)), Kind.EVENT),
    )


def _kinds(entries: object, problems: list[str]) -> Iterator[tuple[str, Kind]]:
    if not isinstance(entries, dict):
        problems.append("kind: `f_port` and `values` are objects")
        return
    for text, kind in entries.items():
        if kind in set(Kind):
            yield str(text), Kind(kind)
        else:
            problems.append(f"kind: {str(kind)[:64]!r} is none of {', '.join(Kind)}")


def _is_port(text: str, problems: list[str]) -> bool:
    if text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 255:
        return True
    problems.append(f"kind: {text[:64]!r} is no fPort")
    return False


def _number(value: object, name: str, note: Callable[[str], None]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        note(f"`{name}` must be a number")
        return 1.0
    return float(value)


def _step(rule: Rule, data: Mapping[str, object]) -> Step | None:
    """What a rule makes of data; None where the data says nothing of it."""
    found = value_at(data, rule.steps)
    if found is ABSENT or (found is None and not (rule.values and "null" in rule.values)):
        return None
    if isinstance(found, dict | list):
        return Step(path=rule.path, key=rule.key, found=None, problem="is not a single value")
    shown = found if isinstance(found, str | int | float | bool) else None
    try:
        return Step(path=rule.path, key=rule.key, found=shown, made=_made(rule, shown))
    except ValueError as error:
        return Step(path=rule.path, key=rule.key, found=shown, problem=str(error))


def _made(rule: Rule, value: Value) -> bool | int | float:
    if rule.values is not None:
        if (text := key_text(value)) not in rule.values:
            raise ValueError(f"{text[:64]!r} is not among its values")
        return rule.values[text]
    if QUANTITIES[rule.key].kind is bool:
        return _yes_or_no(value) != rule.invert
    number = _read_number(value) * rule.scale + rule.offset
    if not math.isfinite(number):
        raise ValueError("is not finite")
    # Twelve digits: 24 * 0.1 is 2.4, and no sensor knows more.
    return round(number) if QUANTITIES[rule.key].kind is int else float(f"{number:.12g}")


def _yes_or_no(value: Value) -> bool:
    if value in (0, 1) and not isinstance(value, str):
        return bool(value)
    raise ValueError(f"{key_text(value)[:64]!r} is neither yes nor no")


def _read_number(value: Value) -> float:
    """A number, also in a text: JavaScript's `toFixed` gives one."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key_text(value)[:64]!r} is not a number")  # noqa: TRY004
    try:
        return float(value)
    except OverflowError:
        raise ValueError("is too large") from None


def _kind(rule: KindRule, data: Mapping[str, object], f_port: int) -> Kind:
    found = value_at(data, rule.steps) if rule.steps else ABSENT
    if isinstance(found, str | int | float | bool | None):
        return rule.values.get(key_text(found), rule.default)
    return rule.f_port.get(f_port, rule.default)
