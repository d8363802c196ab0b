"""JavaScript codecs (LoRa Alliance TS013): what is kept of one, what it is told, what it was found to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.places import AssetKind
from domain.uplinks import Decoded, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecDraft:
    """A codec as it is uploaded. `mapping` and `examples` are JSON, see devices.mapping and scripting.gate."""

    model: str
    vendor: str
    name: str
    senses: AssetKind
    heartbeat: timedelta
    source: str
    mapping: object
    examples: object

    @property
    def silent_after(self) -> timedelta:
        """How long such a device may be silent before its last word no longer counts: as for built-in models."""
        return self.heartbeat * 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecVersion:
    """One version, kept for ever. `module` and `fresh` are how it runs, as its examples showed."""

    draft: CodecDraft
    version: int
    module: bool
    fresh: bool
    engine: str
    created_at: datetime
    created_by: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecActivation:
    """When a version became the one that reads frames, and by whose hand."""

    model: str
    version: int
    activated_at: datetime
    activated_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleResult:
    """What became of one of a codec's own examples; no difference means that it passed."""

    number: int
    description: str
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the codec did as its example says."""
        return not self.differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What became of an upload: `version` is None where it was refused, for `problems` or failed `examples`."""

    version: int | None
    problems: tuple[str, ...]
    examples: tuple[ExampleResult, ...]
    module: bool = True
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStep:
    """One rule of the mapping at work."""

    path: str
    key: str
    found: str | int | float | bool | None
    made: bool | int | float | None
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a frame would mean, and how that was found; `problems` say why it would be a dead letter."""

    model: str
    version: int
    kind: Kind | None
    measurements: dict[str, object]
    output: object
    trace: tuple[TraceStep, ...]
    warnings: tuple[str, ...]
    console: tuple[str, ...]
    problems: tuple[str, ...]
    fault: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptFrame:
    """What a codec is told of a frame. The script's clock stands at `observed_at`."""

    model: str
    f_port: int
    payload: bytes
    observed_at: datetime


class ScriptedModels(Protocol):
    """The models whose active codec is JavaScript. It runs elsewhere, so that decoding one takes a while."""

    def knows(self, model: str) -> bool:
        """Whether there is such a codec, as of the last refresh."""
        ...

    async def refresh(self) -> None:
        """Learn of new versions; may raise StoreUnavailableError."""
        ...

    async def decode(self, frames: Sequence[ScriptFrame]) -> "list[Decoded | Exception]":
        """What each means, or the ScriptError that says why it means nothing; never raises for a frame."""
        ...


class Codecs(Protocol):
    """The shelf of JavaScript codecs, for those who keep it. Every method may raise StoreUnavailableError."""

    async def all(self) -> list[CodecVersion]:
        """Every version of every codec, by model, newest first."""
        ...

    async def version(self, model: str, version: int | None = None) -> CodecVersion:
        """One version, the active one if not said otherwise; may raise UnknownCodecError."""
        ...

    async def activations(self, model: str) -> list[CodecActivation]:
        """Who made which version the active one, newest first."""
        ...

    async def upload(self, draft: CodecDraft, *, by: str, dry_run: bool = False) -> Upload:
        """Try a codec on its own examples; keep it and make it active if all pass, unless `dry_run`."""
        ...

    async def activate(self, model: str, version: int, *, by: str) -> None:
        """Let an older version read frames again; may raise UnknownCodecError."""
        ...

    async def try_out(self, model: str, version: int | None, *, f_port: int, payload: bytes, at: datetime) -> DryRun:
        """What a frame would mean; keeps nothing. May raise UnknownCodecError."""
        ...
