"""Named SQL: every statement is a file in `sql/queries`, loaded once, as bytes."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from store.pool import Connection


@cache
def query(name: str) -> bytes:
    """The statement in `sql/queries/<name>.sql`; bytes, so that psycopg takes it as a constant."""
    return (files("store") / "sql" / "queries" / f"{name}.sql").read_bytes()


async def one(connection: Connection, name: str, parameters: Mapping[str, object]) -> Mapping[str, object]:
    """The only row that the named statement gives."""
    row = await (await connection.execute(query(name), parameters)).fetchone()
    assert row is not None
    return row


async def copy_in(connection: Connection, name: str, types: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Binary COPY with the named statement."""
    async with connection.cursor() as cursor, cursor.copy(query(name)) as copy:
        copy.set_types(types)
        # As `copy.write_row`, but nobody waits before there is something to send: it gathers rows to 32 KiB.
        format_row, send = copy.formatter.write_row, copy.writer.write
        for row in rows:
            if ready := format_row(row):
                await send(ready)
