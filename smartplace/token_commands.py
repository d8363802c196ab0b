"""`smartplace token`: keys with which programs come in. Heavy imports live inside the commands."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from domain.api_keys import ApiKey, Scope
from domain.errors import CommandError
from domain.times import rfc3339
from smartplace.environment import settings_of_command

if TYPE_CHECKING:
    from store.api_keys import ApiKeys

T = TypeVar("T")

_LONGEST_DAYS = 365
_LONGEST_LABEL = 100

app = typer.Typer(help="Keys for programs: each may do what its scopes say.", no_args_is_help=True)


@app.command()
def create(
    *,
    scope: Annotated[list[Scope], typer.Option(help="What the key may do; may be given more than once.")],
    label: Annotated[str, typer.Option(help="Who uses it, for people.")],
    days: Annotated[int, typer.Option(help="How long it is valid.", min=1, max=_LONGEST_DAYS)] = _LONGEST_DAYS,
) -> None:
    """Make a key. It is printed once, and kept nowhere."""
    label = label.strip()
    if not 0 < len(label) <= _LONGEST_LABEL or not label.isprintable():
        raise typer.BadParameter(f"a label has 1 to {_LONGEST_LABEL} printable characters", param_hint="--label")
    key, made = _run(lambda keys: keys.create(label=label, scopes=frozenset(scope), lifetime=timedelta(days=days)))
    typer.echo(f"valid until {made.expires_at:%Y-%m-%d}; this is the only time that the key is shown:", err=True)
    typer.echo(key)


@app.command("list")
def list_(*, as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Every key that was ever made, newest first."""
    found = _run(lambda keys: keys.all())
    if as_json:
        typer.echo(json.dumps({"tokens": [_document(key) for key in found]}))
        return
    for key in found:
        typer.echo(_line(key))


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="The 8 characters after `sp_`.")]) -> None:
    """End a key now; the next request with it is refused."""
    if not _run(lambda keys: keys.revoke(key_id)):
        raise CommandError(f"there is no key {key_id[:80]!r} to revoke; `smartplace token list` names them all")
    typer.echo(f"revoked {key_id}")


def _run(action: "Callable[[ApiKeys], Awaitable[T]]") -> T:
    from smartplace.clock import utc_now
    from store.api_keys import ApiKeys
    from store.pool import open_pool

    conninfo = settings_of_command().database_url.get_secret_value()

    async def run() -> T:
        async with open_pool(conninfo, size=1) as pool:
            return await action(ApiKeys(pool, now=utc_now))

    return asyncio.run(run())


def _line(key: ApiKey) -> str:
    used = f"used {key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never used"
    end = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else f"until {key.expires_at:%Y-%m-%d}"
    return f"{key.key_id}  {','.join(key.scopes):8}  {end:18}  {used:15}  {key.label}"


def _document(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.key_id,
        "label": key.label,
        "scopes": key.scopes,
        "created_at": rfc3339(key.created_at),
        "expires_at": rfc3339(key.expires_at),
        "last_used_at": key.last_used_at and rfc3339(key.last_used_at),
        "revoked_at": key.revoked_at and rfc3339(key.revoked_at),
    }
