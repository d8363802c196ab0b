from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.schemas import SiteState
from domain.places import Category
from domain.states import State
from tests.domain.test_zones import assets as zoned
from tests.domain.test_zones import snapshot_of

STATES = ("free", "occupied", "unknown", "closed")
BOROUGHS = st.lists(
    st.tuples(st.sampled_from(["mill-yard", "the-green"]), st.sampled_from([None, *Category]), st.sampled_from(State)),
    max_size=40,
)

revisions = count(100)
# The fixtures of these properties keep nothing between examples but the application.
properties = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def tally(states):
    states = list(states)
    return {"capacity": len(states), **{state: states.count(state) for state in STATES}}


def total(counts):
    counts = list(counts)
    return {key: sum(one[key] for one in counts) for key in ("capacity", *STATES)}


@properties
@given(assets=BOROUGHS)
def test_every_view_counts_the_same(client, live, make_borough, assets):
    live.publish(make_borough(assets, revision=next(revisions)))
    sites = client.get("/v1/sites").json()["sites"]
    bays = client.get("/v1/bays?limit=1000").json()
    geojson = client.get("/v1/bays.geojson?limit=1000").json()
    benches = client.get("/v1/benches?limit=1000").json()

    assert bays["counts"] == tally(bay["state"] for bay in bays["bays"])
    assert geojson["counts"] == tally(bay["properties"]["state"] for bay in geojson["features"])
    assert bays["counts"] == geojson["counts"] == total(site["counts"] for site in sites)
    assert benches["counts"] == tally(bench["state"] for bench in benches["benches"])
    assert benches["counts"] == total(site["benches"] for site in sites)
    for site in sites:
        assert site["counts"] == total(site["categories"].values())
        assert client.get(f"/v1/bays?site={site['id']}&limit=1").json()["counts"] == site["counts"]
        for category, counts in site["categories"].items():
            found = client.get(f"/v1/bays?site={site['id']}&category={category}").json()
            assert found["counts"] == counts
            assert counts["capacity"] > 0


@given(rows=zoned)
def test_zones_add_up_to_their_site_and_each_to_its_capacity(rows):
    snapshot, statuses = snapshot_of(rows)
    for site_id, status in snapshot.sites.items():
        site = SiteState.of(status).model_dump()
        bays = [one for one in statuses if one.asset.site_id == site_id and one.asset.category]
        assert [zone["id"] for zone in site["zones"]] == sorted({one.asset.zone_id for one in bays} - {None})
        outside = tally(one.state for one in bays if one.asset.zone_id is None)
        assert total([outside, *(zone["counts"] for zone in site["zones"])]) == site["counts"]
        for zone in site["zones"]:
            assert zone["counts"] == total(zone["categories"].values())
            assert zone["counts"]["capacity"] == sum(zone["counts"][state] for state in STATES) > 0


@properties
@given(assets=BOROUGHS)
def test_counts_add_up_to_the_capacity(client, live, make_borough, assets):
    live.publish(make_borough(assets, revision=next(revisions)))
    for site in client.get("/v1/sites").json()["sites"]:
        for counts in (site["counts"], site["benches"], *site["categories"].values()):
            assert counts["capacity"] == sum(counts[state] for state in STATES)


def test_a_site_is_what_the_list_says_of_it(client):
    listed = {site["id"]: site for site in client.get("/v1/sites").json()["sites"]}

    assert client.get("/v1/sites/mill-yard").json() == {
        "revision": 7,
        "as_of": "2026-11-20T12:00:00.000Z",
        **listed["mill-yard"],
    }
    assert listed["mill-yard"] == {
        "id": "mill-yard",
        "name": "Mill-Yard",
        "kind": "car_park",
        "locality": "Grays",
        "location": {"lon": 0.325, "lat": 51.475},
        "simulated": False,
        "availability": "spaces",
        "counts": {"capacity": 6, "free": 3, "occupied": 1, "unknown": 1, "closed": 1},
        "categories": {
            "general": {"capacity": 3, "free": 2, "occupied": 1, "unknown": 0, "closed": 0},
            "disabled": {"capacity": 2, "free": 0, "occupied": 0, "unknown": 1, "closed": 1},
            "ev": {"capacity": 1, "free": 1, "occupied": 0, "unknown": 0, "closed": 0},
        },
        "zones": [],
        "benches": {"capacity": 0, "free": 0, "occupied": 0, "unknown": 0, "closed": 0},
        "heard_at": "2026-11-20T11:59:30.000Z",
    }


def test_a_site_that_was_never_heard_says_so(client, live, make_borough):
    live.publish(make_borough([("mill-yard", Category.EV, State.UNKNOWN)], heard_at=None))

    assert client.get("/v1/sites/mill-yard").json()["heard_at"] is None
    assert client.get("/v1/sites/mill-yard").json()["availability"] == "unknown"


def test_an_unknown_site_is_a_problem(client):
    answer = client.get("/v1/sites/atlantis")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "there is no site 'atlantis'",
    }


@pytest.mark.parametrize("path", ["/v1/sites?category=ev", "/v1/sites/mill-yard?state=free"])
def test_a_filter_that_sites_do_not_have_is_refused_and_not_ignored(client, path):
    answer = client.get(path)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] in {"category", "state"}
