"""`smartplace replay`: dead letters and the journal read anew, joined from ingest's reading and the store's replay."""

from collections.abc import Sequence
from datetime import datetime

from ingest.reading import Outcome, read_deliveries
from ingest.source import Delivery, Token
from smartplace.clock import utc_now
from smartplace.codecs import open_book
from smartplace.settings import Settings
from store.frames import FrameStore
from store.pool import Pool, open_pool
from store.recovery import Letter, recover_dead_letters
from store.replay import Progress, Report, Scope, replay_journal


async def replay(settings: Settings, scope: Scope, progress: Progress) -> Report:
    """Everything in the scope; raises CommandError, StoreUnavailableError."""
    async with open_pool(settings.database_url.get_secret_value(), size=2) as pool:
        return await replay_with(pool, scope, progress)


async def replay_with(pool: Pool, scope: Scope, progress: Progress) -> Report:
    """Dead letters first: what they become is part of the journal that is read then."""
    async with open_book(pool, now=utc_now) as scripts:
        store = FrameStore(pool)
        await store.refresh()
        await scripts.refresh()

        async def read(letters: Sequence[Letter]) -> list[Outcome]:
            return await read_deliveries([_delivery(*letter) for letter in letters], store.model_of, scripts)

        recovered = await recover_dead_letters(pool, scope, read, store)
        report = await replay_journal(pool, scope, progress, scripts)
    report.recovered = recovered
    return report


def _delivery(topic: str, payload: bytes, received_at: datetime) -> Delivery:
    return Delivery(topic=topic, payload=payload, retained=False, received_at=received_at, token=Token())
