"""Where a value is in the data that a JavaScript codec gives: `battery.mV`, `channels[0].state`."""

import re
from collections.abc import Iterator, Sequence

Value = str | int | float | bool | None
Path = tuple[str | int, ...]

ABSENT = object()
"""What is found where nothing is: `null` is something."""

_MOST_LETTERS = 200
_STEP = re.compile(r"\.?([A-Za-z0-9_$ %°/-]+)|\[(\d{1,4})\]")


def parse_path(path: object) -> Path:
    """A path in its steps; empty where it is none."""
    if not isinstance(path, str) or len(path) > _MOST_LETTERS:
        return ()
    steps: list[str | int] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None or (match[0].startswith(".") == (at == 0) and match[1] is not None):
            return ()
        steps.append(match[1] if match[1] is not None else int(match[2]))
        at = match.end()
    return tuple(steps)


def written(steps: Path) -> str:
    """A path in the one way in which it is written."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def key_text(value: Value) -> str:
    """A value as the key of `values`: `true`, `1`, `null`, or the text itself."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def value_at(data: object, steps: Sequence[str | int]) -> object:
    """What is there, or ABSENT."""
    for step in steps:
        if isinstance(step, int):
            if not isinstance(data, list) or step >= len(data):
                return ABSENT
            data = data[step]
        elif isinstance(data, dict) and step in data:
            data = data[step]
        else:
            return ABSENT
    return data


def leaves(data: object, path: Path = ()) -> Iterator[tuple[str, object]]:
    """Every single value with its path."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from leaves(value, (*path, index))
    else:
        yield written(path), data
