from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from dashboard.guard import local_target
from dashboard.sessions import Throttle

RIGHT = {"username": "manager", "password": "correct horse battery"}
WRONG = {"username": "manager", "password": "correct horse batterz"}
PAGES = ["/manage", "/manage/dead-letters"]


@pytest.fixture
def client(make_app):
    """At an application of this test's own: one remembers who failed to log in."""
    return TestClient(make_app(), base_url="https://testserver", follow_redirects=False)


@pytest.mark.parametrize("path", PAGES)
def test_without_a_session_every_page_asks_to_log_in(client, path):
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/manage/login?next={path.replace('/', '%2F')}"
    assert answer.headers["cache-control"] == "no-store"


def test_log_in_leads_back_to_the_page_that_was_wanted_filter_and_all(client):
    asked = client.get("/manage?need=silent&site=library").headers["location"]
    form = client.get(asked).text
    assert 'value="/manage?need=silent&amp;site=library"' in form
    answer = client.post("/manage/login", data=RIGHT | {"next": "/manage?need=silent&site=library"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/manage?need=silent&site=library"
    assert client.get("/manage").status_code == 200


def test_the_cookie_is_for_this_site_over_https_and_not_for_scripts(client):
    cookie = client.post("/manage/login", data=RIGHT).headers["set-cookie"]
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "secure", "path=/manage", "max-age=28800"} <= flags
    assert RIGHT["password"] not in cookie


def test_plain_http_on_loopback_may_have_a_cookie_too(make_app, login):
    client = TestClient(make_app(login=replace(login, secure_cookies=False)), follow_redirects=False)
    assert "secure" not in client.post("/manage/login", data=RIGHT).headers["set-cookie"].lower()


@pytest.mark.parametrize("data", [WRONG, {"username": "someone", "password": RIGHT["password"]}, {}])
def test_wrong_words_open_nothing(client, data):
    answer = client.post("/manage/login", data=data)
    assert answer.status_code == 401
    assert "Enter the right user name and password" in answer.text
    assert "set-cookie" not in answer.headers
    assert client.get("/manage").status_code == 303


def test_a_session_ends_after_eight_hours(manager, clock):
    clock.advance(hours=8)
    assert manager.get("/manage").status_code == 200
    clock.advance(seconds=1)
    assert manager.get("/manage").status_code == 303


def test_a_forged_session_is_refused(client):
    for cookie in ("manager", "manager.aaaa.bbbb", ""):
        assert client.get("/manage", headers={"cookie": f"smartplace_session={cookie}"}).status_code == 303


def test_a_new_password_or_key_ends_all_sessions(login):
    session = login.new_session()
    assert login.is_session(session)
    assert not replace(login, password="another long password").is_session(session)
    assert not replace(login, session_key="x" * 40).is_session(session)


def test_log_out_ends_the_session_of_this_browser(manager):
    answer = manager.post("/manage/logout")
    assert answer.status_code == 303
    assert manager.get("/manage").status_code == 303


def test_after_five_failures_even_the_right_password_must_wait(client, clock):
    for _ in range(5):
        assert client.post("/manage/login", data=WRONG).status_code == 401
    clock.advance(seconds=20)
    answer = client.post("/manage/login", data=RIGHT)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "40"
    assert "Try again in 40 seconds" in answer.text
    clock.advance(seconds=40)
    assert client.post("/manage/login", data=RIGHT).status_code == 303


def test_the_throttle_keeps_addresses_apart_and_forgets_the_oldest(clock):
    throttle = Throttle(limit=1, addresses=2)
    for address in ("a", "b", "c"):
        throttle.failed(address, clock())
    assert [throttle.wait_s(address, clock()) for address in ("a", "b", "c", "d")] == [0, 60, 60, 0]


def test_a_wait_of_a_fraction_of_a_second_is_still_a_wait(clock):
    throttle = Throttle(limit=1)
    throttle.failed("a", clock())
    clock.advance(seconds=59.8)
    assert throttle.wait_s("a", clock()) == 1


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/manage",
        "//evil.example/manage",
        "/\\evil.example",
        "/manage\\..\\..",
        "/manage/../../evil",
        "/manager",
        "/",
        "javascript:alert(1)",
        "/manage/\r\nSet-Cookie: a=b",
        "/manage/login",
        "/manage/logout",
        "http://[",
        "",
    ],
)
def test_log_in_never_leads_elsewhere(client, target):
    assert local_target(target) == "/manage"
    answer = client.post("/manage/login", data=RIGHT | {"next": target})
    assert answer.headers["location"] == "/manage"


@pytest.mark.parametrize("path", ["/manage/login", "/manage/logout"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_forms_sent_from_other_sites_are_refused(client, path, headers):
    answer = client.post(path, data=RIGHT, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_forms_of_our_own_pages_are_taken(client):
    headers = {"origin": "https://testserver", "sec-fetch-site": "same-origin"}
    assert client.post("/manage/login", data=RIGHT, headers=headers).status_code == 303


@pytest.mark.parametrize("change", [{"password": "short"}, {"password": ""}, {"session_key": "k" * 31}])
@pytest.mark.parametrize("path", [*PAGES, "/manage/login"])
def test_while_the_secrets_are_missing_everything_is_closed(make_app, login, change, path):
    client = TestClient(make_app(login=replace(login, **change)), follow_redirects=False)
    answer = client.get(path)
    assert answer.status_code == 503
    assert "Log-in is not set up" in answer.text
    assert "SMARTPLACE_MANAGE_PASSWORD" in answer.text
    assert "SMARTPLACE_SESSION_KEY" in answer.text


def test_an_empty_password_is_never_the_right_one(login):
    assert not replace(login, password="").accepts("manager", "")


def test_secrets_are_not_in_what_logs_would_show(login):
    assert login.password not in repr(login)
    assert login.session_key not in repr(login)
