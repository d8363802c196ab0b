"""Who may see what a sign shows, and who may speak for it."""

import logging
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from domain import api_keys
from domain.api_keys import Scope, ScopesOf
from domain.errors import StoreUnavailableError
from domain.ids import SignId
from domain.live import Clock
from domain.security import SecurityCode, SecurityEvent
from domain.sign_tokens import scope_of, sign_of

logger = logging.getLogger(__name__)

Notice = Callable[[SecurityEvent], Awaitable[None]]
"""Keeps a security event; may raise StoreUnavailableError."""

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key: `sp_...`")

SignIdText = Annotated[str, Path(description="A sign's id.", examples=["harbour-road"])]
Presented = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class Credentials:
    """Frames are open data unless they are `private`; heartbeats and plays are only ever taken from the sign itself.

    A key that is presented must be right even where none is needed: a screen whose token was revoked goes blank.
    """

    def __init__(self, scopes_of: ScopesOf, *, notice: Notice, now: Clock, private: bool = False) -> None:
        self._scopes_of = scopes_of
        self._notice = notice
        self._now = now
        self.private = private

    async def may_see(self, sign_id: SignIdText, presented: Presented) -> None:
        """A dependency: lets those in who may see the frame of this sign."""
        await self.check(sign_id, presented.credentials if presented else None)

    async def must_be(self, sign_id: SignIdText, presented: Presented) -> SignId:
        """A dependency: lets the sign itself in, by its own token, and nobody else."""
        scopes = await self._scopes(presented.credentials if presented else None)
        if scopes is None:
            raise unknown_key()
        if scope_of(SignId(sign_id)) not in scopes:
            await self._foreign(sign_id, scopes, presented)
            raise HTTPException(403, "Only this sign's own token may do that.")
        return SignId(sign_id)

    async def check(self, sign_id: str, key: str | None) -> None:
        """The same for a stream that goes on; raises HTTPException."""
        if key is None:
            if self.private:
                raise unknown_key()
            return
        scopes = await self._scopes(key)
        if scopes is None:
            raise unknown_key()
        owner = sign_of(scopes)
        if owner is not None and owner != sign_id:
            await self._note(sign_id, owner, key)
            raise HTTPException(403, "This is another sign's token.")
        if owner is None and self.private and Scope.SIGNS not in scopes:
            raise HTTPException(403, f"This key lacks the scope `{Scope.SIGNS}`.")

    async def still(self, sign_id: str, key: str | None) -> bool:
        """Whether a stream may go on. While nobody can be asked, it may: what it shows expires by itself."""
        try:
            await self.check(sign_id, key)
        except HTTPException:
            return False
        except StoreUnavailableError:
            return True
        return True

    async def _scopes(self, key: str | None) -> frozenset[str] | None:
        return await self._scopes_of(key) if key is not None else None

    async def _foreign(self, sign_id: str, scopes: frozenset[str], presented: Presented) -> None:
        owner = sign_of(scopes)
        if owner is not None and presented is not None:
            await self._note(sign_id, owner, presented.credentials)

    async def _note(self, sign_id: str, owner: SignId, key: str) -> None:
        parts = api_keys.read(key)
        event = SecurityEvent(
            code=SecurityCode.SIGN_KEY_FOREIGN,
            device_id=f"sign {sign_id[:64]}",
            session=parts[0] if parts else "",
            detail=f"the token of {owner}",
            observed_at=self._now(),
        )
        try:
            await self._notice(event)
        except StoreUnavailableError:
            # It is refused all the same.
            logger.warning("%s: %s", event.device_id, event.detail, extra={"action": "sign_key_foreign"})


def key_of(request: Request) -> str | None:
    """The key in a request's head, if it has one."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key.strip() else None


def unknown_key() -> HTTPException:
    """Nobody learns whether it is unknown, wrong, expired or revoked."""
    return HTTPException(401, "A valid key is needed: Authorization: Bearer sp_...", {"WWW-Authenticate": "Bearer"})
