import psycopg
import pytest

from domain.errors import MigrationError
from store import migrations
from store.migrations import Engine, Migration, migrate, status

pytestmark = pytest.mark.db

COLUMNS = """
    SELECT table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' ORDER BY 1, 2
"""


def test_every_step_is_applied_once_and_reported(empty_database):
    names = list(migrate(empty_database))

    assert names == [step.name for step in migrations.migrations(Engine.PLAIN)]
    assert list(migrate(empty_database)) == []
    assert status(empty_database).pending == []


def test_it_runs_on_postgresql_15(postgres_15):
    found = status(postgres_15.conninfo("migrated"))

    assert found.server_version.startswith("15.")
    assert found.pending == []


def test_status_of_an_empty_database_changes_nothing(empty_database):
    assert len(status(empty_database).pending) == len(migrations.migrations(Engine.PLAIN))
    assert status(empty_database).applied == []


def test_a_failing_step_is_undone_and_named(empty_database, monkeypatch):
    good = Migration(number=1, name="0001_good", engine=None, sql=b"CREATE TABLE kept (x int)")
    bad = Migration(number=2, name="0002_bad", engine=None, sql=b"CREATE TABLE half (x int); SELECT 1 / 0")
    monkeypatch.setattr(migrations, "migrations", lambda _engine: [good, bad])

    with pytest.raises(MigrationError, match="0002_bad failed and was undone: division by zero"):
        list(migrate(empty_database))

    with psycopg.connect(empty_database) as connection:
        tables = connection.execute("SELECT to_regclass('kept') IS NULL, to_regclass('half') IS NULL").fetchone()
    assert tables == (False, True)


def test_a_database_of_a_newer_version_is_refused(database):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO schema_migration (name) VALUES ('9999_from_the_future')")

    with pytest.raises(MigrationError, match="9999_from_the_future"):
        list(migrate(database))


def test_a_database_that_is_away_is_one_clear_sentence():
    with pytest.raises(MigrationError, match=r"the database does not answer: .*Connection refused"):
        list(migrate("postgresql://nobody@127.0.0.1:1/nothing"))


def test_every_number_is_used_once_on_each_engine():
    for engine in Engine:
        numbers = [step.number for step in migrations.migrations(engine)]
        assert numbers == sorted(set(numbers))


def test_a_step_for_one_engine_has_a_twin_or_is_for_timescaledb_alone():
    # Plain PostgreSQL must never have what TimescaleDB has not.
    plain, timescale = ({step.name for step in migrations.migrations(engine)} for engine in Engine)

    assert plain <= timescale


@pytest.mark.timescale
def test_both_engines_have_the_same_relations_and_columns(database, timescale):
    list(migrate(timescale, prepare=False))

    with psycopg.connect(database) as plain, psycopg.connect(timescale, prepare_threshold=None) as hyper:
        assert hyper.execute(COLUMNS).fetchall() == plain.execute(COLUMNS).fetchall()
