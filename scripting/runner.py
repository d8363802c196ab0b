"""Calls of codecs, in a worker process that may be lost at any moment: each call ends, and none costs another."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence

from domain.errors import ScriptFault
from scripting.calls import Call, Failed, Outcome, Returned
from scripting.limits import LIMITS, Limits
from scripting.worker_process import WorkerProcess

logger = logging.getLogger(__name__)

_USED_UP = frozenset({ScriptFault.TIMEOUT, ScriptFault.MEMORY, ScriptFault.STACK, ScriptFault.WORKER})


class ScriptRunner:
    """Owns one worker, started when it is first needed. `run` never raises for what a script does.

    A script that uses up what it may, several times in a row, is suspended for a while: the others wait for it
    no longer.
    """

    def __init__(self, limits: Limits = LIMITS, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._worker: WorkerProcess | None = None
        self._strikes: Counter[str] = Counter()
        self._suspended: dict[str, float] = {}
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The worker's process id, if there is one."""
        return self._worker.pid if self._worker else None

    async def run(self, calls: Sequence[Call]) -> list[Outcome]:
        """What becomes of each call, in their order."""
        outcomes: dict[int, Outcome] = {}
        async with self._lock:
            # Where it cannot be started, the calls say so, one by one.
            with contextlib.suppress(Exception):
                await self._started_worker()
            ends_at = self._monotonic() + self._limits.batch_s
            while waiting := self._waiting(calls, outcomes):
                if self._monotonic() >= ends_at:
                    outcomes |= dict.fromkeys(waiting, _LATE)
                    break
                await self._some(calls, self._for_one_worker(calls, waiting), outcomes, ends_at)
        return [outcomes[index] for index in range(len(calls))]

    async def close(self) -> None:
        """End the worker."""
        async with self._lock:
            await self._end_worker()

    def _waiting(self, calls: Sequence[Call], outcomes: dict[int, Outcome]) -> list[int]:
        """The calls still to be made; those of suspended scripts are not."""
        now = self._monotonic()
        for key in [key for key, until in self._suspended.items() if until <= now]:
            del self._suspended[key]
        waiting = [index for index in range(len(calls)) if index not in outcomes]
        if not self._suspended:
            return waiting
        refused = [index for index in waiting if calls[index].script.key in self._suspended]
        outcomes |= dict.fromkeys(refused, _SUSPENDED)
        return [index for index in waiting if index not in outcomes]

    def _for_one_worker(self, calls: Sequence[Call], waiting: Sequence[int]) -> list[int]:
        """The first of them, of no more scripts than a worker keeps."""
        scripts: set[str] = set()
        first: list[int] = []
        for index in waiting:
            scripts.add(calls[index].script.key)
            if len(scripts) > self._limits.scripts:
                break
            first.append(index)
        return first

    async def _some(
        self, calls: Sequence[Call], waiting: Sequence[int], outcomes: dict[int, Outcome], ends_at: float
    ) -> None:
        """As many of them as one worker lives for; at least one."""
        done = 0
        try:
            worker = await self._ready_worker([calls[index] for index in waiting])
            for index in waiting:
                within = min(self._limits.wall_s, max(0.0, ends_at - self._monotonic()))
                async with asyncio.timeout(within):
                    outcomes[index] = await worker.receive(calls[index])
                done += 1
                if self._is_struck(calls[index], outcomes[index]) and done < len(waiting):
                    # Its answers to what was asked of it are not waited for.
                    await self._end_worker()
                    return
        except TimeoutError:
            self._lose(calls, waiting, done, outcomes, _ENDLESS)
            await self._end_worker()
        except Exception as error:  # noqa: BLE001
            # Whatever a lost worker looks like (with uvloop also a RuntimeError): who asked must not die of it.
            logger.warning("the codec worker is lost: %r", error, extra={"action": "codec_worker_lost"})
            self._lose(calls, waiting, done, outcomes, _LOST)
            await self._end_worker()
        except BaseException:
            await self._end_worker()
            raise

    async def _ready_worker(self, calls: Sequence[Call]) -> WorkerProcess:
        worker = await self._started_worker()
        async with asyncio.timeout(self._limits.wall_s):
            await worker.send(calls)
        return worker

    async def _started_worker(self) -> WorkerProcess:
        if self._worker is not None and not self._worker.is_alive:
            await self._end_worker()
        if self._worker is None:
            self._worker = await WorkerProcess.start(self._limits)
            self.restarts += 1
        return self._worker

    def _lose(
        self, calls: Sequence[Call], waiting: Sequence[int], done: int, outcomes: dict[int, Outcome], why: Failed
    ) -> None:
        index = waiting[done]
        outcomes[index] = why
        self._is_struck(calls[index], why)

    def _is_struck(self, call: Call, outcome: Outcome) -> bool:
        """Whether this was one failure too many of its script."""
        key = call.script.key
        if isinstance(outcome, Returned) or outcome.fault not in _USED_UP:
            self._strikes.pop(key, None)
            return False
        self._strikes[key] += 1
        if self._strikes[key] < self._limits.strikes:
            return False
        del self._strikes[key]
        self._suspended[key] = self._monotonic() + self._limits.suspended_s
        logger.warning("a codec is suspended: %s", outcome.detail, extra={"action": "codec_suspended", "codec": key})
        return True

    async def _end_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.kill()


_ENDLESS = Failed(fault=ScriptFault.TIMEOUT, detail="takes too long, and could not be interrupted")
_LATE = Failed(fault=ScriptFault.TIMEOUT, detail="other frames of its batch took too long")
_LOST = Failed(fault=ScriptFault.WORKER, detail="the process that runs codecs was lost")
_SUSPENDED = Failed(fault=ScriptFault.SUSPENDED, detail="failed too often in a row; it is tried again in a minute")
