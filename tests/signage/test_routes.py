"""Signs over HTTP."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from signage.player import STATIC_DIR, version

FRAME = "/v1/signs/harbour-road/frame"


class Wrist:
    """A clock to set."""

    def __init__(self, time) -> None:
        self.time = time

    def __call__(self):
        return self.time

    def forward(self, seconds) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock(now) -> Wrist:
    return Wrist(now)


@pytest.fixture
def client(create_app, live, clock) -> TestClient:
    return TestClient(create_app(live, now=clock))


def test_all_signs_are_listed_with_their_frame_and_page(client):
    assert client.get("/v1/signs").json() == {
        "revision": 7,
        "as_of": "2026-03-02T14:32:10.000Z",
        "signs": [
            {
                "id": "harbour-road",
                "name": "Harbour Road",
                "site_id": "north",
                "lon": -1.47,
                "lat": 50.9,
                "frame": "/v1/signs/harbour-road/frame",
                "page": "/signs/harbour-road",
            }
        ],
    }


def test_a_frame_has_the_agreed_shape(client, clock):
    clock.forward(1.5)
    body = client.get(FRAME).json()
    assert len(body.pop("frame_id")) == 32
    assert body.pop("lines")[0] == {
        "key": "north",
        "label": "North car park",
        "state": "spaces",
        "count": 4,
        "display": "4",
        "arrow": "left",
        "observed_at": "2026-03-02T14:31:40.000Z",
        "coverage": 1.0,
        "stale": False,
        "labels": {},
        "word": "Spaces",
        "basis": "measured",
        "mode": "auto",
    }
    assert body == {
        "sign_id": "harbour-road",
        "revision": 7,
        "generated_at": "2026-03-02T14:32:11.500Z",
        "as_of": "2026-03-02T14:32:10.000Z",
        "valid_until": "2026-03-02T14:33:10.000Z",
        "valid_for_s": 58.5,
        "title": "Harbour Road",
        "message": None,
        "titles": {},
        "languages": ["en"],
        "messages": [],
        "brightness": None,
        "lit": True,
        "layout": "landscape",
        "width_px": 1920,
        "height_px": 1080,
        "layout_version": 1,
        "expired_message": "No current information",
        "expired_word": "No recent data",
    }


def test_times_of_any_zone_are_written_in_utc(create_app, live, borough, now):
    from zoneinfo import ZoneInfo

    live.publish(borough(as_of=now.astimezone(ZoneInfo("Asia/Tokyo"))))
    answer = TestClient(create_app(live, now=lambda: now)).get(FRAME)
    assert answer.json()["as_of"] == "2026-03-02T14:32:10.000Z"
    assert answer.headers["smartplace-valid-until"] == "2026-03-02T14:33:10.000Z"


def test_the_frame_id_is_a_strong_etag(client):
    answer = client.get(FRAME)
    assert answer.headers["etag"] == f'"{answer.json()["frame_id"]}"'


def test_a_304_has_no_body_and_renews_the_frame_by_its_headers(client, clock, live, borough, now):
    etag = client.get(FRAME).headers["etag"]
    clock.forward(20)
    live.publish(borough(as_of=now + timedelta(seconds=20), revision=8))
    answer = client.get(FRAME, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag
    assert answer.headers["smartplace-valid-until"] == "2026-03-02T14:33:30.000Z"
    assert answer.headers["smartplace-valid-for"] == "60.000"
    assert answer.headers["smartplace-revision"] == "8"
    assert answer.headers["cache-control"] == "max-age=10, must-revalidate"


@pytest.mark.parametrize("form", ["W/{}", '"other", {}', "*"])
def test_every_form_of_if_none_match_is_understood(client, form):
    etag = client.get(FRAME).headers["etag"]
    assert client.get(FRAME, headers={"If-None-Match": form.format(etag)}).status_code == 304


def test_another_etag_gets_the_whole_frame(client):
    assert client.get(FRAME, headers={"If-None-Match": '"other"'}).status_code == 200


def test_expiry_changes_the_etag_with_no_new_reading(client, clock):
    etag = client.get(FRAME).headers["etag"]
    clock.forward(60)
    answer = client.get(FRAME, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert answer.json()["message"] == "No current information"
    assert {line["display"] for line in answer.json()["lines"]} == {"--"}


@pytest.mark.parametrize(("age_s", "max_age"), [(0, 10), (49.5, 10), (55.5, 4), (59.5, 0), (61, 0)])
def test_no_cache_may_keep_a_frame_beyond_its_validity(client, clock, age_s, max_age):
    clock.forward(age_s)
    assert client.get(FRAME).headers["cache-control"] == f"max-age={max_age}, must-revalidate"


@pytest.mark.parametrize("path", ["/v1/signs/nowhere/frame", "/v1/signs/nowhere/stream"])
def test_an_unknown_sign_is_the_application_s_404(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_page_is_complete_without_script(client):
    answer = client.get("/signs/harbour-road")
    assert answer.status_code == 200
    for text in (
        '<html lang="en-GB">',
        '<noscript><meta http-equiv="refresh" content="10"></noscript>',
        'data-sign="harbour-road"',
        'data-revision="7"',
        'data-blank="false"',
        '<h1><span data-field="title">Harbour Road</span></h1>',
        '<span data-field="display">4</span>',
        '<span data-field="display">FULL</span>',
        "to the left",
        'Shown at <time data-field="shown-at">14:32:10</time>, not valid after',
        '<time data-field="valid-until">14:33:10</time>',
    ):
        assert text in answer.text


def test_the_page_speaks_uk_time_in_summer(create_app, live, borough, now):
    summer = now.replace(month=7)
    live.publish(borough(as_of=summer))
    assert ">15:32:10</time>" in TestClient(create_app(live, now=lambda: summer)).get("/signs/harbour-road").text


def test_the_expired_page_is_blank(client, clock):
    clock.forward(60)
    page = client.get("/signs/harbour-road").text
    assert 'data-blank="true"' in page
    assert 'data-field="message">No current information<' in page
    assert page.count('<span data-field="display">--</span>') == 4


def test_the_page_allows_nothing_inline_and_has_nothing_inline(client):
    answer = client.get("/signs/harbour-road")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert answer.headers["cache-control"] == "no-store"
    assert " style=" not in answer.text
    assert "<style" not in answer.text
    assert answer.text.count("<script") == 1


def test_the_files_of_the_page_have_hashed_addresses_that_work(client):
    page = client.get("/signs/harbour-road").text
    for name in ("kiosk.css", "kiosk.js"):
        address = f"/signage-static/{version()}/{name}"
        assert f'"{address}"' in page
        answer = client.get(address)
        assert answer.content == (STATIC_DIR / name).read_bytes()
        assert "immutable" in answer.headers["cache-control"]


def test_a_page_of_an_older_version_is_given_what_there_is_and_keeps_it_not(client):
    answer = client.get("/signage-static/0123456789abcdef/gate.js")
    assert answer.content == (STATIC_DIR / "gate.js").read_bytes()
    assert answer.headers["cache-control"] == "no-cache"


def test_an_unknown_sign_shows_a_neutral_board(client):
    answer = client.get("/signs/nowhere")
    assert answer.status_code == 404
    assert '<h1><span data-field="title">Port Council</span></h1>' in answer.text
    assert 'data-blank="true"' in answer.text
    assert 'data-sign="nowhere"' in answer.text


def test_a_hostile_sign_id_stays_text(client):
    assert "<b>" not in client.get('/signs/"><b>x').text


def test_players_that_probe_with_head_are_answered(client):
    assert client.head("/signs/harbour-road").status_code == 200


def test_the_description_of_the_frame_lists_its_headers(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert "/signs/{sign_id}" not in paths
    assert "Smartplace-Valid-Until" in paths["/v1/signs/{sign_id}/frame"]["get"]["responses"]["304"]["headers"]
