"""What is wrong with the data, over the API, for keys with their scope."""

from datetime import date

import pytest
from fastapi.testclient import TestClient

from api.routes.quality import create_router
from domain.quality import Fault, QualityChoice
from tests.api.conftest import NOON
from tests.memory_quality import MemoryQuality

KEY = "sp_abcd1234_" + "s" * 43
OTHER = "sp_other123_" + "s" * 43


async def scopes_of(key):
    return {KEY: frozenset({"quality"}), OTHER: frozenset({"alarms"})}.get(key)


@pytest.fixture
def quality():
    return MemoryQuality()


@pytest.fixture
def client(make_app, live, quality):
    app = make_app(live, routers=[create_router(quality, scopes_of, lambda: NOON)])
    return TestClient(app, headers={"Authorization": f"Bearer {KEY}"})


def test_faults_come_with_their_totals_and_with_coverage(client, quality):
    quality.made(Fault.ABOVE_CAPACITY, times=3, residual=4)
    quality.made(Fault.NEGATIVE, times=2, residual=-8)
    answer = client.get("/v1/quality").json()

    assert answer["totals"] == {"above_capacity": 3, "negative": 2}
    assert answer["events"][0] == {
        "asset": "quarry-level-1",
        "site": "quarry",
        "fault": "above_capacity",
        "day": "2026-11-20",
        "begins_at": "2026-11-20T09:00:00.000Z",
        "ends_at": "2026-11-20T11:00:00.000Z",
        "times": 3,
        "residual": 4,
    }
    quarry, yard = answer["coverage"]
    assert (quarry["known"], quarry["moving"]) == (0.8, 0.4)
    assert (yard["known"], yard["moving"], yard["closed_s"]) == (None, None, 900)


def test_28_days_are_asked_for_if_nobody_says_which(client, quality):
    client.get("/v1/quality")
    client.get("/v1/quality?first_day=2026-01-02&last_day=2026-03-04&site=quarry&asset=a&fault=frozen&limit=5")

    assert quality.asked == [
        QualityChoice(first_day=date(2026, 10, 24), last_day=date(2026, 11, 20)),
        QualityChoice(
            first_day=date(2026, 1, 2), last_day=date(2026, 3, 4), site_id="quarry", asset_id="a",
            fault=Fault.FROZEN, limit=5,
        ),
    ]  # fmt: skip


@pytest.mark.parametrize("query", ["fault=ghost", "first_day=yesterday", "limit=0", "days=3"])
def test_a_question_that_is_none_is_refused(client, query):
    assert client.get(f"/v1/quality?{query}").status_code == 400


def test_other_keys_and_nobody_stay_outside(client):
    assert client.get("/v1/quality", headers={"Authorization": f"Bearer {OTHER}"}).status_code == 403
    assert client.get("/v1/quality", headers={"Authorization": ""}).status_code == 401


def test_the_first_days_of_all_are_no_error(client):
    assert client.get("/v1/quality?last_day=0001-01-05").json()["first_day"] == "0001-01-01"
