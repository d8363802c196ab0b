"""What answers about the past say, as documented in /openapi.json. A row is flat, to be a line of CSV as well."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Time
from domain.categories import Category
from domain.figures import Figures
from domain.history import Group, Peak, Question, Row, Stays, Told
from domain.local_time import LONDON
from domain.periods import ZONE, Step
from domain.places import AssetKind
from domain.states import State
from domain.stuck import StuckBay, StuckReason

_DIGITS = 4


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


class FiguresOut(BaseModel):
    """What was in a time. `free_s + occupied_s + unknown_s + closed_s` is always `capacity * seconds`."""

    capacity: int = Field(ge=0, description="Bays (or seats) with a history in that time.")
    seconds: int = Field(ge=0, description="How much of the time is over.")
    free_s: int = Field(ge=0, description="Bay-seconds: seconds times bays.")
    occupied_s: int = Field(ge=0)
    unknown_s: int = Field(ge=0, description="Nobody knows. Never counted as free.")
    closed_s: int = Field(ge=0, description="Out of use: neither free nor occupied.")
    inferred_s: int = Field(ge=0, description="Of free and occupied: what no sensor said, but later words prove.")
    arrivals: int = Field(ge=0)
    departures: int = Field(ge=0)
    coverage: float | None = Field(description="Share of the time in use that is known; null where none was in use.")
    occupancy: float | None = Field(description="Share of the known time that was occupied; null where none is known.")
    inferred_share: float | None = Field(description="Share of the known time that is inferred.")
    turnover: float | None = Field(description="Arrivals for each bay and 24 hours of known time.")

    @classmethod
    def of(cls, figures: Figures, **more: object) -> Self:
        """The wire form."""
        sums = figures.sums
        return cls(
            capacity=figures.capacity,
            seconds=figures.seconds,
            free_s=sums.free_s,
            occupied_s=sums.occupied_s,
            unknown_s=sums.unknown_s,
            closed_s=sums.closed_s,
            inferred_s=sums.inferred_s,
            arrivals=sums.arrivals,
            departures=sums.departures,
            coverage=_share(figures.coverage),
            occupancy=_share(figures.occupancy),
            inferred_share=_share(figures.inferred_share),
            turnover=_share(figures.turnover),
            **more,
        )


class PeriodOut(BaseModel):
    """The period as it was understood: whole steps of UK local time."""

    model_config = ConfigDict(populate_by_name=True)

    since: Time = Field(alias="from")
    until: Time = Field(alias="to", description="Does not belong to the period. As far as it is over.")
    step: Step | None
    time_zone: str = Field(ZONE, description="Whose days and hours these are.")
    from_local: str = Field(examples=["2026-03-29T00:00:00+00:00"])
    to_local: str
    hours: float = Field(description="Its length: 23 or 25 hours on days on which the clocks change.")

    @classmethod
    def of(cls, told: Told, step: Step | None) -> "PeriodOut":
        """The wire form."""
        period = told.period
        return cls(
            since=period.since,
            until=period.until,
            step=step,
            time_zone=ZONE,
            from_local=_local(period.since),
            to_local=_local(period.until),
            hours=round((period.until - period.since).total_seconds() / 3600, _DIGITS),
        )


class SelectionOut(BaseModel):
    """Which bays the answer is about; null does not matter."""

    kinds: list[AssetKind]
    site: str | None
    zone: str | None
    category: Category | None
    ward: str | None
    bay: str | None


class Stamp(BaseModel):
    """What every answer about the past says of itself."""

    as_of: Time = Field(description="Up to this moment the platform was receiving and vouches for what it says.")
    told_until: Time = Field(description="How far history goes.")
    period: PeriodOut
    selection: SelectionOut
    withheld_bays: int = Field(description="Bays that belong to one household and are left out of this answer.")
    untold_bays: int = Field(
        description="Bays (or seats) of which something in the period waits to be told: figures may still change."
    )
    untold_from: Time | None = Field(description="From this moment on; null where nothing waits.")
    unheard_bays: int = Field(description="Bays (or seats) in no figure: nothing is known of them up to its end.")


class StampedTotal(Stamp):
    """With the figures of the whole period and of everything that was asked for."""

    total: FiguresOut


def stamp(told: Told, question: Question, step: Step | None = None) -> dict[str, object]:
    """What fills a Stamp."""
    selection = question.selection
    return {
        "as_of": told.as_of,
        "told_until": told.told_until,
        "period": PeriodOut.of(told, step),
        "selection": SelectionOut(
            kinds=sorted(selection.kinds),
            site=selection.site,
            zone=selection.zone,
            category=selection.category,
            ward=selection.ward,
            bay=selection.asset,
        ),
        "withheld_bays": told.withheld,
        "untold_bays": told.untold_bays,
        "untold_from": told.untold_from,
        "unheard_bays": told.unheard_bays,
    }


class StepRow(FiguresOut):
    """One step."""

    begin: Time
    end: Time = Field(description="Where the next step begins, or history ends.")

    @classmethod
    def of_row(cls, row: Row) -> "StepRow":
        """The wire form."""
        return cls.of(row.figures, begin=row.period.since, end=row.period.until)


class SeriesAnswer(StampedTotal):
    """Step by step."""

    rows: list[StepRow]


class GroupRow(FiguresOut):
    """One place, ward, category, bay, or the borough (whose id is empty)."""

    id: str
    name: str

    @classmethod
    def of_group(cls, group: Group, figures: Figures) -> "GroupRow":
        """The wire form."""
        return cls.of(figures, id=group.key, name=group.name)


class _Page(StampedTotal):
    next: str | None = Field(description="Where the next page is; null on the last one.")


class SummaryAnswer(_Page):
    """Group by group."""

    rows: list[GroupRow]


class HourRow(FiguresOut):
    """One hour of the week, all weeks of the period together."""

    weekday: int = Field(ge=1, le=7, description="1 is Monday.")
    hour: int = Field(ge=0, le=23, description="On UK clocks: 9 is from 09:00 to 10:00.")


class WeekAnswer(StampedTotal):
    """Hour by hour of the week."""

    rows: list[HourRow]


class PeakRow(FiguresOut):
    """The hours of the day that stand out. An hour is that on UK clocks: 9 is from 09:00 to 10:00."""

    id: str
    name: str
    fullest_hour: int | None = Field(description="With the greatest occupancy, of hours of which half is known.")
    fullest_occupancy: float | None
    most_arrivals_hour: int | None
    occupancy_by_hour: list[float | None] = Field(min_length=24, max_length=24, description="From midnight on.")

    @classmethod
    def of_peak(cls, group: Group, peak: Peak) -> "PeakRow":
        """The wire form."""
        fullest = peak.fullest_hour
        return cls.of(
            peak.figures,
            id=group.key,
            name=group.name,
            fullest_hour=fullest,
            fullest_occupancy=None if fullest is None else _share(peak.hours[fullest].occupancy),
            most_arrivals_hour=peak.most_arrivals_hour,
            occupancy_by_hour=[_share(hour.occupancy) for hour in peak.hours],
        )


class PeakAnswer(_Page):
    """The day's peaks, group by group."""

    peak: PeakRow = Field(description="Of everything that was asked for.")
    rows: list[PeakRow]


class StaysOut(BaseModel):
    """How long vehicles stayed that left in a time. Lengths are those of whole stays; null where there are too few."""

    whole: int = Field(description="Stays whose arrival and departure are known: only those have a length.")
    cut: int = Field(description="Stays that silence or a closure cut short in our view.")
    running: int = Field(description="Stays that go on at the end of the period.")
    estimated: int = Field(description="Whole stays of which an end is inferred.")
    mean_s: float | None
    median_s: int | None
    p75_s: int | None
    p95_s: int | None
    limited: int = Field(description="Whole stays at bays with a limit, and cut ones that were longer than it already.")
    overstays: int = Field(description="Of these, how many were longer than the limit.")
    overstay_share: float | None
    over_s: int = Field(description="By how much together.")
    overdue: int = Field(description="Running stays beyond the limit.")

    @classmethod
    def of_stays(cls, stays: Stays, **more: object) -> Self:
        """The wire form."""
        values = {name: getattr(stays, name) for name in Stays.__slots__}
        values["mean_s"] = None if stays.mean_s is None else round(stays.mean_s, 1)
        return cls(**values | more, overstay_share=_share(stays.overstay_share))


class StayRow(StaysOut):
    """The stays of one group, with how much is known of its bays."""

    id: str
    name: str
    capacity: int
    coverage: float | None
    inferred_share: float | None

    @classmethod
    def of_group(cls, group: Group, stays: Stays, figures: Figures) -> "StayRow":
        """The wire form."""
        return cls.of_stays(
            stays,
            id=group.key,
            name=group.name,
            capacity=figures.capacity,
            coverage=_share(figures.coverage),
            inferred_share=_share(figures.inferred_share),
        )


class StaysAnswer(_Page):
    """How long vehicles stayed, and whether too long."""

    stays: StaysOut = Field(description="Of everything that was asked for.")
    rows: list[StayRow]


class Difference(BaseModel):
    """This period less the other one; null where one of them is not known."""

    occupancy: float | None = Field(description="In shares: 0.05 is five percentage points more.")
    turnover: float | None
    arrivals: int = Field(description="Of periods that are not equally long compare `turnover`.")
    coverage: float | None

    @classmethod
    def of(cls, this: Figures, other: Figures) -> "Difference":
        """What is different."""
        return cls(
            occupancy=_less(this.occupancy, other.occupancy),
            turnover=_less(this.turnover, other.turnover),
            arrivals=this.sums.arrivals - other.sums.arrivals,
            coverage=_less(this.coverage, other.coverage),
        )


def _less(this: float | None, other: float | None) -> float | None:
    return None if this is None or other is None else _share(this - other)


class ComparisonRow(BaseModel):
    """One group in both periods."""

    id: str
    name: str
    this: FiguresOut
    other: FiguresOut
    difference: Difference

    @classmethod
    def of_group(cls, group: Group, this: Figures, other: Figures) -> "ComparisonRow":
        """The wire form."""
        return cls(
            id=group.key,
            name=group.name,
            this=FiguresOut.of(this),
            other=FiguresOut.of(other),
            difference=Difference.of(this, other),
        )


class ComparisonAnswer(_Page):
    """Two periods. `total` is that of the first; `other_total` that of the other."""

    other_period: PeriodOut
    other_untold_bays: int
    other_untold_from: Time | None
    other_unheard_bays: int
    other_total: FiguresOut
    difference: Difference
    rows: list[ComparisonRow]


class StuckRow(BaseModel):
    """A bay that says the same for implausibly long."""

    id: str
    name: str
    site: str
    category: Category | None
    state: State
    since: Time = Field(description="When anything last came or went.")
    coverage: float = Field(description="Share of the time since then that is known.")
    expected_changes: float | None = Field(description="How often its peers changed in as much known time.")
    reason: StuckReason

    @classmethod
    def of(cls, stuck: StuckBay) -> "StuckRow":
        """The wire form."""
        quiet = stuck.quiet
        return cls(
            id=quiet.asset_id,
            name=quiet.name,
            site=quiet.site_id,
            category=quiet.category,
            state=quiet.state,
            since=quiet.since,
            coverage=round(quiet.coverage, _DIGITS),
            expected_changes=None if stuck.expected is None else round(stuck.expected, 1),
            reason=stuck.reason,
        )


class StuckAnswer(StampedTotal):
    """Bays that say the same for implausibly long, the longest first. The period is that of their peers."""

    looked_at: int
    rows: list[StuckRow]


class UsualRow(BaseModel):
    """One hour of the week. `share_free` is null where it is not known what is usual."""

    weekday: int = Field(ge=1, le=7, description="1 is Monday.")
    hour: int = Field(ge=0, le=23, description="On UK clocks.")
    share_free: float | None
    weeks: int = Field(ge=0, description="In so many of the last weeks it was known.")


class UsualAnswer(BaseModel):
    """How much of a place is usually free."""

    as_of: Time
    site: str
    category: Category | None
    time_zone: str = ZONE
    rows: list[UsualRow]


def _local(moment: datetime) -> str:
    return moment.astimezone(LONDON).isoformat()
