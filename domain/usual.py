"""How full places usually are at a time of the week: for people who plan, and for signs whose sensors are silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.categories import Category
from domain.history import HOURS_OF_A_WEEK
from domain.local_time import LONDON

LEAST_WEEKS = 2
"""What was seen once is not usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """The mean share of bays that was free in one hour of the week, 0..1, over `weeks` in which it was known."""

    share_free: float
    weeks: int


Week = Sequence[Usual | None]
"""Hour by hour from Monday's first one, UK local time; None where it is not known what is usual."""

UNKNOWN_WEEK: Week = (None,) * HOURS_OF_A_WEEK

Place = tuple[str, Category | None]
"""A site, and one category of its bays or (None) all of them."""


class UsualOccupancy(Protocol):
    """What is usual, in memory: asking costs nothing and never fails."""

    def week(self, site_id: str, category: Category | None = None) -> Week:
        """A whole week."""
        ...

    def at(self, site_id: str, category: Category | None, moment: datetime) -> Usual | None:
        """At one moment; None where it is not known."""
        ...


@dataclass(frozen=True, slots=True)
class UsualWeeks:
    """Satisfies UsualOccupancy with what is given."""

    weeks: Mapping[Place, Week]

    def week(self, site_id: str, category: Category | None = None) -> Week:
        """A whole week."""
        return self.weeks.get((site_id, category), UNKNOWN_WEEK)

    def at(self, site_id: str, category: Category | None, moment: datetime) -> Usual | None:
        """At one moment; None where it is not known."""
        return self.week(site_id, category)[hour_of_week(moment)]


def hour_of_week(moment: datetime) -> int:
    """Which hour of the week it is on UK clocks: 0 on Monday from midnight to one."""
    local = moment.astimezone(LONDON)
    return 24 * local.weekday() + local.hour
