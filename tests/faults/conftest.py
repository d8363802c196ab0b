"""The campaign runs in a thread of its own, ahead of the tests: each test waits for the result of one injection."""

import asyncio
import random
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from queue import SimpleQueue

import pytest

from tests.conftest import missing
from tests.faults.campaign import Injection, Result, new_seed, run
from tests.faults.planted import planted
from tests.faults.report import summary, table
from tests.faults.scenarios import SCENARIOS
from tests.faults.servers import MOSQUITTO

_RESULTS = pytest.StashKey[list[Result]]()
_SEED = pytest.StashKey[int]()


def seed_of(config: pytest.Config) -> int:
    """The one that was asked for, else one for this run."""
    if _SEED not in config.stash:
        asked = config.getoption("--fault-seed")
        config.stash[_SEED] = new_seed() if asked is None else asked
    return config.stash[_SEED]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whole rounds of every scenario with every broker that it is for, each round with a seed of its own.

    Unless somebody asks for rounds, every scenario once, with one of its brokers, by chance.
    """
    if "injection" not in metafunc.fixturenames:
        return
    one_round = [(scenario, kind) for scenario in SCENARIOS for kind in scenario.kinds]
    seed = seed_of(metafunc.config)
    wanted = metafunc.config.getoption("--injections")
    if not wanted:
        chance = random.Random(seed)
        one_round = [(scenario, chance.choice(scenario.kinds)) for scenario in SCENARIOS]
    rounds = max(1, -(-wanted // len(one_round)))
    injections = [Injection(scenario, kind, seed + number) for number in range(rounds) for scenario, kind in one_round]
    metafunc.parametrize("injection", injections, ids=[f"{each}-{each.seed - seed}" for each in injections])


class Campaign:
    """All injections that this session asks for."""

    def __init__(self, injections: list[Injection]) -> None:
        self._results: dict[Injection, Result] = {}
        self._arrived: SimpleQueue[Result | None] = SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(run(injections, self._arrived.put))
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Campaign":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(RuntimeError):  # it has ended, and its loop is closed
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def result(self, injection: Injection) -> Result:
        """Wait for it."""
        while injection not in self._results:
            result = self._arrived.get()
            assert result is not None, "the campaign has ended early"
            self._results[result.injection] = result
        return self._results[injection]

    def _run(self) -> None:
        try:
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._task)
        finally:
            self._loop.close()
            self._arrived.put(None)


@pytest.fixture(scope="session")
def campaign(request) -> Iterator[Campaign]:
    """Started by the first test that wants a result, for all that this session has selected."""
    items = request.session.items
    wanted = [item.callspec.params["injection"] for item in items if _is_injection(item)]
    if wanted and MOSQUITTO is None:
        missing("mosquitto")
    if any("found" in getattr(item, "fixturenames", ()) for item in items):
        # First, for most of theirs is waiting for what does not come.
        wanted = [*planted(seed_of(request.config)), *wanted]
    with Campaign(wanted) as running:
        yield running


def _is_injection(item: pytest.Item) -> bool:
    return "injection" in getattr(getattr(item, "callspec", None), "params", {})


@pytest.fixture
def result(campaign, injection, request) -> Result:
    """What became of this test's injection."""
    found = campaign.result(injection)
    if not found.unplayable:
        request.config.stash.setdefault(_RESULTS, []).append(found)
    return found


@pytest.fixture(scope="session")
def found(campaign, request) -> dict[str, Result]:
    """What became of the faults that were planted, by what is wrong with the platform."""
    return {one.tampered: campaign.result(one) for one in planted(seed_of(request.config))}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Generator[None, object, object]:
    """A run takes long: what it finds is said at once, and not only at its end."""
    report = yield
    if report.failed and _is_injection(item) and item.config.get_verbosity() > 0:
        item.config.pluginmanager.getplugin("terminalreporter").write_line(f"\n{report.longreprtext}")
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table, and how to have the same again."""
    results = config.stash.get(_RESULTS, [])
    if results:
        terminalreporter.section("faults")
        for line in (*table(results), "", summary(results, seed_of(config))):
            terminalreporter.write_line(line)
