"""How much benches are used, as the public is told: month by month, by places of several benches, never one sitting.

- The smallest place that is told is a *block*: a site with so many benches (`PrivacyRules.benches`); the other sites of
  a ward together, if they have as many; what then is left of the borough together, if it has. Wards and the borough
  are sums of blocks. Which blocks there are depends on the register alone, and no bench is in two.
- A month is told when it is over and settled, once, and stays as it was told: whoever asks again, after a late frame, a
  move of a bench or a change of settings, learns nothing more.
- Of each block the month is counted by day and by hour of the week. Of both, and of the month, cells are withheld as
  `domain.suppression` says: sittings decide for what was used, charge sessions for what was charged.

What is told (`ToldMonth`) has no withheld number in it. Every answer is made of that alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from domain.disclosure import PrivacyRules
from domain.local_time import LONDON
from domain.periods import Period, Step, floor, following, in_utc
from domain.suppression import TwoWays, total_is_told

SETTLED_AFTER = timedelta(days=7)
"""A month is told so long after its end: frames that were under way have arrived."""


class Each(StrEnum):
    """What there is a row for."""

    MONTH = "month"
    DAY = "day"
    HOUR_OF_WEEK = "hour_of_week"


class Level(StrEnum):
    """How large the places of an answer are."""

    SITE = "site"
    WARD = "ward"
    BOROUGH = "borough"


@dataclass(frozen=True, slots=True)
class BenchSite:
    """A site and how many benches it had all month; `ward` is empty where it is not known."""

    site: str
    name: str
    ward: str
    benches: int


@dataclass(frozen=True, slots=True)
class Block:
    """Benches that are told together: of one site, of a ward (`site` is empty), or of the borough (both are)."""

    site: str
    ward: str
    benches: int
    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BenchSums:
    """Seat-seconds (known, known or unknown, occupied), and events."""

    known_s: int = 0
    open_s: int = 0
    occupied_s: int = 0
    sittings: int = 0
    charge_sessions: int = 0
    energy_mwh: int = 0

    def __add__(self, other: "BenchSums") -> "BenchSums":
        return BenchSums(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(BenchSums)))


class When(NamedTuple):
    """A day; or a weekday (1 is Monday) and the hour at which a part of it begins; or, with neither, the month."""

    day: date | None = None
    weekday: int | None = None
    hour: int | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """What is told of how much was used."""

    known_s: int = 0
    occupied_s: int = 0
    sittings: int = 0

    def __add__(self, other: "Use") -> "Use":
        return Use(self.known_s + other.known_s, self.occupied_s + other.occupied_s, self.sittings + other.sittings)


@dataclass(frozen=True, slots=True)
class Charging:
    """What is told of what was charged."""

    sessions: int = 0
    energy_mwh: int = 0

    def __add__(self, other: "Charging") -> "Charging":
        return Charging(self.sessions + other.sessions, self.energy_mwh + other.energy_mwh)


@dataclass(frozen=True, slots=True)
class Cell:
    """What is told of some benches in some time; None where it is withheld. The first two are of all benches."""

    when: When
    known_s: int
    open_s: int
    use: Use | None
    charging: Charging | None


@dataclass(frozen=True, slots=True)
class ToldBlock:
    """A block and its cells."""

    block: Block
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldMonth:
    """Everything that is told of a month, by the rules of the time at which it was told."""

    month: date
    told_at: datetime
    rules: PrivacyRules
    sites: tuple[BenchSite, ...]
    blocks: tuple[ToldBlock, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A place in some time: `cell` sums what is told of `counted` of its benches, and of `charging_counted` of them."""

    place: str
    cell: Cell
    benches: int
    counted: int
    charging_counted: int


class BenchUse(Protocol):
    """The window through which answers see it."""

    async def month(self, month: date | None) -> ToldMonth:
        """A month by its first day, or the last one that is settled.

        Raises: InvalidQuestionError (not settled yet, or before all history), StoreUnavailableError.
        """
        ...


def blocks(sites: Iterable[BenchSite], least: int) -> list[Block]:
    """How benches are told; sites that are in none of the blocks are not."""
    known = sorted((site for site in sites if site.benches), key=lambda site: site.site)
    found = [Block(site.site, site.ward, site.benches, (site.site,)) for site in known if site.benches >= least]
    left = [site for site in known if site.benches < least]
    for ward in sorted({site.ward for site in left if site.ward}):
        found += _together([site for site in left if site.ward == ward], ward, least)
    inside = {site for block in found for site in block.sites}
    return found + _together([site for site in left if site.site not in inside], "", least)


def told(counted: Mapping[tuple[date, int], BenchSums], month: Period, rules: PrivacyRules) -> tuple[Cell, ...]:
    """The cells of a block: the month, its days, its hours of the week. `counted` by local day and hour."""
    days, hours = _by_day(counted, month), _by_hour_of_week(counted, rules.bucket_hours)
    whole = sum(days.values(), BenchSums())
    use = _told_cells(days, hours, rules.k, lambda sums: sums.sittings)
    charging = _told_cells(days, hours, rules.k, lambda sums: sums.charge_sessions)
    cells = {When(): whole, **days, **hours}
    return tuple(
        Cell(
            when,
            sums.known_s,
            sums.open_s,
            Use(sums.known_s, sums.occupied_s, sums.sittings) if when in use else None,
            Charging(sums.charge_sessions, sums.energy_mwh) if when in charging else None,
        )
        for when, sums in cells.items()
    )


def rows(month: ToldMonth, level: Level, each: Each, *, site: str | None, ward: str | None) -> list[Row]:
    """An answer: sums of what is told, place by place."""
    places: defaultdict[str, list[ToldBlock]] = defaultdict(list)
    for one in month.blocks:
        if (site is None or one.block.site == site) and (ward is None or one.block.ward == ward):
            place = {Level.SITE: one.block.site, Level.WARD: one.block.ward, Level.BOROUGH: ""}[level]
            if place or level is Level.BOROUGH:
                places[place].append(one)
    return [row for place in sorted(places) for row in _rows_of(place, places[place], each)]


def period_of(month: date) -> Period:
    """The month that begins with a day, on UK clocks."""
    since = in_utc(datetime.combine(month, time()))
    return Period(since=since, until=following(since, Step.MONTH))


def settled_month(told_until: datetime) -> date:
    """The first day of the last month that is settled, for history that goes as far as that."""
    over = floor(told_until - SETTLED_AFTER, Step.MONTH)
    return floor(over - timedelta(hours=1), Step.MONTH).astimezone(LONDON).date()


def days_of(month: Period) -> list[date]:
    """Its local days."""
    return [step.since.astimezone(LONDON).date() for step in month.steps(Step.DAY, most=31)]


def told_in(month: ToldMonth, site: str) -> Level | None:
    """In whose figures the benches of a site are counted, at the least; None where they are in none."""
    for one in month.blocks:
        if site in one.block.sites:
            return Level.SITE if one.block.site else Level.WARD if one.block.ward else Level.BOROUGH
    return None


def _together(sites: Sequence[BenchSite], ward: str, least: int) -> list[Block]:
    benches = sum(site.benches for site in sites)
    return [Block("", ward, benches, tuple(site.site for site in sites))] if benches >= least else []


def _by_day(counted: Mapping[tuple[date, int], BenchSums], month: Period) -> dict[When, BenchSums]:
    found = {When(day=day): BenchSums() for day in days_of(month)}
    for (day, _), sums in counted.items():
        found[When(day=day)] += sums
    return found


def _by_hour_of_week(counted: Mapping[tuple[date, int], BenchSums], bucket_hours: int) -> dict[When, BenchSums]:
    hours = range(0, 24, bucket_hours)
    found = {When(weekday=weekday, hour=hour): BenchSums() for weekday in range(1, 8) for hour in hours}
    for (day, hour), sums in counted.items():
        found[When(weekday=day.isoweekday(), hour=hour - hour % bucket_hours)] += sums
    return found


def _told_cells(
    days: Mapping[When, BenchSums], hours: Mapping[When, BenchSums], k: int, events: Callable[[BenchSums], int]
) -> set[When]:
    """What is told. The days of one weekday, and its hours, count the same events."""
    found: set[When] = set()
    weeks = []
    for weekday in range(1, 8):
        of_days = [when for when in days if when.day and when.day.isoweekday() == weekday]
        of_hours = [when for when in hours if when.weekday == weekday]
        both = TwoWays([events(days[when]) for when in of_days], [events(hours[when]) for when in of_hours])
        for whens, gone in zip((of_days, of_hours), both.withheld(k), strict=True):
            found |= {when for number, when in enumerate(whens) if number not in gone}
        weeks.append(both)
    return found | {When()} if total_is_told(weeks, k) else found


def _rows_of(place: str, parts: Sequence[ToldBlock], each: Each) -> list[Row]:
    cells: defaultdict[When, list[tuple[int, Cell]]] = defaultdict(list)
    for part in parts:
        for cell in part.cells:
            if _each(cell.when) is each:
                cells[cell.when].append((part.block.benches, cell))
    benches = sum(part.block.benches for part in parts)
    return [_sum(place, when, benches, cells[when]) for when in cells]


def _sum(place: str, when: When, benches: int, parts: Sequence[tuple[int, Cell]]) -> Row:
    use = [(count, cell.use) for count, cell in parts if cell.use]
    charging = [(count, cell.charging) for count, cell in parts if cell.charging]
    cell = Cell(
        when,
        sum(one.known_s for _, one in parts),
        sum(one.open_s for _, one in parts),
        sum((one for _, one in use), Use()) if use else None,
        sum((one for _, one in charging), Charging()) if charging else None,
    )
    return Row(place, cell, benches, sum(count for count, _ in use), sum(count for count, _ in charging))


def _each(when: When) -> Each:
    return Each.DAY if when.day else Each.HOUR_OF_WEEK if when.weekday else Each.MONTH
