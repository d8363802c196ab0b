"""Questions about the past, answered from facts and spans in one consistent look at the database."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from domain.categories import Category
from domain.disclosure import PrivacyRules
from domain.figures import Beginnings, Figures, Sums, Times, figures, over
from domain.history import (
    HOURS_OF_A_WEEK,
    Audience,
    By,
    Grid,
    Group,
    Peak,
    Peaks,
    Question,
    Row,
    Selection,
    Series,
    StayAnswer,
    Stays,
    StuckBays,
    Summary,
)
from domain.periods import Period, Step, following
from domain.places import AssetKind
from domain.states import State
from domain.stuck import QuietBay, StuckRules, judged
from domain.usual import hour_of_week
from store.history.look import Look, look_at, moment
from store.history.selection import Chosen, ChosenAsset
from store.pool import Pool, connected
from store.queries import one

MOST_ROWS = 10_000

_WITHIN_S = 25.0
# Of the connections that a process has, questions about the past take two at most: what is live comes first.
_AT_ONCE = 2
_WITH_STAYS = {AssetKind.BAY, AssetKind.BENCH}
_PEERS_SINCE = timedelta(days=28)
_COUNTS_OF_STAYS = ("whole", "cut", "running", "estimated", "limited", "overstays", "over_s", "overdue")
_LENGTHS_OF_STAYS = ("mean_s", "median_s", "p75_s", "p95_s")
_NOTHING: dict[str, Any] = {**dict.fromkeys(_COUNTS_OF_STAYS, 0), **dict.fromkeys(_LENGTHS_OF_STAYS)}
_NO_STAYS = Stays(**_NOTHING)


class StoreHistory:
    """Satisfies domain.history.HistoryQuestions."""

    def __init__(self, pool: Pool, *, rules: PrivacyRules) -> None:
        self._pool = pool
        self._rules = rules
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def told_until(self) -> datetime:
        """How far history goes now; raises StoreUnavailableError."""
        async with connected(self._pool) as connection:
            return moment((await one(connection, "select_history_told", {}))["told_until"])

    async def series(self, question: Question, step: Step) -> Series:
        """Step by step; raises InvalidQuestionError, UnknownPlaceError, StoreUnavailableError."""
        steps = question.period.steps(step, most=MOST_ROWS)
        async with self._look(question) as look:
            sums = await look.by_step(steps, step)
        gone = [(number, part) for number, one in enumerate(steps) if (part := over(one, look.told.told_until))]
        begun = look.chosen.begun
        return Series(
            told=look.told,
            total=look.total(sums.values()),
            rows=[Row(part, figures(sums.get(number, Sums()), Times([part]), begun)) for number, part in gone],
        )

    async def summary(self, question: Question) -> Summary:
        """Group by group; raises InvalidQuestionError, UnknownPlaceError, StoreUnavailableError."""
        async with self._look(question) as look:
            sums = await look.by_group()
        return Summary(told=look.told, total=look.total(sums.values()), groups=_figures(look, sums))

    async def grid(self, question: Question) -> Grid:
        """Hour by hour of the week; raises InvalidQuestionError, UnknownPlaceError, StoreUnavailableError."""
        async with self._look(question) as look:
            sums = await look.by_hour_of_week()
        cells = [sums.get(hour, Sums()) for hour in range(HOURS_OF_A_WEEK)]
        return Grid(
            told=look.told,
            total=look.total(cells),
            hours=_each(cells, hours_of(look.told.period, HOURS_OF_A_WEEK), look.chosen.begun),
        )

    async def peaks(self, question: Question) -> Peaks:
        """The hour of the day that was the fullest; raises as the others."""
        async with self._look(question) as look:
            sums = await look.by_group_and_hour()
        groups, hours = look.chosen.groups, hours_of(look.told.period, 24)
        of_group = {group: [sums.get((group, hour), Sums()) for hour in range(24)] for group in groups}
        of_all = [sum((of_group[group][hour] for group in groups), Sums()) for hour in range(24)]
        figures_of_group = _figures(look, {group: sum(cells, Sums()) for group, cells in of_group.items()})
        begun = look.chosen.begun_by_group()
        return Peaks(
            told=look.told,
            total=Peak(figures=look.total(of_all), hours=_each(of_all, hours, look.chosen.begun)),
            groups={
                group: Peak(figures=figures_of_group[group], hours=_each(cells, hours, begun[group]))
                for group, cells in of_group.items()
            },
        )

    async def stays(self, question: Question) -> StayAnswer:
        """How long vehicles stayed; raises as the others. Of fewer than `k` whole stays no length is told in public."""
        in_public = question.audience is Audience.PUBLIC
        async with self._look(question) as everything:
            # Of spaces that are counted together nobody knows who stayed; and what is no sum is not told of blocks.
            look = everything.only(lambda one: one.kind in _WITH_STAYS and not (in_public and one.home_linked))
            sums, period = await look.by_group(), look.told.period
            rows = await look.rows("select_stays", since=period.since, until=period.until)
        found = {row["group_number"]: _stays(row, self._rules.k if in_public else 1) for row in rows}
        return StayAnswer(
            told=look.told,
            total=found[None],
            figures=look.total(sums.values()),
            groups={
                group: (found.get(number, _NO_STAYS), of_group)
                for number, (group, of_group) in enumerate(_figures(look, sums).items())
            },
        )

    async def stuck(self, selection: Selection, rules: StuckRules) -> StuckBays:
        """Bays that say the same for implausibly long; raises as the others."""
        until = await self.told_until()
        period = Period(since=until - _PEERS_SINCE, until=until).widened(Step.DAY)
        question = Question(selection=selection, period=period, audience=Audience.MANAGERS, by=By.BAY)
        async with self._look(question) as everything:
            look = everything.only(lambda one: one.kind in _WITH_STAYS)
            sums = await look.by_group()
            rows = await look.rows("select_quiet_bays", at=look.told.told_until)
        assets = {asset.key: asset for asset in look.chosen.assets}
        peers = _Peers(look.chosen, sums)
        quiet = [(assets[row["asset_key"]], row) for row in rows]
        stuck = [judged(_quiet(asset, row), peers.of(asset), rules) for asset, row in quiet]
        return StuckBays(
            told=look.told,
            figures=look.total(sums.values()),
            looked_at=len(assets),
            bays=sorted(filter(None, stuck), key=lambda one: (one.quiet.since, one.quiet.asset_id)),
        )

    @asynccontextmanager
    async def _look(self, question: Question) -> AsyncIterator[Look]:
        """Everything in it is of the same moment."""
        async with self._turns, connected(self._pool, within_s=_WITHIN_S) as connection, connection.transaction():
            yield await look_at(connection, question, self._rules)


def hours_of(period: Period, cycle: int) -> list[Times]:
    """The hours of a period, by the hour of the week (168) or day (24) that they are on UK clocks."""
    parts: list[list[Period]] = [[] for _ in range(cycle)]
    at = period.since
    while at < period.until:
        ends_at = min(following(at, Step.HOUR), period.until)
        parts[hour_of_week(at) % cycle].append(Period(since=at, until=ends_at))
        at = ends_at
    return [Times(part) for part in parts]


def _figures(look: Look, sums: Mapping[Group, Sums]) -> dict[Group, Figures]:
    """Of each group over the whole period, in order."""
    times, begun = Times([look.told.period]), look.chosen.begun_by_group()
    return {group: figures(sums[group], times, begun[group]) for group in look.chosen.groups}


def _each(cells: Sequence[Sums], hours: Sequence[Times], begun: Beginnings) -> list[Figures]:
    return [figures(sums, times, begun) for sums, times in zip(cells, hours, strict=True)]


def _quiet(asset: ChosenAsset, row: Mapping[str, object]) -> QuietBay:
    return QuietBay(
        asset_id=asset.asset_id,
        name=asset.name,
        site_id=asset.site_id,
        category=asset.category,
        state=State(str(row["state"])),
        since=moment(row["since"]),
        known_s=int(str(row["known_s"])),
        unknown_s=int(str(row["unknown_s"])),
    )


class _Peers:
    """The sums of all other bays of a site and category."""

    def __init__(self, chosen: Chosen, by_bay: Mapping[Group, Sums]) -> None:
        self._by_bay = by_bay
        self._together: dict[tuple[str, Category | None], Sums] = {}
        for asset in chosen.assets:
            place = asset.site_id, asset.category
            self._together[place] = self._together.get(place, Sums()) + by_bay[asset.group]

    def of(self, asset: ChosenAsset) -> Sums:
        """Without its own."""
        return self._together[asset.site_id, asset.category] - self._by_bay[asset.group]


def _stays(row: Mapping[str, object], least: int) -> Stays:
    """`least`: of fewer whole stays no length is told."""
    counts = {name: int(str(row[name])) for name in _COUNTS_OF_STAYS}
    lengths: dict[str, object] = dict.fromkeys(_LENGTHS_OF_STAYS)
    percentiles = row["percentiles"]
    if counts["whole"] >= least and isinstance(percentiles, list):
        lengths = dict(zip(_LENGTHS_OF_STAYS, (row["mean_s"], *percentiles), strict=True))
    return Stays(**counts, **lengths)  # type: ignore[arg-type]
