"""The page of what is wrong, as a browser without JavaScript sees it."""

from datetime import timedelta

import pytest

from dashboard import alarm_wording
from domain.alarms import KINDS, PLATFORM, AlarmCode, Subject, SubjectKind

PAGE = "/manage/alarms"


def test_where_nothing_is_wrong_that_is_said(manager):
    assert "Nothing is wrong." in manager.get(PAGE).text


def test_a_consequence_is_folded_away_behind_its_cause(manager, alarms):
    alarms.made(AlarmCode.INGEST_STOPPED, PLATFORM)
    alarms.made(AlarmCode.SIGN_DIFFERS)
    before, _, folded = manager.get(PAGE).text.partition('<details class="govuk-details" id="consequences">')

    assert 'data-alarm="1"' in before
    assert 'data-alarm="2"' not in before
    assert "1 more that follow from these" in folded
    assert "Follows from: Nothing is received" in folded


def test_somebody_says_that_they_saw_it(manager, alarms):
    alarms.made()
    answer = manager.post(PAGE, data={"alarm": "1"})

    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert alarms.kept[1].acknowledged_by == "manager"
    assert "I have seen it" not in manager.get(PAGE).text


def test_an_alarm_that_is_not_there_is_a_page_that_says_so(manager):
    assert manager.post(PAGE, data={"alarm": "7"}).status_code == 404


def test_what_others_wrote_is_text(manager, alarms):
    alarms.made()

    assert "&lt;b&gt;yesterday&lt;/b&gt;" in manager.get(PAGE).text


def test_what_is_over_stands_below(manager, alarms, clock):
    alarms.made(ended_at=clock() - timedelta(minutes=5), acknowledged_by="manager")

    assert "5 minutes ago" in manager.get(PAGE).text
    assert "Seen by manager" in manager.get(PAGE).text


def test_a_device_leads_to_its_page(manager, alarms):
    alarms.made(subject=Subject(SubjectKind.DEVICE, "70b3d5e75e000001"))

    assert 'href="/manage/devices/70b3d5e75e000001"' in manager.get(PAGE).text


@pytest.mark.parametrize("code", AlarmCode)
def test_every_alarm_has_a_kind_and_words_of_its_own(code):
    assert KINDS[code].severity in alarm_wording.SEVERITIES
    assert alarm_wording.code_text(code) != code.value


def test_nobody_acknowledges_without_logging_in(client, alarms):
    alarms.made()

    assert client.post(PAGE, data={"alarm": "1"}).headers["location"].startswith("/manage/login")
    assert alarms.kept[1].acknowledged_by is None
