"""What ingest processes say of themselves, through the database."""

from datetime import timedelta

import pytest

from domain.errors import StoreUnavailableError
from domain.readiness import WorkerReport
from store.pool import open_pool
from store.workers import KnownWorkers, Workers

pytestmark = [pytest.mark.anyio, pytest.mark.db]


def report(worker, said_at, **changes):
    values = {"subscribed": True, "canary_late": False, "spool_fill": 0.25}
    return WorkerReport(worker=worker, said_at=said_at, **{**values, **changes})


async def test_a_worker_has_one_word_and_it_is_its_last(database, noon):
    later = noon + timedelta(seconds=10)
    async with open_pool(database, size=1) as pool:
        workers = Workers(pool)
        await workers.report(report("a", noon))
        await workers.report(report("b", noon, subscribed=False))
        await workers.report(report("a", later, canary_late=True, spool_fill=0.5))

        expected = [report("a", later, canary_late=True, spool_fill=0.5), report("b", noon, subscribed=False)]
        assert await workers.since(noon - timedelta(seconds=1)) == expected
        assert await workers.since(noon) == expected[:1]


async def test_a_word_that_is_taken_back_is_gone_and_no_other(database, noon):
    async with open_pool(database, size=1) as pool:
        workers = Workers(pool)
        await workers.report(report("a", noon))
        await workers.report(report("b", noon, subscribed=False))
        await workers.take_back("b")

        assert await workers.since(noon - timedelta(seconds=1)) == [report("a", noon)]


async def test_whoever_is_silent_for_an_hour_is_forgotten(database, noon):
    async with open_pool(database, size=1) as pool:
        workers = Workers(pool)
        for number in range(20):
            await workers.report(report(f"renamed-{number}", noon + number * timedelta(minutes=10)))
        left = await workers.since(noon - timedelta(days=1))

    assert [one.worker for one in left] == [f"renamed-{number}" for number in range(13, 20)]


async def test_what_was_read_is_known_while_the_database_is_away_but_not_for_ever(noon):
    class Shelf:
        def __init__(self):
            self.reports = [report("a", noon - timedelta(seconds=20))]

        async def since(self, moment):
            if self.reports is None:
                raise StoreUnavailableError("away")
            return [one for one in self.reports if one.said_at > moment]

    clock = SimpleClock(noon)
    source = Shelf()
    known = KnownWorkers(source, now=clock, silent_after=timedelta(seconds=30))
    await once(known)
    assert [one.worker for one in known.reports] == ["a"]
    source.reports = None
    clock.at += timedelta(seconds=10)
    await once(known)
    assert (known.reports, known.answered_at) == ([], noon)


class SimpleClock:
    def __init__(self, at):
        self.at = at

    def __call__(self):
        return self.at


async def once(known):
    import asyncio

    task = asyncio.create_task(known.follow(every_s=60))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
