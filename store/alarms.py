"""Alarms in the database: raised, ended, listed, acknowledged. Saying the same twice changes nothing but the count."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from psycopg.rows import DictRow

from domain.alarms import KINDS, LONGEST_DETAIL, Alarm, AlarmCode, Raised, Severity, Subject, SubjectKind
from domain.errors import StoreUnavailableError, UnknownAlarmError
from domain.live import Clock
from store.audit import Note, put_on_record
from store.pool import Connection, Pool, connected
from store.queries import query
from store.rows import storable


async def raise_alarms(connection: Connection, raised: Iterable[Raised], now: Clock) -> None:
    """Each time counts: open what is not open, count what is. In the caller's transaction, if there is one."""
    await _raise(connection, raised, now, again=1)


async def end_alarms(connection: Connection, code: AlarmCode, subjects: Iterable[Subject], now: Clock) -> int:
    """End these where they are open; how many were."""
    parameters = {"code": code, "subjects": sorted(map(str, subjects)), "at": now()}
    return (await connection.execute(query("end_alarms"), parameters)).rowcount


async def settle_alarms(connection: Connection, code: AlarmCode, raised: Iterable[Raised], now: Clock) -> None:
    """For whoever looks regularly at everything: these are so, and of this code no others are.

    What is open already is not counted once more; everything else of this code ends.
    """
    holding = [one for one in raised if one.code is code]
    await _raise(connection, holding, now, again=0)
    parameters = {"code": code, "subjects": [str(one.subject) for one in holding], "at": now()}
    await connection.execute(query("end_other_alarms"), parameters)


class StoreAlarms:
    """Satisfies domain.alarms.Alarms, and does the same as the functions above in transactions of its own.

    Every method may raise StoreUnavailableError.
    """

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def raise_(self, raised: Iterable[Raised]) -> None:
        """Each time counts."""
        async with connected(self._pool) as connection, connection.transaction():
            await raise_alarms(connection, raised, self._now)

    async def end(self, code: AlarmCode, subjects: Iterable[Subject]) -> int:
        """End these where they are open; how many were."""
        async with connected(self._pool) as connection:
            return await end_alarms(connection, code, subjects, self._now)

    async def settle(self, code: AlarmCode, raised: Iterable[Raised]) -> None:
        """These are so, and of this code no others are."""
        async with connected(self._pool) as connection, connection.transaction():
            await settle_alarms(connection, code, raised, self._now)

    async def open(self) -> list[Alarm]:
        """Those that are still so: critical ones first, then the newest."""
        async with connected(self._pool) as connection:
            rows = await (await connection.execute(query("select_open_alarms"))).fetchall()
        return [_alarm(row) for row in rows if row["code"] in KINDS]

    async def recent(self, *, limit: int) -> list[Alarm]:
        """Those that ended, the newest end first."""
        async with connected(self._pool) as connection:
            rows = await (await connection.execute(query("select_ended_alarms"), {"limit": limit})).fetchall()
        return [_alarm(row) for row in rows if row["code"] in KINDS]

    async def acknowledge(self, alarm_id: int, *, by: str) -> Alarm:
        """Note that somebody saw it, on record; who was first stays. Raises UnknownAlarmError."""
        async with connected(self._pool) as connection, connection.transaction():
            row = await (await connection.execute(query("lock_alarm"), {"alarm_id": alarm_id})).fetchone()
            if row is None or row["code"] not in KINDS:
                raise UnknownAlarmError(alarm_id)
            if row["acknowledged_at"] is None:
                seen = {"acknowledged_by": by, "acknowledged_at": self._now()}
                parameters = {"alarm_id": alarm_id, "by": by, "at": seen["acknowledged_at"]}
                await connection.execute(query("acknowledge_alarm"), parameters)
                before = {name: row[name] for name in ("code", "subject_kind", "subject_id", "acknowledged_by")}
                note = Note(
                    at=self._now(),
                    actor=by,
                    record="alarm",
                    record_id=str(alarm_id),
                    before=before,
                    after={**before, **seen},
                )
                await put_on_record(connection, note)
                row |= seen
        return _alarm(row)


class KnownAlarms:
    """The open alarms by code as they were read lately, so that a scrape costs the database nothing."""

    def __init__(self, alarms: StoreAlarms) -> None:
        self._alarms = alarms
        self._open: Sequence[Alarm] = ()

    @property
    def counts(self) -> Mapping[AlarmCode, int]:
        """How many are open of each code, also of those of which there is none."""
        counts = Counter(alarm.code for alarm in self._open)
        return {code: counts[code] for code in AlarmCode}

    async def follow(self, *, every_s: float) -> None:
        """Until cancelled: read them again and again."""
        while True:
            # The live snapshot has the same trouble, and logs it.
            with contextlib.suppress(StoreUnavailableError):
                self._open = await self._alarms.open()
            await asyncio.sleep(every_s)


async def _raise(connection: Connection, raised: Iterable[Raised], now: Clock, *, again: int) -> None:
    at = now()
    # In one order, so that two who raise the same never wait for one another.
    ordered = sorted(raised, key=lambda one: (one.code, one.subject))
    if ordered:
        async with connection.cursor() as cursor:
            await cursor.executemany(query("raise_alarm"), [_row(one) | {"at": at, "again": again} for one in ordered])


def _row(raised: Raised) -> dict[str, object]:
    return {
        "code": raised.code,
        "subject_kind": raised.subject.kind,
        "subject_id": storable(raised.subject.subject_id),
        "severity": raised.severity or KINDS[raised.code].severity,
        "detail": storable(raised.detail[:LONGEST_DETAIL]),
        "within": [storable(str(subject)) for subject in raised.within],
    }


def _alarm(row: DictRow) -> Alarm:
    """A row of a code that this version knows; those of a newer one are for that to tell."""
    values = {key: value for key, value in row.items() if key not in {"subject_kind", "subject_id"}}
    return Alarm(
        **{
            **values,
            "code": AlarmCode(row["code"]),
            "severity": Severity(row["severity"]),
            "subject": Subject(SubjectKind(row["subject_kind"]), row["subject_id"]),
            "within": tuple(map(Subject.of, row["within"])),
        }
    )
