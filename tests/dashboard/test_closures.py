"""Closures, as a browser without JavaScript makes them."""

import re

import pytest

from domain.register import RecordKind

LIST, NEW, CHANGE = "/manage/closures", "/manage/closures/new", "/manage/closures/change"
WORKS = {"site": "library", "what": "site library", "reason": "Works", "begins_at": "2026-07-01T08:00"}
MARKET = WORKS | {"reason": "Market", "wed": "yes", "sat": "yes", "from_time": "06:00", "to_time": "18:00"}


def kept(registry):
    return registry.register[RecordKind.CLOSURE]


def section(page, heading):
    return re.search(f">{heading}<(.*?)(<h2|<footer)", page, re.DOTALL)[1]


def text(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_first_where_then_what(manager):
    assert '<option value="library">Library' in manager.get(NEW).text
    form = manager.get(f"{NEW}?site=library").text
    for choice in ("site library", "zone library-roof", "asset library-bay-002"):
        assert f'<option value="{choice}">' in form
    assert "pier-bench-1" not in form
    # Now, in local time: it is summer.
    assert 'value="2026-07-01T14:30"' in form


def test_a_market_is_closed_now_and_comes_again(manager, registry, clock):
    answer = manager.post(NEW, data=MARKET)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{LIST}?done=2")
    assert set(kept(registry)) == {"library-20260701"}

    page = manager.get(f"{LIST}?done=2").text
    assert 'name="change_set" value="2"' in page
    now = text(section(page, "Closed now"))
    assert "Library, all of it Closed Market, until 6:00pm Since 8:00am on 1 July 2026" in now
    assert "Every Wednesday and Saturday, 6:00am to 6:00pm" in now
    coming = text(section(page, "In the next 30 days"))
    assert re.findall(r"\w+day \d+ July 2026", coming)[:3] == [
        "Saturday 4 July 2026", "Wednesday 8 July 2026", "Saturday 11 July 2026"]  # fmt: skip
    clock.advance(hours=4)
    assert "Nothing is." in manager.get(LIST).text


def test_what_is_refused_is_said_with_what_was_typed(manager, registry):
    bad = MARKET | {
        "reason": "",
        "except_days": "Boxing Day",
        "ends_at": "2026-06-01T00:00",
        "what": "zone library-roof",
    }
    answer = manager.post(NEW, data=bad)
    assert (answer.status_code, kept(registry)) == (422, {})
    assert "Why: is empty" in answer.text
    assert "But not on: must be days such as" in answer.text
    assert 'value="Boxing Day"' in answer.text
    assert '<option value="zone library-roof" selected>' in answer.text
    assert 'name="wed" value="yes" checked' in answer.text
    nowhere = manager.post(NEW, data=WORKS | {"what": "site nowhere"})
    assert (nowhere.status_code, "there is no site nowhere" in nowhere.text) == (422, True)
    # The hour that the clocks leave out.
    gap = manager.post(NEW, data=WORKS | {"begins_at": "2026-03-29T01:30"})
    assert "From: there is no 2026-03-29 01:30:00 in Europe/London" in gap.text
    assert manager.post(NEW, data=WORKS | {"begins_at": "soon"}).status_code == 422
    assert manager.post(NEW, data={"site": "library", "what": "kitchen sink"}).status_code == 422


def test_one_is_changed_and_what_was_not_touched_stays(manager, registry, clock):
    manager.post(NEW, data=MARKET | {"except_days": "2026-12-26"})
    [(closure_id, before)] = kept(registry).items()
    form = manager.get(f"{CHANGE}?id={closure_id}").text
    assert 'value="2026-12-26"' in form
    typed = {"id": closure_id, "reason": "Fair", "begins_at": "2026-07-01T08:00", "sat": "yes"}
    assert manager.post(CHANGE, data=typed).status_code == 303
    after = kept(registry)[closure_id]
    assert (after["reason"], after["weekdays"], after["from_time"], after["except_days"]) == ("Fair", "sat", None, None)
    assert (after["site"], after["begins_at"]) == ("library", before["begins_at"])
    assert manager.post(CHANGE, data=typed | {"reason": " "}).status_code == 422


def test_one_is_ended_now_and_one_that_has_not_begun_is_taken_out(manager, registry, clock):
    manager.post(NEW, data=WORKS)
    manager.post(NEW, data=WORKS | {"begins_at": "2026-08-01T08:00", "what": "asset library-bay-002"})
    first, second = sorted(kept(registry))
    assert manager.post(f"{LIST}/end", data={"id": first}).status_code == 303
    assert kept(registry)[first]["ends_at"] == clock()
    # Changing it says the same time, to the second.
    again = {"id": first, "reason": "Works", "begins_at": "2026-07-01T08:00", "ends_at": "2026-07-01T14:30"}
    assert manager.post(CHANGE, data=again).headers["location"] == LIST
    assert kept(registry)[first]["ends_at"] == clock()

    early = manager.post(f"{LIST}/end", data={"id": second})
    assert (early.status_code, "has not begun: take it out instead" in early.text) == (422, True)
    assert manager.post(f"{LIST}/remove", data={"id": second}).status_code == 303
    assert set(kept(registry)) == {first}
    page = manager.get(LIST).text
    assert "Library, all of it: Works" in section(page, "Those that are over")


def test_what_people_write_is_shown_as_text(manager):
    manager.post(NEW, data=WORKS | {"reason": "<script>alert(1)</script>"})
    assert "&lt;script&gt;alert(1)" in manager.get(LIST).text
    assert "<script>alert" not in manager.get(LIST).text


@pytest.mark.parametrize("path", [f"{LIST}/end", f"{LIST}/remove", CHANGE])
def test_what_is_not_there_is_a_page_that_says_so(manager, path):
    assert manager.post(path, data={"id": "nothing"}).status_code == 404
    assert manager.get(f"{CHANGE}?id=nothing").status_code == 404


@pytest.mark.parametrize("path", [NEW, CHANGE, f"{LIST}/end", f"{LIST}/remove"])
def test_no_other_website_closes_anything(manager, path):
    assert manager.post(path, data=WORKS, headers={"Origin": "https://elsewhere.example"}).status_code == 403
