"""Areas that are counted at their gates as managers see them: days, drift, and what people counted themselves."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from domain.counting import CountedDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """Somebody counted: so many were there. `shown` is what the platform said before, None where it did not know."""

    recount_id: int
    asset_id: str
    counted_at: datetime
    taken: int
    shown: int | None
    made_by: str
    made_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TalliedArea:
    """An area with gates. `shown` is the count now, None where it is not known; days and recounts newest first."""

    asset_id: str
    name: str
    site_name: str
    capacity: int
    anchor_at: str | None
    anchor_taken: int | None
    shown: int | None
    days: tuple[CountedDay, ...]
    recounts: tuple[Recount, ...]


class Recounts(Protocol):
    """Areas that are counted at their gates. Every method may raise StoreUnavailableError."""

    async def areas(self) -> dict[str, str]:
        """Their ids and names."""
        ...

    async def area(self, asset_id: str, *, first_day: date, last_day: date) -> TalliedArea:
        """One of them, with the local days from one to another; raises UnknownPlaceError."""
        ...

    async def recount(self, asset_id: str, taken: int, *, at: datetime | None, by: str) -> Recount:
        """So many are there, now or at a moment; raises UnknownPlaceError, RegisterRefusedError."""
        ...

    async def withdraw(self, recount_id: int, *, by: str) -> Recount:
        """Take one back; raises UnknownPlaceError, RegisterRefusedError."""
        ...
