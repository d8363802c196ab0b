import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from domain.errors import CommandError
from smartplace.children import Children, Program, tail
from smartplace.embedded.account import unprivileged_prefix

pytestmark = pytest.mark.anyio

FOR_EVER = "while :; do sleep 0.02; done"

SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from smartplace.children import Children, Program

async def main():
    async def ready():
        return True
    async with Children() as children:
        for number, command in enumerate((["sleep", "60"], [*sys.argv[1:], "sleep", "60"])):
            program = Program(name=str(number), command=command, log=Path("log"))
            await children.start(program, ready=ready, within_s=30)
        print("started", flush=True)
        await children.watch()

asyncio.run(main())
"""


@pytest.fixture
def when_told(tmp_path):
    """Shell that ends with this exit code, when there is a file `go`."""
    return lambda code: f"echo up; while [ ! -e '{tmp_path}/go' ]; do sleep 0.02; done; exit {code}"


@pytest.fixture
def shell(tmp_path):
    """A program from a shell script; what it writes goes to `NAME.log`."""

    def make(name, script, **more):
        return Program(name=name, command=["sh", "-c", script], log=tmp_path / f"{name}.log", **more)

    return make


@pytest.fixture
def wrote(tmp_path):
    """Whether a program has written anything yet."""

    def condition(name):
        async def ready():
            log = tmp_path / f"{name}.log"
            return log.exists() and log.stat().st_size > 0

        return ready

    return condition


async def at_once():
    return True


async def never():
    return False


def is_gone(pid):
    """No process and no zombie by this number."""
    return not Path(f"/proc/{pid}").exists()


async def test_a_program_is_started_once_it_is_ready(shell, wrote, tmp_path):
    async with Children() as children:
        program = shell("server", f'sleep 0.1; echo "$GREETING"; {FOR_EVER}', environment={"GREETING": "hello"})
        await children.start(program, ready=wrote("server"), within_s=30)

        assert (tmp_path / "server.log").read_text() == "hello\n"


async def test_they_stop_in_the_reverse_order(shell, wrote, tmp_path):
    async with Children() as children:
        for name in ("first", "second", "third"):
            script = f"trap 'sleep 0.05; echo {name} >> {tmp_path}/order; exit' TERM; echo up; {FOR_EVER}"
            await children.start(shell(name, script), ready=wrote(name), within_s=30)

    assert (tmp_path / "order").read_text().split() == ["third", "second", "first"]


async def test_each_is_asked_by_the_signal_that_it_wants(shell, wrote, tmp_path):
    async with Children() as children:
        script = f"trap 'echo quick; exit' USR1; trap 'echo slow; exit' TERM; echo up; {FOR_EVER}"
        program = shell("postgres", script, stop_signal=signal.SIGUSR1)
        await children.start(program, ready=wrote("postgres"), within_s=30)

    assert (tmp_path / "postgres.log").read_text() == "up\nquick\n"


async def test_one_that_does_not_listen_is_killed_and_leaves_no_zombie(shell, wrote, tmp_path):
    async with Children(stop_timeout_s=0.2) as children:
        await children.start(shell("deaf", f"trap '' TERM; echo $$; {FOR_EVER}"), ready=wrote("deaf"), within_s=30)
        pid = int((tmp_path / "deaf.log").read_text())
        assert not is_gone(pid)

    assert is_gone(pid)


async def test_whatever_happens_inside_they_have_ended(shell, wrote, tmp_path):
    async def fail():
        async with Children() as children:
            await children.start(shell("server", f"echo $$; {FOR_EVER}"), ready=wrote("server"), within_s=30)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert is_gone(int((tmp_path / "server.log").read_text()))


async def test_one_that_cannot_be_started_is_named(tmp_path):
    async with Children() as children:
        program = Program(name="broker", command=["/nowhere/broker"], log=tmp_path / "log")
        with pytest.raises(CommandError, match=r"^broker cannot be started: .*No such file"):
            await children.start(program, ready=at_once, within_s=30)


async def test_one_that_is_not_ready_in_time_shows_its_log(shell, tmp_path):
    # Its log goes on after what it said before, so that nobody depends on how soon it speaks.
    (tmp_path / "slow.log").write_text("thinking\n")
    async with Children() as children:
        with pytest.raises(CommandError, match=r"^slow was not ready within 0.2 s$") as failed:
            await children.start(shell("slow", FOR_EVER), ready=never, within_s=0.2)

    assert failed.value.log_tail == f"last lines of {tmp_path / 'slow.log'}:\nthinking"


@pytest.mark.parametrize(
    ("script", "how"), [("echo no room; exit 3", "ended with exit code 3"), ("kill -KILL $$", "was killed by SIGKILL")]
)
async def test_one_that_ends_while_it_starts_says_how(shell, tmp_path, script, how):
    async with Children() as children:
        with pytest.raises(CommandError, match=rf"^broker {how}$") as failed:
            await children.start(shell("broker", script), ready=never, within_s=30)

    assert failed.value.log_tail.startswith(f"last lines of {tmp_path / 'broker.log'}:")
    assert ("no room" in failed.value.log_tail) is ("no room" in script)


async def test_one_that_ends_while_another_starts_is_the_one_that_is_named(shell, wrote, when_told, tmp_path):
    async def not_ready():
        (tmp_path / "go").touch()
        return False

    async with Children() as children:
        await children.start(shell("first", when_told(4)), ready=wrote("first"), within_s=30)
        with pytest.raises(CommandError, match=r"^first ended with exit code 4$"):
            await children.start(shell("second", FOR_EVER), ready=not_ready, within_s=30)


async def test_one_that_ends_while_they_are_watched_is_named(shell, wrote, when_told, tmp_path):
    async with Children() as children:
        await children.start(shell("steady", f"echo up; {FOR_EVER}"), ready=wrote("steady"), within_s=30)
        await children.start(shell("weak", when_told(0)), ready=wrote("weak"), within_s=30)
        (tmp_path / "go").touch()
        async with asyncio.timeout(30):
            with pytest.raises(CommandError, match=r"^weak ended with exit code 0$") as failed:
                await children.watch()

    assert failed.value.log_tail.endswith("up")


async def test_a_long_log_is_shown_by_its_end(tmp_path):
    (tmp_path / "log").write_text("\n".join(f"line {number}" for number in range(100)))

    assert tail(tmp_path / "log").splitlines()[1:] == [f"line {number}" for number in range(85, 100)]
    assert tail(tmp_path / "nowhere") == ""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux offers that")
def test_even_a_killed_supervisor_leaves_nobody_behind(tmp_path, until, left_behind):
    mark = f"MARK_{os.getpid()}"
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, *unprivileged_prefix()],
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, mark: "1"},
    )
    with supervisor:
        assert supervisor.stdout.readline() == b"started\n"
        until(lambda: len([line for line in left_behind(mark) if line.startswith(b"sleep")]) == 2, what="two sleepers")
        supervisor.kill()

    until(lambda: not left_behind(mark), what="the end of both")
