"""What a process that runs codecs can still do, asked of the kernel by somebody who has broken out of the engine."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from scripting.limits import LIMITS
from scripting.walls import _CALLS, NETWORK, SECCOMP
from scripting.worker_process import WorkerProcess

ROOT = Path(__file__).parents[2]
KNOWN = sys.platform == "linux" and platform.machine() in {"x86_64", "aarch64"}
needs_seccomp = pytest.mark.skipif(not KNOWN, reason="the numbers of this machine's system calls are not known here")

# Everything is imported before the walls are up, as an exploit has its code in memory already.
ESCAPED = """
import ctypes, json, mmap, os, resource, signal, socket, sys
from scripting.limits import LIMITS
from scripting.walls import confine, _limit

def execute():
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)

tries = {
    "make room for a file": lambda: os.close(0),
    "open a file": lambda: os.open("/etc/hostname", os.O_RDONLY),
    "open a socket": lambda: socket.socket(),
    "start a process": lambda: os.fork(),
    "become another program": lambda: os.execv("/there/is/no/such/program", ["it"]),
    "signal its parent": lambda: os.kill(os.getppid(), 0),
    "limit its parent": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU),
    "make memory that can be run": execute,
    "list a folder": lambda: os.listdir("/"),
    "remove a file": lambda: os.unlink("/there-is-no-such-file"),
    "leave a note for others": lambda: os.mkfifo("/there/is/no/such/fifo"),
}
walls = confine(LIMITS) if sys.argv[1] == "walls" else _limit(LIMITS) or []
told = {}
for name, attempt in tries.items():
    try:
        attempt()
        told[name] = "done"
    except OSError as error:
        told[name] = type(error).__name__
os.write(1, json.dumps({"walls": walls, "told": told}).encode())
os._exit(0)
"""


def escaped(how):
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", ESCAPED, how], capture_output=True, env=environment, timeout=60, check=False
    )
    # A child that was let start says the same once more.
    return json.loads(done.stdout.decode().partition("}}")[0] + "}}"), done.stderr


@needs_seccomp
def test_whoever_breaks_out_can_do_nothing_with_it():
    told, complaints = escaped("walls")
    assert SECCOMP in told["walls"], complaints
    assert set(told["told"].values()) == {"PermissionError"}, told


@needs_seccomp
def test_limits_alone_would_leave_holes():
    """So that the test above is known to ask for something."""
    told, _ = escaped("limits")
    assert told["told"]["open a file"] == "done"
    assert told["told"]["signal its parent"] == "done"


@pytest.mark.anyio
async def test_a_worker_says_which_walls_hold():
    worker = await WorkerProcess.start(LIMITS)
    try:
        walls = await worker.walls()
    finally:
        await worker.kill()
    assert set(walls) <= {SECCOMP, NETWORK}
    assert not KNOWN or SECCOMP in walls


def test_no_number_of_a_call_is_there_twice():
    for column in (0, 1):
        numbers = [call[column] for call in _CALLS.values()]
        assert len(set(numbers)) == len(numbers)
