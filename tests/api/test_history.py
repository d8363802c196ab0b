"""Questions about the past over HTTP: JSON and CSV, what is understood, what is refused, and what only keys may see."""

import csv
import io
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from api.routes.history import create_router
from domain.history import HOURS_OF_A_WEEK, By
from domain.places import AssetKind, Category
from domain.usual import Usual, UsualWeeks
from tests.api.conftest import NOON
from tests.brute_history import BruteAsset, BruteHistory

KEY = "sp_abcd1234_" + "s" * 43
OTHER = "sp_other123_" + "s" * 43
FREE, TAKEN = ("free", 0, "observed"), ("occupied", 1, "observed")
UNKNOWN, CLOSED = ("unknown", 0, "observed"), ("closed", 0, "observed")
HOURS = 36
ORIGIN = NOON - timedelta(hours=HOURS)


async def scopes_of(key):
    return {KEY: frozenset({"history"}), OTHER: frozenset({"ingest"})}.get(key)


def bay(number, hours, **more):
    """A bay whose moments are given hour by hour, and that begins with its first known one."""
    moments = [hour for hour in hours for _ in range(3600)]
    changes = [
        (second, moments[second][1], 1 - moments[second][1])
        for second in range(1, len(moments))
        if moments[second] != moments[second - 1] and {moments[second], moments[second - 1]} == {FREE, TAKEN}
    ]
    given = {"asset_id": f"bay-{number}", "site": "mill-yard", "category": Category.GENERAL, "ward": "Riverside"}
    return BruteAsset(**given | {"moments": moments, "changes": changes, "name": f"Bay {number}"} | more)


@pytest.fixture
def assets():
    return [
        bay(1, [FREE, TAKEN] * (HOURS // 2) + [FREE], limit_s=1800),
        bay(2, [TAKEN] * 30 + [UNKNOWN] * 3 + [FREE] * 4, category=Category.DISABLED),
        bay(3, [None] * 20 + [CLOSED] * 5 + [FREE] * 12, name="=SUM(A1)", site="the-green", ward=None),
        bay(4, [TAKEN] * 37, home_linked=True, site="the-green", ward=None),
        bay(5, [FREE, TAKEN] * 18 + [FREE], kind=AssetKind.BENCH, category=None, site="the-green", ward=None),
    ]


@pytest.fixture
def questions(assets):
    return BruteHistory(ORIGIN, assets, NOON)


@pytest.fixture
def client(make_app, live, questions):
    usual = UsualWeeks({("mill-yard", None): [Usual(share_free=0.25, weeks=3), *[None] * (HOURS_OF_A_WEEK - 1)]})
    app = make_app(live, routers=[create_router(questions, usual, None, live, scopes_of)])
    return TestClient(app)


def as_manager(client, path):
    return client.get(path, headers={"Authorization": f"Bearer {KEY}"})


def test_a_site_step_by_step_is_as_the_contract_says(client):
    answer = client.get("/v1/history/sites/mill-yard?step=1d&last=2d").json()

    assert answer["period"] | {"hours": 0} == {
        "from": "2026-11-18T00:00:00.000Z",
        "to": "2026-11-20T12:00:00.000Z",
        "step": "1d",
        "time_zone": "Europe/London",
        "from_local": "2026-11-18T00:00:00+00:00",
        "to_local": "2026-11-20T12:00:00+00:00",
        "hours": 0,
    }
    assert (answer["as_of"], answer["selection"]["site"]) == ("2026-11-20T12:00:00.000Z", "mill-yard")
    assert [row["begin"] for row in answer["rows"]] == [f"2026-11-{day}T00:00:00.000Z" for day in (18, 19, 20)]
    nothing, whole, half = answer["rows"]
    assert (nothing["capacity"], nothing["coverage"], nothing["occupancy"]) == (0, None, None)
    assert (whole["capacity"], whole["seconds"], whole["free_s"], whole["occupied_s"]) == (
        2,
        86_400,
        12 * 3600,
        36 * 3600,
    )
    assert (half["seconds"], half["unknown_s"], half["arrivals"]) == (12 * 3600, 3 * 3600, 6)
    assert half["coverage"] == round(21 / 24, 4)
    assert half["end"] == "2026-11-20T12:00:00.000Z"
    assert answer["total"]["occupancy"] == round((18 + 30) / (36 + 33), 4)


def test_rows_add_up_whatever_is_asked(client):
    for step in ("15m", "1h", "1d", "1w", "1mo"):
        for where in ("sites/mill-yard?", "sites/mill-yard?category=disabled&", "bays/bay-3?", "series?"):
            answer = client.get(f"/v1/history/{where}step={step}&last=2d").json()
            for row in [*answer["rows"], answer["total"]]:
                total = row["free_s"] + row["occupied_s"] + row["unknown_s"] + row["closed_s"]
                assert total == row["capacity"] * row["seconds"], (step, where, row)


def test_csv_by_suffix_or_by_preference_says_the_same(client):
    path = "/v1/history/summary{}?by=bay&last=2d"
    rows = client.get(path.format("")).json()["rows"]
    by_suffix = client.get(path.format(".csv"))
    by_header = client.get(path.format(""), headers={"Accept": "text/csv"})

    assert by_suffix.headers["content-type"] == "text/csv; charset=utf-8"
    assert by_suffix.headers["content-disposition"] == 'attachment; filename="history-summary.csv"'
    assert by_header.text == by_suffix.text
    lines = list(csv.DictReader(io.StringIO(by_suffix.text)))
    assert [line["id"] for line in lines] == [row["id"] for row in rows] == ["bay-1", "bay-2", "bay-3"]
    # No spreadsheet runs a name.
    assert [line["name"] for line in lines] == ["Bay 1", "Bay 2", "'=SUM(A1)"]
    for line, row in zip(lines, rows, strict=True):
        assert {key: line[key] for key in row if key != "name"} == {
            key: "" if value is None else str(value) for key, value in row.items() if key != "name"
        }
        assert (line["as_of"], line["period_from"]) == ("2026-11-20T12:00:00.000Z", "2026-11-18T12:00:00.000Z")
    assert "Authorization" in by_suffix.headers["vary"]
    empty = client.get("/v1/history/summary.csv?by=bay&last=2d&category=ev").text
    assert empty.splitlines() == [by_suffix.text.splitlines()[0]]


def test_every_answer_says_what_waits_to_be_told(client, questions):
    stamped = ("sites/mill-yard", "bays/bay-1", "series", "summary", "stays", "peaks", "week", "compare")
    for path in stamped:
        answer = client.get(f"/v1/history/{path}?last=2d").json()
        assert (answer["untold_bays"], answer["untold_from"]) == (0, None), path
    questions.untold_from = NOON - timedelta(hours=1)
    for path in stamped:
        answer = client.get(f"/v1/history/{path}?last=2d").json()
        bays = {"sites/mill-yard": 2, "bays/bay-1": 1}.get(path, 3)
        assert (answer["untold_bays"], answer["untold_from"]) == (bays, "2026-11-20T11:00:00.000Z"), path
    assert (answer["other_untold_bays"], answer["other_untold_from"]) == (3, "2026-11-20T11:00:00.000Z")
    [line, *_] = csv.DictReader(io.StringIO(client.get("/v1/history/summary.csv?last=2d").text))
    assert line["untold_from"] == "2026-11-20T11:00:00.000Z"


def test_every_answer_says_of_how_many_bays_nothing_is_known(client, questions):
    """They count in no figure, and would be missing from them unnoticed."""
    questions.assets += [bay(6, [None] * 37, capacity=3), bay(7, [None] * 37, home_linked=True)]
    stamped = ("sites/mill-yard", "series", "summary", "stays", "peaks", "week", "compare")
    for path in stamped:
        answer = client.get(f"/v1/history/{path}?last=2d").json()
        assert answer["unheard_bays"] == 3, path
        assert answer["total"]["capacity"] == (2 if path == "sites/mill-yard" else 3), path
    # A bay that began later is one of them, in a time before.
    assert client.get("/v1/history/summary?from=2026-11-19&to=2026-11-19T12:00Z").json()["unheard_bays"] == 4
    assert answer["other_unheard_bays"] == 3 + 3
    assert as_manager(client, "/v1/history/series?last=2d").json()["unheard_bays"] == 4
    [line, *_] = csv.DictReader(io.StringIO(client.get("/v1/history/summary.csv?last=2d").text))
    assert line["unheard_bays"] == "3"


def test_groups_come_in_the_order_asked_for_a_page_at_a_time(client):
    busiest = client.get("/v1/history/summary?by=bay&order=busiest&last=2d&limit=2").json()
    assert [row["id"] for row in busiest["rows"]] == ["bay-2", "bay-1"]
    following = client.get(busiest["next"]).json()
    assert ([row["id"] for row in following["rows"]], following["next"]) == (["bay-3"], None)
    emptiest = client.get("/v1/history/summary?by=bay&order=emptiest&last=2d").json()
    assert [row["id"] for row in emptiest["rows"]] == ["bay-3", "bay-1", "bay-2"]
    assert client.get("/v1/history/summary?by=bay&cursor=gone").status_code == 400
    by_ward = client.get("/v1/history/summary?by=ward").json()["rows"]
    assert [(row["id"], row["capacity"]) for row in by_ward] == [("", 1), ("Riverside", 2)]
    [accessible] = [
        row for row in client.get("/v1/history/summary?by=category").json()["rows"] if row["id"] == "disabled"
    ]
    assert accessible["arrivals"] == 0


def test_a_file_has_all_rows_unless_fewer_are_asked_for(client, questions):
    questions.assets += [bay(number, [FREE] * 37) for number in range(10, 130)]
    path = "/v1/history/summary{}?by=bay&last=2d"
    pages = client.get(path.format("")).json()
    assert (len(pages["rows"]), pages["next"] is None) == (100, False)
    whole = client.get(path.format(".csv"))
    assert ("link" in whole.headers, len(whole.text.splitlines())) == (False, 1 + 3 + 120)
    part = client.get(path.format(".csv") + "&limit=2")
    assert (part.links["next"]["url"].startswith("/v1/history/summary.csv?"), len(part.text.splitlines())) == (True, 3)
    assert part.text.splitlines() == whole.text.splitlines()[:3]


def test_an_hour_of_which_little_is_known_does_not_stand_out(client, questions):
    known = [UNKNOWN] * 12 + [FREE, TAKEN] + [UNKNOWN] * 10
    # Taken for a quarter of an hour of the first one, and otherwise nobody knows.
    questions.assets += [bay(8, known + [TAKEN] + [UNKNOWN] * 12, site="quay")]
    questions.assets[-1].moments[24 * 3600 + 900 : 25 * 3600] = [UNKNOWN] * 2700
    [row] = client.get("/v1/history/peaks?site=quay&by=site&last=36h").json()["rows"]
    assert (row["occupancy_by_hour"][0], row["fullest_hour"], row["fullest_occupancy"]) == (1.0, 13, 1.0)


def test_stays_have_a_length_where_they_are_whole(client):
    answer = client.get("/v1/history/stays?by=bay&last=2d").json()
    first, second, _ = answer["rows"]
    assert (first["whole"], first["median_s"], first["p95_s"], first["mean_s"]) == (17, 3600, 3600, 3600.0)
    assert (first["limited"], first["overstays"], first["overstay_share"], first["over_s"]) == (17, 17, 1.0, 17 * 1800)
    assert (first["running"], first["overdue"]) == (1, 1)
    # Silence cut it short: nobody knows how long it was.
    assert (second["whole"], second["cut"], second["median_s"], second["coverage"]) == (0, 1, None, round(33 / 48, 4))
    # Of fewer than ten no length is told in public.
    few = "/v1/history/stays?by=bay&from=2026-11-20T06:00Z&to=2026-11-20T12:00Z"
    told = client.get(few).json()["rows"][0]
    assert (told["whole"], told["median_s"]) == (3, None)
    assert as_manager(client, few).json()["rows"][0]["median_s"] == 3600


def test_the_week_and_the_peaks_are_those_of_uk_clocks(client):
    answer = client.get("/v1/history/week?site=mill-yard&last=2d").json()
    assert len(answer["rows"]) == 168
    friday = {row["hour"]: row for row in answer["rows"] if row["weekday"] == 5}
    assert (friday[11]["occupied_s"], friday[11]["free_s"], friday[13]["seconds"]) == (3600, 3600, 0)
    peaks = client.get("/v1/history/peaks?by=site&last=2d").json()
    assert [row["id"] for row in peaks["rows"]] == ["mill-yard", "the-green"]
    assert len(peaks["peak"]["occupancy_by_hour"]) == 24
    assert peaks["rows"][0]["fullest_hour"] == 1
    assert peaks["rows"][1]["fullest_occupancy"] == 0
    lines = client.get("/v1/history/peaks.csv?by=site&last=2d").text.splitlines()
    assert lines[0].split(",")[-6:] == [
        "occupancy_by_hour_23", "period_from", "period_to", "as_of", "untold_from", "unheard_bays",
    ]  # fmt: skip
    assert client.get("/v1/history/peaks.csv?by=site&last=2d&category=ev").text.splitlines() == lines[:1]


def test_two_periods_stand_beside_one_another(client):
    answer = client.get("/v1/history/compare?by=site&site=mill-yard&from=2026-11-20&to=2026-11-21").json()
    assert answer["other_period"]["from"] == "2026-11-19T00:00:00.000Z"
    # Half of that day is over, and so it is compared with as much of the day before.
    assert answer["other_period"]["to"] == "2026-11-19T12:00:00.000Z"
    [row] = answer["rows"]
    assert row["difference"]["occupancy"] == round(12 / 21 - 18 / 24, 4)
    assert answer["difference"]["arrivals"] == 6 - 6
    chosen = client.get(
        "/v1/history/compare?from=2026-11-20&to=2026-11-21&other_from=2026-11-18&other_to=2026-11-19"
    ).json()
    assert (chosen["other_total"]["capacity"], chosen["difference"]["occupancy"]) == (0, None)
    year = client.get("/v1/history/compare?from=2026-11-20&to=2026-11-21&against=year_before").json()
    assert year["other_period"]["from"] == "2025-11-21T00:00:00.000Z"
    [line] = csv.DictReader(io.StringIO(client.get("/v1/history/compare.csv?by=ward&site=mill-yard&last=1d").text))
    assert (line["this_free_s"], line["period_from"]) == (str(15 * 3600), "2026-11-19T12:00:00.000Z")
    assert (line["other_period_from"], line["other_period_to"]) == (
        "2026-11-18T12:00:00.000Z", "2026-11-19T12:00:00.000Z"
    )  # fmt: skip


def test_what_is_private_takes_a_key(client):
    assert client.get("/v1/history/bays/bay-4").status_code == 404
    assert as_manager(client, "/v1/history/bays/bay-4").json()["total"]["occupancy"] == 1.0
    everybody = client.get("/v1/history/summary?by=bay&last=2d").json()
    assert ([row["id"] for row in everybody["rows"]], everybody["withheld_bays"]) == (["bay-1", "bay-2", "bay-3"], 1)
    assert len(as_manager(client, "/v1/history/summary?by=bay&last=2d").json()["rows"]) == 4
    assert client.get("/v1/history/series?kind=bench").status_code == 403
    benches = as_manager(client, "/v1/history/series?kind=bench&last=2d&step=1d")
    assert benches.json()["total"]["capacity"] == 1
    assert benches.headers["cache-control"] == "private, no-store"
    assert client.get("/v1/history/stuck").status_code == 401
    for key, status in (("x", 401), (OTHER, 403)):
        for path in ("/v1/history/summary", "/v1/history/stuck"):
            assert client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code == status


def test_stuck_bays_are_told_to_those_who_mend_them(client):
    answer = as_manager(client, "/v1/history/stuck?days=1").json()
    assert answer["looked_at"] == 4
    assert [(row["id"], row["reason"], row["state"]) for row in answer["rows"]] == [
        ("bay-2", "no_change", "free"),
        ("bay-4", "no_change", "occupied"),
    ]
    assert "expected_changes" in as_manager(client, "/v1/history/stuck.csv").text


def test_what_is_usual_is_null_where_it_is_not_known(client):
    answer = client.get("/v1/history/usual?site=mill-yard").json()
    assert answer["rows"][0] == {"weekday": 1, "hour": 0, "share_free": 0.25, "weeks": 3}
    assert answer["rows"][167] == {"weekday": 7, "hour": 23, "share_free": None, "weeks": 0}
    assert client.get("/v1/history/usual?site=atlantis").status_code == 404


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("sites/mill-yard?from=yesterday", "from"),
        ("sites/mill-yard?last=2d&from=2026-11-01", "last"),
        ("sites/mill-yard?step=5m", "step"),
        ("sites/mill-yard?from=2026-11-02&to=2026-11-01", "to"),
        ("series?category=camper", "category"),
        ("series?colour=red", "colour"),
        ("summary?by=owner", "by"),
        ("summary?limit=0", "limit"),
        ("stays?order=best", "order"),
        ("compare?against=never", "against"),
        ("compare?other_from=2026-11-02&other_to=2026-11-01", "other_to"),
        ("compare?other_to=2026-11-01", "other_from"),
        ("usual", "site"),
    ],
)
def test_bad_parameters_are_problems_that_name_them(client, path, parameter):
    for suffix in ("", ".csv"):
        place, _, query = path.partition("?")
        answer = client.get(f"/v1/history/{place}{suffix}?{query}")
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["parameter"].removesuffix("_") in {parameter, "extra"}


def test_unknown_places_are_not_found(client):
    for path in ("sites/atlantis", "bays/bay-99", "summary?site=atlantis", "bays/bay-4.csv"):
        assert client.get(f"/v1/history/{path}").status_code == 404


def test_every_answer_is_in_the_document(client):
    paths = client.get("/openapi.json").json()["paths"]
    history = [path for path in paths if path.startswith("/v1/history")]
    assert len(history) == 2 * 11
    for path in history:
        operation = paths[path]["get"]
        content = operation["responses"]["200"]["content"]
        assert "text/csv" in content, path
        assert path.endswith(".csv") or "$ref" in content["application/json"]["schema"], path
        assert "422" not in operation["responses"]


def test_every_way_to_group_has_an_answer(client):
    for by in By:
        assert client.get(f"/v1/history/summary?by={by}&last=2d").status_code == 200
