"""What screens say of themselves in the database, and the alarms that come of it."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest

from domain.alarms import PLATFORM, AlarmCode, Subject, SubjectKind
from domain.boards import EPaper
from domain.errors import StoreRefusedError
from domain.ids import SignId
from domain.sign_reports import Agreement, Heartbeat, Play
from store.alarms import StoreAlarms
from store.frames import FrameStore
from store.migrations import migrate
from store.pool import connected, open_pool
from store.signs.boards import StoreBoards, read_signs
from store.signs.reports import StoreSignReports
from store.signs.tokens import StoreSignTokens
from store.signs.watch import SignWatch

pytestmark = [pytest.mark.anyio, pytest.mark.db]

NORTH = SignId("north")
SUBJECT = Subject(SubjectKind.SIGN, "north")
SAME, DIFFERENT, NOT_KNOWN = Agreement.SAME, Agreement.DIFFERENT, Agreement.NOT_KNOWN
SILENT, DIFFERS, REFUSED = AlarmCode.SIGN_SILENT, AlarmCode.SIGN_DIFFERS, AlarmCode.SIGN_REFUSED


@pytest.fixture
def pool(borough_pool):
    return borough_pool


@pytest.fixture
def reports(pool, clock):
    return StoreSignReports(pool, now=clock)


@pytest.fixture
def beat(reports, clock):
    async def beat(agreement=SAME, *, at=None, **more):
        given = {"frame_id": "aa", "interval": timedelta(seconds=30), "refused": {}, "player": "test\0"}
        heartbeat = Heartbeat(sign_id=NORTH, received_at=at or clock(), **(given | more))
        await reports.heard(heartbeat, agreement, served_frame_id="bb")

    return beat


async def test_the_newest_heartbeat_stands_and_comes_back_as_it_was(reports, beat, clock, noon):
    clock.wait(60)
    await beat(
        uptime=timedelta(hours=2), battery_percent=80.0, screen_on=True, shown_since=noon, rendered_hash="7c11f51d"
    )
    await beat(DIFFERENT, at=noon, frame_id="old")

    report = (await reports.latest())[NORTH]
    assert (report.heartbeat.received_at, report.heartbeat.frame_id, report.agreement) == (clock(), "aa", SAME)
    assert (report.heartbeat.uptime, report.heartbeat.battery_percent) == (timedelta(hours=2), 80.0)
    assert report.heartbeat.player == "test\\0"


async def test_a_difference_lasts_from_its_first_heartbeat_until_one_agrees(reports, beat, clock):
    since = []
    for agreement in (SAME, DIFFERENT, NOT_KNOWN, DIFFERENT, SAME, NOT_KNOWN):
        await beat(agreement)
        differs_since = (await reports.latest())[NORTH].differs_since
        since.append(None if differs_since is None else (clock() - differs_since).total_seconds())
        clock.wait(30)

    assert since == [None, 0, 30, 60, None, None]


async def test_refusals_are_noticed_when_they_grow(reports, beat, clock):
    grown = []
    for count in (0, 2, 2, 3, 0, 1):
        await beat(refused={"replayed": count} if count else {})
        grown.append((await reports.latest())[NORTH].refused_at == clock())
        clock.wait(30)

    # After a new start it counts from nothing.
    assert grown == [False, True, False, True, False, True]


def play(noon, begin_s, end_s, frame_id="aa"):
    return Play(frame_id=frame_id, begins_at=noon + timedelta(seconds=begin_s), ends_at=noon + timedelta(seconds=end_s))


async def test_a_batch_is_kept_once_under_its_key(reports, noon, database):
    plays = [play(noon, 0, 60), play(noon, 60, 120, None)]
    assert await reports.played(NORTH, plays, key="one")
    assert not await reports.played(NORTH, plays, key="one")
    with pytest.raises(StoreRefusedError):
        await reports.played(NORTH, plays[:1], key="one")
    # Under another key it is another batch, of plays that are there already.
    assert await reports.played(NORTH, plays, key="two")

    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM sign_play").fetchone() == (2,)


async def test_the_account_of_days_adds_up(reports, pool, clock, noon):
    await reports.played(NORTH, [play(noon, 0, 600), play(noon, 600, 900, None), play(noon, 900, 1200)], key="one")
    await reports.played(SignId("south"), [play(noon, 0, 3600)], key="one")
    await reports.played(NORTH, [play(noon, -86_400, -86_000)], key="yesterday")
    clock.wait(960)
    alarms = StoreAlarms(pool, now=clock)
    watch = SignWatch(pool, now=clock, stopped_after=timedelta(days=1))
    await StoreSignTokens(pool, now=clock).issue(NORTH, by="m")
    heartbeat = Heartbeat(sign_id=NORTH, received_at=clock(), interval=timedelta(seconds=30), frame_id="aa", refused={})
    await reports.heard(heartbeat, DIFFERENT, served_frame_id="bb")
    clock.wait(120)
    await watch.look()
    assert [alarm.code for alarm in await alarms.open() if alarm.subject == SUBJECT] == [DIFFERS]
    clock.wait(120)
    today, yesterday = await reports.days(NORTH, last=2)

    assert (today.day, today.length) == (date(2026, 11, 20), timedelta(hours=12, minutes=20))
    # Differing from 1080 s on.
    assert (today.right.seconds, today.wrong.seconds, today.blank.seconds) == (780, 120, 300)
    assert (yesterday.right.seconds, yesterday.silent.seconds) == (400, 86_000)


async def test_old_keys_are_forgotten_and_plays_are_not(reports, noon, database):
    await reports.played(NORTH, [play(noon, 0, 60)], key="one")
    await reports.forget_batches(before=noon + timedelta(seconds=1))

    with psycopg.connect(database) as connection:
        counts = connection.execute("SELECT (SELECT count(*) FROM sign_play), (SELECT count(*) FROM sign_play_batch)")
        assert counts.fetchone() == (1, 0)


async def test_what_a_frame_says_is_kept_once(reports, noon, database, clock):
    await reports.shown(NORTH, "aa", {"title": "North"})
    clock.wait(5)
    await reports.shown(NORTH, "aa", {"title": "Other"})

    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT first_at, content FROM sign_frame").fetchall() == [(noon, {"title": "North"})]


class Watch:
    """The watch of one web server, and what is open."""

    def __init__(self, pool, clock):
        self.watch = SignWatch(pool, now=clock, stopped_after=timedelta(seconds=60))
        self.alarms = StoreAlarms(pool, now=clock)

    async def codes(self, subject=SUBJECT):
        assert await self.watch.look()
        return {alarm.code for alarm in await self.alarms.open() if alarm.subject == subject}


@pytest.fixture
def watch(pool, clock):
    return Watch(pool, clock)


@pytest.fixture
async def token(pool, clock):
    return await StoreSignTokens(pool, now=clock).issue(NORTH, by="m")


async def test_a_sign_that_falls_silent_is_an_alarm_that_ends_with_its_next_word(watch, token, beat, clock):
    await beat()
    clock.wait(180)
    assert await watch.codes() == set()
    clock.wait(1)
    assert await watch.codes() == {SILENT}
    await beat()
    assert await watch.codes() == set()


async def test_a_sign_that_was_never_heard_is_silent_as_well(watch, token, clock):
    clock.wait(180)
    assert await watch.codes() == set()
    clock.wait(1)
    assert await watch.codes() == {SILENT}


async def test_a_player_that_reports_seldom_may_be_quiet_for_longer(watch, token, beat, clock):
    await beat(interval=timedelta(minutes=15))
    clock.wait(80 * 60)
    assert await watch.codes() == set()
    clock.wait(11 * 60)
    assert await watch.codes() == {SILENT}


async def test_a_sign_without_a_token_owes_no_report(watch, beat, clock, pool):
    await beat()
    clock.wait(3600)
    assert await watch.codes() == set()
    await StoreSignTokens(pool, now=clock).issue(NORTH, by="m")
    assert await watch.codes() == {SILENT}
    await StoreSignTokens(pool, now=clock).revoke(NORTH, by="m")
    clock.wait(1)
    assert await watch.codes() == set()


async def test_an_e_paper_screen_that_stops_asking_is_silent_without_a_token(watch, beat, clock, pool):
    boards = StoreBoards(pool, now=clock)
    async with connected(pool) as connection:
        north = (await read_signs(connection))[NORTH]
    assert await watch.codes() == set()
    epaper = EPaper(macs=("A0:B1:C2:D3:E4:F5",), refresh_s=600)
    await boards.write(replace(north, board=replace(north.board, epaper=epaper)), actor="m")
    # One that nobody has put up yet is missed by nobody.
    clock.wait(3600)
    assert await watch.codes() == set()
    await beat(NOT_KNOWN, interval=timedelta(seconds=600))
    clock.wait(3600)
    assert await watch.codes() == set()
    clock.wait(1)
    assert await watch.codes() == {SILENT}
    await boards.write(north, actor="m")
    assert await watch.codes() == set()


async def test_nobody_is_silent_before_he_was_listened_for(token, beat, clock, pool):
    await beat()
    clock.wait(3600)
    # A web server that was down for an hour.
    watch = Watch(pool, clock)
    assert await watch.codes() == set()
    clock.wait(181)
    assert await watch.codes() == {SILENT}


async def test_a_sign_that_shows_something_else_for_two_intervals_is_an_alarm(watch, token, beat, clock):
    seen = []
    for agreement in (DIFFERENT, DIFFERENT, NOT_KNOWN, DIFFERENT, SAME):
        await beat(agreement)
        seen.append(await watch.codes())
        clock.wait(30)

    assert seen == [set(), set(), {DIFFERS}, {DIFFERS}, set()]
    (over,) = await watch.alarms.recent(limit=1)
    assert "It shows aa, and is served bb" in over.detail


async def test_what_a_sign_refuses_is_an_alarm_for_a_while(watch, token, beat, clock):
    await beat(refused={"foreign": 2})
    assert await watch.codes() == {REFUSED}
    for _ in range(20):
        clock.wait(30)
        await beat(refused={"foreign": 2})
    assert await watch.codes() == set()


async def test_when_nobody_vouches_for_the_numbers_that_is_the_alarm_to_see(watch, pool, clock, noon):
    store = FrameStore(pool)
    await store.tick(as_of=noon)
    clock.wait(60)
    assert await watch.codes(PLATFORM) == set()
    clock.wait(1)
    assert await watch.codes(PLATFORM) == {AlarmCode.INGEST_STOPPED}
    await store.tick(as_of=clock())
    assert await watch.codes(PLATFORM) == set()


async def test_of_several_web_servers_one_looks_at_a_time(watch, token, pool, clock):
    clock.wait(181)
    async with connected(pool) as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(21319, 21)")
        assert not await watch.watch.look()
    found = await asyncio.gather(*(Watch(pool, clock).watch.look() for _ in range(4)))
    assert any(found)
    await watch.watch.look()
    (alarm,) = [one for one in await watch.alarms.open() if one.subject == SUBJECT]
    assert (alarm.code, alarm.times) == (SILENT, 1)


async def test_when_the_database_was_away_signs_are_listened_for_anew(watch, token, beat, clock, monkeypatch):
    await beat()
    clock.wait(3600)
    async with open_pool("postgresql://nobody@127.0.0.1:1/nothing", size=1) as away:
        away.timeout = 0.1
        there, watch.watch._pool = watch.watch._pool, away
        following = asyncio.create_task(watch.watch.follow(every_s=0.01))
        while watch.watch._listening_since != clock():
            await asyncio.sleep(0.01)
        following.cancel()
    watch.watch._pool = there

    assert await watch.codes() == set()


@pytest.mark.timescale
async def test_plays_are_the_same_on_timescaledb(timescale, noon):
    list(migrate(timescale, prepare=False))
    async with open_pool(timescale, size=1, prepare=False) as pool:
        reports = StoreSignReports(pool, now=lambda: noon + timedelta(hours=1))
        assert await reports.played(NORTH, [play(noon, 0, 600), play(noon, 600, 900, None)], key="one")
        assert not await reports.played(NORTH, [play(noon, 0, 600), play(noon, 600, 900, None)], key="one")
        await reports.played(NORTH, [play(noon, 0, 600)], key="two")
        (today,) = await reports.days(NORTH, last=1)
        async with connected(pool) as connection:
            rows = await connection.execute("SELECT hypertable_name FROM timescaledb_information.hypertables")
            names = {row["hypertable_name"] for row in await rows.fetchall()}

    assert (today.right.seconds, today.blank.seconds) == (600, 300)
    assert "sign_play" in names
