"""`smartplace replay`: dead letters and the journal read anew, joined from ingest's reading and the store's replay."""

from datetime import datetime

from ingest.reading import Outcome, read_delivery
from ingest.source import Delivery, Token
from smartplace.settings import Settings
from store.frames import FrameStore
from store.pool import Pool, open_pool
from store.recovery import recover_dead_letters
from store.replay import Progress, Report, Scope, replay_journal


async def replay(settings: Settings, scope: Scope, progress: Progress) -> Report:
    """Everything in the scope; raises CommandError, StoreUnavailableError."""
    async with open_pool(settings.database_url.get_secret_value(), size=2) as pool:
        return await replay_with(pool, scope, progress)


async def replay_with(pool: Pool, scope: Scope, progress: Progress) -> Report:
    """Dead letters first: what they become is part of the journal that is read then."""
    store = FrameStore(pool)
    await store.refresh()

    def read(topic: str, payload: bytes, received_at: datetime) -> Outcome:
        token = Token()
        delivery = Delivery(topic=topic, payload=payload, retained=False, received_at=received_at, token=token)
        return read_delivery(delivery, store.model_of)

    recovered = await recover_dead_letters(pool, scope, read, store)
    report = await replay_journal(pool, scope, progress)
    report.recovered = recovered
    return report
