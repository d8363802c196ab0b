"""Whether a process can do its work, in named checks: pure, so that every process says it in the same form."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

SPOOL_ALARM_FILL = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look found; `detail` says it to a person."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A finding, and since when it is as it is: never before the process began."""

    name: str
    ok: bool
    detail: str
    since: datetime


Look = Callable[[], Sequence[Check]]
"""Looks now."""


class Memory:
    """Remembers since when each check is green or red; as exact as somebody looks often."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[bool, datetime]] = {}

    def checks(self, findings: Iterable[Finding], *, now: datetime) -> list[Check]:
        """The findings with their past."""
        return [
            Check(name=found.name, ok=found.ok, detail=found.detail, since=self._noted(found, now))
            for found in findings
        ]

    def _noted(self, found: Finding, now: datetime) -> datetime:
        was, since = self._since.get(found.name, (None, now))
        if was is not found.ok:
            since = now
            self._since[found.name] = (found.ok, since)
        return since


def red(checks: Iterable[Check]) -> list[Check]:
    """Those that are not well."""
    return [check for check in checks if not check.ok]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """What an ingest process last said of itself. `spool_fill` is 0..1."""

    worker: str
    said_at: datetime
    subscribed: bool
    canary_late: bool
    spool_fill: float


def of_workers(reports: Sequence[WorkerReport]) -> Iterator[Finding]:
    """What those processes, taken together, can do; nothing is said of none."""
    if not reports:
        return
    yield _all_well("subscribed", [report.subscribed for report in reports], "receives frames")
    fullest = max(report.spool_fill for report in reports)
    yield spool(fullest)
    yield _all_well("canary", [not report.canary_late for report in reports], "hears what it sends to itself")


def spool(fill: float) -> Finding:
    """Whether there is room for a long outage of the database."""
    return Finding(name="spool", ok=fill <= SPOOL_ALARM_FILL, detail=f"The spool is {fill:.0%} full.")


def _all_well(name: str, well: Sequence[bool], does: str) -> Finding:
    return Finding(name=name, ok=all(well), detail=f"{sum(well)} of {len(well)} ingest processes {does}.")
