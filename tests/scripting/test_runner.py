"""The worker may be lost at any moment; whoever asks for a decode gets an answer."""

import asyncio
import os
import signal

import pytest

from domain.errors import ScriptFault
from scripting.calls import Returned
from scripting.limits import Limits
from scripting.runner import ScriptRunner
from scripting.worker_process import WorkerProcess

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request):
    """The standard library's loop, and the one that our processes run on: they tell of a lost pipe in other ways."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


async def test_a_worker_that_was_killed_is_replaced(running, uplink, good):
    async with running() as runner:
        await runner.run([uplink(good)])
        before = runner.pid
        os.kill(before, signal.SIGKILL)
        (after_death,) = await runner.run([uplink(good)])
        (again,) = await runner.run([uplink(good, b"\x05")])

        # It may have been found dead while it was told, or before: never twice.
        assert isinstance(after_death, Returned) or after_death.fault is ScriptFault.WORKER
        assert again.value["data"]["first"] == 5
        assert runner.pid != before


async def test_a_worker_whose_end_was_noticed_meanwhile_costs_no_frame(running, uplink, good):
    async with running() as runner:
        await runner.run([uplink(good)])
        process = runner._worker._process
        os.kill(runner.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            while process.returncode is None:
                await asyncio.sleep(0.01)
        (outcome,) = await runner.run([uplink(good, b"\x05")])

    assert outcome.value["data"]["first"] == 5


async def test_a_worker_that_hangs_is_replaced(running, uplink, good):
    async with running(wall_s=3.0) as runner:
        await runner.run([uplink(good)])
        before = runner.pid
        os.kill(before, signal.SIGSTOP)
        first, second = await runner.run([uplink(good), uplink(good, b"\x05")])

        assert first.fault is ScriptFault.TIMEOUT
        assert second.value["data"]["first"] == 5
        assert runner.pid != before


async def test_the_time_that_a_worker_takes_to_start_is_nobodys(uplink, good, monkeypatch):
    start, now = WorkerProcess.start, 0.0

    async def start_late(limits):
        nonlocal now
        worker = await start(limits)
        now += 3600
        return worker

    monkeypatch.setattr(WorkerProcess, "start", start_late)
    runner = ScriptRunner(Limits(wall_s=20.0), monotonic=lambda: now)
    try:
        outcomes = await runner.run([uplink(good)] * 3)
    finally:
        await runner.close()

    assert [type(outcome) for outcome in outcomes] == [Returned] * 3


async def test_a_worker_that_cannot_be_started_fails_the_frames_and_nothing_else(running, uplink, good, monkeypatch):
    async with running() as runner:
        monkeypatch.setattr("sys.executable", "/nonexistent/python")
        outcomes = await runner.run([uplink(good)] * 50)
        assert {outcome.fault for outcome in outcomes} <= {ScriptFault.WORKER, ScriptFault.SUSPENDED}


async def test_who_stops_waiting_does_not_get_the_answers_of_another(running, uplink, good):
    slow = uplink("function decodeUplink() { while (true) {} }")
    async with running(call_s=5.0) as runner:
        await runner.run([uplink(good)])
        waiting = asyncio.create_task(runner.run([slow]))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        (answer,) = await runner.run([uplink(good, b"\x05")])

        assert answer.value["data"]["first"] == 5


async def test_two_who_ask_at_once_get_their_own_answers(running, uplink, good):
    async with running() as runner:
        batches = await asyncio.gather(*(runner.run([uplink(good, bytes([n]))] * 30) for n in range(8)))

    for n, outcomes in enumerate(batches):
        assert {outcome.value["data"]["first"] for outcome in outcomes} == {n}


async def test_more_codecs_than_are_kept_are_read_all_the_same(running, uplink):
    def source(n):
        return f"function decodeUplink() {{ return {{ data: {{ n: {n} }} }} }}"

    async with running(scripts=4) as runner:
        for _ in range(2):
            outcomes = await runner.run([uplink(source(n)) for n in range(10)])
            assert [outcome.value["data"]["n"] for outcome in outcomes] == [*range(10)]


async def test_a_batch_of_a_thousand_large_frames_goes_through(running, uplink, good):
    async with running() as runner:
        outcomes = await runner.run([uplink(good, bytes([n % 256]) * 242) for n in range(1000)])

    assert [outcome.value["data"]["first"] for outcome in outcomes] == [n % 256 for n in range(1000)]


async def test_nothing_is_left_when_the_runner_is_closed(running, uplink, good):
    async with running() as runner:
        await runner.run([uplink(good)])
        pid = runner.pid

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
