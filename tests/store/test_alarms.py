"""Alarms in the database: one open row for each, whatever is said how often."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from domain.alarms import PLATFORM, AlarmCode, Raised, Severity, Subject, SubjectKind
from domain.errors import UnknownAlarmError
from store.alarms import KnownAlarms, StoreAlarms, end_alarms, raise_alarms
from store.pool import connected, open_pool

pytestmark = [pytest.mark.anyio, pytest.mark.db]

SILENT, STOPPED = AlarmCode.SIGN_SILENT, AlarmCode.INGEST_STOPPED
NORTH, SOUTH = (Subject(SubjectKind.SIGN, name) for name in ("north", "south"))


@pytest.fixture
async def pool(database):
    async with open_pool(database, size=4) as pool:
        yield pool


@pytest.fixture
def alarms(pool, clock):
    return StoreAlarms(pool, now=clock)


def silent(subject=NORTH, detail="nothing heard", **more):
    return Raised(code=SILENT, subject=subject, detail=detail, **more)


async def test_raising_again_counts_and_the_newest_word_stands(alarms, clock, noon):
    await alarms.raise_([silent()])
    clock.now = noon + timedelta(minutes=1)
    await alarms.raise_([silent(detail="still nothing", severity=Severity.CRITICAL)])

    (alarm,) = await alarms.open()
    assert (alarm.times, alarm.raised_at, alarm.last_at) == (2, noon, clock.now)
    assert (alarm.detail, alarm.severity, alarm.subject) == ("still nothing", Severity.CRITICAL, NORTH)


async def test_what_ended_stays_and_what_begins_again_is_a_new_one(alarms, clock, noon):
    await alarms.raise_([silent(), silent(SOUTH)])
    clock.now = noon + timedelta(minutes=1)
    assert await alarms.end(SILENT, [NORTH]) == 1
    assert await alarms.end(SILENT, [NORTH]) == 0
    await alarms.raise_([silent()])

    assert {alarm.subject: alarm.raised_at for alarm in await alarms.open()} == {NORTH: clock.now, SOUTH: noon}
    (over,) = await alarms.recent(limit=10)
    assert (over.subject, over.raised_at, over.ended_at) == (NORTH, noon, clock.now)


async def test_settling_counts_nothing_twice_and_ends_what_is_not_so_any_more(alarms, clock, noon):
    other = Raised(code=STOPPED, subject=PLATFORM, detail="nobody vouches")
    await alarms.raise_([other])
    for minute, holding in enumerate([[silent(), silent(SOUTH)], [silent()], [silent()], []]):
        clock.now = noon + timedelta(minutes=minute)
        await alarms.settle(SILENT, holding)
        if minute == 2:
            (north,) = [alarm for alarm in await alarms.open() if alarm.code is SILENT]
            assert (north.times, north.last_at) == (1, clock.now)

    assert [alarm.code for alarm in await alarms.open()] == [STOPPED]
    assert [(alarm.subject, alarm.ended_at) for alarm in await alarms.recent(limit=10)] == [
        (NORTH, noon + timedelta(minutes=3)),
        (SOUTH, noon + timedelta(minutes=1)),
    ]


async def test_a_clock_that_is_behind_ends_nothing_before_it_began(alarms, clock, noon):
    await alarms.raise_([silent()])
    clock.now = noon - timedelta(hours=1)
    await alarms.raise_([silent(detail="older")])
    await alarms.end(SILENT, [NORTH])

    (over,) = await alarms.recent(limit=1)
    assert (over.detail, over.last_at, over.ended_at) == ("nothing heard", noon, noon)


async def test_it_is_part_of_the_callers_transaction(pool, alarms, clock):
    async def raise_and_fail():
        async with connected(pool) as connection, connection.transaction():
            await raise_alarms(connection, [silent()], clock)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await raise_and_fail()
    assert await alarms.open() == []
    async with connected(pool) as connection:
        await raise_alarms(connection, [silent()], clock)
        assert await end_alarms(connection, SILENT, [NORTH], clock) == 1


async def test_many_who_say_the_same_at_once_make_one(alarms):
    subjects = [Subject(SubjectKind.SIGN, f"sign-{number}") for number in range(20)]
    await asyncio.gather(
        *(alarms.raise_([silent(subject) for subject in subjects[:: 1 if n % 2 else -1]]) for n in range(8))
    )

    assert {alarm.subject: alarm.times for alarm in await alarms.open()} == dict.fromkeys(subjects, 8)


async def test_critical_alarms_come_first_then_the_newest(alarms, clock, noon):
    await alarms.raise_([Raised(code=STOPPED, subject=PLATFORM, detail="")])
    await alarms.raise_([silent()])
    clock.now = noon + timedelta(minutes=1)
    await alarms.raise_([silent(SOUTH)])

    assert [alarm.subject for alarm in await alarms.open()] == [PLATFORM, SOUTH, NORTH]


async def test_who_acknowledges_first_stays_and_is_on_record(alarms, database, noon):
    await alarms.raise_([silent(within=(Subject(SubjectKind.SITE, "mill-yard"),))])
    (alarm,) = await alarms.open()
    await alarms.acknowledge(alarm.alarm_id, by="manager")
    again = await alarms.acknowledge(alarm.alarm_id, by="key abcd1234")

    assert (again.acknowledged_by, again.acknowledged_at, again.within) == ("manager", noon, alarm.within)
    assert [one.acknowledged_by for one in await alarms.open()] == ["manager"]
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT actor, record, record_id, after->>'acknowledged_by' FROM audit").fetchall()
    assert rows == [("manager", "alarm", str(alarm.alarm_id), "manager")]


async def test_what_is_not_there_cannot_be_acknowledged(alarms):
    with pytest.raises(UnknownAlarmError):
        await alarms.acknowledge(4711, by="manager")


async def test_an_alarm_of_a_newer_version_is_left_to_that(alarms, database):
    await alarms.raise_([silent()])
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE alarm SET code = 'of_tomorrow'")

    assert await alarms.open() == []


async def test_what_cannot_be_stored_as_text_is_made_visible(alarms):
    await alarms.raise_([silent(Subject(SubjectKind.SIGN, "a\0b"), detail="x" * 5000)])

    (alarm,) = await alarms.open()
    assert (alarm.subject.subject_id, len(alarm.detail)) == ("a\\0b", 300)


async def test_open_alarms_are_counted_by_code_also_where_there_is_none(alarms):
    known = KnownAlarms(alarms)
    await alarms.raise_([silent(), silent(SOUTH)])
    following = asyncio.create_task(known.follow(every_s=0.01))
    while not known.counts[SILENT]:
        await asyncio.sleep(0.01)
    following.cancel()

    assert {code: count for code, count in known.counts.items() if count} == {SILENT: 2}
    assert known.counts.keys() == set(AlarmCode)
