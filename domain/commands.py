"""Commands to devices: what one is, and what becomes of it. What a network says only ever moves it forwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol
from uuid import UUID

from domain.ids import DeviceId

LONGEST_LIFETIME = timedelta(days=7)


class CommandState(StrEnum):
    """Where a command is. The values are stored: never reuse one."""

    QUEUED = "queued"
    SENT = "sent"
    TXACK = "txack"
    ACKED = "acked"
    EXPIRED = "expired"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether nothing that anybody says can change it."""
        return self in _FINAL


_FINAL = frozenset({CommandState.ACKED, CommandState.EXPIRED, CommandState.FAILED})


class Word(StrEnum):
    """What is said of a command."""

    SENT = "sent"
    """The broker has it for the network server."""
    TRANSMITTED = "transmitted"
    """A gateway put it on air."""
    ACKNOWLEDGED = "acknowledged"
    """The device says that it came."""
    UNACKNOWLEDGED = "unacknowledged"
    """The device said something else than that it came: it may have come all the same, so this decides nothing."""
    REFUSED = "refused"
    """The network server threw it away."""
    EXPIRED = "expired"
    """Its time is over."""


_LEADS_TO = {
    Word.SENT: CommandState.SENT,
    Word.TRANSMITTED: CommandState.TXACK,
    Word.ACKNOWLEDGED: CommandState.ACKED,
    Word.REFUSED: CommandState.FAILED,
    Word.EXPIRED: CommandState.EXPIRED,
}
_ORDER = {CommandState.QUEUED: 0, CommandState.SENT: 1, CommandState.TXACK: 2}


def after(state: CommandState, word: Word) -> CommandState:
    """The state after this word: never backwards, and never out of a final one."""
    target = _LEADS_TO.get(word, state)
    if state.is_final or _ORDER.get(target, len(_ORDER)) <= _ORDER[state]:
        return state
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One downlink with its story. `command_id` is also the network server's id of it, so that twice is recognised.

    `sent_at`, `txack_at` and `ended_at` are when it got into those states; None where it has not. `detail` is what
    the network said last.
    """

    command_id: UUID
    device_id: DeviceId
    name: str
    parameters: Mapping[str, str]
    f_port: int
    payload: bytes
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    state: CommandState
    sent_at: datetime | None = None
    txack_at: datetime | None = None
    ended_at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a network server says of one of its queue items; `device_id` None where it does not say whose it is."""

    command_id: UUID
    device_id: DeviceId | None
    word: Word
    detail: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of a command: inclusive bounds of a number, or of the UTF-8 octets of a text; None where none are."""

    name: str
    kind: Literal["number", "text", "switch"]
    low: int | None = None
    high: int | None = None
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandKind:
    """What a device of some model can be told."""

    name: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a device said of one of its settings, in the form of the command that sets it, and when."""

    name: str
    parameters: Mapping[str, str]
    said_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a device told of its settings, newest first, and which its model tells at all, by their commands' names."""

    told: Sequence[Reported] = ()
    tells: frozenset[str] = frozenset()


class Agreement(StrEnum):
    """What is known of a setting."""

    SAME = "same"
    """The device reports what it should be."""
    DIFFERS = "differs"
    """It reports something else, after it was told."""
    NOT_YET = "not_yet"
    """It has not reported it since it was told."""
    NEVER = "never"
    """Its model does not report it."""
    NOT_ASKED = "not_asked"
    """It reports it; nobody has asked for anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a device should be set to, and what it reports. None: nobody asked for anything, or it did not report."""

    name: str
    desired: Mapping[str, str] | None
    state: CommandState | None
    asked_at: datetime | None
    reported: Mapping[str, str] | None
    reported_at: datetime | None
    agreement: Agreement


# Settings that there are several of, and which parameters say which one it is.
_PLACES = {"show-text": ("template", "block"), "show-qr-code": ("template",)}


def settings_of(commands: Sequence[Command], telling: Telling) -> list[Setting]:
    """Desired against reported, of commands given newest first: what was asked for last comes first.

    That a device acknowledged a command is no report of its setting: it says that the command came. A command that
    failed was never told to the device, so the one before it stands.
    """
    asked: dict[tuple[str, ...], Command] = {}
    for command in commands:
        if command.parameters and command.state is not CommandState.FAILED:
            asked.setdefault(_which(command.name, command.parameters), command)
    told: dict[tuple[str, ...], Reported] = {}
    for reported in telling.told:
        told.setdefault(_which(reported.name, reported.parameters), reported)
    keys = [*asked, *(key for key in told if key not in asked)]
    return [_setting(key[0], asked.get(key), told.get(key), telling.tells) for key in keys]


def _which(name: str, parameters: Mapping[str, str]) -> tuple[str, ...]:
    return name, *(parameters.get(place, "") for place in _PLACES.get(name, ()))


def _setting(name: str, command: Command | None, reported: Reported | None, tells: frozenset[str]) -> Setting:
    asked_at = (command.sent_at or command.requested_at) if command else None
    if asked_at is None:
        agreement = Agreement.NOT_ASKED
    elif reported is None or reported.said_at < asked_at:
        agreement = Agreement.NOT_YET if name in tells else Agreement.NEVER
    else:
        same = command is not None and dict(command.parameters) == dict(reported.parameters)
        agreement = Agreement.SAME if same else Agreement.DIFFERS
    return Setting(
        name=name,
        desired=command.parameters if command else None,
        state=command.state if command else None,
        asked_at=asked_at,
        reported=reported.parameters if reported else None,
        reported_at=reported.said_at if reported else None,
        agreement=agreement,
    )


class Commands(Protocol):
    """The window through which API and pages command devices; every method may raise StoreUnavailableError."""

    @property
    def can_send(self) -> bool:
        """Whether a network server is set up that takes commands."""
        ...

    async def known(self, device_id: DeviceId) -> tuple[CommandKind, ...] | None:
        """The commands that the device's model takes; None where there is no such device."""
        ...

    async def of_device(self, device_id: DeviceId, *, limit: int) -> list[Command]:
        """Its commands, newest first."""
        ...

    async def telling(self, device_id: DeviceId) -> Telling:
        """What it told of its settings, and which its model tells; nothing where there is no such device."""
        ...

    async def request(
        self, device_id: DeviceId, name: str, parameters: Mapping[str, str], *, by: str, lifetime: timedelta
    ) -> Command:
        """Queue a command.

        Raises:
            UnknownPlaceError: there is no such device.
            CommandRefusedError: the model does not take it, or not with these parameters.
        """
        ...
