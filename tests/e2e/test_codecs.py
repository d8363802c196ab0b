"""A JavaScript codec on the platform as people run it: uploaded, used by the web server, its worker killed."""

import json
import os
import signal
from dataclasses import asdict
from pathlib import Path

import httpx
import pytest

from domain.api_keys import Scope
from tests.conftest import SMALL_BOROUGH, until
from tests.e2e.conftest import uplink

pytestmark = [pytest.mark.e2e, pytest.mark.db]

BAY = "70b3d50000000001"
PLACES = SMALL_BOROUGH.replace('model = "bosch-tps110"', 'model = "acme-bay"', 1)


@pytest.fixture(scope="module")
def platform(module_platform):
    return module_platform


@pytest.fixture
def key(platform):
    return platform.new_key(Scope.INGEST, Scope.CODECS)


@pytest.fixture
def ask(platform, key):
    def send(method, path, content):
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        return httpx.request(method, platform.url + path, content=content, headers=headers, timeout=30)

    return send


def body(draft, **more):
    given = asdict(draft)
    kept = {name: given[name] for name in ("vendor", "name", "source", "mapping", "examples")}
    return json.dumps(kept | {"senses": "bay", "heartbeat_minutes": 60} | more)


def frame(f_cnt, payload):
    # The model only shapes the event around the bytes.
    return uplink(BAY, "bosch-tps110", f_cnt, 1, payload).payload


def workers_of(process):
    """The processes that run codecs for this one."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            parent = f"PPid:\t{process.pid}\n" in status.read_text()
            command = status.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if parent and b"scripting.worker" in command:
            found.append(int(status.parent.name))
    return found


def test_a_codec_is_uploaded_and_reads_what_is_pushed_from_then_on(platform, serve, ask, acme):
    refused = ask("POST", "/v1/codecs/acme-bay", body(acme, source="function decodeUplink() { for (;;); }"))
    uploaded = ask("POST", "/v1/codecs/acme-bay", body(acme))
    assert (refused.status_code, uploaded.status_code) == (422, 201), uploaded.text
    assert "timeout" in refused.text
    platform.import_places(PLACES)
    first = ask("POST", "/v1/ingest/chirpstack?event=up", frame(1, b"\x01"))
    until(lambda: platform.get("/v1/sites/mill-yard").json()["counts"]["occupied"] == 1, what="an occupied bay")

    assert first.json() == {"status": "stored"}

    # Whoever kills what reads codecs loses a frame's meaning at most, never the frame.
    for pid in workers_of(serve):
        os.kill(pid, signal.SIGKILL)
    second = ask("POST", "/v1/ingest/chirpstack?event=up", frame(2, b"\x00"))
    third = ask("POST", "/v1/ingest/chirpstack?event=up", frame(3, b"\x00"))

    assert second.json()["status"] == "stored" or second.json()["reason"] == "codec_failed"
    assert third.json() == {"status": "stored"}
    versions = platform.rows("SELECT DISTINCT codec, codec_version FROM uplink")
    assert [(row["codec"], row["codec_version"]) for row in versions] == [("acme-bay", 1)]


def test_no_worker_outlives_its_server(platform, serve, ask, acme):
    assert ask("POST", "/v1/codecs/acme-bay", body(acme)).status_code == 201
    workers = workers_of(serve)
    assert workers
    serve.kill()
    serve.wait()

    until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), what="the end of the workers")
