"""The servers of a benchmark, on loopback: PostgreSQL as in production, mosquitto with a wide window, and their CPU."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from smartplace.embedded.ports import free_port
from smartplace.embedded.postgres import EmbeddedPostgres, wheel_binaries

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")


def until(condition: Callable[[], bool], *, what: str, within_s: float = 120) -> None:
    """Poll until it is so."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: not within {within_s:g} s")
        time.sleep(0.01)


@contextmanager
def process(command: list[str], log: Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A child that is gone when the context is left."""
    with log.open("ab") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out, **options)  # type: ignore[call-overload]
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def postgres(folder: Path) -> Iterator[tuple[EmbeddedPostgres, psutil.Process]]:
    """PostgreSQL with fsync and synchronous_commit on, and commit times kept for the latency."""
    server = EmbeddedPostgres(
        binaries=wheel_binaries(), data_dir=folder / "postgres", port=free_port(), password="benchmark"
    )
    server.initialise()
    tuning = ["-c", "track_commit_timestamp=on", "-c", "shared_buffers=1GB", "-c", "max_wal_size=8GB"]
    with process([*server.command(), *tuning], folder / "postgres.log") as child:
        until(server.answers, what="PostgreSQL")
        server.create_database()
        yield server, psutil.Process(child.pid)
        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


@contextmanager
def mosquitto(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    """mosquitto without persistence: it is the same for everybody, and not what is measured."""
    if MOSQUITTO is None:
        raise SystemExit("mosquitto is not installed: apt-get install mosquitto")
    port = free_port()
    config = folder / "mosquitto.conf"
    account = "user root\n" if os.geteuid() == 0 else ""
    config.write_text(
        f"{account}listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 4096\n"
        "max_queued_messages 10000000\nmax_queued_bytes 0\n"
    )
    with process([MOSQUITTO, "-c", str(config)], folder / "mosquitto.log") as child:
        time.sleep(0.5)
        yield port, psutil.Process(child.pid)


def cpu_seconds(parent: psutil.Process) -> float:
    """CPU of a process and its children, living or gone."""
    total = 0.0
    for member in [parent, *parent.children(recursive=True)]:
        # One that ends meanwhile is among those that its parent has waited for, below.
        with suppress(psutil.NoSuchProcess):
            times = member.cpu_times()
            total += times.user + times.system
    times = parent.cpu_times()
    return total + times.children_user + times.children_system
