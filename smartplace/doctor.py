"""`smartplace doctor`: what is here, whether it will do, and what to do about it."""

import asyncio
import contextlib
import ctypes
import platform
import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import psycopg

from domain.errors import CommandError, MigrationError
from scripting.limits import LIMITS
from scripting.walls import SECCOMP
from scripting.worker_process import WorkerProcess
from smartplace.broker_probe import probe_broker
from smartplace.clock import utc_now
from smartplace.mosquitto import advice_for
from smartplace.open_files import NEEDED, allowed, room_for_streams
from smartplace.settings import Settings, unknown_names
from smartplace.tls import tls_context
from store.migrations import Engine, status
from store.vitals import read_vitals

_OLDEST_POSTGRESQL = 15
_TOLERATED_SKEW_S = 2.0
_LITTLE_DISK_GIB = 5
_SHIPPED_CONFIG = Path("mosquitto/mosquitto.conf")
_TIME_ERROR = 5
_WORKER_ANSWERS_WITHIN_S = 20


class Verdict(StrEnum):
    """How it is."""

    FINE = "fine"
    DOUBTFUL = "doubtful"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; `advice` is what to do, empty where nothing is."""

    what: str
    verdict: Verdict
    found: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        """For machines."""
        return {"what": self.what, "verdict": self.verdict, "found": self.found, "advice": self.advice}


def fine(what: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(what=what, verdict=Verdict.FINE, found=found)


def doubtful(what: str, found: str, advice: str) -> Finding:
    """It works, but."""
    return Finding(what=what, verdict=Verdict.DOUBTFUL, found=found, advice=advice)


def wrong(what: str, found: str, advice: str) -> Finding:
    """It will not work."""
    return Finding(what=what, verdict=Verdict.WRONG, found=found, advice=advice)


async def examine(settings: Settings, *, broker_config: Path | None) -> list[Finding]:
    """Look at everything; nothing is changed."""
    checks: list[Callable[[], Awaitable[list[Finding]]]] = [
        lambda: asyncio.to_thread(_machine),
        lambda: asyncio.to_thread(_names),
        lambda: asyncio.to_thread(_database, settings.database_url.get_secret_value()),
        lambda: _broker(settings),
        lambda: asyncio.to_thread(_broker_config, broker_config),
        _javascript,
    ]
    return [finding for check in checks for finding in await check()]


def _machine() -> list[Finding]:
    return [_python(), _disk(Path.cwd()), _clock(), _open_files(allowed())]


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info < (3, 11):  # noqa: UP036 - that is the question
        return wrong("Python", version, "install Python 3.11 or newer")
    return fine("Python", version)


def _disk(path: Path) -> Finding:
    usage = shutil.disk_usage(path)
    free_gib = usage.free / 2**30
    found = f"{free_gib:,.0f} GiB free at {path}"
    if free_gib < _LITTLE_DISK_GIB or usage.free < usage.total / 20:
        return doubtful("Disk", found, "make room: a full disk stops the database and the broker")
    return fine("Disk", found)


def _clock() -> Finding:
    """Whether the kernel says that the clock is kept in step (adjtimex; Linux)."""
    now = f"{utc_now():%Y-%m-%d %H:%M:%S} UTC"
    with contextlib.suppress(AttributeError, OSError):
        # struct timex is at most 208 bytes; all zero only reads.
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(256))
        if state == _TIME_ERROR:
            return doubtful("Clock", f"{now}, not synchronised", "run a time service such as chrony")
    return fine("Clock", now)


def _open_files(files: int) -> Finding:
    found = f"{files:,} may be open in one process"
    if files < NEEDED:
        advice = (
            f"allow {NEEDED:,} (LimitNOFILE=, ulimit -Hn): of the signs of one web server {room_for_streams(files):,} "
            "can follow, the others ask every 10 s"
        )
        return doubtful("Open files", found, advice)
    return fine("Open files", found)


def _names() -> list[Finding]:
    unknown = unknown_names()
    if unknown:
        return [doubtful("Settings", f"unknown: {', '.join(unknown)}", "correct or remove these environment variables")]
    return [fine("Settings", "every SMARTPLACE_ variable is known")]


def _database(conninfo: str) -> list[Finding]:
    try:
        found = status(conninfo)
        return [
            _server(found.server_version),
            _engine(found.engine, found.engine_version),
            _schema(found.applied, found.pending),
            *_platform(conninfo, found.pending),
        ]
    except MigrationError as error:
        return [wrong("Database", str(error), "start it, and check SMARTPLACE_DATABASE_URL")]
    except psycopg.Error as error:
        found_error = str(error).split("\n", 1)[0]
        return [wrong("Database", found_error, "give this account its own database, or the rights on this one")]


def _server(version: str) -> Finding:
    # Such as 18.1, 18.1 (Debian 18.1-1) and 19beta1.
    major = re.match(r"\d+", version)
    if major is None or int(major[0]) < _OLDEST_POSTGRESQL:
        return wrong("PostgreSQL", version, f"use PostgreSQL {_OLDEST_POSTGRESQL} or newer")
    return fine("PostgreSQL", version)


def _engine(engine: Engine, version: str | None) -> Finding:
    if engine is Engine.TIMESCALE:
        return fine("TimescaleDB", version or "")
    return doubtful(
        "TimescaleDB",
        "not there: plain PostgreSQL",
        "fine up to some millions of frames; install the extension for compression and retention",
    )


def _schema(applied: list[str], pending: list[str]) -> Finding:
    if pending:
        return wrong("Schema", f"{len(pending)} steps are missing: {', '.join(pending)}", "run `smartplace migrate`")
    return fine("Schema", f"up to date, {len(applied)} steps")


def _platform(conninfo: str, pending: list[str]) -> Iterator[Finding]:
    if pending:
        return
    vitals = read_vitals(conninfo, now=utc_now)
    yield _skew(vitals.skew.total_seconds())
    yield _ingest(vitals.as_of, vitals.devices)
    if vitals.dead_letters:
        yield doubtful(
            "Dead letters", f"{vitals.dead_letters:,} messages were set aside", "look at /manage/dead-letters"
        )


def _skew(skew_s: float) -> Finding:
    found = f"{skew_s:+.3f} s from ours"
    if abs(skew_s) > _TOLERATED_SKEW_S:
        return doubtful("Database clock", found, "run a time service on both machines")
    return fine("Database clock", found)


def _ingest(as_of: datetime, devices: int) -> Finding:
    age_s = (utc_now() - as_of).total_seconds()
    if not devices:
        return doubtful("Ingest", "no device is known", "run `smartplace import FILE`")
    if as_of.year == 1970:
        return wrong("Ingest", "has never received", "start `smartplace ingest`, or look at its log")
    if age_s > 60:
        return wrong("Ingest", f"last confirmed {age_s:,.0f} s ago", "start `smartplace ingest`, or look at its log")
    return fine("Ingest", f"confirmed {age_s:.0f} s ago, {devices:,} devices")


async def _broker(settings: Settings) -> list[Finding]:
    where = f"{settings.mqtt_host}:{settings.mqtt_port}"
    try:
        tls = tls_context(settings)
    except CommandError as error:
        return [wrong("MQTT broker", str(error), "name a file with certificates in PEM form, or none")]
    probe = await probe_broker(settings, tls=tls)
    if probe.error:
        return [wrong("MQTT broker", f"{where}: {probe.error}", "start it, and check SMARTPLACE_MQTT_*")]
    findings = [fine("MQTT broker", f"{where}, MQTT {settings.mqtt_version}{probe.version and ', ' + probe.version}")]
    if not probe.session_kept:
        advice = "allow persistent sessions: while ingest restarts, frames would be lost"
        findings.append(wrong("MQTT session", "the broker forgets a session when its client leaves", advice))
    else:
        findings.append(fine("MQTT session", "kept while its client is away"))
    # A name without a dot is a neighbour on a container's private network.
    is_near = settings.mqtt_host in {"127.0.0.1", "::1"} or "." not in settings.mqtt_host
    if not is_near and not settings.mqtt_tls:
        findings.append(doubtful("MQTT transport", "plain TCP to another machine", "set SMARTPLACE_MQTT_TLS=true"))
    return findings


async def _javascript() -> list[Finding]:
    """Whether JavaScript codecs can run, and what stands between one that breaks out and this machine."""
    what = "JavaScript codecs"
    try:
        worker = await WorkerProcess.start(LIMITS)
        try:
            walls = await asyncio.wait_for(worker.walls(), _WORKER_ANSWERS_WITHIN_S)
        finally:
            await worker.kill()
    except (OSError, EOFError, ValueError, TimeoutError) as error:
        return [wrong(what, f"their worker does not run: {error or 'no answer'}", "install this package anew")]
    if SECCOMP not in walls:
        advice = "let this machine or container use seccomp filters; the limits hold without them"
        return [doubtful(what, ", ".join(["confined by its limits", *walls]), advice)]
    return [fine(what, f"confined by {', '.join(walls)}")]


def _broker_config(path: Path | None) -> list[Finding]:
    path = path or _SHIPPED_CONFIG
    if not path.exists():
        return []
    advice = advice_for(path.read_text())
    if not advice:
        return [fine("mosquitto.conf", f"{path}: queue and persistence settings are safe")]
    return [doubtful("mosquitto.conf", found, what) for found, what in advice]
