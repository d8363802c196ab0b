"""Somebody who asks in public everything there is to ask, and subtracts, works out nothing about one household."""

from datetime import datetime
from itertools import combinations, product

import psycopg
import pytest

from domain.categories import Category
from domain.disclosure import PrivacyRules
from domain.history import By, Question, Selection
from domain.local_time import LONDON
from domain.periods import Period, Step
from store.history.questions import StoreHistory
from store.pool import open_pool
from tests.differencing import Known

pytestmark = [pytest.mark.db, pytest.mark.anyio]

K = 3
# The last day of October, and the first two of November.
DAYS = [
    datetime(2026, 10, 31, tzinfo=LONDON),
    datetime(2026, 11, 1, tzinfo=LONDON),
    datetime(2026, 11, 2, tzinfo=LONDON),
]
END = datetime(2026, 11, 3, tzinfo=LONDON)
LONG_AGO, MIDDLE = datetime(2026, 1, 5, tzinfo=LONDON), datetime(2026, 10, 15, tzinfo=LONDON)
# Bays: site, zone, category, of a household or not, since when they have a history. The households of site a have a
# fourth one from the middle of October on, and a fifth from the second of November; those of site b are too few.
BAYS = {
    **{f"a-home-{n}": ("a", "row-1" if n < 2 else "row-2", "disabled", True, LONG_AGO) for n in range(3)},
    "a-home-3": ("a", None, "disabled", True, MIDDLE),
    "a-home-4": ("a", "row-1", "disabled", True, DAYS[2]),
    "a-home-5": ("a", None, "general", True, LONG_AGO),
    "b-home-0": ("b", None, "disabled", True, LONG_AGO),
    "b-home-1": ("b", None, "disabled", True, LONG_AGO),
    "a-open-0": ("a", "row-1", "disabled", False, LONG_AGO),
    "a-open-1": ("a", None, "general", False, LONG_AGO),
    "b-open-0": ("b", None, "disabled", False, LONG_AGO),
}
WARDS = {"a": "Riverside", "b": "Hill"}
UNITS = [(bay, day) for day in range(len(DAYS)) for bay in BAYS if BAYS[bay][4] <= DAYS[day]]
"""Each bay and day is taken for another power of two of seconds: a sum says of which of them it is."""


def fill(conninfo):
    with psycopg.connect(conninfo) as connection:
        for site, ward in WARDS.items():
            connection.execute(
                "INSERT INTO site (site_id, name, kind, locality, lon, lat, ward, simulated)"
                " VALUES (%s, %s, 'street', 'Grays', 0.3, 51.5, %s, false)",
                [site, site, ward],
            )
        for zone in ("row-1", "row-2"):
            connection.execute("INSERT INTO zone (zone_id, site_key, name) SELECT %s, site_key, %s FROM site"
                               " WHERE site_id = 'a'", [zone, zone])  # fmt: skip
        for bay, (site, zone, category, home, since) in BAYS.items():
            connection.execute(
                "WITH a AS (INSERT INTO asset (asset_id, site_key, zone_key, kind, name, category, lon, lat,"
                " home_linked)"
                " SELECT %s, site_key, (SELECT zone_key FROM zone WHERE zone_id = %s), 'bay', %s, %s, 0.3, 51.5, %s"
                " FROM site WHERE site_id = %s RETURNING asset_key)"
                " INSERT INTO span SELECT asset_key, %s, '9999-01-01Z', 'free', 0, 'observed', 0, 0 FROM a",
                [bay, zone, bay, category, home, site, since],
            )
        for number, (bay, day) in enumerate(UNITS):
            connection.execute(
                "INSERT INTO fact_day (day, asset_key, free_s, occupied_s, unknown_s, closed_s, inferred_s,"
                " arrivals, departures) SELECT %s, asset_key, 0, %s, 0, 0, 0, 0, 0 FROM asset WHERE asset_id = %s",
                [DAYS[day], 2**number, bay],
            )
        connection.execute("UPDATE history SET facts_until = %s", [END])
        connection.execute("UPDATE platform SET as_of = %s", [END])


def questions():
    """Every way to choose bays and to part them, over every whole number of these days."""
    ends = [*DAYS, END]
    selections = [
        Selection(site=site, zone=zone, category=category, ward=ward)
        for (site, ward), zone, category in product(
            ((None, None), (None, "Riverside"), ("a", None), ("b", None)),
            (None, "row-1", "row-2"),
            (None, Category.DISABLED, Category.GENERAL),
        )
    ]
    for selection, by, (since, until) in product(selections, By, combinations(ends, 2)):
        yield Question(selection=selection, period=Period(since=since, until=until), by=by)


async def everything_told(conninfo):
    """All sums that anybody is told, each as what it is the sum of."""
    found = set()
    async with open_pool(conninfo, size=2) as pool:
        asked = StoreHistory(pool, rules=PrivacyRules(k=K))
        for question in questions():
            summary = await asked.summary(question)
            sums = [summary.total, *summary.groups.values()]
            if question.by is By.BOROUGH and question.period.since == DAYS[0]:
                sums += [row.figures for row in (await asked.series(question, Step.DAY)).rows]
            found |= {one.sums.occupied_s for one in sums}
    return [[unit for number, unit in enumerate(UNITS) if seconds >> number & 1] for seconds in sorted(found)]


async def test_whoever_asks_everything_and_subtracts_learns_of_no_household(database):
    fill(database)
    knows = Known()
    heard = await everything_told(database)
    for units in sorted(heard, key=len):
        knows.learn(units)

    def homes(site, category, day):
        return [(bay, day) for bay, on in UNITS if on == day and BAYS[bay][:3:2] == (site, category) and BAYS[bay][3]]

    # Whoever is no household is told by itself, and where there are enough households all of them together.
    assert all(knows.gives([unit]) for unit in UNITS if not BAYS[unit[0]][3])
    assert [len(homes("a", "disabled", day)) for day in range(3)] == [4, 4, 5]
    assert [knows.gives(homes("a", "disabled", day)) for day in range(3)] == [False, True, True]
    # Of fewer of them together nothing follows, nor of those that are too few.
    told = {tuple(homes("a", "disabled", day)) for day in (1, 2)}
    for day, (site, category) in product(range(3), (("a", "disabled"), ("a", "general"), ("b", "disabled"))):
        block = homes(site, category, day)
        for size in range(1, len(block) + 1):
            for some in combinations(block, size):
                assert knows.gives(some) == (some in told), some
