"""Bring a database to this version of the schema: numbered SQL files, one transaction each, never backwards."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import LiteralString

import psycopg

from domain.errors import MigrationError

# Any two numbers will do, as long as nobody else on this server uses them.
_LOCK = (0x5347, 1)
_NAME = re.compile(r"(?P<number>\d{4})_(?P<what>\w+?)(?:\.(?P<engine>plain|timescale))?\.sql")


class Engine(StrEnum):
    """What the database is."""

    PLAIN = "plain"
    TIMESCALE = "timescale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step. `engine` None runs on both."""

    number: int
    name: str
    engine: Engine | None
    sql: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where a database stands: what it is, which steps it has, which it lacks."""

    server_version: str
    engine: Engine
    engine_version: str | None
    applied: list[str]
    pending: list[str]


def migrations(engine: Engine) -> list[Migration]:
    """The steps for this engine, in order."""
    folder = files("store") / "sql" / "migrations"
    steps = [_migration(entry.name, entry.read_bytes()) for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted((step for step in steps if step.engine in (None, engine)), key=lambda step: step.number)


def migrate(conninfo: str, *, prepare: bool = True) -> Iterator[str]:
    """Apply what is pending, yielding the name of each step once it is committed.

    Several processes may call it at once: an advisory lock lets one through at a time.

    Raises:
        MigrationError: the database does not answer, is newer than this program, or refuses a step.
    """
    try:
        with psycopg.connect(
            conninfo, autocommit=True, connect_timeout=5, prepare_threshold=5 if prepare else None
        ) as connection:
            connection.execute("SELECT pg_advisory_lock(%s, %s)", _LOCK)
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_migration"
                " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
            )
            yield from _apply_pending(connection)
    except psycopg.OperationalError as error:
        raise MigrationError(f"the database does not answer: {str(error).splitlines()[0]}") from error


def status(conninfo: str) -> Status:
    """Where the database stands; changes nothing.

    Raises:
        MigrationError: the database does not answer.
    """
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=5) as connection:
            version = _timescale_version(connection)
            engine = Engine.TIMESCALE if version else Engine.PLAIN
            applied = _applied(connection)
            return Status(
                server_version=str(_one(connection, "SHOW server_version")),
                engine=engine,
                engine_version=version,
                applied=sorted(applied),
                pending=[step.name for step in migrations(engine) if step.name not in applied],
            )
    except psycopg.OperationalError as error:
        raise MigrationError(f"the database does not answer: {str(error).splitlines()[0]}") from error


def _apply_pending(connection: psycopg.Connection) -> Iterator[str]:
    applied = _applied(connection)
    if not applied:
        _enable_timescale(connection)
    steps = migrations(Engine.TIMESCALE if _timescale_version(connection) else Engine.PLAIN)
    if strangers := applied - {step.name for step in steps}:
        raise MigrationError(f"the database has steps that this version does not know: {', '.join(sorted(strangers))}")
    for step in steps:
        if step.name not in applied:
            _apply(connection, step)
            yield step.name


def _apply(connection: psycopg.Connection, step: Migration) -> None:
    try:
        with connection.transaction():
            connection.execute(step.sql)
            connection.execute("INSERT INTO schema_migration (name) VALUES (%s)", [step.name])
    except psycopg.Error as error:
        raise MigrationError(f"{step.name} failed and was undone: {str(error).splitlines()[0]}") from error


def _applied(connection: psycopg.Connection) -> set[str]:
    if not _one(connection, "SELECT to_regclass('schema_migration')"):
        return set()
    return {row[0] for row in connection.execute("SELECT name FROM schema_migration")}


def _enable_timescale(connection: psycopg.Connection) -> None:
    if _one(connection, "SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'"):
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")


def _timescale_version(connection: psycopg.Connection) -> str | None:
    return _one(connection, "SELECT max(extversion) FROM pg_extension WHERE extname = 'timescaledb'")


def _one(connection: psycopg.Connection, statement: LiteralString) -> str | None:
    row = connection.execute(statement).fetchone()
    return row[0] if row else None


def _migration(file_name: str, sql: bytes) -> Migration:
    match = _NAME.fullmatch(file_name)
    if match is None:
        raise MigrationError(f"{file_name} is not named NNNN_what[.plain|.timescale].sql")
    engine = Engine(match["engine"]) if match["engine"] else None
    return Migration(number=int(match["number"]), name=f"{match['number']}_{match['what']}", engine=engine, sql=sql)
