from collections.abc import Callable
from contextlib import asynccontextmanager

import pytest

from scripting.calls import DECODE, Call, Script, uplink_input
from scripting.limits import Limits
from scripting.runner import ScriptRunner

AT_MS = 1_790_000_000_000
GOOD = """
function decodeUplink(input) {
  return { data: { occupied: (input.bytes[0] & 1) === 1, first: input.bytes[0] } };
}
"""


@pytest.fixture
def good() -> Script:
    """A codec that reads bit 0 of byte 0."""
    return Script(source=GOOD)


@pytest.fixture
def uplink() -> Callable[..., Call]:
    """A call of `decodeUplink`."""

    def make(script: Script | str, payload: bytes = b"\x01", f_port: int = 1, at_ms: int = AT_MS) -> Call:
        script = Script(source=script) if isinstance(script, str) else script
        return Call(script=script, function=DECODE, input=uplink_input(f_port, payload, at_ms), at_ms=at_ms)

    return make


@pytest.fixture
def running():
    """A runner that is closed at the end; its limits may be others. By the clock it has time, whatever else runs."""

    @asynccontextmanager
    async def run(**limits):
        runner = ScriptRunner(Limits(**{"wall_s": 20.0, "batch_s": 30.0} | limits))
        try:
            yield runner
        finally:
            await runner.close()

    return run


@pytest.fixture
def decode(running, uplink):
    """The data that a codec gives for some bytes; its failure where there is none."""

    async def one(script: Script | str, payload: bytes = b"\x01", **more):
        async with running() as runner:
            (outcome,) = await runner.run([uplink(script, payload, **more)])
            return outcome

    return one
