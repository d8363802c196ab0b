"""Rows of other people's files become counts, or say why not and on which line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.errors import InvalidIdError, MappingError, RegisterProblem
from domain.series import LATEST, ids_of, read_mapping, rows_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MAPPINGS = Path(__file__).parents[2] / "smartplace" / "mappings"
LOCAL = """
[columns]
site = "code"
capacity = "spaces"
taken = "cars"
time = "at"
received = "stored"
[time]
zone = "Europe/London"
received_zone = "UTC"
[feed]
prefix = "uk-"
silent_after_minutes = 75
sentinels = [-999, 7]
"""
FREE = """
[columns]
site = "lot"
free = "free"
time = "t"
[time]
zone = "UTC"
format = "%d.%m.%Y %H:%M"
[feed]
silent_after_minutes = 60
[capacities]
"P 1" = 100
"""


def rows(mapping, text, **capacities):
    found = read_mapping(mapping)
    given = capacities or dict(found.capacities)
    return list(rows_of(text.splitlines(keepends=True), found, capacities=given, now=NOW))


def one(mapping, text):
    (row,) = rows(mapping, text)
    return row


HEADER = "code,spaces,cars,at,stored,more\n"


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2016-10-04 07:59:42", "2016-10-04T06:59:42+00:00"),
        ("2016-12-04 07:59:42", "2016-12-04T07:59:42+00:00"),
        # It comes twice: the first.
        ("2016-10-30 01:30:00", "2016-10-30T00:30:00+00:00"),
        ("2016-10-30T01:30:00Z", "2016-10-30T01:30:00+00:00"),
        ("2016-10-04T07:59:42.145+02:00", "2016-10-04T05:59:42.145000+00:00"),
    ],
)
def test_times_are_those_of_the_zone_unless_they_say_their_own(local, utc):
    row = one(LOCAL, HEADER + f"A,10,3,{local},,x\n")
    assert row.at.isoformat() == utc
    assert (row.line, row.code, row.capacity, row.taken, row.received_at) == (2, "A", 10, 3, row.at)


def test_a_source_that_counts_what_is_left_is_turned_round_and_its_word_kept():
    row = one(FREE, "\ufefflot,free,t\nP 1,30,05.02.2025 13:10\n")
    assert (row.taken, row.free, row.capacity, row.at) == (70, 30, 100, datetime(2025, 2, 5, 13, 10, tzinfo=UTC))
    assert one(FREE, "lot,free,t\nP 1,130,05.02.2025 13:10\n").taken == -30


def test_a_code_is_no_count():
    told = [one(LOCAL, HEADER + f"A,10,{number},2016-12-04 08:00,,\n").taken for number in (-999, 7, 1_000_001, -8, 99)]
    assert told == [None, None, None, -8, 99]


def test_a_row_is_never_received_before_it_was_true_nor_dated_later_than_the_journal_allows():
    at = datetime(2016, 12, 4, 8, tzinfo=UTC)
    for stored, expected in (
        ("2016-12-04 07:59", at),
        ("2016-12-04 08:06", at + timedelta(minutes=6)),
        ("2017-12-04 08:00", at + LATEST),
    ):
        assert one(LOCAL, HEADER + f"A,10,3,2016-12-04 08:00,{stored},\n").received_at == expected


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",10,3,2016-12-04 08:00,,", "code"),
        ("A,0,3,2016-12-04 08:00,,", "spaces"),
        ("A,x,3,2016-12-04 08:00,,", "spaces"),
        ("A,10,,2016-12-04 08:00,,", "cars"),
        ("A,10,3.5,2016-12-04 08:00,,", "cars"),
        ("A,10,3,yesterday,,", "at"),
        ("A,10,3,2027-01-01 00:00,,", "at"),
        ("A,10,3,2016-03-27 01:30,,", "at"),  # the clocks go forward
        ("A,10,3,2016-12-04 08:00,soon,", "stored"),
        ("A,10,3", "at"),
    ],
)
def test_a_row_that_cannot_be_read_says_where(row, column):
    good = "B,10,3,2016-12-04 08:00,,\n"
    first, fault, last = rows(LOCAL, HEADER + good + row + "\n" + good)
    assert (first.line, fault.line, fault.column, last.line) == (2, 3, column, 4)


def test_without_a_capacity_nobody_knows_how_many_are_taken():
    assert one(FREE, "lot,free,t\nP 2,30,05.02.2025 13:10\n").column == "free"
    (row,) = rows(FREE, "lot,free,t\nP 2,30,05.02.2025 13:10\n", **{"P 2": 40})
    assert row.taken == 10


@pytest.mark.parametrize("text", ["", "code,spaces\n", 'code,spaces,cars,at,stored\nA,"1'])
def test_a_file_that_is_none_is_one_problem(text):
    (problem,) = rows(LOCAL, text)
    assert isinstance(problem, RegisterProblem)


@pytest.mark.parametrize(
    ("good", "bad", "sentence"),
    [
        ('taken = "cars"\n', "", "one of taken and free is needed"),
        ('taken = "cars"', 'taken = "cars"\nfree = "left"', "one of taken and free is needed"),
        ('time = "at"', "time = 4", "time must be text in quotes"),
        ("Europe/London", "Europe/Londn", "zone must be a time zone such as Europe/London"),
        ("silent_after_minutes = 75", "silent_after_minutes = 0", "silent_after_minutes must be from 1"),
        ("[-999, 7]", '["x"]', "sentinels must be a list of whole numbers"),
        ('prefix = "uk-"', 'praefix = "uk-"', "'praefix' is not a key here"),
        ("[time]", "[times]", "time is missing"),
        ("[columns]", "columns]", "this is not TOML"),
    ],
)
def test_each_fault_of_a_mapping_gets_its_sentence(good, bad, sentence):
    with pytest.raises(MappingError) as refused:
        read_mapping(LOCAL.replace(good, bad, 1))
    assert any(sentence in problem for problem in refused.value.problems), refused.value.problems


def test_ids_are_made_of_what_the_source_calls_a_site():
    mapping = read_mapping(LOCAL)
    assert ids_of(mapping, "NIA North/2") == ("uk-nia-north-2", "uk-nia-north-2-area", "feed-uk-nia-north-2")
    with pytest.raises(InvalidIdError):
        ids_of(mapping, "x" * 80)


@pytest.mark.parametrize("name", ["birmingham", "aarhus", "koeln"])
def test_the_mappings_that_come_along_are_good(name):
    mapping = read_mapping((MAPPINGS / f"{name}.toml").read_text())
    assert mapping.places is not None
