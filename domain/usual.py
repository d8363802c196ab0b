"""What is usual at a time of the week: what history says where the present is not known."""

from datetime import time
from typing import Protocol

from domain.categories import Category
from domain.ids import SiteId


class UsualOccupancy(Protocol):
    """The share of bays that is usually free, from memory."""

    def free_share(self, site_id: SiteId, category: Category | None, weekday: int, at: time) -> float | None:
        """0..1 of the open bays at this local time, Monday is 0; None where nothing is known."""
        ...


class NothingUsual:
    """Satisfies UsualOccupancy without a history: nothing is known."""

    def free_share(
        self,
        site_id: SiteId,  # noqa: ARG002
        category: Category | None,  # noqa: ARG002
        weekday: int,  # noqa: ARG002
        at: time,  # noqa: ARG002
    ) -> float | None:
        """None."""
        return None
