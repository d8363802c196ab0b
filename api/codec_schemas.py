"""What the API says of JavaScript codecs, and what it is told."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.schemas import Time
from domain.codec_scripts import CodecActivation, CodecDraft, CodecVersion, DryRun, ExampleResult, Upload
from domain.places import AssetKind

Octets = Annotated[str, Field(pattern="^([0-9A-Fa-f]{2})*$", max_length=512, examples=["01ff"])]
FPort = Annotated[int, Field(ge=0, le=255)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewCodec(_Asked):
    """A codec to be tried and kept. Its own examples are the test that it must pass."""

    vendor: str
    name: str
    senses: Literal["bay", "bench", "area", "gate"]
    heartbeat_minutes: int = Field(ge=1, le=44_640, description="How often the device speaks by itself.")
    source: str = Field(description="JavaScript with `decodeUplink(input)`, as TS013 of the LoRa Alliance has it.")
    mapping: JsonValue = Field(description="Which of the vendor's keys mean what; see docs/javascript-codecs.md.")
    examples: JsonValue = Field(description="TS013 examples: type, description, input, output.")

    def draft(self, model: str) -> CodecDraft:
        """As the shelf takes it."""
        return CodecDraft(
            model=model,
            vendor=self.vendor,
            name=self.name,
            senses=AssetKind(self.senses),
            heartbeat=timedelta(minutes=self.heartbeat_minutes),
            source=self.source,
            mapping=self.mapping,
            examples=self.examples,
        )


class Choice(_Asked):
    """The version that is to read frames."""

    version: int = Field(ge=1, le=32_767)


class FrameToTry(_Asked):
    """A frame that nobody sent. `time` is where the codec's clock stands; the present if not given."""

    f_port: FPort
    payload: Octets
    version: int | None = Field(None, ge=1, le=32_767, description="The active one if not given.")
    time: Annotated[str, Field(examples=["2026-11-21T09:30:00Z"])] | None = None


class TriedExample(BaseModel):
    """What became of one example."""

    number: int
    description: str
    passed: bool
    differences: list[str]

    @classmethod
    def of(cls, result: ExampleResult) -> Self:
        """The wire form."""
        return cls(
            number=result.number,
            description=result.description,
            passed=result.passed,
            differences=[*result.differences],
        )


class UploadAnswer(BaseModel):
    """What became of an upload."""

    version: int | None = Field(description="The version that reads frames now; null for a dry run.")
    module: bool = Field(description="Runs as an ES module, as ChirpStack 4 would run it; else as a plain script.")
    fresh: bool = Field(description="Remembers earlier frames, and is therefore run in a new context for each.")
    examples: list[TriedExample]

    @classmethod
    def of(cls, upload: Upload) -> Self:
        """The wire form."""
        examples = [TriedExample.of(result) for result in upload.examples]
        return cls(version=upload.version, module=upload.module, fresh=upload.fresh, examples=examples)


class CodecSummary(BaseModel):
    """A version of a codec, without its source."""

    model: str
    version: int
    active: bool
    vendor: str
    name: str
    senses: AssetKind
    heartbeat_minutes: int
    module: bool
    fresh: bool
    engine: str
    created_at: Time
    created_by: str

    @classmethod
    def of(cls, codec: CodecVersion) -> Self:
        """The wire form."""
        return cls(**cls.fields(codec))

    @staticmethod
    def fields(codec: CodecVersion) -> dict[str, object]:
        """Its values by name."""
        draft = codec.draft
        return {
            "model": draft.model,
            "version": codec.version,
            "active": codec.is_active,
            "vendor": draft.vendor,
            "name": draft.name,
            "senses": draft.senses,
            "heartbeat_minutes": int(draft.heartbeat.total_seconds() // 60),
            "module": codec.module,
            "fresh": codec.fresh,
            "engine": codec.engine,
            "created_at": codec.created_at,
            "created_by": codec.created_by,
        }


class CodecAnswer(CodecSummary):
    """A version of a codec, as it was uploaded."""

    source: str
    mapping: JsonValue
    examples: JsonValue

    @classmethod
    def of(cls, codec: CodecVersion) -> Self:
        """The wire form."""
        draft = codec.draft
        more = {"source": draft.source, "mapping": draft.mapping, "examples": draft.examples}
        return cls.model_validate({**cls.fields(codec), **more})


class CodecList(BaseModel):
    """Every version of every codec, by model, newest first."""

    codecs: list[CodecSummary]


class Activation(BaseModel):
    """When a version became the one that reads frames, and by whose hand."""

    version: int
    activated_at: Time
    activated_by: str


class CodecHistory(BaseModel):
    """One codec: its versions and its activations, newest first."""

    versions: list[CodecSummary]
    activations: list[Activation]

    @classmethod
    def of(cls, versions: list[CodecVersion], activations: list[CodecActivation]) -> Self:
        """The wire form."""
        return cls(
            versions=[CodecSummary.of(version) for version in versions],
            activations=[
                Activation(version=item.version, activated_at=item.activated_at, activated_by=item.activated_by)
                for item in activations
            ],
        )


class TraceLine(BaseModel):
    """One rule of the mapping at work: what it found, and what it made of it or why it could not."""

    path: str
    key: str
    found: str | int | float | bool | None
    made: bool | int | float | None
    problem: str


class TriedFrame(BaseModel):
    """What a frame would mean. With `problems` it would be a dead letter."""

    model: str
    version: int
    kind: str | None
    measurements: dict[str, bool | int | float]
    output: JsonValue = Field(description="What the codec returned.")
    trace: list[TraceLine]
    warnings: list[str]
    console: list[str]
    problems: list[str]
    fault: str | None
    line: int | None = Field(description="Of the source, where that is known.")

    @classmethod
    def of(cls, run: DryRun) -> Self:
        """The wire form."""
        trace = [
            {"path": step.path, "key": step.key, "found": step.found, "made": step.made, "problem": step.problem}
            for step in run.trace
        ]
        return cls.model_validate(
            {
                "model": run.model,
                "version": run.version,
                "kind": run.kind,
                "measurements": run.measurements,
                "output": run.output,
                "trace": trace,
                "warnings": [*run.warnings],
                "console": [*run.console],
                "problems": [*run.problems],
                "fault": run.fault,
                "line": run.line,
            }
        )
