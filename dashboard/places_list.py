"""The list of places: which ones, and in which order."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from dashboard import wording
from domain.availability import Availability
from domain.snapshot import SiteStatus

_NEVER = datetime.min.replace(tzinfo=UTC)


class Sort(StrEnum):
    """Orders that the list can have."""

    NAME = "name"
    STATUS = "status"
    FREE = "free"
    ACCESSIBLE = "accessible"
    BENCHES = "benches"
    HEARD = "heard"


def _name(site: SiteStatus) -> str:
    return site.site.name.casefold()


_KEYS: dict[Sort, Callable[[SiteStatus], tuple[float, str]]] = {
    Sort.NAME: lambda site: (0, _name(site)),
    Sort.STATUS: lambda site: (list(Availability).index(wording.site_availability(site)), _name(site)),
    Sort.FREE: lambda site: (-site.bays.free, _name(site)),
    Sort.ACCESSIBLE: lambda site: (-wording.accessible(site).free, _name(site)),
    Sort.BENCHES: lambda site: (-site.benches.free, _name(site)),
    Sort.HEARD: lambda site: (-(site.heard_at or _NEVER).timestamp(), _name(site)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a visitor asked the list for."""

    text: str = ""
    accessible_free: bool = False
    sort: Sort = Sort.NAME

    @property
    def is_filtered(self) -> bool:
        """Whether some places may be left out."""
        return bool(self.text) or self.accessible_free

    def apply(self, sites: Iterable[SiteStatus]) -> list[SiteStatus]:
        """The places asked for, in the order asked for."""
        return sorted((site for site in sites if self._wants(site)), key=_KEYS[self.sort])

    def _wants(self, site: SiteStatus) -> bool:
        words = f"{site.site.name} {site.site.locality}".casefold()
        named = all(word in words for word in self.text.casefold().split())
        return named and (not self.accessible_free or wording.accessible(site).free > 0)
