import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import uvicorn

pytest.importorskip("playwright")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PUBLIC = [
    "/",
    "/?q=nothing+like+it",
    "/sites/seafront-west",
    "/sites/cliff-parade",
    "/sites/pier-gardens",
    "/sites/nowhere",
    "/text",
    "/accessibility",
    "/docs",
    "/manage/login",
]
MANAGE = ["/manage", "/manage?need=silent", "/manage/dead-letters"]


@pytest.fixture
def address(make_app, live, login) -> Iterator[str]:
    live.endless = True
    app = make_app(login=replace(login, secure_cookies=False))
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    live.endless = False
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def open_page(browser, address, complaints):
    contexts = []

    def open_page(**options) -> Page:
        context = browser.new_context(base_url=address, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: _note_if_elsewhere(asked.url, address, complaints))
        return page

    yield open_page
    for context in contexts:
        context.close()


def _note_if_elsewhere(url: str, address: str, complaints: list[str]) -> None:
    if not url.startswith((address, "data:", "blob:")):
        complaints.append(f"asked another host: {url}")


def _log_in(page: Page) -> None:
    page.goto("/manage")
    page.get_by_label("User name").fill("manager")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Devices", level=1)).to_be_visible()


def _visit(page: Page, path: str) -> None:
    page.goto(path)
    if path == "/docs" and page.locator("#redoc noscript").count() == 0:
        expect(page.locator("#redoc h1").first).to_be_visible()


def _is_wider_than_the_screen(page: Page) -> bool:
    return page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth")


@pytest.mark.parametrize("width", [1280, 375])
def test_no_page_breaks_a_wcag_rule_or_its_policy_or_scrolls_sideways(open_page, complaints, width):
    page = open_page(viewport={"width": width, "height": 800})
    for path in PUBLIC:
        _visit(page, path)
        _check(page, path)
    _log_in(page)
    for path in MANAGE:
        _visit(page, path)
        _check(page, path)
    assert [said for said in complaints if "404" not in said] == []


def _check(page: Page, path: str) -> None:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    assert found.violations_count == 0, f"{path}: {found.generate_report()}"
    assert not _is_wider_than_the_screen(page), path
