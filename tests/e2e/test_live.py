"""From a sensor's word to the page and the sign that somebody has open: soon, and the same number everywhere."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import gmqtt
import httpx
import pytest
from gmqtt.mqtt.constants import MQTTv311

from tests.conftest import SMALL_BOROUGH, until
from tests.e2e.conftest import uplink

BAYS = ("70b3d50000000001", "70b3d50000000002", "70b3d50000000003")
OTHER_BAY = "70b3d50000000004"
SITE, SIGN = "mill-yard", "north"
DEADLINE_S = 40
VALIDITY_S = 3
NOTHING = "--"

pytestmark = [pytest.mark.e2e, pytest.mark.db, pytest.mark.broker, pytest.mark.browser]


class Bays:
    """Plays the sensors of the car park; each word is newer than all before."""

    def __init__(self, publisher) -> None:
        self._publisher = publisher
        self._f_cnt = 0

    def say(self, *, occupied: int) -> None:
        """The first bays are occupied, the others free."""
        self._publisher.publish(*(self._word(device, number < occupied) for number, device in enumerate(BAYS)))

    def say_one(self, number: int, *, occupied: bool) -> float:
        """One bay speaks; gives the moment at which its word left."""
        word = self._word(BAYS[number], occupied)
        left = time.monotonic()
        self._publisher.publish(word)
        return left

    def _word(self, device: str, occupied: bool):
        self._f_cnt += 1
        # A second after the frame before, whatever clock its time is taken from.
        age = timedelta(seconds=900 - self._f_cnt)
        return uplink(device, "bosch-tps110", self._f_cnt, 1, bytes([occupied]), age=age)


@pytest.fixture(scope="module")
def platform(module_platform):
    """Ingest and web server with sensors that have spoken; signs are valid for a few seconds only."""
    module_platform.settings.update(frame_validity_s=VALIDITY_S, tick_seconds=1, sign_topics=True)
    module_platform.import_places(SMALL_BOROUGH)
    module_platform.ingest = module_platform.start("ingest")
    module_platform.serve = module_platform.start("serve")
    until(module_platform.is_ready, what="ingest and the web server")
    publisher = module_platform.open_publisher()
    # The accessible bay has a sensor of another vendor.
    publisher.publish(uplink(OTHER_BAY, "nwave-nps405", 1, 1, b"\x00"))
    module_platform.bays = Bays(publisher)
    return module_platform


@pytest.fixture
def bays(platform) -> Bays:
    """The three bays, of which one is occupied."""
    platform.bays.say(occupied=1)
    until(lambda: free_in_the_api(platform)[1] == 2, what="two of three free")
    return platform.bays


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def open_page(chromium, platform, complaints):
    contexts = []

    def open_page(path: str):
        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(platform.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()


def free_in_the_api(platform) -> tuple[int, int]:
    """The revision, and how many general bays are free in it."""
    answer = platform.get("/v1/sites").json()
    (site,) = [site for site in answer["sites"] if site["id"] == SITE]
    return answer["revision"], site["categories"]["general"]["free"]


# What is read in the browser is read at once, in one evaluation: a revision and the number beside it.
ON_THE_PAGE = """() => [Number(document.querySelector("main").dataset.revision),
    document.querySelector("[data-live='mill-yard.free']").textContent.trim()]"""
ON_THE_SIGN = """() => [Number(document.querySelector("main").dataset.revision),
    document.querySelector("[data-line=all] [data-field=display]").textContent.trim()]"""


@pytest.mark.parametrize("occupied", [True, False])
def test_a_sensors_word_is_soon_on_the_page_and_on_the_sign(open_page, bays, complaints, occupied):
    page, sign = open_page("/"), open_page(f"/signs/{SIGN}")
    if not occupied:
        bays.say(occupied=2)
    seen = {"page": page.evaluate(ON_THE_PAGE)[1], "sign": sign.evaluate(ON_THE_SIGN)[1]}
    expected = {"page": "2 of 4", "sign": "2"} if occupied else {"page": "3 of 4", "sign": "3"}
    left = bays.say_one(1, occupied=occupied)
    took = {}

    def both_show() -> bool:
        for name, browser_page, script in (("page", page, ON_THE_PAGE), ("sign", sign, ON_THE_SIGN)):
            if name not in took and browser_page.evaluate(script)[1] == expected[name]:
                took[name] = time.monotonic() - left
        return len(took) == 2

    until(both_show, what=f"{expected} instead of {seen}", within_s=DEADLINE_S)
    print(", ".join(f"publish to {name}: {seconds * 1000:.0f} ms" for name, seconds in took.items()))
    assert complaints == []


def test_one_revision_is_one_number_everywhere(open_page, platform, bays):
    page, sign = open_page("/"), open_page(f"/signs/{SIGN}")
    compared = set()
    for occupied in (0, 1, 2, 3, 1, 0, 2):
        bays.say(occupied=occupied)
        until(lambda: free_in_the_api(platform)[1] == 3 - occupied, what="the API")  # noqa: B023
        compared.add(until(lambda: same_revision(platform, page, sign), what="one revision in all four places"))
    print(f"{len(compared)} revisions compared")
    assert len(compared) >= 5


def same_revision(platform, page, sign) -> int | None:
    """The revision that all show at this moment, after its numbers were compared; None if they are not at one."""
    answer = platform.get("/v1/sites").json()
    (site,) = [site for site in answer["sites"] if site["id"] == SITE]
    frame = platform.get(f"/v1/signs/{SIGN}/frame").json()
    page_revision, page_text = page.evaluate(ON_THE_PAGE)
    sign_revision, sign_text = sign.evaluate(ON_THE_SIGN)
    if len({answer["revision"], frame["revision"], page_revision, sign_revision}) != 1:
        return None
    (line,) = [line for line in frame["lines"] if line["key"] == "all"]
    if NOTHING in {line["display"], sign_text}:
        # On a machine with other work the sign may go blank meanwhile: then it says nothing.
        return None
    free = site["counts"]["free"]
    assert page_text == f"{free} of {site['counts']['capacity']}"
    assert (line["count"], line["display"]) == (free, str(free) if free else "FULL")
    assert sign_text == line["display"]
    return answer["revision"]


def test_a_sign_that_subscribes_hears_what_the_api_says(platform, bays):
    for occupied in (0, 2):
        bays.say(occupied=occupied)
        # On a machine with other work what stands may end at any moment, and stands again in the next.
        until(lambda: is_said_everywhere(platform, 4 - occupied), what=f"{4 - occupied} spaces everywhere")  # noqa: B023


def is_said_everywhere(platform, free: int) -> bool:
    heard = retained_frame(platform, lambda frame: frame["lines"][0]["count"] == free)
    answer = platform.get(f"/v1/signs/{SIGN}/frame").json()
    text = platform.get(f"/v1/signs/{SIGN}/frame.txt").text
    same = (heard["frame_id"], heard["lines"]) == (answer["frame_id"], answer["lines"])
    return same and f"Mill Yard   {free} spaces" in text


def retained_frame(platform, wanted) -> dict:
    """The first frame on the sign's topic that is wanted, as a sign hears it that subscribes now."""
    broker = platform.broker

    async def listen() -> dict:
        frames = asyncio.Queue()
        client = gmqtt.Client(f"sign-{time.monotonic_ns()}")
        client.set_auth_credentials("smartplace", broker.password)
        client.on_message = lambda _client, _topic, payload, _qos, _properties: frames.put_nowait(payload) or 0
        await client.connect("127.0.0.1", broker.port, version=MQTTv311)
        client.subscribe(f"smartplace/v1/signs/{SIGN}/frame", qos=1)
        try:
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    frame = json.loads(await frames.get() or "{}")
                    if frame and wanted(frame):
                        return frame
        finally:
            await client.disconnect()

    # The browser's own loop runs in this thread.
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(lambda: asyncio.run(listen())).result()


def test_a_revision_is_never_followed_by_an_older_one(platform, bays):
    seen = []
    with httpx.stream("GET", f"{platform.url}/v1/events", timeout=10) as stream:
        for number in range(6):
            bays.say_one(number % 3, occupied=bool(number % 2))
        for line in stream.iter_lines():
            if line.startswith("id: "):
                seen.append(int(line[4:]))
            if len(seen) >= 4:
                break
    assert seen == sorted(set(seen))


def test_two_signs_opened_at_different_times_agree(open_page, bays):
    first = open_page(f"/signs/{SIGN}")
    bays.say_one(0, occupied=False)
    second = open_page(f"/signs/{SIGN}")
    until(lambda: first.evaluate(ON_THE_SIGN) == second.evaluate(ON_THE_SIGN), what="two signs that agree")


def test_without_ingest_the_sign_goes_blank_by_itself_and_the_platform_says_so(open_page, platform, bays):
    sign = open_page(f"/signs/{SIGN}")
    main = sign.locator("main")
    until(lambda: main.get_attribute("data-blank") == "false", what="a sign that shows")
    platform.ingest.kill()
    platform.ingest.wait(10)
    killed = time.monotonic()
    until(lambda: main.get_attribute("data-blank") == "true", what="a blank sign", within_s=VALIDITY_S + DEADLINE_S)
    print(f"blank {time.monotonic() - killed:.1f} s after ingest was killed, at a validity of {VALIDITY_S} s")
    assert sign.evaluate(ON_THE_SIGN)[1] == NOTHING
    until(lambda: platform.get("/readyz").status_code == 503, what="a web server that says so")
    frame = platform.get(f"/v1/signs/{SIGN}/frame").json()
    assert {line["display"] for line in frame["lines"]} == {NOTHING}
    assert frame["message"]
    assert retained_frame(platform, lambda frame: not frame["valid_for_s"])["message"] == frame["message"]

    revision = free_in_the_api(platform)[0]
    # Somebody corrects a place meanwhile: that is news of the place, not of its sensors.
    platform.import_places(SMALL_BOROUGH)
    until(lambda: free_in_the_api(platform)[0] > revision, what="the imported places")
    assert platform.get("/readyz").status_code == 503
    assert main.get_attribute("data-blank") == "true"

    platform.ingest = platform.start("ingest")
    until(lambda: sign.evaluate(ON_THE_SIGN)[1] != NOTHING, what="a sign that shows again")
    until(platform.is_ready, what="a web server that vouches again")


def test_a_sensor_that_was_never_heard_is_never_called_free(platform, bays):
    bench = platform.get("/v1/benches").json()["benches"][0]
    assert bench["state"] == "unknown"


def test_without_the_web_server_the_open_sign_goes_blank_and_the_page_says_so_until_it_is_back(
    open_page, platform, bays
):
    page, sign = open_page("/"), open_page(f"/signs/{SIGN}")
    blank = sign.locator("main")
    until(lambda: blank.get_attribute("data-blank") == "false", what="a sign that shows")
    platform.serve.kill()
    platform.serve.wait(10)
    until(lambda: blank.get_attribute("data-blank") == "true", what="a blank sign", within_s=VALIDITY_S + DEADLINE_S)
    assert sign.evaluate(ON_THE_SIGN)[1] == NOTHING
    freshness = page.locator("[data-freshness]")
    until(lambda: freshness.get_attribute("data-freshness") == "stale", what="a page that says so")

    platform.serve = platform.start("serve")
    until(platform.is_ready, what="the web server")
    until(lambda: blank.get_attribute("data-blank") == "false", what="a sign that shows again")
    until(lambda: freshness.get_attribute("data-freshness") == "fresh", what="a page that is live again")
