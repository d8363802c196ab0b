"""The register in PostgreSQL: written as planned, undone, on record, and never in two places at once."""

from datetime import timedelta

import psycopg
import pytest

from domain.errors import RegisterRefusedError, StoreRefusedError, UnknownModelError, UnknownPlaceError
from domain.register import RecordKind
from domain.register_csv import read_register, write_register
from store.places import import_places, read_devices
from store.pool import open_pool
from store.register import StoreRegister

pytestmark = [pytest.mark.anyio, pytest.mark.db]

BAY, OTHER = "70b3d50000000001", "70b3d50000000002"
HEADER = "record,id,site,zone,name,kind,category,locality,lon,lat,model,device,asset,begins_at,ends_at,debounce_s\n"
ZONED = (
    HEADER
    + "zone,row-a,mill-yard,,=Row A,,,,,,,,,,,\n"
    + "asset,mill-yard-1,mill-yard,row-a,Bay 1,bay,ev,,0.3251,51.4751,,,,,,\n"
    + f"installation,,,,,,,,,,,{BAY},mill-yard-2,,,30\n"
)


def silent_after(model):
    raise UnknownModelError(model)


def read(text):
    return read_register(text.encode(), silent_after=silent_after).entries


@pytest.fixture
async def register(database, open_store, small_borough, noon):
    async with open_store(database, small_borough, noon) as (store, pool):
        yield StoreRegister(pool, now=lambda: noon + timedelta(minutes=10)), store, pool


async def test_an_import_is_written_once_and_undone_as_one(register):
    registry, _, _ = register
    before = await registry.records()
    tried = await registry.write(read(ZONED), actor="me", what="a file", dry_run=True)
    assert (tried.plan.added, tried.plan.changed, tried.change_set_id) == (2, 3, None)
    assert await registry.records() == before

    made = await registry.write(read(ZONED), actor="me", what="a file")
    after = await registry.records()
    assert after[RecordKind.ZONE]["row-a"] == {"site": "mill-yard", "name": "=Row A"}
    assert after[RecordKind.ASSET]["mill-yard-1"]["zone"] == "row-a"
    again = await registry.write(read(ZONED), actor="me", what="a file")
    assert (again.plan.changes, again.change_set_id) == ((), None)

    undone = await registry.undo(made.change_set_id, actor="you")
    assert await registry.records() == before
    newest, first, places = await registry.change_sets(limit=5)
    assert (newest.what, newest.actor, newest.undoes) == (f"undo of {first.change_set_id}: a file", "you", 2)
    assert (first.actor, first.changes, first.undone_by) == ("me", 5, undone.change_set_id)
    assert places.actor == "places file"
    with pytest.raises(RegisterRefusedError, match="was undone already, by 3"):
        await registry.undo(first.change_set_id, actor="me")
    with pytest.raises(UnknownPlaceError):
        await registry.undo(99, actor="me")


async def test_history_follows_the_asset_when_a_device_moves(register, frame, noon):
    registry, store, pool = register
    await store.write([frame(BAY, 1, occupied=True)], [])
    await registry.write(read(ZONED), actor="me", what="move")
    # Whoever keeps frames has not heard of it, and asks before it believes that nothing has moved.
    await store.write([frame(BAY, 2, occupied=False, minute=11), frame(OTHER, 1, occupied=True, minute=12)], [])

    async with pool.connection() as connection:
        rows = await connection.execute("SELECT asset_id, state FROM event JOIN asset USING (asset_key) ORDER BY f_cnt")
        events = [(row["asset_id"], row["state"]) for row in await rows.fetchall()]
        devices = await read_devices(connection)
    # The sensor that had to leave says nothing of a bay any more.
    assert events == [("mill-yard-1", "occupied"), ("mill-yard-2", "free")]
    assert devices[OTHER].stays[-1].ends_at == noon + timedelta(minutes=10)


async def test_a_frame_of_a_device_that_was_taken_out_is_refused(register, frame):
    registry, store, _ = register
    await registry.remove(RecordKind.INSTALLATION, f"{OTHER}@2000-01-01T00:00:00+00:00", actor="me")
    await registry.remove(RecordKind.DEVICE, OTHER, actor="me")
    with pytest.raises(StoreRefusedError, match=f"not in the register any more: {OTHER}"):
        await store.write([frame(OTHER, 1, occupied=True)], [])


async def test_what_has_a_history_cannot_go(register, frame):
    registry, store, _ = register
    await store.write([frame(BAY, 1, occupied=True)], [])
    [places] = await registry.change_sets(limit=5)
    with pytest.raises(RegisterRefusedError) as refused:
        await registry.undo(places.change_set_id, actor="me")
    assert {str(problem) for problem in refused.value.problems} == {
        f"device {BAY} was heard: its frames are kept", "asset mill-yard-1 has a history", "site mill-yard has a sign",
    }  # fmt: skip


async def test_a_record_goes_where_nothing_needs_it(register):
    registry, _, _ = register
    with pytest.raises(RegisterRefusedError, match=f"device {OTHER} is needed by installation {OTHER}@2000"):
        await registry.remove(RecordKind.DEVICE, OTHER, actor="me")
    await registry.remove(RecordKind.INSTALLATION, f"{OTHER}@2000-01-01T00:00:00+00:00", actor="me")
    await registry.remove(RecordKind.DEVICE, OTHER, actor="me")
    await registry.remove(RecordKind.ASSET, "mill-yard-2", actor="me")
    left = await registry.records()
    assert OTHER not in left[RecordKind.DEVICE]
    assert "mill-yard-2" not in left[RecordKind.ASSET]
    with pytest.raises(UnknownPlaceError):
        await registry.remove(RecordKind.SITE, "nowhere", actor="me")


async def test_an_export_is_the_same_in_an_empty_database(register, empty_database, noon):
    from store.migrations import migrate

    registry, _, _ = register
    await registry.write(read(ZONED), actor="me", what="a file")
    exported = write_register(await registry.records())
    list(migrate(empty_database))
    async with open_pool(empty_database, size=1) as pool:
        copy = StoreRegister(pool, now=lambda: noon)
        entries = read_register(exported.encode(), silent_after=lambda _: timedelta(hours=1)).entries
        await copy.write(entries, actor="me", what="copy")
        assert await copy.records() == await registry.records()
        assert write_register(await copy.records()) == exported


async def test_the_places_file_leaves_zones_and_calibration_alone(register, small_borough, noon):
    registry, _, pool = register
    await registry.write(
        read(HEADER + ZONED.split("\n", 1)[1].replace("mill-yard-2,", "mill-yard-1,")), actor="me", what="a file"
    )
    await import_places(pool, small_borough, at=noon + timedelta(days=1))
    after = await registry.records()
    assert after[RecordKind.ASSET]["mill-yard-1"]["zone"] == "row-a"
    assert {one["debounce_s"] for one in after[RecordKind.INSTALLATION].values()} == {30, None}


@pytest.mark.parametrize(
    ("statement", "refused_by"),
    [
        ("UPDATE audit SET actor = 'nobody'", "only ever added to"),
        ("DELETE FROM audit", "only ever added to"),
        ("TRUNCATE audit", "only ever added to"),
        ("INSERT INTO installation SELECT 1, 2, '2001-01-01', '2001-01-02'", "installation_one_"),
        ("INSERT INTO installation SELECT 2, 1, '1999-01-01', '2000-01-02'", "installation_one_"),
    ],
)
async def test_the_database_itself_refuses(register, database, statement, refused_by):
    with psycopg.connect(database) as connection, pytest.raises(psycopg.IntegrityError, match=refused_by):
        connection.execute(statement)


async def test_devices_that_shared_an_asset_follow_one_another_after_the_migration(empty_database, noon, monkeypatch):
    from store import migrations

    steps = migrations.migrations(migrations.Engine.PLAIN)
    monkeypatch.setattr(migrations, "migrations", lambda _: [step for step in steps if step.number < 13])
    list(migrations.migrate(empty_database))
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("INSERT INTO site (site_id, name, kind, locality, lon, lat, simulated)"
                           " VALUES ('yard', 'Yard', 'car_park', 'Grays', 0, 51, false)")  # fmt: skip
        connection.execute("INSERT INTO asset (asset_id, site_key, kind, name, category, lon, lat)"
                           " VALUES ('bay', 1, 'bay', 'Bay', 'general', 0, 51)")  # fmt: skip
        for number in (1, 2, 3):
            connection.execute(
                "INSERT INTO device (device_id, model, silent_after_s) VALUES (%s, 'm', 1)", [str(number)]
            )
            begins_at = "2000-01-01Z" if number < 3 else "2026-12-01Z"
            connection.execute("INSERT INTO installation VALUES (%s, 1, %s)", [number, begins_at])
        connection.execute("INSERT INTO event VALUES (%s, 1, 2, 1, 'event', 'free')", [noon])
    monkeypatch.setattr(migrations, "migrations", lambda _: steps)
    list(migrations.migrate(empty_database))
    with psycopg.connect(empty_database) as connection:
        rows = connection.execute("SELECT begins_at, ends_at FROM installation ORDER BY device_key").fetchall()
    assert rows[1][0] - noon == timedelta(microseconds=2)
    assert [row[1] for row in rows] == [rows[1][0], rows[2][0], None]
