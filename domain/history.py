"""Questions that people ask of the past, and the window through which API and pages ask them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from domain.categories import Category
from domain.figures import Figures
from domain.periods import Period, Step
from domain.places import AssetKind
from domain.stuck import StuckBay, StuckRules

PARKING = frozenset({AssetKind.BAY, AssetKind.AREA})
"""Where vehicles park: bays, and areas of which the spaces are counted together."""

HOURS_OF_A_WEEK = 7 * 24

WELL_KNOWN = 0.5
"""Of less coverage a figure says little: it is marked in reports, and nothing is ranked by it there."""

_JUST_HEARD = timedelta(minutes=15)


class Audience(StrEnum):
    """Who asks: everybody, or those who look after the places."""

    PUBLIC = "public"
    MANAGERS = "managers"


class By(StrEnum):
    """What an answer has one row for."""

    BOROUGH = "borough"
    WARD = "ward"
    SITE = "site"
    ZONE = "zone"
    CATEGORY = "category"
    BAY = "bay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which bays (or benches). What is None does not matter; the rest holds together."""

    kinds: frozenset[AssetKind] = PARKING
    site: str | None = None
    zone: str | None = None
    category: Category | None = None
    ward: str | None = None
    asset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of which time by whom."""

    selection: Selection
    period: Period
    audience: Audience = Audience.PUBLIC
    by: By = By.BOROUGH


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What every answer says of itself. `told_until`: how far history goes. `as_of`: what the platform vouches for.

    `period` is cut off there. `withheld` is how many bays that belong to one household are left out. Of `untold_bays`
    (or spaces of areas, or seats) something in the period waits to be told, for the first time or anew, from
    `untold_from` on: None where nothing does. Of `unheard_bays` nothing is known up to its end, and nothing waits:
    they are in no figure. In public, bays that belong to one household are in neither number.
    """

    as_of: datetime
    told_until: datetime
    period: Period
    withheld: int = 0
    untold_bays: int = 0
    untold_from: datetime | None = None
    unheard_bays: int = 0

    @property
    def is_behind(self) -> bool:
        """Whether more than what was only just heard waits to be told."""
        return self.untold_from is not None and self.untold_from < self.told_until - _JUST_HEARD


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one step; `period` is cut off where history ends."""

    period: Period
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The figures step by step, and of the whole period."""

    told: Told
    total: Figures
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """A place, ward, category or the borough: what names it, and what people call it."""

    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures of a period, group by group, and of all of them."""

    told: Told
    total: Figures
    groups: Mapping[Group, Figures]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The figures of each hour of the week: `hours[24 * weekday + hour]`, Monday first, UK local time."""

    told: Told
    total: Figures
    hours: Sequence[Figures]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The figures of a period and of each local hour of the day; hours that stand out among those that are well known.

    That is, half of their time or more; None where none is.
    """

    figures: Figures
    hours: Sequence[Figures]

    @property
    def fullest_hour(self) -> int | None:
        """The earliest of the hours with the greatest occupancy."""
        return self._greatest(lambda hour: hour.occupancy)

    @property
    def most_arrivals_hour(self) -> int | None:
        """The earliest of the hours with the most arrivals for each bay and known time."""
        return self._greatest(lambda hour: hour.turnover)

    def _greatest(self, value: Callable[[Figures], float | None]) -> int | None:
        known = [
            (found, -hour)
            for hour, one in enumerate(self.hours)
            if (one.coverage or 0.0) >= WELL_KNOWN and (found := value(one)) is not None
        ]
        return -max(known)[1] if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peaks:
    """The day's peaks, group by group, and of all of them."""

    told: Told
    total: Peak
    groups: Mapping[Group, Peak]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """How long vehicles stayed. A stay is whole if its arrival and its departure are known: only those have a length.

    `cut` ended in silence or a closure, or began in one; `estimated` are whole ones of which an end is inferred;
    `running` go on at the end of the period. Lengths in seconds, None where no stay was whole (or they are too few to
    be told). Against the limits of bays that have one: `limited` whole stays there and cut ones that were too long as
    far as they were seen; `overstays` of them beyond the limit, by `over_s` together; `overdue` are running beyond it.
    """

    whole: int
    cut: int
    running: int
    estimated: int
    mean_s: float | None
    median_s: int | None
    p75_s: int | None
    p95_s: int | None
    limited: int
    overstays: int
    over_s: int
    overdue: int

    @property
    def overstay_share(self) -> float | None:
        """Of stays at bays with a limit, how many were longer; None where there was none."""
        return self.overstays / self.limited if self.limited else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StayAnswer:
    """The stays that ended in a period, group by group with the figures of the same bays, and of all of them."""

    told: Told
    total: Stays
    figures: Figures
    groups: Mapping[Group, tuple[Stays, Figures]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckBays:
    """Bays that say the same for implausibly long, the longest first, of so many that were looked at."""

    told: Told
    figures: Figures
    looked_at: int
    bays: Sequence[StuckBay]


class HistoryQuestions(Protocol):
    """The past as it is known.

    Every method may raise StoreUnavailableError, InvalidQuestionError (too much at once), and UnknownPlaceError (no
    such site, zone, ward or bay, or one that is not told to this audience).
    """

    async def told_until(self) -> datetime:
        """How far history goes now."""
        ...

    async def series(self, question: Question, step: Step) -> Series:
        """Step by step. The period is made of whole steps."""
        ...

    async def summary(self, question: Question) -> Summary:
        """Group by group."""
        ...

    async def grid(self, question: Question) -> Grid:
        """Hour by hour of the week."""
        ...

    async def peaks(self, question: Question) -> Peaks:
        """The hour of the day that was the fullest, group by group."""
        ...

    async def stays(self, question: Question) -> StayAnswer:
        """How long vehicles stayed, and whether too long, group by group."""
        ...

    async def stuck(self, selection: Selection, rules: StuckRules) -> StuckBays:
        """Bays that say the same for implausibly long; for managers."""
        ...
