"""`smartplace sign-token`: tokens with which screens show and report their sign. Heavy imports live in the commands."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from domain.errors import CommandError
from domain.ids import SignId, parse_sign_id
from domain.sign_tokens import LIFETIME, LONGEST_LIFETIME, LONGEST_OVERLAP, OVERLAP, SignToken
from domain.times import rfc3339
from smartplace.environment import settings_of_command

if TYPE_CHECKING:
    from store.signs.tokens import StoreSignTokens

T = TypeVar("T")

_BY = "command line"

app = typer.Typer(help="Tokens of signs: each opens its own sign and nothing else.", no_args_is_help=True)

Sign = Annotated[SignId, typer.Argument(metavar="SIGN", parser=parse_sign_id, help="The sign's id.")]
Days = Annotated[int, typer.Option(help="How long it is good.", min=1, max=LONGEST_LIFETIME.days)]


@app.command()
def issue(sign: Sign, *, days: Days = LIFETIME.days) -> None:
    """Make a token beside those that the sign has. It is printed once, and kept nowhere."""
    _print_new(*_run(lambda tokens: tokens.issue(sign, by=_BY, lifetime=timedelta(days=days))))


@app.command()
def rotate(
    sign: Sign,
    *,
    days: Days = LIFETIME.days,
    overlap_days: Annotated[
        int, typer.Option(help="How long those before it stay good.", min=0, max=LONGEST_OVERLAP.days)
    ] = OVERLAP.days,
) -> None:
    """Make a token that replaces those of the sign: they stay good until somebody was at the screen."""
    overlap, lifetime = timedelta(days=overlap_days), timedelta(days=days)
    _print_new(*_run(lambda tokens: tokens.rotate(sign, by=_BY, overlap=overlap, lifetime=lifetime)))


@app.command()
def revoke(
    sign: Sign,
    key_id: Annotated[str | None, typer.Argument(metavar="ID", help="Only this one; all if left out.")] = None,
) -> None:
    """End tokens of a sign now: within seconds its screen shows the name of the council and nothing else."""
    count = _run(lambda tokens: tokens.revoke(sign, by=_BY, key_id=key_id))
    if not count:
        raise CommandError(
            f"the sign {sign} has no token to revoke; `smartplace sign-token list {sign}` names them all"
        )
    typer.echo(f"revoked {count} of {sign}")


@app.command("list")
def list_(sign: Sign, *, as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Every token that the sign ever had, newest first."""
    from smartplace.clock import utc_now

    found = _run(lambda tokens: tokens.of_sign(sign))
    if as_json:
        typer.echo(json.dumps({"tokens": [_document(token) for token in found]}))
        return
    for token in found:
        typer.echo(_line(token, utc_now()))


def _print_new(token: str, made: SignToken) -> None:
    typer.echo(
        f"good until {made.expires_at:%Y-%m-%d}; this is the only time that it is shown."
        f" Open this page on the screen, once: /signs/{made.sign_id}#token=TOKEN",
        err=True,
    )
    typer.echo(token)


def _run(action: "Callable[[StoreSignTokens], Awaitable[T]]") -> T:
    from smartplace.clock import utc_now
    from store.pool import open_pool
    from store.signs.tokens import StoreSignTokens

    conninfo = settings_of_command().database_url.get_secret_value()

    async def run() -> T:
        async with open_pool(conninfo, size=1) as pool:
            return await action(StoreSignTokens(pool, now=utc_now))

    return asyncio.run(run())


def _line(token: SignToken, now: datetime) -> str:
    used = f"used {token.last_used_at:%Y-%m-%d}" if token.last_used_at else "never used"
    ended = "revoked" if token.revoked_at else "until" if token.is_good(now) else "ended"
    return f"{token.key_id}  {ended:7} {token.revoked_at or token.expires_at:%Y-%m-%d}  {used}"


def _document(token: SignToken) -> dict[str, object]:
    return {
        "id": token.key_id,
        "sign": token.sign_id,
        "created_at": rfc3339(token.created_at),
        "expires_at": rfc3339(token.expires_at),
        "last_used_at": token.last_used_at and rfc3339(token.last_used_at),
        "revoked_at": token.revoked_at and rfc3339(token.revoked_at),
    }
