"""The register, the installation of a device, its page and its label, as asset managers see them."""

import asyncio
import json
import re
from dataclasses import replace
from html import unescape

import pytest

from domain.register import Entry, RecordKind
from tests.dashboard.conftest import REGISTER_CSV

FIRST, SECOND, NEW = "70b3d5e75e000001", "70b3d5e75e000002", "70b3d5e75e00ffff"


def at(registry, device):
    found = registry.register[RecordKind.INSTALLATION].values()
    return [(one["asset"], one["ends_at"]) for one in found if one["device"] == device]


def upload(manager, content, action="make"):
    return manager.post("/manage/registry", files={"file": ("places.csv", content)}, data={"action": action})


def test_a_file_is_tried_then_imported_then_undone(manager, registry):
    file = REGISTER_CSV.replace("Roof", "Top floor")
    tried = upload(manager, file, "try").text
    assert "places.csv: only tried, nothing was changed" in tried
    assert "0 added, 1 changed, 0 removed, 10 as they were" in tried
    assert registry.register[RecordKind.ZONE]["library-roof"]["name"] == "Roof"
    assert "0 added, 1 changed" in upload(manager, file).text
    assert registry.register[RecordKind.ZONE]["library-roof"]["name"] == "Top floor"
    assert "Undo of 2" in manager.post("/manage/registry/undo", data={"change_set": "2"}).text
    assert registry.register[RecordKind.ZONE]["library-roof"]["name"] == "Roof"


def test_every_fault_of_a_file_is_on_the_page_by_line(manager):
    page = upload(manager, REGISTER_CSV.replace("disabled", "purple").replace("0.72,51.53", "0.72,151.53"))
    assert page.status_code == 422
    assert re.findall(r"<li>(line \d+: \w+)", page.text) == ["line 3: lat", "line 6: category", "line 8: lat"]


def test_what_is_downloaded_changes_nothing(manager):
    content = manager.get("/manage/registry/export").content
    assert "0 added, 0 changed, 0 removed, 11 as they were" in upload(manager, content).text


def test_an_undo_that_cannot_be_says_why(manager):
    upload(manager, REGISTER_CSV.replace("Roof", "Top floor"))
    page = manager.post("/manage/registry/undo", data={"change_set": "1"})
    assert page.status_code == 422
    assert "zone library-roof has changed since" in page.text


@pytest.mark.parametrize("path", ["/manage/registry", "/manage/registry/undo", "/manage/install"])
def test_no_other_website_can_change_the_register(manager, path):
    refused = manager.post(path, data={"change_set": "1"}, headers={"Origin": "https://elsewhere.example"})
    assert refused.status_code == 403


def test_an_installer_sees_what_a_device_last_said(manager):
    page = manager.get("/manage/install", params={"device": "70-B3-D5-E7-5E-00-00-01"}).text
    for words in (FIRST, "12 seconds ago", "Occupied: Yes", "2 gateways", "library-bay-001", "−97 dBm, SNR 7.5 dB"):
        assert words in page
    # The bays of where it is now, by their numbers, with who is there.
    assert re.findall(r'data-lat="[^"]+"(?: selected)?>([^<]+)</option>', page) == [
        "Bay 1, library-roof", f"Bay 2 (replaces {SECOND})", "Bay 10"]  # fmt: skip


def test_a_device_is_moved_and_who_was_there_leaves(manager, registry, clock):
    form = {
        "device": FIRST,
        "site": "library",
        "asset": "library-bay-002",
        "debounce_s": "30",
        "lon": "0.7",
        "lat": "51.5",
    }
    answer = manager.post("/manage/install", data=form)
    assert answer.status_code == 303
    assert at(registry, FIRST) == [("library-bay-001", clock()), ("library-bay-002", None)]
    assert at(registry, SECOND) == [("library-bay-002", clock())]
    bay = registry.register[RecordKind.ASSET]["library-bay-002"]
    assert (bay["lon"], bay["lat"], bay["category"]) == (0.7, 51.5, "disabled")
    assert [one["debounce_s"] for one in registry.register[RecordKind.INSTALLATION].values() if not one["ends_at"]] == [
        30
    ]
    done = manager.get(answer.headers["location"]).text
    assert "Installed" in done
    assert len(registry.sets) == 2


def test_to_calibrate_where_it_is_begins_no_new_installation(manager, registry):
    form = {"device": FIRST, "site": "library", "asset": "library-bay-001", "distance_threshold_mm": "400"}
    assert manager.post("/manage/install", data=form).status_code == 303
    assert at(registry, FIRST) == [("library-bay-001", None)]
    assert 'value="400"' in manager.get(f"/manage/install?device={FIRST}").text


def hidden(page, name):
    return unescape(re.search(rf'id="plan">.*?name="{name}" value="([^"]*)"', page, re.S)[1])


def test_a_tap_on_the_plan_chooses_the_nearest_bay_and_the_next_one_says_where_it_is(manager, registry):
    params = {"device": NEW, "site": "library"}
    page = manager.get("/manage/install", params=params).text
    assert "Tap the bay or bench to choose it" in page
    # Bays 1, 2 and 10 lie in a row from west to east: the right edge is bay 10.
    params |= {"asset": hidden(page, "asset"), "view": hidden(page, "view"), "at.x": "300", "at.y": "150"}
    page = manager.get("/manage/install", params=params).text
    assert 'value="library-bay-010" data-lon="0.7101" data-lat="51.54" selected' in page
    assert "Tap where Bay 10 is" in page

    params |= {"asset": hidden(page, "asset"), "view": hidden(page, "view"), "at.x": "160", "at.y": "80"}
    page = manager.get("/manage/install", params=params).text
    lon, lat = (re.search(rf'id="{name}" name="{name}" value="([^"]*)"', page)[1] for name in ("lon", "lat"))
    assert float(lon) == pytest.approx(0.7101, abs=1e-6)
    away_m = (float(lat) - 51.54) * 111_320
    assert 5 < away_m < 20
    assert f"Bay 10 will be {away_m:.1f} m from where it was" in page

    form = {"device": NEW, "site": "library", "asset": "library-bay-010", "model": "bosch-tps110"}
    assert manager.post("/manage/install", data=form | {"lon": lon, "lat": lat}).status_code == 303
    assert registry.register[RecordKind.ASSET]["library-bay-010"]["lat"] == float(lat)


@pytest.mark.parametrize(
    ("x", "y", "view"), [("0", "0", ""), ("900", "5", ""), ("-1", "5", ""), ("5", "5", "nonsense")]
)
def test_what_is_no_tap_changes_nothing(manager, x, y, view):
    """A browser says 0, 0 where a key was pressed."""
    page = manager.get("/manage/install", params={"device": FIRST}).text
    view = view or hidden(page, "view")
    again = manager.get("/manage/install", params={"device": FIRST, "view": view, "at.x": x, "at.y": y}).text
    assert 'id="lon" name="lon" value=""' in again
    assert "will be" not in again


def test_a_plan_comes_closer_and_goes_away(manager):
    page = manager.get("/manage/install", params={"device": FIRST}).text
    closer = unescape(re.search(r'href="([^"]+)#plan">Closer', page)[1])
    metres = [float(hidden(text, "view").split(",")[2]) for text in (page, manager.get(closer).text)]
    assert metres[1] == pytest.approx(metres[0] / 2, rel=0.001)


def test_a_threshold_is_proposed_from_what_a_sensor_measured_and_taken_without_typing(manager, records, registry):
    records.distances_mm[FIRST] = [2490, 700, 710, 2500]
    page = manager.get("/manage/install", params={"device": FIRST}).text
    assert "<b>2,490 mm</b> 12 seconds ago" in page
    assert "Taken was 700 to 710 mm and free 2,490 to 2,500 mm: a threshold between them is <b>1,550 mm</b>" in page
    (link,) = re.findall(r'href="([^"]+)#distance_threshold_mm">Take it', page)
    assert 'name="distance_threshold_mm" value="1550"' in manager.get(unescape(link)).text

    records.distances_mm[FIRST] = [2490]
    page = manager.get("/manage/install", params={"device": FIRST}).text
    assert "If nothing stands there now, a threshold is <b>1,990 mm</b>" in page


def test_an_installer_learns_that_history_is_judged_anew_and_what_lacks_a_threshold(manager, records, registry):
    records.distances_mm[FIRST] = [700]
    form = {"device": FIRST, "site": "library", "asset": "library-bay-001"}
    done = manager.get(manager.post("/manage/install", data=form).headers["location"]).text
    assert "nothing is known of library-bay-001 until you" in done
    registry.retold = (FIRST,)
    answer = manager.post("/manage/install", data=form | {"distance_threshold_mm": "1500"})
    done = manager.get(answer.headers["location"]).text
    assert "is judged anew by this threshold" in done
    assert "until you" not in done
    assert "told anew, by the new thresholds" in upload(manager, REGISTER_CSV.replace("Roof", "Top")).text


def test_a_sensor_without_a_threshold_says_so_on_its_page(manager, records, inspection):
    records.distances_mm[FIRST] = [700]
    assert "Not calibrated" in manager.get(f"/manage/devices/{FIRST}").text
    inspection.devices[0] = replace(inspection.devices[0], distance_threshold_mm=1500)
    records.retold.add(FIRST)
    page = manager.get(f"/manage/devices/{FIRST}").text
    assert "1,500 mm" in page
    assert "judged anew" in page
    assert "Taken when nearer" not in manager.get(f"/manage/devices/{SECOND}").text


def test_a_device_that_nobody_registered_is_with_its_model(manager, registry):
    form = {"device": NEW, "site": "library", "asset": "library-bay-010"}
    refused = manager.post("/manage/install", data=form)
    assert (refused.status_code, "Model is empty" in refused.text) == (422, True)
    assert manager.post("/manage/install", data=form | {"model": "bosch-tps110"}).status_code == 303
    assert registry.register[RecordKind.DEVICE][NEW]["model"] == "bosch-tps110"


def test_a_sensor_with_a_javascript_codec_is_registered_with_its_model(manager, registry):
    form = {"device": NEW, "site": "library", "asset": "library-bay-010"}
    page = manager.get("/manage/install", params=form).text
    assert re.search(r'<option value="acme-bay">Acme [^<]*</option>', page)
    assert manager.post("/manage/install", data=form | {"model": "acme-bay"}).status_code == 303
    assert registry.register[RecordKind.DEVICE][NEW]["model"] == "acme-bay"


def test_a_label_with_a_digit_missing_registers_nothing(manager, registry):
    form = {"device": NEW[:-1], "site": "library", "asset": "library-bay-010", "model": "bosch-tps110"}
    refused = manager.post("/manage/install", data=form)
    assert refused.status_code == 422
    assert "A sensor of this model has another id" in refused.text
    assert NEW[:-1] not in registry.register[RecordKind.DEVICE]


def test_an_id_that_is_no_deveui_is_told_before_anything_else_is_asked(manager):
    page = manager.get("/manage/install", params={"device": NEW[:-1], "site": "library"}).text
    assert 'id="mistyped"' in page
    assert re.findall(
        r'<option value="([a-z]+-[a-z0-9]+)">', page.partition('id="model"')[2].partition("</select>")[0]
    ) == [
        "smartplace-bench",
        "smartplace-count",
    ]
    for fine in (NEW, FIRST):
        assert 'id="mistyped"' not in manager.get("/manage/install", params={"device": fine, "site": "library"}).text


@pytest.mark.parametrize(
    ("wrong", "field", "message"),
    [
        ({"asset": ""}, "asset", "Choose the bay or bench"),
        ({"lon": "x", "lat": "51"}, "lon", "Longitude must be degrees from -180 to 180"),
        ({"lat": "51"}, "lon", "Longitude is empty"),
        ({"debounce_s": "-1"}, "debounce_s", "Wait must be a whole number from 0 to 86400"),
        ({"device": "<script>"}, "device", "Enter the id on the label of the device"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_changed(manager, registry, wrong, field, message):
    form = {"device": FIRST, "site": "library", "asset": "library-bay-002"} | wrong
    page = manager.post("/manage/install", data=form)
    assert page.status_code == 422
    assert f'<a href="#{field}">{message}' in page.text
    assert f'id="{field}"' in page.text
    assert len(registry.sets) == 1


def test_only_the_install_page_may_ask_where_a_phone_is(manager):
    assert "geolocation=(self)" in manager.get("/manage/install").headers["permissions-policy"]


def test_a_device_is_told_on_its_page(manager):
    page = manager.get(f"/manage/devices/{FIRST}").text
    for words in (
        "Every 24 hours or more often", "About 2 years", "Every 60 minutes", "0.29.2", "The device&#39;s own clock",
        "2 seconds", "−1.0 dB a week", "Steady", "2 gateways heard the newest frame", "Occupied: Yes",
        "90 days, from −109.7 to −97.0 dBm",
    ):  # fmt: skip
        assert words in page, words
    assert page.count("<polyline") == 4
    assert re.findall(r'data-gateway="([^"]+)"', page) == ["0016c001f153a140", "0016c001f153a141"]
    assert "−98\N{NO-BREAK SPACE}dBm" in page
    assert "mean −0.6\N{NO-BREAK SPACE}dB" in page


def test_a_device_that_was_never_heard_has_a_page_too(manager):
    assert "It was never heard." in manager.get("/manage/devices/70b3d5e75e000388").text
    assert manager.get("/manage/devices/nobody").status_code == 404


def test_a_report_has_the_frames_and_what_they_mean(manager):
    answer = manager.get(f"/manage/devices/{FIRST}/report")
    report = json.loads(answer.content)
    assert answer.headers["content-disposition"] == f'attachment; filename="{FIRST}.json"'
    assert (report["health"]["asset_id"], report["firmware"], report["clock_offset_s"]) == (
        "library-bay-001",
        "0.29.2",
        2,
    )
    assert report["frames"][0]["payload"] == "01"
    assert report["gateways"][1] == {
        "gateway_id": "0016c001f153a141",
        "frames": 899,
        "heard_at": "2026-07-01T13:29:52.000Z",
        "rssi_dbm": -98.0,
        "snr_db": None,
        "mean_rssi_dbm": -99.4,
        "mean_snr_db": -0.6,
    }
    assert report["frames"][0]["measurements"] == {"occupied": True}
    assert report["battery_days_left"] == pytest.approx(831)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (f"?device={SECOND}", [SECOND]),
        ("?unplaced=true", []),
        ("?site=library", [FIRST, SECOND]),
        ("?site=pier-gardens", []),
        ("?site=pier-gardens&of=asset", ["pier-bench-1"]),
    ],
)
def test_a_sheet_has_the_labels_that_were_asked_for(manager, query, ids):
    page = manager.get(f"/manage/labels{query}").text
    assert re.findall(r'data-label="([^"]+)"', page) == ids
    assert page.count("label__code") == len(ids)
    assert "<b>Bench" not in page


def test_without_a_choice_it_is_the_choice_and_leads_to_every_sheet(manager, registry):
    new = Entry(kind=RecordKind.DEVICE, record_id=NEW, values={"model": "bosch-tps110", "silent_after_s": 3600})
    asyncio.run(registry.write([new], actor="Ada", what="a new device"))
    assert re.findall(r'data-label="([^"]+)"', manager.get("/manage/labels?unplaced=true").text) == [NEW]
    page = manager.get("/manage/labels")
    assert page.status_code == 200
    assert "label__code" not in page.text
    sheets = re.findall(r'href="(/manage/labels\?[^"]+)">([0-9,]+)<span', page.text)
    assert sum(int(number) for link, number in sheets if "of=asset" not in link) == 3
    assert sum(int(number) for link, number in sheets if "of=asset" in link) == len(registry.register[RecordKind.ASSET])
    for link, number in sheets:
        sheet = manager.get(link.replace("&amp;", "&")).text
        assert sheet.count("label__code") == int(number), link
    # A form without a place is no choice either.
    assert "label__code" not in manager.get("/manage/labels?of=asset&site=").text


@pytest.mark.parametrize(
    "path",
    [
        "/manage/registry",
        "/manage/registry/export",
        "/manage/install",
        "/manage/labels",
        f"/manage/devices/{FIRST}/report",
    ],
)
def test_without_a_session_none_of_it_is_shown(client, path):
    assert client.get(path).status_code == 303
