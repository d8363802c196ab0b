"""The past: how full it was, how long vehicles stayed, when it was fullest; as JSON and as CSV."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from api.bench_schemas import BenchesAnswer
from api.history_answers import CSV, SUFFIX, page, respond
from api.history_queries import (
    BenchesQuery,
    ComparisonQuery,
    GroupQuery,
    Order,
    SelectionQuery,
    SeriesQuery,
    SiteSeriesQuery,
    StayOrder,
    StaysQuery,
    StepQuery,
    StuckQuery,
    SummaryQuery,
    UsualQuery,
)
from api.history_schemas import (
    ComparisonAnswer,
    ComparisonRow,
    Difference,
    FiguresOut,
    GroupRow,
    HourRow,
    PeakAnswer,
    PeakRow,
    PeriodOut,
    SeriesAnswer,
    StayRow,
    StaysAnswer,
    StaysOut,
    StepRow,
    StuckAnswer,
    StuckRow,
    SummaryAnswer,
    UsualAnswer,
    UsualRow,
    WeekAnswer,
    stamp,
)
from api.keys import audience_of, holder_of
from domain.api_keys import Scope, ScopesOf
from domain.bench_use import BenchUse, rows
from domain.errors import UnknownPlaceError
from domain.figures import Figures, Sums
from domain.history import Audience, By, Group, HistoryQuestions, Question, Selection, Stays
from domain.live import Live
from domain.periods import Step
from domain.stuck import StuckRules
from domain.usual import UsualOccupancy

_ALL = Group("", "")
_NOTHING = Figures(capacity=0, seconds=0, sums=Sums())

Item = TypeVar("Item")
Ranked = Callable[[tuple[Group, Item]], float | None]


def create_router(
    questions: HistoryQuestions, usual: UsualOccupancy, bench_use: BenchUse, live: Live, scopes_of: ScopesOf
) -> APIRouter:
    """Routes under /v1/history, each also with the suffix .csv; managers' keys see more."""
    router = APIRouter(prefix="/v1/history", tags=["History"])
    audience = Depends(audience_of(scopes_of))
    _add_series(router, questions, audience)
    _add_groups(router, questions, audience)
    _add_weeks(router, questions, audience)
    _add_comparison(router, questions, audience)
    _add_stuck(router, questions, Depends(holder_of(Scope.HISTORY, scopes_of)))
    _add_usual(router, usual, live)
    _add_benches(router, bench_use)
    return router


def _also_csv(answer: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": answer, "content": {CSV: {"schema": {"type": "string"}}}}}


def _add(router: APIRouter, path: str, endpoint: Callable[..., Any], answer: type[BaseModel], summary: str) -> None:
    """The route as JSON (or CSV, by what the reader prefers), and the same with the suffix, always as CSV."""
    name = path.strip("/").replace("/", "_").replace("{", "").replace("}", "")
    router.add_api_route(
        path + SUFFIX,
        endpoint,
        summary=f"{summary}, as CSV",
        operation_id=f"history_{name}_csv",
        response_class=Response,
        responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
    )
    router.add_api_route(
        path,
        endpoint,
        summary=summary,
        operation_id=f"history_{name}",
        response_model=None,
        responses=_also_csv(answer),
    )


def _add_series(router: APIRouter, questions: HistoryQuestions, audience: Any) -> None:  # noqa: ANN401
    async def answer(request: Request, selection: Selection, asked: StepQuery | SeriesQuery, who: Audience) -> Response:
        period = asked.period(asked.step, await questions.told_until())
        question = Question(selection=selection, period=period, audience=who)
        found = await questions.series(question, asked.step)
        body = SeriesAnswer(
            **stamp(found.told, question, asked.step),
            total=FiguresOut.of(found.total),
            rows=[StepRow.of_row(row) for row in found.rows],
        )
        return respond(request, body, who)

    async def site(
        request: Request, site_id: str, asked: Annotated[SiteSeriesQuery, Query()], who: Annotated[Audience, audience]
    ) -> Response:
        """The bays of one site step by step; what goes on now is counted up to now."""
        return await answer(request, Selection(site=site_id, zone=asked.zone, category=asked.category), asked, who)

    async def bay(
        request: Request, bay_id: str, asked: Annotated[StepQuery, Query()], who: Annotated[Audience, audience]
    ) -> Response:
        """One bay step by step."""
        return await answer(request, Selection(asset=bay_id), asked, who)

    async def series(
        request: Request, asked: Annotated[SeriesQuery, Query()], who: Annotated[Audience, audience]
    ) -> Response:
        """Any bays step by step; without a selection those of the whole borough."""
        return await answer(request, asked.selection(who), asked, who)

    _add(router, "/sites/{site_id}", site, SeriesAnswer, "A site, step by step")
    _add(router, "/bays/{bay_id}", bay, SeriesAnswer, "A bay, step by step")
    _add(router, "/series", series, SeriesAnswer, "Any bays, step by step")


async def _question(
    questions: HistoryQuestions, asked: SelectionQuery, who: Audience, step: Step = Step.QUARTER
) -> Question:
    """`step` is what the period is widened to."""
    by = asked.by if isinstance(asked, GroupQuery) else By.BOROUGH
    period = asked.period(step, await questions.told_until())
    return Question(selection=asked.selection(who), period=period, audience=who, by=by)


def _add_groups(router: APIRouter, questions: HistoryQuestions, audience: Any) -> None:  # noqa: ANN401
    async def summary(
        request: Request, asked: Annotated[SummaryQuery, Query()], who: Annotated[Audience, audience]
    ) -> Response:
        """Occupancy, turnover and coverage of a period, group by group: the busiest first, if that is the order."""
        question = await _question(questions, asked, who)
        found = await questions.summary(question)
        rows, following = _page(request, found.groups.items(), _ORDERS[asked.order], asked)
        body = SummaryAnswer(
            **stamp(found.told, question),
            total=FiguresOut.of(found.total),
            next=following,
            rows=[GroupRow.of_group(*row) for row in rows],
        )
        return respond(request, body, who, following)

    async def stays(
        request: Request, asked: Annotated[StaysQuery, Query()], who: Annotated[Audience, audience]
    ) -> Response:
        """Stays that ended in a period: median, 75th and 95th percentile, and those beyond the limits of bays.

        A stay that silence or a closure cut short in our view has no length. In public no length is told of fewer than
        ten whole stays (`SMARTPLACE_PRIVACY_K`).
        """
        question = await _question(questions, asked, who)
        found = await questions.stays(question)
        rows, following = _page(request, found.groups.items(), _STAY_ORDERS[asked.order], asked)
        body = StaysAnswer(
            **stamp(found.told, question),
            total=FiguresOut.of(found.figures),
            next=following,
            stays=StaysOut.of_stays(found.total),
            rows=[StayRow.of_group(group, *values) for group, values in rows],
        )
        return respond(request, body, who, following)

    async def peaks(
        request: Request, asked: Annotated[GroupQuery, Query()], who: Annotated[Audience, audience]
    ) -> Response:
        """The hour of the day that was the fullest, group by group."""
        question = await _question(questions, asked, who)
        found = await questions.peaks(question)
        rows, following = _page(request, found.groups.items(), None, asked)
        body = PeakAnswer(
            **stamp(found.told, question),
            total=FiguresOut.of(found.total.figures),
            next=following,
            peak=PeakRow.of_peak(_ALL, found.total),
            rows=[PeakRow.of_peak(*row) for row in rows],
        )
        return respond(request, body, who, following)

    _add(router, "/summary", summary, SummaryAnswer, "A period, place by place")
    _add(router, "/stays", stays, StaysAnswer, "How long vehicles stayed")
    _add(router, "/peaks", peaks, PeakAnswer, "When it was fullest")


def _add_weeks(router: APIRouter, questions: HistoryQuestions, audience: Any) -> None:  # noqa: ANN401
    async def week(
        request: Request, asked: Annotated[SelectionQuery, Query()], who: Annotated[Audience, audience]
    ) -> Response:
        """All weeks of a period laid over one another, hour by hour on UK clocks."""
        question = await _question(questions, asked, who, Step.HOUR)
        found = await questions.grid(question)
        rows = [
            HourRow.of(figures, weekday=number // 24 + 1, hour=number % 24)
            for number, figures in enumerate(found.hours)
        ]
        body = WeekAnswer(**stamp(found.told, question), total=FiguresOut.of(found.total), rows=rows)
        return respond(request, body, who)

    _add(router, "/week", week, WeekAnswer, "The week, hour by hour")


def _add_comparison(router: APIRouter, questions: HistoryQuestions, audience: Any) -> None:  # noqa: ANN401
    async def compare(
        request: Request, asked: Annotated[ComparisonQuery, Query()], who: Annotated[Audience, audience]
    ) -> Response:
        """Two periods beside one another."""
        question = await _question(questions, asked, who)
        this = await questions.summary(question)
        period = asked.other(question.period, await questions.told_until())
        other = await questions.summary(replace(question, period=period))
        groups = sorted({*this.groups, *other.groups})
        both = [(group, (this.groups.get(group, _NOTHING), other.groups.get(group, _NOTHING))) for group in groups]
        rows, following = _page(request, both, None, asked)
        body = ComparisonAnswer(
            **stamp(this.told, question),
            total=FiguresOut.of(this.total),
            next=following,
            other_period=PeriodOut.of(other.told, None),
            other_untold_bays=other.told.untold_bays,
            other_untold_from=other.told.untold_from,
            other_unheard_bays=other.told.unheard_bays,
            other_total=FiguresOut.of(other.total),
            difference=Difference.of(this.total, other.total),
            rows=[ComparisonRow.of_group(group, *figures) for group, figures in rows],
        )
        return respond(request, body, who, following)

    _add(router, "/compare", compare, ComparisonAnswer, "Two periods")


def _add_stuck(router: APIRouter, questions: HistoryQuestions, holder: Any) -> None:  # noqa: ANN401
    async def stuck(request: Request, asked: Annotated[StuckQuery, Query()], _who: Annotated[str, holder]) -> Response:
        """Bays that were heard and say the same for implausibly long. For keys with the scope `history`."""
        selection = Selection(site=asked.site, category=asked.category, ward=asked.ward)
        found = await questions.stuck(selection, StuckRules(days=asked.days, expected=asked.expected))
        question = Question(selection=selection, period=found.told.period, audience=Audience.MANAGERS)
        body = StuckAnswer(
            **stamp(found.told, question),
            total=FiguresOut.of(found.figures),
            looked_at=found.looked_at,
            rows=[StuckRow.of(bay) for bay in found.bays],
        )
        return respond(request, body, Audience.MANAGERS)

    _add(router, "/stuck", stuck, StuckAnswer, "Bays that are stuck")


def _add_usual(router: APIRouter, usual: UsualOccupancy, live: Live) -> None:
    async def week(request: Request, asked: Annotated[UsualQuery, Query()]) -> Response:
        """How much of a site is usually free, hour by hour of the week; signs fall back on it."""
        snapshot = live.snapshot
        snapshot.site(asked.site)
        rows = [
            UsualRow(
                weekday=number // 24 + 1,
                hour=number % 24,
                share_free=None if one is None else round(one.share_free, 4),
                weeks=0 if one is None else one.weeks,
            )
            for number, one in enumerate(usual.week(asked.site, asked.category))
        ]
        body = UsualAnswer(as_of=snapshot.as_of, site=asked.site, category=asked.category, rows=rows)
        return respond(request, body, Audience.PUBLIC)

    _add(router, "/usual", week, UsualAnswer, "How much is usually free")


def _add_benches(router: APIRouter, bench_use: BenchUse) -> None:
    async def benches(request: Request, asked: Annotated[BenchesQuery, Query()]) -> Response:
        """How much benches were used in a month, and how much was charged there; never less than several benches make.

        Places with few benches are told together with others. Cells of few sittings are withheld, and others with them,
        so that nobody works them out. A month is told once, a week after its end, and stays as it was told.
        """
        month = await bench_use.month(asked.first_day())
        known = {"site": {site.site for site in month.sites}, "ward": {site.ward for site in month.sites}}
        for name, names in known.items():
            wanted = getattr(asked, name)
            if wanted is not None and wanted not in names:
                raise UnknownPlaceError(name, wanted)
        found = rows(month, asked.by, asked.each, site=asked.site, ward=asked.ward)
        return respond(request, BenchesAnswer.of(month, found, asked.by, asked.each), Audience.PUBLIC)

    _add(router, "/benches", benches, BenchesAnswer, "How much benches are used")


def _occupancy(row: tuple[Group, Figures]) -> float | None:
    return row[1].occupancy


def _less(value: float | None) -> float | None:
    return None if value is None else -value


_ORDERS: dict[Order, Ranked[Figures] | None] = {
    Order.ID: None,
    Order.BUSIEST: lambda row: _less(row[1].occupancy),
    Order.EMPTIEST: _occupancy,
    Order.TURNOVER: lambda row: _less(row[1].turnover),
    Order.LEAST_KNOWN: lambda row: row[1].coverage,
}
_STAY_ORDERS: dict[StayOrder, Ranked[tuple[Stays, Figures]] | None] = {
    StayOrder.ID: None,
    StayOrder.LONGEST: lambda row: _less(row[1][0].median_s),
    StayOrder.OVERSTAYS: lambda row: -row[1][0].overstays,
}


def _page(
    request: Request, rows: Iterable[tuple[Group, Item]], ranked: Ranked[Item] | None, asked: GroupQuery
) -> tuple[list[tuple[Group, Item]], str | None]:
    """The rows in order, those without a value last, as many as were asked for; and where the next page is."""

    def rank(row: tuple[Group, Item]) -> tuple[bool, float, str]:
        value = 0.0 if ranked is None else ranked(row)
        return value is None, value or 0.0, row[0].key

    ordered = sorted(rows, key=rank)
    return page(request, [(row[0].key, row) for row in ordered], limit=asked.limit, cursor=asked.cursor)
