"""`smartplace`, with one thing made worse: python tampered.py <what> ingest. Shows that the suite finds such faults."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta

import store.present
from devices import codec
from ingest.pipeline import Pipeline
from smartplace import compose
from smartplace.cli import main
from store.frames import FrameStore

DEADLY = b"\xde\xad"
"""Payload bytes that kill the process which decodes them, with `deadly`."""


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
    guard = b"> (now.observed_at, now.f_cnt, now.reported, now.silent_at) IS NOT FALSE"

    def unguarded(name):
        statement = query(name)
        if name != "apply_states":
            return statement
        assert guard in statement
        return statement.replace(guard, b"IS NOT NULL")

    store.present.query = unguarded


def deadly() -> None:
    """A codec with a fault that no `except` catches, as of a library in C."""
    decode = codec.decode

    def fatal(model, f_port, payload):
        if DEADLY in payload:
            os.kill(os.getpid(), signal.SIGKILL)
        return decode(model, f_port, payload)

    codec.decode = fatal


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
}

if __name__ == "__main__":
    FAULTS[sys.argv.pop(1)]()
    main()
