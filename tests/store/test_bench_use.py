"""Months of benches are told once, from facts, when they are settled; and stay as they were told."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.bench_use import Each, Level, rows
from domain.disclosure import PrivacyRules
from domain.errors import InvalidQuestionError
from domain.places_file import parse_places
from store.history.bench_use import StoreBenchUse
from store.places import import_places
from store.pool import open_pool

pytestmark = [pytest.mark.db, pytest.mark.anyio]

OCTOBER = date(2026, 10, 1)
SITE = """
[[site]]
id = "{site}"
name = "{site}"
kind = "park"
locality = "Grays"
ward = "Riverside"
lon = 0.36
lat = 51.463
[[site.benches]]
model = "smartplace-bench"
seats = 2
bench = [{benches}]
"""
BENCH = '{{ id = "{site}-{n}", lon = 0.36, lat = 51.463, device = "bench-{site}-{n}" }}'
PLACES = 'name = "Three places"\nsimulated = true\n' + "".join(
    SITE.format(site=site, benches=", ".join(BENCH.format(site=site, n=n) for n in range(count)))
    for site, count in {"green": 5, "quay": 2, "lane": 3}.items()
)
FACTS = """
    INSERT INTO fact_hour (hour, asset_key, free_s, occupied_s, unknown_s, closed_s, inferred_s, arrivals,
                           departures, charge_sessions, energy_mwh)
    SELECT hour, asset_key, 4800, 1200, 1200, 0, 0,
           CASE WHEN extract(hour FROM hour AT TIME ZONE 'Europe/London') BETWEEN 8 AND 19 THEN 1 ELSE 0 END, 0, 1, 2500
    FROM asset, generate_series('2026-09-30 22:00Z'::timestamptz, '2026-11-02 00:00Z', '1 hour') AS hour
    WHERE kind = 'bench'
"""
TOLD_UNTIL = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
async def pool(database, noon):
    places = parse_places(PLACES, source="three places", silent_after=lambda _: timedelta(hours=3))
    async with open_pool(database, size=2) as pool:
        await import_places(pool, places, at=noon)
        async with pool.connection() as connection:
            await connection.execute(FACTS)
            await connection.execute("TRUNCATE history_due, history_due_batch")
            await connection.execute("UPDATE history SET facts_until = %s", [TOLD_UNTIL])
            await connection.execute("UPDATE platform SET as_of = %s", [TOLD_UNTIL])
        yield pool


def asked(pool, **rules):
    return StoreBenchUse(pool, rules=PrivacyRules(**rules), now=lambda: TOLD_UNTIL)


async def test_a_month_is_what_its_facts_say_on_uk_clocks(pool):
    month = await asked(pool).month(None)
    assert (month.month, month.told_at) == (OCTOBER, TOLD_UNTIL)
    [green] = rows(month, Level.SITE, Each.MONTH, site=None, ward=None)
    hours, benches = 31 * 24 + 1, 5
    assert (green.place, green.benches) == ("green", 5)
    assert (green.cell.use.sittings, green.cell.use.occupied_s) == (benches * 31 * 12, benches * hours * 1200)
    assert (green.cell.known_s, green.cell.open_s) == (benches * hours * 6000, benches * hours * 7200)
    assert (green.cell.charging.sessions, green.cell.charging.energy_mwh) == (benches * hours, benches * hours * 2500)
    # Two small places make one.
    [riverside] = rows(month, Level.WARD, Each.MONTH, site=None, ward=None)
    assert (riverside.benches, riverside.cell.use.sittings) == (10, 10 * 31 * 12)
    days = rows(month, Level.SITE, Each.DAY, site="green", ward=None)
    assert [days[24].cell.known_s, days[25].cell.known_s] == [5 * 25 * 6000, 5 * 24 * 6000]
    week = {row.cell.when[1:]: row.cell for row in rows(month, Level.SITE, Each.HOUR_OF_WEEK, site="green", ward=None)}
    assert (week[1, 9].use.sittings, week[1, 3].use, week[7, 1].charging.sessions) == (5 * 4, None, 5 * 5)


async def test_what_was_told_stays_as_it_was_told(pool):
    before = await asked(pool).month(OCTOBER)
    async with pool.connection() as connection:
        await connection.execute("UPDATE fact_hour SET arrivals = arrivals + 1, occupied_s = occupied_s + 60")
        await connection.execute(
            "UPDATE asset SET site_key = (SELECT site_key FROM site WHERE site_id = 'green') WHERE asset_id = 'quay-0'"
        )
        await connection.execute(
            "INSERT INTO history_due (asset_key, since, until)"
            " SELECT asset_key, '2026-10-03Z', '2026-10-04Z' FROM asset"
        )
    assert await asked(pool, k=2, benches=2, bucket_hours=24).month(OCTOBER) == before


async def test_a_month_waits_until_it_is_settled_and_its_history_is_told(pool):
    with pytest.raises(InvalidQuestionError, match="a week after its end"):
        await asked(pool).month(date(2026, 11, 1))
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO history_due_batch (due_keys, since, until)"
            " SELECT ARRAY[asset_key], '{2026-10-31Z}', '{2026-11-09Z}' FROM asset WHERE asset_id = 'lane-1'"
        )
    with pytest.raises(InvalidQuestionError, match="told anew"):
        await asked(pool).month(OCTOBER)
    async with pool.connection() as connection:
        await connection.execute("UPDATE history_due_batch SET since = '{2026-11-01 00:00Z}'")
    assert (await asked(pool).month(OCTOBER)).sites


async def test_benches_that_were_not_there_all_month_are_not_in_it_and_a_month_of_none_is_not_kept(pool):
    async with pool.connection() as connection:
        await connection.execute(
            "DELETE FROM fact_hour WHERE hour < '2026-10-05Z' AND asset_key ="
            " (SELECT asset_key FROM asset WHERE asset_id = 'green-0')"
        )
    month = await asked(pool).month(OCTOBER)
    assert {site.site: site.benches for site in month.sites} == {"green": 4, "lane": 3, "quay": 2}
    assert rows(month, Level.SITE, Each.MONTH, site=None, ward=None) == []
    assert rows(month, Level.WARD, Each.MONTH, site=None, ward=None)[0].benches == 9
    assert (await asked(pool).month(date(2026, 8, 1))).blocks == ()
    async with pool.connection() as connection:
        [kept] = await (await connection.execute("SELECT month FROM bench_month")).fetchall()
    assert kept["month"] == OCTOBER
