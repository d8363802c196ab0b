"""Other people's files through the command line: checked, kept once for ever, judged, and read anew by a replay."""

import asyncio

import psycopg
import pytest

from smartplace.replay import replay_with
from store.pool import open_pool
from store.replay.journal import Scope

pytestmark = pytest.mark.db

MAPPING = """
[columns]
site = "code"
capacity = "spaces"
taken = "cars"
time = "at"
[time]
zone = "Europe/London"
[feed]
prefix = "uk-"
silent_after_minutes = 60
sentinels = [999]
[places]
kind = "car_park"
locality = "Grays"
lon = 0.3
lat = 51.4
[places.names]
A = "Market"
"""
SERIES = """code,spaces,cars,at
A,100,40,2026-06-01 09:00
A,100,41,2026-06-01 09:30
A,100,41,2026-06-01 09:30
A,100,105,2026-06-01 10:00
A,100,-3,2026-06-01 10:30
A,100,999,2026-06-01 11:00
A,100,5000,2026-06-01 11:30
A,100,50,2026-06-01 12:00
B 2,20,7,2026-06-01 09:00
"""
SPANS = """SELECT to_char(begins_at AT TIME ZONE 'UTC', 'HH24:MI'), state, taken FROM span JOIN asset USING (asset_key)
WHERE asset_id = 'uk-a-area' ORDER BY begins_at"""


@pytest.fixture
def run(smartplace, database, monkeypatch):
    monkeypatch.setenv("SMARTPLACE_DATABASE_URL", database)
    return smartplace


@pytest.fixture
def files(tmp_path):
    series, mapping = tmp_path / "counts.csv", tmp_path / "map.toml"
    series.write_text(SERIES)
    mapping.write_text(MAPPING)
    return str(series), str(mapping)


def rows(conninfo, statement):
    with psycopg.connect(conninfo) as connection:
        return connection.execute(statement).fetchall()


def test_counts_go_in_once_and_what_is_wrong_with_them_is_told(run, files, database):
    series, mapping = files
    tried = run("import", "series", series, "--mapping", mapping, "--add-places", "--dry-run")
    assert tried.out.splitlines() == [
        "9 rows of 2 sites, 2026-06-01 08:00Z to 2026-06-01 11:00Z",
        "register: 8 added, 0 changed, 0 removed, 0 as they were",
        "nothing was changed (--dry-run)",
    ]
    assert rows(database, "SELECT count(*) FROM asset") == [(0,)]

    done = run("import", "series", series, "--mapping", mapping, "--add-places").out
    told = {"above_capacity": 1, "duplicate": 1, "far_above_capacity": 1, "negative": 1, "sentinel": 1}
    assert "8 kept, 1 there already" in done
    assert [line.split() for line in done.splitlines()[-5:]] == [[fault, str(times)] for fault, times in told.items()]
    assert rows(database, "SELECT site_id, name FROM site ORDER BY 1") == [("uk-a", "Market"), ("uk-b-2", "B 2")]
    assert rows(database, SPANS) == [
        ("08:00", "occupied", 40), ("08:30", "occupied", 41), ("09:00", "occupied", 100),
        ("10:00", "unknown", 0), ("11:00", "occupied", 50), ("12:00", "unknown", 0),
    ]  # fmt: skip


def test_a_second_run_changes_nothing_even_when_nobody_remembers_the_frames(run, files, database):
    series, mapping = files
    run("import", "series", series, "--mapping", mapping, "--add-places")
    kept = [rows(database, f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in ("uplink", "event", "quality_event")]
    with psycopg.connect(database) as connection:
        connection.execute("TRUNCATE seen_frame")
    again = run("import", "series", series, "--mapping", mapping, "--add-places").out

    assert "0 kept, 9 there already" in again
    assert [
        rows(database, f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in ("uplink", "event", "quality_event")
    ] == kept


def test_what_history_cannot_be_told_of_any_more_is_not_taken_for_imported(run, files, database):
    series, mapping = files
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE history SET raw_from = '2026-05-29Z', frozen_until = '2026-06-01 08:30Z'")
    refused = run("import", "series", series, "--mapping", mapping, "--add-places", "--dry-run")
    assert refused.code == 1
    assert [line.split(":")[0] for line in refused.err.splitlines()[:2]] == ["  line 2", "  line 10"]
    assert "2026-06-01 08:00Z is older than what history can still be told of" in refused.err
    done = run("import", "series", series, "--mapping", mapping, "--add-places", "--skip-faulty").out
    assert "2 rows cannot be read and were left out" in done
    assert "6 kept, 1 there already" in done
    assert rows(database, SPANS)[0] == ("08:30", "occupied", 41)


def test_a_replay_reads_what_was_imported_as_it_was(run, files, database):
    series, mapping = files
    run("import", "series", series, "--mapping", mapping, "--add-places")
    before = rows(database, "SELECT * FROM event ORDER BY 1")

    async def replay(forget):
        async with open_pool(database, size=2) as pool:
            if forget:
                async with pool.connection() as connection:
                    await connection.execute("TRUNCATE event, measurement")
            return await replay_with(pool, Scope(), lambda *_: None)

    assert asyncio.run(replay(forget=False)).changed == 0
    asyncio.run(replay(forget=True))
    assert rows(database, "SELECT * FROM event ORDER BY 1") == before


def test_every_fault_has_its_line_and_nothing_is_changed_by_half(run, files, tmp_path, database):
    _, mapping = files
    bad = tmp_path / "bad.csv"
    bad.write_text(SERIES.replace("A,100,41,2026-06-01 09:30\n", "A,100,x,2026-06-01 09:30\n", 1) + "C,9,1,noon\n")

    refused = run("import", "series", str(bad), "--mapping", mapping, "--add-places")
    assert refused.code == 1
    assert [line.split(":")[0] for line in refused.err.splitlines()[:2]] == ["  line 3", "  line 11"]
    assert "the file has faults (2), nothing was changed" in refused.err
    assert rows(database, "SELECT (SELECT count(*) FROM asset), (SELECT count(*) FROM uplink)") == [(0, 0)]

    partly = run("import", "series", str(bad), "--mapping", mapping, "--add-places", "--skip-faulty")
    assert "2 rows cannot be read and were left out" in partly.out
    assert "8 kept" in partly.out


def test_a_site_that_is_nowhere_is_a_fault_unless_it_is_to_be_added(run, files):
    series, mapping = files
    refused = run("import", "series", series, "--mapping", mapping)
    assert refused.code == 1
    assert "line 2: site 'A': the register has no asset uk-a-area; --add-places adds it" in refused.err
    assert "line 10: site 'B 2'" in refused.err


@pytest.mark.parametrize("mapping", ["nowhere", "nowhere.toml"])
def test_a_mapping_that_is_not_there_names_those_that_are(run, files, mapping):
    refused = run("import", "series", files[0], "--mapping", mapping)
    assert refused.code == 1
    assert "known by name are aarhus, birmingham, koeln" in refused.err


def test_bays_go_in_with_the_files_beside_them(run, tmp_path, database):
    (tmp_path / "bays.csv").write_text(
        "RoadSegmentID,KerbsideID,RoadSegmentDescription,Latitude,Longitude\n"
        "1,10,Elm Street,-37.81,144.96\n1,11,Elm Street,-37.82,144.98\n1,11,Elm Street,-37.82,144.98\n"
    )
    (tmp_path / "on-street-parking-bay-sensors.csv").write_text("KerbsideID,Zone_Number\n10,7001\n")
    (tmp_path / "sign-plates-located-in-each-parking-zone.csv").write_text(
        "ParkingZone,Restriction_Display\n7001,LZ30\n"
    )
    command = ["import", "bays", str(tmp_path / "bays.csv"), "--mapping", "melbourne-bays"]

    refused = run(*command)
    assert (refused.code, "line 4: KerbsideID: is already on line 3" in refused.err) == (1, True)
    assert "3 added" in run(*command, "--skip-faulty", "--dry-run").out
    assert rows(database, "SELECT count(*) FROM asset") == [(0,)]
    run(*command, "--skip-faulty")
    assert rows(database, "SELECT asset_id, category FROM asset ORDER BY 1") == [
        ("melbourne-10", "loading"), ("melbourne-11", "general"),
    ]  # fmt: skip
    assert "0 added, 0 changed, 0 removed, 3 as they were" in run(*command, "--skip-faulty").out
