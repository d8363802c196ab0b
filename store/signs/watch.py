"""Looks after signs: who is silent, who shows something else than it is told, and whether anything is received."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import DictRow

from domain.alarms import PLATFORM, AlarmCode, Raised, Subject, SubjectKind
from domain.errors import StoreUnavailableError
from domain.ids import SignId
from domain.live import Clock
from domain.sign_reports import OLDEST_PLAY, SILENT_AFTER, Report
from store.alarms import settle_alarms
from store.pool import Connection, Pool, connected
from store.queries import one, query
from store.signs.reports import StoreSignReports, read_reports

logger = logging.getLogger(__name__)

_NEVER_HEARD = timedelta(seconds=30)
_REFUSED_LATELY = timedelta(minutes=10)
_FORGET_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A sign that should report: since when it has a token, where it is, and what it last said."""

    sign_id: SignId
    site_id: str
    since: datetime
    report: Report | None

    @property
    def subject(self) -> Subject:
        """What its alarms are about."""
        return Subject(SubjectKind.SIGN, self.sign_id)

    def raised(self, code: AlarmCode, detail: str) -> Raised:
        """An alarm of it."""
        within = (Subject(SubjectKind.SITE, self.site_id),)
        return Raised(code=code, subject=self.subject, detail=detail, within=within)


class SignWatch:
    """In every web server, and at work in one at a time: whoever gets the lock looks, the others come again.

    Nobody is called silent before he was listened for: since this process began, or found the database again, for
    heartbeats could not be kept meanwhile.
    """

    def __init__(self, pool: Pool, *, now: Clock, stopped_after: timedelta) -> None:
        self._pool = pool
        self._now = now
        self._stopped_after = stopped_after
        self._listening_since = now()
        self._forget_at = now()

    async def follow(self, *, every_s: float) -> None:
        """Until cancelled: look again and again."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.look()
                await self._forget()
            except StoreUnavailableError as error:
                logger.warning("signs are not looked after: %s", error, extra={"action": "sign_watch_retry"})
                self._listening_since = self._now()

    async def look(self) -> bool:
        """Raise and end what there is to; False where somebody else is looking. Raises StoreUnavailableError."""
        async with connected(self._pool) as connection, connection.transaction():
            if not (await one(connection, "try_sign_watch", {}))["ours"]:
                return False
            now = self._now()
            await self._settle_platform(connection, now)
            reports = await read_reports(connection)
            rows = await (await connection.execute(query("select_reporting_signs"), {"now": now})).fetchall()
            signs = [_watched(row, reports) for row in rows]
            listening_since = self._listening_since
            for code, raised in (
                (AlarmCode.SIGN_SILENT, silent(signs, now, listening_since)),
                (AlarmCode.SIGN_DIFFERS, differing(signs, now)),
                (AlarmCode.SIGN_REFUSED, refusing(signs, now)),
            ):
                await settle_alarms(connection, code, raised, self._now)
        return True

    async def _settle_platform(self, connection: Connection, now: datetime) -> None:
        as_of = (await one(connection, "select_platform", {}))["as_of"]
        assert isinstance(as_of, datetime)
        age = now - as_of
        raised = [_stopped(as_of, age)] if age > self._stopped_after else []
        await settle_alarms(connection, AlarmCode.INGEST_STOPPED, raised, self._now)

    async def _forget(self) -> None:
        now = self._now()
        if now >= self._forget_at:
            await StoreSignReports(self._pool, now=self._now).forget_batches(before=now - OLDEST_PLAY - _FORGET_EVERY)
            self._forget_at = now + _FORGET_EVERY


def silent(signs: list[Watched], now: datetime, listening_since: datetime) -> Iterator[Raised]:
    """Those that missed too many heartbeats, also one that never sent any."""
    for sign in signs:
        if sign.report is None:
            if now - max(sign.since, listening_since) > SILENT_AFTER * _NEVER_HEARD:
                yield sign.raised(AlarmCode.SIGN_SILENT, "It has a token, and was never heard.")
        elif sign.report.is_silent(now, listening_since=listening_since):
            heard = sign.report.heartbeat.received_at
            yield sign.raised(AlarmCode.SIGN_SILENT, f"It was last heard at {heard:%Y-%m-%d %H:%M:%S} UTC.")


def differing(signs: list[Watched], now: datetime) -> Iterator[Raised]:
    """Those that have shown something else than they are served for too long."""
    for sign in signs:
        if sign.report is not None and sign.report.has_differed(now):
            shown = sign.report.heartbeat.frame_id or "a blank board"
            served = sign.report.served_frame_id
            # A picture that differs though the frame is right is a fault of the player.
            what = f"It shows {shown}" if shown != served else f"It shows {shown}, but not in its words"
            yield sign.raised(
                AlarmCode.SIGN_DIFFERS,
                f"{what}, and is served {served}, since {sign.report.differs_since:%H:%M:%S} UTC.",
            )


def refusing(signs: list[Watched], now: datetime) -> Iterator[Raised]:
    """Those that refused something lately."""
    for sign in signs:
        report = sign.report
        if report is not None and report.refused_at is not None and now - report.refused_at < _REFUSED_LATELY:
            counts = ", ".join(f"{reason} {times}" for reason, times in report.heartbeat.refused.items() if times)
            yield sign.raised(AlarmCode.SIGN_REFUSED, f"Since its player began: {counts}.")


def _watched(row: DictRow, reports: Mapping[SignId, Report]) -> Watched:
    sign_id = SignId(row["sign_id"])
    return Watched(sign_id=sign_id, site_id=row["site_id"], since=row["since"], report=reports.get(sign_id))


def _stopped(as_of: datetime, age: timedelta) -> Raised:
    never = as_of.year == 1970
    detail = (
        "Nothing was ever received."
        if never
        else f"Nobody has vouched for the numbers for {age.total_seconds():.0f} s."
    )
    return Raised(code=AlarmCode.INGEST_STOPPED, subject=PLATFORM, detail=detail)
