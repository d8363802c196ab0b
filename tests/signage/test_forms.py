"""The forms of a frame over HTTP: one status, one ETag rule, one freshness for all."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from domain.boards import Layout
from signage.credentials import Credentials
from signage.form_routes import create_router
from signage.forms import FORMS
from signage.frames import Frames
from tests.signage.conftest import nobody

FRAME = "/v1/signs/harbour-road/frame"
each_form = pytest.mark.parametrize("form", FORMS)


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
    app = create_app(live, now=clock)
    frames = Frames(now=clock, validity=timedelta(seconds=60))
    app.include_router(
        create_router(
            live=live,
            frames=frames,
            credentials=Credentials(nobody, notice=nobody, now=clock),
            organisation="Port Council",
        )
    )
    return TestClient(app)


@each_form
def test_every_form_has_the_headers_of_the_frame(client, form):
    json, answer = client.get(FRAME), client.get(f"{FRAME}.{form}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == FORMS[form].media_type
    for name in ("cache-control", "smartplace-valid-until", "smartplace-valid-for", "smartplace-revision"):
        assert answer.headers[name] == json.headers[name]
    assert answer.headers["etag"].strip('"').partition("-")[0] == json.json()["frame_id"]


@each_form
def test_whoever_has_it_gets_a_304_that_renews_it(client, form):
    etag = client.get(f"{FRAME}.{form}").headers["etag"]
    answer = client.get(f"{FRAME}.{form}", headers={"If-None-Match": f"W/{etag}"})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag
    assert answer.headers["smartplace-valid-for"] == "60.000"


@each_form
def test_expiry_is_another_etag_with_no_new_reading(client, clock, form):
    first = client.get(f"{FRAME}.{form}")
    clock.forward(60)
    answer = client.get(f"{FRAME}.{form}", headers={"If-None-Match": first.headers["etag"]})
    assert answer.status_code == 200
    assert answer.content != first.content
    assert answer.headers["cache-control"] == "max-age=0, must-revalidate"


@each_form
def test_one_etag_is_one_content(client, clock, live, borough, now, form):
    """Asked once a second while the platform goes on vouching for the same numbers."""
    seen: dict[str, bytes] = {}
    for second in range(130):
        clock.time = now + timedelta(seconds=second)
        if second % 10 == 0:
            live.publish(borough(as_of=clock.time, revision=8 + second))
        answer = client.get(f"{FRAME}.{form}")
        assert seen.setdefault(answer.headers["etag"], answer.content) == answer.content
    if form in {"txt", "png", "bmp"}:
        assert len(seen) == 3  # once for each minute that is printed


@each_form
def test_an_unknown_sign_is_the_application_s_404(client, form):
    answer = client.get(f"/v1/signs/nowhere/frame.{form}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_another_ending_is_not_there(client):
    assert client.get(f"{FRAME}.exe").status_code == 404


def size_of(answer) -> tuple[int, int]:
    data = answer.content
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def test_a_picture_is_of_the_size_that_is_asked_for(client):
    assert size_of(client.get(f"{FRAME}.png")) == (800, 480)
    assert size_of(client.get(f"{FRAME}.png?width=480&height=800")) == (480, 800)
    for query in ("width=63", "height=2049", "width=wide"):
        assert client.get(f"{FRAME}.png?{query}").status_code == 422


def test_a_picture_for_e_paper_is_of_the_size_of_its_board(client, live, borough, sign):
    board = replace(sign.board, layout=Layout.EPAPER, width_px=400, height_px=300)
    live.publish(borough(signs=(replace(sign, board=board),)))
    assert size_of(client.get(f"{FRAME}.png")) == (400, 300)


def test_a_picture_is_drawn_once(client, monkeypatch):
    import signage.renderings.picture as picture

    drawn = []
    draw = picture.draw
    monkeypatch.setattr(picture, "draw", lambda *given: drawn.append(given) or draw(*given))
    answers = [client.get(f"{FRAME}.png").content for _ in range(3)]
    assert (len(drawn), len({*answers})) == (1, 1)


def test_a_led_sign_says_how_much_it_can_show(client):
    assert client.get(f"{FRAME}.multi").text.count("[nl]") == 2
    assert client.get(f"{FRAME}.multi?rows=1&columns=30").text.count("[np]") == 2


def test_a_feed_links_to_the_page_of_the_sign(client):
    assert "<link>http://testserver/signs/harbour-road</link>" in client.get(f"{FRAME}.rss").text


def test_every_form_is_described(client):
    paths = client.get("/openapi.json").json()["paths"]
    for form in FORMS:
        described = paths[f"/v1/signs/{{sign_id}}/frame.{form}"]["get"]
        assert "Smartplace-Valid-Until" in described["responses"]["304"]["headers"]
