"""Alarms: what is wrong since when, told once however often it is seen, and which is another one's consequence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

LONGEST_DETAIL = 300


class Severity(StrEnum):
    """How soon somebody must look."""

    CRITICAL = "critical"
    """Now: the street is told nothing, or something wrong."""
    WARNING = "warning"
    """On the next working day."""


class SubjectKind(StrEnum):
    """What an alarm is about. The values are stored: never reuse one."""

    PLATFORM = "platform"
    GATEWAY = "gateway"
    SITE = "site"
    ASSET = "asset"
    DEVICE = "device"
    SIGN = "sign"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """One thing that an alarm is about, by the id that people know."""

    kind: SubjectKind
    subject_id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.subject_id}"

    @classmethod
    def of(cls, text: str) -> "Subject":
        """The subject that reads so; raises ValueError for a kind that there is not."""
        kind, _, subject_id = text.partition(":")
        return cls(SubjectKind(kind), subject_id)


PLATFORM = Subject(SubjectKind.PLATFORM, "platform")
"""The platform itself: its alarms may explain those of everything else."""


class AlarmCode(StrEnum):
    """What is wrong. The values are stored: never reuse one."""

    INGEST_STOPPED = "ingest_stopped"
    SIGN_SILENT = "sign_silent"
    SIGN_DIFFERS = "sign_differs"
    SIGN_REFUSED = "sign_refused"
    HISTORY_LAGS = "history_lags"
    HISTORY_DIFFERS = "history_differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmKind:
    """How serious alarms of a code are, and the codes that explain them: those are to be seen first."""

    severity: Severity
    explained_by: frozenset[AlarmCode] = frozenset()


KINDS: Mapping[AlarmCode, AlarmKind] = {
    AlarmCode.INGEST_STOPPED: AlarmKind(severity=Severity.CRITICAL),
    AlarmCode.SIGN_SILENT: AlarmKind(severity=Severity.WARNING),
    # A sign that is served nothing but blanks cannot be compared with anything.
    AlarmCode.SIGN_DIFFERS: AlarmKind(
        severity=Severity.CRITICAL, explained_by=frozenset({AlarmCode.INGEST_STOPPED, AlarmCode.SIGN_SILENT})
    ),
    AlarmCode.SIGN_REFUSED: AlarmKind(severity=Severity.WARNING),
    AlarmCode.HISTORY_LAGS: AlarmKind(severity=Severity.WARNING, explained_by=frozenset({AlarmCode.INGEST_STOPPED})),
    AlarmCode.HISTORY_DIFFERS: AlarmKind(severity=Severity.WARNING),
}
"""Every code with what holds of it: a new alarm is one row here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """That something is wrong, as whoever notices it says it.

    `within` is what the subject is part of (a sign's site, a device's gateways): alarms of those may explain this one.
    `severity` None takes that of the code.
    """

    code: AlarmCode
    subject: Subject
    detail: str
    within: tuple[Subject, ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One time that something was wrong, from when it was first seen until it ended; `ended_at` None while it is open.

    `times` is how often it was raised meanwhile, `last_at` the last time. Acknowledging says that it was seen, no more.
    """

    alarm_id: int
    code: AlarmCode
    subject: Subject
    severity: Severity
    detail: str
    within: tuple[Subject, ...]
    raised_at: datetime
    last_at: datetime
    times: int
    ended_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still so."""
        return self.ended_at is None


def explained(alarms: Iterable[Alarm]) -> dict[int, Alarm]:
    """Of open alarms those that are consequences, by id, with the alarm to see first.

    A cause explains what it stands above (the platform: everything), what is part of its subject, and its own subject.
    A cause that is a consequence itself is replaced by its own cause. Of several causes the oldest is named.
    """
    opened = sorted((alarm for alarm in alarms if alarm.is_open), key=lambda alarm: (alarm.raised_at, alarm.alarm_id))
    causes = {alarm.alarm_id: cause for alarm in opened if (cause := _cause(alarm, opened)) is not None}
    return {alarm_id: _first(cause, causes) for alarm_id, cause in causes.items()}


def _cause(alarm: Alarm, opened: Sequence[Alarm]) -> Alarm | None:
    codes = KINDS[alarm.code].explained_by
    above = {PLATFORM, alarm.subject, *alarm.within}
    return next((other for other in opened if other.code in codes and other.subject in above), None)


def _first(cause: Alarm, causes: Mapping[int, Alarm]) -> Alarm:
    # A table that went round in a circle would be a fault of ours, and no reason to hang.
    for _ in range(len(AlarmCode)):
        if cause.alarm_id not in causes:
            break
        cause = causes[cause.alarm_id]
    return cause


class Alarms(Protocol):
    """The window through which API and pages see alarms. Every method may raise StoreUnavailableError."""

    async def open(self) -> list[Alarm]:
        """Those that are still so: critical ones first, then the newest."""
        ...

    async def recent(self, *, limit: int) -> list[Alarm]:
        """Those that ended, the newest end first."""
        ...

    async def acknowledge(self, alarm_id: int, *, by: str) -> Alarm:
        """Note that somebody saw it; who was first stays. Raises UnknownAlarmError."""
        ...
