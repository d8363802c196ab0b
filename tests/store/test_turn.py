"""Work of which one process of several does its share, and another takes over."""

import asyncio

import psycopg
import pytest

from store.pool import open_pool
from store.turn import Job, Turn

pytestmark = [pytest.mark.anyio, pytest.mark.db]


class Worker:
    """A process that wants to work; `working` says whether it does, `begun` how often it began."""

    def __init__(self, pool) -> None:
        self.turn = Turn(pool, Job.SIGNS, self.work, every_s=0.05)
        self.working = False
        self.begun = 0
        self.fails = False

    async def work(self) -> None:
        self.begun += 1
        self.working = True
        try:
            if self.fails:
                self.fails = False
                raise RuntimeError("a bug")
            await asyncio.Event().wait()
        finally:
            self.working = False

    def start(self) -> asyncio.Task:
        self.task = asyncio.create_task(self.turn.run())
        return self.task

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        assert not self.working


async def until(condition) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def workers(database):
    async with open_pool(database, size=2) as one, open_pool(database, size=2) as other:
        pair = Worker(one), Worker(other)
        for worker in pair:
            worker.start()
        yield pair
        for worker in pair:
            await worker.end()


async def test_one_of_two_works_and_the_other_takes_over(workers):
    await until(lambda: any(worker.working for worker in workers))
    first = next(worker for worker in workers if worker.working)
    second = next(worker for worker in workers if worker is not first)
    await asyncio.sleep(0.3)
    assert (first.working, second.working) == (True, False)
    await first.end()
    await until(lambda: second.working)
    assert (first.begun, second.begun) == (1, 1)


async def test_whoever_loses_the_connection_goes_on_unless_another_took_over(workers, database):
    await until(lambda: any(worker.working for worker in workers))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        holders = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 21319 AND granted"
        await until(lambda: connection.execute(holders).fetchone() == (1,))
    await until(lambda: sum(worker.working for worker in workers) == 1)


async def test_work_that_fails_begins_anew(database):
    async with open_pool(database, size=2) as pool:
        worker = Worker(pool)
        worker.fails = True
        worker.start()
        await until(lambda: worker.begun == 2 and worker.working)
        await worker.end()
