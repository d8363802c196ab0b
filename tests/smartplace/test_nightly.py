"""The night's work: half past three by the clock on the wall, once, and again where it failed."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from domain.errors import StoreUnavailableError
from smartplace import nightly
from smartplace.nightly import Nightly, keep, night_of
from smartplace.settings import Settings
from store.pool import open_pool

pytestmark = pytest.mark.db


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-20T03:29:59", None),
        ("2026-11-20T03:30:00", 20),
        ("2026-11-20T23:59:59", 20),
        # In summer half past three is half past two.
        ("2026-07-10T02:30:00", 10),
        ("2026-07-10T02:29:00", None),
        # The nights of 23 and of 25 hours have it once, like others.
        ("2026-03-29T02:30:00", 29),
        ("2026-10-25T03:30:00", 25),
        ("2026-10-25T03:29:00", None),
    ],
)
def test_it_begins_at_half_past_three(moment, day):
    night = night_of(datetime.fromisoformat(moment).replace(tzinfo=UTC))

    assert (night and night.day) == day


@pytest.fixture
def worked(monkeypatch):
    """The nights in which somebody worked."""
    nights = []

    async def work(self):
        nights.append(self.now())
        await asyncio.sleep(0)

    monkeypatch.setattr(Nightly, "_work", work)
    return nights


@pytest.mark.anyio
async def test_many_look_and_one_works(database, worked):
    clock = [datetime(2026, 11, 20, 3, 29, tzinfo=UTC)]
    async with open_pool(database, size=4) as pool:
        nights = [Nightly(pool, Settings(), lambda: clock[0]) for _ in range(4)]
        assert not any(await asyncio.gather(*(night.look() for night in nights)))
        for _ in range(3):
            clock[0] += timedelta(minutes=1)
            await asyncio.gather(*(night.look() for night in nights))
        assert worked == [datetime(2026, 11, 20, 3, 30, tzinfo=UTC)]
        clock[0] += timedelta(days=1)
        await asyncio.gather(*(night.look() for night in nights))
        # A clock that was ahead has not done the nights to come.
        clock[0] -= timedelta(days=400)
        await asyncio.gather(*(night.look() for night in nights))

    assert len(worked) == 3


@pytest.mark.anyio
async def test_a_night_that_fails_is_tried_again(database, worked, monkeypatch):
    working = Nightly._work

    async def fails(_self):
        raise StoreUnavailableError("away")

    now = datetime(2026, 11, 20, 4, tzinfo=UTC)
    async with open_pool(database, size=2) as pool:
        night = Nightly(pool, Settings(), lambda: now)
        monkeypatch.setattr(Nightly, "_work", fails)
        with pytest.raises(StoreUnavailableError):
            await night.look()
        monkeypatch.setattr(Nightly, "_work", working)
        assert await night.look()

    assert worked == [now]


@pytest.mark.anyio
async def test_what_is_old_goes_by_the_settings(database, caplog):
    now = datetime(2026, 11, 20, 4, tzinfo=UTC)
    with psycopg.connect(database, autocommit=True) as connection:
        for days in (8, 6):
            connection.execute(
                "INSERT INTO dead_letter (fingerprint, reason, detail, topic, payload, first_at, last_at)"
                " VALUES (%s, 'r', 'd', 't', '', %s, %s)",
                [str(days).encode(), now, now - timedelta(days=days)],
            )
    caplog.set_level("INFO", logger=nightly.__name__)
    async with open_pool(database, size=2) as pool:
        await Nightly(pool, Settings(keep_dead_letters_days=7), lambda: now).look()

    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM dead_letter").fetchone() == (1,)
    assert [record.action for record in caplog.records] == ["forgotten", "reconciled"]


def test_what_nobody_set_is_kept_for_thirteen_months():
    kept = keep(Settings())

    assert (kept.journal, kept.measurements, kept.benches) == (396, 396, 30)
