"""`smartplace codec`: JavaScript codecs, uploaded, listed, tried. Heavy imports live inside the commands."""

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from domain.codec_scripts import CodecDraft, CodecVersion, DryRun, Upload
from domain.errors import CommandError, UnknownCodecError
from domain.places import AssetKind
from domain.times import rfc3339
from smartplace.codec_folder import read_json, read_text
from smartplace.environment import settings_of_command

if TYPE_CHECKING:
    from smartplace.codecs import CodecShelf

T = TypeVar("T")

app = typer.Typer(
    help="JavaScript codecs (LoRa Alliance TS013) for models that have none built in.", no_args_is_help=True
)

Model = Annotated[str, typer.Argument(help="Device model, such as acme-bay.")]


@app.command()
def upload(
    model: Model,
    *,
    source: Annotated[Path, typer.Option(help="JavaScript with decodeUplink.", exists=True, dir_okay=False)],
    mapping: Annotated[Path, typer.Option(help="JSON: which keys mean what.", exists=True, dir_okay=False)],
    examples: Annotated[Path, typer.Option(help="JSON: the codec's own examples.", exists=True, dir_okay=False)],
    vendor: Annotated[str, typer.Option(help="Who makes the device.")],
    name: Annotated[str, typer.Option(help="What they call it.")],
    senses: Annotated[AssetKind, typer.Option(help="What it watches.")],
    heartbeat: Annotated[int, typer.Option(help="Minutes between its regular frames.", min=1, max=44_640)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only try it.")] = False,
) -> None:
    """Try a codec on its own examples; if all pass, it reads the frames of its model from now on."""
    draft = CodecDraft(
        model=model,
        vendor=vendor,
        name=name,
        senses=senses,
        heartbeat=timedelta(minutes=heartbeat),
        source=read_text(source),
        mapping=read_json(mapping),
        examples=read_json(examples),
    )
    told = _run(lambda shelf: shelf.upload(draft, by=_who(), dry_run=dry_run))
    for line in upload_lines(told):
        typer.echo(line)
    if told.problems or not all(result.passed for result in told.examples):
        raise CommandError(f"{model} was refused, nothing was changed")
    typer.echo(
        "nothing was changed (--dry-run)" if told.version is None else f"{model} version {told.version} is active"
    )


@app.command("list")
def list_(*, as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Every version of every codec, newest first."""
    found = _run(lambda shelf: shelf.all())
    if as_json:
        typer.echo(json.dumps({"codecs": [_document(version) for version in found]}))
        return
    for version in found:
        state = "active" if version.is_active else ""
        draft = version.draft
        made = f"{version.created_at:%Y-%m-%d}"
        typer.echo(f"{draft.model:28} {version.version:3}  {state:6}  {made}  {draft.vendor} {draft.name}")


@app.command()
def show(
    model: Model,
    *,
    version: Annotated[int | None, typer.Option(help="The active one if not given.", min=1, max=32_767)] = None,
) -> None:
    """The source of a codec."""
    typer.echo(_run(lambda shelf: shelf.version(model, version)).draft.source)


@app.command()
def activate(
    model: Model, version: Annotated[int, typer.Argument(help="Which one is to read frames.", min=1, max=32_767)]
) -> None:
    """Let another version read frames from now on; `smartplace replay` tells history anew."""
    _run(lambda shelf: shelf.activate(model, version, by=_who()))
    typer.echo(f"{model} version {version} is active")


@app.command("try")
def try_(
    model: Model,
    f_port: Annotated[int, typer.Argument(help="LoRaWAN port, 0 to 255.", min=0, max=255)],
    payload: Annotated[str, typer.Argument(metavar="HEX", help="Payload bytes in hexadecimal.")],
    *,
    version: Annotated[int | None, typer.Option(help="The active one if not given.", min=1, max=32_767)] = None,
) -> None:
    """What a frame would mean, with everything that was seen on the way. Keeps nothing."""
    from smartplace.clock import utc_now

    try:
        octets = bytes.fromhex(payload)
    except ValueError:
        raise typer.BadParameter(f"{payload[:40]!r} is not hexadecimal") from None
    told = _run(lambda shelf: shelf.try_out(model, version, f_port=f_port, payload=octets, at=utc_now()))
    for line in _try_lines(told):
        typer.echo(line)
    if told.problems:
        raise CommandError("; ".join(told.problems))


@app.command()
def encode(
    model: Model,
    command: Annotated[str, typer.Argument(help="What to do, such as set-reporting-interval.")],
    *,
    param: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of the command.")] = None,
) -> None:
    """The bytes that the active codec writes for a command. Sends nothing; docs/commands.md says how to."""
    from devices.downlinks import parse_command

    try:
        wanted = parse_command(command, dict(map(name_and_value, param or ())))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None

    async def written(shelf: "CodecShelf") -> str:
        talker = await shelf.talker(model)
        if talker is None:
            raise UnknownCodecError(model)
        encoded = await talker.encode(wanted)
        return f"fPort {encoded.f_port}: {encoded.payload.hex()}"

    typer.echo(_run(written))


def name_and_value(text: str) -> tuple[str, str]:
    """`NAME=VALUE` in two; raises ValueError."""
    name, separator, value = text.partition("=")
    if not separator:
        raise ValueError(f"{text[:40]!r} is not NAME=VALUE")
    return name, value


def _run(action: "Callable[[CodecShelf], Awaitable[T]]") -> T:
    from smartplace.clock import utc_now
    from smartplace.codecs import open_shelf
    from store.pool import open_pool

    conninfo = settings_of_command().database_url.get_secret_value()

    async def run() -> T:
        async with open_pool(conninfo, size=1) as pool, open_shelf(pool, now=utc_now) as shelf:
            return await action(shelf)

    return asyncio.run(run())


def _who() -> str:
    try:
        return f"command line ({getpass.getuser()})"
    except (OSError, KeyError):
        return "command line"


def upload_lines(told: Upload) -> list[str]:
    """What became of an upload, for people."""
    lines = [f"  {problem}" for problem in told.problems]
    for result in told.examples:
        lines.append(f"  {'passed' if result.passed else 'FAILED'}  {result.number}  {result.description}")
        lines += [f"            {difference}" for difference in result.differences]
    return lines


def _try_lines(told: DryRun) -> list[str]:
    lines = [f"{told.model} version {told.version}" + (f", {told.kind}" if told.kind else "")]
    lines += [f"  {key:28} {value}" for key, value in told.measurements.items()]
    lines += [f"  from {step.path}: {step.found!r} -> {step.key}: {step.problem or step.made}" for step in told.trace]
    lines += [f"  warning  {warning}" for warning in told.warnings]
    lines += [f"  console  {line}" for line in told.console]
    if told.output is not None:
        lines.append(f"  returned {json.dumps(told.output)}")
    return lines


def _document(version: CodecVersion) -> dict[str, object]:
    return {
        "model": version.draft.model,
        "version": version.version,
        "active": version.is_active,
        "vendor": version.draft.vendor,
        "name": version.draft.name,
        "created_at": rfc3339(version.created_at),
        "created_by": version.created_by,
    }
