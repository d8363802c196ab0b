"""The report about a period says what the past says, and a place how busy it usually is, only where that is known."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.bar_chart import Share, bar_chart
from dashboard.history_report import length_text, points_text
from dashboard.usual_day import hour_text, usual_day
from domain.usual import UNKNOWN_WEEK, Usual


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))


def table(response, caption):
    """The rows of a table by their first cell."""
    body = re.search(rf">{caption}</caption>(.*?)</table>", response.text, re.DOTALL)[1]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.DOTALL)
    cells = [[text.strip() for text in re.findall(r"<t[hd][^>]*>([^<]*)", row)] for row in rows]
    return {row[0]: row[1:] for row in cells[1:]}


def test_a_report_says_what_the_past_says(manager):
    answer = manager.get("/manage/history?site=library&from=2026-06-30&to=2026-07-01")
    assert answer.status_code == 200
    words = text_of(answer)
    # Of four bays: 30 hours of each; one silent for all but four.
    assert "4 bays, 30 June 2026 to 1 July 2026, 2:30pm" in words
    assert table(answer, "Busiest") == {
        "Bay 1": ["77%", "5.6", "78%"],
        "Bay 3": ["50%", "12.0", "78%"],
        "Bay 2": ["0%", "0.0", "78%"],
    }
    assert list(table(answer, "Emptiest")) == ["Bay 2", "Bay 3", "Bay 1"]
    assert table(answer, "Use of each place") == {
        "row-a": ["2", "38%", "2.8", "78%"],
        "row-b": ["2", "44%*", "10.6", "44%"],
    }
    lengths = table(answer, "Lengths of stays, this period and the one before")
    assert lengths["Half stayed no longer than"] == ["1 h 00 min", "not known"]
    assert lengths["Longer than the limit"] == ["7 of 7", "0 of 0"]
    assert "Accessible bays alone (1)" in words
    # Hours of which nothing is known have no bar, and say so.
    assert answer.text.count('class="chart__unknown"') == 8
    assert answer.text.count('class="chart__bar') == 31


def test_a_report_says_of_how_many_bays_it_says_nothing(manager, history):
    asked = "/manage/history?site=library&from=2026-06-30&to=2026-07-01"
    assert "nothing was heard" not in text_of(manager.get(asked))
    history.assets.append(replace(history.assets[0], asset_id="silent", moments=[None] * 30 * 3600, changes=[]))
    words = text_of(manager.get(asked))
    assert "4 bays, 30 June 2026" in words
    assert "In no figure: 1 more bay, of which nothing was heard by then." in words


def test_a_report_leads_to_the_same_figures_as_open_data(manager):
    page = manager.get("/manage/history?site=library&category=disabled&last=7d").text
    links = re.findall(r'href="(/v1/history/[^"]+)"', page)
    assert [link.partition("?")[0] for link in links] == [
        "/v1/history/series.csv", "/v1/history/week.csv", "/v1/history/stays.csv", "/v1/history/summary.csv",
        "/v1/history/summary.csv",
    ]  # fmt: skip
    assert all("site=library&amp;category=disabled&amp;from=" in link for link in links)


def test_a_report_says_how_far_history_is_told_where_that_is_not_far_enough(manager, history, clock):
    asked = "/manage/history?site=library&from=2026-06-30&to=2026-07-01"
    assert "told" not in manager.get(asked).text.split("</form>")[1].split("In short")[0]
    # What was only just heard waits everywhere, always.
    history.untold_from = clock() - timedelta(minutes=10)
    assert 'id="untold"' not in manager.get(asked).text
    history.untold_from = clock() - timedelta(hours=5)
    words = text_of(manager.get(asked))
    assert "4 bays told so far, 30 June 2026" in words
    assert "History is told until 9:30am on 1 July 2026: of 4 bays what came later waits its turn" in words
    history.untold_from = clock() - timedelta(days=90)
    assert "Of 4 bays all of this period waits to be told, or is told anew" in text_of(manager.get(asked))


def test_a_place_of_which_nothing_is_told_yet_does_not_have_no_bays(manager, history, clock):
    asked = "/manage/history?site=library&from=2026-06-30&to=2026-07-01"
    for bay in history.assets:
        bay.moments, bay.changes = [None] * len(bay.moments), []
    words = text_of(manager.get(asked))
    assert "Nothing is known of any bay here in these days." in words
    history.untold_from = clock() - timedelta(hours=30)
    words = text_of(manager.get(asked))
    assert (
        "History of 4 bays is not told yet: what was heard since 8:30am on 30 June 2026 waits its turn. Load this page"
        in words
    )
    for lie in ("0 bays", "not known", "In short", "Nothing is known", "None of"):
        assert lie not in words
    assert 'name="site"' in manager.get(asked).text


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("site=atlantis", "no such place"),
        ("from=2026-02-30", "from: write a day"),
        ("from=2026-03-01&to=soon", "to: write a day"),
        ("from=2026-03-02&to=2026-03-01", "to: must be after from"),
        ("from=9999-12-31", "from: must be from"),
        ("from=2026-03-01&to=9999-12-31", "to: write a day"),
    ],
)
def test_what_cannot_be_asked_is_said_above_the_form(manager, query, says):
    answer = manager.get(f"/manage/history?{query}")
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert 'name="site"' in answer.text


def test_only_who_has_logged_in_sees_a_report(client):
    assert client.get("/manage/history").status_code == 303


def test_a_place_says_how_busy_it_usually_is(client):
    monday = text_of(client.get("/sites/library?day=1"))
    assert (
        "On Mondays it is usually busiest from 11am to noon (100% taken) and quietest from 9pm to 10pm (50% taken)."
        in (monday)
    )
    # Of other days, and of other places, nothing is known; nothing is made up.
    for path in ("/sites/library?day=2", "/sites/seafront-west?day=1"):
        assert "usually" not in text_of(client.get(path))
    assert client.get("/sites/library?day=x").status_code == 200


def test_a_day_of_which_little_is_known_is_not_shown():
    known = Usual(share_free=0.5, weeks=2)
    week = [known] * 11 + [None] * 157
    assert usual_day(week, 0, None) is None
    assert usual_day([known, *week[:167]], 0, None).hours[12] == ("noon", "not known", 0)
    assert usual_day(UNKNOWN_WEEK, 6, None) is None


def test_bars_stand_where_their_values_are_and_labels_are_few():
    chart = bar_chart([Share(str(n), n / 100) for n in range(100)] + [Share("gap", None)], words="", labels=5)
    assert len(chart.labels) <= 6
    assert [bar.height for bar in chart.bars[:2]] == [0.0, 2.0]
    assert all(bar.y + bar.height == pytest.approx(chart.bottom) for bar in chart.bars)
    assert chart.bars[-1].kind == "unknown"
    assert max(bar.x + bar.width for bar in chart.bars) <= chart.right
    assert bar_chart([], words="").bars == []


def test_figures_in_words():
    assert [length_text(s) for s in (None, 29, 3599, 5400)] == ["not known", "0 min", "1 h 00 min", "1 h 30 min"]
    assert points_text(0.5, 0.49) == "1 point more than before"
    assert points_text(0.4, 0.6) == "20 points less than before"
    assert points_text(0.4, 0.401) == "as before (40%)"
    assert points_text(None, 0.4) == "before: not known"
    assert [hour_text(hour) for hour in (0, 9, 12, 17, 24)] == ["midnight", "9am", "noon", "5pm", "midnight"]
