"""Real feeds, a cut of each, through the real import: what benchmarks/real_feeds.py replays as a whole, in seconds.

What is compared is the benchmark's own code, so that it cannot rot. What the classes of difference mean is in
docs/accuracy.md, "Real feeds". The data lie beside the repository; without them these tests are skipped.
"""

import csv
import importlib.util
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from domain.series import ids_of, rows_of
from smartplace.series_import import mapping_at
from tests.conftest import ROOT, SHARED, new_database

DATA = SHARED / "data" / "datasets"
QUARTER = timedelta(minutes=15)

pytestmark = [
    pytest.mark.db,
    pytest.mark.skipif(not DATA.exists(), reason="the real feeds (../shared/data/datasets) are not beside the project"),
]


@pytest.fixture(scope="module")
def feeds():
    """The benchmark, which finds packages by the path of its folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", ["", *sys.path])
        spec = importlib.util.spec_from_file_location("real_feeds", ROOT / "benchmarks" / "real_feeds.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


@pytest.fixture
def second_database(postgres_18):
    with new_database(postgres_18, template="migrated") as conninfo:
        yield conninfo


def cut(file: Path, folder: Path, wanted, columns=None) -> Path:
    """The rows of a CSV file of which this is so, with these columns."""
    short = folder / file.name
    with file.open(encoding="utf-8", newline="") as content, short.open("w", encoding="utf-8", newline="") as out:
        reader = csv.DictReader(content)
        writer = csv.DictWriter(out, columns or reader.fieldnames, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(row for row in reader if wanted(row))
    return short


def rows(conninfo, statement, *parameters):
    with psycopg.connect(conninfo, options="-c timezone=UTC") as connection:
        return connection.execute(statement, parameters).fetchall()


# Cologne: three days of seven car parks. One leaps and comes back, two have more free spaces than is said.

LEAPS, CLEAN = "Gross-St-Martin", ["Am-Neumarkt", "Dom", "Hauptbahnhof", "Ringkarree"]
LOTS = [LEAPS, *CLEAN, "Philharmonie", "Rudolfplatz"]
DAYS = ("2025-09-09", "2025-09-10", "2025-09-11")


@pytest.fixture
def cologne(tmp_path):
    """The records of the cut, and the values of the 15-minute file."""
    folder = DATA / "koeln"
    changes = cut(
        folder / "koeln_changes_2025-09.csv", tmp_path, lambda row: row["lot"] in LOTS and row["ts_utc"][:10] in DAYS
    )
    slots = cut(
        folder / "koeln_free_15min_2025.csv",
        tmp_path,
        lambda row: row["slot_utc"][:10] in DAYS,
        columns=["slot_utc", *LOTS],
    )
    return changes, slots


def records(changes, mapping):
    """What the change file says: the free spaces of each lot by the moment, and which of them cannot be."""
    with changes.open() as lines:
        said = [(row["lot"], datetime.fromisoformat(row["ts_utc"]), int(row["free"])) for row in csv.DictReader(lines)]
    return said, sum(free > mapping.capacities[lot] for lot, _, free in said)


def by_quarter(moments, capacity):
    """Seconds times spaces, free and taken, of each quarter of an hour, where each number holds until the next one."""
    found = defaultdict(lambda: (0, 0))
    for (since, free), (until, _) in pairwise(moments):
        for second in range(int(since.timestamp()), int(until.timestamp())):
            quarter = datetime.fromtimestamp(second - second % 900, UTC)
            free_s, taken_s = found[quarter]
            found[quarter] = free_s + free, taken_s + capacity - free
    return found


def test_cologne_by_the_quarter_is_what_the_city_says(feeds, database, cologne):
    changes, slots = cologne
    mapping = feeds.roomy(mapping_at("koeln"), changes)
    found = feeds.cologne(database, changes, slots, mapping)

    # All but the leaps that we repair.
    assert set(found) == {"values", "equal", "a spike", "share_equal"}
    assert found["values"] > 1200
    assert found["a spike"] == 1
    assert found["equal"] == found["values"] - 1

    # Facts are the same, second by second: of each quarter the spaces that were free, times how long.
    said, _ = records(changes, mapping)
    for lot in CLEAN:
        moments = sorted((at, free) for code, at, free in said if code == lot)
        expected = by_quarter(moments, mapping.capacities[lot])
        facts = rows(
            database,
            "SELECT bucket, free_s, occupied_s FROM fact_15m JOIN asset USING (asset_key)"
            " WHERE asset_id = %s AND bucket < %s ORDER BY bucket",
            ids_of(mapping, lot).area_id,
            moments[-1][0] - QUARTER,
        )
        assert len(facts) > 250, lot
        for quarter, free_s, occupied_s in facts:
            assert (free_s, occupied_s) == expected[quarter], (lot, quarter)


def test_cologne_with_its_stated_capacities_loses_only_what_cannot_be(feeds, database, cologne):
    changes, slots = cologne
    mapping = mapping_at("koeln")
    found = feeds.cologne(database, changes, slots, mapping)

    _, impossible = records(changes, mapping)
    refused = found["refused: more free than there are"]
    # The leap is to more than there are, too.
    assert set(found) == {"values", "equal", "refused: more free than there are", "share_equal"}
    assert found["equal"] + refused == found["values"]
    assert 0.9 < found["share_equal"] < 1
    # A value of the file is the last record in its slot: some of those that cannot be are overtaken in theirs.
    assert 0 < refused <= impossible
    ((negative,),) = rows(database, "SELECT sum(times) FROM quality_event WHERE fault = 'negative'")
    assert negative == impossible


# Aarhus: the last rows that came in live, six minutes late, and what was loaded in one burst before them.


def test_aarhus_told_late_is_aarhus_told_on_time(feeds, database, second_database):
    found = feeds.aarhus(database, second_database, DATA / "aarhus" / "aarhus_2014.csv", most_rows=900)

    assert found["rows"] == 900
    assert (found["rows_live"], found["median_late_s"]) == (328, pytest.approx(374, abs=1))
    assert found["facts"] > 1000
    assert {name: same for name, same in found.items() if name.startswith("same_")} == {
        "same_span": True,
        "same_fact_15m": True,
        "same_fact_hour": True,
        "same_fact_day": True,
    }
    # Once they came late, and once on time.
    late = "SELECT count(*) FROM journal WHERE received_at > observed_at"
    assert rows(database, late)[0][0] > 850
    assert rows(second_database, late) == [(0,)]


# Birmingham: three days of all car parks, one of them with 25 hours.


def test_birmingham_is_flagged_where_it_is_wrong_and_nowhere_else(feeds, database, tmp_path):
    days = ("2016-10-28", "2016-10-29", "2016-10-30")
    mapping = mapping_at("birmingham")
    file = cut(DATA / "birmingham" / "train.csv", tmp_path, lambda row: row["LastUpdated"][:10] in days)
    found = feeds.birmingham(database, file)

    assert found["in_the_file"] == {"duplicate": 89, "above_capacity": 8, "negative": 6}
    assert found["flagged"] == found["in_the_file"]
    assert (found["facts_beyond_capacity"], found["facts_that_do_not_add_up"]) == (0, 0)
    assert found["facts"] > 2000

    # Where and when they are flagged is where and when they are.
    expected, seen = Counter(), set()
    with file.open() as lines:
        for row in csv.DictReader(lines):
            taken, capacity = int(row["Occupancy"]), int(row["Capacity"])
            fault = "above_capacity" if taken > capacity else "negative" if taken < 0 else None
            area = ids_of(mapping, row["SystemCodeNumber"]).area_id
            if tuple(row.values()) in seen:
                expected[area, "duplicate", row["LastUpdated"][:10]] += 1
            elif fault:
                expected[area, fault, row["LastUpdated"][:10]] += 1
            seen.add(tuple(row.values()))
    flagged = rows(database, "SELECT asset_id, fault, day::text, times FROM quality_event JOIN asset USING (asset_key)")
    assert {(area, fault, day): times for area, fault, day, times in flagged} == expected

    # A duplicate is kept once; what cannot be is in the journal, and nowhere is it the truth.
    assert rows(database, "SELECT count(*) FROM uplink") == [(len(seen),)]
    assert rows(
        database,
        "SELECT count(*) FROM span JOIN asset USING (asset_key) WHERE taken < 0 OR taken > capacity",
    ) == [(0,)]
    # At the moment of a count below zero history says what was said before it, as long as that counts; then nothing.
    with file.open() as lines:
        read = list(rows_of(lines, mapping, capacities={}, now=datetime.now(UTC)))
    said = sorted((row.at, row.taken) for row in read if row.code == "NIA North")
    negative = [at for at, taken in said if taken < 0]
    assert len(negative) == 6
    for moment in negative:
        before = [(at, taken) for at, taken in said if at < moment and taken >= 0][-1:]
        counts = [taken for at, taken in before if moment < at + mapping.silent_after]
        [(state, taken)] = rows(
            database,
            "SELECT state, taken FROM span JOIN asset USING (asset_key)"
            " WHERE asset_id = %s AND begins_at <= %s AND ends_at > %s",
            ids_of(mapping, "NIA North").area_id,
            moment,
            moment,
        )
        assert ([taken] if state in {"free", "occupied"} else []) == counts, (moment, state)
