"""The page on a real screen: it follows, it blanks by itself, it recovers."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
SCREENS = [(1920, 1080), (1080, 1920), (800, 480)]
PAGE = "/signs/harbour-road"

pytestmark = pytest.mark.browser
# What comes in a moment on an idle machine.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists() and not os.environ.get("CI"):
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"], timeout=60_000
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page that must not complain: no script error, no breach of the content security policy."""
    complaints = []
    with browser.new_context(viewport={"width": 1920, "height": 1080}) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Security" in said.text else None)
        yield page
    assert complaints == []


def clock() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def fresh(borough):
    """A snapshot that the platform vouched for `age_s` ago."""

    def build(north="fffoo", *, revision=7, age_s=0.0, **changes):
        return borough(north, as_of=clock() - timedelta(seconds=age_s), revision=revision, **changes)

    return build


@pytest.fixture
def server(create_app, live, serve):
    """The real routes; a frame stands for a minute."""
    return serve(create_app(live, now=clock))


def display(page: Page, line: str = "north"):
    return page.locator(f'[data-line="{line}"] [data-field="display"]')


def assert_blank(page: Page) -> None:
    expect(page.locator("main")).to_have_attribute("data-blank", "true")
    expect(page.locator('li [data-field="display"]')).to_have_text(["--"] * 3)
    expect(page.locator('li [data-field="word"]')).to_have_text(["No recent data"] * 3)
    expect(page.get_by_role("status")).to_have_text("No current information")


def test_a_change_arrives_without_a_reload(page, server, live, fresh):
    live.publish(fresh())
    page.goto(server.url + PAGE)
    expect(display(page)).to_have_text("4")
    live.publish(fresh("ooooo", blue="oo", revision=8))
    expect(display(page)).to_have_text("FULL")
    expect(page.locator('[data-line="north"] [data-field="word"]')).to_have_text("Full")
    expect(page.locator("main")).to_have_attribute("data-revision", "8")
    expect(page.locator("main")).to_have_attribute("data-blank", "false")


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_the_board_blanks_by_itself_when_the_server_dies_whatever_the_wall_clock(page, server, live, fresh, hours):
    page.add_init_script("window.wrong = 0; const now = Date.now; Date.now = () => now() + window.wrong;")
    live.publish(fresh())
    page.goto(server.url + PAGE)
    expect(display(page)).to_have_text("4")
    # Now that the page is there: a frame that is good for three seconds more.
    live.publish(fresh("ffooo", age_s=57, revision=8))
    expect(page.locator("main")).to_have_attribute("data-revision", "8")
    page.evaluate(f"window.wrong = {hours * 3_600_000}")
    live.close()
    server.stop()
    assert_blank(page)


def test_the_board_blanks_when_the_platform_falls_silent_and_recovers_alone(page, server, live, fresh):
    live.publish(fresh(age_s=58))
    page.goto(server.url + PAGE)
    assert_blank(page)
    live.publish(fresh("ffooo", revision=8))
    expect(page.locator("main")).to_have_attribute("data-blank", "false")
    expect(display(page)).to_have_text("3")
    expect(page.get_by_role("status")).to_be_empty()


def test_the_board_recovers_alone_when_the_server_returns(page, server, create_app, live, fresh, serve):
    live.publish(fresh(age_s=58))
    page.goto(server.url + PAGE)
    live.close()
    server.stop()
    assert_blank(page)
    live.closed = False
    live.publish(fresh("ffooo", revision=8))
    serve(create_app(live, now=clock), server.port)
    expect(display(page)).to_have_text("3")


def test_without_a_stream_the_board_polls_and_a_304_renews_it(page, server, live, fresh):
    live.publish(fresh())
    page.clock.install()
    page.route("**/stream", lambda route: route.abort())
    page.goto(server.url + PAGE)
    for revision in range(8, 24):
        live.publish(fresh(revision=revision))
        with page.expect_response("**/frame") as answer:
            page.clock.run_for(10_000)
        assert answer.value.status == 304
    expect(page.locator("main")).to_have_attribute("data-blank", "false")
    expect(display(page)).to_have_text("4")


def test_a_frame_that_was_held_up_on_its_way_is_as_old_as_it_is_late(page, server, live, fresh):
    live.publish(fresh())
    frame = httpx.get(server.url + "/v1/signs/harbour-road/frame").json()
    late = frame | {"generated_at": (clock() - timedelta(seconds=70)).isoformat(), "frame_id": "late"}
    events = "".join(f"event: frame\ndata: {json.dumps(body)}\n\n" for body in (frame, late))
    page.route("**/stream", lambda route: route.fulfill(body=events, content_type="text/event-stream"))
    page.goto(server.url + PAGE)
    assert_blank(page)


def test_no_frame_stands_longer_than_two_minutes(page, create_app, live, fresh, serve):
    live.publish(fresh())
    page.clock.install()
    page.route("**/stream", lambda route: route.abort())
    page.route("**/frame", lambda route: route.abort())
    page.goto(serve(create_app(live, now=clock, validity=timedelta(hours=1))).url + PAGE)
    page.clock.run_for(110_000)
    expect(page.locator("main")).to_have_attribute("data-blank", "false")
    page.clock.run_for(11_000)
    assert_blank(page)


def test_an_unknown_sign_stays_neutral_until_it_is_known(page, server, live, fresh):
    live.publish(fresh(signs=()))
    page.clock.install()
    page.goto(server.url + PAGE)
    expect(page.locator("main")).to_have_text("Port Council", use_inner_text=True)
    live.publish(fresh())
    page.clock.run_for(10_000)
    expect(display(page)).to_have_text("4")
    expect(page.get_by_role("heading")).to_have_text("Harbour Road")


@pytest.mark.parametrize("blank", [False, True])
def test_the_board_is_accessible(page, create_app, live, fresh, serve, blank):
    live.publish(fresh())
    ahead = timedelta(hours=blank)
    page.goto(serve(create_app(live, now=lambda: clock() + ahead)).url + PAGE)
    expect(page.locator("main")).to_have_attribute("data-blank", str(blank).lower())
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


LABELS = ("North car park", "Blue badge", "Old Quay", "High Street (north)", "Cathedral Close", "Station Road")


@pytest.mark.parametrize("blank", [False, True])
@pytest.mark.parametrize("count", [1, 3, 6])
@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_any_number_of_lines_fills_any_screen(page, create_app, live, fresh, serve, sign, width, height, count, blank):
    lines = tuple(
        replace(sign.lines[number % 3], key=f"line-{number}", label=label)
        for number, label in enumerate(LABELS[:count])
    )
    live.publish(fresh("f" * 140, signs=(replace(sign, lines=lines),)))
    ahead = timedelta(hours=blank)
    page.set_viewport_size({"width": width, "height": height})
    page.goto(serve(create_app(live, now=lambda: clock() + ahead)).url + PAGE)
    assert page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
        width,
        height,
    ]
    board = page.get_by_role("list").bounding_box()
    assert board["height"] > 0.6 * height
    for label, number in zip(page.locator(".label").all(), page.locator(".display").all(), strict=True):
        one, other = label.bounding_box(), number.bounding_box()
        assert one["x"] + one["width"] <= other["x"]
        assert max(one["height"], other["height"]) <= board["height"] / count
