"""The page as a player: it starts without a network, judges what it is sent, and never shows more than it may."""

import json
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from signage.credentials import Credentials
from signage.frames import Frames
from signage.served import rendered_hash
from tests.signage.test_kiosk import CHROMIUM, assert_blank, display

PAGE = "/signs/harbour-road"
TOKEN = "sp_abcd1234_" + "s" * 43
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing")]


class World:
    """The platform's clock, moved together with that of a page."""

    def __init__(self, live, borough):
        self.ahead = timedelta()
        self.live = live
        self.borough = borough
        self.revision = 7

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def vouch(self, north="fffoo", **more) -> None:
        """A new revision, that the platform vouches for now."""
        self.revision += 1
        self.live.publish(self.borough(north, as_of=self.now(), revision=self.revision, **more))

    def vouch_to(self, page: Page, north="fffoo", **more) -> None:
        """The same, and the page has heard of it."""
        self.vouch(north, **more)
        expect(page.locator("main")).to_have_attribute("data-revision", str(self.revision))

    def pass_by(self, page: Page, seconds: float, *, step_s: float = 5) -> None:
        # In steps, for the two clocks move one after the other, and frames go on meanwhile.
        while seconds > 0:
            step = min(seconds, step_s)
            self.ahead += timedelta(seconds=step)
            page.clock.run_for(int(step * 1000))
            seconds -= step


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def context(browser):
    complaints = []
    with browser.new_context(viewport={"width": 1280, "height": 720}) as context:
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        yield context
    assert complaints == []


@pytest.fixture
def page(context):
    return context.new_page()


@pytest.fixture
def world(live, borough):
    world = World(live, borough)
    world.vouch()
    return world


async def no_notice(_event):
    return None


@pytest.fixture
def keys():
    """What each key may do, while the server runs."""
    return {TOKEN: frozenset({"sign:harbour-road"})}


@pytest.fixture
def make_credentials(keys, world):
    async def scopes_of(key):
        return keys.get(key)

    return lambda **more: Credentials(scopes_of, notice=no_notice, now=world.now, **more)


@pytest.fixture
def server(create_app, live, serve, world, make_credentials):
    return serve(create_app(live, now=world.now, credentials=make_credentials()))


def frame_of(world, **changes) -> dict:
    """A frame as the server makes them."""
    line = {"key": "north", "label": "North car park", "state": "spaces", "display": "3", "count": 3, "arrow": None}
    return {
        "sign_id": "harbour-road",
        "frame_id": "f" * 32,
        "revision": world.revision,
        "generated_at": world.now().isoformat(),
        "valid_until": (world.now() + timedelta(seconds=60)).isoformat(),
        "valid_for_s": 60.0,
        "title": "Harbour Road",
        "titles": {},
        "lines": [{**line, "labels": {}, "word": "Spaces", "basis": "measured", "mode": "auto"}],
        "message": None,
        "lit": True,
        "layout": "landscape",
        "layout_version": 1,
        "expired_message": "No current information",
        "expired_word": "No recent data",
        **changes,
    }


def test_the_page_starts_without_a_network_and_recovers_alone(context, page, create_app, server, live, world, serve):
    page.goto(server.url + PAGE)
    expect(display(page)).to_have_text("4")
    page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
    live.close()
    server.stop()
    # A machine that was switched off and on: a new page, and nobody there.
    page.close()
    page = context.new_page()
    page.goto(server.url + PAGE)
    expect(page.get_by_role("heading")).to_have_text("Port Council")
    expect(page.locator("main")).to_have_attribute("data-blank", "true")
    assert "4" not in page.locator("main").inner_text()
    live.closed = False
    world.vouch("ffooo")
    serve(create_app(live, now=world.now), server.port)
    expect(display(page)).to_have_text("3")
    expect(page.get_by_role("heading")).to_have_text("Harbour Road")


def test_what_the_shell_keeps_has_no_numbers(page, server):
    page.goto(server.url + PAGE)
    page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
    kept = page.evaluate(
        """async () => Promise.all((await caches.keys()).map(async (name) => {
             const shell = await caches.open(name);
             return (await shell.keys()).map((request) => new URL(request.url).pathname);
           }))"""
    )
    (paths,) = kept
    assert {"/signs/shell.html", "/signs/setup.html"} <= set(paths)
    assert [path for path in paths if path.startswith("/v1/") or path == PAGE] == []


@pytest.mark.parametrize("answer", [{"status": 502, "body": "Bad gateway"}, {"status": 200, "body": "<h1>Log in</h1>"}])
def test_a_page_of_somebody_in_between_is_never_shown(context, page, server, answer):
    page.goto(server.url + PAGE)
    page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
    context.route("**" + PAGE, lambda route: route.fulfill(content_type="text/html", **answer))
    page.reload()
    expect(page.locator("main")).to_have_attribute("data-sign", "")
    expect(display(page)).to_have_text("4")


BAD = {
    "malformed": [
        "<html>Bad gateway</html>",
        {"lines": None},
        {"valid_for_s": "60"},
        {"valid_for_s": -1.0},
        {"lines": [{"key": "a", "label": "A", "state": "empty", "display": "9"}]},
    ],
    "foreign": [{"sign_id": "old-quay"}],
    "replayed": [{"revision": 3}, {"generated_at": "2026-01-01T00:00:00Z"}],
}


def test_what_is_no_frame_of_now_is_refused_and_counted(page, server, world):
    good = frame_of(world)
    forged = {"title": "Forged", "frame_id": "0" * 32}
    sent = [json.dumps(good)]
    sent += [bad if isinstance(bad, str) else json.dumps(good | forged | bad) for bads in BAD.values() for bad in bads]
    events = "".join(f"event: frame\ndata: {data}\n\n" for data in sent)
    page.route("**/stream", lambda route: route.fulfill(body=events, content_type="text/event-stream"))
    page.route("**/frame", lambda route: route.abort())
    page.route("**/heartbeat", lambda route: route.fulfill(status=204))
    page.clock.install()
    page.goto(server.url + PAGE + "#token=" + TOKEN)
    expect(display(page)).to_have_text("3")
    with page.expect_request("**/heartbeat") as heartbeat:
        world.pass_by(page, 31)
    refused = heartbeat.value.post_data_json["refused"]
    # As often as the stream was opened.
    assert refused["foreign"] > 0
    assert refused == {reason: len(bads) * refused["foreign"] for reason, bads in BAD.items()} | {"expired": 0}
    expect(page.get_by_role("heading")).to_have_text("Harbour Road")
    # And what stands, stands no longer for it.
    world.pass_by(page, 31)
    expect(page.locator("main")).to_have_attribute("data-blank", "true")


def test_a_frame_after_its_time_is_refused_whatever_it_says_of_itself(page, server, world):
    stale = frame_of(
        world, generated_at=(world.now() - timedelta(seconds=4)).isoformat(), valid_for_s=3.0, title="Late"
    )
    events = "".join(f"event: frame\ndata: {json.dumps(data)}\n\n" for data in (frame_of(world), stale))
    page.route("**/stream", lambda route: route.fulfill(body=events, content_type="text/event-stream"))
    page.route("**/frame", lambda route: route.abort())
    page.goto(server.url + PAGE)
    expect(display(page)).to_have_text("3")
    expect(page.get_by_role("heading")).to_have_text("Harbour Road")


def test_a_database_that_was_put_back_counts_again_after_two_minutes(page, server, world):
    page.clock.install()
    page.goto(server.url + PAGE)
    expect(display(page)).to_have_text("4")
    world.revision = 1
    world.vouch("ffooo")
    world.pass_by(page, 70)
    expect(page.locator("main")).to_have_attribute("data-blank", "true")
    for _ in range(15):
        world.vouch("ffooo")
        world.revision = 1
        world.pass_by(page, 10)
    expect(display(page)).to_have_text("3")


def test_the_page_says_what_stands_on_it_in_words_that_the_server_can_check(page, server, live, world):
    keys, plays = [], []

    def take(route):
        keys.append(route.request.headers["idempotency-key"])
        plays.extend(route.request.post_data_json["plays"])
        route.fulfill(status=200, json={})

    page.route("**/heartbeat", lambda route: route.fulfill(status=200, json={}))
    page.route("**/plays", take)
    page.clock.install()
    page.goto(server.url + PAGE + "#token=" + TOKEN)
    world.vouch_to(page)
    expect(display(page)).to_have_text("4")
    with page.expect_request("**/heartbeat") as heartbeat:
        world.pass_by(page, 31)
    said = heartbeat.value.post_data_json
    frame = Frames(now=world.now, validity=timedelta(seconds=60)).of("harbour-road", live.snapshot)
    assert (said["frame_id_shown"], said["rendered_hash"]) == (frame.frame_id, rendered_hash(frame))
    assert (said["screen_on"], said["interval_s"]) == (True, 30)
    # Time goes by beside it: long before a frame ends, whatever the machine has to do, there is another one.
    for _ in range(8):
        world.vouch_to(page)
        world.pass_by(page, 20)
    world.pass_by(page, 45)
    assert_blank(page)
    with page.expect_request("**/heartbeat") as heartbeat:
        world.pass_by(page, 30)
    assert heartbeat.value.post_data_json["frame_id_shown"] is None
    # Every five minutes, and nobody knows how many have passed until here on a machine that is busy.
    while not plays or plays[-1]["frame_id"] is not None:
        world.pass_by(page, 30)
    # One stretch of time, told in two where a full hour lies in it.
    assert [frame_id for frame_id, _ in groupby(play["frame_id"] for play in plays) if frame_id] == [frame.frame_id]
    assert all(before["to"] <= after["from"] for before, after in pairwise(plays))
    assert all(play["from"][:13] == play["to"][:13] or play["to"][14:19] == "00:00" for play in plays)
    assert {len(key) for key in keys} == {32}


def test_a_batch_that_is_not_taken_is_handed_in_again_as_it_was(page, server, world):
    keys = []

    def refuse(route):
        keys.append((route.request.headers["idempotency-key"], route.request.post_data))
        route.fulfill(status=503)

    page.route("**/plays", refuse)
    page.route("**/heartbeat", lambda route: route.fulfill(status=200, json={}))
    page.clock.install()
    page.goto(server.url + PAGE + "#token=" + TOKEN)
    # Before anybody tells it the time, it has nothing to hand in.
    world.vouch_to(page)
    for _ in range(2):
        with page.expect_response("**/plays"):
            world.pass_by(page, 300, step_s=50)
    page.reload()
    world.vouch_to(page)
    with page.expect_response("**/plays"):
        world.pass_by(page, 300, step_s=50)
    assert len(keys) == 3
    assert len(set(keys)) == 1


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_wall_clock_that_is_set_right_costs_a_moment_at_most(page, server, world, hours):
    page.add_init_script("window.wrong = 0; const now = Date.now; Date.now = () => now() + window.wrong;")
    page.goto(server.url + PAGE)
    expect(display(page)).to_have_text("4")
    page.evaluate(f"window.wrong = {hours * 3_600_000}")
    world.vouch("ffooo")
    expect(display(page)).to_have_text("3")
    expect(page.locator("main")).to_have_attribute("data-blank", "false")


def test_a_machine_that_slept_blanks_before_it_shows_anything(page, server, live, world):
    page.add_init_script("window.wrong = 0; const now = Date.now; Date.now = () => now() + window.wrong;")
    page.goto(server.url + PAGE)
    expect(display(page)).to_have_text("4")
    page.route("**/frame", lambda route: route.abort())
    page.route("**/stream", lambda route: route.abort())
    # Asleep, the monotonic clock stands still and the wall clock goes on.
    page.evaluate("window.wrong = 120_000")
    assert_blank(page)
    page.unroute("**/frame")
    page.unroute("**/stream")
    world.vouch("ffooo")
    expect(display(page)).to_have_text("3")


def test_a_day_passes_and_every_moment_of_it_is_right_or_blank(page, server, world):
    page.clock.install()
    page.route("**/stream", lambda route: route.abort())
    page.goto(server.url + PAGE)
    for number in range(12):
        spaces = 1 + number % 3
        world.vouch("f" * spaces + "ooo", blue="oo")
        world.pass_by(page, 10, step_s=10)
        expect(display(page)).to_have_text(str(spaces))
        # Then the platform falls silent, and a minute later so does the sign.
        world.pass_by(page, 80, step_s=10)
        assert_blank(page)
        # The clocks go on for the rest of two hours, and nothing comes back by itself. That of the page goes first: an
        # answer on its way between the two must not look as if it came early.
        page.clock.fast_forward(7_110_000)
        world.ahead += timedelta(seconds=7_110)
        assert_blank(page)


def test_a_board_that_blanked_looks_the_same_whatever_stood_on_it(page, server, live, world, create_app, serve):
    pictures = []
    for north in ("fffoo", "ooooo"):
        world.vouch(north)
        page.clock.install()
        page.goto(server.url + PAGE)
        expect(page.locator("main")).to_have_attribute("data-blank", "false")
        before = page.locator("main").screenshot()
        world.pass_by(page, 61)
        assert_blank(page)
        pictures.append(page.locator("main").screenshot())
        assert pictures[-1] != before
    assert pictures[0] == pictures[1]


def test_a_token_that_is_revoked_leaves_the_name_of_the_council(
    page, create_app, live, world, serve, keys, make_credentials
):
    server = serve(create_app(live, now=world.now, credentials=make_credentials(private=True)))
    page.goto(server.url + PAGE + "#token=" + TOKEN)
    expect(display(page)).to_have_text("4")
    keys.clear()
    # The stream is asked for its key when there is something to send, and a heartbeat is.
    expect(page.get_by_role("heading")).to_have_text("Port Council")
    expect(page.locator("main li")).to_have_count(0)
    expect(page.locator("main")).to_have_attribute("data-blank", "true")
    # Given a good one again, it shows again.
    keys["sp_new11111_" + "s" * 43] = frozenset({"sign:harbour-road"})
    world.vouch()
    page.goto(server.url + PAGE + "?again#token=sp_new11111_" + "s" * 43)
    expect(display(page)).to_have_text("4")


def test_setting_up_keeps_the_token_and_shows_the_sign(page, server):
    page.goto(server.url + "/signs/setup.html")
    page.get_by_label("Sign").fill("harbour-road")
    page.get_by_label("Token").fill(TOKEN)
    with page.expect_request("**/harbour-road/stream") as asked:
        page.get_by_role("button").click()
    assert asked.value.headers["authorization"] == "Bearer " + TOKEN


def test_a_token_in_the_address_is_kept_and_taken_out_of_it(page, server):
    with page.expect_request("**/stream") as asked:
        page.goto(server.url + PAGE + "#token=" + TOKEN)
    assert asked.value.headers["authorization"] == "Bearer " + TOKEN
    assert page.url == server.url + PAGE
    with page.expect_request("**/stream") as asked:
        page.reload()
    assert "authorization" in asked.value.headers
