"""The command line: what can be run, and how it ends. Heavy imports live inside the commands."""

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import (
    CommandRefusedError,
    DecodeError,
    PlacesFileError,
    SmartPlaceError,
    StoreUnavailableError,
)
from smartplace import (
    __version__,
    chirpstack_commands,
    codec_commands,
    history_commands,
    import_commands,
    registry_commands,
    token_commands,
)
from smartplace.environment import settings_of_command
from smartplace.settings import Settings
from smartplace.sign_token_commands import app as sign_token_app

app = typer.Typer(
    help="Parking bays, benches and street signs over LoRaWAN and MQTT.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

FAILED = 1
BAD_INPUT = 2

_LONGEST = timedelta(days=366)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def main() -> None:
    """Run the command that was asked for; an expected failure is one sentence on stderr and an exit code."""
    # A command that ends by itself says what matters in its own sentence; those that stay configure log lines.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        app(standalone_mode=True)
    except (DecodeError, CommandRefusedError) as error:
        _fail(str(error), BAD_INPUT)
    except StoreUnavailableError as error:
        _fail(f"the database does not answer: {error}", FAILED)
    except PlacesFileError as error:
        for problem in error.problems:
            typer.echo(f"  {problem}", err=True)
        _fail(f"{error.source} has faults ({len(error.problems)}), nothing was changed", FAILED)
    except SmartPlaceError as error:
        if tail := getattr(error, "log_tail", ""):
            typer.echo(tail, err=True)
        _fail(str(error), FAILED)


def _fail(message: str, code: int) -> None:
    typer.echo(f"smartplace: {message}", err=True)
    sys.exit(code)


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"smartplace {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=lambda v: _version(wanted=v))
    ] = False,
) -> None: ...


def duration(text: str) -> timedelta:
    """`90s`, `15m`, `6h` or `3d`; a plain number is seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if match is None:
        raise typer.BadParameter(f"{text[:40]!r} is no duration: write 90s, 15m, 6h or 3d")
    seconds = float(match[1]) * _UNITS[match[2] or "s"]
    if seconds > _LONGEST.total_seconds():
        raise typer.BadParameter(f"{text[:40]!r} is too long: at most {_LONGEST.days}d")
    return timedelta(seconds=seconds)


def moment(text: str) -> datetime:
    """A time with its zone, such as `2026-11-20T08:00Z`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise typer.BadParameter(f"{text[:40]!r} is no time with a zone: write 2026-11-20T08:00Z")
    return found


History = Annotated[str, typer.Option(metavar="DURATION", help="Simulated past to tell first, such as 6h or 3d.")]


@contextmanager
def _settings() -> Iterator[Settings]:
    yield settings_of_command()


@contextmanager
def _process() -> Iterator[Settings]:
    """The settings, with log lines configured: for commands that run until they are stopped."""
    from smartplace.logs import configure

    with _settings() as settings:
        configure(log_format=settings.log_format, level=settings.log_level)
        yield settings


@app.command()
def demo(
    *,
    port: Annotated[
        int | None, typer.Option(help="Port of the web server; 8080 or a free one if not given.", min=1, max=65535)
    ] = None,
    mqtt_port: Annotated[
        int | None, typer.Option(help="Port of the MQTT broker; a free one if not given.", min=1, max=65535)
    ] = None,
    database_port: Annotated[
        int | None, typer.Option(help="Port of PostgreSQL; a free one if not given.", min=1, max=65535)
    ] = None,
    data_dir: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path(".smartplace"),
    reset: Annotated[bool, typer.Option("--reset", help="Start with an empty database.")] = False,
    speed: Annotated[float, typer.Option(help="Simulated seconds per second.", min=0.1, max=3600)] = 10,
    seed: Annotated[int, typer.Option(help="The same seed gives the same day.")] = 7,
    history: History = "0s",
    missed_passages: Annotated[
        float, typer.Option(help="Share of cars that counters at gates miss: then counts drift.", min=0, max=0.99)
    ] = 0.0,
    places: Annotated[Path | None, typer.Option(help="Places file to play instead of the demo borough.")] = None,
    codec: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of a JavaScript codec to try; see docs/javascript-codecs.md.", file_okay=False),
    ] = None,
) -> None:
    """A whole working borough without hardware: one command, nothing left after Ctrl-C."""
    import asyncio

    from smartplace.demo import DemoOptions
    from smartplace.demo import demo as run_demo
    from smartplace.steps import StepList, welcome

    options = DemoOptions(
        data_dir=data_dir.absolute(),
        port=port,
        mqtt_port=mqtt_port,
        database_port=database_port,
        reset=reset,
        speed=speed,
        seed=seed,
        history=duration(history),
        missed_passages=missed_passages,
        places_file=places,
        codecs=tuple(folder.absolute() for folder in codec or ()),
    )
    steps = StepList(sys.stdout)
    asyncio.run(run_demo(options, steps.progress(), lambda running: welcome(running, steps)))


@app.command()
def serve() -> None:
    """The web server: API, pages, signs."""
    from smartplace import compose
    from smartplace.running import until_told_to_stop

    with _process() as settings:
        until_told_to_stop(compose.serve(settings))


@app.command()
def ingest(
    *,
    workers: Annotated[int, typer.Option(help="Processes that share the frames.", min=1, max=64)] = 1,
    retire: Annotated[
        int | None, typer.Option(help="Instead, end the session of a worker that will not be back.", min=0, max=64)
    ] = None,
) -> None:
    """Take frames from the broker and keep them."""
    from smartplace import workers as processes
    from smartplace.running import until_told_to_stop

    with _process() as settings:
        until_told_to_stop(processes.ingest(settings, workers=workers, retired=retire))


@app.command()
def simulate(
    *,
    history: History = "0s",
    begins: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Where that past begins, instead: 2026-11-20T08:00Z."),
    ] = None,
) -> None:
    """Play the sensors of a borough; places, seed and speed are settings."""
    from smartplace import compose
    from smartplace.clock import utc_now
    from smartplace.running import until_told_to_stop
    from smartplace.steps import Tally

    begins_at = moment(begins) if begins else utc_now() - duration(history)
    with _process() as settings, Tally(sys.stderr) as tally:
        until_told_to_stop(compose.simulate(settings, begins_at=begins_at, report=tally.add))


@app.command()
def migrate() -> None:
    """Bring the database to this version of the schema."""
    from smartplace import compose
    from smartplace.running import until_told_to_stop
    from store.migrations import migrate as run_migrations

    with _settings() as settings:
        steps = 0
        for steps, name in enumerate(run_migrations(settings.database_url.get_secret_value()), start=1):  # noqa: B007
            typer.echo(f"applied {name}")
        until_told_to_stop(compose.apply_policies(settings))
        typer.echo("the schema is up to date" + (f", {steps} steps applied" if steps else ""))


@app.command()
def decode(
    model: Annotated[str | None, typer.Argument(help="Device model, such as bosch-tps110.")] = None,
    f_port: Annotated[int | None, typer.Argument(help="LoRaWAN port, 0 to 255.", min=0, max=255)] = None,
    payload: Annotated[str | None, typer.Argument(metavar="HEX", help="Payload bytes in hexadecimal.")] = None,
    *,
    threshold: Annotated[
        int | None,
        typer.Option(
            metavar="MM", help="Also say what a distance means where this is the threshold.", min=1, max=20_000
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    list_models: Annotated[bool, typer.Option("--list", help="Name every device model.")] = False,
) -> None:
    """What a device's bytes mean."""
    from devices import codec
    from devices.catalogue import MODELS
    from devices.catalogue import model as find
    from devices.distance import state_at

    if list_models:
        for known in MODELS:
            typer.echo(f"{known.key:28} {known.vendor} {known.name}")
        return
    if model is None or f_port is None or payload is None:
        raise typer.BadParameter("MODEL, F_PORT and HEX are needed (or --list)")
    decoded = codec.decode(find(model), f_port, _octets(payload))
    answer = {"model": decoded.model, "kind": decoded.kind, "measurements": decoded.measurements, "raw": decoded.raw}
    by_threshold = {} if threshold is None else {"state": state_at(decoded.measurements, threshold)}
    if as_json:
        typer.echo(json.dumps(answer | by_threshold))
        return
    typer.echo(f"{decoded.model}, {decoded.kind}")
    told = {**decoded.measurements, **{f"raw {key}": value for key, value in decoded.raw.items()}, **by_threshold}
    for key, value in told.items():
        typer.echo(f"  {key:28} {'as it was, this says nothing' if value is None and key == 'state' else value}")


def _octets(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise typer.BadParameter(f"{text[:40]!r} is not hexadecimal") from None


@app.command()
def encode_downlink(
    model: Annotated[str, typer.Argument(help="Device model, such as milesight-vs340.")],
    command: Annotated[str, typer.Argument(help="What to do, such as set-reporting-interval.")],
    *,
    param: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of the command.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """The bytes that a built-in codec writes to tell a device something; `codec encode` is for those in JavaScript."""
    from devices import downlinks
    from devices.catalogue import model as find

    device = find(model)
    try:
        wanted = downlinks.parse_command(command, dict(map(codec_commands.name_and_value, param or ())))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    encoded = downlinks.encode_downlink(device.key, device.commands, wanted)
    if as_json:
        typer.echo(json.dumps({"model": model, "f_port": encoded.f_port, "hex": encoded.payload.hex()}))
    else:
        typer.echo(f"fPort {encoded.f_port}: {encoded.payload.hex()}")


@app.command()
def replay(
    *,
    begins: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Frames received from then on: 2026-11-20T08:00Z."),
    ] = None,
    ends: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Frames received before then.")] = None,
    device: Annotated[str | None, typer.Option(metavar="ID", help="Frames of one device.")] = None,
    deadly: Annotated[
        bool,
        typer.Option("--deadly", help="Also what ended the processes that read it; each in a process of its own."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Read the journal anew with the present codecs, and put right what is derived from it."""
    import asyncio

    from domain.ids import parse_device_id
    from smartplace.replay import replay as run_replay
    from smartplace.steps import Bar, replay_lines
    from store.replay.journal import Scope

    scope = Scope(
        begins=moment(begins) if begins else None,
        ends=moment(ends) if ends else None,
        device_id=parse_device_id(device) if device else None,
        dry_run=dry_run,
        deadly=deadly,
    )
    with _settings() as settings, Bar(sys.stderr, "the journal") as bar:
        report = asyncio.run(run_replay(settings, scope, bar.show))
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, "unchanged": report.unchanged, **asdict(report)}))
        return
    for line in replay_lines(report, dry_run=dry_run):
        typer.echo(line)


@app.command()
def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only what is wrong.")] = False,
    broker_config: Annotated[
        Path | None,
        typer.Option(
            help="mosquitto.conf to check; mosquitto/mosquitto.conf if it is there.", exists=True, dir_okay=False
        ),
    ] = None,
) -> None:
    """Look at everything this installation needs, and say what to do about what is wrong."""
    import asyncio

    from smartplace.doctor import Verdict, examine
    from smartplace.steps import print_findings

    with _settings() as settings:
        findings = asyncio.run(examine(settings, broker_config=broker_config))
    if as_json:
        typer.echo(json.dumps({"findings": [finding.as_dict() for finding in findings]}))
    else:
        print_findings(findings, sys.stdout, quiet=quiet)
    if any(finding.verdict is Verdict.WRONG for finding in findings):
        raise typer.Exit(FAILED)


@app.command()
def openapi() -> None:
    """Print the API's OpenAPI document."""
    from smartplace.web import openapi_document

    with _settings() as settings:
        typer.echo(json.dumps(openapi_document(settings), indent=2))


app.add_typer(import_commands.app, name="import")
app.add_typer(codec_commands.app, name="codec")
app.add_typer(token_commands.app, name="token")
app.add_typer(sign_token_app, name="sign-token")
app.add_typer(registry_commands.app, name="registry")
app.add_typer(history_commands.app, name="history")
app.command()(registry_commands.export)
app.add_typer(chirpstack_commands.app, name="chirpstack")
app.add_typer(chirpstack_commands.things_stack_app, name="things-stack")
