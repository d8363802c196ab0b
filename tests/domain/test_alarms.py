"""Which alarm is another one's consequence."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alarms import KINDS, PLATFORM, AlarmCode, Subject, SubjectKind, explained
from tests.memory_alarms import MemoryAlarms

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SIGN, OTHER_SIGN = (Subject(SubjectKind.SIGN, name) for name in ("north", "south"))
SITE = Subject(SubjectKind.SITE, "mill-yard")


@pytest.fixture
def alarms():
    return MemoryAlarms(lambda: NOON)


def causes(alarms):
    return {alarm_id: cause.alarm_id for alarm_id, cause in explained(alarms.kept.values()).items()}


def test_what_stands_above_everything_explains_everything(alarms):
    stopped = alarms.made(AlarmCode.INGEST_STOPPED, PLATFORM)
    differs = alarms.made(AlarmCode.SIGN_DIFFERS, SIGN)

    assert causes(alarms) == {differs.alarm_id: stopped.alarm_id}


def test_a_subject_explains_itself_and_nobody_else(alarms):
    silent = alarms.made(AlarmCode.SIGN_SILENT, SIGN)
    same = alarms.made(AlarmCode.SIGN_DIFFERS, SIGN)
    alarms.made(AlarmCode.SIGN_DIFFERS, OTHER_SIGN)

    assert causes(alarms) == {same.alarm_id: silent.alarm_id}


def test_what_a_subject_is_part_of_may_explain_it(alarms):
    alarms.made(AlarmCode.SIGN_SILENT, SITE)
    within = alarms.made(AlarmCode.SIGN_DIFFERS, SIGN, within=(SITE,))
    alarms.made(AlarmCode.SIGN_DIFFERS, OTHER_SIGN)

    assert causes(alarms) == {within.alarm_id: 1}


def test_what_is_over_explains_nothing(alarms):
    alarms.made(AlarmCode.INGEST_STOPPED, PLATFORM, ended_at=NOON)
    alarms.made(AlarmCode.SIGN_DIFFERS, SIGN)

    assert causes(alarms) == {}


def test_the_oldest_of_several_causes_is_named(alarms):
    alarms.made(AlarmCode.SIGN_SILENT, SIGN)
    older = alarms.made(AlarmCode.INGEST_STOPPED, PLATFORM, raised_at=NOON - timedelta(hours=1))
    differs = alarms.made(AlarmCode.SIGN_DIFFERS, SIGN)

    assert causes(alarms)[differs.alarm_id] == older.alarm_id


@given(
    st.lists(st.tuples(st.sampled_from(AlarmCode), st.sampled_from([PLATFORM, SITE, SIGN, OTHER_SIGN])), max_size=12)
)
def test_there_is_always_something_to_see_first(raised):
    alarms = MemoryAlarms(lambda: NOON)
    for code, subject in raised:
        alarms.made(code, subject)
    found = causes(alarms)

    assert bool(raised) is bool(alarms.kept.keys() - found.keys())
    # Whatever explains another one is itself to be seen.
    assert found.keys().isdisjoint(found.values())


def test_no_code_leads_back_to_itself():
    for code in AlarmCode:
        reached, frontier = set(), {code}
        while frontier:
            frontier = set().union(*(KINDS[one].explained_by for one in frontier)) - reached
            reached |= frontier
        assert code not in reached


@pytest.mark.parametrize("subject", [PLATFORM, SIGN, Subject(SubjectKind.DEVICE, "70b3:d5")])
def test_a_subject_is_read_as_it_is_written(subject):
    assert Subject.of(str(subject)) == subject
