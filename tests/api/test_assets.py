from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.places import Category
from domain.states import State

GEOJSON = "application/geo+json"

revisions = count(100)


def ids(answer):
    return [one["id"] for one in answer.json().get("bays", answer.json().get("features"))]


def walk(client, path):
    """Every page from this one on; those that lead back to themselves are too many."""
    for _ in range(70):
        answer = client.get(path)
        assert answer.status_code == 200
        yield answer
        path = answer.json()["next"]
        if path:
            assert answer.headers["link"] == f'<{path}>; rel="next"'
        else:
            assert "link" not in answer.headers
            return
    pytest.fail("there is always a next page")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    states=st.lists(st.sampled_from(State), max_size=60),
    limit=st.one_of(st.integers(1, 12), st.integers(13, 1000)),
    asked=st.sampled_from(["", "&state=free", "&site=mill-yard", "&category=ev&state=unknown"]),
    suffix=st.sampled_from(["", ".geojson"]),
)
def test_following_next_visits_every_bay_exactly_once(client, live, make_borough, states, limit, asked, suffix):
    kinds = [Category.GENERAL, Category.EV, None]
    sites = ["mill-yard", "the-green"]
    assets = [(sites[number % 2], kinds[number % 3], state) for number, state in enumerate(states)]
    live.publish(make_borough(assets, revision=next(revisions)))

    pages = list(walk(client, f"/v1/bays{suffix}?limit={limit}{asked}"))
    seen = [one for page in pages for one in ids(page)]
    whole = client.get(f"/v1/bays?limit=1000{asked}")

    assert seen == ids(whole) == sorted(set(seen))
    assert all(page.json()["counts"] == whole.json()["counts"] for page in pages)
    assert whole.json()["counts"]["capacity"] == len(seen)
    assert all(0 < len(ids(page)) <= limit for page in pages[:-1])
    assert len(pages) == max(1, -(-len(seen) // limit))


def test_next_keeps_the_question(client):
    answer = client.get("/v1/bays?limit=1&state=free&category=general&site=mill-yard&bbox=0,51,1,52")

    assert parse_qs(urlsplit(answer.json()["next"]).query) == {
        "limit": ["1"],
        "state": ["free"],
        "category": ["general"],
        "site": ["mill-yard"],
        "bbox": ["0,51,1,52"],
        "cursor": ["asset-0000"],
    }


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("", ["asset-0000", "asset-0001", "asset-0002", "asset-0003", "asset-0004", "asset-0005"]),
        ("?state=free", ["asset-0000", "asset-0001", "asset-0005"]),
        ("?category=disabled", ["asset-0003", "asset-0004"]),
        ("?category=general&state=occupied", ["asset-0002"]),
        ("?site=the-green", []),
        ("?bbox=0.32505,51.4,0.32525,51.5", ["asset-0001", "asset-0002"]),
        ("?bbox=0.3251,51.475,0.3252,51.475", ["asset-0001", "asset-0002"]),
        ("?bbox=0,0,1,1", []),
        ("?bbox=-180,-90,180,90&limit=2", ["asset-0000", "asset-0001"]),
    ],
)
def test_filters_find_what_they_name(client, question, found):
    assert ids(client.get(f"/v1/bays{question}")) == found
    assert ids(client.get(f"/v1/bays.geojson{question}")) == found


@pytest.mark.parametrize(
    ("question", "parameter"),
    [
        ("bbox=1,51,0,52", "bbox"),
        ("bbox=0,52,1,51", "bbox"),
        ("bbox=0,51,1", "bbox"),
        ("bbox=0,51,1,52,3", "bbox"),
        ("bbox=a,b,c,d", "bbox"),
        ("bbox=", "bbox"),
        ("bbox=nan,51,1,52", "bbox"),
        ("bbox=0,51,nan,nan", "bbox"),
        ("bbox=-inf,51,1,52", "bbox"),
        ("bbox=0,51,inf,52", "bbox"),
        ("bbox=-181,51,1,52", "bbox"),
        ("bbox=0,51,1,90.1", "bbox"),
        ("state=empty", "state"),
        ("state=FREE", "state"),
        ("category=lorry", "category"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("colour=red", "colour"),
        ("cursor=" + "x" * 65, "cursor"),
    ],
)
def test_a_wrong_parameter_is_named(client, question, parameter):
    answer = client.get(f"/v1/bays?{question}")

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert [fault["parameter"] for fault in answer.json()["errors"]] == [parameter]
    assert answer.json()["detail"].startswith(f"{parameter}: ")


def test_benches_have_no_category(client):
    assert client.get("/v1/benches?category=ev").status_code == 400
    assert {bench["category"] for bench in client.get("/v1/benches").json()["benches"]} == {None}


def test_bays_of_a_site_that_does_not_exist_are_a_problem_and_not_an_empty_list(client):
    assert client.get("/v1/bays?site=atlantis").status_code == 404


def test_geojson_has_the_longitude_first(client):
    feature = client.get("/v1/bays.geojson?limit=1").json()["features"][0]

    assert feature == {
        "type": "Feature",
        "id": "asset-0000",
        "geometry": {"type": "Point", "coordinates": [0.325, 51.475]},
        "properties": {
            "kind": "bay",
            "site_id": "mill-yard",
            "name": "Number 0",
            "category": "general",
            "state": "free",
            "since": "2026-11-20T11:59:30.000Z",
            "heard_at": "2026-11-20T11:59:30.000Z",
        },
    }


def test_the_suffix_and_the_media_type_are_the_same_features(client):
    by_suffix = client.get("/v1/bays.geojson")
    by_type = client.get("/v1/bays", headers={"Accept": GEOJSON})

    assert by_suffix.headers["content-type"] == by_type.headers["content-type"] == GEOJSON
    assert by_suffix.json() == by_type.json()


@pytest.mark.parametrize(
    ("accept", "is_geojson"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/html", False),
        (GEOJSON, True),
        (GEOJSON.upper(), True),
        (f"{GEOJSON}, application/json", True),
        (f"application/json, {GEOJSON}", False),
        (f"application/json;q=0.5, {GEOJSON}", True),
        (f"{GEOJSON};q=0.5, application/json", False),
        (f"{GEOJSON};q=0.5, */*", False),
        (f"*/*;q=0.1, {GEOJSON};q=0.9", True),
        (f"{GEOJSON}, */*;q=0.8", True),
        (f"{GEOJSON};q=0", False),
        (f"{GEOJSON};q=0, application/json;q=0", False),
        (f"{GEOJSON};q=nonsense", True),
    ],
)
def test_the_reader_chooses_by_accept(client, accept, is_geojson):
    answer = client.get("/v1/bays", headers={"Accept": accept})

    assert answer.headers["content-type"] == (GEOJSON if is_geojson else "application/json")
    assert "accept" in answer.headers["vary"].lower()
