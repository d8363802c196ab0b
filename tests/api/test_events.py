from dataclasses import replace
from datetime import timedelta

import pytest

from domain.states import State

pytestmark = pytest.mark.anyio


def parked(snapshot, asset_id, *, state=State.OCCUPIED):
    """The next revision: one asset has another state."""
    status = replace(snapshot.assets[asset_id], state=state)
    as_of = snapshot.as_of + timedelta(seconds=10)
    return snapshot.changed(revision=snapshot.revision + 1, as_of=as_of, statuses=[status])


async def test_the_first_event_has_every_site_and_no_single_bay(follow, borough):
    async with follow() as stream:
        status, headers = await stream.start()
        name, number, data = await stream.event()

    assert status == 200
    assert headers["content-type"].startswith("text/event-stream")
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
    assert headers["access-control-allow-origin"] == "*"
    assert (name, number, data["revision"]) == ("snapshot", 7, 7)
    assert data["as_of"] == "2026-11-20T12:00:00.000Z"
    assert [site["id"] for site in data["sites"]] == list(borough.sites)
    assert data["assets"] == []


async def test_a_change_has_only_what_changed(follow, live, borough):
    async with follow() as stream:
        await stream.start()
        await stream.event()
        live.publish(parked(borough, "asset-0001"))
        name, number, data = await stream.event()

    assert (name, number, data["revision"], data["as_of"]) == ("change", 8, 8, "2026-11-20T12:00:10.000Z")
    assert [(site["id"], site["counts"]["free"]) for site in data["sites"]] == [("mill-yard", 2)]
    assert data["assets"] == [
        {
            "id": "asset-0001",
            "kind": "bay",
            "site_id": "mill-yard",
            "state": "occupied",
            "since": "2026-11-20T11:59:30.000Z",
            "heard_at": "2026-11-20T11:59:30.000Z",
            "counts": None,
        }
    ]


async def test_a_tick_without_a_change_still_says_that_we_hear(follow, live, borough):
    async with follow() as stream:
        await stream.start()
        await stream.event()
        live.publish(borough.changed(revision=8, as_of=borough.as_of + timedelta(seconds=10), statuses=[]))
        name, _number, data = await stream.event()

    assert (name, data["as_of"], data["sites"], data["assets"]) == ("change", "2026-11-20T12:00:10.000Z", [], [])


async def test_the_sites_of_a_stream_add_up_to_what_the_api_says(follow, live, client, borough):
    sites = {}
    async with follow() as stream:
        await stream.start()
        for number in range(6):
            _name, _number, data = await stream.event()
            sites |= {site["id"]: site for site in data["sites"]}
            if number < 5:
                live.publish(parked(live.snapshot, f"asset-000{number}", state=list(State)[number % 4]))

    assert list(sites.values()) == client.get("/v1/sites").json()["sites"]


async def test_the_stream_ends_with_the_platform(follow, live):
    async with follow() as stream:
        await stream.start()
        await stream.event()
        live.close()

        assert await stream.event() is None
    assert live.followers == 0


async def test_the_seats_are_bounded_and_given_back(follow, monkeypatch, make_app, live):
    from api.routes import events

    monkeypatch.setattr(events, "_MOST_STREAMS", 1)
    app = make_app(live)
    first, refused, later = (follow(app) for _ in range(3))
    async with first as stream:
        assert (await stream.start())[0] == 200
        await stream.event()
        async with refused as second:
            status, headers = await second.start()
        assert (status, headers["content-type"]) == (503, "application/problem+json")
        assert int(headers["retry-after"]) > 0
        assert live.followers == 1
    assert live.followers == 0
    async with later as stream:
        assert (await stream.start())[0] == 200
