"""Suspects are read by a process that may die of it: only a death there proves that a message kills."""

import asyncio
import logging
from collections.abc import Sequence

from domain.errors import Reason
from domain.uplinks import Rejected
from ingest.backoff import backoff_s
from ingest.reading import Found, IsScripted, ModelOf, read_one, reject
from ingest.source import Delivery
from ingest.trial_process import COMMAND, ChildDiedError, TrialLimits, TrialProcess

logger = logging.getLogger(__name__)

_PROOF = 3
"""Children in a row that died of a message, each as the first that it read after a harmless one."""
_STARTS = 5
_MOST_CONVICTED = 1000
_PAUSE_S = (0.1, 2.0)


class Trial:
    """Reads suspects, one at a time. `read` satisfies ingest.reading.Reader.

    A suspect is a message that somebody had in hand who did not come back. Most of them are innocent: whoever kills
    processes from outside does not ask what they read. So what becomes of this process never counts, and what the child
    found is used as it is: a suspect is not read here.
    """

    def __init__(self, limits: TrialLimits | None = None, *, command: Sequence[str] = COMMAND) -> None:
        self._limits = limits or TrialLimits()
        self._command = command
        # Two lanes, the spool's too: one child is enough for all of them.
        self._turn = asyncio.Lock()
        self._child: TrialProcess | None = None
        self._convicted: dict[bytes, list[str]] = {}

    async def read(self, deliveries: Sequence[Delivery], model_of: ModelOf, is_scripted: IsScripted) -> list[Found]:
        """What each means; Reason.DEADLY for one that ended its reader again and again."""
        async with self._turn:
            try:
                return [await self._read(delivery, model_of, is_scripted) for delivery in deliveries]
            finally:
                await self._end_child()

    async def _read(self, delivery: Delivery, model_of: ModelOf, is_scripted: IsScripted) -> Found:
        if delivery.key in self._convicted:
            return _deadly(delivery, self._convicted[delivery.key])
        deaths: list[str] = []
        while len(deaths) < _PROOF:
            child = await self._ready_child()
            if child is None:
                break
            is_alone = not child.has_read
            try:
                found = await child.read(delivery, model_of, is_scripted)
            except ChildDiedError as error:
                told = {"action": "trial_death", "topic": delivery.topic, "alone": is_alone}
                logger.warning("the reader of a suspect message died: %s", error, extra=told)
                await self._end_child()
                # What it had read before may have been what it died of.
                deaths += [str(error)] if is_alone else []
                await asyncio.sleep(backoff_s(len(deaths), within=_PAUSE_S))
            else:
                if found is not None:
                    return found
                # It lived. What it says next may be of this message still.
                await self._end_child()
                break
        else:
            self._convict(delivery, deaths)
            return _deadly(delivery, deaths)
        # Nobody is guilty for want of a court.
        return read_one(delivery, model_of, is_scripted)

    def _convict(self, delivery: Delivery, deaths: list[str]) -> None:
        """A broker sends it again while its trial lasts: that copy costs no more children."""
        if len(self._convicted) >= _MOST_CONVICTED:
            self._convicted.pop(next(iter(self._convicted)))
        self._convicted[delivery.key] = deaths

    async def _ready_child(self) -> TrialProcess | None:
        """A child that reads; None where again and again none can be had, which says nothing of any message."""
        for attempt in range(_STARTS):
            if self._child is not None:
                break
            try:
                self._child = await TrialProcess.start(self._limits, self._command)
            except (ChildDiedError, OSError) as error:
                told = {"action": "trial_unavailable", "attempt": attempt}
                logger.warning("no process that reads suspect messages: %s", error, extra=told)
                await asyncio.sleep(backoff_s(attempt, within=_PAUSE_S))
        return self._child

    async def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.kill()


def _deadly(delivery: Delivery, deaths: Sequence[str]) -> Rejected:
    detail = f"ended {len(deaths)} processes that read nothing else: {', '.join(deaths)}"
    return reject(delivery, Reason.DEADLY, detail, None)
