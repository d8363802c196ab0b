"""Who stays where, and for how long: one seeded, endless series of visits for each bay or bench."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from domain.categories import Category
from domain.places import Asset, AssetKind
from simulators.demand import PARKING, RESIDENTIAL, SITTING, SLOT, Curve, Stay, rates_of_vacant, slot_of
from simulators.seeds import seeded

WARM_UP = timedelta(days=1)
"""How long before the beginning the first visits may fall, so that the beginning finds cars in place."""
SITTING_STAY = Stay(mean_minutes=15, sigma=math.sqrt(2 * math.log(1.5)))
"""Median 10 minutes, mean 15."""
MEAN_STAY_MINUTES = {
    Category.GENERAL: 75,
    Category.DISABLED: 90,
    Category.EV: 100,
    Category.LOADING: 20,
    Category.PERMIT: 420,
    Category.MOTORCYCLE: 150,
    Category.TAXI: 15,
    Category.CAR_CLUB: 120,
    Category.PARENT: 60,
}
CATEGORY_FACTORS = {
    Category.DISABLED: 0.75,
    Category.EV: 0.9,
    Category.LOADING: 0.8,
    Category.MOTORCYCLE: 0.7,
    Category.CAR_CLUB: 0.8,
}
"""Demand against general bays; 1 where not named."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A car in a bay or people on a bench, from one moment until just before another."""

    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Habit:
    """How a bay or bench is used: the day's curve, scaled by `factor`, and the lengths of stay."""

    curve: Curve
    stay: Stay
    factor: float


def habit_of(asset: Asset, seed: int) -> Habit:
    """The habit of an asset: by its kind and category, and by how popular the seed made its site."""
    popularity = seeded(seed, asset.site_id, "popularity").uniform(0.7, 1.9)
    if asset.kind is AssetKind.BENCH or asset.category is None:
        return Habit(SITTING, SITTING_STAY, popularity)
    stay = Stay(mean_minutes=MEAN_STAY_MINUTES[asset.category], sigma=1.0)
    if asset.category is Category.PERMIT:
        return Habit(RESIDENTIAL, stay, 1.0)
    return Habit(PARKING, stay, popularity * CATEGORY_FACTORS.get(asset.category, 1.0))


def visits(habit: Habit, random: Random, *, begins_at: datetime) -> Iterator[Visit]:
    """Visits in order, without end; the last of those before `begins_at` may still be there then."""
    free_at = begins_at - WARM_UP
    while True:
        arrives_at = _next_arrival(habit, random, free_at)
        minutes = max(1.0, random.lognormvariate(habit.stay.mu, habit.stay.sigma))
        free_at = arrives_at + timedelta(seconds=round(minutes * 60, 3))
        yield Visit(arrives_at, free_at)


def _next_arrival(habit: Habit, random: Random, free_at: datetime) -> datetime:
    """Spend an exponential budget on the rates of one slot after another; where it ends, somebody arrives.

    A second passes at least between two visits, so that no two changes share a moment.
    """
    rates = rates_of_vacant(habit.curve, habit.stay, habit.factor)
    budget = random.expovariate(1.0)
    at = free_at + timedelta(seconds=1)
    while True:
        slot_ends_at = _slot_end(at)
        rate = rates[slot_of(at)]
        spent = rate * ((slot_ends_at - at) / SLOT)
        if spent > budget:
            return at + timedelta(seconds=round(budget / rate * SLOT.total_seconds(), 3))
        budget -= spent
        at = slot_ends_at


def _slot_end(at: datetime) -> datetime:
    past = timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
    return at - past + SLOT
