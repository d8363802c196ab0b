"""The command line as a person uses it, and what is left of a process."""

import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from smartplace import cli


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def smartplace(monkeypatch, capsys, tmp_path):
    """`smartplace("decode", "--list")`, in this process and in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["smartplace", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        return Outcome(end.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def until():
    """`until(condition, what="the end")`: poll, and fail when the time is over."""

    def poll(condition, *, what, within_s=60):
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not within {within_s} s"
            time.sleep(0.02)

    return poll


@pytest.fixture
def left_behind():
    """The command lines of the processes that have this variable in their environment."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc")

    def find(variable):
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if f"{variable}=".encode() in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_bytes())
            except OSError:
                continue
        return found

    return find
