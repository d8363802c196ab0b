"""What is the same for every response: headers, problems, HEAD, bounds."""

from datetime import timedelta

import pytest
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from fastapi.testclient import TestClient

from domain.errors import StoreUnavailableError
from domain.times import rfc3339

SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


@pytest.fixture
def client(make_app, live):
    """With a few routes that go wrong, or that are pages."""
    router = APIRouter(include_in_schema=False)

    @router.get("/v1/broken")
    @router.get("/broken")
    async def broken():
        raise ZeroDivisionError("a secret of ours")

    @router.get("/away")
    async def away():
        raise StoreUnavailableError("10.0.0.7 does not answer")

    @router.post("/form")
    async def form(request: Request):
        return HTMLResponse(f"{len(await request.body())} bytes")

    app = make_app(
        live,
        routers=[router],
        problem_page=lambda status, title, sentence: HTMLResponse(f"<h1>{title}</h1>{sentence}", status),
    )
    return TestClient(app, raise_server_exceptions=False)


def has_security_headers(answer):
    policy = answer.headers["content-security-policy"]
    return (
        policy.startswith("default-src 'none'; ")
        and "frame-ancestors 'none'" in policy
        and "unsafe" not in policy
        and all(answer.headers[name] == value for name, value in SECURITY.items())
    )


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/sites", 200),
        ("HEAD", "/v1/sites", 200),
        ("GET", "/v1/bays.geojson", 200),
        ("GET", "/v1/bays?limit=0", 400),
        ("GET", "/v1/sites/atlantis", 404),
        ("GET", "/nowhere", 404),
        ("POST", "/v1/sites", 405),
        ("OPTIONS", "/v1/sites", 405),
        ("GET", "/v1/broken", 500),
        ("GET", "/broken", 500),
        ("GET", "/away", 503),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/openapi.json", 200),
        ("POST", "/form", 200),
    ],
)
def test_every_kind_of_response_has_the_security_headers(client, method, path, status, accept):
    answer = client.request(method, path, headers={"Accept": accept})

    assert answer.status_code == status
    assert has_security_headers(answer)
    is_open = path.startswith(("/v1/", "/openapi.json")) and method in {"GET", "HEAD"}
    assert answer.headers.get("access-control-allow-origin") == ("*" if is_open else None)
    assert "access-control-allow-credentials" not in answer.headers


def test_a_304_and_a_413_have_them_too(client):
    etag = client.get("/v1/sites").headers["etag"]
    unchanged = client.get("/v1/sites", headers={"If-None-Match": etag})
    too_large = client.post("/form", content=b"x" * 65_537)

    assert (unchanged.status_code, too_large.status_code) == (304, 413)
    assert has_security_headers(unchanged)
    assert has_security_headers(too_large)
    assert unchanged.headers["access-control-allow-origin"] == "*"


def test_a_body_of_64_kib_is_taken_and_a_larger_one_is_not(client):
    assert client.post("/form", content=b"x" * 65_536).text == "65536 bytes"
    refused = client.post("/form", content=b"x" * 65_537)
    assert (refused.status_code, refused.headers["content-type"]) == (413, "application/problem+json")


def test_a_body_that_does_not_say_its_length_is_bounded_too(client):
    assert client.post("/form", content=(b"x" * 1024 for _ in range(65))).status_code == 413


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/sites"), ("DELETE", "/v1/bays"), ("PUT", "/healthz")])
def test_another_method_is_a_problem_that_says_which_are_allowed(client, method, path):
    answer = client.request(method, path)

    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert "GET" in answer.headers["allow"]
    assert answer.json()["title"] == "Method Not Allowed"


def test_people_get_a_page_and_programs_a_document(client):
    page = client.get("/nowhere", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert page.headers["content-type"].startswith("text/html")
    assert page.text.startswith("<h1>Not Found</h1>There is no such page.")
    for path, accept in [("/nowhere", "*/*"), ("/nowhere", "application/json"), ("/v1/sites/atlantis", "text/html")]:
        answer = client.get(path, headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code == 404


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_when_the_store_is_away_the_reader_is_told_when_to_come_back(client, accept):
    answer = client.get("/away", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "10.0.0.7" not in answer.text


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_our_own_faults_are_problems_that_tell_nothing_of_the_inside(client, accept):
    answer = client.get("/broken", headers={"Accept": accept})

    assert answer.status_code == 500
    assert "Something went wrong on our side." in answer.text
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize(
    "path", ["/v1/sites", "/v1/bays.geojson?limit=2", "/v1/sites/atlantis", "/healthz", "/nowhere"]
)
def test_head_is_get_without_the_body(client, path):
    get, head = client.get(path), client.head(path)

    assert head.status_code == get.status_code
    assert head.headers == get.headers
    assert head.content == b""


def test_head_knows_304_too(client):
    etag = client.get("/v1/sites").headers["etag"]

    assert client.head("/v1/sites", headers={"If-None-Match": etag}).status_code == 304


def test_head_of_a_stream_opens_none(client, live):
    answer = client.head("/v1/events")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert live.followers == 0


def test_head_of_a_form_stays_refused(client):
    assert client.head("/form").status_code == 405


@pytest.mark.parametrize(("ahead_s", "status"), [(1, 200), (120, 200), (121, 503), (3600, 503)])
def test_readiness_is_red_when_a_time_is_vouched_for_that_has_not_been(make_app, borough, ahead_s, status):
    answer = TestClient(make_app(borough, now=lambda: borough.as_of - timedelta(seconds=ahead_s))).get("/readyz")

    assert answer.status_code == status
    if status == 503:
        assert f"{ahead_s} s ahead" in answer.json()["detail"]


@pytest.mark.parametrize(("age_s", "status"), [(0, 200), (59.9, 200), (60, 200), (60.1, 503), (86_400, 503)])
def test_readiness_is_red_while_nobody_vouches_for_the_numbers(make_app, borough, age_s, status):
    answer = TestClient(make_app(borough, now=lambda: borough.as_of + timedelta(seconds=age_s))).get("/readyz")

    assert (answer.status_code, answer.headers["cache-control"]) == (status, "no-store")
    assert answer.json()["revision"] == 7
    if status == 200:
        assert answer.json() == {
            "revision": 7,
            "as_of": "2026-11-20T12:00:00.000Z",
            "status": "ready",
            "age_s": age_s,
            "checks": [
                {
                    "name": "fresh",
                    "ok": True,
                    "detail": f"Ingest last confirmed that it receives {age_s:.0f} s ago.",
                    "since": rfc3339(borough.as_of + timedelta(seconds=age_s)),
                }
            ],
        }
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert f"{age_s:.0f} s ago" in answer.json()["detail"]


def test_the_process_is_alive_even_when_its_numbers_are_old(make_app, borough):
    client = TestClient(make_app(borough, now=lambda: borough.as_of + timedelta(days=1)))

    assert client.get("/healthz").json() == {"status": "ok"}
