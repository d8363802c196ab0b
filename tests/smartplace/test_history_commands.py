import asyncio
import json
from datetime import timedelta

import psycopg
import pytest

from domain.places import Closure
from smartplace.clock import utc_now
from store.history.telling import History
from store.places import import_places
from store.pool import open_pool

pytestmark = pytest.mark.db

DAYS = "SELECT day, asset_key, closed_s FROM fact_day ORDER BY 1, 2"


@pytest.fixture
def run(smartplace, database, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", database)
    return smartplace


@pytest.fixture
def closed_bay(database, small_borough):
    """A bay that is closed since ten days, and told of."""
    now = utc_now()
    closure = Closure(asset_id="mill-yard-2", begins_at=now - timedelta(days=10), ends_at=None, reason="works")

    async def fill():
        async with open_pool(database, size=2) as pool:
            places = type(small_borough)(
                sites=small_borough.sites, assets=small_borough.assets, signs=small_borough.signs,
                devices=small_borough.devices, closures=(closure,),
            )  # fmt: skip
            await import_places(pool, places, at=now)
            async with pool.connection() as connection:
                await connection.execute("UPDATE platform SET as_of = %s", [now])
            await History(pool, now=utc_now).catch_up()

    asyncio.run(fill())


def execute(database, statement):
    with psycopg.connect(database, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def test_status_says_how_far_it_is(run, database, closed_bay):
    told = json.loads(run("history", "status", "--json").out)
    assert (told["due_assets"], told["lag_s"], told["tidied_on"]) == (0, 0.0, None)
    assert told["facts_age_s"] < 900
    execute(
        database, "INSERT INTO history_due SELECT asset_key, now(), now() FROM asset WHERE asset_id = 'mill-yard-2'"
    )
    execute(
        database,
        "INSERT INTO history_due_batch SELECT array_agg(asset_key), array_agg(now()), array_agg(now()) FROM asset",
    )
    lines = run("history", "status").out.splitlines()
    assert lines[1].startswith("5 bays, benches and areas are due, the first for ")
    assert lines[2] == "history can be told anew from its beginning on"


def test_what_differs_is_said_and_put_right(run, database, closed_bay):
    outcome = run("history", "reconcile", "--days", "20")
    assert (outcome.code, outcome.out[:13]) == (0, "nothing diffe")
    whole = execute(database, DAYS)
    # Of a day that began less than a quarter of an hour ago nothing is told yet.
    assert len(whole) in (10, 11)
    # One in their midst, wherever the clocks were changed.
    assert execute(database, f"UPDATE fact_day SET closed_s = 7 WHERE day = '{whole[6][0]}'") == 1
    outcome = run("history", "reconcile", "--days", "20")
    assert outcome.code == 3
    assert outcome.out.startswith("1 days differed by ")
    assert "  mill-yard-2: days, " in outcome.out
    told = json.loads(run("history", "reconcile", "--days", "20", "--json").out)
    # It is due, and differs rightly until somebody has told it.
    assert (told["equal"], told["differing"]) == (True, {})
    run("history", "rebuild", "--asset", "mill-yard-2")
    assert execute(database, DAYS) == whole


def test_all_of_it_is_told_anew(run, database, closed_bay):
    whole = execute(database, DAYS), execute(database, "SELECT * FROM span ORDER BY 1, 2")
    execute(database, "TRUNCATE span, fact_15m, fact_hour, fact_day")
    assert run("history", "rebuild").out == "the history of 5 bays, benches and areas was told anew\n"
    assert (execute(database, DAYS), execute(database, "SELECT * FROM span ORDER BY 1, 2")) == whole
    told = json.loads(run("history", "rebuild", "--asset", "mill-yard-2", "--json").out)
    assert (told["assets"], told["due_assets"]) == (1, 0)


def test_telling_anew_ends_though_something_always_waits(run, database, closed_bay):
    execute(
        database,
        "INSERT INTO history_due (asset_key, since, until, noted_at)"
        " SELECT asset_key, now(), now(), now() + INTERVAL '1 hour' FROM asset WHERE asset_id = 'mill-yard-1'",
    )
    told = json.loads(run("history", "rebuild", "--asset", "mill-yard-2", "--json").out)
    assert (told["assets"], told["due_assets"]) == (1, 1)


def test_an_unknown_bay_is_refused(run, closed_bay):
    outcome = run("history", "rebuild", "--asset", "nowhere")
    assert (outcome.code, outcome.err) == (1, "smartplace: there is no bay, bench or area nowhere\n")


def test_the_past_of_a_bay_is_counted_first_and_deleted_when_somebody_says_so(run, database, closed_bay):
    days = "SELECT count(*) FROM fact_day"
    counted = run("history", "erase", "mill-yard-2")
    ((before,),) = execute(database, days)
    deleted = run("history", "erase", "mill-yard-2", "--yes")
    ((after,),) = execute(database, days)

    assert counted.out.splitlines()[1] == "nothing was deleted; --yes deletes it"
    assert deleted.out.splitlines()[0] == counted.out.splitlines()[0]
    assert f"{before - after} days" in counted.out
    told = json.loads(run("history", "erase", "mill-yard-2", "--before", "2026-01-02", "--json").out)
    assert told == {"asset": "mill-yard-2", "before": "2026-01-02", "deleted": False, "rows": {}}


def test_the_past_of_nothing_cannot_be_deleted(run, closed_bay):
    outcome = run("history", "erase", "nowhere", "--yes")
    assert (outcome.code, outcome.err) == (1, "smartplace: there is no bay or bench nowhere\n")
