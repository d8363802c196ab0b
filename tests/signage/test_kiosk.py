"""The page on a real screen: it follows, it blanks by itself, it recovers."""

import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
SCREENS = [(1920, 1080), (1080, 1920), (800, 480), (600, 1920), (960, 160), (1920, 240)]
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


def test_without_a_stream_the_board_polls_and_a_304_renews_it(page, create_app, live, fresh, serve):
    ahead = timedelta()
    live.publish(fresh())
    page.clock.install()
    page.route("**/stream", lambda route: route.abort())
    page.goto(serve(create_app(live, now=lambda: clock() + ahead)).url + PAGE)
    for revision in range(8, 24):
        ahead += timedelta(seconds=10)
        live.publish(fresh(revision=revision, age_s=-ahead.total_seconds()))
        with page.expect_response("**/frame") as answer:
            page.clock.run_for(10_000)
        assert answer.value.status == 304
    expect(page.locator("main")).to_have_attribute("data-blank", "false")
    expect(display(page)).to_have_text("4")


def test_a_frame_that_was_held_up_on_its_way_is_as_old_as_it_is_late(page, server, live, fresh):
    live.publish(fresh(age_s=57))
    frame = httpx.get(server.url + "/v1/signs/harbour-road/frame").json() | {"valid_for_s": 3.0}
    # Hardly older than what is shown, by the platform's clock; but it stood for three seconds, and comes after four.
    made_at = datetime.fromisoformat(frame["generated_at"]) - timedelta(seconds=4)
    late = frame | {"generated_at": made_at.isoformat(), "frame_id": "late", "title": "Late"}
    events = "".join(f"event: frame\ndata: {json.dumps(body)}\n\n" for body in (frame, late))
    page.route("**/stream", lambda route: route.fulfill(body=events, content_type="text/event-stream"))
    page.route("**/frame", lambda route: route.abort())
    page.goto(server.url + PAGE)
    assert_blank(page)
    expect(page.get_by_role("heading")).to_have_text("Harbour Road")


def test_no_frame_stands_longer_than_two_minutes(page, create_app, live, fresh, serve):
    live.publish(fresh())
    # Beside what it is told, no time passes on the page.
    page.clock.install(time=clock())
    page.clock.pause_at(clock() + timedelta(seconds=1))
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
def test_any_number_of_lines_fills_any_screen(page, create_app, live, fresh, serve, sign, count, blank):
    lines = tuple(
        replace(sign.board.lines[number % 3], key=f"line-{number}", label=label)
        for number, label in enumerate(LABELS[:count])
    )
    live.publish(fresh("f" * 140, signs=(replace(sign, board=replace(sign.board, lines=lines)),)))
    ahead = timedelta(hours=blank)
    page.goto(serve(create_app(live, now=lambda: clock() + ahead)).url + PAGE)
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
            width,
            height,
        ]
        board = page.get_by_role("list").bounding_box()
        assert board["height"] * board["width"] > 0.5 * height * width
        for row in page.locator("li").all():
            room, label, number = (one.bounding_box() for one in (row, row.locator(".label"), row.locator(".display")))
            for part in (label, number):
                assert within(part, room), (width, height, part, room)
            assert apart(label, number), (width, height, label, number)


def within(part: dict, room: dict) -> bool:
    """Whether a box lies in another, by the pixel."""
    return (
        part["x"] >= room["x"] - 1
        and part["y"] >= room["y"] - 1
        and part["x"] + part["width"] <= room["x"] + room["width"] + 1
        and part["y"] + part["height"] <= room["y"] + room["height"] + 1
    )


def apart(one: dict, other: dict) -> bool:
    """Whether two boxes have nothing in common."""
    first, second = sorted((one, other), key=lambda box: box["y"])
    left, right = sorted((one, other), key=lambda box: box["x"])
    return first["y"] + first["height"] <= second["y"] + 1 or left["x"] + left["width"] <= right["x"] + 1


WELSH = {"North car park": "Maes parcio'r gogledd", "Blue badge": "Bathodyn glas", "Old Quay": "Yr Hen Gei"}


def test_a_board_in_two_languages_fits_any_screen(page, server, live, fresh, sign):
    lines = tuple(replace(line, labels={"cy": WELSH[line.label]}) for line in sign.board.lines)
    board = replace(sign.board, languages=("en", "cy"), titles={"cy": "Heol yr Harbwr"}, lines=lines)
    live.publish(fresh(quay="cccc", signs=(replace(sign, board=board),)))
    page.goto(server.url + PAGE)
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        for row in page.locator("li").all():
            room = row.bounding_box()
            for name in (".label", ".word", ".display"):
                assert within(row.locator(name).bounding_box(), room), (width, height, name)
    expect(page.locator('[data-line="north"] .other')).to_have_text("Maes parcio'r gogledd")
    expect(page.locator('[data-line="quay"] [data-field="word"]')).to_have_text("Closed / Ar gau")
    # What arrives later is in both languages as well.
    live.publish(fresh(quay="oooo", signs=(replace(sign, board=board),), revision=9))
    expect(page.locator('[data-line="quay"] [data-field="word"]')).to_have_text("Full / Llawn")
    expect(page.locator('[data-line="quay"] .other')).to_have_text("Yr Hen Gei")


BOARDS = {
    "spaces, unknown, closed": {"north": "fffffffffo", "blue": "uuuu", "quay": "cccc"},
    "almost full, full": {"north": "fooooooooo", "blue": "oo", "quay": "oooo"},
    "blank": {"as_of": datetime(2026, 1, 1, tzinfo=UTC)},
}


@pytest.mark.parametrize("shown", BOARDS)
def test_every_text_stands_out_seven_to_one(page, server, live, fresh, borough, shown):
    """AAA: the page says it in computed colours, whatever the style sheet says."""
    live.publish((borough if shown == "blank" else fresh)(**BOARDS[shown]))
    page.goto(server.url + PAGE)
    expect(page.locator("main")).to_have_attribute("data-blank", str(shown == "blank").lower())
    pairs = page.evaluate(
        """() => [...document.querySelectorAll('h1 span, .label, .word, .display span, .foot p')]
            .filter((e) => e.checkVisibility()).map((e) => {
              const plate = e.closest('.display');
              const plated = plate && getComputedStyle(plate).backgroundColor !== 'rgba(0, 0, 0, 0)';
              const ground = getComputedStyle(plated ? plate : document.body).backgroundColor;
              return [e.textContent.trim(), getComputedStyle(e).color, ground];
            })"""
    )
    assert len(pairs) >= 8
    for text, one, other in pairs:
        assert contrast(one, other) >= 7, (text, one, other)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two `rgb(...)` colours."""

    def luminance(colour: str) -> float:
        channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
