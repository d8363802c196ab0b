"""Commands that an operator may send to a device, and which model takes which of them. Pure: bytes only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from devices.octets import Encoded
from domain.errors import CommandRefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReportingInterval:
    """Report at least every so many seconds."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Reboot:
    """Start anew; the device joins again, and counters that it keeps in memory begin at zero."""


@dataclass(frozen=True, slots=True)
class Recalibrate:
    """Take what is there now for the zero of the scale: fresh air, an empty bay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetIndicator:
    """Let the indicator light speak, or keep it dark."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowText:
    """Write a text into one block of a display's template; both count from 1."""

    template: int
    block: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowQrCode:
    """Write what the QR code of a display's template says; templates count from 1."""

    template: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowTemplate:
    """Show this template of a display; templates count from 1."""

    template: int


@dataclass(frozen=True, slots=True)
class RefreshDisplay:
    """Draw the display anew."""


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """Tell how it is set, in the next frame."""


Command = (
    SetReportingInterval
    | Reboot
    | Recalibrate
    | SetIndicator
    | ShowText
    | ShowQrCode
    | ShowTemplate
    | RefreshDisplay
    | ReportSettings
)

COMMANDS: dict[str, type[Command]] = {
    "set-reporting-interval": SetReportingInterval,
    "reboot": Reboot,
    "recalibrate": Recalibrate,
    "set-indicator": SetIndicator,
    "show-text": ShowText,
    "show-qr-code": ShowQrCode,
    "show-template": ShowTemplate,
    "refresh-display": RefreshDisplay,
    "report-settings": ReportSettings,
}


@dataclass(frozen=True, slots=True)
class Limit:
    """Inclusive bounds of a number, or of the UTF-8 octets of a text; a number counts in steps from `low`."""

    low: int
    high: int
    step: int = 1

    def fault(self, value: int | str) -> str:
        """What is wrong with this value; empty if nothing is."""
        size = len(value.encode()) if isinstance(value, str) else value
        unit = " octets" if isinstance(value, str) else ""
        if not self.low <= size <= self.high:
            return f"not in {self.low}..{self.high}{unit}"
        if (size - self.low) % self.step == 0:
            return ""
        return f"no multiple of {self.step}" if self.low % self.step == 0 else f"not {self.low} and {self.step}s more"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCommand:
    """One command that a model takes, and the limits of its parameters."""

    command: type[Command]
    limits: Mapping[str, Limit] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the command is called outside: set-reporting-interval, reboot, ..."""
        return next(name for name, command in COMMANDS.items() if command is self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Support(KnownCommand):
    """One command that a built-in codec knows, and the bytes for parameters within their limits."""

    encode: Callable[[Any], Encoded]
    source: str


Known = TypeVar("Known", bound=KnownCommand)


def encode_downlink(model: str, commands: tuple[Support, ...], command: Command) -> Encoded:
    """The frame that tells a device of this model to do so.

    Raises:
        CommandRefusedError: the model does not take it, or not with these parameters.
    """
    return known_command(model, commands, command).encode(command)


def known_command(model: str, commands: tuple[Known, ...], command: Command) -> Known:
    """How this model takes a command, whose parameters are within their limits.

    Raises:
        CommandRefusedError: the model does not take it, or not with these parameters.
    """
    known = next((one for one in commands if one.command is type(command)), None)
    if known is None:
        taken = ", ".join(one.name for one in commands) or "none"
        raise CommandRefusedError(model, _name(command), f"the model does not take it; it takes {taken}")
    for parameter in fields(command):
        value = getattr(command, parameter.name)
        if fault := _fault(value, parameter.type, known.limits.get(parameter.name)):
            raise CommandRefusedError(model, known.name, f"{parameter.name} is {fault}")
    return known


def _fault(value: object, kind: object, limit: Limit | None) -> str:
    assert isinstance(kind, type)
    if type(value) is not kind:
        return f"not {kind.__name__}"
    if isinstance(value, str) and not value.isprintable():
        return "not printable"
    return limit.fault(value) if limit and isinstance(value, int | str) else ""


def _name(command: Command) -> str:
    return next(name for name, known in COMMANDS.items() if known is type(command))


def parse_command(name: str, parameters: Mapping[str, str]) -> Command:
    """The command of this name with these parameters, given as text.

    Raises:
        ValueError: no such command, a parameter missing, unknown, or of another type.
    """
    if name not in COMMANDS:
        raise ValueError(f"no command {name[:40]!r}; there are {', '.join(COMMANDS)}")
    command: Callable[..., Command] = COMMANDS[name]
    kinds = {parameter.name: parameter.type for parameter in fields(COMMANDS[name])}
    if wrong := kinds.keys() ^ parameters.keys():
        raise ValueError(f"{name} needs {', '.join(kinds) or 'no parameter'}; wrong: {', '.join(sorted(wrong))}")
    return command(**{key: _parsed(parameters[key], kind) for key, kind in kinds.items()})


def parameters_of(command: Command) -> dict[str, str]:
    """The parameters of a command as text, each value in one way only: what `parse_command` reads."""
    values = {parameter.name: getattr(command, parameter.name) for parameter in fields(command)}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no whole number" if text else "a whole number is needed") from None


def _parsed(text: str, kind: object) -> object:
    if kind is str:
        return text
    if kind is int:
        return _whole(text)
    if text not in {"true", "false"}:
        raise ValueError(f"{text[:40]!r} is neither true nor false")
    return text == "true"
