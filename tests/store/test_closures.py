"""Closures in PostgreSQL: live and past follow them, whenever somebody changed them, and no frame has to come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from domain.availability import Availability, availability
from domain.errors import RegisterRefusedError, StoreRefusedError
from domain.places import Closure
from domain.register import RecordKind
from domain.register_csv import read_register, write_register
from store import migrations
from store.closures import ClosureTimes
from store.history.telling import History
from store.live import open_live
from store.places import import_places
from store.pool import open_pool
from store.register import StoreRegister

pytestmark = [pytest.mark.anyio, pytest.mark.db]

BAY = "70b3d50000000001"
HEADER = "record,id,site,zone,asset,reason,begins_at,ends_at,weekdays,from_time,to_time,except_days\n"
MARKET = HEADER + "closure,market,mill-yard,,,Market,2026-11-01T00:00:00Z,,fri,06:00,18:00,\n"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def rows(conninfo, statement, *parameters):
    with psycopg.connect(conninfo) as connection:
        return connection.execute(statement, parameters).fetchall()


def state_of(conninfo, asset_id="mill-yard-1"):
    return rows(
        conninfo, "SELECT state, since FROM asset_state JOIN asset USING (asset_key) WHERE asset_id = %s", asset_id
    )[0]


def closed_times(conninfo, asset_id="mill-yard-1"):
    statement = (
        "SELECT begins_at, ends_at FROM span JOIN asset USING (asset_key)"
        " WHERE asset_id = %s AND state = 'closed' ORDER BY begins_at"
    )
    return rows(conninfo, statement, asset_id)


def due(conninfo):
    return set(
        rows(conninfo, "SELECT asset_id, since, until FROM history_due JOIN asset USING (asset_key) ORDER BY asset_id")
    )


@pytest.fixture
async def register(database, open_store, small_borough, clock):
    async with open_store(database, small_borough, clock.now) as (store, pool):
        await History(pool, now=clock).catch_up()
        yield StoreRegister(pool, now=clock), store, pool


async def make(register, text):
    read = read_register(text.encode(), silent_after=lambda _model: HOUR)
    return await register.write(read.entries, actor="me", what="closures", faulty=read.faulty)


async def test_a_place_is_closed_and_open_again_without_any_frame(register, database, frame, noon, clock):
    registry, store, pool = register
    clock.now = noon - DAY
    await make(registry, MARKET)
    opens, closes = noon + 6 * HOUR, noon - 6 * HOUR
    await store.tick(as_of=closes - MINUTE)
    assert state_of(database)[0] == "unknown"

    await store.tick(as_of=closes)
    assert state_of(database) == ("closed", closes)
    async with open_live(pool) as live:
        site = live.snapshot.sites["mill-yard"]
    assert (site.bays.closed, site.bays.capacity, availability(site.bays)) == (4, 4, Availability.CLOSED)
    assert state_of(database, "green-bench-1")[0] == "unknown"

    # Whatever a sensor says meanwhile, and whenever its frame comes.
    await store.write([frame(BAY, 1, occupied=True, minute=345)], [])
    assert state_of(database)[0] == "closed"
    await store.tick(as_of=opens - MINUTE)
    assert state_of(database)[0] == "closed"
    await store.tick(as_of=opens)
    assert state_of(database) == ("occupied", opens)


async def test_a_market_day_on_which_clocks_change_closes_by_the_clock(database, open_store, small_borough, clock):
    clock.now = datetime(2027, 4, 1, tzinfo=UTC)
    async with open_store(database, small_borough, clock.now) as (store, pool):
        await make(
            StoreRegister(pool, now=clock),
            HEADER
            + "closure,market,,,mill-yard-1,Market,2026-10-20T00:00:00Z,2027-04-01T00:00:00Z,sun,00:30,18:00,\n"
            + "closure,all-day,,,mill-yard-2,Fair,2026-10-20T00:00:00Z,2027-04-01T00:00:00Z,sun,,,\n",
        )
        await store.tick(as_of=clock.now)
        await History(pool, now=clock).catch_up()

    told = dict(closed_times(database))
    autumn, spring = datetime(2026, 10, 24, 23, 30, tzinfo=UTC), datetime(2027, 3, 28, 0, 30, tzinfo=UTC)
    assert told[autumn] == datetime(2026, 10, 25, 18, tzinfo=UTC)
    assert told[spring] == datetime(2027, 3, 28, 17, tzinfo=UTC)
    days = dict(
        rows(
            database,
            "SELECT (day AT TIME ZONE 'Europe/London')::date::text, closed_s::integer FROM fact_day"
            " JOIN asset USING (asset_key) WHERE asset_id = 'mill-yard-2'",
        )
    )
    assert (days["2026-10-25"], days["2026-11-01"], days["2027-03-28"]) == (25 * 3600, 24 * 3600, 23 * 3600)
    assert days["2026-10-26"] == 0


async def test_the_past_is_told_anew_for_exactly_the_time_that_changed(register, database, noon, clock):
    registry, _, pool = register
    history = History(pool, now=clock)
    line = "closure,works,,,mill-yard-1,Works,{},{},,,,\n"
    begins, ends = "2026-03-02T08:00:00Z", "2026-03-02T12:00:00Z"
    since, until = datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 2, 12, tzinfo=UTC)

    first = await make(registry, HEADER + line.format(begins, ends))
    assert due(database) == {("mill-yard-1", since, until)}
    await history.catch_up()
    assert closed_times(database) == [(since, until)]

    await make(registry, HEADER + line.format("2026-03-02T09:00:00Z", "2026-03-02T13:00:00Z"))
    assert due(database) == {("mill-yard-1", since, since + HOUR), ("mill-yard-1", until, until + HOUR)}
    await history.catch_up()
    assert closed_times(database) == [(since + HOUR, until + HOUR)]

    await make(registry, HEADER + line.format("2026-03-02T09:00:00Z", "2026-03-02T13:00:00Z").replace("Works", "Tar"))
    assert due(database) == set()

    with pytest.raises(RegisterRefusedError, match="has changed since"):
        await registry.undo(first.change_set_id, actor="me")
    for change_set in (await registry.change_sets(limit=3))[:2]:
        await registry.undo(change_set.change_set_id, actor="me")
    await registry.undo(first.change_set_id, actor="me")
    await history.catch_up()
    assert closed_times(database) == []
    assert (await registry.records())[RecordKind.CLOSURE] == {}


async def test_who_moves_into_a_place_is_closed_with_it(register, database, noon):
    registry, _, _ = register
    await make(registry, "record,id,site,name\nzone,row-a,mill-yard,Row A\n")
    await make(registry, HEADER + "closure,works,,row-a,,Works,2026-11-20T12:00:00Z,,,,,\n")
    assert state_of(database)[0] == "unknown"
    bay = "record,id,site,zone,name,kind,category,lon,lat\nasset,{},mill-yard,{},Bay,bay,general,0.3251,51.4751\n"
    made = await make(registry, bay.format("mill-yard-1", "row-a"))
    assert state_of(database) == ("closed", noon)
    await make(registry, bay.format("mill-yard-9", "row-a"))
    assert state_of(database, "mill-yard-9") == ("closed", noon)

    await registry.undo(made.change_set_id, actor="me")
    assert state_of(database)[0] == "unknown"
    await registry.remove(RecordKind.ASSET, "mill-yard-9", actor="me")
    with pytest.raises(RegisterRefusedError, match="zone row-a is needed by closure works"):
        await registry.remove(RecordKind.ZONE, "row-a", actor="me")
    await registry.remove(RecordKind.CLOSURE, "works", actor="me")
    await registry.remove(RecordKind.ZONE, "row-a", actor="me")
    assert rows(database, "SELECT count(*) FROM closure") == [(0,)]


async def test_what_comes_again_is_always_known_weeks_ahead(register, database, noon, clock):
    registry, store, pool = register
    await make(registry, MARKET)
    times = ClosureTimes(pool, now=clock)
    assert await times.catch_up() == 0
    await History(pool, now=clock).catch_up()
    clock.now = noon + 300 * DAY
    assert await times.catch_up() == 1
    assert await times.catch_up() == 0
    [(last,)] = rows(database, "SELECT max(begins_at) FROM closure")
    assert last >= clock.now + 23 * DAY
    # Nothing twice, and history hears of what was not there before.
    assert rows(database, "SELECT count(*), count(DISTINCT (asset_key, begins_at)) FROM closure") == [(4 * 51, 4 * 51)]
    assert min(since for _, since, _ in due(database)) > noon + 30 * DAY
    friday = datetime(2027, 9, 17, 5, tzinfo=UTC)
    await store.tick(as_of=friday)
    assert state_of(database) == ("closed", friday)


async def test_a_closure_that_ended_is_not_worked_out_for_ever(register, database, noon, clock):
    registry, _, pool = register
    await make(registry, MARKET.replace("00:00:00Z,,fri", "00:00:00Z,2026-12-01T00:00:00Z,fri"))
    clock.now = noon + 300 * DAY
    assert await ClosureTimes(pool, now=clock).catch_up() == 0


async def test_a_places_file_keeps_its_own_closures_and_no_others(register, database, small_borough, noon):
    registry, _, pool = register
    await make(registry, HEADER + "closure,works,,,mill-yard-1,Works,2026-11-20T12:00:00Z,,,,,\n")
    by_file = Closure(asset_id="mill-yard-1", begins_at=noon, ends_at=None, reason="Roots")
    await import_places(pool, replace(small_borough, closures=(by_file,)), at=noon)
    await import_places(pool, replace(small_borough, closures=(by_file,)), at=noon)
    assert set((await registry.records())[RecordKind.CLOSURE]) == {"works", "file-mill-yard-1-20261120t120000"}
    await import_places(pool, small_borough, at=noon)
    assert set((await registry.records())[RecordKind.CLOSURE]) == {"works"}
    assert rows(database, "SELECT reason FROM closure") == [("Works",)]


async def test_a_places_file_closes_whole_sites_and_zones_of_the_register(register, database, small_borough, noon):
    registry, _, pool = register
    zone = "record,id,site,name\nzone,roof,mill-yard,Roof\nzone,lawn,the-green,Lawn\n"
    await make(registry, zone)
    whole = Closure(site_id="the-green", begins_at=noon, ends_at=None, reason="Fair")
    roof = Closure(site_id="mill-yard", zone_id="roof", begins_at=noon, ends_at=noon + DAY, reason="Paint")
    await import_places(pool, replace(small_borough, closures=(whole, roof)), at=noon)

    kept = (await registry.records())[RecordKind.CLOSURE]
    assert {name: (one["site"], one["zone"], one["asset"]) for name, one in kept.items()} == {
        "file-the-green-20261120t120000-site": ("the-green", None, None),
        "file-roof-20261120t120000-zone": (None, "roof", None),
    }
    assert rows(database, "SELECT asset_id, reason FROM closure JOIN asset USING (asset_key)") == [
        ("green-bench-1", "Fair")
    ]
    # What the file drops goes; what it never had stays.
    await import_places(pool, replace(small_borough, closures=(roof,)), at=noon)
    assert set((await registry.records())[RecordKind.CLOSURE]) == {"file-roof-20261120t120000-zone"}
    await import_places(pool, small_borough, at=noon)
    assert (await registry.records())[RecordKind.CLOSURE] == {}

    for wrong in ("lawn", "cellar"):
        closure = replace(roof, zone_id=wrong)
        with pytest.raises(StoreRefusedError, match=f"site 'mill-yard', closure 'Paint': zone: .* no zone '{wrong}'"):
            await import_places(pool, replace(small_borough, closures=(closure,)), at=noon)
    assert (await registry.records())[RecordKind.CLOSURE] == {}


async def test_closures_are_exported_and_imported_without_loss(register):
    registry, _, _ = register
    await make(registry, MARKET.replace("18:00,", "18:00,2026-12-25 2027-01-01"))
    text = write_register(await registry.records())
    assert "Market,fri,06:00,18:00,2026-12-25 2027-01-01" in text
    assert (await make(registry, text)).change_set_id is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("closure,x,mill-yard,,mill-yard-1,Works,2026-11-20T12:00:00Z,,,,,", "of one site, one zone or one asset"),
        ("closure,x,,,,Works,2026-11-20T12:00:00Z,,,,,", "of one site, one zone or one asset"),
        ("closure,x,mill-yard,,,,2026-11-20T12:00:00Z,,,,,", "reason: is empty"),
        ("closure,x,mill-yard,,,Works,,,,,,", "begins_at: is empty"),
        ("closure,x,mill-yard,,,Works,1999-11-20T12:00:00Z,,,,,", "must be from 2000-01-01 on"),
        ("closure,x,mill-yard,,,Works,2026-11-20T12:00:00Z,2026-11-20T12:00:00Z,,,,", "must be after begins_at"),
        ("closure,x,mill-yard,,,Works,2026-11-20T12:00:00Z,,friday,,,", "must be days such as mon fri"),
        ("closure,x,mill-yard,,,Works,2026-11-20T12:00:00Z,,,08:00,,", "only of a closure that has weekdays"),
        ("closure,x,mill-yard,,,Works,2026-11-20T12:00:00Z,,fri,8am,,", "must be a time of the day"),
        ("closure,x,mill-yard,,,Works,2026-11-20T12:00:00Z,,fri,,,2026-02-30", "must be days such as 2026-12-25"),
        ("closure,x,nowhere,,,Works,2026-11-20T12:00:00Z,,,,,", "there is no site nowhere"),
    ],
)
async def test_what_is_no_closure_is_refused_with_its_line(register, line, problem):
    registry, _, _ = register
    with pytest.raises(RegisterRefusedError, match=problem):
        await make(registry, HEADER + line + "\n")


async def test_closures_from_before_they_were_in_the_register_are_kept(empty_database, monkeypatch, noon):
    every = migrations.migrations
    with monkeypatch.context() as older:
        older.setattr(migrations, "migrations", lambda engine: [one for one in every(engine) if one.number < 36])
        list(migrations.migrate(empty_database))
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "INSERT INTO site (site_id, name, kind, locality, lon, lat, simulated)"
            " VALUES ('yard', 'Yard', 'car_park', 'Grays', 0, 51, false)"
        )
        connection.execute(
            "INSERT INTO asset (asset_id, site_key, kind, name, category, lon, lat)"
            " SELECT 'bay-1', site_key, 'bay', 'Bay', 'general', 0, 51 FROM site"
        )
        connection.execute("INSERT INTO closure SELECT asset_key, %s, NULL, 'Roots' FROM asset", [noon])
    list(migrations.migrate(empty_database))

    async with open_pool(empty_database, size=1) as pool:
        [(closure_id, values)] = (await StoreRegister(pool, now=lambda: noon).records())[RecordKind.CLOSURE].items()
    assert closure_id == "file-bay-1-20261120t120000"
    assert (values["asset"], values["begins_at"], values["ends_at"], values["reason"]) == ("bay-1", noon, None, "Roots")
    assert rows(empty_database, "SELECT planned_key IS NOT NULL FROM closure") == [(True,)]
