"""Every page of a running demo in a browser: no WCAG rule broken, no complaint, nobody else asked, nothing too wide.

With PICTURES=1 in the environment, the pictures of the README are taken, too.
"""

import os

import httpx
import pytest

pytest.importorskip("playwright")

from playwright.sync_api import ConsoleMessage, Page, expect

from tests.conftest import until
from tests.e2e.conftest import Message
from tests.wcag import assert_no_rule_is_broken

WIDTHS = [1280, 375]
PICTURES = {"places": "/", "sign": "/signs/{sign}", "manage": "/manage"}

pytestmark = [pytest.mark.e2e, pytest.mark.db, pytest.mark.broker, pytest.mark.browser]
# What comes in a moment on an idle machine.
expect.set_options(timeout=30_000)


def places_in(demo) -> tuple[list[str], list[str]]:
    """The ids of all sites and of all signs."""
    sites = httpx.get(f"{demo.url}/v1/sites").json()["sites"]
    signs = httpx.get(f"{demo.url}/v1/signs").json()["signs"]
    return [site["id"] for site in sites], [sign["id"] for sign in signs]


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture(params=WIDTHS)
def page(request, chromium, running_demo, complaints):
    context = chromium.new_context(
        base_url=running_demo.url, viewport={"width": request.param, "height": 800}, device_scale_factor=1
    )
    page = context.new_page()
    page.on("console", lambda said: note_if_bad(said, complaints))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: note_if_elsewhere(asked.url, running_demo.url, complaints))
    page.width = request.param
    yield page
    context.close()


def note_if_bad(said: ConsoleMessage, complaints: list[str]) -> None:
    if said.type in {"error", "warning"}:
        complaints.append(f"{said.text} ({said.location['url']})")


def note_if_elsewhere(url: str, home: str, complaints: list[str]) -> None:
    if not url.startswith((home, "data:", "blob:")):
        complaints.append(f"asked another host: {url}")


def check(page: Page, path: str) -> None:
    page.goto(path)
    if path == "/docs":
        # The reference is large, and is put together in the browser.
        expect(page.locator("#redoc h1").first).to_be_visible(timeout=60_000)
    if path != "/docs" or page.width == WIDTHS[0]:
        # Of the reference, which has thousands of elements and takes most of a minute, once.
        assert_no_rule_is_broken(page, path)
    too_wide = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(too_wide), f"{path} scrolls sideways at {page.width} px"
    if folder := os.environ.get("PICTURES_OF_ALL"):
        name = path.strip("/").replace("/", "-").replace("?", "-") or "places"
        page.screenshot(path=f"{folder}/{name}-{page.width}.png", full_page=True)


def log_in(page: Page, demo) -> None:
    page.goto("/manage")
    page.get_by_label("User name").fill("manager")
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Devices", level=1)).to_be_visible()


def test_public_pages(page, running_demo, complaints):
    sites, signs = places_in(running_demo)
    paths = ["/", "/text", "/accessibility", "/docs", "/manage/login"]
    for path in [*paths, *(f"/sites/{site}" for site in sites[:3]), *(f"/signs/{sign}" for sign in signs[:2])]:
        check(page, path)
    assert complaints == []


def test_every_site_and_every_sign_has_its_page(page, running_demo, complaints):
    sites, signs = places_in(running_demo)
    for path in [*(f"/sites/{site}" for site in sites), *(f"/signs/{sign}" for sign in signs)]:
        assert page.goto(path).status == 200
        expect(page.locator("h1")).to_be_visible()
    assert complaints == []


def test_pages_for_asset_managers(page, running_demo, complaints):
    with running_demo.publisher() as publisher:
        publisher.publish(
            Message("application/1/device/70b3d50000000001/event/up", b"not an event at all"),
            Message("smartplace/v1/devices/bench-nobody/up", b'{"seq": 1, "kind": "event", "measurements": {}}'),
        )
    until(lambda: "data-letter" in running_demo.dead_letters(), what="dead letters")
    log_in(page, running_demo)
    for path in ("/manage", "/manage/dead-letters"):
        check(page, path)
    expect(page.locator("[data-letter]").first).to_be_visible()
    page.locator("main summary").first.click()
    expect(page.locator("pre").first).to_be_visible()
    assert complaints == []


@pytest.fixture
def busy_demo(start_demo):
    """A demo in the middle of a day, whatever the hour is here."""
    demo = start_demo(None, "--speed", "1200")
    demo.wait_ready()

    def is_busy() -> bool:
        counts = httpx.get(f"{demo.url}/v1/bays?limit=1").json()["counts"]
        return counts["occupied"] > counts["capacity"] * 0.3

    until(is_busy, what="a busy hour", within_s=150)
    return demo


@pytest.mark.skipif(os.environ.get("PICTURES") != "1", reason="PICTURES=1 takes the pictures of the README")
def test_take_the_pictures_of_the_readme(chromium, busy_demo, repository):
    folder = repository / "docs" / "pictures"
    folder.mkdir(exist_ok=True)
    _, signs = places_in(busy_demo)
    context = chromium.new_context(base_url=busy_demo.url, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    log_in(page, busy_demo)
    for name, path in PICTURES.items():
        page.goto(path.format(sign=signs[0]))
        page.screenshot(path=folder / f"{name}.png", full_page=name == "places")
    context.close()
