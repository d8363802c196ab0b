"""One consistent look at the past: the assets that a question is about, and sums of their facts."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from psycopg.rows import DictRow

from domain.disclosure import PrivacyRules
from domain.errors import InvalidQuestionError
from domain.figures import SUMS, Figures, Sums, Times, figures, over
from domain.history import Audience, Group, Question, Told
from domain.periods import Period, Step, floor
from domain.stretches import Grain, stretches
from domain.usual import hour_of_week
from store.history.selection import Chosen, ChosenAsset, choose
from store.pool import Connection
from store.queries import one, query

MOST_FACTS, MOST_HOURS = 8_000_000, 20_000
"""So many facts, and hours, are read for one answer at most."""

_COARSEST = {Step.QUARTER: Grain.QUARTER, Step.HOUR: Grain.HOUR}
_LENGTHS = {Grain.QUARTER: timedelta(minutes=15), Grain.HOUR: timedelta(hours=1), Grain.DAY: timedelta(days=1)}

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is known of one moment. `untold`: since when history of an asset waits to be told in that period.

    `unheard`: assets without any.
    """

    connection: Connection
    chosen: Chosen
    told: Told
    facts_until: datetime
    untold: Mapping[int, datetime]
    unheard: Set[int]

    async def by_step(self, steps: Sequence[Period], step: Step) -> Mapping[int, Sums]:
        """The sums of each step, by its number; raises InvalidQuestionError where that is too much."""
        grain = _COARSEST.get(step, Grain.DAY)
        rows = await self._facts("select_history_series", grain, steps=[one.since for one in steps])
        return _added((row["step"], _sums(row)) for row in rows)

    async def by_hour_of_week(self) -> Mapping[int, Sums]:
        """The sums of each hour of the week; raises InvalidQuestionError where that is too much."""
        hours = self.told.period.steps(Step.HOUR, most=MOST_HOURS)
        sums = await self.by_step(hours, Step.HOUR)
        return _added((hour_of_week(hours[number].since), one) for number, one in sums.items())

    async def by_group(self) -> Mapping[Group, Sums]:
        """The sums of each group; raises InvalidQuestionError where that is too much."""
        rows = await self._facts("select_history_sums", Grain.DAY)
        groups = {asset.key: asset.group for asset in self.chosen.assets}
        nothing = dict.fromkeys(self.chosen.groups, Sums())
        return {**nothing, **_added((groups[row["asset_key"]], _sums(row)) for row in rows)}

    async def by_group_and_hour(self) -> Mapping[tuple[Group, int], Sums]:
        """The sums of each group and hour of the day; raises InvalidQuestionError where that is too much."""
        steps = [one.since for one in self.told.period.steps(Step.HOUR, most=MOST_HOURS)]
        hours = [hour_of_week(one) % 24 for one in steps]
        rows = await self._facts("select_history_hours", Grain.HOUR, steps=steps, hours=hours)
        groups = {asset.key: asset.group for asset in self.chosen.assets}
        return _added(((groups[row["asset_key"]], row["hour"]), _sums(row)) for row in rows)

    async def rows(self, name: str, **more: object) -> list[DictRow]:
        """What a query gives that is not about facts; raises InvalidQuestionError where that is too much."""
        self._bound(Grain.HOUR)
        return await self._asked(name, {**self.chosen.columns(), **more})

    def only(self, wanted: Callable[[ChosenAsset], bool]) -> "Look":
        """The same, of those assets of which this is so."""
        chosen = self.chosen.only(wanted)
        return replace(self, chosen=chosen, told=_told(self.told, chosen, self.untold, self.unheard))

    def total(self, parts: Iterable[Sums]) -> Figures:
        """The figures of everything that was asked for."""
        return figures(sum(parts, Sums()), Times([self.told.period]), self.chosen.begun)

    async def _facts(self, name: str, coarsest: Grain, **more: object) -> list[DictRow]:
        self._bound(coarsest)
        found: list[DictRow] = []
        for counts_from, assets in self.chosen.by_beginning().items():
            period = Period(since=max(self.told.period.since, counts_from), until=self.told.period.until)
            parts = stretches(period, facts_until=self.facts_until, coarsest=coarsest)
            parameters = {
                "keys": [asset.key for asset in assets],
                "grains": [part.grain.value for part in parts],
                "begins": [part.period.since for part in parts],
                "ends": [part.period.until for part in parts],
                **more,
            }
            found += await self._asked(name, parameters)
        return found

    async def _asked(self, name: str, parameters: Mapping[str, object]) -> list[DictRow]:
        # Planned anew each time: a plan for any keys looks for each of its rows through all of them.
        return await (await self.connection.execute(query(name), parameters, prepare=False)).fetchall()

    def _bound(self, coarsest: Grain) -> None:
        length = self.told.period.until - self.told.period.since
        if len(self.chosen.assets) * (length // _LENGTHS[coarsest]) > MOST_FACTS:
            raise InvalidQuestionError("from", "too much at once: choose a shorter period or fewer bays")


async def look_at(connection: Connection, question: Question, rules: PrivacyRules) -> Look:
    """Begin a look, in the transaction that is open; raises UnknownPlaceError."""
    await connection.execute(query("read_one_snapshot"))
    now = await one(connection, "select_history_told", {})
    told_until = moment(now["told_until"])
    nothing = Period(since=question.period.since, until=question.period.since)
    told = Told(as_of=moment(now["as_of"]), told_until=told_until, period=over(question.period, told_until) or nothing)
    chosen = await choose(connection, question, rules)
    # That something was heard of a bay this minute is told of no household in public, and of no block of them.
    open_to_all = [one for one in chosen.assets if question.audience is Audience.MANAGERS or not one.home_linked]
    untold = await _untold(connection, open_to_all, told.period)
    unheard = {one.key for one in open_to_all if one.key not in untold and not _has_begun(one, told.period)}
    return Look(
        connection=connection,
        chosen=chosen,
        told=_told(told, chosen, untold, unheard),
        facts_until=moment(now["facts_until"]),
        untold=untold,
        unheard=unheard,
    )


async def _untold(connection: Connection, assets: Iterable[ChosenAsset], period: Period) -> Mapping[int, datetime]:
    parameters = {"keys": [one.key for one in assets], "since": period.since, "until": period.until}
    rows = await connection.execute(query("select_history_untold"), parameters)
    return {row["asset_key"]: row["untold_from"] for row in await rows.fetchall()}


def _has_begun(asset: ChosenAsset, period: Period) -> bool:
    """Whether it counts in a period: as `domain.figures.beginnings` does."""
    return asset.since is not None and floor(asset.since, Step.QUARTER) < period.until


def _told(told: Told, chosen: Chosen, untold: Mapping[int, datetime], unheard: Set[int]) -> Told:
    """The same, of these assets."""
    waiting = [asset for asset in chosen.assets if asset.key in untold]
    return replace(
        told,
        withheld=chosen.withheld,
        untold_bays=sum(asset.capacity for asset in waiting),
        untold_from=min((untold[asset.key] for asset in waiting), default=None),
        unheard_bays=sum(asset.capacity for asset in chosen.assets if asset.key in unheard),
    )


def moment(value: object) -> datetime:
    """A time in a row."""
    assert isinstance(value, datetime)
    return value


def _added(parts: Iterable[tuple[Key, Sums]]) -> dict[Key, Sums]:
    found: dict[Key, Sums] = {}
    for key, sums in parts:
        found[key] = found[key] + sums if key in found else sums
    return found


def _sums(row: DictRow) -> Sums:
    return Sums(**{name: row[name] for name in SUMS})
