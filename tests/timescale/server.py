"""TimescaleDB for the tests, without Docker: PostgreSQL in WebAssembly, run by the Node of the virtualenv."""

import contextlib
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from psycopg.conninfo import make_conninfo

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
INSTALL_SECONDS = 120
STOP_SECONDS = 10


class TimescaleServer:
    """An empty database with the extension, gone when the context is left.

    Connect with `psycopg.connect(server.conninfo, prepare_threshold=None)`. See README.md for what it can do.
    """

    def __enter__(self) -> Self:
        install()
        self._process = subprocess.Popen(
            [BIN / "node", HERE / "serve.mjs", "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = self._listens()
        self.conninfo = make_conninfo(
            host="127.0.0.1", port=self.port, user="postgres", dbname="template1", connect_timeout=10
        )
        return self

    def renew(self) -> None:
        """An empty database in place of the one that there is; who was connected to that is cut off."""
        assert self._process.stdin is not None
        self._process.stdin.write("renew\n")
        self._process.stdin.flush()
        self._listens()

    def _listens(self) -> int:
        """Its port, as soon as it says so."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._stop()
            msg = f"serve.mjs ended with status {self._process.returncode} before it listened"
            raise RuntimeError(msg)
        port: int = json.loads(line)["port"]
        return port

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        with self._process as process, contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def install() -> None:
    """Bring in the pinned package, unless it is there for this very lock."""
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = HERE / "node_modules" / ".lock-sha256"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    subprocess.run(
        [BIN / "npm", "ci", "--no-progress", "--loglevel=error"], cwd=HERE, check=True, timeout=INSTALL_SECONDS
    )
    stamp.write_text(lock)
