"""Many injections side by side, for most of a fault is waiting; each in its own world, repeatable by its seed."""

import asyncio
import random
import shutil
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.checker import Verdict
from tests.faults.fleet import places
from tests.faults.servers import Template, UnplayableError, make_template
from tests.faults.world import MQTT, SETTLED_WITHIN_S, World

SIDE_BY_SIDE = 4
LONGEST_S = 240
# What a platform that was made worse has lost does not come, however long one waits.
TAMPERED_SETTLED_WITHIN_S = 20

Play = Callable[[World, Random], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenario:
    """One row of the fault matrix, or one way in which it comes. `key` is its name there, such as `F4`."""

    key: str
    name: str
    kinds: Sequence[str]
    play: Play
    settings: Mapping[str, object] = field(default_factory=dict)
    receive_maximum: int = 1000
    tampered: str | None = None
    serves: bool = False
    small_disk: bool = False


def scenario(registry: list[Scenario]) -> Callable[..., Callable[[Play], Play]]:
    """Makes the decorator that enters a function into `registry`, under its row of the matrix."""

    def fault(key: str, *, kinds: Sequence[str] = MQTT, **more: Any) -> Callable[[Play], Play]:
        def register(play: Play) -> Play:
            registry.append(Scenario(key=key, name=play.__name__.replace("_", "-"), kinds=kinds, play=play, **more))
            return play

        return register

    return fault


@dataclass(frozen=True)
class Injection:
    """One scenario with one kind of broker and one seed; of a platform that was made worse, where it is `tampered`."""

    scenario: Scenario
    kind: str
    seed: int
    tampered: str | None = None

    def __str__(self) -> str:
        return f"{self.scenario.key}-{self.scenario.name}-{self.kind}"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of an injection. `error` is a scenario that went wrong, `unplayable` why it cannot be played here."""

    injection: Injection
    seconds: float
    offered: int = 0
    acknowledged: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    error: str = ""
    unplayable: str = ""
    logs: str = ""

    @property
    def is_clean(self) -> bool:
        """Nothing is wrong."""
        return not self.error and not self.verdict.faults

    def __str__(self) -> str:
        if self.is_clean:
            return f"{self.injection}: clean, {self.acknowledged} frames, {self.seconds:.0f} s"
        replay = f'make faults ARGS="--injections 1 --fault-seed {self.injection.seed} -k {self.injection}-"'
        said = "\n".join(text for text in (self.error, str(self.verdict), self.logs) if text)
        return f"{self.injection}, seed {self.injection.seed}: {said}\nagain with: {replay}"


async def inject(injection: Injection, template: Template) -> Result:
    """Play one scenario in a new world, and judge it."""
    scenario, began = injection.scenario, time.monotonic()
    chance = Random(f"{injection.seed}/{injection}")
    with _folder() as folder:
        # Copying a data directory takes a moment, and the lines of the other worlds must not stand still meanwhile.
        world = await asyncio.to_thread(
            World,
            injection.kind,
            folder,
            template,
            chance,
            settings=scenario.settings,
            tampered=injection.tampered or scenario.tampered,
            receive_maximum=scenario.receive_maximum,
            serves=scenario.serves,
            small_disk=scenario.small_disk,
        )
        error, unplayable, verdict = "", "", Verdict()
        try:
            async with asyncio.timeout(LONGEST_S), world:
                await scenario.play(world, chance)
                await world.settle(within_s=TAMPERED_SETTLED_WITHIN_S if injection.tampered else SETTLED_WITHIN_S)
                verdict = await world.verdict()
        except UnplayableError as reason:
            unplayable = str(reason)
        except Exception:  # noqa: BLE001 - whatever went wrong is this injection's result, and the others go on
            error = traceback.format_exc()
        logs = "" if not error and not verdict.faults else _tails(folder)
    return Result(
        injection=injection,
        seconds=time.monotonic() - began,
        offered=len(world.devices.offered),
        acknowledged=len(world.devices.acknowledged),
        verdict=verdict,
        error=error,
        unplayable=unplayable,
        logs=logs,
    )


async def run(injections: Sequence[Injection], report: Callable[[Result], None]) -> None:
    """Play them all, in this order, a few at a time."""
    with _folder() as folder:
        template = await make_template(folder, places())
        waiting = iter(injections)

        async def worker() -> None:
            for injection in waiting:
                report(await inject(injection, template))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(SIDE_BY_SIDE):
                tasks.create_task(worker())


def new_seed() -> int:
    """A seed that nobody chose."""
    return random.SystemRandom().randrange(10**6)


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that the servers' own accounts may enter as well, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="smartplace-faults-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tails(folder: Path) -> str:
    lines = []
    for log in sorted(folder.glob("*.log")):
        lines += [f"--- {log.name}", *log.read_text(errors="replace").splitlines()[-15:]]
    return "\n".join(lines)
