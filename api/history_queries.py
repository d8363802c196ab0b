"""What may be asked about the past: which time, which bays, one row for what."""

from datetime import date, datetime
from enum import StrEnum

from fastapi import HTTPException
from pydantic import BaseModel, Field

from domain.bench_use import Each, Level
from domain.categories import Category
from domain.errors import InvalidQuestionError
from domain.history import PARKING, Audience, By, Selection
from domain.periods import EARLIEST, Period, Step, read_period
from domain.places import AssetKind

_MOST_ON_A_PAGE = 1000


class Against(StrEnum):
    """What a period is compared with."""

    PREVIOUS = "previous"
    YEAR_BEFORE = "year_before"


class Order(StrEnum):
    """Which rows come first."""

    ID = "id"
    BUSIEST = "busiest"
    EMPTIEST = "emptiest"
    TURNOVER = "turnover"
    LEAST_KNOWN = "least_known"


class StayOrder(StrEnum):
    """Which rows come first."""

    ID = "id"
    LONGEST = "longest"
    OVERSTAYS = "overstays"


class PeriodQuery(BaseModel, extra="forbid"):
    """Which time."""

    since: str | None = Field(
        None,
        alias="from",
        max_length=40,
        description="A local day (2026-03-01: its beginning) or a time with its zone; widened to whole steps.",
    )
    until: str | None = Field(
        None, alias="to", max_length=40, description="Likewise; does not belong to the period. Now if left out."
    )
    last: str | None = Field(
        None, max_length=8, description="Instead of both: 36h, 2d, 4w, 3mo or 1y until now. 7d if nothing is said."
    )

    def period(self, step: Step, now: datetime) -> Period:
        """What is meant; raises InvalidQuestionError."""
        return read_period(since=self.since, until=self.until, last=self.last, step=step, now=now)


class StepQuery(PeriodQuery):
    """Which time, how finely."""

    step: Step = Field(Step.HOUR, description="15m, 1h, 1d (local days), 1w (from Monday), 1mo.")


class SiteSeriesQuery(StepQuery):
    """Which time of which bays of a site."""

    zone: str | None = Field(None, max_length=64, description="Bays of this zone only.")
    category: Category | None = Field(None, description="Bays of this category only; accessible bays are `disabled`.")


class SelectionQuery(PeriodQuery):
    """Which time of which bays."""

    site: str | None = Field(None, max_length=64, description="Of this site only.")
    zone: str | None = Field(None, max_length=64, description="Of this zone only.")
    category: Category | None = Field(None, description="Of this category only; accessible bays are `disabled`.")
    ward: str | None = Field(None, max_length=200, description="Of sites in this ward only.")
    kind: AssetKind | None = Field(
        None,
        description="Of this kind only; else of all where vehicles park. Benches with a key of the scope `history`.",
    )

    def selection(self, audience: Audience) -> Selection:
        """What is meant; raises HTTPException where the reader may not know it."""
        kinds = PARKING if self.kind is None else frozenset({self.kind})
        if audience is Audience.PUBLIC and not kinds <= PARKING:
            raise HTTPException(403, "Of benches only who has a key with the scope `history` is told.")
        return Selection(kinds=kinds, site=self.site, zone=self.zone, category=self.category, ward=self.ward)


class SeriesQuery(SelectionQuery):
    """Which time of which bays, how finely."""

    step: Step = Field(Step.DAY, description="15m, 1h, 1d (local days), 1w (from Monday), 1mo.")


class GroupQuery(SelectionQuery):
    """Which time of which bays, one row for what."""

    by: By = Field(By.SITE, description="One row for each of these.")
    limit: int | None = Field(
        None, ge=1, le=_MOST_ON_A_PAGE, description="Most rows to return: 100 if nothing is said; all of them as CSV."
    )
    cursor: str | None = Field(None, max_length=200, description="Where the last page ended; take it from `next`.")


class SummaryQuery(GroupQuery):
    """Likewise, in which order."""

    order: Order = Order.ID


class StaysQuery(GroupQuery):
    """Likewise, in which order."""

    order: StayOrder = StayOrder.ID


class ComparisonQuery(GroupQuery):
    """Two periods."""

    against: Against = Field(
        Against.PREVIOUS,
        description="The period before (as many months, where it is whole months), or the same 52 weeks before; "
        "as far as this one is over.",
    )
    other_from: str | None = Field(None, max_length=40, description="Instead: where the other period begins,")
    other_to: str | None = Field(None, max_length=40, description="and where it ends.")

    def other(self, period: Period, now: datetime) -> Period:
        """The period that the first one is compared with; raises InvalidQuestionError."""
        if self.other_from is not None or self.other_to is not None:
            try:
                return read_period(since=self.other_from, until=self.other_to, last=None, step=Step.QUARTER, now=now)
            except InvalidQuestionError as error:
                raise InvalidQuestionError(f"other_{error.parameter}", error.fault) from None
        other = period.before() if self.against is Against.PREVIOUS else period.year_before()
        other = other.as_far_as(period, now)
        return Period(since=max(other.since, EARLIEST), until=max(other.until, EARLIEST))


class StuckQuery(BaseModel, extra="forbid"):
    """Which bays, and when they count as stuck."""

    site: str | None = Field(None, max_length=64)
    category: Category | None = None
    ward: str | None = Field(None, max_length=200)
    days: int = Field(7, ge=1, le=365, description="Heard, and without a change, for so many days.")
    expected: float = Field(20.0, ge=5, le=1000, description="Or so long that its peers changed so often.")


class UsualQuery(BaseModel, extra="forbid"):
    """Which place."""

    site: str = Field(max_length=64)
    category: Category | None = None


class BenchesQuery(BaseModel, extra="forbid"):
    """Which month of which benches, one row for what."""

    month: str | None = Field(
        None,
        pattern=r"^20\d\d-(0[1-9]|1[0-2])$",
        description="Such as 2026-10; the last one that is told if left out. Told from a week after its end.",
        examples=["2026-10"],
    )
    by: Level = Field(Level.SITE, description="Wards and the borough are sums of what is told of their parts.")
    each: Each = Field(Each.MONTH, description="One row for the month, for each day, or for each hour of the week.")
    site: str | None = Field(None, max_length=64, description="Of this site only.")
    ward: str | None = Field(None, max_length=200, description="Of this ward only.")

    def first_day(self) -> date | None:
        """Of the month."""
        return None if self.month is None else date.fromisoformat(f"{self.month}-01")
