"""E-paper screens with TRMNL's firmware: what they ask, and what they are told."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from domain.boards import EPaper
from domain.errors import StoreUnavailableError
from domain.sign_reports import Agreement
from signage.credentials import Credentials
from signage.form_routes import create_router as form_router
from signage.frames import Frames
from signage.screen_reports import ScreenReports
from signage.trmnl import create_router
from tests.memory_sign_reports import MemoryReports
from tests.signage.conftest import nobody

MAC = "A0:B1:C2:D3:E4:F5"
ASKING = {"ID": MAC, "Access-Token": "screen-of-harbour-road", "Refresh-Rate": "300", "FW-Version": "1.6.2"}


@pytest.fixture
def time(now):
    return [now]


@pytest.fixture
def heard():
    return []


@pytest.fixture
def client(create_app, live, borough, sign, time, heard) -> TestClient:
    board = replace(sign.board, epaper=EPaper(macs=(MAC,), refresh_s=600))
    live.publish(borough(signs=(replace(sign, board=board),)))

    async def note(sign, frame, word):
        heard.append((sign.sign_id, frame.frame_id, word))

    frames = Frames(now=lambda: time[0], validity=timedelta(seconds=60))
    app = create_app(live, now=lambda: time[0])
    app.include_router(
        form_router(
            live=live,
            frames=frames,
            credentials=Credentials(nobody, notice=nobody, now=lambda: time[0]),
            organisation="Port Council",
        )
    )
    app.include_router(create_router(live=live, frames=frames, organisation="Port Council", heard=note))
    return TestClient(app)


def test_setup_knows_a_screen_that_a_board_names(client):
    answer = client.get("/api/setup", headers={"ID": MAC.lower()})
    body = answer.json()
    assert answer.status_code == 200
    assert (body["status"], body["friendly_id"]) == (200, "harbour-road")
    assert body["api_key"]
    assert client.get(body["image_url"]).headers["content-type"] == "image/png"


def test_setup_tells_a_stranger_so_in_the_way_that_its_firmware_reads(client):
    body = client.get("/api/setup", headers={"ID": "00:00:00:00:00:00"}).json()
    assert (body["status"], body["api_key"], body["friendly_id"]) == (404, None, None)


def test_display_has_the_shape_that_the_firmware_reads(client):
    body = client.get("/api/display", headers=ASKING).json()
    address = body.pop("image_url")
    assert re.fullmatch(r"harbour-road-[0-9a-f]{32}-1432", body.pop("filename"))
    assert body == {
        "status": 0,
        "refresh_rate": 600,
        "image_url_timeout": 0,
        "reset_firmware": False,
        "update_firmware": False,
        "firmware_url": None,
        "special_function": "none",
    }
    picture = client.get(address)
    assert (picture.headers["content-type"], len(picture.content) < 90_000) == ("image/png", True)


def test_the_name_of_the_picture_changes_with_what_is_on_it(client, live, borough, time, now):
    def name():
        return client.get("/api/display", headers=ASKING).json()["filename"]

    first = name()
    time[0] = now + timedelta(seconds=5)
    assert name() == first
    signs = tuple(live.snapshot.signs.values())
    live.publish(borough("ooooo", signs=signs))
    full = name()
    live.publish(borough("ooooo", signs=signs, as_of=now + timedelta(minutes=2)))
    time[0] = now + timedelta(minutes=2)
    later = name()
    time[0] = now + timedelta(minutes=9)
    assert len({first, full, later, name()}) == 4


def test_a_screen_says_its_size_and_old_firmware_gets_a_bitmap(client):
    body = client.get("/api/display", headers={**ASKING, "Width": "400", "Height": "300", "FW-Version": "1.2.1"}).json()
    assert "frame.bmp?width=400&height=300&" in body["image_url"]
    assert client.get(body["image_url"]).content[:2] == b"BM"
    wild = client.get("/api/display", headers={**ASKING, "Width": "99999", "Height": "-1"}).json()
    assert "width=800&height=480" in wild["image_url"]


def test_what_a_screen_says_of_itself_is_passed_on(client, heard):
    client.get("/api/display", headers={**ASKING, "Battery-Voltage": "3.91", "RSSI": "-71"})
    client.get("/api/display", headers={**ASKING, "Battery-Voltage": "much", "RSSI": "nan"})
    (sign_id, frame_id, word), (_, _, odd) = heard
    assert (sign_id, len(frame_id)) == ("harbour-road", 32)
    assert (word.mac, word.battery_volts, word.rssi_dbm, word.firmware) == (MAC, 3.91, -71, "1.6.2")
    assert (odd.battery_volts, odd.rssi_dbm) == (None, None)


def test_a_screen_that_no_board_names_any_more_goes_neutral(client, live, borough, heard):
    live.publish(borough())
    body = client.get("/api/display", headers=ASKING).json()
    assert (body["status"], body["filename"], body["refresh_rate"]) == (0, "neutral", 300)
    picture = client.get(body["image_url"])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert heard == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"logs": [{"message": "no wifi"}]}',
        b'{"log": {"logs_array": [{"log_message": "no wifi"}]}}',
    ],
)
def test_what_a_screen_complains_of_is_logged(client, caplog, body):
    assert client.post("/api/log", headers=ASKING, content=body).status_code == 204
    [record] = [one for one in caplog.records if getattr(one, "action", "") == "screen_log"]
    assert "no wifi" in record.said


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"log": 5}', b'{"logs": "x"}', b"\xff"])
def test_nonsense_in_a_complaint_harms_nobody(client, body):
    assert client.post("/api/log", headers=ASKING, content=body).status_code == 204


@pytest.mark.parametrize("path", ["/api/setup", "/api/display"])
def test_without_a_mac_address_the_request_is_wrong(client, path):
    assert client.get(path).status_code == 422


@pytest.fixture
def reporting(live, borough, sign, time, create_app):
    """A client whose words are kept, and what was kept of them."""
    kept = MemoryReports()
    live.publish(borough(signs=(replace(sign, board=replace(sign.board, epaper=EPaper(macs=(MAC,), refresh_s=600))),)))
    frames = Frames(now=lambda: time[0], validity=timedelta(seconds=60))
    screens = ScreenReports(kept, lambda: time[0])
    app = create_app(live, now=lambda: time[0])
    app.include_router(create_router(live=live, frames=frames, organisation="Port Council", heard=screens.heard))
    return TestClient(app), kept


def test_a_screen_that_asks_has_a_heartbeat_with_its_battery(reporting, time):
    client, kept = reporting
    client.get("/api/display", headers={**ASKING, "Battery-Voltage": "3.91", "RSSI": "-71"})
    report = kept.kept["harbour-road"]
    said = report.heartbeat
    assert (said.battery_volts, said.rssi_dbm, said.player) == (3.91, -71, "trmnl 1.6.2")
    assert (said.interval, len(said.frame_id)) == (timedelta(seconds=600), 32)
    # It was handed a picture. Whether that stands on it, it does not say.
    assert report.agreement is Agreement.NOT_KNOWN
    since = said.received_at
    assert not report.is_silent(since + timedelta(minutes=59), listening_since=since)
    assert report.is_silent(since + timedelta(minutes=61), listening_since=since)


def test_a_screen_that_was_handed_a_blank_board_is_not_said_to_show_a_number(reporting, time):
    client, kept = reporting
    time[0] += timedelta(minutes=5)
    client.get("/api/display", headers=ASKING)
    assert kept.kept["harbour-road"].heartbeat.frame_id is None


def test_a_screen_that_asks_all_the_time_is_kept_now_and_then(reporting, time):
    client, kept = reporting
    for volts in ("3.9", "3.8"):
        client.get("/api/display", headers={**ASKING, "Battery-Voltage": volts})
    assert kept.kept["harbour-road"].heartbeat.battery_volts == 3.9
    time[0] += timedelta(seconds=10)
    client.get("/api/display", headers={**ASKING, "Battery-Voltage": "3.7"})
    assert kept.kept["harbour-road"].heartbeat.battery_volts == 3.7


def test_without_the_database_a_screen_gets_its_picture(reporting):
    client, kept = reporting

    async def away(*_, **__):
        raise StoreUnavailableError("away")

    kept.heard = away
    assert client.get("/api/display", headers=ASKING).json()["filename"].startswith("harbour-road-")
