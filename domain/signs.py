"""Signs as whoever keeps them sees them."""

from typing import Protocol

from domain.boards import BoardVersion
from domain.ids import SignId
from domain.places import Sign


class Signs(Protocol):
    """Where signs and their boards are kept. Every method may raise StoreUnavailableError."""

    async def versions(self, sign_id: SignId, *, limit: int) -> list[BoardVersion]:
        """The versions of a sign's board, newest first; raises UnknownPlaceError."""
        ...

    async def write(self, sign: Sign, *, actor: str, what: str = "", based_on: int | None = None) -> Sign:
        """Put a sign where and what it should be, all or nothing; what is as it was makes no version.

        `based_on` is the version from which somebody began, 0 for a sign that is not there yet.

        Raises:
            BoardRefusedError: its lines point to what is not there.
            BoardChangedError: the board is not at version `based_on` any more.
            UnknownPlaceError: there is no such site.
        """
        ...

    async def restore(self, sign_id: SignId, version: int, *, actor: str) -> Sign:
        """Make an older version the newest; raises UnknownPlaceError, BoardRefusedError."""
        ...
