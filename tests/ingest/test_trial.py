"""Suspects on trial: real children that die, hang, stand still or cannot be had, and innocent ones."""

import asyncio
import base64
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from domain.errors import Reason
from domain.uplinks import Accepted
from ingest import trial as trial_module
from ingest.reading import Scripted, read_here
from ingest.trial import Trial
from ingest.trial_process import TrialLimits
from tests.ingest.bad_inputs import BENCH, INPUTS
from tests.ingest.conftest import BAY, up_event

pytestmark = pytest.mark.anyio

DEADLY_READER = (sys.executable, str(Path(__file__).with_name("deadly_reader.py")))
QUICK = TrialLimits(cpu_s=1, look_s=0.05, asleep_looks=10)


@pytest.fixture
def children(monkeypatch):
    """The process ids of all children that were started."""
    pids = []
    start = trial_module.TrialProcess.start

    async def start_and_tell(*arguments):
        child = await start(*arguments)
        pids.append(child.pid)
        return child

    monkeypatch.setattr(trial_module.TrialProcess, "start", start_and_tell)
    return pids


@pytest.fixture
def trial(children, monkeypatch):
    monkeypatch.setattr(trial_module, "_PAUSE_S", (0, 0))
    return Trial(QUICK, command=DEADLY_READER)


@pytest.fixture
def bay_says(delivery):
    return lambda payload: delivery(up_event(data=base64.b64encode(payload).decode()), redelivered=True)


def model_of(device_id):
    return "bosch-tps110" if device_id == BAY else None


def never_scripted(_key):
    return False


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


WAYS_TO_DIE = {
    b"kill": "SIGKILL",
    b"fault": "SIGSEGV",
    b"exit": "exit code 0",
    b"raise": "exit code 1",
    b"compute": "SIGXCPU",
    b"memory": "exit code 1",
    b"wait": "it waits for ever",
    b"babble": "its answer is nonsense",
    b"boast": "an answer of 4294967295 bytes",
}


@pytest.mark.parametrize("way", WAYS_TO_DIE, ids=bytes.decode)
async def test_a_message_of_which_three_processes_died_is_set_aside(trial, children, bay_says, way):
    (deadly,) = await trial.read([bay_says(way)], model_of, never_scripted)

    assert (deadly.reason, deadly.payload) == (Reason.DEADLY, bay_says(way).payload)
    assert deadly.detail.endswith(", ".join([WAYS_TO_DIE[way]] * 3))
    assert len(children) == 3
    assert not any(is_there(pid) for pid in children)


async def test_a_copy_of_one_that_was_set_aside_costs_no_more_children(trial, children, bay_says):
    first, again = [await trial.read([bay_says(b"kill")], model_of, never_scripted) for _ in range(2)]

    assert [one.reason for one in (*first, *again)] == [Reason.DEADLY] * 2
    assert first[0].detail == again[0].detail
    assert len(children) == 3


async def test_it_costs_no_other_and_is_not_blamed_for_what_another_may_have_done(trial, children, bay_says):
    good = [bay_says(b"\x01"), bay_says(b"\x00")]
    first, deadly, last = await trial.read([good[0], bay_says(b"kill"), good[1]], model_of, never_scripted)

    assert [first, last] == await read_here(good, model_of, never_scripted)
    assert deadly.reason is Reason.DEADLY
    # The first child had read another message before, of which it may have died.
    assert len(children) == 1 + 3 + 1


async def test_whoever_answers_what_was_not_asked_is_not_asked_again(trial, children, bay_says):
    good = bay_says(b"\x00")
    _, last = await trial.read([bay_says(b"sing"), good], model_of, never_scripted)

    assert [last] == await read_here([good], model_of, never_scripted)
    assert len(children) == 2


async def test_a_child_that_was_killed_from_outside_condemns_nobody(trial, children, bay_says, tmp_path):
    suspect = bay_says(b"once kill:" + os.fsencode(tmp_path / "was-here"))
    (found,) = await trial.read([suspect], model_of, never_scripted)

    assert isinstance(found, Accepted)
    assert len(children) == 2


async def test_a_child_that_stands_still_is_waited_for(children, bay_says):
    trial = Trial(TrialLimits(cpu_s=1, look_s=0.01, asleep_looks=5), command=DEADLY_READER)
    reading = asyncio.create_task(trial.read([bay_says(b"stand still")], model_of, never_scripted))
    async with asyncio.timeout(30):
        while not (children and state(children[0]) == "T"):
            await asyncio.sleep(0.01)
    # Twenty times what it may sleep, and still nothing is concluded.
    done, _ = await asyncio.wait({reading}, timeout=1)
    assert not done

    os.kill(children[0], signal.SIGCONT)
    (found,) = await reading
    assert isinstance(found, Accepted)
    assert len(children) == 1


def state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("command", [("/nowhere/python",), (sys.executable, "-c", "raise SystemExit(3)")])
async def test_where_no_child_can_be_had_a_suspect_is_read_here_and_nobody_is_guilty(
    monkeypatch, bay_says, command, caplog
):
    monkeypatch.setattr(trial_module, "_PAUSE_S", (0, 0))
    (found,) = await Trial(QUICK, command=command).read([bay_says(b"\x01")], model_of, never_scripted)

    assert isinstance(found, Accepted)
    assert {record.action for record in caplog.records} == {"trial_unavailable"}


async def test_a_child_that_never_gets_ready_is_no_child(monkeypatch, bay_says):
    monkeypatch.setattr(trial_module, "_PAUSE_S", (0, 0))
    sleeper = (sys.executable, "-c", "import time; time.sleep(1000)")
    (found,) = await Trial(TrialLimits(ready_s=0.2), command=sleeper).read(
        [bay_says(b"\x01")], model_of, never_scripted
    )

    assert isinstance(found, Accepted)


async def test_who_is_told_to_stop_takes_the_child_along(trial, children, bay_says):
    reading = asyncio.create_task(trial.read([bay_says(b"stand still")], model_of, never_scripted))
    async with asyncio.timeout(30):
        while not (children and state(children[0]) == "T"):
            await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    assert not is_there(children[0])


async def test_a_child_does_not_outlive_a_parent_that_is_killed(bay_says, tmp_path):
    suspect = bay_says(b"compute")
    script = tmp_path / "parent.py"
    script.write_text(
        f"""
import asyncio
from datetime import UTC, datetime
from ingest.source import Delivery, Token
from ingest.trial_process import TrialLimits, TrialProcess

async def main():
    child = await TrialProcess.start(TrialLimits(), {DEADLY_READER!r})
    print(child.pid, flush=True)
    delivery = Delivery(
        topic={suspect.topic!r},
        payload={suspect.payload!r},
        retained=False,
        received_at=datetime.now(UTC),
        token=Token(),
    )
    await child.read(delivery, lambda _: "bosch-tps110", lambda _: False)

asyncio.run(main())
"""
    )
    root = str(Path(__file__).parents[2])
    parent = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}
    )
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(30):
        while is_there(pid):
            await asyncio.sleep(0.02)


async def test_what_a_child_finds_is_what_would_have_been_found_here(delivery):
    deliveries = [delivery(payload, topic=topic, redelivered=True) for topic, payload in INPUTS.values()]
    models = {BAY: "bosch-tps110", BENCH: "smartplace-bench"}
    began = time.monotonic()
    found = await Trial().read(deliveries, models.get, never_scripted)

    assert found == await read_here(deliveries, models.get, never_scripted)
    assert len({type(one) for one in found}) > 1
    print(f"{len(deliveries)} suspects in {time.monotonic() - began:.2f} s")


async def test_a_javascript_model_is_opened_on_trial_and_decoded_where_javascript_lives(trial, bay_says):
    (found,) = await trial.read([bay_says(b"\x01")], lambda _: "acme-bay", lambda key: key == "acme-bay")

    assert isinstance(found, Scripted)
    assert (found.model, found.uplink.payload) == ("acme-bay", b"\x01")


async def test_trials_wait_for_one_another(trial, children, bay_says):
    many = [trial.read([bay_says(b"\x01")] * 3, model_of, never_scripted) for _ in range(3)]
    most = 0

    async def look():
        nonlocal most
        while True:
            most = max(most, sum(map(is_there, children)))
            await asyncio.sleep(0.005)

    looking = asyncio.create_task(look())
    found = await asyncio.gather(*many)
    looking.cancel()

    assert all(isinstance(one, Accepted) for batch in found for one in batch)
    assert most == 1
