from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from math import log
from statistics import fmean, pstdev

import pytest

from domain.ids import AssetId, SiteId
from domain.places import Asset, AssetKind, Category
from simulators.demand import PARKING, Stay
from simulators.seeds import seeded
from simulators.visits import SITTING_STAY, Habit, Visit, habit_of, visits

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
BAYS = 400
HABIT = Habit(PARKING, Stay(mean_minutes=75, sigma=1.0), factor=1.0)


@pytest.fixture(scope="module")
def two_days() -> list[Visit]:
    ends_at = MONDAY + timedelta(days=2)
    return [
        visit
        for bay in range(BAYS)
        for visit in takewhile(lambda visit: visit.begins_at < ends_at, visits(HABIT, seeded(1, bay), begins_at=MONDAY))
    ]


def share_at(two_days: list[Visit], at: datetime) -> float:
    return sum(visit.begins_at <= at < visit.ends_at for visit in two_days) / BAYS


@pytest.mark.parametrize("day", [0, 1])
@pytest.mark.parametrize(
    ("hour", "share"), [(3, 0.054), (8, 0.24), (10, 0.48), (13, 0.62), (13.5, 0.62), (16.5, 0.47), (22, 0.10)]
)
def test_many_bays_together_follow_the_curve_of_the_day(
    two_days: list[Visit], day: int, hour: float, share: float
) -> None:
    assert share_at(two_days, MONDAY + timedelta(days=day, hours=hour)) == pytest.approx(share, abs=0.07)


def test_the_curve_is_followed_in_local_time_through_the_summer() -> None:
    monday = datetime(2026, 7, 6, tzinfo=UTC)
    local_eight = monday + timedelta(hours=7)
    there = 0
    for bay in range(BAYS):
        stays = takewhile(lambda visit: visit.begins_at <= local_eight, visits(HABIT, seeded(2, bay), begins_at=monday))
        there += any(visit.ends_at > local_eight for visit in stays)
    assert there / BAYS == pytest.approx(0.24, abs=0.05)


def test_stays_are_lognormal_with_a_mean_of_75_minutes(two_days: list[Visit]) -> None:
    minutes = [(visit.ends_at - visit.begins_at) / timedelta(minutes=1) for visit in two_days]
    assert fmean(minutes) == pytest.approx(75, rel=0.1)
    assert pstdev(map(log, minutes)) == pytest.approx(1.0, abs=0.07)


def test_visits_to_one_bay_never_touch() -> None:
    stream = visits(HABIT, seeded(3), begins_at=MONDAY)
    for earlier, later in pairwise(takewhile(lambda visit: visit.begins_at < MONDAY + timedelta(days=30), stream)):
        assert earlier.begins_at < earlier.ends_at < later.begins_at


def test_half_of_those_who_sit_down_stay_ten_minutes() -> None:
    assert SITTING_STAY.survival(10) == pytest.approx(0.5)
    assert SITTING_STAY.survival(45) == pytest.approx(0.05, abs=0.01)


def bay(site: str, category: Category) -> Asset:
    return Asset(
        asset_id=AssetId(f"{site}-1"),
        site_id=SiteId(site),
        kind=AssetKind.BAY,
        name="Bay 1",
        category=category,
        lon=0.0,
        lat=51.0,
    )


def test_sites_differ_in_demand_and_categories_in_length_of_stay() -> None:
    assert habit_of(bay("a", Category.GENERAL), 7).factor != habit_of(bay("b", Category.GENERAL), 7).factor
    loading, permit = habit_of(bay("a", Category.LOADING), 7), habit_of(bay("a", Category.PERMIT), 7)
    assert loading.stay.mean_minutes < 30 < 120 < permit.stay.mean_minutes
