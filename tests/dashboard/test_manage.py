import re

import pytest

from domain.errors import StoreUnavailableError


def _devices(text: str) -> list[str]:
    return re.findall(r'data-device="([^"]+)"', text)


def _letters(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'data-letter="(\d+)"', text)]


def test_devices_that_need_somebody_come_first(manager, make_device):
    page = manager.get("/manage").text
    first = [make_device(number).device_id for number in (904, 901, 902, 903, 905)]
    assert _devices(page)[:5] == first
    for words in ("Never heard", "Silent", "Tampered with", "Battery low", "Not installed"):
        assert f">{words}</strong>" in page


def test_a_device_is_shown_in_words_and_units(manager):
    page = manager.get("/manage").text
    for words in ("yesterday at 8:30am", "2.71 V", "9%", "−97 dBm, SNR 8 dB", "SNR 8 dB", "Not known"):
        assert words in page


def test_the_tiles_count_what_the_filters_show(manager):
    page = manager.get("/manage").text
    tiles = re.findall(r'tile__link" href="([^"]+)".*?tile__number">([\d,]+)<', page)
    assert tiles[0] == ("/manage?need=any", "5")
    for href, number in tiles[:3]:
        assert len(_devices(manager.get(href).text)) == int(number)


def test_a_hundred_devices_are_on_a_page(manager):
    first, last = manager.get("/manage").text, manager.get("/manage?page=3").text
    assert (len(_devices(first)), len(_devices(last))) == (100, 34)
    assert "Page 1 of 3" in first
    assert 'rel="next" href="/manage?need=&amp;model=&amp;site=&amp;page=2"' in first
    assert 'rel="next"' not in last
    assert len(_devices(manager.get("/manage?page=99").text)) == 34


def test_devices_are_found_by_model_and_site(manager):
    page = manager.get("/manage?model=bosch-tps110&site=library").text
    assert "117 devices of 234" in page
    assert set(re.findall(r'places__kind">([a-z]+-[a-z0-9]+)<', page)) == {"bosch-tps110"}
    assert '<option value="bosch-tps110" selected>' in page
    assert _devices(manager.get("/manage?site=nowhere").text) == []


def test_dead_letters_say_why_in_plain_english_and_show_their_bytes_as_text(manager):
    page = manager.get("/manage/dead-letters").text
    assert _letters(page) == list(range(69, 19, -1))
    assert "From a device that is not in the register" in page
    assert "1,234 times, first on 29 June at" in page
    assert "0010  10 11 12" in page
    assert "512 bytes" in page
    assert "The first 256 bytes." in page
    assert "<script>alert" not in page
    assert "&lt;b&gt;not&lt;/b&gt;" in page


def test_older_dead_letters_are_a_link_away(manager):
    assert 'href="/manage/dead-letters?before=20"' in manager.get("/manage/dead-letters").text
    older = manager.get("/manage/dead-letters?before=20").text
    assert _letters(older) == list(range(19, 0, -1))
    assert "Older messages</a>" not in older


def test_without_dead_letters_the_page_says_so(manager, inspection):
    inspection.letters = []
    assert "There are none." in manager.get("/manage/dead-letters").text


def test_a_database_that_does_not_answer_is_said_so(manager, inspection):
    inspection.failure = StoreUnavailableError("refused")
    page = manager.get("/manage")
    assert page.status_code == 503
    assert "The database does not answer" in page.text


@pytest.mark.parametrize("path", ["/manage", "/manage/dead-letters", "/manage/login"])
def test_nothing_of_asset_managers_is_kept_by_browsers(manager, path):
    assert manager.get(path).headers["cache-control"] == "no-store"
