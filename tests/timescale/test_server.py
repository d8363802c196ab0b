"""The stand-in server runs, is TimescaleDB, and carries what the store asks of it."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from tests.timescale.server import TimescaleServer

pytestmark = pytest.mark.timescale

MORNING = datetime(2025, 3, 1, 8, tzinfo=UTC)
READINGS = """
CREATE TABLE reading (at timestamptz NOT NULL, device int NOT NULL, raw bytea);
SELECT create_hypertable('reading', by_range('at', INTERVAL '1 day'));
CREATE UNIQUE INDEX ON reading (device, at);
"""


@pytest.fixture(scope="module")
def server() -> Iterator[TimescaleServer]:
    with TimescaleServer() as server:
        yield server


@pytest.fixture
def connection(server: TimescaleServer) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server.conninfo, autocommit=True, prepare_threshold=None) as connection:
        connection.execute(READINGS)
        yield connection
        connection.execute("DROP TABLE reading CASCADE")


def test_the_extension_is_there(connection: psycopg.Connection) -> None:
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
    assert row is not None
    assert row[0].startswith("2.")


def test_a_frame_is_stored_once(connection: psycopg.Connection) -> None:
    insert = "INSERT INTO reading VALUES (%s, 1, %s) ON CONFLICT DO NOTHING"
    assert [connection.execute(insert, (MORNING, b"\x00\xff")).rowcount for _ in range(2)] == [1, 0]


def test_rows_are_copied_in_binary_and_moved_on_in_one_transaction(connection: psycopg.Connection) -> None:
    with connection.transaction():
        connection.execute("CREATE TEMP TABLE stage (LIKE reading) ON COMMIT DROP")
        with connection.cursor().copy("COPY stage FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["timestamptz", "int4", "bytea"])
            for device in range(2000):
                copy.write_row((MORNING, device, bytes(100)))
        connection.execute("INSERT INTO reading SELECT * FROM stage")
    assert connection.execute("SELECT count(*) FROM reading").fetchone() == (2000,)


def test_a_large_parameter_arrives_whole(connection: psycopg.Connection) -> None:
    assert connection.execute("SELECT length(%s::bytea)", (bytes(3_000_000),)).fetchone() == (3_000_000,)


def test_an_aggregate_adds_up_before_and_after_its_refresh(connection: psycopg.Connection) -> None:
    with connection.transaction():
        connection.execute(
            "CREATE MATERIALIZED VIEW hourly WITH (timescaledb.continuous, timescaledb.materialized_only = false)"
            " AS SELECT time_bucket('1 hour', at) AS hour, count(*) AS n FROM reading GROUP BY 1 WITH NO DATA"
        )
    connection.execute("INSERT INTO reading VALUES (%s, 1), (%s, 2)", (MORNING, MORNING))
    assert connection.execute("SELECT n FROM hourly").fetchall() == [(2,)]
    connection.execute("CALL refresh_continuous_aggregate('hourly', NULL, NULL)")
    assert connection.execute("SELECT n FROM hourly").fetchall() == [(2,)]


def test_a_row_goes_into_a_compressed_chunk_once(connection: psycopg.Connection) -> None:
    connection.execute("INSERT INTO reading VALUES (%s, 1), (%s, 2)", (MORNING, MORNING))
    connection.execute("ALTER TABLE reading SET (timescaledb.compress, timescaledb.compress_segmentby = 'device')")
    connection.execute("SELECT compress_chunk(chunk) FROM show_chunks('reading') AS chunk")
    insert = "INSERT INTO reading VALUES (%s, %s) ON CONFLICT DO NOTHING"
    assert [connection.execute(insert, (MORNING, device)).rowcount for device in (1, 3)] == [0, 1]


def test_connections_take_turns_a_transaction_at_a_time(
    server: TimescaleServer, connection: psycopg.Connection
) -> None:
    def write(device: int) -> None:
        with psycopg.connect(server.conninfo, autocommit=True, prepare_threshold=None) as other:
            for hour in range(24):
                with other.transaction():
                    other.execute("INSERT INTO reading VALUES (%s, %s)", (MORNING.replace(hour=hour), device))

    threads = [threading.Thread(target=write, args=(device,)) for device in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert connection.execute("SELECT count(*) FROM reading").fetchone() == (96,)


def test_a_connection_that_goes_away_leaves_nothing_half_done(
    server: TimescaleServer, connection: psycopg.Connection
) -> None:
    other = psycopg.connect(server.conninfo, prepare_threshold=None)
    other.execute("INSERT INTO reading VALUES (%s, 1)", (MORNING,))
    other.close()
    assert connection.execute("SELECT count(*) FROM reading").fetchone() == (0,)


def test_a_new_database_has_nothing_of_the_one_before_whoever_was_connected(server: TimescaleServer) -> None:
    with psycopg.connect(server.conninfo, autocommit=True, prepare_threshold=None) as held:
        held.execute("CREATE TABLE left_behind (number int)")
        server.renew()
        with psycopg.connect(server.conninfo, prepare_threshold=None) as connection:
            found = connection.execute(
                "SELECT to_regclass('left_behind'), current_setting('TimeZone'), count(*) FROM pg_extension"
                " WHERE extname = 'timescaledb'"
            ).fetchone()
            assert found == (None, "UTC", 1)
        with pytest.raises(psycopg.OperationalError):
            held.execute("SELECT 1")
