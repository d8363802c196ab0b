"""What an examination asks of the database first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from store.queries import query


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """`skew` is how far the server's clock is ahead of the one that asked; `as_of` when ingest last vouched."""

    skew: timedelta
    as_of: datetime
    devices: int
    dead_letters: int


def read_vitals(conninfo: str, *, now: datetime) -> Vitals:
    """Over a connection of its own; raises psycopg.Error."""
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        row = connection.execute(query("select_vitals"), {"now": now}).fetchone()
    assert row is not None
    skew, as_of, devices, dead_letters = row
    return Vitals(skew=skew, as_of=as_of, devices=devices, dead_letters=dead_letters)
