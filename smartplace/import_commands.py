"""`smartplace import`: places, the register, time series, inventories of bays. Heavy imports live inside commands."""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from domain.errors import CommandError, RegisterProblem, RegisterRefusedError, StoreRefusedError
from smartplace import registry_commands
from smartplace.environment import settings_of_command

if TYPE_CHECKING:
    from smartplace.series_import import Outcome

_MOST_PROBLEMS = 1000


class _PlacesByDefault(TyperGroup):
    """`smartplace import FILE` is `smartplace import places FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  its type is private to typer
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["places", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_PlacesByDefault,
    help="Add or change what is where, or bring in what others counted. `import FILE` is `import places FILE`.",
    no_args_is_help=True,
)

_Readable = typer.Argument(exists=True, dir_okay=False)
_DRY_RUN = typer.Option("--dry-run", help="Only check the file.")


@app.command()
def places(
    file: Annotated[
        Path,
        typer.Argument(help="Places file (TOML) or register (CSV); see docs/places.md.", exists=True, dir_okay=False),
    ],
    *,
    dry_run: Annotated[bool, _DRY_RUN] = False,
) -> None:
    """Add or change sites, zones, bays, benches, areas, gates, signs, devices and installations."""
    if file.suffix.lower() == ".csv":
        registry_commands.import_csv(file, dry_run=dry_run)
        return
    from smartplace import places

    settings = settings_of_command()
    found = asyncio.run(places.read_places_to_import(settings, file))
    typer.echo(
        f"{file}: {len(found.sites)} sites, {len(found.assets)} bays, benches, areas and gates, "
        f"{len(found.devices)} devices, {len(found.signs)} signs, {len(found.closures)} closures"
    )
    if dry_run:
        typer.echo("nothing was changed (--dry-run)")
        return
    try:
        asyncio.run(places.load_places(settings, found))
    except StoreRefusedError as error:
        raise CommandError(f"{file}: the database refuses these places, nothing was changed: {error}") from error
    typer.echo("imported")


@app.command()
def series(
    file: Annotated[Path, typer.Argument(help="CSV with a row for each count.", exists=True, dir_okay=False)],
    *,
    mapping: Annotated[str, typer.Option(help="TOML that says what its columns mean, or birmingham, koeln, aarhus.")],
    add_places: Annotated[
        bool, typer.Option("--add-places", help="Put sites, areas and devices that are missing into the register.")
    ] = False,
    skip_faulty: Annotated[bool, typer.Option("--skip-faulty", help="Leave out rows that cannot be read.")] = False,
    dry_run: Annotated[bool, _DRY_RUN] = False,
) -> None:
    """Counts of whole car parks over time: kept as frames, told in history, judged (docs/import.md)."""
    from smartplace.series_import import SeriesRefusedError, import_series, mapping_at
    from smartplace.steps import Bar
    from store.pool import open_pool

    settings = settings_of_command()
    found = mapping_at(mapping)

    async def run(bar: Bar) -> "Outcome":
        async with open_pool(settings.database_url.get_secret_value(), size=1) as pool:
            return await import_series(
                pool,
                file,
                found,
                add_places=add_places,
                skip_faulty=skip_faulty,
                dry_run=dry_run,
                actor=registry_commands.ACTOR,
                progress=bar.show,
            )

    try:
        with Bar(sys.stderr, file.name) as bar:
            outcome = asyncio.run(run(bar))
    except SeriesRefusedError as error:
        _tell(error.problems)
        raise
    except RegisterRefusedError as error:
        _tell(error.problems)
        raise CommandError(f"{file.name} is refused ({len(error.problems)} problems), nothing was changed") from error
    _tell(outcome.reading.problems)
    for line in series_lines(outcome, dry_run=dry_run):
        typer.echo(line)


@app.command()
def bays(
    file: Annotated[Path, typer.Argument(help="CSV with a row for each bay.", exists=True, dir_okay=False)],
    *,
    mapping: Annotated[str, typer.Option(help="TOML that says what its columns mean, or melbourne-bays.")],
    skip_faulty: Annotated[bool, typer.Option("--skip-faulty", help="Leave out rows that cannot be read.")] = False,
    dry_run: Annotated[bool, _DRY_RUN] = False,
) -> None:
    """An inventory of bays, into the register (docs/import.md). Other files that the mapping names lie beside it."""
    from smartplace.bays_import import import_bays

    inventory, made = import_bays(
        settings_of_command(),
        file,
        mapping,
        skip_faulty=skip_faulty,
        dry_run=dry_run,
        actor=registry_commands.ACTOR,
        tell=_tell,
    )
    if inventory.problems:
        typer.echo(f"{len(inventory.problems):,} rows cannot be read and were left out")
    if inventory.left_out:
        typer.echo(f"the register has no {', '.join(sorted(inventory.left_out))}: left out")
    typer.echo(registry_commands.summary(made))
    if dry_run:
        typer.echo("nothing was changed (--dry-run)")
    elif made.change_set_id is not None:
        typer.echo(f"change set {made.change_set_id}; `smartplace registry undo {made.change_set_id}` takes it back")


def series_lines(outcome: "Outcome", *, dry_run: bool) -> Iterable[str]:
    """What became of a series, for people."""
    reading = outcome.reading
    times = [moment for site in reading.sites.values() for moment in (site.first_at, site.last_at)]
    between = f", {min(times):%Y-%m-%d %H:%M}Z to {max(times):%Y-%m-%d %H:%M}Z" if times else ""
    yield f"{reading.rows:,} rows of {len(reading.sites)} sites{between}"
    if reading.problems:
        yield f"{len(reading.problems):,} rows cannot be read and were left out"
    if outcome.made is not None:
        yield f"register: {registry_commands.summary(outcome.made)}"
        if outcome.made.change_set_id is not None:
            yield f"change set {outcome.made.change_set_id}"
    if dry_run:
        yield "nothing was changed (--dry-run)"
        return
    yield f"{outcome.kept:,} kept, {outcome.there_already:,} there already"
    for fault, times_seen in sorted(outcome.faults.items()):
        yield f"  {fault.value:20} {times_seen:,}"


def _tell(problems: Iterable[RegisterProblem]) -> None:
    found = list(problems)
    for problem in found[:_MOST_PROBLEMS]:
        typer.echo(f"  {problem}", err=True)
    if len(found) > _MOST_PROBLEMS:
        typer.echo(f"  and {len(found) - _MOST_PROBLEMS} more", err=True)
