"""Requests, counted by the template of their route; and who may read that."""

from types import SimpleNamespace

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient

from api.metrics import HttpMeter, create_router
from tests.api.conftest import Stream

TOKEN = "0123456789abcdef"


@pytest.fixture
def meter():
    return HttpMeter()


@pytest.fixture
def client(make_app, live, meter, tmp_path):
    router = APIRouter()

    @router.get("/breaks/{what}")
    async def breaks(what: str):
        raise RuntimeError(what)

    app = make_app(live, meter=meter, routers=[router])
    app.mount("/files", StaticFiles(directory=tmp_path))
    (tmp_path / "a.txt").write_text("a")
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/v1/sites/mill-yard", ("/v1/sites/{site_id}", "GET", "2xx")),
        ("HEAD", "/v1/sites/mill-yard", ("/v1/sites/{site_id}", "GET", "2xx")),
        ("GET", "/v1/sites/atlantis", ("/v1/sites/{site_id}", "GET", "4xx")),
        ("GET", "/v1/sites?made=up", ("/v1/sites", "GET", "4xx")),
        ("DELETE", "/v1/sites", ("/v1/sites", "DELETE", "4xx")),
        ("INVENTED", "/v1/sites", ("/v1/sites", "other", "4xx")),
        ("GET", "/made/up/by/a/scanner", ("none", "GET", "4xx")),
        ("GET", "/files/a.txt", ("/files", "GET", "2xx")),
        ("GET", "/files/b.txt", ("/files", "GET", "4xx")),
        ("GET", "/breaks/x", ("/breaks/{what}", "GET", "5xx")),
    ],
)
def test_a_request_is_counted_once_by_its_route(client, meter, method, path, labels):
    client.request(method, path)

    assert dict(meter.requests) == {labels: 1}
    assert {route: histogram.buckets[-1][1] for route, histogram in meter.seconds.items()} == {labels[0]: 1}


def test_a_body_that_is_too_large_is_counted_as_well(client, meter):
    assert client.post("/v1/sites", content=bytes(70_000)).status_code == 413
    assert [labels[2] for labels in meter.requests] == ["4xx"]


@pytest.mark.anyio
async def test_a_stream_is_open_until_its_reader_leaves_and_has_no_duration(make_app, live, meter):
    stream = Stream(make_app(live, meter=meter), "/v1/events")
    await stream.start()
    assert (dict(meter.streams), dict(meter.requests)) == ({"/v1/events": 1}, {})
    await stream.leave()

    assert dict(meter.streams) == {"/v1/events": 0}
    assert dict(meter.requests) == {("/v1/events", "GET", "2xx"): 1}
    assert not meter.seconds


def reader(token=TOKEN, **headers):
    scraped = []

    def scrape(accept):
        scraped.append(accept)
        return b"smartplace_revision 7\n", "text/plain; version=0.0.4"

    app = FastAPI()
    app.include_router(create_router(scrape, token))
    answer = TestClient(app).get("/metrics", headers={"Accept": "text/plain", **headers})
    return SimpleNamespace(status=answer.status_code, text=answer.text, headers=answer.headers, scraped=scraped)


def test_whoever_has_the_token_reads():
    answer = reader(Authorization=f"Bearer {TOKEN}")

    assert (answer.status, answer.text, answer.scraped) == (200, "smartplace_revision 7\n", ["text/plain"])
    assert answer.headers["content-type"] == "text/plain; version=0.0.4"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": b"Bearer \xe9"},
    ],
)
def test_nobody_else_does(headers):
    answer = reader(**headers)

    assert (answer.status, answer.scraped, answer.headers["www-authenticate"]) == (401, [], "Bearer")


@pytest.mark.parametrize("token", ["", "short", "0123456789abcde"])
def test_without_a_good_token_there_is_nothing(token):
    answer = reader(token, Authorization=f"Bearer {token}")

    assert (answer.status, answer.scraped) == (404, [])
