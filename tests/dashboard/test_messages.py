"""Messages on signs, as a browser without JavaScript makes them."""

import pytest

from domain.announcements import Policy, Standing
from domain.availability import Availability
from domain.messages import MessageKind

LIST, NEW = "/manage/messages", "/manage/messages/new"
FREE = {
    "kind": "planned",
    "template": "free",
    "text-en": "Market today",
    "to": "everywhere",
    "ends_at": "2026-07-02T14:00",
}


def make(manager, **more):
    return manager.post(NEW, data=FREE | more)


def test_words_are_chosen_first_and_then_filled_in(manager):
    page = manager.get(f"{NEW}?kind=planned").text
    assert f"{NEW}?kind=planned&amp;template=closed-until" in page
    assert "Words of your own" in page
    form = manager.get(f"{NEW}?kind=planned&template=closed-until").text
    assert 'name="field-site"' in form
    assert 'name="field-time"' in form
    assert "Words of your own" not in manager.get(f"{NEW}?kind=alternative").text


@pytest.mark.parametrize(("kind", "template", "alone"), [("emergency", "leave-now", True), ("planned", "test", False)])
def test_an_emergency_stands_alone_unless_somebody_wants_the_numbers_beside_it(manager, kind, template, alone):
    form = manager.get(f"{NEW}?kind={kind}&template={template}").text
    ticked = 'id="replaces_lines" name="replaces_lines" value="yes" checked'
    assert (ticked in form) is alone
    # What somebody took away stays away when the form comes back.
    again = manager.post(NEW, data={"kind": kind, "template": template, "to": "everywhere", "ends_at": "never"})
    assert again.status_code == 422
    assert ticked not in again.text


def test_a_message_is_made_and_listed(manager, announcements, clock):
    answer = make(manager, **{"text-cy": "Marchnad heddiw", "replaces_lines": "yes"})

    assert (answer.status_code, answer.headers["location"]) == (303, LIST)
    (made,) = announcements.kept.values()
    assert (made.text, made.texts, made.made_by) == ("Market today", {"cy": "Marchnad heddiw"}, "manager")
    assert made.replaces_lines
    # Typed in local time: it is summer.
    assert f"{made.ends_at:%H:%M %Z}" == "14:00 BST"
    assert made.begins_at == clock()
    page = manager.get(LIST).text
    assert "On signs" in page
    assert "Every sign, alone" in page
    assert 'lang="cy">Marchnad heddiw' in page


def test_what_is_refused_is_said_with_what_was_typed(manager, announcements):
    answer = make(manager, **{"text-en": "<b>now</b>", "to": "signs", "ends_at": "2026-07-01T10:00"})

    assert (answer.status_code, announcements.kept) == (422, {})
    assert "&#39;&lt;&#39; is not allowed" in answer.text
    assert "at least a minute" in answer.text
    assert "choose at least one sign" in answer.text
    assert 'value="&lt;b&gt;now&lt;/b&gt;"' in answer.text
    assert 'value="2026-07-01T10:00"' in answer.text
    assert 'value="signs" checked' in answer.text


@pytest.mark.parametrize("ends_at", ["", "soon", "2026-99-99T00:00"])
def test_without_an_end_there_is_no_message(manager, announcements, ends_at):
    assert make(manager, ends_at=ends_at).status_code == 422
    assert announcements.kept == {}


def test_a_rule_sends_people_from_a_full_place_to_one_with_spaces(manager, announcements):
    rule = {"kind": "alternative", "template": "use-instead", "field-site": "library", "field-other": "station-road"}
    answer = make(manager, **rule, to="signs", sign="harbour-road", also_closed="yes")

    assert answer.status_code == 303
    (made,) = announcements.kept.values()
    assert (made.kind, made.text) == (MessageKind.ALTERNATIVE, "Library is full: use Station Road")
    assert [(one.site_id, set(one.states)) for one in made.conditions] == [
        ("library", {Availability.FULL, Availability.CLOSED}),
        ("station-road", {Availability.SPACES, Availability.ALMOST_FULL}),
    ]
    assert "While Library: closed or full; Station Road: almost full or spaces" in manager.get(LIST).text


def test_places_and_signs_are_ticked_and_stay_so(manager, announcements):
    answer = make(manager, to="sites", site="library", **{"text-en": ""})

    assert answer.status_code == 422
    assert 'name="site" value="library" checked' in answer.text
    make(manager, to="sites", site="library")
    (made,) = announcements.kept.values()
    assert (made.audience.site_ids, made.audience.sign_ids) == (("library",), ())


def test_a_message_is_withdrawn_and_says_by_whom(manager, announcements, clock):
    make(manager)
    (made,) = announcements.kept.values()
    answer = manager.post(f"{LIST}/withdraw", data={"message_id": str(made.message_id)})

    assert (answer.status_code, answer.headers["location"]) == (303, LIST)
    assert announcements.kept[made.message_id].standing(clock()) is Standing.WITHDRAWN
    page = manager.get(LIST).text
    assert "Withdrawn: manager, just now" in page
    assert ">Withdraw<" not in page


def test_nobody_agrees_to_his_own_words(manager, announcements):
    announcements.policy = Policy(second_person=True)
    make(manager)
    (made,) = announcements.kept.values()
    page = manager.get(LIST).text
    assert "Waits for a second person" in page
    assert ">Agree<" not in page
    assert manager.post(f"{LIST}/approve", data={"message_id": str(made.message_id)}).status_code == 422


def test_somebody_else_may_agree(manager, announcements, clock):
    announcements.policy = Policy(second_person=True)
    make(manager)
    (made,) = announcements.kept.values()
    announcements.kept[made.message_id] = type(made)(
        **{name: getattr(made, name) for name in made.__slots__} | {"made_by": "key abcd1234"}
    )
    assert ">Agree<" in manager.get(LIST).text
    manager.post(f"{LIST}/approve", data={"message_id": str(made.message_id)})
    assert announcements.kept[made.message_id].approved_by == "manager"


@pytest.mark.parametrize("path", [f"{LIST}/approve", f"{LIST}/withdraw"])
def test_a_message_that_is_not_there_is_a_page_that_says_so(manager, path):
    message_id = "00000000-0000-0000-0000-000000000009"
    assert manager.post(path, data={"message_id": message_id}).status_code == 404


def test_a_kind_that_there_is_not_is_not_found(manager):
    assert manager.get(f"{NEW}?kind=rumour").status_code == 404
    assert make(manager, kind="rumour").status_code == 404


def test_nobody_tells_signs_anything_without_logging_in_or_from_another_site(client, manager, announcements):
    headers = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
    assert manager.post(NEW, data=FREE, headers=headers).status_code == 403
    client.cookies.clear()
    assert client.post(NEW, data=FREE).headers["location"].startswith("/manage/login")
    assert announcements.kept == {}


def test_what_is_over_stands_below(manager, announcements, clock):
    make(manager, ends_at="2026-07-01T15:00")
    clock.advance(hours=1)

    assert 'govuk-tag--grey">Over<' in manager.get(LIST).text
