"""What screens say of themselves, in the database."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from hashlib import sha256

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from domain.alarms import AlarmCode, SubjectKind
from domain.errors import StoreRefusedError
from domain.ids import SignId
from domain.live import Clock
from domain.local_time import LONDON
from domain.sign_reports import (
    Agreement,
    DayOfPlay,
    Heartbeat,
    Play,
    Refusal,
    Report,
    Span,
    day_of_play,
    day_span,
)
from store.pool import Connection, Pool, connected
from store.queries import one, query
from store.rows import storable


class StoreSignReports:
    """Satisfies domain.sign_reports.SignReports."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def heard(self, heartbeat: Heartbeat, agreement: Agreement, *, served_frame_id: str) -> None:
        """Keep the newest heartbeat of a sign; an older one that comes late changes nothing."""
        refused = {reason: heartbeat.refused.get(reason, 0) for reason in Refusal}
        parameters = {
            **asdict(heartbeat),
            "interval_s": int(heartbeat.interval.total_seconds()),
            "uptime_s": None if heartbeat.uptime is None else int(heartbeat.uptime.total_seconds()),
            "player": storable(heartbeat.player),
            "refused": Jsonb(refused, dumps=json.dumps),
            "refused_total": sum(refused.values()),
            "agreement": agreement,
            "served_frame_id": served_frame_id,
        }
        async with connected(self._pool) as connection:
            await connection.execute(query("upsert_sign_report"), parameters)

    async def shown(self, sign_id: SignId, frame_id: str, content: Mapping[str, object]) -> None:
        """Keep what a frame says, the first time that it is met."""
        document = Jsonb(dict(content), dumps=json.dumps)
        parameters = {"sign_id": sign_id, "frame_id": frame_id, "at": self._now(), "content": document}
        async with connected(self._pool) as connection:
            await connection.execute(query("insert_sign_frame"), parameters)

    async def played(self, sign_id: SignId, plays: Sequence[Play], *, key: str) -> bool:
        """Keep a batch once; False where it was there already. Raises StoreRefusedError where the key is another's."""
        rows = [asdict(play) | {"sign_id": sign_id} for play in plays]
        digest = sha256(json.dumps(rows, default=datetime.isoformat).encode()).digest()
        parameters = {"sign_id": sign_id, "batch_key": key, "digest": digest, "at": self._now()}
        async with connected(self._pool) as connection, connection.transaction():
            if not (await connection.execute(query("insert_sign_play_batch"), parameters)).rowcount:
                kept = await one(connection, "select_sign_play_batch", parameters)
                if kept["digest"] != digest:
                    raise StoreRefusedError("this idempotency key stands for another batch")
                return False
            async with connection.cursor() as cursor:
                await cursor.executemany(query("insert_sign_play"), rows)
        return True

    async def latest(self) -> Mapping[SignId, Report]:
        """The newest report of every sign that ever reported."""
        async with connected(self._pool) as connection:
            return await read_reports(connection)

    async def days(self, sign_id: SignId, *, last: int) -> list[DayOfPlay]:
        """The account of the last days, today first."""
        now = self._now()
        today = now.astimezone(LONDON).date()
        days = [today - timedelta(days=ago) for ago in range(last)]
        async with connected(self._pool) as connection:
            return [await self._day(connection, sign_id, day, now) for day in days]

    async def _day(self, connection: Connection, sign_id: SignId, day: date, now: datetime) -> DayOfPlay:
        begin, end = day_span(day, now=now)
        asked = {"sign_id": sign_id, "begin": begin, "end": end}
        rows = await (await connection.execute(query("select_sign_plays"), asked)).fetchall()
        return day_of_play(day, [Play(**row) for row in rows], await _differed(connection, asked), now=now)

    async def forget_batches(self, *, before: datetime) -> None:
        """Stop remembering the keys of batches that came before that moment."""
        async with connected(self._pool) as connection:
            await connection.execute(query("delete_old_sign_play_batches"), {"before": before})


async def read_reports(connection: Connection) -> dict[SignId, Report]:
    """The newest report of every sign."""
    rows = await (await connection.execute(query("select_sign_reports"))).fetchall()
    return {SignId(row["sign_id"]): _report(row) for row in rows}


async def _differed(connection: Connection, asked: Mapping[str, object]) -> list[Span]:
    subject = {"code": AlarmCode.SIGN_DIFFERS, "subject_kind": SubjectKind.SIGN, "subject_id": asked["sign_id"]}
    rows = await connection.execute(query("select_alarm_spans"), {**asked, **subject})
    return [(row["raised_at"], row["ended_at"]) for row in await rows.fetchall()]


def _report(row: DictRow) -> Report:
    names = ("received_at", "frame_id", "shown_since", "rendered_hash", "screen_on", "battery_percent")
    heartbeat = Heartbeat(
        sign_id=SignId(row["sign_id"]),
        interval=timedelta(seconds=row["interval_s"]),
        uptime=None if row["uptime_s"] is None else timedelta(seconds=row["uptime_s"]),
        refused={Refusal(reason): int(times) for reason, times in row["refused"].items()},
        **{name: row[name] for name in (*names, "battery_volts", "rssi_dbm", "player")},
    )
    return Report(
        heartbeat=heartbeat,
        agreement=Agreement(row["agreement"]),
        served_frame_id=row["served_frame_id"],
        differs_since=row["differs_since"],
        refused_at=row["refused_at"],
    )
