"""Counting at gates, as a browser without JavaScript sees it."""

import re

PAGE = "/manage/counting"


def text(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_how_far_the_count_drifted_is_told_day_by_day(manager):
    page = text(manager.get(PAGE).text)
    assert "20 of 300 taken Every night at 03:30 it is set to 0." in page
    assert "1 July 2026 1,200 1,180 3 Not known" in page
    assert "30 June 2026 900 905 0 −5" in page
    assert f'href="{PAGE}"' in manager.get("/manage/quality").text
    assert manager.get(f"{PAGE}?area=nowhere").status_code == 404


def test_a_recount_is_on_record_and_withdrawn(manager, recounts):
    assert manager.post(PAGE, data={"area": "library-deck", "taken": " 25 "}).status_code == 303
    [made] = recounts.kept.values()
    assert (made.taken, made.made_by) == (25, "manager")
    page = text(manager.get(PAGE).text)
    assert "25 at 2:30pm on 1 July 2026 20 was shown before. Counted by manager" in page
    assert manager.post(f"{PAGE}/withdraw", data={"recount": "1"}).status_code == 303
    assert "Withdrawn: manager" in text(manager.get(PAGE).text)
    assert manager.post(f"{PAGE}/withdraw", data={"recount": "1"}).status_code == 422
    assert manager.post(f"{PAGE}/withdraw", data={"recount": "9"}).status_code == 404


def test_what_is_no_count_is_said_with_what_was_typed(manager, recounts):
    for taken, words in (("many", "Enter how many"), ("", "Enter how many"), ("301", "from 0 to the capacity, 300")):
        answer = manager.post(PAGE, data={"area": "library-deck", "taken": taken})
        assert (answer.status_code, words in answer.text) == (422, True)
    assert recounts.kept == {}
    assert manager.post(PAGE, data={"area": "nowhere", "taken": "1"}).status_code == 404
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert manager.post(PAGE, data={"area": "library-deck", "taken": "1"}, headers=elsewhere).status_code == 403
