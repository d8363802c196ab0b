"""Every uplink example of the vendors, from the broker to the database and the pages."""

import html
from collections import Counter

import pytest

from devices.catalogue import MODELS, model
from domain.places import AssetKind
from domain.places_file import OWN_MODELS
from tests.conftest import HERE, SHARED, load, until
from tests.e2e.conftest import logged_in, uplink

VENDOR_FILE = SHARED / "data" / "codecs" / "parking_bench_vectors.jsonl"

pytestmark = [pytest.mark.e2e, pytest.mark.db, pytest.mark.broker]


@pytest.fixture(scope="module")
def vectors() -> list:
    if not VENDOR_FILE.exists():
        pytest.skip(f"the vendors' vectors are not at {VENDOR_FILE}")
    return load(HERE / "devices" / "vendor_vectors.py").load(VENDOR_FILE)


def bay(number: int) -> str:
    return f"vectors-{number:03}"


def device(number: int) -> str:
    return f"70b3d5e2e{number:07x}"


def places(vectors) -> str:
    """One site with one bay (or bench, as the model is made for) and one device for each example."""
    lines = [
        'name = "Examples"',
        "simulated = true",
        "[[site]]",
        'id = "vectors"',
        'name = "Examples of the vendors"',
        'kind = "car_park"',
        'locality = "Grays"',
        "lon = 0.325",
        "lat = 51.475",
    ]
    for number, vector in enumerate(vectors):
        spot = f'[{{ id = "{bay(number)}", lon = 0.3251, lat = 51.4751, device = "{device(number)}" }}]'
        if model(vector.model).senses is AssetKind.BAY:
            lines += ["[[site.bays]]", 'category = "general"', f'model = "{vector.model}"', f"bay = {spot}"]
        else:
            lines += ["[[site.benches]]", f'model = "{vector.model}"', f"bench = {spot}"]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def events(vectors) -> list:
    """One event for each example, with its place in the list as the frame counter."""
    return [
        uplink(device(number), vector.model, number, vector.f_port, vector.payload)
        for number, vector in enumerate(vectors)
    ]


@pytest.fixture(scope="module")
def stored(module_platform, vectors, events):
    """The platform once every example is in the journal or among the dead letters, each of them published twice."""
    platform = module_platform
    platform.import_places(places(vectors))
    with platform.process("ingest"), platform.process("serve"), platform.publisher() as publisher:
        until(platform.is_ready, what="ingest and the web server")
        publisher.publish(*events)
        publisher.publish(*events)
        until(lambda: arrived(platform) == len(vectors), what="every example in the journal or set aside")
        # Behind the duplicates comes one frame more: when it is there, they were there, too.
        publisher.publish(uplink(device(0), vectors[0].model, 10_000, vectors[0].f_port, vectors[0].payload))
        until(lambda: arrived(platform) == len(vectors) + 1, what="the frame behind the duplicates")
        yield platform


def arrived(platform) -> int:
    return platform.value("SELECT (SELECT count(*) FROM uplink) + (SELECT count(*) FROM dead_letter)")


def journal(platform, number: int) -> dict | None:
    """What is kept of an example: its kind, its measurements, and what it says of its bay."""
    rows = platform.rows(
        """
        SELECT u.kind, u.f_port, u.payload, u.codec, u.received_at, s.reported, s.f_cnt AS state_f_cnt, s.state,
               (SELECT array_agg(e.state) FROM event AS e
                WHERE e.device_key = u.device_key AND e.f_cnt = u.f_cnt) AS events,
               (SELECT json_object_agg(m.key, m.value) FROM measurement AS m
                WHERE m.device_key = u.device_key AND m.observed_at = u.observed_at) AS measurements
        FROM journal AS u
        JOIN device AS d USING (device_key)
        JOIN installation AS i USING (device_key)
        JOIN asset_state AS s USING (asset_key)
        WHERE d.device_id = %s AND u.f_cnt = %s
        """,
        device(number),
        number,
    )
    assert len(rows) <= 1, f"stored {len(rows)} times"
    return rows[0] if rows else None


def letters(platform, number: int) -> list[dict]:
    return platform.rows("SELECT * FROM dead_letter WHERE device_id = %s", device(number))


def differences(vector, row: dict | None) -> set[str]:
    """In which fields what is stored is not what the example states."""
    if row is None:
        return {"refused"}
    states = {state == "occupied" for state in row["events"] or ()}
    # A state is kept as what the bay's event says.
    measured = (row["measurements"] or {}) | ({"occupied": states.pop()} if len(states) == 1 else {})
    wrong = {
        key for key, value in vector.expected.items() if measured.get(key) != pytest.approx(float(value), abs=1e-6)
    }
    if vector.kind is not None and vector.kind.value != row["kind"]:
        wrong.add("kind")
    if "occupied" in vector.expected:
        state = "occupied" if vector.expected["occupied"] else "free"
        if row["reported"] != state or row["events"] != [state]:
            wrong.add("state")
    return wrong


def test_every_model_of_a_vendor_has_examples(vectors):
    without = load(HERE / "devices" / "vendor_vectors.py").WITHOUT_EXAMPLES
    assert {vector.model for vector in vectors} >= {known.key for known in MODELS} - OWN_MODELS - without


def test_an_example_that_agrees_is_stored_as_its_vendor_reads_it(stored, vectors):
    agreeing = {n: v for n, v in enumerate(vectors) if v.agrees and not v.refused}
    print(Counter(vector.model for vector in agreeing.values()))
    assert {v.id: wrong for n, v in agreeing.items() if (wrong := differences(v, journal(stored, n)))} == {}


def test_the_journal_keeps_the_very_bytes_and_who_read_them(stored, vectors):
    for number, vector in enumerate(vectors):
        row = journal(stored, number)
        if row is not None:
            assert (row["payload"], row["f_port"], row["codec"]) == (vector.payload, vector.f_port, vector.model)


def test_an_example_adjudicated_wrong_is_stored_otherwise(stored, vectors):
    wrong = {v.id: differences(v, journal(stored, n)) for n, v in enumerate(vectors) if not v.agrees}
    print(wrong)
    assert wrong
    assert [name for name, keys in wrong.items() if not keys] == []


def test_an_example_that_is_no_frame_is_a_dead_letter_with_its_event_as_published(stored, vectors, events):
    refused = [number for number, vector in enumerate(vectors) if vector.refused]
    assert refused
    for number in refused:
        assert journal(stored, number) is None
        (letter,) = letters(stored, number)
        assert (letter["reason"], letter["topic"]) == ("undecodable", events[number].topic)
        assert letter["payload"] == events[number].payload


def test_every_example_is_stored_exactly_once_though_published_twice(stored, vectors):
    for number in range(len(vectors)):
        kept, set_aside = journal(stored, number), letters(stored, number)
        assert (kept is None) == bool(set_aside)
        # The same garbage again is the same row, counted.
        assert [letter["times"] for letter in set_aside] in ([], [2])


def test_the_api_shows_the_state_that_is_stored(stored, vectors):
    shown = {
        item["id"]: item["state"]
        for kind in ("bays", "benches")
        for item in stored.get(f"/v1/{kind}?limit=1000").json()[kind]
    }
    assert len(shown) == len(vectors)
    for number in range(len(vectors)):
        row = journal(stored, number)
        assert shown[bay(number)] == ((row and row["reported"]) or "unknown")


def test_each_dead_letter_is_on_the_page_for_asset_managers(stored):
    with logged_in(stored.url) as client:
        page = html.unescape(client.get("/manage/dead-letters").raise_for_status().text)
    everything = stored.rows("SELECT * FROM dead_letter")
    assert everything
    for letter in everything:
        assert f'data-letter="{letter["dead_letter_id"]}"' in page
        assert letter["topic"] in page
        assert letter["detail"] in page
        assert letter["payload"][:16].hex(" ") in page


def test_without_logging_in_no_dead_letter_is_shown(stored):
    answer = stored.get("/manage/dead-letters", follow_redirects=True)
    assert answer.url.path == "/manage/login"
    assert "data-letter" not in answer.text
