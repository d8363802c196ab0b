"""`smartplace history`: how far it is, compared with what it should be, and told anew. Heavy imports inside."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from domain.errors import CommandError
from smartplace.environment import settings_of_command
from smartplace.registry_commands import ACTOR

if TYPE_CHECKING:
    from store.history.watch import HistoryStatus
    from store.pool import Pool

T = TypeVar("T")

_DIFFERS = 3
_LOOK_AGAIN_S = 0.5

app = typer.Typer(help="History: how far it is told, whether it adds up, and telling it anew.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """How far history is told."""
    from store.history.watch import history_status

    found = _run(history_status)
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str))
        return
    typer.echo(
        f"facts are kept until {found.facts_until:%Y-%m-%d %H:%M}Z; ingest vouches until {found.as_of:%H:%M:%S}Z"
    )
    typer.echo(f"{found.due_assets:,} bays, benches and areas are due, the first for {found.lag_s:,.0f} s")
    for what, moment in (("history", found.frozen_until), ("of benches", found.benches_frozen_until)):
        typer.echo(f"{what} can be told anew from {f'{moment:%Y-%m-%d}' if moment.year > 1 else 'its beginning'} on")
    typer.echo(f"the night's work was last done on {found.tidied_on or 'no day yet'}")


@app.command()
def reconcile(
    *,
    days: Annotated[int, typer.Option(help="So many days of everything.", min=0, max=36_500)] = 2,
    every: Annotated[
        int, typer.Option(help="All history of one bay, bench or area in so many.", min=1, max=10_000)
    ] = 30,
    minutes: Annotated[float, typer.Option(help="Begin nothing new after so long.", min=0.1, max=1440)] = 15,
    as_json: AsJson = False,
) -> None:
    """Compare history with what it should be. What differs is put right; exit code 3 says that something did."""
    from smartplace.clock import utc_now
    from store.history.reconciliation import Reconciliation

    found = _run(
        lambda pool: Reconciliation(pool, now=utc_now).reconcile(days=days, every=every, within_s=60 * minutes)
    )
    if as_json:
        typer.echo(json.dumps({"equal": found.is_equal, **asdict(found)}, default=str))
    else:
        typer.echo(str(found))
        for one in found.examples:
            typer.echo(
                f"  {one.asset_id}: {one.what}, {one.begins_at:%Y-%m-%d %H:%M}Z to {one.ends_at:%Y-%m-%d %H:%M}Z"
            )
        if not found.finished:
            typer.echo("there was no time for all of it")
    if not found.is_equal:
        raise typer.Exit(_DIFFERS)


@app.command()
def rebuild(
    *,
    asset: Annotated[str | None, typer.Option(metavar="ID", help="Only one bay, bench or area.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell all history anew, as far back as it is not frozen; it can be read meanwhile."""
    from smartplace.steps import Bar

    with Bar(sys.stderr, "history") as bar:
        assets, found = _run(lambda pool: _rebuild(pool, asset, bar.show))
    if as_json:
        typer.echo(json.dumps({"assets": assets, **asdict(found)}, default=str))
    else:
        whose = asset or f"{assets:,} bays, benches and areas"
        typer.echo(f"the history of {whose} was told anew")


@app.command()
def erase(
    asset: Annotated[str, typer.Argument(metavar="ID", help="A bay or bench.")],
    *,
    before: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="All days in London before this one; today, if it is not said."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete, and not only count.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete what was said of a bay or bench, and all that was made of it, for good; without --yes only count it."""
    from domain.local_time import local_day
    from smartplace.clock import utc_now
    from store.erasure import Erasure, erase

    now = utc_now()
    day = before.date() if before else local_day(now)
    what = Erasure(asset_id=asset, before=day, dry_run=not yes)
    gone = _run(lambda pool: erase(pool, what, by=ACTOR, now=now))
    if as_json:
        typer.echo(json.dumps({"asset": asset, "before": day.isoformat(), "deleted": yes, "rows": gone}))
        return
    rows = ", ".join(f"{count:,} {kind}" for kind, count in gone.items()) or "nothing"
    typer.echo(f"{asset} before {day:%-d %B %Y}: {rows}")
    typer.echo("deleted for good; backups keep what they have" if yes else "nothing was deleted; --yes deletes it")


async def _rebuild(pool: "Pool", asset: str | None, show: Callable[[int, int], None]) -> "tuple[int, HistoryStatus]":
    from smartplace.clock import utc_now
    from store.history.telling import History
    from store.history.watch import history_status, make_due

    assets = await make_due(pool, asset)
    if not assets:
        raise CommandError(
            f"there is no bay, bench or area {asset}" if asset else "there are no bays, benches and areas"
        )
    # An ingest that runs is a historian, too; it tells the same.
    telling = asyncio.create_task(History(pool, now=utc_now).catch_up())
    while True:
        await asyncio.wait([telling], timeout=_LOOK_AGAIN_S)
        found = await history_status(pool)
        show(max(0, assets - found.due_assets), assets)
        if telling.done():
            await telling
            return assets, found


def _run(action: "Callable[[Pool], Awaitable[T]]") -> T:
    from store.pool import open_pool

    conninfo = settings_of_command().database_url.get_secret_value()

    async def run() -> T:
        async with open_pool(conninfo, size=3) as pool:
            return await action(pool)

    return asyncio.run(run())
