"""The servers of a world: brokers with our shipped configuration, and PostgreSQL with places in it."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg.rows import dict_row

from domain.places import Places
from smartplace.embedded import broker as embedded_broker
from smartplace.embedded.broker import EmbeddedBroker
from smartplace.embedded.postgres import DATABASE, EmbeddedPostgres, wheel_binaries
from smartplace.places import load_places
from smartplace.settings import Settings
from store.migrations import migrate
from tests.faults.processes import Process, listens, quiet_port, until

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
SHIPPED = Path(__file__).parents[2] / "mosquitto"
SECRET = "only-for-the-tests"
NOBODY = 65534
ASK_TIMEOUT_S = 5
RECOVERED_WITHIN_S = 20
# Enough for what an import of places and the first frames write, and filled within a moment.
DISK_SPARE_BYTES = 48 * 2**20
ENOUGH_BYTES = 2**30


class UnplayableError(Exception):
    """A scenario that this machine does not allow; the message says why."""


class Broker(Protocol):
    """A broker that can be ended in every way."""

    process: Process
    port: int
    username: str
    ingest_settings: dict[str, object]
    """What ingest has to know of it but for host and port."""

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        ...

    def forget(self) -> None:
        """While it is down: everything that it kept is gone."""
        ...


class Mosquitto:
    """Debian's mosquitto with the shipped configuration; only the listener's address is replaced."""

    username = "simulator"

    def __init__(self, folder: Path) -> None:
        assert MOSQUITTO
        self.port = quiet_port()
        self._home = folder / "mosquitto"
        (self._home / "data").mkdir(parents=True)
        shutil.copytree(SHIPPED, self._home / "config")
        config = self._home / "config" / "mosquitto.conf"
        shipped = config.read_text()
        assert shipped.count("\nlistener 1883\n") == 1
        config.write_text(shipped.replace("\nlistener 1883\n", f"\nlistener {self.port} 127.0.0.1\n"))
        options: dict[str, object] = {"cwd": self._home}
        if os.geteuid() == 0:
            options |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            for path in (self._home, *self._home.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        secrets = {f"MQTT_{role}_PASSWORD": SECRET for role in ("INGEST", "SIMULATOR")}
        environment = {"PATH": f"{os.environ.get('PATH', '')}:/usr/bin:/bin", **secrets}
        subprocess.run(["sh", "config/make-passwords"], env=environment, check=True, capture_output=True, **options)
        self.process = Process(
            name="mosquitto",
            command=[MOSQUITTO, "-c", "config/mosquitto.conf"],
            log=folder / "broker.log",
            options=options,
        )
        self.ingest_settings: dict[str, object] = {"mqtt_version": "5", "mqtt_username": "ingest"}

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        self.process.start()
        await until(lambda: listens(self.port), what="mosquitto")

    def forget(self) -> None:
        """While it is down: everything that it kept is gone."""
        for path in (self._home / "data").glob("mosquitto.db*"):
            path.unlink()


class Nats:
    """The embedded broker, as the demo runs it. Its streams can be read directly as well."""

    username = embedded_broker.USER

    def __init__(self, folder: Path, *, receive_maximum: int, redeliver_after_s: int = 2) -> None:
        server = EmbeddedBroker(
            data_dir=folder / "nats",
            port=quiet_port(),
            control_port=quiet_port(),
            password=SECRET,
            receive_maximum=receive_maximum,
            redeliver_after_s=redeliver_after_s,
        )
        server.initialise()
        self._store = server.data_dir / "jetstream"
        self.port, self.control_port = server.port, server.control_port
        self.process = Process(name="nats", command=server.command(), log=folder / "broker.log")
        self.ingest_settings: dict[str, object] = {
            "mqtt_version": embedded_broker.MQTT_VERSION,
            "mqtt_username": embedded_broker.USER,
        }

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        self.process.start()
        await until(lambda: listens(self.port) and listens(self.control_port), what="NATS")

    def forget(self) -> None:
        """While it is down: everything that it kept is gone."""
        shutil.rmtree(self._store)


@dataclass(frozen=True)
class Template:
    """A PostgreSQL data directory with our schema and the places, to copy from."""

    data_dir: Path


async def make_template(folder: Path, places: Places) -> Template:
    """Made once for many worlds. What is killed here is processes and not the machine: it does without fsync."""
    server = _postgres(folder / "template")
    server.initialise()
    process = Process(name="postgres", command=server.command(), log=folder / "template.log")
    process.start()
    try:
        await until(server.answers, what="PostgreSQL")
        server.create_database()
        list(migrate(server.conninfo()))
        await load_places(Settings.model_validate({"database_url": server.conninfo()}), places)
        await process.stop(signal.SIGINT)
    finally:
        process.close()
    return Template(server.data_dir)


def _postgres(data_dir: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(
        binaries=wheel_binaries(), data_dir=data_dir, port=quiet_port(), password=SECRET, durable=False
    )


class SmallDisk:
    """A file system of its own that can be filled to the last byte; only root may have one."""

    def __init__(self, path: Path, *, spare_bytes: int) -> None:
        self._path = path
        self._spare_bytes = spare_bytes
        self._ballast = path / "ballast"

    def mount(self, used_bytes: int) -> None:
        """Room for so many bytes, and the spare ones."""
        self._path.mkdir()
        # Small files take whole pages.
        size = f"size={used_bytes * 5 // 4 + self._spare_bytes}"
        command = ["mount", "-t", "tmpfs", "-o", f"{size},mode=0700", "smartplace-faults", str(self._path)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise UnplayableError(f"a disk that can be filled: {error}") from error
        if done.returncode:
            raise UnplayableError(f"a disk that can be filled: {done.stderr.strip()}")

    def fill(self) -> None:
        """Not one byte is left."""
        with self._ballast.open("ab", buffering=0) as ballast, suppress(OSError):
            for size in (2**20, 2**12):
                with suppress(OSError):
                    while True:
                        ballast.write(bytes(size))

    def make_room(self) -> None:
        """Somebody gives it a larger one: PostgreSQL keeps tens of megabytes of its log, more than there were."""
        subprocess.run(["mount", "-o", f"remount,size={ENOUGH_BYTES}", str(self._path)], check=True)
        self._ballast.unlink()

    def unmount(self) -> None:
        """Gone, whoever still has a file open there."""
        subprocess.run(["umount", "--lazy", str(self._path)], capture_output=True, check=False)


class Postgres:
    """A database of one world."""

    def __init__(self, folder: Path, template: Template, *, small_disk: bool = False) -> None:
        self.disk = SmallDisk(folder / "postgres", spare_bytes=DISK_SPARE_BYTES) if small_disk else None
        if self.disk is not None:
            self.disk.mount(sum(path.stat().st_size for path in template.data_dir.rglob("*") if path.is_file()))
        shutil.copytree(template.data_dir, folder / "postgres", dirs_exist_ok=True)
        self._server = _postgres(folder / "postgres")
        self.port = self._server.port
        self.process = Process(name="postgres", command=self._server.command(), log=folder / "postgres.log")

    def conninfo(self, port: int | None = None) -> str:
        """How to connect: directly, or through a proxy."""
        return psycopg.conninfo.make_conninfo(self._server.conninfo(), port=port or self.port)

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process.start()
        await until(lambda: listens(self.port), what="PostgreSQL")
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(self._server.answers):
                await asyncio.sleep(0.1)

    async def revive(self) -> None:
        """Wait until it has recovered; if it has ended, or does not come to an end with it, start it anew."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + RECOVERED_WITHIN_S
        while self.process.is_running and clock() < deadline:
            if await asyncio.to_thread(self._server.answers):
                return
            await asyncio.sleep(0.1)
        if self.process.is_running:
            await self.process.kill()
        await self.start()

    async def connect(self) -> psycopg.AsyncConnection:
        """A connection of the suite's own, not through the proxy."""
        return await psycopg.AsyncConnection.connect(
            self.conninfo(), autocommit=True, row_factory=dict_row, connect_timeout=ASK_TIMEOUT_S
        )

    async def ask(self, *statements: str) -> list[dict]:
        """The rows of the last of these statements.

        Raises:
            psycopg.OperationalError, TimeoutError: it does not answer.
        """
        async with asyncio.timeout(2 * ASK_TIMEOUT_S), await self.connect() as connection:
            cursor = connection.cursor()
            for statement in statements:
                await cursor.execute(statement)
            return await cursor.fetchall() if cursor.description else []

    async def refuses(self, sqlstates: Sequence[str], *, on: str, share: float = 1.0) -> None:
        """From now on writing to this table fails, in so many cases, with one of these errors."""
        codes = ", ".join(f"'{code}'" for code in sqlstates)
        await self.ask(
            f"""CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF random() < {share} THEN
                    RAISE EXCEPTION 'injected'
                        USING ERRCODE = (ARRAY[{codes}])[1 + floor(random() * {len(sqlstates)})::integer];
                END IF;
                RETURN NULL;
            END $$""",
            f"CREATE TRIGGER refuse BEFORE INSERT ON {on} FOR EACH STATEMENT EXECUTE FUNCTION refuse()",
        )

    async def accepts(self, *, on: str) -> None:
        """Writing to this table succeeds again."""
        await self.ask(f"DROP TRIGGER refuse ON {on}")

    async def read_only(self, *, on: bool) -> None:
        """As after a failover to a standby: nothing can be written."""
        await self.ask(
            "SET default_transaction_read_only = off",
            f"ALTER DATABASE {DATABASE} SET default_transaction_read_only = {'on' if on else 'off'}",
        )
        await self.end_sessions()

    async def end_sessions(self) -> None:
        """Every session of ours is ended by an administrator."""
        await self.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'smartplace'")

    @asynccontextmanager
    async def suspicion_lasts(self) -> AsyncIterator[str]:
        """Whoever wants to clear a message that was read of suspicion waits: so it can be killed at that moment.

        Gives a query that finds somebody who waits.
        """
        async with await self.connect() as connection:
            await connection.execute("SELECT pg_advisory_lock(1)")
            await self.ask(
                """CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    PERFORM pg_advisory_xact_lock_shared(1);
                    RETURN NULL;
                END $$""",
                "CREATE TRIGGER wait BEFORE DELETE ON suspect_message FOR EACH STATEMENT EXECUTE FUNCTION wait()",
            )
            yield "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted) AS found"
            await self.end_sessions()
            await self.ask("DROP TRIGGER wait ON suspect_message")

    @asynccontextmanager
    async def locked(self, table: str) -> AsyncIterator[None]:
        """Somebody holds every row of this table."""
        async with await self.connect() as connection, connection.transaction():
            await connection.execute(f"SELECT FROM {table} FOR UPDATE")
            yield
