"""Processes end at any moment: what the broker acknowledged is kept, once, and the present never goes backwards."""

import signal
from collections import Counter
from datetime import timedelta

import httpx
import psycopg
import pytest

from smartplace.embedded.ports import free_port
from smartplace.embedded.postgres import EmbeddedPostgres, wheel_binaries
from store.migrations import migrate
from tests.conftest import SMALL_BOROUGH, running, until
from tests.e2e.conftest import LONGEST_STOP_S, uplink

BAYS = ("70b3d50000000001", "70b3d50000000002", "70b3d50000000003")
FRAMES = 3000

pytestmark = [pytest.mark.e2e, pytest.mark.db, pytest.mark.broker]


def frames(begin: int, end: int) -> list:
    """Frames of three bays in turn, a second apart, each in the other state than the frame before."""
    return [
        uplink(BAYS[n % 3], "bosch-tps110", n, 1, bytes([n // 3 % 2]), age=timedelta(seconds=2 * FRAMES - n))
        for n in range(begin, end)
    ]


def kept(platform) -> Counter:
    return Counter(row["f_cnt"] for row in platform.rows("SELECT f_cnt FROM uplink"))


def count(platform) -> int:
    return platform.value("SELECT count(*) FROM uplink")


def present(platform) -> dict:
    """The newest word of each bay that has one."""
    rows = platform.rows("SELECT asset_key, observed_at, f_cnt FROM asset_state WHERE f_cnt IS NOT NULL")
    return {row["asset_key"]: (row["observed_at"], row["f_cnt"]) for row in rows}


class Watch:
    """Looks again and again, and notes where the present or the revision went backwards."""

    def __init__(self, platform) -> None:
        self._platform = platform
        self._seen: dict = {}
        self._revision = 0
        self.backwards: list[str] = []

    def look(self) -> int:
        """How many frames are kept now."""
        now = present(self._platform)
        self.backwards += [f"{key}: {word} to {now[key]}" for key, word in self._seen.items() if now[key] < word]
        revision = self._platform.value("SELECT revision FROM platform")
        if revision < self._revision:
            self.backwards.append(f"revision {self._revision} to {revision}")
        self._seen, self._revision = now, revision
        return count(self._platform)


def told_dead_letters(platform) -> str:
    """How many there are for each reason, and the first words of it: what a frame that is missing has become."""
    rows = platform.rows(
        "SELECT reason, count(*) AS n, min(detail) AS detail FROM dead_letter GROUP BY reason ORDER BY reason"
    )
    return "dead letters: " + ("; ".join(f"{row['n']} {row['reason']} ({row['detail']})" for row in rows) or "none")


def assert_complete(platform, expected: int, watch: Watch) -> None:
    """Every frame once, in both tables; the present is the newest frame of each bay."""
    until(
        lambda: watch.look() >= expected,
        what=f"{expected} frames",
        within_s=120,
        instead=lambda: f"{count(platform)} are kept; {told_dead_letters(platform)}",
    )
    assert platform.value("SELECT count(*) FROM dead_letter") == 0, told_dead_letters(platform)
    assert kept(platform) == Counter(range(expected))
    assert platform.value("SELECT count(*) FROM event") == expected
    assert sorted(f_cnt for _, f_cnt in present(platform).values()) == [expected - 3, expected - 2, expected - 1]
    assert watch.backwards == []


# Whoever keeps one frame out of the midst of them waits for a lock, however quick the others are.
WAIT_IN_THE_MIDST = f"""
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock_shared(1);
    RETURN NULL;
END $$;
CREATE TRIGGER wait AFTER INSERT ON uplink FOR EACH ROW WHEN (NEW.f_cnt = {FRAMES // 2}) EXECUTE FUNCTION wait()
"""
END_SESSIONS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name = 'smartplace' AND datname = current_database()
"""


def waits(platform, kind: str) -> bool:
    """Whether somebody waits for a lock of this kind; of advisory locks, for the one above."""
    query = """
        SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database AS d ON d.oid = database
                       WHERE datname = current_database() AND locktype = %s AND NOT granted
                         AND (coalesce(classid, 0), coalesce(objid, 1)) = (0, 1))
    """
    return platform.value(query, kind)


def test_ingest_killed_in_the_midst_of_uplinks_loses_none_and_keeps_each_once(database, new_platform):
    platform = new_platform(database)
    platform.import_places(SMALL_BOROUGH)
    watch = Watch(platform)
    with platform.publisher() as publisher, psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        connection.execute(WAIT_IN_THE_MIDST)
        with platform.process("ingest") as ingest:
            until(platform.is_heard, what="ingest")
            wait_acknowledged = publisher.start_publishing(frames(0, FRAMES))
            until(lambda: waits(platform, "advisory"), what="the midst of the frames")
            ingest.send_signal(signal.SIGKILL)
            assert ingest.wait(10) == -signal.SIGKILL
        connection.execute(END_SESSIONS)
        connection.execute("DROP TRIGGER wait ON uplink")
        kept_at_kill = watch.look()
        assert 0 < kept_at_kill < FRAMES
        with platform.process("ingest"):
            wait_acknowledged()
            assert_complete(platform, FRAMES, watch)
    print(f"killed after {kept_at_kill} of {FRAMES} frames")


def test_ingest_killed_over_and_over_still_keeps_each_once(database, new_platform):
    platform = new_platform(database)
    platform.import_places(SMALL_BOROUGH)
    watch = Watch(platform)
    with platform.publisher() as publisher:
        with platform.process("ingest"):
            until(platform.is_heard, what="ingest")
        for begin in range(0, FRAMES, FRAMES // 3):
            before = watch.look()
            wait_acknowledged = publisher.start_publishing(frames(begin, begin + FRAMES // 3))
            with platform.process("ingest") as ingest:
                until(lambda: watch.look() > before, what="some frames more")  # noqa: B023
                ingest.send_signal(signal.SIGKILL)
                ingest.wait(10)
            wait_acknowledged()
        with platform.process("ingest"):
            assert_complete(platform, FRAMES, watch)


# Whoever clears a frame of suspicion that it has read waits for a lock: there it can be killed.
WAIT_BEFORE_ACQUITTAL = """
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock_shared(1);
    RETURN NULL;
END $$;
CREATE TRIGGER wait BEFORE DELETE ON suspect_message FOR EACH STATEMENT EXECUTE FUNCTION wait()
"""


def test_ingest_killed_each_time_it_reads_the_same_frames_again_sets_none_of_them_aside(database, new_platform):
    platform = new_platform(database)
    platform.import_places(SMALL_BOROUGH)
    watch = Watch(platform)
    with platform.process("ingest"):
        until(platform.is_heard, what="ingest")
    with platform.publisher() as publisher, psycopg.connect(database, autocommit=True) as connection:
        publisher.publish(*frames(0, 60))
        connection.execute("SELECT pg_advisory_lock(1)")
        connection.execute(WAIT_BEFORE_ACQUITTAL)
        # The first cannot keep what it reads, so that all of it is handed over again.
        with connection.transaction(), platform.process("ingest") as ingest:
            connection.execute("LOCK TABLE seen_frame IN SHARE MODE")
            until(lambda: waits(platform, "relation"), what="frames in hand")
            ingest.kill()
        for _ in range(3):
            with platform.process("ingest") as ingest:
                until(lambda: waits(platform, "advisory"), what="frames that are read again")
                ingest.kill()
            connection.execute(END_SESSIONS)
        assert platform.value("SELECT count(*) FROM suspect_message") > 0
        connection.execute("DROP TRIGGER wait ON suspect_message")
        with platform.process("ingest"):
            assert_complete(platform, 60, watch)
            until(lambda: platform.value("SELECT count(*) = 0 FROM suspect_message"), what="nobody who is suspect")


@pytest.fixture
def durable_postgres(tmp_path) -> EmbeddedPostgres:
    """A server of this test's own that can be ended and started again: with fsync, as people run it."""
    server = EmbeddedPostgres(
        binaries=wheel_binaries(), data_dir=tmp_path / "postgres", port=free_port(), password="tests-only"
    )
    server.initialise()
    return server


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
def test_postgres_ended_under_ingest_costs_nothing_and_ingest_goes_on(durable_postgres, new_platform, tmp_path, end):
    def postgres():
        return running(durable_postgres.command(), tmp_path / "postgres.log", stop=signal.SIGINT)

    with postgres() as server:
        until(durable_postgres.answers, what="PostgreSQL")
        durable_postgres.create_database()
        list(migrate(durable_postgres.conninfo()))
        platform = new_platform(durable_postgres.conninfo(), frame_validity_s=2)
        platform.import_places(SMALL_BOROUGH)
        watch = Watch(platform)
        ingest = platform.start("ingest")
        serve = platform.start("serve")
        until(platform.is_ready, what="ingest and the web server")
        publisher = platform.open_publisher()
        wait_acknowledged = publisher.start_publishing(frames(0, FRAMES - 300))
        until(lambda: watch.look() >= 300, what="the first frames")
        server.send_signal(end)
        server.wait(20)
    wait_acknowledged()
    publisher.publish(*frames(FRAMES - 300, FRAMES))
    until(lambda: platform.get("/readyz").status_code == 503, what="a web server that says so")
    assert platform.get("/v1/sites").status_code == 200
    with postgres():
        until(durable_postgres.answers, what="PostgreSQL again")
        assert_complete(platform, FRAMES, watch)
        assert (ingest.poll(), serve.poll()) == (None, None)
        until(platform.is_ready, what="the web server that trusts its numbers again")
        revision = platform.value("SELECT revision FROM platform")
        until(lambda: platform.get("/v1/sites").json()["revision"] >= revision, what="the newest revision")
        platform.stop()


def test_the_broker_ended_under_ingest_costs_nothing_and_ingest_goes_on(database, new_platform):
    platform = new_platform(database)
    platform.import_places(SMALL_BOROUGH)
    watch = Watch(platform)
    with platform.process("ingest") as ingest:
        until(platform.is_heard, what="ingest")
        with platform.publisher() as publisher:
            publisher.publish(*frames(0, 500))
        platform.restart_broker(signal.SIGKILL)
        with platform.publisher() as publisher:
            publisher.publish(*frames(500, 1000))
        assert_complete(platform, 1000, watch)
        assert ingest.poll() is None


def test_stopping_is_quick_and_without_complaint(database, new_platform):
    platform = new_platform(database)
    platform.import_places(SMALL_BOROUGH)
    with platform.process("ingest") as ingest, platform.process("serve") as serve:
        until(platform.is_ready, what="ingest and the web server")
        with httpx.stream("GET", f"{platform.url}/v1/events", timeout=10) as stream:
            lines = stream.iter_lines()  # nobody holding it would close the stream
            assert next(lines)
            for process in (serve, ingest):
                process.terminate()
                assert process.wait(LONGEST_STOP_S) == 0
    assert "Traceback" not in platform.log("ingest").read_text() + platform.log("serve").read_text()
