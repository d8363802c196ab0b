"""`smartplace replay`: dead letters and the journal read anew, joined from ingest's reading and the store's replay."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from domain.codec_scripts import ScriptedModels
from domain.errors import MENDABLE, CommandError, Reason, StoreUnavailableError
from domain.uplinks import Rejected
from ingest.reading import Outcome, Reader, read_deliveries, read_here
from ingest.source import Delivery, Token
from ingest.trial import Trial
from smartplace.clock import utc_now
from smartplace.codecs import open_book
from smartplace.garbage import collect_seldom
from smartplace.settings import Settings
from store.frames import FrameStore
from store.history.telling import History
from store.pool import Pool, open_pool
from store.replay.journal import Progress, Report, Scope, replay_journal
from store.replay.recovery import Letter, recover_dead_letters
from store.replay.retelling import next_to_retell

logger = logging.getLogger(__name__)


async def replay(settings: Settings, scope: Scope, progress: Progress) -> Report:
    """Everything in the scope, and its history told; raises CommandError, StoreUnavailableError, StoreRefusedError."""
    collect_seldom()
    async with open_pool(settings.database_url.get_secret_value(), size=3) as pool:
        return await (replay_with if scope.dry_run else replay_and_tell)(pool, scope, progress)


async def replay_and_tell(pool: Pool, scope: Scope, progress: Progress) -> Report:
    """History is told after it: words of a bay told together cost a fraction of what each alone does.

    Where an ingest runs, both tell of it, in turn.
    """
    report = await replay_with(pool, scope, progress)
    await History(pool, now=utc_now).catch_up()
    return report


async def replay_with(pool: Pool, scope: Scope, progress: Progress) -> Report:
    """Dead letters first: what they become is part of the journal that is read then."""
    async with open_book(pool, now=utc_now) as scripts:
        # A letter may be older than what ingest remembers, and have been kept by a replay that did not get to its end.
        store = FrameStore(pool, looks_back=True)
        await store.refresh()
        await scripts.refresh()

        async def read(letters: Sequence[Letter], *, reader: Reader = read_here) -> list[Outcome]:
            deliveries = [_delivery(*letter) for letter in letters]
            return await read_deliveries(deliveries, store.model_of, scripts, reader=reader)

        deadly = 0

        async def read_on_trial(letters: Sequence[Letter]) -> list[Outcome]:
            nonlocal deadly
            found = await read(letters, reader=Trial().read)
            deadly += sum(isinstance(one, Rejected) and one.reason is Reason.DEADLY for one in found)
            return found

        recovered = await recover_dead_letters(pool, scope, MENDABLE, read, store)
        if scope.deadly:
            recovered += await recover_dead_letters(pool, scope, [Reason.DEADLY], read_on_trial, store)
        report = await replay_journal(pool, scope, progress, scripts)
    report.recovered, report.deadly = recovered, deadly
    return report


async def retell(pool: Pool, scripts: ScriptedModels, *, every_s: float) -> None:
    """Until cancelled: tell the history of devices anew whose threshold was changed, one after another."""
    while True:
        try:
            while (device_id := await next_to_retell(pool)) is not None:
                report = await replay_journal(pool, Scope(device_id=device_id), _nobody_waits, scripts)
                told = {"action": "retold", "device_id": device_id, "frames": report.frames, "changed": report.changed}
                logger.info("the history of a device was told anew", extra=told)
        except (CommandError, StoreUnavailableError) as error:
            # Another replay runs, or the database is away: what is asked for stays asked for.
            logger.info("no history is told anew now: %s", error, extra={"action": "retelling_waits"})
        await asyncio.sleep(every_s)


def _nobody_waits(_done: int, _all: int) -> None:
    """Nobody looks at how far it is."""


def _delivery(topic: str, payload: bytes, received_at: datetime) -> Delivery:
    return Delivery(topic=topic, payload=payload, retained=False, received_at=received_at, token=Token())
