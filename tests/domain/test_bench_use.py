"""What is told of benches: blocks, cells, sums; and that nobody who asks everything works out what is withheld."""

import random
from datetime import UTC, date, datetime
from itertools import product

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from domain.bench_use import (
    BenchSite,
    BenchSums,
    Block,
    Each,
    Level,
    ToldBlock,
    ToldMonth,
    When,
    blocks,
    days_of,
    period_of,
    rows,
    settled_month,
    told,
    told_in,
)
from domain.disclosure import PrivacyRules
from domain.periods import Period, Step, floor, following
from domain.suppression import TwoWays, total_is_told, withheld
from tests.differencing import Known

SITES = [
    BenchSite("green", "The Green", "Riverside", 6),
    BenchSite("quay", "Quay", "Riverside", 3),
    BenchSite("square", "Square", "Riverside", 2),
    BenchSite("park", "Park", "Hill", 5),
    BenchSite("lane", "Lane", "Hill", 4),
    BenchSite("halt", "Halt", "", 2),
    BenchSite("yard", "Yard", "", 0),
]
OCTOBER = Period(since=datetime(2026, 9, 30, 23, tzinfo=UTC), until=datetime(2026, 11, 1, tzinfo=UTC))


def month_of(year, month):
    since = floor(datetime(year, month, 5, tzinfo=UTC), Step.MONTH)
    return Period(since=since, until=following(since, Step.MONTH))


def tell(counted, period, rules):
    """A month of a borough: `counted` gives of each block's first site its sums by day and hour."""
    return ToldMonth(
        month=days_of(period)[0],
        told_at=period.until,
        rules=rules,
        sites=tuple(SITES),
        blocks=tuple(ToldBlock(block, told(counted[block.sites[0]], period, rules)) for block in blocks(SITES, 5)),
    )


def test_benches_of_small_places_are_told_with_others_each_bench_once():
    assert blocks(SITES, 5) == [
        Block("green", "Riverside", 6, ("green",)),
        Block("park", "Hill", 5, ("park",)),
        Block("", "Riverside", 5, ("quay", "square")),
        Block("", "", 6, ("halt", "lane")),
    ]
    assert [len(block.sites) for block in blocks(SITES, 22)] == [6]
    assert blocks(SITES, 23) == []
    month = tell({site.site: {} for site in SITES}, OCTOBER, PrivacyRules())
    assert [told_in(month, site.site) for site in SITES] == [
        Level.SITE, Level.WARD, Level.WARD, Level.SITE, Level.BOROUGH, Level.BOROUGH, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "gone"),
    [
        ([10, 11, 12], set()),
        ([3, 11, 12], {0, 1}),  # alone it would follow from the total
        ([3, 7, 12], {0, 1}),
        ([3, 6, 12, 11], {0, 1, 3}),  # together they would be nine
        ([0, 0, 0], {0, 1, 2}),
        ([0, 0, 15], {0, 1, 2}),
    ],
)
def test_what_is_withheld_is_two_cells_and_enough_together(events, gone):
    assert withheld(events, 10) == gone


def test_a_total_is_withheld_where_it_gives_away_a_weekday_on_which_hardly_anybody_sat():
    busy, quiet = TwoWays([20, 20], [15, 25]), TwoWays([1, 0], [0, 1])
    assert total_is_told([busy, busy], 10)
    assert not total_is_told([busy, quiet], 10)
    assert total_is_told([busy, *[quiet] * 10], 10)
    # Two days are withheld there, but the hours give the total of both.
    assert not total_is_told([TwoWays([5, 20, 20], [15, 30]), quiet], 10)
    assert total_is_told([TwoWays([5, 20, 20], [5, 15, 25]), quiet], 10)
    assert not total_is_told([quiet], 10)


def test_days_and_hours_are_those_of_uk_clocks_and_add_up():
    assert len(days_of(OCTOBER)) == 31
    full = BenchSums(known_s=3000, open_s=3600, occupied_s=1200, sittings=12, charge_sessions=1, energy_mwh=9000)
    # The hour that comes twice on the 25th is counted twice.
    counted = {(day, hour): full for day in days_of(OCTOBER) for hour in range(24)}
    counted[date(2026, 10, 25), 1] += full
    month = tell({site.site: counted for site in SITES}, OCTOBER, PrivacyRules(bucket_hours=6))

    [whole] = rows(month, Level.SITE, Each.MONTH, site="green", ward=None)
    assert (whole.cell.use.sittings, whole.cell.known_s) == (12 * 745, 3000 * 745)
    days = rows(month, Level.SITE, Each.DAY, site="green", ward=None)
    assert [row.cell.when.day for row in days] == days_of(OCTOBER)
    assert days[24].cell.use.occupied_s == 25 * 1200
    hours = rows(month, Level.SITE, Each.HOUR_OF_WEEK, site="green", ward=None)
    assert [row.cell.when[1:] for row in hours] == list(product(range(1, 8), (0, 6, 12, 18)))
    assert sum(row.cell.use.sittings for row in hours) == 12 * 745
    # 24 charges on each day are told; the six that there are in a quarter of one Monday, four times, as well.
    assert days[0].cell.charging.energy_mwh == 24 * 9000
    [borough] = rows(month, Level.BOROUGH, Each.MONTH, site=None, ward=None)
    assert (borough.benches, borough.counted, borough.cell.use.sittings) == (22, 22, 4 * 12 * 745)
    wards = rows(month, Level.WARD, Each.MONTH, site=None, ward=None)
    assert [(row.place, row.benches) for row in wards] == [("Hill", 5), ("Riverside", 11)]
    assert rows(month, Level.SITE, Each.MONTH, site="quay", ward=None) == []


def test_a_place_is_told_as_far_as_its_parts_are():
    period, rules = OCTOBER, PrivacyRules(bucket_hours=24)
    busy = {(day, 9): BenchSums(known_s=900, open_s=3600, sittings=10) for day in days_of(period)}
    month = tell({"green": busy, "park": {}, "quay": {}, "halt": {}}, period, rules)
    [row] = rows(month, Level.BOROUGH, Each.MONTH, site=None, ward=None)
    assert (row.benches, row.counted, row.cell.use.sittings, row.charging_counted) == (22, 6, 310, 0)
    assert row.cell.charging is None
    [nothing] = rows(month, Level.SITE, Each.MONTH, site="park", ward=None)
    assert (nothing.counted, nothing.cell.use) == (0, None)


def test_a_month_is_settled_a_week_after_its_end_on_uk_clocks():
    assert period_of(date(2026, 10, 1)) == OCTOBER
    assert settled_month(datetime(2026, 11, 7, 23, 59, tzinfo=UTC)) == date(2026, 9, 1)
    assert settled_month(datetime(2026, 11, 8, tzinfo=UTC)) == date(2026, 10, 1)
    # In summer a month ends at eleven in the evening, UTC.
    assert settled_month(datetime(2026, 7, 7, 22, 59, tzinfo=UTC)) == date(2026, 5, 1)
    assert settled_month(datetime(2026, 7, 7, 23, tzinfo=UTC)) == date(2026, 6, 1)


# How many sit down in a part of a day: places are busy, quiet or hardly used, and weekdays differ.
BUSY, QUIET, RARE = (3, 12), (0, 4), (0, 1)


def made_up(chance, period, bucket_hours, kinds):
    """Sums by day and hour of one block whose weekdays are of these kinds."""
    found = {}
    for day in days_of(period):
        low, high = kinds[day.weekday()]
        for hour in range(0, 24, bucket_hours):
            sittings, sessions = chance.randint(low, high), chance.randint(0, max(1, high // 2))
            found[day, hour] = BenchSums(
                known_s=3600 * bucket_hours,
                open_s=3600 * bucket_hours,
                occupied_s=sum(chance.randint(60, 3000) for _ in range(sittings)),
                sittings=sittings,
                charge_sessions=sessions,
                energy_mwh=sum(chance.randint(1000, 20_000) for _ in range(sessions)),
            )
    return found


def unknowns(part, when, period, bucket_hours):
    """What a cell of a block is the sum of."""
    return [
        (part, day, hour)
        for day in days_of(period)
        if when.day in (None, day) and when.weekday in (None, day.isoweekday())
        for hour in range(0, 24, bucket_hours)
        if when.hour in (None, hour)
    ]


def everything_asked(month):
    """Every answer there is: each combination of places, times and filters."""
    for level, each in product(Level, Each):
        for site in [None, *(one.site for one in month.sites)]:
            for ward in [None, *sorted({one.ward for one in month.sites})]:
                for row in rows(month, level, each, site=site, ward=ward):
                    yield level, site, ward, row


# Each example is a whole month: what fails is not made smaller.
@settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(data=st.data())
def test_whoever_asks_everything_and_subtracts_works_out_nothing_that_is_withheld(data):
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    bucket_hours, k = data.draw(st.sampled_from([8, 12, 24])), data.draw(st.integers(2, 30))
    period = month_of(*data.draw(st.sampled_from([(2026, 2), (2026, 3), (2026, 10)])))
    names = {block.sites[0]: block for block in blocks(SITES, 5)}
    kinds = st.lists(st.sampled_from([BUSY, QUIET, RARE]), min_size=7, max_size=7)
    counted = {name: made_up(chance, period, bucket_hours, data.draw(kinds)) for name in names}
    month = tell(counted, period, PrivacyRules(k=k, bucket_hours=bucket_hours))

    for part in PARTS:
        try_everything(month, counted, part, chance)


PARTS = {
    "use": ("sittings", {"occupied_s": "occupied_s", "sittings": "sittings"}),
    "charging": ("charge_sessions", {"sessions": "charge_sessions", "energy_mwh": "energy_mwh"}),
}


def try_everything(month, counted, part, chance):
    """Ask, subtract, and look for what is withheld: of what was used, or of what was charged."""
    events, values = PARTS[part]
    k, bucket_hours, period = month.rules.k, month.rules.bucket_hours, period_of(month.month)
    names = {one.block.sites[0]: one.block for one in month.blocks}
    cells = {(one.block.sites[0], cell.when): cell for one in month.blocks for cell in one.cells}

    def true(wanted, name):
        return sum(getattr(counted[block][day, hour], name) for block, day, hour in wanted)

    knows, heard = Known(), set()
    for level, site, ward, row in everything_asked(month):
        behind = [
            unknown
            for name, block in names.items()
            if site in (None, block.site) and ward in (None, block.ward)
            if row.place == {Level.SITE: block.site, Level.WARD: block.ward, Level.BOROUGH: ""}[level]
            if getattr(cells[name, row.cell.when], part)
            for unknown in unknowns(name, row.cell.when, period, bucket_hours)
        ]
        answer = getattr(row.cell, part)
        assert (answer is None) == (not behind)
        if answer is not None:
            # That is what the number says: nobody knows more about it than that.
            assert {name: getattr(answer, name) for name in values} == {
                name: true(behind, column) for name, column in values.items()
            }
            assert true(behind, events) >= k
            heard.add(tuple(behind))
    for sum_of in sorted(heard, key=len):
        knows.learn(sum_of)

    def gone(name, weekday, way):
        """What is withheld of the days (or hours) of one weekday."""
        return {
            unknown
            for (block, when), cell in cells.items()
            if block == name and getattr(cell, part) is None
            if (when.day and when.day.isoweekday() == weekday and way == "days")
            or (when.weekday == weekday and way == "hours")
            for unknown in unknowns(block, when, period, bucket_hours)
        }

    for (name, when), cell in cells.items():
        is_told = getattr(cell, part) is not None
        assert knows.gives(unknowns(name, when, period, bucket_hours)) == is_told, (part, name, when)
    # Nor together what is withheld, where that is little: of any weekdays, by their days or by their hours.
    for _ in range(30):
        name = chance.choice(sorted(names))
        ways = [chance.choice(["neither", "days", "hours"]) for _ in range(7)]
        wanted = set().union(*(gone(name, weekday, way) for weekday, way in enumerate(ways, 1)))
        if wanted and knows.gives(wanted):
            assert true(wanted, events) >= k, (part, name)
    # Nor what was in one part of one day, unless that was so much that it could be told.
    for name in names:
        for one in unknowns(name, When(), period, bucket_hours)[::7]:
            if knows.gives([one]):
                assert true([one], events) >= k
