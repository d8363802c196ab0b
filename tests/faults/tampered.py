"""`smartplace`, with one thing made worse: python tampered.py <what> ingest. Shows that the suite finds such faults."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import store.present
from devices import codec
from domain.errors import Reason
from ingest import trial_reader
from ingest.pipeline import Pipeline
from ingest.reading import reject
from smartplace import compose
from smartplace.cli import main
from store.frames import FrameStore

DEADLY = b"\xde\xad"
"""Payload bytes that kill the process which decodes them, with `deadly`; the next says how."""
WAYS_TO_DIE: tuple[Callable[[], object], ...] = (
    lambda: os.kill(os.getpid(), signal.SIGKILL),
    lambda: ctypes.string_at(0),
    lambda: os._exit(7),
)
_READER = "--trial-reader"


def acknowledge_first() -> None:
    """What most simple consumers do: acknowledged on receipt, kept a little later."""
    keep = Pipeline.keep

    async def hasty(self, deliveries):
        for delivery in deliveries:
            self._source.acknowledge(delivery.token)
        await asyncio.sleep(0.05)
        await keep(self, deliveries)

    Pipeline.keep = hasty


def no_dedupe() -> None:
    """Every delivery is news."""

    async def all_new(self, connection, keys, times):
        return keys

    assert hasattr(FrameStore, "_new")
    FrameStore._new = all_new


def no_guard() -> None:
    """Whoever speaks last is right."""
    query = store.present.query
    guard = b" IS NOT FALSE"

    def unguarded(name):
        statement = query(name)
        if name != "apply_states":
            return statement
        assert guard in statement
        return statement.replace(guard, b" IS NOT NULL OR true")

    store.present.query = unguarded


def deadly() -> None:
    """A codec with a fault that no `except` catches, as of a library in C."""
    decode = codec.decode

    def fatal(model, f_port, payload):
        if payload.startswith(DEADLY):
            WAYS_TO_DIE[payload[len(DEADLY)]]()
        return decode(model, f_port, payload)

    codec.decode = fatal
    # The process that reads what is suspect has the same codec.
    compose.Trial = partial(compose.Trial, command=(sys.executable, __file__, "deadly", _READER))


def hasty_verdict() -> None:
    """Whatever was in hand when a process ended is guilty."""

    class HastyTrial:
        async def read(self, deliveries, model_of, is_scripted):
            return [reject(delivery, Reason.DEADLY, "somebody died", None) for delivery in deliveries]

    assert hasattr(compose, "Trial")
    compose.Trial = HastyTrial


def clock_ahead() -> None:
    """The clock of this machine is an hour ahead, until somebody notices."""
    right = compose.utc_now
    compose.utc_now = lambda: right() + timedelta(hours=1)


FAULTS: dict[str, Callable[[], None]] = {
    "acknowledge-first": acknowledge_first,
    "no-dedupe": no_dedupe,
    "no-guard": no_guard,
    "deadly": deadly,
    "clock-ahead": clock_ahead,
    "hasty-verdict": hasty_verdict,
}

if __name__ == "__main__":
    FAULTS[sys.argv.pop(1)]()
    if sys.argv[1] == _READER:
        del sys.argv[1]
        trial_reader.main()
    else:
        main()
