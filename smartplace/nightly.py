"""The work of the night, once and in one place: what is old goes, and history is compared with what it should be."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from datetime import datetime, time

from domain.errors import StoreRefusedError, StoreUnavailableError
from domain.live import Clock
from domain.local_time import LONDON
from smartplace.settings import Settings
from store.history.reconciliation import Reconciliation
from store.history.watch import claim_night, return_night
from store.pool import Pool
from store.retention import Compress, Keep, Retention, set_policies

logger = logging.getLogger(__name__)

BEGINS_AT = time(3, 30)

_LOOK_EVERY_S = 60.0
_FORGET_WITHIN_S = 1800.0
_RECONCILE_WITHIN_S = 900.0


def keep(settings: Settings) -> Keep:
    """How long what is kept."""
    return Keep(
        journal=settings.keep_journal_days,
        measurements=settings.keep_measurements_days,
        benches=settings.keep_bench_raw_days,
        dead_letters=settings.keep_dead_letters_days,
        security_events=settings.keep_security_events_days,
        commands=settings.keep_commands_days,
        sign_plays=settings.keep_sign_plays_days,
    )


def compress(settings: Settings) -> Compress:
    """After how long what is compressed."""
    return Compress(
        journal=settings.compress_journal_days,
        measurements=settings.compress_measurements_days,
        facts=settings.compress_facts_days,
    )


def night_of(now: datetime) -> datetime | None:
    """The beginning of the local day whose work is to be done, or None before half past three."""
    local = now.astimezone(LONDON)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) if local.time() >= BEGINS_AT else None


@dataclass(frozen=True, slots=True)
class Nightly:
    """Does it in the first process that looks after half past three; in none other."""

    pool: Pool
    settings: Settings
    now: Clock

    async def follow(self) -> None:
        """Until cancelled: look whether it is time. A night that fails is tried again."""
        policies_set = False
        while True:
            try:
                if not policies_set:
                    await set_policies(self.pool, keep(self.settings), compress(self.settings))
                    policies_set = True
                await self.look()
            except (StoreUnavailableError, StoreRefusedError) as error:
                logger.warning("the night's work waits: %s", error, extra={"action": "nightly_retry"})
            await asyncio.sleep(_LOOK_EVERY_S)

    async def look(self) -> bool:
        """Do the work if it is time and nobody else does it; whether it was done."""
        night = night_of(self.now())
        if night is None or not await claim_night(self.pool, night.date()):
            return False
        try:
            await self._work()
        except BaseException:
            with contextlib.suppress(StoreUnavailableError):
                await return_night(self.pool)
            raise
        return True

    async def _work(self) -> None:
        gone = await Retention(self.pool, keep(self.settings), now=self.now).forget(within_s=_FORGET_WITHIN_S)
        logger.info("what is old is gone: %s", gone, extra={"action": "forgotten"})
        found = await Reconciliation(self.pool, now=self.now).reconcile(within_s=_RECONCILE_WITHIN_S)
        level = logging.INFO if found.is_equal else logging.WARNING
        logger.log(level, "history compared: %s", found, extra={"action": "reconciled"})
