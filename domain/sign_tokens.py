"""Tokens of signs: keys that show and report one sign, and open nothing else."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.ids import SignId

LIFETIME = timedelta(days=365)
LONGEST_LIFETIME = timedelta(days=3 * 365)
OVERLAP = timedelta(days=7)
"""How long the token before stays good after a rotation: somebody has to go to the screen."""
LONGEST_OVERLAP = timedelta(days=31)

_PREFIX = "sign:"


def scope_of(sign_id: SignId) -> str:
    """What the token of a sign may do: be that sign."""
    return f"{_PREFIX}{sign_id}"


def sign_of(scopes: Collection[str]) -> SignId | None:
    """The sign whose token has these scopes; None for a key of anybody else."""
    return next((SignId(scope.removeprefix(_PREFIX)) for scope in scopes if scope.startswith(_PREFIX)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignToken:
    """What is known of a token; its secret is not."""

    key_id: str
    sign_id: SignId
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Whether the sign may use it."""
        return self.revoked_at is None and now < self.expires_at


class SignTokens(Protocol):
    """The window through which those who look after signs see tokens. Every method may raise StoreUnavailableError."""

    async def of_sign(self, sign_id: SignId) -> list[SignToken]:
        """All that the sign ever had, newest first; raises UnknownPlaceError."""
        ...

    async def issue(self, sign_id: SignId, *, by: str, lifetime: timedelta = LIFETIME) -> tuple[str, SignToken]:
        """One more, beside those that are good; the token itself is nowhere but in this answer.

        Raises UnknownPlaceError.
        """
        ...

    async def rotate(
        self, sign_id: SignId, *, by: str, overlap: timedelta = OVERLAP, lifetime: timedelta = LIFETIME
    ) -> tuple[str, SignToken]:
        """A new one; those that are good end after the overlap at the latest. Raises UnknownPlaceError."""
        ...

    async def revoke(self, sign_id: SignId, *, by: str, key_id: str | None = None) -> int:
        """End one of them now, or all; how many were good."""
        ...
