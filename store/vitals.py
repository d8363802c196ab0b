"""What an examination asks of the database first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from domain.live import Clock
from store.queries import query


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """`skew` is how far at least the server's clock is ahead of ours; `as_of` when ingest last vouched."""

    skew: timedelta
    as_of: datetime
    devices: int
    dead_letters: int


def read_vitals(conninfo: str, *, now: Clock) -> Vitals:
    """Over a connection of its own; raises psycopg.Error."""
    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        asked_at = now()
        row = connection.execute(query("select_vitals")).fetchone()
        answered_at = now()
    assert row is not None
    server_at, as_of, devices, dead_letters = row
    # When the server looked at its clock between these two, nobody knows: a slow answer is not a wrong clock.
    skew = server_at - min(max(server_at, asked_at), answered_at)
    return Vitals(skew=skew, as_of=as_of, devices=devices, dead_letters=dead_letters)
