"""Commands of a device with a JavaScript codec, and what it tells of its settings: the rest of its mapping.

    {"commands": {
       "set-reporting-interval": {
         "data": {"interval_min": "$seconds"},
         "parameters": {"seconds": {"low": 60, "high": 86400, "unit": 60}}},
       "set-indicator": {
         "data": {"led": "$on"}, "parameters": {"on": {"values": {"true": "ON", "false": "OFF"}}}},
       "reboot": {"data": {"reboot": 1}}},
     "settings": [
       {"command": "set-reporting-interval", "path": "interval_min", "unit": 60},
       {"command": "set-indicator", "path": "led", "values": {"ON": true, "OFF": false}}]}

`data` is what the codec's `encodeDownlink` is given; a text in it that is `$` and the name of a parameter stands for
its value. A number counts units of ours, of which the codec's has one: `unit` 60 makes minutes of seconds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields

from devices.data_paths import key_text, parse_path, written
from devices.downlinks import COMMANDS, Command, KnownCommand, Limit, parameters_of
from devices.settings import Echo, Parameters, Raw

_LARGEST = 2**31 - 1
_MOST_DEPTH = 8
_COMMAND_KEYS = {"data", "parameters"}
_PARAMETER_KEYS: Mapping[object, set[str]] = {
    int: {"low", "high", "unit"},
    str: {"low", "high"},
    bool: {"values"},
}
_SETTING_KEYS: Mapping[object, set[str]] = {int: {"command", "path", "unit"}, bool: {"command", "path", "values"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedCommand(KnownCommand):
    """A command and the template of what the codec is given for it.

    `units` has what a number is divided by, `words` what is said for yes and no, both by parameter.
    """

    data: Mapping[str, object]
    units: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def data_of(self, command: Command) -> dict[str, object]:
        """What `encodeDownlink` is given for this command, whose parameters are within their limits."""
        values = {f"${name}": self._said(name, getattr(command, name)) for name in parameters_of(command)}
        filled = _filled(self.data, values)
        assert isinstance(filled, dict)
        return filled

    def _said(self, name: str, value: object) -> object:
        if isinstance(value, bool):
            return self.words[name][key_text(value)] if name in self.words else value
        return value // self.units[name] if isinstance(value, int) and name in self.units else value


def _filled(template: object, values: Mapping[str, object]) -> object:
    if isinstance(template, dict):
        return {key: _filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, values) for value in template]
    return values.get(template, template) if isinstance(template, str) else template


def parse_commands(document: object, problems: list[str]) -> tuple[ScriptedCommand, ...]:
    """The commands of a mapping; every fault is added to `problems`."""
    if not isinstance(document, dict):
        problems.append("commands: an object with a command's name as each key")
        return ()
    return tuple(
        command for name, entry in document.items() if (command := _command(name, entry, problems)) is not None
    )


def _command(name: str, entry: object, problems: list[str]) -> ScriptedCommand | None:
    faults = [*_command_faults(name, entry)]
    problems += [f"commands.{name[:40]}: {fault}" for fault in faults]
    if faults:
        return None
    assert isinstance(entry, dict)
    rules = {key: _Rule.of(kind, entry.get("parameters", {}).get(key, {})) for key, kind in _kinds(name).items()}
    return ScriptedCommand(
        command=COMMANDS[name],
        limits={key: rule.limit for key, rule in rules.items() if rule.limit is not None},
        data=entry["data"],
        units={key: rule.limit.step for key, rule in rules.items() if rule.limit is not None},
        words={key: rule.words for key, rule in rules.items() if rule.words},
    )


def _command_faults(name: str, entry: object) -> Iterator[str]:
    if name not in COMMANDS:
        yield f"is no command; there are {', '.join(COMMANDS)}"
        return
    kinds = _kinds(name)
    if not isinstance(entry, dict) or not isinstance(entry.get("data"), dict) or entry.keys() - _COMMAND_KEYS:
        yield "an object with `data`, and `parameters` where it has any"
        return
    given = entry.get("parameters", {})
    if not isinstance(given, dict) or given.keys() - kinds.keys():
        yield f"`parameters` may have {', '.join(kinds) or 'none'}"
        return
    yield from _template_faults(entry["data"], kinds)
    for key, kind in kinds.items():
        if fault := _Rule.of(kind, given.get(key, {})).fault:
            yield f"parameters.{key}: {fault}"


def _kinds(name: str) -> dict[str, object]:
    return {parameter.name: parameter.type for parameter in fields(COMMANDS[name])}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """How one parameter is written; with a `fault` it cannot be."""

    limit: Limit | None = None
    words: Mapping[str, object] = field(default_factory=dict)
    fault: str = ""

    @classmethod
    def of(cls, kind: object, entry: object) -> "_Rule":
        known = _PARAMETER_KEYS[kind]
        if not isinstance(entry, dict) or entry.keys() - known:
            return cls(fault=f"an object with {', '.join(sorted(known))}")
        if kind is bool:
            words = entry.get("values", {})
            if words and (not isinstance(words, dict) or words.keys() != {"true", "false"}):
                return cls(fault='`values` has "true" and "false"')
            return cls(words=words)
        low, high, unit = (_whole(entry.get(key, usual)) for key, usual in (("low", None), ("high", None), ("unit", 1)))
        if low is None or high is None or low > high:
            return cls(fault="whole numbers `low` and `high` are needed, in this order")
        if unit is None or unit < 1 or low % unit:
            return cls(fault="`unit` is a whole number from 1 on, of which `low` is a multiple")
        return cls(limit=Limit(low, high, unit))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST else None


def _template_faults(data: object, kinds: Mapping[str, object]) -> Iterator[str]:
    texts = [*_texts(data, _MOST_DEPTH)]
    named = {text[1:] for text in texts if text is not None and text.startswith("$")}
    if None in texts:
        yield f"`data` is nested deeper than {_MOST_DEPTH}"
    yield from (f"`data` says ${name[:40]}, which is no parameter of it" for name in sorted(named - kinds.keys()))
    yield from (f"`data` says nothing of ${name}" for name in sorted(kinds.keys() - named))


def _texts(data: object, depth: int) -> Iterator[str | None]:
    """Every text in a template; None where it is too deep."""
    if isinstance(data, dict | list):
        if not depth:
            yield None
            return
        for value in data.values() if isinstance(data, dict) else data:
            yield from _texts(value, depth - 1)
    elif isinstance(data, str):
        yield data


def parse_settings(document: object, problems: list[str]) -> tuple[Echo, ...]:
    """What a mapping says of settings that are told; every fault is added to `problems`."""
    if not isinstance(document, list) or len(document) > len(COMMANDS):
        problems.append(f"settings: a list of at most {len(COMMANDS)} rules")
        return ()
    echoes = [_echo(number, entry, problems) for number, entry in enumerate(document, start=1)]
    return tuple(echo for echo in echoes if echo is not None)


def _echo(number: int, entry: object, problems: list[str]) -> Echo | None:
    def note(problem: str) -> None:
        problems.append(f"setting {number}: {problem}")

    rule = entry if isinstance(entry, dict) else {}
    name = rule.get("command")
    parameters = fields(COMMANDS[name]) if isinstance(name, str) and name in COMMANDS else ()
    if len(parameters) != 1 or parameters[0].type not in _SETTING_KEYS:
        note("`command` must be one with a single number or switch, such as set-reporting-interval")
        return None
    (parameter,) = parameters
    steps = parse_path(rule.get("path"))
    unit, values = _whole(rule.get("unit", 1)), rule.get("values")
    if rule.keys() - _SETTING_KEYS[parameter.type] or not steps:
        note(f"an object with {', '.join(sorted(_SETTING_KEYS[parameter.type]))}")
    elif unit is None or unit < 1:
        note("`unit` is a whole number from 1 on")
    elif values is not None and not (
        isinstance(values, dict) and all(isinstance(one, bool) for one in values.values())
    ):
        note("`values` has true or false for each of the maker's words")
    else:
        is_switch, path = parameter.type is bool, written(steps)
        read = (
            _switch_reader(parameter.name, path, values or {})
            if is_switch
            else _number_reader(parameter.name, path, unit)
        )
        return Echo(command=str(name), read=read, source="the mapping of its codec")
    return None


def _number_reader(name: str, path: str, unit: int) -> Callable[[Raw], Iterable[Parameters]]:
    """Finds a number in what no rule of the measurements took; what is no whole number of ours tells nothing."""

    def read(raw: Raw) -> Iterable[Parameters]:
        value = raw.get(path)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
            return []
        return [{name: str(int(value * unit))}] if float(value * unit).is_integer() else []

    return read


def _switch_reader(name: str, path: str, words: Mapping[str, bool]) -> Callable[[Raw], Iterable[Parameters]]:
    """Finds yes or no, in the maker's words where there are any; another word tells nothing."""

    def read(raw: Raw) -> Iterable[Parameters]:
        value = raw.get(path)
        told = words.get(key_text(value)) if words and isinstance(value, str | int | float) else value
        return [{name: key_text(told)}] if isinstance(told, bool) else []

    return read
