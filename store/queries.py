"""Named SQL: every statement is a file in `sql/queries`, loaded once, as bytes."""

from functools import cache
from importlib.resources import files


@cache
def query(name: str) -> bytes:
    """The statement in `sql/queries/<name>.sql`; bytes, so that psycopg takes it as a constant."""
    return (files("store") / "sql" / "queries" / f"{name}.sql").read_bytes()
