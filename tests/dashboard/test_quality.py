"""The page of faults of data: in words, without scripts, and with what is believed instead."""

import pytest

from dashboard.quality_wording import FAULTS, share
from domain.quality import Fault


def test_each_fault_says_what_is_believed_instead(manager, quality):
    quality.made(Fault.ABOVE_CAPACITY, times=1203, residual=4)
    quality.made(Fault.NEGATIVE, residual=-8)
    quality.made(Fault.FROZEN)
    page = manager.get("/manage/quality").text

    assert "1,203 times, by up to 4 of 40. Shown as full." in page
    assert "Once, down to −8. Not believed." in page
    assert "Believed, and told apart in coverage." in page
    assert "20 November 2026" in page
    assert "Level 1 &lt;i&gt;" in page


def test_every_fault_has_words(manager, quality):
    for fault in Fault:
        quality.made(fault, times=2, residual=3)
    page = manager.get("/manage/quality").text
    assert set(FAULTS) == set(Fault)
    assert page.count("data-fault=") == len(Fault)


def test_what_is_known_is_told_apart_from_what_stood_still(manager):
    page = manager.get("/manage/quality").text
    cells = [page.split("Quarry Lane</th>")[1].split("</tr>")[0].count(text) for text in ("80.0%", "40.0%", "20.0%")]
    assert cells == [1, 1, 1]
    assert "Nothing, as far as anybody knows." in page


@pytest.mark.parametrize("query", ["fault=ghost", "days=x", "site=nowhere", "fault=&days=&site="])
def test_a_choice_that_is_none_is_no_error(manager, query):
    assert manager.get(f"/manage/quality?{query}").status_code == 200


def test_a_choice_is_asked_for_and_stays_chosen(manager, quality):
    page = manager.get("/manage/quality?site=quarry&fault=frozen&days=366").text
    assert (quality.asked[-1].site_id, quality.asked[-1].fault) == ("quarry", Fault.FROZEN)
    assert (quality.asked[-1].last_day - quality.asked[-1].first_day).days == 365
    assert page.count(" selected>") == 3


def test_only_who_is_logged_in_sees_it(client):
    assert client.get("/manage/quality").headers["location"].startswith("/manage/login")


def test_a_share_is_never_whole_where_a_part_is_missing():
    assert [share(one) for one in (None, 0, 0.0001, 0.5, 0.9999, 1)] == [
        "Closed", "0.0%", "Under 0.1%", "50.0%", "Over 99.9%", "100.0%",
    ]  # fmt: skip
