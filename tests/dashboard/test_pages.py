import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from dashboard.static_files import FrontEndMissingError, asset_url
from domain.places import AssetKind
from domain.snapshot import build_snapshot
from domain.states import State

PUBLIC = ["/", "/sites/library", "/sites/pier-gardens", "/text", "/accessibility", "/docs", "/manage/login"]
HOSTILE = """<script>alert("x")</script>' onmouseover='y"""


def _places(text: str) -> list[str]:
    return re.findall(r'data-site="([^"]+)"', text)


@pytest.mark.parametrize("path", [*PUBLIC, "/sites/nowhere", "/manage", "/manage/dead-letters"])
def test_every_page_is_in_british_english_named_and_can_be_skipped_into(manager, path):
    page = manager.get(path)
    assert page.status_code == (404 if path == "/sites/nowhere" else 200)
    assert '<html lang="en-GB"' in page.text
    assert 'href="#main"' in page.text
    assert "Southend smart places" in page.text
    assert "GOV.UK" not in page.text
    assert not re.search(r"<script(?![^>]* src=)|<style|style=|<[^>]* on[a-z]+=", page.text)


def test_the_list_has_a_row_for_each_place_with_status_and_figures_in_words(client):
    page = client.get("/").text
    assert len(_places(page)) == 7
    for word in ("Spaces", "Almost full", "Full", "No recent data", "Closed"):
        assert f"<span data-word>{word}</span>" in page
    assert "29 of 60" in page
    assert "3 not known" in page
    assert "12 seconds ago" in page
    assert "Up to date at 2:30pm" in page


def test_a_figure_is_never_more_than_its_capacity(client):
    pairs = re.findall(r">(\d+) of (\d+)<", client.get("/").text)
    assert pairs
    assert all(int(free) <= int(capacity) for free, capacity in pairs)


def test_the_filter_finds_places_by_name_and_area(client):
    assert _places(client.get("/?q=station").text) == ["station-road"]
    assert set(_places(client.get("/?q=LEIGH cliff").text)) == {"cliff-parade"}
    nothing = client.get("/?q=atlantis").text
    assert "No places match" in nothing


def test_the_filter_finds_places_with_accessible_bays_free(client):
    page = client.get("/?accessible=1").text
    assert _places(page) == ["cliff-parade", "seafront-west"]
    assert "checked" in page
    assert "2 places of 7" in page


@pytest.mark.parametrize(
    ("sort", "first"),
    [("free", "seafront-west"), ("benches", "pier-gardens"), ("status", "cliff-parade"), ("?", "cliff-parade")],
)
def test_the_list_is_sorted_by_plain_links(client, sort, first):
    assert _places(client.get("/", params={"sort": sort}).text)[0] == first


def test_the_links_that_sort_keep_the_filter(client):
    assert 'href="/?q=station&amp;accessible=&amp;sort=free"' in client.get("/?q=station").text


def test_simulated_data_is_called_so_where_it_is_and_nowhere_else(client):
    assert "Simulated data" in client.get("/").text
    assert "Simulated data" in client.get("/text").text
    assert "Simulated data" in client.get("/sites/seafront-west").text
    assert "Simulated data" not in client.get("/sites/library").text


def test_an_area_says_how_many_of_its_spaces_are_free_and_a_gate_is_not_shown(
    make_app, live, make_site, make_bay, clock
):
    area, gate = (make_bay(number, State.FREE) for number in (1, 2))
    area = replace(area, asset=replace(area.asset, kind=AssetKind.AREA, name="Roof", capacity=40), taken=38)
    gate = replace(gate, asset=replace(gate.asset, kind=AssetKind.GATE, name="Ramp", category=None))
    live.snapshot = build_snapshot(
        revision=1, as_of=clock(), sites=[make_site("library", "Library")], statuses=[area, gate], signs=[]
    )
    page = TestClient(make_app()).get("/sites/library").text
    assert "2 of 40" in page
    assert page.count("<span data-word>Almost full</span>") == 2  # the place and its one area
    assert "Ramp" not in page


def test_the_rows_of_a_place_add_up(client):
    page = client.get("/sites/seafront-west").text
    table = page[page.index("each row adds up") : page.index('id="each"')]
    rows = [[int(cell) for cell in re.findall(r">(\d+)</td>", row)] for row in table.split("<tr")[2:]]
    assert len(rows) == 6
    assert all(sum(row[:4]) == row[4] for row in rows)
    assert [sum(column) for column in zip(*rows[:-1], strict=True)] == rows[-1]


def test_the_text_version_is_small_and_complete(client):
    page = client.get("/text")
    assert len(page.content) < 5_000
    assert "<script" not in page.text
    assert "stylesheet" not in page.text
    assert page.text.count("<li>") == 7
    assert "Bays free: 4 of 40." in page.text


def test_names_are_text_whatever_they_contain(make_app, live, make_site, make_bay, clock):
    site = make_site("library", HOSTILE, locality=HOSTILE)
    bays = [make_bay(1, State.FREE, name=HOSTILE), make_bay(2, State.FREE, None, name=HOSTILE)]
    live.snapshot = build_snapshot(revision=1, as_of=clock(), sites=[site], statuses=bays, signs=[])
    client = TestClient(make_app(organisation=HOSTILE))
    for path in ("/", "/text", "/sites/library", "/live?site=library", f"/?q={HOSTILE}"):
        text = client.get(path).text
        assert "alert(" in text
        assert path.startswith("/live") or "<script>" not in text
        assert path.startswith("/live") or "' onmouseover" not in text


def test_an_unknown_place_has_a_way_home(client):
    page = client.get("/sites/%3Cscript%3E")
    assert page.status_code == 404
    assert "Place not found" in page.text
    assert '<a class="govuk-link" href="/">' in page.text


def test_a_borough_without_places_has_a_page_too(make_app, live, clock):
    live.snapshot = build_snapshot(revision=0, as_of=clock(), sites=[], statuses=[], signs=[])
    client = TestClient(make_app())
    assert "There are no places yet" in client.get("/").text
    assert client.get("/text").status_code == 200


def test_old_figures_are_shown_as_old(client, clock):
    clock.advance(minutes=10)
    page = client.get("/").text
    assert "Not live: last updated 10 minutes ago" in page
    assert 'data-freshness="stale"' in page


def test_the_reader_of_the_api_may_ask_no_other_host(client):
    page = client.get("/docs")
    policy = page.headers["content-security-policy"]
    assert "connect-src 'self'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy
    assert 'href="/openapi.json"' in page.text
    assert "curl https://testserver/v1/sites" in page.text


def test_static_files_are_kept_for_good_by_content_hash_only(client):
    hashed = client.get(asset_url("smartplace.css"))
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/static/smartplace.css").headers["cache-control"] == "no-cache"
    assert client.get("/static/nothing.css?v=1").status_code == 404


def test_a_missing_front_end_file_says_what_to_run():
    with pytest.raises(FrontEndMissingError, match="make setup"):
        asset_url("vendor/nothing.css")


def test_pages_are_not_in_the_description_of_the_api(client):
    assert list(client.get("/openapi.json").json()["paths"]) == ["/v1/sites"]
