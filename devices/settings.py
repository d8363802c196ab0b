"""What a device tells of how it is set: from raw fields of a frame to the parameters of the command that sets it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Raw = Mapping[str, object]
Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """One setting that a model tells, by the name of the command that sets it, whether or not the model takes that.

    `read` finds it in the raw fields of a frame, in the form of the command's parameters; nothing where it is not told.
    """

    command: str
    read: Callable[[Raw], Iterable[Parameters]]
    source: str


def interval_echo(field: str, seconds_each: int, source: str) -> Echo:
    """The reporting interval from a raw field of so many seconds each."""

    def read(raw: Raw) -> Iterable[Parameters]:
        count = raw.get(field)
        return [{"seconds": str(count * seconds_each)}] if isinstance(count, int) else []

    return Echo(command="set-reporting-interval", read=read, source=source)


def switch_echo(command: str, field: str, source: str) -> Echo:
    """A switch from a raw field: 0 is off, any other code some way of being on."""

    def read(raw: Raw) -> Iterable[Parameters]:
        return [{"on": "true" if raw[field] else "false"}] if field in raw else []

    return Echo(command=command, read=read, source=source)


def settings_in(echoes: Iterable[Echo], raw: Raw) -> list[tuple[str, Parameters]]:
    """Every setting that these raw fields tell: the command, and its parameters."""
    return [(echo.command, parameters) for echo in echoes for parameters in echo.read(raw)]
