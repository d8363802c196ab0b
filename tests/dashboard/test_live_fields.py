import json

from fastapi import FastAPI
from fastapi.testclient import TestClient

from dashboard import live_fields
from dashboard.stream import LiveStream
from domain.states import State


def _events(text: str) -> list[dict]:
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


def test_the_stream_sends_what_the_list_shows(client):
    answer = client.get("/live")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event: places" in answer.text
    assert "id: 41" in answer.text
    event = _events(answer.text)[0]
    assert event["revision"] == 41
    assert event["as_of"] == event["now"] == "2026-07-01T13:30:05.000Z"
    page = client.get("/").text
    assert 'data-revision="41"' in page
    for name, value in event["fields"].items():
        assert f'data-live="{name}"' in page
        assert value in page


def test_the_page_of_a_place_has_an_element_for_every_field_of_its_stream(client):
    for site_id in ("seafront-west", "pier-gardens"):
        page = client.get(f"/sites/{site_id}").text
        fields = _events(client.get("/live", params={"site": site_id}).text)[0]["fields"]
        shown = {name for name in fields if f'data-live="{name}"' in page}
        unused = {name.rpartition(".")[2] for name in set(fields) - shown}
        assert f"{site_id}.status" in shown
        assert unused <= {"unknown", "free", "accessible", "seats", "occupied", "closed"}


def test_nobody_is_told_how_long_a_bench_has_been_in_use(borough):
    fields = live_fields.site_page_fields(borough, "pier-gardens")
    assert any(name.endswith(".state") for name in fields)
    assert not any(name.endswith(".since") for name in fields)


def test_a_change_reaches_the_fields(borough, make_bay, clock):
    bays = [make_bay(number, State.CLOSED, site_id="library") for number in range(24)]
    changed = borough.changed(revision=42, as_of=clock(), statuses=[*bays])
    before, after = live_fields.place_fields(borough), live_fields.place_fields(changed)
    assert (before["library.status"], after["library.status"]) == ("Full", "Closed")
    assert {name.partition(".")[0] for name in before if before[name] != after[name]} == {"library"}


def test_a_stream_of_no_place_is_refused(client):
    assert client.get("/live", params={"site": "nowhere"}).status_code == 404


def test_more_streams_than_the_process_carries_are_sent_away_for_a_while(live, clock):
    app = FastAPI()
    app.include_router(LiveStream(live=live, now=clock, most_streams=0).router())
    answer = TestClient(app).get("/live")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"


def test_streams_that_end_give_their_seats_back(live, clock):
    app = FastAPI()
    app.include_router(LiveStream(live=live, now=clock, most_streams=1).router())
    client = TestClient(app)
    assert [client.get("/live").status_code for _ in range(3)] == [200, 200, 200]


def test_later_streams_of_one_revision_get_the_present_time(client, clock):
    client.get("/live")
    clock.advance(seconds=9)
    event = _events(client.get("/live").text)[0]
    assert event["now"] == "2026-07-01T13:30:14.000Z"
    assert event["as_of"] == "2026-07-01T13:30:05.000Z"
