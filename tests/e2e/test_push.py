"""Frames pushed to the real web server, while the store is blocked, and while the server is told to stop."""

import concurrent.futures
import json
import os
import signal

import httpx
import psycopg
import pytest

from domain.api_keys import Scope
from tests.conftest import SMALL_BOROUGH, until
from tests.e2e.conftest import uplink

BAY, MODEL = "70b3d50000000001", "bosch-tps110"

pytestmark = [pytest.mark.e2e, pytest.mark.db]


@pytest.fixture(scope="module")
def platform(module_platform):
    """Only the web server: neither ingest nor anything from the broker."""
    module_platform.import_places(SMALL_BOROUGH)
    return module_platform


@pytest.fixture(scope="module")
def key(platform):
    return platform.new_key(Scope.INGEST)


def post(platform, key, path, content):
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(platform.url + path, content=content, headers=headers, timeout=20)


def bay_event(f_cnt):
    return uplink(BAY, MODEL, f_cnt, 1, b"\x01").payload


def kept(platform):
    return {row["f_cnt"] for row in platform.rows("SELECT f_cnt FROM uplink")}


def test_a_frame_is_in_the_database_when_its_sender_is_answered(platform, serve, key):
    as_of = platform.value("SELECT as_of FROM platform")
    answer = post(platform, key, "/v1/ingest/chirpstack?event=up", bay_event(1))

    assert (answer.status_code, answer.json()) == (202, {"status": "stored"})
    assert 1 in kept(platform)
    until(lambda: platform.get("/v1/sites/mill-yard").json()["counts"]["occupied"] == 1, what="an occupied bay")
    # The broker was never heard: nobody vouches for the whole.
    assert platform.value("SELECT as_of FROM platform") == as_of


def test_a_place_that_is_imported_meanwhile_is_known(platform, serve, key):
    message = json.dumps({"seq": 1, "kind": "event", "measurements": {"occupied": True}})
    refused = post(platform, key, "/v1/ingest/device/bench-new", message)
    platform.import_places(SMALL_BOROUGH.replace("bench-green-1", "bench-new"))

    assert (refused.status_code, refused.json()["reason"]) == (422, "unknown_device")
    assert post(platform, key, "/v1/ingest/device/bench-new", message).status_code == 202


def test_a_revoked_key_is_refused_at_once(platform, serve):
    key = platform.new_key(Scope.INGEST)
    assert post(platform, key, "/v1/ingest/ttn", b"{}").status_code == 202

    platform.revoke(key)
    assert post(platform, key, "/v1/ingest/ttn", b"{}").status_code == 401


def test_while_its_table_is_locked_nobody_is_told_that_a_frame_is_safe(platform, serve, key):
    with psycopg.connect(platform.conninfo) as connection:
        connection.execute("LOCK TABLE uplink IN ACCESS EXCLUSIVE MODE")
        answer = post(platform, key, "/v1/ingest/chirpstack?event=up", bay_event(50))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")

    # It was not given up, and sent again it is the same frame.
    assert post(platform, key, "/v1/ingest/chirpstack?event=up", bay_event(50)).status_code == 202
    assert platform.value("SELECT count(*) FROM uplink WHERE f_cnt = 50") >= 1


def test_whoever_was_told_that_a_frame_is_safe_was_told_the_truth_even_at_the_end(platform, serve, key):
    def push(f_cnt):
        try:
            return f_cnt if post(platform, key, "/v1/ingest/chirpstack", bay_event(f_cnt)).status_code == 202 else None
        except httpx.HTTPError:
            return None

    with concurrent.futures.ThreadPoolExecutor(8) as senders:
        answers = [senders.submit(push, f_cnt) for f_cnt in range(1000, 1200)]
        until(lambda: sum(answer.done() for answer in answers) > 40, what="some answers")
        os.kill(serve.pid, signal.SIGTERM)
        promised = {answer.result() for answer in answers} - {None}

    assert serve.wait(20) == 0
    assert len(promised) > 40
    assert promised <= kept(platform)
    assert "Traceback" not in platform.log("serve").read_text()
