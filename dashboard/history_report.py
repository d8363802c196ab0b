"""What the report about a period says: everything that it asks of the past, put together; and in which words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta

from dashboard.bar_chart import BarChart, Share, bar_chart, percent
from dashboard.times import clock_text, day_and_clock_text, day_text
from dashboard.wording import counted
from domain.categories import Category
from domain.figures import Figures
from domain.history import (
    WELL_KNOWN,
    Audience,
    By,
    Grid,
    Group,
    HistoryQuestions,
    Question,
    Row,
    Selection,
    Series,
    Stays,
    StuckBays,
    Summary,
    Told,
)
from domain.local_time import LONDON
from domain.periods import Period, Step
from domain.stuck import StuckRules

_RANKED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some bays in both periods; stays are those at bays that have a sensor each."""

    figures: Figures
    before: Figures
    stays: Stays
    stays_before: Stays


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A period of some bays, and the one before it; `accessible` are those for disabled people among them."""

    selection: Selection
    period: Period
    before: Period
    step: Step
    series: Series
    chart: BarChart
    grid: Grid
    everything: Part
    accessible: Part | None
    places: Summary
    by: By
    zones: Mapping[str, str]
    busiest: Sequence[tuple[Group, Figures]]
    emptiest: Sequence[tuple[Group, Figures]]
    stuck: StuckBays


async def gather(questions: HistoryQuestions, selection: Selection, period: Period) -> Report:
    """Ask everything; raises InvalidQuestionError, UnknownPlaceError, StoreUnavailableError."""
    step = step_of(period)
    question = Question(selection=selection, period=period.widened(step), audience=Audience.MANAGERS)
    series = await questions.series(question, step)
    before = question.period.before().as_far_as(question.period, series.told.told_until)
    bays = await questions.summary(replace(question, by=By.BAY))
    zones: Mapping[str, str] = {}
    if selection.site:
        whole_site = Selection(site=selection.site)
        of_site = await questions.summary(replace(question, selection=whole_site, by=By.ZONE))
        zones = {group.key: group.name for group in of_site.groups if group.key}
    by = By.SITE if not selection.site else By.ZONE if zones else By.CATEGORY
    places = await questions.summary(replace(question, by=by))
    busiest = _ranked(bays)
    disabled = replace(selection, category=Category.DISABLED)
    accessible = None if selection.category else await _part(questions, replace(question, selection=disabled), before)
    return Report(
        selection=selection,
        period=series.told.period,
        before=before,
        step=step,
        series=series,
        chart=_chart(series, step),
        grid=await questions.grid(question),
        everything=await _part(questions, question, before),
        accessible=accessible if accessible and accessible.figures.capacity else None,
        places=places,
        by=by,
        zones=zones,
        busiest=busiest[:_RANKED],
        emptiest=busiest[::-1][:_RANKED],
        stuck=await questions.stuck(selection, StuckRules()),
    )


async def _part(questions: HistoryQuestions, question: Question, before: Period) -> Part:
    earlier = replace(question, period=before)
    return Part(
        figures=(await questions.summary(question)).total,
        before=(await questions.summary(earlier)).total,
        stays=(await questions.stays(question)).total,
        stays_before=(await questions.stays(earlier)).total,
    )


def step_of(period: Period) -> Step:
    """How finely a period is drawn, so that bars are neither too many nor too few."""
    length = period.until - period.since
    if length <= timedelta(days=2, hours=1):
        return Step.HOUR
    return Step.DAY if length <= timedelta(days=93) else Step.WEEK


def step_text(row: Row, step: Step) -> str:
    """When a step begins."""
    local = row.period.since.astimezone(LONDON)
    if step is Step.HOUR:
        return f"{local:%a} {local:%H}:00"
    return f"{local.day} {local:%b}"


def days_text(period: Period) -> str:
    """Its days, the last one included; where it goes on now, until when."""
    last = (period.until - timedelta(seconds=1)).astimezone(LONDON)
    ends_now = period.until.astimezone(LONDON).time() != time()
    words = f"{day_text(period.since.astimezone(LONDON).date())} to {day_text(last.date())}"
    return f"{words}, {clock_text(period.until)}" if ends_now else words


def untold_text(told: Told, capacity: int) -> str:
    """How far history is told where that is not far enough, and what that means for what is shown; else nothing."""
    if told.untold_from is None or not told.is_behind:
        return ""
    bays, whole = counted(told.untold_bays, "bay"), told.untold_from <= told.period.since
    moment = day_and_clock_text(told.untold_from)
    if not capacity:
        heard = "what was heard" if whole else f"what was heard since {moment}"
        return f"History of {bays} is not told yet: {heard} waits its turn. Load this page again in a minute."
    if whole:
        return f"Of {bays} all of this period waits to be told, or is told anew: figures will change."
    return f"History is told until {moment}: of {bays} what came later waits its turn, and figures will change."


def unheard_text(told: Told) -> str:
    """Of how many bays no figure says anything, where there are any; else nothing."""
    if not told.unheard_bays:
        return ""
    return f"In no figure: {counted(told.unheard_bays, 'more bay')}, of which nothing was heard by then."


def is_well_known(figures: Figures) -> bool:
    """Whether enough of the time is known to rely on a figure."""
    return (figures.coverage or 0.0) >= WELL_KNOWN


def heat(figures: Figures) -> str:
    """Which shade a cell of the week has: 0 to 5, or `none`."""
    return "none" if figures.occupancy is None else str(round(5 * figures.occupancy))


def length_text(seconds: float | None) -> str:
    """How long a stay is, to the minute."""
    if seconds is None:
        return "not known"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"


def points_text(this: float | None, other: float | None) -> str:
    """How much a share rose or fell since the period before, in percentage points."""
    if this is None or other is None:
        return "before: not known"
    points = round(100 * this) - round(100 * other)
    if points == 0:
        return f"as before ({percent(other)})"
    return f"{abs(points)} {'point' if abs(points) == 1 else 'points'} {'more' if points > 0 else 'less'} than before"


def number_text(value: float | None, digits: int = 1) -> str:
    """A number, or that it is not known."""
    return "not known" if value is None else f"{value:,.{digits}f}"


def _ranked(bays: Summary) -> list[tuple[Group, Figures]]:
    known = [(group, one) for group, one in bays.groups.items() if is_well_known(one) and one.occupancy is not None]
    return sorted(known, key=lambda row: (-(row[1].occupancy or 0.0), row[0].key))


def _chart(series: Series, step: Step) -> BarChart:
    shares = [
        Share(step_text(row, step), row.figures.occupancy, "plain" if is_well_known(row.figures) else "careful")
        for row in series.rows
    ]
    return bar_chart(shares, words=f"Occupancy step by step, {len(shares)} bars; the table below says the same")
