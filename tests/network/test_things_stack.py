"""The Things Stack's HTTP API, read from a server on loopback that answers as it does."""

import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from domain.ids import DeviceId
from domain.lorawan import RegisteredDevice
from network.drift import Drift
from network.errors import ForbiddenError, NetworkServerError, NotThereError, TooSlowError, UnreachableError
from network.inventory import Traits
from network.things_stack import PAGE, ThingsStack
from network.wanted import wanted

KEY = "NNSXS.A-KEY"
SECRET = "00112233445566778899AABBCCDDEEFF"
TRAITS = Traits(
    region="EU868",
    mac_version="LORAWAN_1_0_3",
    reg_params_revision="A",
    supports_otaa=True,
    supports_class_b=False,
    supports_class_c=False,
    uplink_interval_s=3600,
)


def nothing(*_):
    return None


class State:
    def __init__(self):
        self.devices = {}  # device_id: (listed, settings, keys)
        self.unavailable = 0
        self.slow = threading.Event()
        self.asked = []

    def add(self, eui, *, settings=None, keys=True, **attributes):
        listed = {"ids": {"device_id": f"eui-{eui}", "dev_eui": eui.upper(), "join_eui": "0" * 16}}
        if attributes:
            listed["attributes"] = attributes
        self.devices[f"eui-{eui}"] = (
            listed,
            {"supports_join": True} if settings is None else settings,
            {"root_keys": {"app_key": {"key": SECRET}}} if keys else None,
        )

    def answer(self, path, query):
        """Status and document."""
        server, _, rest = path.removeprefix("/api/v3/").partition("applications/parking/")
        if not rest:
            return 404, {"code": 5}
        if rest == "devices":
            limit, page = int(query["limit"][0]), int(query["page"][0])
            listed = [one[0] for one in self.devices.values()][(page - 1) * limit : page * limit]
            return 200, {"end_devices": listed} if listed else {}
        _, settings, keys = self.devices[rest.removeprefix("devices/")]
        found = settings if server == "ns/" else keys
        return (404, {"code": 5}) if found is None else (200, found)


@contextmanager
def serving(state):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            state.asked.append(self.path)
            status, document = 401, {"code": 16}
            if state.slow.is_set():
                state.slow.wait_for_release.wait(20)
            if state.unavailable:
                state.unavailable -= 1
                status = 503
            elif self.headers["Authorization"] == f"Bearer {KEY}":
                parts = urlsplit(self.path)
                status, document = state.answer(parts.path, parse_qs(parts.query))
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(BrokenPipeError):  # who asked may be gone
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    state.slow.wait_for_release = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            state.slow.wait_for_release.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def state():
    return State()


@pytest.fixture
def things_stack(state):
    with serving(state) as url:

        def client(**more):
            given = {"api_key": KEY, "application": "parking", "sleep": nothing} | more
            return ThingsStack(url, **given)

        yield client


def eui(number):
    return DeviceId(f"70b3d5{number:010x}")


def want(*numbers):
    devices = [
        RegisteredDevice(dev_eui=eui(number), model="elsys-ers", asset_id=None, site_id=None) for number in numbers
    ]
    return wanted(devices, {"elsys-ers": TRAITS}, application="smartplace")


def drifts(client, wanted):
    return sorted((finding.drift, finding.subject) for finding in client.drift(wanted, nothing))


def test_page_after_page_agrees(state, things_stack):
    for number in range(PAGE + 3):
        state.add(eui(number), model="elsys-ers", owner="parks")

    assert drifts(things_stack(), want(*range(PAGE + 3))) == []
    assert sum("/devices?" in path for path in state.asked) == 2


def test_each_disagreement_is_told(state, things_stack):
    state.add(eui(1), model="elsys-ers", settings={"supports_join": True, "mac_settings": {"resets_f_cnt": True}})
    state.add(eui(2), model="elsys-ers", settings={}, keys=False)
    state.add(eui(3), model="elsys-ems-desk")
    state.add(eui(4))

    assert drifts(things_stack(), want(1, 2, 3, 5)) == sorted(
        [
            (Drift.SKIP_FCNT_CHECK, eui(1)),
            (Drift.ABP, eui(2)),
            (Drift.NO_KEYS, eui(2)),
            (Drift.WRONG_TAG, eui(3)),
            (Drift.EXTRA, eui(4)),
            (Drift.MISSING, eui(5)),
            (Drift.NO_KEYS, eui(5)),
        ]
    )


def test_a_device_of_a_model_without_a_template_is_ours(state, things_stack):
    state.add(eui(1), model="acme-bay")
    device = RegisteredDevice(dev_eui=eui(1), model="acme-bay", asset_id=None, site_id=None)

    assert drifts(things_stack(), wanted([device], {}, application="smartplace")) == []


def test_a_device_that_the_network_server_does_not_know_is_not_called_abp(state, things_stack):
    state.add(eui(1), model="elsys-ers")
    state.devices[f"eui-{eui(1)}"] = (state.devices[f"eui-{eui(1)}"][0], None, None)

    assert drifts(things_stack(), want(1)) == [(Drift.NO_KEYS, eui(1))]


def test_no_key_is_in_what_was_read(state, things_stack):
    state.add(eui(1))

    assert SECRET not in repr(things_stack().read(want(1), nothing))


def test_it_is_asked_again_while_it_is_away_and_not_for_ever(state, things_stack):
    state.unavailable = 3
    assert drifts(things_stack(), want()) == []
    state.unavailable = 100
    with pytest.raises(UnreachableError):
        things_stack().drift(want(), nothing)
    assert state.unavailable == 96


def test_failures_are_told_apart(state, things_stack, monkeypatch):
    with pytest.raises(ForbiddenError) as caught:
        things_stack(api_key="another-key").drift(want(), nothing)
    assert "another-key" not in str(caught.value)
    with pytest.raises(NotThereError):
        things_stack(application="nowhere").drift(want(), nothing)
    monkeypatch.setattr(state, "answer", lambda path, query: (200, b"<html>"))
    with pytest.raises(NetworkServerError, match="no JSON object"):
        things_stack().drift(want(), nothing)
    monkeypatch.setattr(state, "answer", lambda path, query: (302, {}))
    with pytest.raises(NetworkServerError, match="answers 302"):
        things_stack().drift(want(), nothing)
    assert not any("elsewhere" in path for path in state.asked)
    state.slow.set()
    with pytest.raises(TooSlowError):
        things_stack(deadline_s=0.2).drift(want(), nothing)
