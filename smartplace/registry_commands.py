"""`smartplace registry`, and the register as CSV in and out. Heavy imports live inside the commands."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from domain.errors import CommandError, RegisterRefusedError
from domain.register import Made
from domain.register_csv import read_register, write_register
from smartplace.environment import settings_of_command

if TYPE_CHECKING:
    from store.register import StoreRegister

T = TypeVar("T")

ACTOR = "command line"
MOST_PROBLEMS = 1000

app = typer.Typer(help="Who changed the register of places and devices, and how to take it back.", no_args_is_help=True)


def import_csv(file: Path, *, dry_run: bool) -> None:
    """Make the register what a CSV file says; raises CommandError."""
    from devices.catalogue import silent_after
    from smartplace.clock import utc_now
    from smartplace.codecs import scripted_silences

    scripted = asyncio.run(scripted_silences(settings_of_command().database_url.get_secret_value(), now=utc_now))

    def silence_of(model: str) -> timedelta:
        return scripted[model] if model in scripted else silent_after(model)

    try:
        found = read_register(file.read_bytes(), silent_after=silence_of)
        made = _run(
            lambda register: register.write(
                found.entries, actor=ACTOR, what=file.name, dry_run=dry_run, faulty=found.faulty
            )
        )
    except RegisterRefusedError as error:
        raise _refused(file.name, error) from error
    typer.echo(summary(made))
    if dry_run:
        typer.echo("nothing was changed (--dry-run)")
    elif made.change_set_id is not None:
        typer.echo(f"change set {made.change_set_id}; `smartplace registry undo {made.change_set_id}` takes it back")
        _tell_of_history(made)


def export(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; standard output if not given.")] = None,
) -> None:
    """The register as CSV: sites, zones, bays, benches, devices and installations. `import` takes it back."""
    text = write_register(_run(lambda register: register.records()))
    if file is None:
        sys.stdout.write(text)
    else:
        file.write_text(text, encoding="utf-8", newline="")


@app.command()
def changes(*, limit: Annotated[int, typer.Option(help="How many.", min=1, max=10_000)] = 20) -> None:
    """Who changed the register, newest first."""
    for made in _run(lambda register: register.change_sets(limit=limit)):
        undone = f", undone by {made.undone_by}" if made.undone_by else ""
        typer.echo(
            f"{made.change_set_id:6}  {made.made_at:%Y-%m-%d %H:%M:%S}Z  {made.actor}: {made.what}"
            f" ({made.changes} records{undone})"
        )


@app.command()
def undo(
    change_set: Annotated[int, typer.Argument(help="Its number, from `smartplace registry changes`.", min=1)],
) -> None:
    """Take a change set back, as a new one."""
    try:
        made = _run(lambda register: register.undo(change_set, actor=ACTOR))
    except RegisterRefusedError as error:
        raise _refused(f"change set {change_set}", error) from error
    typer.echo(f"{summary(made)}; change set {made.change_set_id}")
    _tell_of_history(made)


def _tell_of_history(made: Made) -> None:
    if made.retold:
        devices = f"{len(made.retold)} device{'' if len(made.retold) == 1 else 's'}"
        typer.echo(f"a running ingest tells the history of {devices} anew, by the new thresholds")


def summary(made: Made) -> str:
    """How many records are what: `2 added, 1 changed, 0 removed, 7 as they were`."""
    found = made.plan
    return f"{found.added} added, {found.changed} changed, {found.removed} removed, {found.unchanged} as they were"


def _refused(what: str, error: RegisterRefusedError) -> CommandError:
    for problem in error.problems[:MOST_PROBLEMS]:
        typer.echo(f"  {problem}", err=True)
    if len(error.problems) > MOST_PROBLEMS:
        typer.echo(f"  and {len(error.problems) - MOST_PROBLEMS} more", err=True)
    count = len(error.problems)
    return CommandError(f"{what} is refused ({count} problem{'' if count == 1 else 's'}), nothing was changed")


def _run(action: "Callable[[StoreRegister], Awaitable[T]]") -> T:
    from smartplace.clock import utc_now
    from store.pool import open_pool
    from store.register import StoreRegister

    conninfo = settings_of_command().database_url.get_secret_value()

    async def run() -> T:
        async with open_pool(conninfo, size=1) as pool:
            return await action(StoreRegister(pool, now=utc_now))

    return asyncio.run(run())
