import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import uvicorn

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Page, expect, sync_playwright

from domain.codec_scripts import ExampleResult, Upload
from domain.register import RecordKind
from domain.states import State
from tests.wcag import assert_no_rule_is_broken

pytestmark = pytest.mark.browser
# What comes in a moment on an idle machine.
expect.set_options(timeout=30_000)

PUBLIC = [
    "/",
    "/?q=nothing+like+it",
    "/sites/seafront-west",
    "/sites/cliff-parade",
    "/sites/library?day=1",
    "/sites/pier-gardens",
    "/sites/nowhere",
    "/text",
    "/accessibility",
    "/docs",
    "/manage/login",
]
MANAGE = [
    "/manage",
    "/manage?need=silent",
    "/manage/dead-letters",
    "/manage/alarms",
    "/manage/history?site=library&last=7d",
    "/manage/history?site=library&from=2026-06-30&to=2026-06-29",
    "/manage/messages",
    "/manage/messages/new?kind=planned",
    "/manage/messages/new?kind=planned&template=free",
    "/manage/messages/new?kind=alternative&template=use-instead",
    "/manage/signs/harbour-road/tokens",
    "/manage/codecs",
    "/manage/codec-upload",
    "/manage/codec-upload?model=acme-bay",
    "/manage/codecs/acme-bay?f_port=1&payload=01",
    "/manage/codecs/acme-bay?f_port=1&payload=0x",
    "/manage/codecs/acme-bay/1",
    "/manage/registry",
    "/manage/closures?done=1",
    "/manage/counting",
    "/manage/closures/new",
    "/manage/closures/new?site=library",
    "/manage/labels",
    "/manage/labels?site=library",
    "/manage/signs",
    "/manage/signs/west-approach",
    "/manage/sign-new",
    "/manage/install",
    "/manage/install?device=70b3d5e75e000001",
    "/manage/install?device=70b3d5e75e000388&site=library",
    "/manage/install?device=70b3d5e75e000388&site=library&asset=library-bay-010&lon=0.71012&lat=51.54001",
    "/manage/install?device=nonsense!",
    "/manage/install?device=70b3d5e75e000001&site=library&done=library-bay-001",
    "/manage/devices/70b3d5e75e000001",
    "/manage/devices/70b3d5e75e000388",
    "/manage/devices/70b3d5e75e000001/commands",
]


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
    assert [said for said in complaints if not re.search("404|422", said)] == []


def test_the_menu_of_asset_managers_takes_one_line_on_a_phone_and_opens_without_scripts(open_page):
    page = open_page(viewport={"width": 375, "height": 800}, java_script_enabled=False)
    _log_in(page)
    bar = page.locator(".manage-bar")
    assert bar.bounding_box()["height"] < 60
    expect(page.get_by_role("link", name="Install", exact=True)).to_be_hidden()
    page.get_by_text("Menu: Devices").click()
    page.get_by_role("link", name="Install", exact=True).click()
    expect(page.get_by_role("heading", name="Install a device")).to_be_visible()
    expect(page.get_by_text("Menu: Install")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.get_by_text("Menu: Install")).to_be_hidden()
    expect(page.get_by_role("link", name="Install", exact=True)).to_be_visible()


def _check(page: Page, path: str) -> None:
    assert_no_rule_is_broken(page, path)
    assert not _is_wider_than_the_screen(page), path


def test_without_scripts_every_page_is_complete(open_page, complaints, live):
    page = open_page(java_script_enabled=False)
    page.goto("/")
    expect(page.locator("tr[data-site]")).to_have_count(len(live.snapshot.sites))
    expect(page.locator("noscript p")).to_be_visible()
    page.get_by_label("Name or area").fill("cliff parade")
    page.get_by_role("button", name="Show places").click()
    expect(page.locator("tr[data-site]")).to_have_count(1)
    page.get_by_role("link", name="Cliff Parade").click()
    expect(page.locator("g.marker")).to_have_count(18)
    expect(page.locator("tr[data-asset]")).to_have_count(18)
    page.goto("/docs")
    expect(page.get_by_role("link", name="openapi.json").first).to_be_visible()
    _log_in(page)
    expect(page.locator("tr[data-device]")).to_have_count(100)
    page.goto("/manage/dead-letters")
    page.locator("main summary").first.click()
    expect(page.locator("pre").first).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in for asset managers")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("width", [1280, 375])
def test_a_codec_is_tried_refused_kept_and_used_without_scripts(open_page, complaints, codecs, width):
    page = open_page(java_script_enabled=False, viewport={"width": width, "height": 800})
    _log_in(page)
    if width < 640:
        page.get_by_text("Menu: Devices").click()
    page.get_by_role("link", name="Codecs").click()
    page.get_by_role("link", name="acme-bay").click()
    page.get_by_role("link", name="Upload a new version").click()
    page.get_by_label("JavaScript").fill("function decodeUplink() {}")
    kept, failed = (
        codecs.answer,
        ExampleResult(number=1, description="a", differences=("data.state: expected 1, got 2",)),
    )
    codecs.answer = Upload(version=None, problems=(), examples=(failed,))
    page.get_by_role("button", name="Keep and use").click()
    expect(page.get_by_role("alert")).to_contain_text("Example 1 (a) does not pass")
    expect(page.get_by_text("data.state: expected 1, got 2")).to_be_visible()
    expect(page.get_by_label("JavaScript")).to_have_value("function decodeUplink() {}")
    assert not _is_wider_than_the_screen(page)
    codecs.answer = kept
    page.get_by_role("button", name="Try the examples").click()
    expect(page.get_by_role("alert")).to_contain_text("Every example passes")
    page.get_by_role("button", name="Keep and use").click()
    expect(page.get_by_role("alert")).to_contain_text("Version 3 reads frames from now on")
    page.get_by_label("fPort").fill("1")
    page.get_by_label("Bytes, in hexadecimal").fill("01 ff")
    page.get_by_role("button", name="Try").click()
    expect(page.locator("[data-run]")).to_contain_text("taken<")
    page.get_by_role("button", name="Use version 1").click()
    assert codecs.asked[-1] == ("acme-bay", 1, "manager")
    assert [said for said in complaints if "422" not in said] == []


def test_the_pages_of_a_refused_upload_break_no_rule(open_page, codecs):
    page = open_page(viewport={"width": 375, "height": 800})
    _log_in(page)
    failed = ExampleResult(number=1, description="a car arrives", differences=("data.state: expected 1, got 2" * 9,))
    codecs.answer = Upload(version=None, problems=("vendor: 1 to 100 characters",), examples=(failed,))
    page.goto("/manage/codec-upload")
    page.get_by_role("button", name="Try the examples").click()
    _check(page, "a refused upload")


def _stop_the_clock(page: Page) -> None:
    """Give the page a clock that is years off and moves only when the test moves it, however slow the machine is."""
    begins_at = datetime(2030, 1, 1, tzinfo=UTC)
    page.clock.install(time=begins_at)
    page.clock.pause_at(begins_at + timedelta(seconds=1))


def _is_told(page: Page, live, **changes) -> None:
    """A revision that differs in this, and the page has heard of it: nothing comes later to tell it the time anew."""
    live.snapshot = replace(live.snapshot, revision=live.snapshot.revision + 1, **changes)
    expect(page.locator("main")).to_have_attribute("data-revision", str(live.snapshot.revision))


def _library_empties(live, make_bay, clock) -> None:
    bays = [make_bay(number, State.FREE) for number in range(24)]
    live.snapshot = live.snapshot.changed(revision=42, as_of=clock(), statuses=bays)


def test_a_new_snapshot_changes_the_open_list_in_place_and_is_announced(open_page, complaints, live, make_bay, clock):
    page = open_page()
    _stop_the_clock(page)
    page.goto("/")
    row = page.locator("tr[data-site=library]")
    expect(row).to_contain_text("0 of 24")
    page.get_by_label("Name or area").fill("typing")
    _library_empties(live, make_bay, clock)
    expect(row).to_contain_text("24 of 24")
    expect(row.locator("[data-status]")).to_have_attribute("data-status", "spaces")
    expect(row.locator("use")).to_have_attribute("href", "#shape-spaces")
    expect(page.locator("main")).to_have_attribute("data-revision", "42")
    # Changes are announced every ten seconds, whatever happens meanwhile.
    page.clock.run_for(10_000)
    expect(page.get_by_role("status")).to_have_text("1 place changed at 2:30pm")
    expect(page.get_by_label("Name or area")).to_have_value("typing")
    assert complaints == []


def test_a_new_snapshot_changes_the_map_and_the_tables_of_an_open_place(open_page, live, make_bay, clock):
    page = open_page()
    page.goto("/sites/library")
    expect(page.locator("g.marker[data-status=taken]")).not_to_have_count(0)
    _library_empties(live, make_bay, clock)
    expect(page.locator("g.marker[data-status=free]")).to_have_count(24)
    expect(page.locator("g.marker use[href='#shape-free']")).to_have_count(24)
    expect(page.locator("tr[data-asset] [data-status=free]")).to_have_count(24)
    expect(page.locator("tr.total")).to_have_text(re.compile(r"All bays\s+24\s+0\s+0\s+0\s+24"))


def test_ages_tick_by_the_clock_of_the_server(open_page, live):
    page = open_page()
    _stop_the_clock(page)
    page.goto("/")
    _is_told(page, live)
    age = page.locator("tr[data-site=library] [data-age]")
    expect(age).to_have_text("12 seconds ago")
    page.clock.run_for(1000)
    expect(age).to_have_text("13 seconds ago")


def test_the_browser_tells_times_as_the_server_does(open_page, live, make_bay, clock):
    seconds = [61, 3598, 3601, 50_000, 54_000, 90_000, 2_419_200, 17_280_000]
    bays = [replace(make_bay(n, State.FREE), since=clock() - timedelta(seconds=s)) for n, s in enumerate(seconds)]
    live.snapshot = live.snapshot.changed(revision=42, as_of=clock(), statuses=bays)
    static, ticking = open_page(java_script_enabled=False), open_page()
    _stop_the_clock(ticking)
    static.goto("/sites/library")
    ticking.goto("/sites/library")
    expected = static.locator(".assets [data-age]").all_inner_texts()[: len(seconds)]
    ticking.locator(".assets [data-age]").first.evaluate("element => { element.textContent = 'not yet'; }")
    ticking.clock.run_for(1000)
    expect(ticking.locator(".assets [data-age]").first).not_to_have_text("not yet")
    assert ticking.locator(".assets [data-age]").all_inner_texts()[: len(seconds)] == expected


def test_a_page_that_loses_its_stream_says_so_and_comes_back(open_page):
    page = open_page()
    page.route("**/live", lambda route: route.abort())
    page.goto("/")
    line = page.locator("[data-freshness]")
    expect(line).to_contain_text("Not live: last updated")
    expect(line).to_have_attribute("data-freshness", "stale")
    page.unroute("**/live")
    expect(line).to_contain_text("Up to date at")


def test_figures_that_grow_old_while_the_stream_is_open_are_marked_too(open_page, live, clock):
    page = open_page()
    _stop_the_clock(page)
    page.goto("/")
    _is_told(page, live, as_of=clock() - timedelta(seconds=118))
    expect(page.locator("[data-freshness]")).to_contain_text("Up to date at")
    page.clock.run_for(3000)
    expect(page.locator("[data-freshness]")).to_contain_text("Not live: last updated 2 minutes ago")


def test_the_first_page_can_be_walked_by_keyboard(open_page):
    page = open_page()
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Name or area")).to_be_focused()
    page.keyboard.type("pier")
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-site]")).to_have_count(1)


@pytest.mark.parametrize(
    "options", [{"forced_colors": "active"}, {"color_scheme": "dark"}, {"reduced_motion": "reduce"}]
)
def test_preferences_of_the_reader_break_nothing(open_page, options):
    page = open_page(**options)
    for path in ("/", "/sites/seafront-west"):
        page.goto(path)
        _check(page, path)


def test_a_device_is_commanded_without_javascript(open_page, book):
    page = open_page(java_script_enabled=False)
    _log_in(page)
    page.goto("/manage/devices/70b3d5e75e000001/commands")
    page.get_by_label("Seconds").fill("7")
    page.locator("#set-reporting-interval").get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("seconds is not in")
    page.get_by_label("Seconds").fill("600")
    page.locator("#set-reporting-interval").get_by_role("button").click()

    expect(page.locator("[data-command]")).to_contain_text("Waiting to be sent")
    assert [command.parameters for command in book.listed] == [{"seconds": "600"}]


def test_an_installer_stands_where_the_phone_says_and_the_nearest_bay_comes_first(open_page, complaints):
    here = {"longitude": 0.7101, "latitude": 51.54, "accuracy": 4}
    page = open_page(viewport={"width": 375, "height": 800}, geolocation=here, permissions=["geolocation"])
    _log_in(page)
    page.goto("/manage/install")
    page.get_by_label("Id of the device").fill("70-B3-D5-E7-5E-00-00-01")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Use where I am").click()
    expect(page.get_by_label("Longitude")).to_have_value("0.710100")
    expect(page.locator("[data-locate] [role=status]")).to_have_text(
        re.compile(r"^Within 4 metres, \d+ metres from where the plan has Bay 1,")
    )
    expect(page.locator("#asset option").nth(1)).to_have_text("Bay 10")
    page.get_by_label("Bay or bench").select_option("library-bay-010")
    page.get_by_role("button", name="Install here").click()
    expect(page.get_by_role("heading", name="Installed")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("scripts", [True, False])
def test_a_bay_is_chosen_and_put_right_by_tapping_on_the_plan(open_page, complaints, registry, scripts):
    page = open_page(viewport={"width": 375, "height": 800}, java_script_enabled=scripts)
    _log_in(page)
    page.goto("/manage/install?device=70b3d5e75e000388&site=library")
    page.get_by_role("button", name="Plan: tap a bay").click(position={"x": 298, "y": 160})
    expect(page.get_by_label("Bay or bench")).to_have_value("library-bay-010")
    page.get_by_role("button", name="Plan: tap where Bay 10 is").click(position={"x": 160, "y": 80})
    expect(page.get_by_label("Latitude")).not_to_have_value("")
    expect(page.locator("#plan-words")).to_contain_text("tap again to mend that")
    page.get_by_label("Model").select_option("bosch-tps110")
    page.get_by_role("button", name="Install here").click()
    expect(page.get_by_role("heading", name="Installed")).to_be_visible()
    moved = registry.register[RecordKind.ASSET]["library-bay-010"]
    assert 51.5400 < moved["lat"] < 51.5402
    assert moved["lon"] == pytest.approx(0.7101, abs=3e-6)
    assert complaints == []


def test_a_device_is_installed_without_scripts(open_page, complaints):
    page = open_page(viewport={"width": 375, "height": 800}, java_script_enabled=False)
    _log_in(page)
    page.goto("/manage/install?device=70b3d5e75e000388")
    page.get_by_label("Place", exact=True).select_option("library")
    page.get_by_role("button", name="Show what is there").click()
    expect(page.get_by_role("button", name="Use where I am")).to_be_hidden()
    page.get_by_label("Model").select_option("bosch-tps110")
    page.get_by_label("Bay or bench").select_option("library-bay-010")
    page.get_by_role("button", name="Install here").click()
    expect(page.get_by_role("heading", name="Installed")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("width", [1280, 375])
def test_a_market_is_made_on_a_page_without_scripts(open_page, complaints, registry, width):
    # Playwright looks at a page with axe, which is a script: it is allowed here, and the page has none.
    page = open_page(viewport={"width": width, "height": 800})
    _log_in(page)
    page.goto("/manage/closures")
    page.get_by_role("button", name="Close something").click()
    page.get_by_label("Where").select_option("Library")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("What").select_option("Roof")
    page.get_by_label("Why").fill("Market")
    page.get_by_label("From", exact=True).fill("2026-06-27T00:00")
    page.get_by_label("Wednesday").check()
    page.get_by_label("On these days from").fill("06:00")
    page.get_by_label("To", exact=True).fill("18:00")
    page.get_by_role("button", name="Close it").click()
    expect(page.locator("#now h3")).to_have_text("Roof, Library")
    expect(page.locator("#next time").first).to_have_text("Wednesday 8 July 2026")
    _check(page, "closures")
    page.locator("#kept").get_by_role("link", name="Change").click()
    expect(page.get_by_label("Why")).to_have_value("Market")
    _check(page, "a closure")
    page.goto("/manage/closures?done=2")
    page.get_by_role("button", name="Undo it").click()
    expect(page.get_by_text("Undo of 2")).to_be_visible()
    assert not registry.register[RecordKind.CLOSURE]
    assert complaints == []
