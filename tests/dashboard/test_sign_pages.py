"""Pages on which signs are kept, as a browser without JavaScript sees them."""

import html
import json
import re
from datetime import timedelta

import pytest

from dashboard.sign_form import form_of, form_sent
from domain.board_document import parse_board
from domain.board_writing import write_board
from domain.boards import Arrow, Board, BoardLine, EPaper, Fallback, FallbackKind, LineMode, RadioDisplay, Thresholds
from domain.categories import Category
from domain.places import Sign
from domain.sign_reports import Agreement, Heartbeat, Refusal, Report

LIST, NEW = "/manage/signs", "/manage/sign-new"
WEST = f"{LIST}/west-approach"


def fields_of(page: str) -> dict[str, str]:
    """What a browser would send of the form of a sign, unchanged."""
    form = page.partition('class="sign-form">')[2].partition("</form>")[0]
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf'{attribute}="([^"]*)"', tag) for attribute in ("name", "value"))
        if 'type="checkbox"' not in tag or " checked" in tag:
            sent[name[1]] = html.unescape(value[1]) if value else ""
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        sent[name] = html.unescape(chosen[1])
    return sent


@pytest.fixture
def west(manager) -> dict[str, str]:
    return fields_of(manager.get(WEST).text)


def test_the_list_shows_each_sign_as_it_looks_now_and_how_old_that_is(manager):
    page = manager.get(LIST).text
    assert re.findall(r'data-sign="([^"]+)" data-frame="[0-9a-f]{32}"', page) == [
        "harbour-road",
        "library-totem",
        "pier-paper",
        "west-approach",
    ]
    frames = re.findall(r"<iframe[^>]*>", page)
    assert len(frames) == 3
    for frame in frames:
        board = html.unescape(re.search(r'srcdoc="([^"]*)"', frame)[1])
        assert "<h1>" in board
        assert "<script" not in board
        assert 'sandbox="allow-same-origin"' in frame
    assert page.count("data:image/png;base64,") == 1
    assert "Data of just now, good for another 60 s" in page
    assert "by hand" in page


def test_a_blank_sign_says_since_when(manager, clock):
    clock.advance(minutes=5)
    page = manager.get(LIST).text
    assert "Blank: nothing has been vouched for since 5 minutes ago" in page
    assert "No current information" in page


def test_a_sign_shows_the_exact_bytes_that_programs_get(manager, keeping):
    page = manager.get(WEST).text
    shown = json.loads(html.unescape(re.search(r'<pre class="bytes"[^>]*>(.*?)</pre>', page, re.DOTALL)[1]))
    assert shown["sign_id"] == "west-approach"
    assert f"The exact {len(keeping.looks.now('west-approach').body):,} bytes" in page


def looks(page: str) -> dict[str, dict[str, str]]:
    """By condition what each line says."""
    cards = re.findall(r'data-condition="([^"]+)">(.*?)</li>', page, re.DOTALL)
    return {condition: dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+?)(?: <|<)", card)) for condition, card in cards}


def facts(page: str) -> dict[str, str]:
    rows = re.findall(
        r"<dt[^>]*>([^<]*)</dt><dd[^>]*>([^<]*)</dd>", page.partition('id="report"')[2].partition("</dl>")[0]
    )
    return {name: html.unescape(value) for name, value in rows}


def test_a_screen_that_never_reported_is_said_so(manager):
    page = manager.get(f"{LIST}/harbour-road").text
    assert "No screen has reported yet" in page
    assert 'id="play-days"' not in page


@pytest.mark.parametrize(
    ("frame_id", "agreement", "shows"),
    [
        ("a" * 32, Agreement.SAME, "What it is served"),
        ("a" * 32, Agreement.DIFFERENT, "Something else than it is served"),
        (None, Agreement.SAME, "A blank board"),
        (None, Agreement.DIFFERENT, "Something else than it is served"),
        ("a" * 32, Agreement.NOT_KNOWN, "Not known: it does not say, or nobody here knows what it was served"),
    ],
)
def test_a_sign_has_what_its_screen_says_of_itself(manager, sign_reports, clock, frame_id, agreement, shows):
    said = Heartbeat(
        sign_id="west-approach",
        received_at=clock(),
        interval=timedelta(seconds=300),
        frame_id=frame_id,
        battery_volts=3.91,
        rssi_dbm=-71,
        player="trmnl <1.6>",
        refused={Refusal.REPLAYED: 2, Refusal.EXPIRED: 0},
    )
    sign_reports.kept["west-approach"] = Report(
        heartbeat=said, agreement=agreement, served_frame_id="a" * 32, differs_since=None, refused_at=None
    )
    page = manager.get(WEST).text
    assert facts(page) == {
        "Last heard": "just now",
        "Shows": shows,
        "How it is": "battery 3.91 V, −71 dBm, trmnl <1.6>",
        "Refused since its player began": "2 older than what it showed",
    }
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", page.partition('id="play-days"')[2].partition("</table>")[0])
    # 20 h right, 1 h wrong and 2 h blank of 24 h.
    assert cells == ["83.3 %", "4.2 %", "8.3 %", "4.2 %"]


def test_a_board_is_seen_under_every_condition(manager, west):
    assert [*looks(manager.get(WEST).text)] == ["full", "closed", "unknown-30", "stale"]
    found = looks(manager.post(WEST, data={**west, "action": "preview"}).text)
    assert [*found] == ["now", "full", "closed", "unknown-30", "stale"]
    assert found["full"]["Seafront West"] == "FULL"
    assert found["closed"]["Seafront West"] == "CLOSED"
    assert found["stale"]["Seafront West"] == "--"
    assert found["unknown-30"]["Seafront West"] == "--"
    assert found["now"]["Seafront West"].isdigit()
    # What was set by hand stays so, and is blank with the rest when nothing is known.
    assert {found[one]["Victoria Yard"] for one in ("now", "full", "unknown-30")} == {"CLOSED"}


def test_looking_at_another_board_keeps_nothing(manager, west, signs):
    changed = {**west, "line-0-mode": "full", "line-0-label": "West <b>", "action": "preview"}
    answer = manager.post(WEST, data=changed)
    assert answer.status_code == 200
    assert "A preview." in answer.text
    assert looks(answer.text)["now"]["West &lt;b&gt;"] == "FULL"
    assert len(signs.kept["west-approach"]) == 1


def test_an_unchanged_form_changes_nothing(manager, west, signs):
    answer = manager.post(WEST, data={**west, "action": "save"})
    assert (answer.status_code, answer.headers["location"]) == (303, WEST)
    assert len(signs.kept["west-approach"]) == 1


def test_a_board_is_kept_with_who_and_when_and_undone(manager, west, live):
    changed = {**west, "line-0-mode": "closed", "line-1-remove": "yes", "line-2-position": "1", "action": "save"}
    assert manager.post(WEST, data=changed).status_code == 303
    board = live.snapshot.sign("west-approach").board
    assert [(line.key, line.mode) for line in board.lines] == [("seafront", "closed"), ("yard", "closed")]
    page = manager.get(WEST).text
    rows = re.findall(r'<tr class="govuk-table__row" data-version="(\d+)">(.*?)</tr>', page, re.DOTALL)
    versions = [(number, *re.findall(r'<td class="govuk-table__cell">([^<]+)</td>', row)[:2]) for number, row in rows]
    assert versions == [("2", "manager", "just now"), ("1", "places file", "just now")]
    assert "The one in use" in rows[0][1]

    assert manager.post(f"{WEST}/restore", data={"version": "1"}).status_code == 303
    board = live.snapshot.sign("west-approach").board
    assert [line.mode for line in board.lines] == ["auto", "auto", "closed"]
    assert board.layout_version == 3


def test_every_fault_is_said_beside_what_was_typed(manager, west, signs):
    wrong = {
        **west,
        "line-0-maximum": "many",
        "line-0-offset": "5",
        "fallback-kind": "text",
        "fallback-text": "20 left",
    }
    answer = manager.post(WEST, data={**wrong, "lon": "east", "action": "save"})
    assert answer.status_code == 422
    for sentence in (
        "maximum must be a whole number, got &#39;many&#39;",
        "&#39;20 left&#39; has digits",
        "lon must be degrees from -180 to 180, got &#39;east&#39;",
    ):
        assert sentence in answer.text
    assert 'value="many"' in answer.text
    assert len(signs.kept["west-approach"]) == 1


def test_whoever_was_overtaken_is_told(manager, west):
    manager.post(WEST, data={**west, "line-0-label": "Ada", "action": "save"})
    answer = manager.post(WEST, data={**west, "line-0-label": "Ben", "action": "save"})
    assert answer.status_code == 422
    assert "Somebody else changed this sign meanwhile: it is at version 2." in answer.text


def test_a_line_is_added(manager, west, live):
    page = manager.post(WEST, data={**west, "action": "line"}).text
    assert page.count('class="govuk-fieldset sign-line"') == 4
    sent = fields_of(page) | {"line-3-label": "Blue badge", "line-3-place": "library||disabled", "action": "save"}
    assert manager.post(WEST, data=sent).status_code == 303
    line = live.snapshot.sign("west-approach").board.lines[3]
    assert (line.key, line.site_id, line.category) == ("blue-badge", "library", "disabled")


def test_a_sign_is_made(manager, live):
    sent = fields_of(manager.get(NEW).text) | {
        "id": "north",
        "name": "Northern approach",
        "site": "library",
        "lon": "0.71",
        "lat": "51.54",
        "line-0-label": "Library",
        "line-0-place": "library||",
    }
    assert "A preview." in manager.post(NEW, data={**sent, "action": "preview"}).text
    answer = manager.post(NEW, data={**sent, "action": "save"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{LIST}/north")
    assert live.snapshot.sign("north").board.lines[0].site_id == "library"
    again = manager.post(NEW, data={**sent, "action": "save"})
    assert (again.status_code, "there is a sign &#39;north&#39; already" in again.text) == (422, True)


def test_an_empty_form_says_all_that_is_missing(manager):
    answer = manager.post(NEW, data={"action": "save"})
    assert answer.status_code == 422
    for sentence in ("is not a valid sign id", "the sign has no name", "needs at least one line"):
        assert sentence in answer.text


@pytest.mark.parametrize("path", [f"{LIST}/nowhere", f"{LIST}/nowhere/restore"])
def test_a_sign_that_is_not_there_is_a_404(manager, path):
    assert manager.post(path, data={"version": "1"}).status_code == 404
    assert manager.post(f"{WEST}/restore", data={"version": "99"}).status_code == 404
    assert manager.post(f"{WEST}/restore", data={"version": "one"}).status_code == 404


@pytest.mark.parametrize("path", [LIST, NEW, WEST])
def test_only_those_who_have_logged_in_get_in(client, path):
    assert client.get(path).status_code == 303
    assert client.post(path, data={}).status_code in {303, 405}


def test_another_website_cannot_send_the_form(manager, west):
    answer = manager.post(WEST, data={**west, "action": "save"}, headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403


def test_a_form_says_all_of_a_board():
    line = BoardLine(
        key="a",
        label="Market",
        labels={"cy": "Marchnad"},
        site_id="market",
        zone_id="roof",
        category=Category.EV,
        arrow=Arrow.LEFT,
        mode=LineMode.STAFF,
        minimum=2,
        maximum=99,
        offset=-3,
        step=5,
        thresholds=Thresholds(full_enter=1, full_leave=2, almost_full_enter=3, almost_full_leave=4),
        min_coverage=0.9,
        fallback=Fallback(kind=FallbackKind.TEXT, text="see website"),
    )
    board = Board(
        sign_id="s",
        title="Market Square",
        titles={"cy": "Sgwâr y Farchnad"},
        languages=("en", "cy"),
        lines=(line,),
        epaper=EPaper(macs=("A0:B1:C2:D3:E4:F5",), refresh_s=600),
        radio_display=RadioDisplay(device_id="24e1240000000001", template=2, every_s=3600),
        fallback=Fallback(kind=FallbackKind.USUAL),
    )
    document = {
        **write_board(board, name="S"),
        "hours": [{"days": ["mon", "sun"], "from": "06:00", "to": "01:00"}],
        "brightness": {"day": 90, "night": 20},
        "layout": "totem",
        "width_px": 540,
    }
    board = parse_board(document, sign_id="s", name="S")
    sign = Sign(sign_id="s", name="S", site_id="market", lon=0.0, lat=51.0, board=board)
    form = form_sent(form_of(sign).fields)
    assert parse_board(form.document(), sign_id="s", name="S") == board
