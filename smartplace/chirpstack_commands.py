"""`smartplace chirpstack` and `things-stack`: network servers against our register. Heavy imports are in commands."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import CommandError
from smartplace.environment import settings_of_command
from smartplace.settings import Settings

if TYPE_CHECKING:
    from network.changes import Change
    from network.chirpstack import ChirpStack
    from network.drift import Finding
    from network.inventory import Inventory
    from network.wanted import Wanted

DRIFT = 3
_FAILED = 1

app = typer.Typer(help="Compare ChirpStack with our register, and make it agree.", no_args_is_help=True)

things_stack_app = typer.Typer(
    help="Compare The Things Stack with our register; it is only read.", no_args_is_help=True
)


@things_stack_app.callback()
def _things_stack() -> None: ...


Json = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.command()
def drift(*, as_json: Json = False) -> None:
    """Where ChirpStack and the register disagree: exit code 0 nowhere, 3 somewhere."""
    from network.drift import compare

    settings = settings_of_command()
    with _chirpstack(settings) as server:
        findings = compare(_wanted(settings), _read(server))
    _print_findings(findings, "ChirpStack", as_json=as_json)
    raise typer.Exit(DRIFT if findings else 0)


@things_stack_app.command("drift")
def things_stack_drift(*, as_json: Json = False) -> None:
    """Where The Things Stack and the register disagree: exit code 0 nowhere, 3 somewhere."""
    from network.things_stack import ThingsStack
    from smartplace.steps import Bar

    settings = settings_of_command()
    url, api_key = settings.things_stack_url.get_secret_value(), settings.things_stack_api_key.get_secret_value()
    if not url or not api_key or not settings.things_stack_application:
        names = ("URL", "API_KEY", "APPLICATION")
        raise CommandError("set " + ", ".join(f"SMARTPLACE_THINGS_STACK_{name}" for name in names))
    server = ThingsStack(url, api_key=api_key, application=settings.things_stack_application)
    with Bar(sys.stderr, "reading The Things Stack") as bar:
        findings = server.drift(_wanted(settings), bar.show)
    _print_findings(findings, "The Things Stack", as_json=as_json)
    raise typer.Exit(DRIFT if findings else 0)


@app.command()
def apply(
    *,
    undo_file: Annotated[Path, typer.Option(help="Where to note what was done; must not be there yet.")] = Path(
        "chirpstack-undo.jsonl"
    ),
    keys: Annotated[
        Path | None, typer.Option(help="CSV of root keys: dev_eui, join_eui, app_key.", exists=True, dir_okay=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Make ChirpStack agree with the register. Nothing is deleted: a device that is not ours is disabled."""
    from network.carry_out import carry_out
    from network.changes import plan
    from network.drift import compare
    from network.keys_file import read_keys
    from smartplace.steps import Bar

    settings = settings_of_command()
    given = read_keys(_text(keys)) if keys else {}
    with _chirpstack(settings) as server:
        want = _wanted(settings)
        changes = plan(want, _read(server), given)
        if dry_run:
            _print_changes(changes, as_json=as_json)
            raise typer.Exit(DRIFT if changes else 0)
        with _notes(undo_file, changes) as note, Bar(sys.stderr, "changes") as bar:
            outcome = carry_out(server, changes, keys=given, note=note, progress=bar.show)
        rest = compare(want, _read(server))
    _print_changes(outcome.done, as_json=as_json)
    for line in outcome.refused:
        typer.echo(line, err=True)
    if rest:
        typer.echo(f"{len(rest)} disagreements are left; `smartplace chirpstack drift` names them", err=True)
    raise typer.Exit(_FAILED if outcome.refused else DRIFT if rest else 0)


@app.command("undo")
def undo_(
    file: Annotated[Path, typer.Argument(help="What `apply` noted.", exists=True, dir_okay=False)],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Take back what `apply` did. What somebody changed since is left alone, and told."""
    from network.carry_out import carry_out
    from network.changes import undo
    from smartplace.steps import Bar

    done = _read_notes(file)
    with _chirpstack(settings_of_command()) as server:
        changes, left = undo(done, _read(server))
        refused: list[str] = []
        if not dry_run:
            with Bar(sys.stderr, "changes") as bar:
                outcome = carry_out(server, changes, keys={}, note=lambda _: None, progress=bar.show)
            changes, refused = outcome.done, outcome.refused
    _print_changes(changes, as_json=as_json)
    for line in [*left, *refused]:
        typer.echo(line, err=True)
    raise typer.Exit(_FAILED if refused else DRIFT if left else 0)


@contextmanager
def _chirpstack(settings: Settings) -> "Iterator[ChirpStack]":
    from network.chirpstack import open_chirpstack

    url, api_key = settings.chirpstack_url.get_secret_value(), settings.chirpstack_api_key.get_secret_value()
    if not url or not api_key or not settings.chirpstack_tenant_id:
        raise CommandError(
            "set SMARTPLACE_CHIRPSTACK_URL, SMARTPLACE_CHIRPSTACK_API_KEY, SMARTPLACE_CHIRPSTACK_TENANT_ID"
        )
    with open_chirpstack(url, api_key=api_key, tenant_id=settings.chirpstack_tenant_id) as server:
        yield server


def _read(server: "ChirpStack") -> "Inventory":
    from smartplace.steps import Bar

    with Bar(sys.stderr, "reading ChirpStack") as bar:
        return server.read(bar.show)


def _wanted(settings: Settings) -> "Wanted":
    from devices.catalogue import MODELS
    from network.profile_templates import read_templates
    from network.wanted import wanted
    from store.lorawan import registered_devices
    from store.pool import open_pool

    async def registered() -> "Wanted":
        async with open_pool(settings.database_url.get_secret_value(), size=1) as pool:
            devices = await registered_devices(pool)
        traits = read_templates({model.key: model.heartbeat for model in MODELS})
        elsewhere = {model.key for model in MODELS} - traits.keys()
        return wanted(devices, traits, application=settings.chirpstack_application, elsewhere=elsewhere)

    return asyncio.run(registered())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        # Not the error itself: it may quote a part of a key.
        raise CommandError(f"{path} cannot be read") from None


@contextmanager
def _notes(path: Path, changes: "list[Change]") -> "Iterator[Callable[[Change], None]]":
    """Notes each change on the disk as soon as it is done."""
    if not changes:
        yield lambda _: None
        return
    from network.changes import as_document

    try:
        file = path.open("x", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be made ({error.strerror}): name another with --undo-file") from error
    with file:

        def note(change: "Change") -> None:
            file.write(json.dumps(as_document(change)) + "\n")
            file.flush()
            os.fsync(file.fileno())

        yield note
    typer.echo(f"`smartplace chirpstack undo {path}` takes this back", err=True)


def _read_notes(path: Path) -> "list[Change]":
    from network.changes import from_document

    try:
        return [from_document(json.loads(line)) for line in _text(path).splitlines()]
    except ValueError as error:
        raise CommandError(f"{path} is no file of changes") from error


def _print_findings(findings: "list[Finding]", server: str, *, as_json: bool) -> None:
    if as_json:
        listed = [{"drift": one.drift, "subject": one.subject, "detail": one.detail} for one in findings]
        typer.echo(json.dumps({"findings": listed}))
        return
    for one in findings:
        typer.echo(f"{one.drift:20} {one.subject:24} {one.detail}")
    typer.echo(f"{len(findings)} disagreements" if findings else f"{server} and the register agree")


def _print_changes(changes: "list[Change]", *, as_json: bool) -> None:
    from network.changes import as_document, subject

    if as_json:
        typer.echo(json.dumps({"changes": [as_document(change) for change in changes]}))
        return
    for change in changes:
        typer.echo(f"{type(change).__name__:20} {subject(change)}")
    typer.echo(f"{len(changes)} changes")
