"""Who may use the routes that are not for everybody: whoever presents a key with the right scope."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from domain import api_keys
from domain.api_keys import Scope, ScopesOf
from domain.history import Audience

_BEARER = HTTPBearer(auto_error=False, scheme_name="key", description="A key: `sp_...`")


def holder_of(scope: Scope, scopes_of: ScopesOf) -> Callable[..., Awaitable[str]]:
    """A dependency that lets keys with this scope in, and gives the name by which actions are remembered."""

    async def check(presented: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> str:
        scopes = await scopes_of(presented.credentials) if presented else None
        if presented is None or scopes is None:
            raise HTTPException(
                401, "A valid key is needed: Authorization: Bearer sp_...", {"WWW-Authenticate": "Bearer"}
            )
        if scope not in scopes:
            raise HTTPException(403, f"This key lacks the scope `{scope}`.")
        parts = api_keys.read(presented.credentials)
        return f"key {parts[0]}" if parts else "key"

    return check


def audience_of(scopes_of: ScopesOf) -> Callable[..., Awaitable[Audience]]:
    """A dependency that lets everybody in: without a key as the public, with one only if it has the scope `history`."""
    holder = holder_of(Scope.HISTORY, scopes_of)

    async def check(presented: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> Audience:
        if presented is None:
            return Audience.PUBLIC
        await holder(presented)
        return Audience.MANAGERS

    return check
