"""Everything that can go wrong on purpose; each error carries its data and is translated once per boundary."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class SmartPlaceError(Exception):
    """An expected failure: a person can act on its message."""


class InvalidIdError(SmartPlaceError):
    """A text that should name a device or a place does not."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{text[:80]!r} is not a valid {kind}")
        self.kind = kind
        self.text = text


class DecodeError(SmartPlaceError):
    """Payload bytes that are not a frame of this device model."""

    def __init__(self, model: str, f_port: int, payload: bytes, reason: str) -> None:
        super().__init__(f"{model}: fPort {f_port}, {len(payload)} bytes: {reason}")
        self.model = model
        self.f_port = f_port
        self.payload = payload
        self.reason = reason


class ScriptFault(StrEnum):
    """Why a JavaScript codec gave no measurements. The values are part of what the API says."""

    TIMEOUT = "timeout"
    MEMORY = "memory"
    STACK = "stack"
    OUTPUT = "output"
    EXCEPTION = "exception"
    SHAPE = "shape"
    LOAD = "load"
    REFUSED = "refused"
    MAPPING = "mapping"
    WORKER = "worker"
    SUSPENDED = "suspended"


EXHAUSTED = frozenset(
    {ScriptFault.TIMEOUT, ScriptFault.MEMORY, ScriptFault.STACK, ScriptFault.WORKER, ScriptFault.SUSPENDED}
)
"""Faults that say nothing of the frame: the codec used up what it may, or could not run at all."""


class ScriptError(DecodeError):
    """A frame that a JavaScript codec could not read; `line` of its source, where that is known."""

    def __init__(
        self, model: str, f_port: int, payload: bytes, fault: ScriptFault, detail: str, line: int | None = None
    ) -> None:
        where = f" (line {line})" if line is not None else ""
        super().__init__(model, f_port, payload, f"{fault}: {detail}{where}")
        self.fault = fault
        self.detail = detail
        self.line = line


class MappingError(SmartPlaceError):
    """A mapping that cannot be used; `problems` has one sentence for each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems[:5]) + ("; ..." if len(problems) > 5 else ""))
        self.problems = problems


class UnknownCodecError(SmartPlaceError):
    """There is no JavaScript codec of this model, or no such version of it."""

    def __init__(self, model: str, version: int | None = None) -> None:
        which = f" version {version}" if version is not None else ""
        super().__init__(f"there is no JavaScript codec {model[:80]!r}{which}")
        self.model = model
        self.version = version


class UnknownModelError(SmartPlaceError):
    """No codec goes by this model key."""

    def __init__(self, model: str) -> None:
        super().__init__(f"no device model {model!r}; `smartplace decode --list` names them all")
        self.model = model


class CommandRefusedError(SmartPlaceError):
    """A downlink that a device model does not take, or not with these parameters."""

    def __init__(self, model: str, command: str, reason: str) -> None:
        super().__init__(f"{model}: {command}: {reason}")
        self.model = model
        self.command = command
        self.reason = reason


class Reason(StrEnum):
    """Why a frame went to the dead letters. The values are stored and counted: never reuse one."""

    TOO_LARGE = "too_large"
    RETAINED = "retained"
    UNKNOWN_TOPIC = "unknown_topic"
    NOT_JSON = "not_json"
    WRONG_SHAPE = "wrong_shape"
    CHIRPSTACK_V3 = "chirpstack_v3"
    ENCRYPTED = "encrypted"
    SIMULATED = "simulated"
    IDENTITY_MISMATCH = "identity_mismatch"
    UNKNOWN_DEVICE = "unknown_device"
    UNKNOWN_MODEL = "unknown_model"
    UNDECODABLE = "undecodable"
    REFUSED_BY_STORE = "refused_by_store"
    FLOOD = "flood"
    CODEC_FAILED = "codec_failed"
    DEADLY = "deadly"


MENDABLE = frozenset({Reason.UNDECODABLE, Reason.UNKNOWN_DEVICE, Reason.UNKNOWN_MODEL, Reason.CODEC_FAILED})
"""Reasons that end when the register or a codec is mended."""


class RejectedFrameError(SmartPlaceError):
    """A message that cannot become an uplink; kept as a dead letter with its raw bytes."""

    def __init__(self, reason: Reason, detail: str, *, device_id: str | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.device_id = device_id


class UnknownPlaceError(SmartPlaceError):
    """No site, bay, bench or sign goes by this id."""

    def __init__(self, kind: str, place_id: str) -> None:
        super().__init__(f"there is no {kind} {place_id[:80]!r}")
        self.kind = kind
        self.place_id = place_id


class InvalidQuestionError(SmartPlaceError):
    """A question about the past that cannot be asked so; names the parameter at fault."""

    def __init__(self, parameter: str, fault: str) -> None:
        super().__init__(f"{parameter}: {fault}")
        self.parameter = parameter
        self.fault = fault


class UnknownAlarmError(SmartPlaceError):
    """No alarm goes by this number."""

    def __init__(self, alarm_id: int) -> None:
        super().__init__(f"there is no alarm {alarm_id}")
        self.alarm_id = alarm_id


class UnknownMessageError(SmartPlaceError):
    """No message goes by this id."""

    def __init__(self, message_id: str) -> None:
        super().__init__(f"there is no message {message_id[:80]!r}")
        self.message_id = message_id


class MessageRefusedError(SmartPlaceError):
    """A message that signs will not be told; `problems` has every reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems[:10]) + ("; ..." if len(problems) > 10 else ""))
        self.problems = problems


class PlacesFileError(SmartPlaceError):
    """A places file that cannot be loaded; `problems` has one sentence for each fault."""

    def __init__(self, source: str, problems: list[str]) -> None:
        super().__init__(f"{source}: " + "; ".join(problems[:5]) + ("; ..." if len(problems) > 5 else ""))
        self.source = source
        self.problems = problems


class BoardRefusedError(SmartPlaceError):
    """A board that no sign can have; `problems` has one sentence for each fault."""

    def __init__(self, sign_id: str, problems: Sequence[str]) -> None:
        super().__init__(f"{sign_id}: " + "; ".join(problems[:5]) + ("; ..." if len(problems) > 5 else ""))
        self.sign_id = sign_id
        self.problems = tuple(problems)


class BoardChangedError(SmartPlaceError):
    """Somebody else changed the board meanwhile, so that nothing was changed now; `version` is what it is at."""

    def __init__(self, sign_id: str, version: int) -> None:
        super().__init__(f"the board of {sign_id} was changed meanwhile: it is at version {version}")
        self.sign_id = sign_id
        self.version = version


class RegisterRefusedError(SmartPlaceError):
    """A change of the register that cannot be made, so that nothing of it was; `problems` has every reason."""

    def __init__(self, problems: Sequence["RegisterProblem"]) -> None:
        first = "; ".join(str(problem) for problem in problems[:5])
        super().__init__(first + ("; ..." if len(problems) > 5 else ""))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterProblem:
    """One reason. `line` counts the lines of a file from 1, None where it is not about a line of a file."""

    message: str
    line: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        where = [f"line {self.line}"] if self.line is not None else []
        where += [self.column] if self.column else []
        return ": ".join([*where, self.message])


class MigrationError(SmartPlaceError):
    """The database cannot be brought to this version of the schema."""


class StoreUnavailableError(SmartPlaceError):
    """The database does not answer; nothing is lost, try again."""


class StoreContendedError(StoreUnavailableError):
    """Somebody else changed the same rows at the same time: nothing was kept, and trying again helps at once."""


class StoreRefusedError(SmartPlaceError):
    """The database refuses these rows whatever happens: they are at fault, not the connection."""


class SessionTakenOverError(SmartPlaceError):
    """Somebody else uses our client id at the broker: one of the two must go, or each throws the other out for ever."""

    def __init__(self, client_id: str) -> None:
        super().__init__(f"another client uses the client id {client_id!r}: give each worker its own")
        self.client_id = client_id


class CommandError(SmartPlaceError):
    """A command cannot do what was asked; `log_tail` has the last lines of the log that tells why."""

    def __init__(self, message: str, *, log_tail: str = "") -> None:
        super().__init__(message)
        self.log_tail = log_tail
