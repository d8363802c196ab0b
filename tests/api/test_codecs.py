"""Codecs over HTTP, with a shelf in memory behind the routes."""
# ruff: noqa: E501

from dataclasses import asdict, replace

import pytest
from fastapi.testclient import TestClient

from api.routes.codecs import create_router
from domain.codec_scripts import CodecActivation, CodecVersion, DryRun, ExampleResult, TraceStep, Upload
from domain.errors import UnknownCodecError
from domain.uplinks import Kind

KEY = {"Authorization": "Bearer sp_abcd1234_" + "x" * 43}
SCOPES = {KEY["Authorization"][7:]: frozenset({"codecs"}), "sp_ingest": frozenset({"ingest"})}


class Shelf:
    """One codec, and a note of what was asked."""

    def __init__(self, draft, at):
        self.codec = CodecVersion(
            draft=draft, version=2, module=True, fresh=False, engine="quickjs-ng 0", created_at=at,
            created_by="manager", is_active=True,
        )  # fmt: skip
        self.asked = []
        self.answer = Upload(
            version=3, problems=(), examples=(ExampleResult(number=1, description="a", differences=()),)
        )

    async def all(self):
        return [self.codec]

    async def version(self, model, version=None):
        if (model, version) != ("acme-bay", 2):
            raise UnknownCodecError(model, version)
        return self.codec

    async def activations(self, model):
        return [CodecActivation(model=model, version=2, activated_at=self.codec.created_at, activated_by="manager")]

    async def upload(self, draft, *, by, dry_run=False):
        self.asked.append((draft, by, dry_run))
        return replace(self.answer, version=None) if dry_run else self.answer

    async def activate(self, model, version, *, by):
        await self.version(model, version)
        self.asked.append((model, version, by))

    async def try_out(self, model, version, *, f_port, payload, at):
        self.asked.append((model, version, f_port, payload, at))
        return DryRun(
            model=model, version=2, kind=Kind.EVENT, measurements={"occupied": True}, output={"data": {"a": [1, None]}},
            trace=(TraceStep(path="a", key="occupied", found=1, made=True, problem=""),), warnings=("w",),
            console=("c",), problems=(),
        )  # fmt: skip


@pytest.fixture
def shelf(acme, noon):
    return Shelf(acme, noon)


@pytest.fixture
def client(make_app, live, shelf, noon):
    async def scopes_of(key):
        return SCOPES.get(key)

    return TestClient(make_app(live, routers=[create_router(shelf, scopes_of, lambda: noon)]))


@pytest.fixture
def body(acme):
    given = asdict(acme)
    return {key: given[key] for key in ("vendor", "name", "source", "mapping", "examples")} | {
        "senses": "bay",
        "heartbeat_minutes": 60,
    }


ROUTES = [
    ("GET", "/v1/codecs"),
    ("GET", "/v1/codecs/acme-bay"),
    ("GET", "/v1/codecs/acme-bay/versions/2"),
    ("POST", "/v1/codecs/acme-bay"),
    ("PUT", "/v1/codecs/acme-bay/active"),
    ("POST", "/v1/codecs/acme-bay/decode"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"Authorization": "Bearer sp_wrong"}, 401), ({"Authorization": "Bearer sp_ingest"}, 403)])  # fmt: skip
def test_nobody_comes_in_without_the_scope(client, shelf, body, method, path, headers, status):
    answer = client.request(method, path, headers=headers, json=body if method != "GET" else None)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert shelf.asked == []


def test_an_upload_is_tried_kept_and_told(client, shelf, body, acme):
    answer = client.post("/v1/codecs/acme-bay", headers=KEY, json=body)

    assert answer.status_code == 201
    assert answer.json() == {
        "version": 3,
        "module": True,
        "fresh": False,
        "examples": [{"number": 1, "description": "a", "passed": True, "differences": []}],
    }
    assert shelf.asked == [(acme, "key abcd1234", False)]


def test_a_dry_run_makes_nothing(client, shelf, body):
    answer = client.post("/v1/codecs/acme-bay?dry_run=true", headers=KEY, json=body)

    assert (answer.status_code, answer.json()["version"]) == (200, None)
    assert shelf.asked[0][2] is True


def test_an_upload_whose_examples_fail_is_a_problem_with_the_differences(client, shelf, body):
    result = ExampleResult(number=1, description="a", differences=("data.a: expected 1, got 2",))
    shelf.answer = Upload(version=None, problems=(), examples=(result,))
    answer = client.post("/v1/codecs/acme-bay", headers=KEY, json=body)

    assert answer.status_code == 422
    assert answer.json()["detail"] == "1 of its own examples do not pass"
    assert answer.json()["examples"][0]["differences"] == ["data.a: expected 1, got 2"]


def test_an_upload_with_faults_is_a_problem_with_all_of_them(client, shelf, body):
    shelf.answer = Upload(version=None, problems=("vendor: x", "source: y"), examples=())
    answer = client.post("/v1/codecs/acme-bay", headers=KEY, json=body)

    assert (answer.status_code, answer.json()["problems"]) == (422, ["vendor: x", "source: y"])


@pytest.mark.parametrize(
    "wrong", [{"senses": "lamp"}, {"heartbeat_minutes": 0}, {"heartbeat_minutes": "60"}, {"source": 5}, {"sourec": ""}]
)
def test_an_upload_of_the_wrong_shape_is_refused(client, shelf, body, wrong):
    assert client.post("/v1/codecs/acme-bay", headers=KEY, json=body | wrong).status_code == 400
    assert shelf.asked == []


def test_a_codec_may_be_larger_than_a_message_and_not_without_end(client, shelf, body):
    large = body | {"source": "// " + "x" * 200_000}

    assert client.post("/v1/codecs/acme-bay", headers=KEY, json=large).status_code == 201
    assert client.post("/v1/codecs/acme-bay", headers=KEY, json=large | {"name": "x" * 2**20}).status_code == 413


def test_a_codec_is_shown_as_it_was_uploaded(client, body):
    answer = client.get("/v1/codecs/acme-bay/versions/2", headers=KEY).json()

    assert {key: answer[key] for key in body} == body
    assert (answer["version"], answer["active"], answer["created_by"]) == (2, True, "manager")


def test_the_list_and_the_history_have_no_source(client):
    (listed,) = client.get("/v1/codecs", headers=KEY).json()["codecs"]
    history = client.get("/v1/codecs/acme-bay", headers=KEY).json()

    assert listed["created_at"] == "2026-11-20T12:00:00.000Z"
    assert "source" not in listed
    assert history["versions"] == [listed]
    assert history["activations"] == [
        {"version": 2, "activated_at": "2026-11-20T12:00:00.000Z", "activated_by": "manager"}
    ]


@pytest.mark.parametrize("path", ["/v1/codecs/other", "/v1/codecs/acme-bay/versions/9"])
def test_what_is_not_there_is_a_404(client, path):
    assert client.get(path, headers=KEY).status_code == 404


def test_another_version_is_made_active(client, shelf):
    assert client.put("/v1/codecs/acme-bay/active", headers=KEY, json={"version": 2}).status_code == 204
    assert client.put("/v1/codecs/acme-bay/active", headers=KEY, json={"version": 9}).status_code == 404
    assert shelf.asked == [("acme-bay", 2, "key abcd1234")]


def test_a_frame_is_tried(client, shelf, noon):
    answer = client.post("/v1/codecs/acme-bay/decode", headers=KEY, json={"f_port": 2, "payload": "01fF"})

    assert answer.json() == {
        "model": "acme-bay",
        "version": 2,
        "kind": "event",
        "measurements": {"occupied": True},
        "output": {"data": {"a": [1, None]}},
        "trace": [{"path": "a", "key": "occupied", "found": 1, "made": True, "problem": ""}],
        "warnings": ["w"],
        "console": ["c"],
        "problems": [],
        "fault": None,
        "line": None,
    }
    assert shelf.asked == [("acme-bay", None, 2, b"\x01\xff", noon)]


@pytest.mark.parametrize(
    "frame",
    [
        {"f_port": 256, "payload": ""},
        {"f_port": 1, "payload": "0"},
        {"f_port": 1, "payload": "zz"},
        {"f_port": 1, "payload": "00" * 257},
        {"f_port": 1, "payload": "00", "time": "yesterday"},
        {"f_port": 1, "payload": "00", "time": "2026-01-01T00:00:00"},
        {"f_port": 1, "payload": "00", "version": 0},
    ],
)
def test_what_is_no_frame_is_refused(client, shelf, frame):
    assert client.post("/v1/codecs/acme-bay/decode", headers=KEY, json=frame).status_code == 400
    assert shelf.asked == []
