"""Connections to the database, and its errors in our own words."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from domain.errors import StoreContendedError, StoreRefusedError, StoreUnavailableError
from store.arrays import ADAPTERS

Connection = psycopg.AsyncConnection[DictRow]


class Pool(AsyncConnectionPool[Connection]):
    """Connections that whoever was told to stop is not given."""

    async def getconn(self, timeout: float | None = None) -> Connection:  # noqa: ASYNC109 (as it is there)
        """As AsyncConnectionPool does, and never past a cancellation.

        It waits with `asyncio.wait_for`, which before Python 3.12 forgets that its task was cancelled when what it
        waits for comes in the same moment. A task that is cancelled once, as all are, would then run for ever.
        """
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        try:
            connection = await super().getconn(timeout)
        except Exception:
            # The connection that came then was dead, and no other came.
            if task and task.cancelling() > before:
                raise asyncio.CancelledError from None
            raise
        if task and task.cancelling() > before:
            await self.putconn(connection)
            raise asyncio.CancelledError
        return connection


ANSWER_WITHIN_S = 15.0

# A network partition must not hang a worker: dead peers are noticed within about 15 s.
_LIVENESS: dict[str, object] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "application_name": "smartplace",
}

_SETTINGS = (
    "timezone=UTC",
    "statement_timeout=30s",
    # Compiling a statement would take longer than running it: ours are short, whatever the planner expects.
    "jit=off",
    # What is told anew of years that are compressed takes as many rows as it takes. Where there is no TimescaleDB, a
    # name like any other.
    "timescaledb.max_tuples_decompressed_per_dml_transaction=0",
)


@asynccontextmanager
async def open_pool(conninfo: str, *, size: int, prepare: bool = True) -> AsyncIterator[Pool]:
    """A pool of at most `size` connections that speak UTC and give rows as dicts.

    It opens even when the database is away, and finds it later. `prepare=False` is for servers that cannot prepare.
    """
    kwargs = {
        **_LIVENESS,
        "context": ADAPTERS,
        "row_factory": dict_row,
        "autocommit": True,
        "options": " ".join(f"-c {setting}" for setting in _SETTINGS),
        "prepare_threshold": 5 if prepare else None,
    }
    pool = Pool(
        conninfo,
        connection_class=psycopg.AsyncConnection[DictRow],
        kwargs=kwargs,
        min_size=1,
        max_size=size,
        timeout=5,
        max_waiting=200,
        check=Pool.check_connection,
        open=False,
    )
    async with pool:
        yield pool


@asynccontextmanager
async def connected(pool: Pool, *, within_s: float = ANSWER_WITHIN_S) -> AsyncIterator[Connection]:
    """A connection for work that is over `within_s`; errors are ours, as `translated` gives them.

    A database that is frozen keeps its sockets open and answers nothing: no setting of TCP notices that, only a clock.
    """
    with translated():
        async with asyncio.timeout(within_s), pool.connection() as connection:
            yield connection


@contextmanager
def translated() -> Iterator[None]:
    """Turn psycopg's errors into ours: the rows are at fault, or the database is away.

    SQLSTATE classes 22 (data) and 23 (integrity) are the rows' fault; any other operational failure is an outage,
    which time may cure. Programming errors pass through: they are bugs.
    """
    try:
        yield
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise StoreRefusedError(_first_line(error)) from error
    except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected) as error:
        raise StoreContendedError(_first_line(error)) from error
    except (psycopg.OperationalError, psycopg.InternalError, PoolTimeout) as error:
        raise StoreUnavailableError(_first_line(error)) from error
    except TimeoutError as error:
        raise StoreUnavailableError("the database does not answer in time") from error


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0] or type(error).__name__
