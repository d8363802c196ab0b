"""Every question about the past answered second by second, in plain Python: slow, short, without a look at the store.

Seconds are counted from an origin. Satisfies domain.history.HistoryQuestions, also for those who only see it.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from math import ceil
from zoneinfo import ZoneInfo

from domain.errors import UnknownPlaceError
from domain.figures import Figures, Sums
from domain.history import (
    Audience,
    By,
    Grid,
    Group,
    Peak,
    Peaks,
    Row,
    Series,
    StayAnswer,
    Stays,
    StuckBays,
    Summary,
    Told,
)
from domain.periods import Period
from domain.places import AssetKind
from domain.stuck import QuietBay, judged

LONDON = ZoneInfo("Europe/London")
K = 10


@dataclass(kw_only=True)
class BruteAsset:
    """`moments[s]`: (state, taken, quality) in that second, None before anything is known; `changes`: (s, +, -)."""

    asset_id: str
    site: str
    moments: list
    changes: list
    kind: AssetKind = AssetKind.BAY
    name: str = ""
    zone: str | None = None
    category: str | None = "general"
    ward: str | None = None
    capacity: int = 1
    limit_s: int | None = None
    home_linked: bool = False

    @cached_property
    def first(self):
        return next((s for s, moment in enumerate(self.moments) if moment), None)

    @cached_property
    def _counted(self):
        return {}

    def counted(self, part: range) -> Counter:
        """How many seconds of this part there are of each moment: counted once, however many questions ask."""
        if part not in self._counted:
            self._counted[part] = Counter(self.moments[max(0, part.start) : max(0, part.stop)])
        return self._counted[part]


class BruteHistory:
    def __init__(self, origin: datetime, assets, told_until: datetime, *, site_names=None):
        self.origin, self.assets, self.until = origin, list(assets), told_until
        self.names = site_names or {}
        self.untold_from: datetime | None = None

    async def told_until(self):
        return self.until

    def second(self, moment):
        return int((moment - self.origin).total_seconds())

    def _of(self, question):
        wanted = question.selection
        found = [
            asset
            for asset in self.assets
            if asset.kind in wanted.kinds
            and all(
                getattr(wanted, name) in (None, value)
                for name, value in (
                    ("site", asset.site), ("zone", asset.zone), ("category", asset.category), ("ward", asset.ward),
                    ("asset", asset.asset_id),
                )
            )
        ]  # fmt: skip
        public = [asset for asset in found if not asset.home_linked]
        used = public if question.audience is Audience.PUBLIC else found
        for name, known in (("site", {a.site for a in self.assets}), ("asset", {a.asset_id for a in used})):
            if getattr(wanted, name) is not None and getattr(wanted, name) not in known:
                raise UnknownPlaceError(name, getattr(wanted, name))
        period = replace(question.period, until=max(question.period.since, min(question.period.until, self.until)))
        told = Told(
            as_of=self.until,
            told_until=self.until,
            period=period,
            withheld=len(found) - len(used),
            untold_bays=sum(asset.capacity for asset in used) if self.untold_from else 0,
            untold_from=self.untold_from and max(self.untold_from, period.since),
            unheard_bays=0
            if self.untold_from
            else sum(asset.capacity for asset in used if not self._has_begun(asset, self.second(period.until))),
        )
        return used, told

    def _has_begun(self, asset, until):
        """What begins later than is told has not begun; what has counts from its quarter on."""
        return asset.first is not None and asset.first < self.second(self.until) and asset.first // 900 * 900 < until

    def _group(self, asset, by):
        key, name = {
            By.BOROUGH: ("", ""),
            By.WARD: (asset.ward or "", asset.ward or ""),
            By.SITE: (asset.site, self.names.get(asset.site, asset.site)),
            By.ZONE: (asset.zone or "", asset.zone or ""),
            By.CATEGORY: (asset.category or "", asset.category or ""),
            By.BAY: (asset.asset_id, asset.name or asset.asset_id),
        }[by]
        return Group(key, name)

    def _groups(self, assets, by):
        found = defaultdict(list)
        for asset in assets:
            found[self._group(asset, by)].append(asset)
        return {group: found[group] for group in sorted(found)}

    def figures(self, assets, parts) -> Figures:
        """Of seconds: `parts` are ranges of them."""
        parts = [part for part in parts if part]
        seconds = sum(len(part) for part in parts)
        free = occupied = closed = inferred = arrivals = departures = capacity = 0
        for asset in assets:
            # An asset counts as soon as the quarter of an hour in which it begins overlaps the time.
            if not parts or not self._has_begun(asset, parts[-1].stop):
                continue
            capacity += asset.capacity
            each = Counter()
            for part in parts:
                each.update(asset.counted(part))
            for moment, count in each.items():
                if moment is None:
                    continue
                state, taken, quality = moment
                held = min(taken, asset.capacity)
                free += count * (asset.capacity - held) * (state in ("free", "occupied"))
                occupied += count * held * (state in ("free", "occupied"))
                closed += count * asset.capacity * (state == "closed")
                inferred += count * asset.capacity * (quality != "observed")
            changes = [change for change in asset.changes if any(change[0] in part for part in parts)]
            arrivals += sum(come for _, come, _ in changes)
            departures += sum(went for _, _, went in changes)
        unknown = capacity * seconds - free - occupied - closed
        sums = Sums(
            free_s=free, occupied_s=occupied, unknown_s=unknown, closed_s=closed, inferred_s=inferred,
            arrivals=arrivals, departures=departures,
        )  # fmt: skip
        return Figures(capacity=capacity, seconds=seconds, sums=sums)

    def _whole(self, told):
        return [range(self.second(told.period.since), self.second(told.period.until))]

    async def series(self, question, step):
        assets, told = self._of(question)
        rows, second, ends = [], self.second(told.period.since), self.second(told.period.until)
        while second < ends:
            name = self.step_name(second, step)
            following = second + 900
            while following < ends and self.step_name(following, step) == name:
                following += 900
            following = min(following, ends)
            begin, end = (self.origin + timedelta(seconds=one) for one in (second, following))
            rows.append(Row(Period(since=begin, until=end), self.figures(assets, [range(second, following)])))
            second = following
        return Series(told=told, total=self.figures(assets, self._whole(told)), rows=rows)

    def step_name(self, second, step):
        local = (self.origin + timedelta(seconds=second)).astimezone(LONDON)
        hour = (local.date(), local.hour, local.fold)
        return {
            "15m": (*hour, local.minute // 15), "1h": hour, "1d": local.date(), "1w": local.isocalendar()[:2],
            "1mo": (local.year, local.month),
        }[step.value]  # fmt: skip

    async def summary(self, question):
        assets, told = self._of(question)
        groups = {
            group: self.figures(members, self._whole(told))
            for group, members in self._groups(assets, question.by).items()
        }
        return Summary(told=told, total=self.figures(assets, self._whole(told)), groups=groups)

    def _hours(self, told, cycle):
        found = [[] for _ in range(cycle)]
        second, ends = self.second(told.period.since), self.second(told.period.until)
        while second < ends:
            local = (self.origin + timedelta(seconds=second)).astimezone(LONDON)
            following = min(second + 900, ends)
            found[(local.weekday() * 24 + local.hour) % cycle].append(range(second, following))
            second = following
        return found

    async def grid(self, question):
        assets, told = self._of(question)
        hours = [self.figures(assets, parts) for parts in self._hours(told, 168)]
        return Grid(told=told, total=self.figures(assets, self._whole(told)), hours=hours)

    async def peaks(self, question):
        assets, told = self._of(question)

        def peak(members):
            hours = [self.figures(members, parts) for parts in self._hours(told, 24)]
            return Peak(figures=self.figures(members, self._whole(told)), hours=hours)

        groups = {group: peak(members) for group, members in self._groups(assets, question.by).items()}
        return Peaks(told=told, total=peak(assets), groups=groups)

    def stays_of(self, asset, since, until):
        """(length, whole, running, estimated, limit) of each stay that ended from `since` on or goes on at `until`."""
        moments, found, second = asset.moments, [], 0
        while second < until:
            if not moments[second] or moments[second][0] != "occupied":
                second += 1
                continue
            begins = second
            while second < until and moments[second] and moments[second][0] == "occupied":
                second += 1
            running = second == until
            before = moments[begins - 1] if begins else None
            after = None if running else moments[second]
            whole = not running and before is not None and before[0] == "free" and after[0] == "free"
            near = moments[begins:second] + [one for one in (before, after) if one and one[0] == "free"]
            estimated = any(one[2] == "inferred" for one in near)
            if running or second >= since:
                found.append((second - begins, whole, running, estimated, asset.limit_s))
        return found

    def stays_in(self, assets, told, least):
        since, until = self.second(told.period.since), self.second(told.period.until)
        each = [stay for asset in assets for stay in self.stays_of(asset, since, until)]
        lengths = sorted(length for length, whole, *_ in each if whole)
        over = [(length - limit, running) for length, _, running, _, limit in each if limit and length > limit]
        told_lengths = lengths if len(lengths) >= least else []

        def percentile(share):
            return told_lengths[max(0, ceil(share * len(lengths)) - 1)] if told_lengths else None

        return Stays(
            whole=len(lengths),
            cut=sum(not whole and not running for _, whole, running, *_ in each),
            running=sum(running for _, _, running, *_ in each),
            estimated=sum(whole and estimated for _, whole, _, estimated, _ in each),
            mean_s=sum(lengths) / len(lengths) if told_lengths else None,
            median_s=percentile(0.5),
            p75_s=percentile(0.75),
            p95_s=percentile(0.95),
            limited=sum(
                bool(limit) and (whole or (not running and length > limit)) for length, whole, running, _, limit in each
            ),
            overstays=sum(not running for _, running in over),
            over_s=sum(beyond for beyond, running in over if not running),
            overdue=sum(running for _, running in over),
        )

    async def stays(self, question):
        assets, told = self._of(question)
        least = K if question.audience is Audience.PUBLIC else 1
        groups = {
            group: (self.stays_in(members, told, least), self.figures(members, self._whole(told)))
            for group, members in self._groups(assets, question.by).items()
        }
        figures = self.figures(assets, self._whole(told))
        return StayAnswer(told=told, total=self.stays_in(assets, told, least), figures=figures, groups=groups)

    def quiet(self, asset):
        """Since when nothing came or went, and how much of that is known; None where it is neither free nor taken."""
        until = self.second(self.until)
        moment = asset.moments[until] if until < len(asset.moments) else None
        if moment is None or moment[0] not in ("free", "occupied"):
            return None
        since = max((second for second, *_ in asset.changes if second <= until), default=asset.first)
        states = Counter(one[0] for one in asset.moments[since:until] if one)
        return QuietBay(
            asset_id=asset.asset_id,
            name=asset.name or asset.asset_id,
            site_id=asset.site,
            category=asset.category,
            state=moment[0],
            since=self.origin + timedelta(seconds=since),
            known_s=states["free"] + states["occupied"],
            unknown_s=states["unknown"],
        )

    async def stuck(self, selection, rules):
        from domain.history import Question

        midnight = (self.until - timedelta(days=28)).astimezone(LONDON).replace(hour=0, minute=0, second=0)
        period = Period(since=midnight.astimezone(self.until.tzinfo), until=self.until)
        question = Question(selection=selection, period=period, audience=Audience.MANAGERS)
        assets, told = self._of(question)
        bays = []
        for asset in assets:
            others = [a for a in assets if a is not asset and (a.site, a.category) == (asset.site, asset.category)]
            quiet = self.quiet(asset)
            if quiet and (found := judged(quiet, self.figures(others, self._whole(told)).sums, rules)):
                bays.append(found)
        return StuckBays(
            told=told,
            figures=self.figures(assets, self._whole(told)),
            looked_at=len(assets),
            bays=sorted(bays, key=lambda bay: (bay.quiet.since, bay.quiet.asset_id)),
        )
