"""How much benches are used, over HTTP: JSON and CSV, and what is withheld says so and has no number."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from fastapi.testclient import TestClient

from api.routes.history import create_router
from domain.bench_use import BenchSite, BenchSums, ToldBlock, ToldMonth, blocks, period_of, told
from domain.disclosure import PrivacyRules
from domain.errors import InvalidQuestionError
from domain.usual import UsualWeeks

OCTOBER = date(2026, 10, 1)
SITES = (BenchSite("green", "=The Green", "Riverside", 6), BenchSite("quay", "Quay", "Riverside", 2))


class OneMonth:
    """October, in which on Thursdays hardly anybody sat down."""

    async def month(self, month):
        if month not in (None, OCTOBER):
            raise InvalidQuestionError("month", "is told a week after its end, when it is settled")
        rules = PrivacyRules(k=10, benches=5, bucket_hours=12)
        counted = {
            (date(2026, 10, day), hour): BenchSums(
                known_s=30_000,
                open_s=40_000,
                occupied_s=7_500,
                sittings=1 if date(2026, 10, day).isoweekday() == 4 else 20,
                charge_sessions=3,
                energy_mwh=30_500,
            )
            for day in range(1, 32)
            for hour in (0, 12)
        }
        return ToldMonth(
            month=OCTOBER,
            told_at=datetime(2026, 11, 8, tzinfo=UTC),
            rules=rules,
            sites=SITES,
            blocks=tuple(ToldBlock(one, told(counted, period_of(OCTOBER), rules)) for one in blocks(SITES, 5)),
        )


async def no_scopes(_key):
    return None


@pytest.fixture
def client(make_app, live):
    return TestClient(make_app(live, routers=[create_router(None, UsualWeeks({}), OneMonth(), live, no_scopes)]))


def test_days_say_what_was_used_and_withhold_what_few_made(client):
    answer = client.get("/v1/history/benches?each=day").json()
    assert (answer["month"], answer["from"], answer["events_at_least"]) == ("2026-10", "2026-09-30T23:00:00.000Z", 10)
    assert [(one["id"], one["told_in"]) for one in answer["places"]] == [("green", "site"), ("quay", None)]
    assert len(answer["rows"]) == 31
    thursday, friday = answer["rows"][:2]
    assert friday == {
        "place": "green", "day": "2026-10-02", "weekday": None, "hour": None, "benches": 6, "coverage": 0.75,
        "counted_benches": 6, "known_s": 60_000, "occupied_s": 15_000, "share_used": 0.25, "sittings": 40,
        "charging_counted_benches": 0, "charge_sessions": None, "energy_wh": None, "withheld": None,
    }  # fmt: skip
    assert {name for name, value in thursday.items() if value is None} == {
        "weekday", "hour", "known_s", "occupied_s", "share_used", "sittings", "charge_sessions", "energy_wh",
    }  # fmt: skip
    assert (thursday["withheld"], thursday["coverage"], thursday["counted_benches"]) == ("too few", 0.75, 0)


def test_hours_of_the_week_are_told_by_ward_and_in_csv(client):
    path = "/v1/history/benches{}?each=hour_of_week&by=ward"
    rows = client.get(path.format("")).json()["rows"]
    assert [(row["weekday"], row["hour"]) for row in rows[:3]] == [(1, 0), (1, 12), (2, 0)]
    # Ten charge sessions and more are there in a half of a weekday: three each, on four or five days.
    assert (rows[0]["sittings"], rows[0]["charge_sessions"], rows[0]["energy_wh"]) == (80, 12, 122.0)
    lines = list(csv.DictReader(io.StringIO(client.get(path.format(".csv")).text)))
    assert [{name: line[name] for name in row} for line, row in zip(lines, rows, strict=True)] == [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in rows
    ]
    assert lines[0]["place"] == "Riverside"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("month=2026-11", 400), ("month=2026-13", 400), ("month=last", 400), ("each=minute", 400), ("by=bench", 400),
        ("bench=green-1", 400), ("site=atlantis", 404), ("ward=Nowhere", 404), ("site=quay", 200),
    ],
)  # fmt: skip
def test_what_is_not_told_is_refused(client, query, status):
    for suffix in ("", ".csv"):
        assert client.get(f"/v1/history/benches{suffix}?{query}").status_code == status
