"""Whatever comes over the real broker: it is kept with its bytes and its reason, and ingest goes on."""

import json
import re

import httpx
import pytest

from domain.topics import chirpstack_up
from simulators.chirpstack import APPLICATION_ID
from tests.conftest import SMALL_BOROUGH, until
from tests.e2e.conftest import Message, as_json, logged_in, uplink

BAY, OTHER_BAY, BENCH = "70b3d50000000001", "70b3d50000000002", "bench-green-1"
MODEL = "bosch-tps110"
OCCUPIED, FREE = b"\x01", b"\x00"
UP = chirpstack_up(APPLICATION_ID, BAY)
BENCH_UP = f"smartplace/v1/devices/{BENCH}/up"

pytestmark = [pytest.mark.e2e, pytest.mark.db, pytest.mark.broker]


def event(f_cnt=1, f_port=1, payload=OCCUPIED, device=BAY, **changes) -> bytes:
    return as_json(json.loads(uplink(device, MODEL, f_cnt, f_port, payload).payload) | changes)


def bench(**changes) -> bytes:
    message = {"seq": 1, "kind": "event", "measurements": {"occupied": True}} | changes
    return as_json({key: value for key, value in message.items() if value is not None})


V3 = as_json(
    {"applicationID": "1", "devEUI": "cLPVAAAAAAE=", "fCnt": 1, "fPort": 1, "data": "AQ==", "rxInfo": [], "object": {}}
)

BAD = {
    "JSON that ends early": ("not_json", UP, event()[:-20]),
    "no JSON": ("not_json", UP, b"hello"),
    "nothing at all": ("not_json", UP, b""),
    "bytes that are no text": ("not_json", UP, b"\xff\xfe\x00\x01"),
    "JSON that is no event": ("wrong_shape", UP, b"[1, 2, 3]"),
    "wrong base64": ("wrong_shape", UP, event(data="this is not base64!")),
    "a counter of text": ("wrong_shape", UP, event(fCnt="seven")),
    "an fPort that no network has": ("wrong_shape", UP, event(fPort=300)),
    "an fPort that the sensor has not": ("undecodable", UP, event(f_port=99)),
    "a payload cut short": ("undecodable", UP, event(f_port=3, payload=b"\x00" * 9)),
    "an empty payload": ("undecodable", UP, event(payload=b"")),
    "a megabyte": ("too_large", UP, event(tags={"note": "x" * 1024 * 1024})),
    "a device that nobody installed": (
        "unknown_device",
        chirpstack_up(APPLICATION_ID, "70b3d5ffffffffff"),
        event(device="70b3d5ffffffffff"),
    ),
    "another device than the topic's": ("identity_mismatch", UP, event(device=OTHER_BAY)),
    "an event of ChirpStack 3": ("chirpstack_v3", UP, V3),
    "a payload that is still encrypted": ("encrypted", UP, event(joinServerContext={"sessionKeyId": "AQ=="})),
    "a bench's message that is no JSON": ("not_json", BENCH_UP, b"{'seq': 1}"),
    "a bench's message without seq": ("wrong_shape", BENCH_UP, bench(seq=None)),
    "a bench's seq below zero": ("wrong_shape", BENCH_UP, bench(seq=-1)),
    "a bench's message without kind": ("undecodable", BENCH_UP, bench(kind=None)),
    "a kind that no bench has": ("undecodable", BENCH_UP, bench(kind="party")),
    "a measurement that nobody knows": ("undecodable", BENCH_UP, bench(measurements={"mood": 7})),
    "a measurement that cannot be": ("undecodable", BENCH_UP, bench(measurements={"battery_percent": 400.0})),
    "a number that is none": ("not_json", BENCH_UP, b'{"seq":1,"measurements":{"battery_volts":NaN}}'),
    "a key that nobody knows": ("undecodable", BENCH_UP, bench(colour="red")),
    "a bench's message of 17 KiB": ("too_large", BENCH_UP, bench(session="x" * 17 * 1024)),
    "a bench that nobody installed": ("unknown_device", "smartplace/v1/devices/bench-nobody/up", bench()),
    "a device id that is none": ("unknown_device", "smartplace/v1/devices/Bench_1/up", bench()),
}
RETAINED = Message(UP, event(f_cnt=77), retain=True)


@pytest.fixture(scope="module")
def heard(module_platform):
    """A platform on which everything bad was published, after which a good frame arrived."""
    platform = module_platform
    platform.import_places(SMALL_BOROUGH)
    with platform.publisher() as publisher:
        # Retained means to be repeated to whoever subscribes later: ingest starts after it.
        publisher.publish(RETAINED)
        with platform.process("ingest") as ingest, platform.process("serve"):
            until(platform.is_ready, what="ingest and the web server")
            for _reason, topic, payload in BAD.values():
                publisher.publish(Message(topic, payload))
            publisher.publish(uplink(BAY, MODEL, 1000, 1, OCCUPIED))
            until(lambda: platform.rows("SELECT FROM uplink WHERE f_cnt = 1000"), what="the good frame after the bad")
            platform.ingest = ingest
            platform.send = publisher.publish
            yield platform


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_dead_letter_with_its_exact_bytes_and_reason(heard, name):
    reason, topic, payload = BAD[name]
    (letter,) = heard.rows("SELECT * FROM dead_letter WHERE payload = %s AND topic = %s", payload, topic)
    assert (letter["reason"], letter["times"]) == (reason, 1)
    assert letter["detail"]


def test_a_retained_uplink_tells_of_the_past_and_is_set_aside(heard):
    (letter,) = heard.rows("SELECT * FROM dead_letter WHERE reason = 'retained'")
    assert (letter["payload"], letter["topic"]) == (RETAINED.payload, RETAINED.topic)
    assert heard.rows("SELECT FROM uplink WHERE f_cnt = 77") == []


def test_nothing_but_the_good_frame_is_in_the_journal(heard):
    (kept,) = heard.rows("SELECT f_cnt, payload, kind FROM uplink")
    assert kept == {"f_cnt": 1000, "payload": OCCUPIED, "kind": "event"}
    assert heard.value("SELECT count(*) FROM dead_letter") == len(BAD) + 1


def test_ingest_is_the_same_process_as_before(heard):
    assert heard.ingest.poll() is None
    assert heard.is_ready()


def test_the_same_garbage_again_is_the_same_dead_letter_counted(heard):
    _reason, topic, payload = BAD["no JSON"]
    heard.send(Message(topic, payload))
    query = "SELECT times FROM dead_letter WHERE payload = %s AND topic = %s"
    try:
        until(lambda: heard.value(query, payload, topic) == 2, what="the second time is counted")
        assert heard.ingest.poll() is None
    finally:
        with_one = "UPDATE dead_letter SET times = 1 WHERE payload = %s RETURNING times"
        heard.rows(with_one, payload)


def test_reasons_are_counted_and_explained_for_asset_managers(heard):
    expected = [row["reason"] for row in heard.rows("SELECT DISTINCT reason FROM dead_letter")]
    with logged_in(heard.url) as client:
        page = client.get("/manage/dead-letters").raise_for_status().text
    reasons = re.findall(r"<dt>(.*?)</dt><dd>([\d,]+)</dd>", page)
    assert len(reasons) == len(expected)
    assert sum(int(number) for _, number in reasons) == heard.value("SELECT sum(times)::int FROM dead_letter")
    assert not [word for word, _ in reasons if "_" in word]


def test_every_log_line_of_a_dead_letter_names_its_reason_and_none_is_a_traceback(heard):
    log = heard.log("ingest").read_text()
    assert "Traceback" not in log
    assert log.count("set aside") >= len(BAD)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/bays?limit=0",
        "/v1/bays?limit=many",
        "/v1/bays?state=half",
        "/v1/bays?category=yacht",
        "/v1/bays?bbox=1,2,3",
        "/v1/bays?bbox=2,0,1,0",
        "/v1/bays?colour=red",
        "/v1/benches?category=general",
        f"/v1/bays?cursor={'x' * 65}",
    ],
)
def test_a_bad_query_is_a_problem_that_names_the_parameter(heard, path):
    answer = heard.get(path)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], bool(body["detail"])) == (400, True)
    assert re.search(r"\?(\w+)", path)[1] in answer.text


@pytest.mark.parametrize(
    "path", ["/v1/sites/nowhere", "/v1/bays?site=nowhere", "/v1/signs/nowhere/frame", "/v1/nothing"]
)
def test_what_nobody_knows_is_a_404_problem(heard, path):
    answer = heard.get(path)
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_password_opens_nothing(heard):
    answer = httpx.post(f"{heard.url}/manage/login", data={"username": "manager", "password": "guess"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
