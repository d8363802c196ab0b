"""What is usual at a time of the week, from facts: the same as counted hour by hour in Python, across clock changes."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.categories import Category
from domain.places_file import parse_places
from store.history.usual import KnownUsual
from store.places import import_places
from store.pool import open_pool

pytestmark = [pytest.mark.db, pytest.mark.anyio]

LONDON = ZoneInfo("Europe/London")
HOUR = timedelta(hours=1)
PLACES = """
name = "Two places"
simulated = true
[[site]]
id = "mill-yard"
name = "Mill Yard"
kind = "car_park"
locality = "Grays"
lon = 0.325
lat = 51.475
[[site.bays]]
category = "general"
model = "bosch-tps110"
bay = [
  { id = "yard-1", lon = 0.3251, lat = 51.4751, device = "70b3d50000000001" },
  { id = "yard-2", lon = 0.3252, lat = 51.4751, device = "70b3d50000000002" },
]
[[site.bays]]
category = "disabled"
model = "bosch-tps110"
bay = [
  { id = "yard-3", lon = 0.3253, lat = 51.4751, device = "70b3d50000000003" },
  { id = "yard-home", lon = 0.3254, lat = 51.4751, device = "70b3d50000000004", home_linked = true },
]
[[site.areas]]
id = "yard-roof"
name = "Roof"
category = "ev"
capacity = 10
lon = 0.3301
lat = 51.4801
model = "smartplace-count"
device = "count-1"
[[site.benches]]
model = "smartplace-bench"
bench = [{ id = "yard-bench", lon = 0.3255, lat = 51.4751, device = "bench-1" }]
"""
COUNTED = {
    "yard-1": Category.GENERAL,
    "yard-2": Category.GENERAL,
    "yard-3": Category.DISABLED,
    "yard-roof": Category.EV,
}
CAPACITY = defaultdict(lambda: 1, {"yard-roof": 10})
# Three weeks each, on the Wednesday after the clocks changed.
CHANGES = {"forward": datetime(2026, 4, 1, 10, tzinfo=UTC), "back": datetime(2026, 10, 28, 10, tzinfo=UTC)}


def made_up(chance, until):
    """Facts `(asset, hour) -> (free, occupied, unknown)` of four weeks; hours that are known too little among them."""
    found = {}
    for number in range(4 * 168):
        hour = until - (number + 1) * HOUR
        for asset_id in [*COUNTED, "yard-home", "yard-bench"]:
            whole = 3600 * CAPACITY[asset_id]
            unknown = chance.choice([0, 0, whole // 3, whole // 2, whole])
            free = chance.randint(0, whole - unknown)
            found[asset_id, hour] = free, whole - unknown - free, unknown
    return found


def counted(facts, since, category):
    """Hour by hour of the week on UK clocks: the share that was free, and in how many weeks that was known."""
    hours = defaultdict(lambda: [0, 0, 0])
    for (asset_id, hour), states in facts.items():
        if hour >= since and asset_id in COUNTED and category in (None, COUNTED[asset_id]):
            hours[hour] = [a + b for a, b in zip(hours[hour], states, strict=True)]
    week = [[] for _ in range(168)]
    for hour, (free, occupied, unknown) in hours.items():
        local = hour.astimezone(LONDON)
        if free + occupied and 2 * (free + occupied) >= free + occupied + unknown:
            week[24 * local.weekday() + local.hour].append((free, free + occupied, local.date()))
    # An hour that comes twice on a day is of one week.
    weeks = [len({day for *_, day in cell}) for cell in week]
    return [
        None if seen < 2 else (pytest.approx(sum(f for f, *_ in cell) / sum(k for _, k, _ in cell)), seen)
        for cell, seen in zip(week, weeks, strict=True)
    ]


@pytest.mark.parametrize("until", CHANGES.values(), ids=CHANGES)
async def test_what_is_usual_is_as_counted_hour_by_hour(database, noon, until):
    facts = made_up(random.Random(7), until)
    places = parse_places(PLACES, source="two places", silent_after=lambda _: HOUR)
    async with open_pool(database, size=2) as pool:
        await import_places(pool, places, at=noon)
        async with pool.connection() as connection, connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO fact_hour (hour, asset_key, free_s, occupied_s, unknown_s, closed_s, inferred_s,"
                " arrivals, departures) SELECT %s, asset_key, %s, %s, %s, 0, 0, 0, 0 FROM asset WHERE asset_id = %s",
                [(hour, *states, asset_id) for (asset_id, hour), states in facts.items()],
            )
            await connection.execute("TRUNCATE history_due, history_due_batch")
            # What goes on now is not usual yet.
            await connection.execute("UPDATE history SET facts_until = %s", [until + timedelta(minutes=45)])
        usual = KnownUsual(pool, weeks=3)
        assert set(usual.week("mill-yard")) == {None}
        await usual.refresh()

    for category in (None, *set(COUNTED.values())):
        week = usual.week("mill-yard", category)
        expected = counted(facts, until - timedelta(weeks=3), category)
        assert [one and (one.share_free, one.weeks) for one in week] == expected, category
        assert sum(one is not None for one in week) > 80
    assert set(usual.week("mill-yard", Category.TAXI)) == {None}
    # Monday at nine is that on the clocks on the wall, before and after they change.
    for monday in (datetime(2026, 3, 23, 9, tzinfo=UTC), datetime(2026, 3, 30, 8, tzinfo=UTC)):
        assert usual.at("mill-yard", None, monday) == usual.week("mill-yard")[9]


async def test_places_whose_history_is_being_told_keep_what_was_known_of_them(database, noon):
    until = CHANGES["forward"]
    places = parse_places(PLACES, source="two places", silent_after=lambda _: HOUR)
    async with open_pool(database, size=2) as pool:
        await import_places(pool, places, at=noon)
        usual = KnownUsual(pool, weeks=3)

        async def run(*statements):
            async with pool.connection() as connection:
                for statement in statements:
                    await connection.execute(statement, {"until": until})

        async def told_so_far(*, occupied_s):
            """Of two bays, one has its facts: all of three weeks."""
            await run(
                "DELETE FROM fact_hour",
                "INSERT INTO fact_hour (hour, asset_key, free_s, occupied_s, unknown_s, closed_s, inferred_s,"
                f" arrivals, departures) SELECT hour, asset_key, {3600 - occupied_s}, {occupied_s}, 0, 0, 0, 0, 0"
                " FROM asset, generate_series(%(until)s - INTERVAL '3 weeks', %(until)s, '1 hour') AS hour"
                " WHERE asset_id = 'yard-1' AND hour < %(until)s",
            )

        due = (
            "INSERT INTO history_due SELECT asset_key, %(until)s - INTERVAL '{}', %(until)s - INTERVAL '{}' FROM asset"
            " WHERE asset_id = '{}'"
        )
        await run("TRUNCATE history_due, history_due_batch", "UPDATE history SET facts_until = %(until)s")
        await told_so_far(occupied_s=3600)
        # The other bay waits to be told: the pattern of the first one is not that of the place.
        await run(due.format("2 days", "1 day", "yard-2"))
        assert not await usual.refresh()
        assert set(usual.week("mill-yard")) == {None}

        # What was only just heard, what is too old to count, and what does not count at all, wait where they like.
        await run(
            "TRUNCATE history_due, history_due_batch",
            due.format("59 minutes", "0 minutes", "yard-2"),
            due.format("31 days", "30 days", "yard-2"),
            due.format("2 days", "1 day", "yard-home"),
            due.format("2 days", "1 day", "yard-bench"),
        )
        assert await usual.refresh()
        assert {one.share_free for one in usual.week("mill-yard")} == {0.0}

        await told_so_far(occupied_s=0)
        await run(
            "INSERT INTO history_due_batch SELECT ARRAY[asset_key], ARRAY[%(until)s - INTERVAL '2 days'],"
            " ARRAY[%(until)s - INTERVAL '1 day'] FROM asset WHERE asset_id = 'yard-3'"
        )
        assert not await usual.refresh()
        assert {one.share_free for one in usual.week("mill-yard")} == {0.0}
        await run("TRUNCATE history_due, history_due_batch")
        assert await usual.refresh()
        assert {one.share_free for one in usual.week("mill-yard")} == {1.0}
