"""The page on which a device is commanded, as a browser without JavaScript sees it."""

from datetime import timedelta

import pytest

from domain.commands import CommandState, Reported, Telling
from domain.errors import StoreUnavailableError

PAGE = "/manage/devices/70b3d5e75e000001/commands"


def test_each_command_of_the_model_has_a_form_with_its_limits(manager):
    page = manager.get(PAGE)

    assert page.status_code == 200
    assert page.text.count('<form method="post" class="command-form"') == 3
    assert "60 to 86,400, in steps of 60" in page.text


def test_a_command_is_queued_and_the_list_is_shown_again(manager, book):
    answer = manager.post(PAGE, data={"command": "set-reporting-interval", "seconds": " 600 ", "hours": "1"})

    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    (command,) = book.listed
    assert (command.parameters, command.requested_by) == ({"seconds": "600"}, "manager")
    assert command.expires_at - command.requested_at == timedelta(hours=1)
    page = manager.get(PAGE).text
    assert "Waiting to be sent" in page
    assert "Seconds: 600" in page
    assert "This model does not report it" in page


@pytest.mark.parametrize(
    ("seconds", "minutes", "words"),
    [
        ("600", 1, "As it should be"),
        ("900", 1, "Not as it should be"),
        ("900", -1, "Not reported yet"),
    ],
)
def test_what_a_device_reports_stands_beside_what_was_asked_for(manager, book, seconds, minutes, words):
    name = "set-reporting-interval"
    book.listed.append(book.made(name, {"seconds": "600"}, state=CommandState.ACKED, ended_at=book.now()))
    said = Reported(name=name, parameters={"seconds": seconds}, said_at=book.now() + timedelta(minutes=minutes))
    book.told = Telling(told=[said], tells=frozenset({name}))
    device = PAGE.removesuffix("/commands")
    for page in (manager.get(PAGE).text, manager.get(device).text):
        assert f">{words}</strong>" in page
        assert f"eported Seconds: {seconds}" in " ".join(page.split())
    (setting,) = manager.get(f"{device}/report").json()["settings"]
    assert (setting["desired"], setting["reported"]) == ({"seconds": "600"}, {"seconds": seconds})


def test_a_block_of_a_display_is_named(manager, book):
    for block in ("1", "2"):
        parameters = {"template": "1", "block": block, "text": f"<b>{block}"}
        book.listed.append(book.made("show-text", parameters))
    page = manager.get(PAGE).text
    assert "Show a text: template 1, block 2" in page
    assert "&lt;b&gt;2" in page


def test_a_model_that_reports_nothing_says_so(manager, book):
    device = PAGE.removesuffix("/commands")
    assert "This model does not report how it is set." in manager.get(device).text
    book.told = Telling(tells=frozenset({"set-reporting-interval"}))
    assert "It has told nothing of its settings lately" in manager.get(device).text


def test_what_the_model_refuses_is_said_beside_what_was_typed(manager, book):
    answer = manager.post(PAGE, data={"command": "set-reporting-interval", "seconds": "7"})

    assert (answer.status_code, book.listed) == (422, [])
    assert "seconds is not in 60..86400" in answer.text
    assert 'value="7"' in answer.text


def test_what_is_typed_is_text(manager):
    answer = manager.post(PAGE, data={"command": "<script>", "seconds": "7"})

    assert (answer.status_code, "<script>" in answer.text) == (422, False)


@pytest.mark.parametrize("state", CommandState)
def test_every_state_has_words(manager, book, state):
    ended = book.now() if state.is_final else None
    book.listed.append(book.made("reboot", {}, state=state, ended_at=ended))

    assert 'class="govuk-tag govuk-tag--' in manager.get(PAGE).text


def test_a_lost_acknowledgement_never_reads_like_success(manager, book):
    book.listed.append(book.made("reboot", {}, state=CommandState.EXPIRED, ended_at=book.now()))
    page = manager.get(PAGE).text

    assert "No confirmation: not known" in page
    assert "Confirmed" not in page


def test_without_a_network_server_there_is_no_form(manager, book):
    book.can_send = False

    assert '<form method="post" class' not in manager.get(PAGE).text
    assert manager.post(PAGE, data={"command": "reboot"}).status_code == 422
    assert book.listed == []


@pytest.mark.parametrize("device_id", ["70b3d5e75e0000ff", "Not_an_id"])
def test_an_unknown_device_has_no_page(manager, device_id):
    assert manager.get(PAGE.replace("70b3d5e75e000001", device_id)).status_code == 404


def test_nobody_commands_a_device_without_logging_in_or_from_another_site(client, manager, book):
    headers = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
    assert manager.post(PAGE, data={"command": "reboot"}, headers=headers).status_code == 403
    client.cookies.clear()
    assert client.post(PAGE, data={"command": "reboot"}).headers["location"].startswith("/manage/login")
    assert book.listed == []


def test_a_database_that_does_not_answer_is_said_so(manager, book, monkeypatch):
    async def away(device_id):
        raise StoreUnavailableError("away")

    monkeypatch.setattr(book, "known", away)

    assert manager.get(PAGE).status_code == 503


def test_a_device_leads_to_its_commands(manager):
    assert 'href="/manage/devices/70b3d5e75e000385"' in manager.get("/manage").text
    assert 'href="/manage/devices/70b3d5e75e000385/commands"' in manager.get("/manage/devices/70b3d5e75e000385").text
