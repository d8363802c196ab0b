"""Weeks in which everything changes at once: history stays what it should be, and every answer adds up.

Frames come late, twice and in any order, the register changes, people count and take it back, and what is old goes;
after every few steps history is compared with what it should be, as every night.
"""

import contextlib
import random
from datetime import UTC, datetime, timedelta

import pytest

from domain.disclosure import PrivacyRules
from domain.errors import RegisterRefusedError
from domain.history import PARKING, Audience, By, Question, Selection
from domain.periods import Period, Step
from domain.places import AssetKind
from domain.register import RecordKind
from domain.register_csv import read_register
from domain.uplinks import Kind
from store.closures import ClosureTimes
from store.counting import Tally
from store.history.questions import StoreHistory
from store.history.reconciliation import Reconciliation
from store.history.telling import History
from store.recounts import StoreRecounts
from store.register import StoreRegister
from store.retention import Keep, Retention

pytestmark = [pytest.mark.db, pytest.mark.anyio]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEEP = Keep(journal=60, measurements=60, benches=10, dead_letters=5, security_events=5, commands=5, sign_plays=5)
BAYS = [f"70b3d5000000000{n}" for n in range(1, 5)]
# The clocks go back on the way.
BEGINS = datetime(2026, 10, 15, 12, tzinfo=UTC)
STEPS = 20


class Upheaval:
    """A borough to which things happen by chance."""

    def __init__(self, store, pool, chance):
        self.store, self.pool, self.chance = store, pool, chance
        self.now = BEGINS
        self.register = StoreRegister(pool, now=self.clock)
        self.recounts = StoreRecounts(pool, now=self.clock)
        self.totals = {"in": 100, "out": 90, "energy": 0.0, "sessions": 0}
        self.late = []
        self.number = 0

    def clock(self):
        return self.now

    def before(self, most_hours):
        return self.now - self.chance.uniform(0, most_hours) * HOUR

    def grown(self, name, most):
        self.totals[name] += self.chance.randint(0, most)
        return self.totals[name]

    async def hear(self, frame, noon):
        """Some frames, of the last hour, day or month; others wait."""
        kinds, found = [Kind.EVENT, Kind.HEARTBEAT], []
        for _ in range(self.chance.randint(1, 25)):
            at, self.number = self.before(self.chance.choice([1, 48, 500])), self.number + 1
            device, said = self.chance.choice(
                [
                    (self.chance.choice(BAYS), lambda: {"occupied": self.chance.random() < 0.5}),
                    ("bench-green-1", self.bench),
                    ("gate-quarry-1", self.gate),
                ]
            )
            minutes = [(moment - noon) / timedelta(minutes=1) for moment in (at, self.now)]
            found.append(
                frame(
                    device, self.number, minute=minutes[0], received_minute=minutes[1],
                    kind=self.chance.choice(kinds), **said(),
                )
            )  # fmt: skip
        self.late += found[::5]
        arrived = [one for number, one in enumerate(found) if number % 5]
        if self.chance.random() < 0.3:
            arrived, self.late = arrived + self.late, []
        self.chance.shuffle(arrived)
        await self.store.write([*arrived, *arrived[:2]], [])

    def bench(self):
        return {
            "occupants": self.chance.randint(0, 5),
            "energy_wh_total": self.grown("energy", 30),
            "charge_sessions_total": self.grown("sessions", 2),
        }

    def gate(self):
        return {"vehicles_in_total": self.grown("in", 4), "vehicles_out_total": self.grown("out", 4)}

    async def line(self, columns, values):
        entries = read_register(f"{columns}\n{values}\n".encode(), silent_after=lambda _model: HOUR).entries
        await self.register.write(entries, actor="me", what="something")

    async def change(self):
        """One thing, which may be refused."""
        pick, bay = self.chance.choice, f"mill-yard-{self.chance.randint(1, 4)}"
        since, until = (self.before(500) + days * DAY for days in (0, self.chance.randint(1, 30)))
        place = "record,id,site,name,kind,lon,lat"
        lines = [
            ("record,id,asset,reason,begins_at,ends_at,weekdays",
             f"closure,works,{bay},Works,{since.isoformat()},{until.isoformat()},{pick(['', 'mon sat sun'])}"),
            (f"{place},seats", f"asset,green-bench-1,the-green,Bench,bench,0.36,51.46,{self.chance.randint(2, 5)}"),
            (f"{place},category", f"asset,mill-yard-1,mill-yard,One,bay,0.32,51.47,{pick(['general', 'ev'])}"),
            (f"{place},capacity,anchor_at,anchor_taken",
             f"asset,quarry-roof,quarry,Roof,area,0.3,51.5,{self.chance.randint(8, 14)},{pick(['03:30', '01:30'])},0"),
            (f"{place},area,direction",
             f"asset,quarry-ramp,quarry,Ramp,gate,0.33,51.48,quarry-roof,{pick(['in', 'out', 'both'])}"),
            ("record,device,asset,begins_at,debounce_s",
             f"installation,{pick(BAYS)},{bay},{self.before(40).isoformat()},{pick(['', 30, 600])}"),
        ]  # fmt: skip
        deeds = [
            *(lambda one=one: self.line(*one) for one in lines),
            lambda: self.recounts.recount("quarry-roof", self.chance.randint(0, 8), at=self.before(90), by="me"),
            self.withdraw,
            self.uninstall,
            lambda: Retention(self.pool, KEEP, now=self.clock).forget(within_s=60),
        ]
        with contextlib.suppress(RegisterRefusedError):
            await pick(deeds)()
        await self.store.refresh()

    async def withdraw(self):
        area = await self.recounts.area("quarry-roof", first_day=BEGINS.date(), last_day=self.now.date())
        left = [one.recount_id for one in area.recounts if one.withdrawn_at is None]
        if left:
            await self.recounts.withdraw(self.chance.choice(left), by="you")

    async def uninstall(self):
        installed = (await self.register.records())[RecordKind.INSTALLATION]
        there = sorted(key for key, one in installed.items() if str(one["asset"]).startswith("mill"))
        await self.register.remove(RecordKind.INSTALLATION, self.chance.choice(there), actor="me")


async def assert_adds_up(pool, now, days):
    """Every way to ask the same gives the same, and states make up all of the time."""
    asked = StoreHistory(pool, rules=PrivacyRules(k=1))
    period = Period(since=now - days * DAY, until=now).widened(Step.DAY)
    for kind, who in ((PARKING, Audience.PUBLIC), (frozenset({AssetKind.BENCH}), Audience.MANAGERS)):
        question = Question(selection=Selection(kinds=kind), period=period, audience=who, by=By.BAY)
        summary = await asked.summary(question)
        totals = [summary.total, (await asked.series(question, Step.DAY)).total, (await asked.grid(question)).total]
        for figures in (*totals, *summary.groups.values()):
            assert figures.sums.total_s == figures.capacity * figures.seconds
            assert figures.sums.unknown_s >= 0
        assert totals[0] == totals[1] == totals[2]


@pytest.mark.parametrize("seed", [1, 35])
async def test_history_is_what_it_should_be_whatever_happens(database, open_store, counted_borough, noon, frame, seed):
    chance = random.Random(seed)
    async with open_store(database, counted_borough, BEGINS - 60 * DAY) as (store, pool):
        borough = Upheaval(store, pool, chance)
        history, tally = History(pool, now=borough.clock), Tally(pool, now=borough.clock)
        for step in range(STEPS):
            borough.now += timedelta(minutes=chance.choice([7, 61, 300, 1500, 2880]))
            await borough.hear(frame, noon)
            await borough.change()
            await ClosureTimes(pool, now=borough.clock).catch_up()
            if chance.random() < 0.7:
                await store.tick(as_of=borough.now)
            await tally.catch_up()
            await history.catch_up()
            if step % 4 == 3:
                found = await Reconciliation(pool, now=borough.clock).reconcile(every=1)
                assert found.is_equal, (step, found, found.examples)
                await assert_adds_up(pool, borough.now, chance.choice([1, 9, 40]))
