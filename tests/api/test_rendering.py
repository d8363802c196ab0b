import gzip
from datetime import timedelta

import pytest

from domain.places import Category
from domain.states import State

PATHS = ["/v1/sites", "/v1/sites/mill-yard", "/v1/bays", "/v1/bays.geojson", "/v1/benches", "/v1/benches.geojson"]
MANY = [("mill-yard", Category.GENERAL, State.FREE)] * 50


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_says_its_revision_and_its_moment(client, path):
    answer = client.get(path)

    assert (answer.json()["revision"], answer.json()["as_of"]) == (7, "2026-11-20T12:00:00.000Z")
    assert answer.headers["smartplace-revision"] == "7"
    assert answer.headers["cache-control"] == "public, max-age=5, must-revalidate"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", ["gzip", "identity"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '"other",W/{}', "*", " * "])
def test_what_the_reader_has_is_not_sent_again(client, path, coding, form):
    whole = client.get(path, headers={"Accept-Encoding": coding})
    etag = whole.headers["etag"]
    answer = client.get(path, headers={"Accept-Encoding": coding, "If-None-Match": form.format(etag)})

    assert etag.startswith('"')
    assert etag.endswith('"')
    assert (answer.status_code, answer.content) == (304, b"")
    for name in ("etag", "cache-control", "vary", "smartplace-revision"):
        assert answer.headers[name] == whole.headers[name]
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("wrong", ['"other"', "", "7", '"*"'])
def test_another_etag_gets_the_whole_answer(client, wrong):
    assert client.get("/v1/sites", headers={"If-None-Match": wrong}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"revision": 8},
        {"as_of": timedelta(seconds=10)},
        # After a restore the numbers of revisions come again.
        {"revision": 6, "as_of": timedelta(milliseconds=1)},
    ],
    ids=str,
)
def test_a_new_revision_or_moment_is_a_new_etag(client, live, make_borough, change):
    before = client.get("/v1/bays")
    as_of = live.snapshot.as_of + change.get("as_of", timedelta())
    live.publish(make_borough(MANY, revision=change.get("revision", 7), as_of=as_of))
    after = client.get("/v1/bays", headers={"If-None-Match": before.headers["etag"]})

    assert after.status_code == 200
    assert after.headers["etag"] != before.headers["etag"]
    assert after.json()["counts"]["capacity"] == 50


def test_every_representation_and_question_has_an_etag_of_its_own(client):
    questions = [
        ("/v1/bays", {}),
        ("/v1/bays", {"Accept-Encoding": "identity"}),
        ("/v1/bays", {"Accept": "application/geo+json"}),
        ("/v1/bays?limit=1", {}),
        ("/v1/bays.geojson", {}),
        ("/v1/benches", {}),
        ("/v1/sites", {}),
    ]
    etags = [client.get(path, headers=headers).headers["etag"] for path, headers in questions]

    assert len(set(etags)) == len(etags)


@pytest.mark.parametrize("path", PATHS[:4])
def test_the_zipped_body_is_the_same_body(client, live, make_borough, path):
    live.publish(make_borough(MANY))
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())

    if len(plain.content) < 1000:
        assert "content-encoding" not in answer.headers
        assert raw == plain.content
    else:
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(raw) == plain.content
        assert int(answer.headers["content-length"]) == len(raw) < len(plain.content) / 3
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize("coding", ["", "br", "gzip;q=0", "identity, gzip; q=0.0"])
def test_a_reader_that_cannot_unzip_gets_it_plain(client, live, make_borough, coding):
    live.publish(make_borough(MANY))

    assert "content-encoding" not in client.get("/v1/bays", headers={"Accept-Encoding": coding}).headers


def test_a_body_is_made_once_for_each_revision(client, live, make_borough, monkeypatch):
    from api.routes import sites

    made = []
    original = sites._site_list
    monkeypatch.setattr(sites, "_site_list", lambda snapshot: made.append(snapshot.revision) or original(snapshot))
    for _ in range(3):
        client.get("/v1/sites")
    live.publish(make_borough(revision=8))
    client.get("/v1/sites")

    assert made == [7, 8]


def test_bodies_are_not_kept_for_ever(make_borough):
    from api.rendering import _KEPT_BODIES, Renderer
    from api.schemas import Health

    renderer = Renderer()
    for number in range(_KEPT_BODIES + 10):
        renderer._body(f'"{number}"', Health, zipped=False)

    assert len(renderer._bodies) == _KEPT_BODIES
    assert '"0"' not in renderer._bodies
