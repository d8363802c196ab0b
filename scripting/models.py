"""Frames read by the active JavaScript codecs, and commands written: call, shape, mapping, range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from devices.downlinks import Command, known_command
from devices.mapping import MappingTable, apply_mapping, parse_mapping
from devices.octets import Encoded
from domain.codec_scripts import CodecVersion, DryRun, ScriptFrame, TraceStep
from domain.errors import CommandRefusedError, ScriptError, ScriptFault
from domain.uplinks import Decoded
from scripting.calls import DECODE, ENCODE, Call, Failed, Outcome, Script, encoded, uplink_input
from scripting.runner import ScriptRunner


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedModel:
    """A version of a codec, ready to be called."""

    key: str
    version: int
    script: Script
    table: MappingTable

    @classmethod
    def of(cls, version: CodecVersion) -> "ScriptedModel":
        """From what is kept; may raise MappingError."""
        script = Script(source=version.draft.source, module=version.module, fresh=version.fresh)
        return cls(
            key=version.draft.model,
            version=version.version,
            script=script,
            table=parse_mapping(version.draft.mapping),
        )

    def call(self, f_port: int, payload: bytes, at: datetime) -> Call:
        """How to ask what a frame means."""
        at_ms = int(at.timestamp() * 1000)
        return Call(script=self.script, function=DECODE, input=uplink_input(f_port, payload, at_ms), at_ms=at_ms)


async def decode_frames(
    runner: ScriptRunner, models: Mapping[str, ScriptedModel], frames: Sequence[ScriptFrame]
) -> list[Decoded | Exception]:
    """What each frame means, or a ScriptError; `models` has the model of every frame."""
    calls = [models[frame.model].call(frame.f_port, frame.payload, frame.observed_at) for frame in frames]
    outcomes = await runner.run(calls)
    return [_decoded(models[frame.model], frame, outcome) for frame, outcome in zip(frames, outcomes, strict=True)]


def _decoded(model: ScriptedModel, frame: ScriptFrame, outcome: Outcome) -> Decoded | Exception:
    if isinstance(outcome, Failed):
        return ScriptError(model.key, frame.f_port, frame.payload, outcome.fault, outcome.detail, outcome.line)
    data = outcome.value["data"]
    assert isinstance(data, dict)
    mapped = apply_mapping(model.table, data, frame.f_port)
    if mapped.problems:
        return ScriptError(
            model.key, frame.f_port, frame.payload, ScriptFault.MAPPING, "; ".join(mapped.problems)[:1000]
        )
    return Decoded(
        model=model.key,
        codec_version=model.version,
        kind=mapped.kind,
        measurements=mapped.measurements,
        raw=mapped.raw,
    )


async def encode_command(runner: ScriptRunner, model: ScriptedModel, command: Command, *, at: datetime) -> Encoded:
    """The frame that tells a device to do so.

    Raises:
        CommandRefusedError: the model does not take it, not with these parameters, or its codec gives no frame.
    """
    known = known_command(model.key, model.table.commands, command)
    given = {"data": known.data_of(command)}
    call = Call(script=model.script, function=ENCODE, input=given, at_ms=int(at.timestamp() * 1000))
    (outcome,) = await runner.run([call])
    if isinstance(outcome, Failed):
        raise CommandRefusedError(model.key, known.name, f"its codec gives no frame: {outcome.fault}: {outcome.detail}")
    try:
        return encoded(outcome.value)
    except ValueError as error:
        raise CommandRefusedError(model.key, known.name, f"its codec gives no frame: {error}") from error


async def try_out(runner: ScriptRunner, model: ScriptedModel, *, f_port: int, payload: bytes, at: datetime) -> DryRun:
    """What a frame would mean, with everything that was seen on the way."""
    (outcome,) = await runner.run([model.call(f_port, payload, at)])
    if isinstance(outcome, Failed):
        return DryRun(
            model=model.key,
            version=model.version,
            kind=None,
            measurements={},
            output=None,
            trace=(),
            warnings=(),
            console=outcome.console,
            problems=(f"{outcome.fault}: {outcome.detail}",),
            fault=outcome.fault.value,
            line=outcome.line,
        )
    data = outcome.value["data"]
    assert isinstance(data, dict)
    mapped = apply_mapping(model.table, data, f_port)
    trace = tuple(
        TraceStep(path=step.path, key=step.key, found=step.found, made=step.made, problem=step.problem)
        for step in mapped.steps
    )
    return DryRun(
        model=model.key,
        version=model.version,
        kind=mapped.kind,
        measurements={**mapped.measurements},
        output=outcome.value,
        trace=trace,
        warnings=outcome.warnings,
        console=outcome.console,
        problems=mapped.problems,
        fault=ScriptFault.MAPPING.value if mapped.problems else None,
    )
