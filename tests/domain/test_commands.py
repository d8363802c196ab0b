"""A command only moves forwards, whatever networks say, how often and in which order."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.commands import Agreement, Command, CommandState, Reported, Telling, Word, after, settings_of

ORDER = [CommandState.QUEUED, CommandState.SENT, CommandState.TXACK]
words = st.lists(st.sampled_from(Word), max_size=12)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def rank(state):
    return ORDER.index(state) if state in ORDER else len(ORDER)


@given(words)
def test_it_never_goes_backwards_and_never_leaves_a_final_state(said):
    state = CommandState.QUEUED
    for word in said:
        then = after(state, word)
        assert rank(then) >= rank(state)
        assert then is state or not state.is_final
        state = then


@given(words)
def test_hearing_everything_twice_changes_nothing(said):
    once = twice = CommandState.QUEUED
    for word in said:
        once = after(once, word)
        twice = after(after(twice, word), word)
    assert once is twice


@given(words)
def test_only_the_device_itself_makes_it_acked(said):
    state = CommandState.QUEUED
    for word in said:
        state = after(state, word)
    assert state is not CommandState.ACKED or Word.ACKNOWLEDGED in said
    if Word.ACKNOWLEDGED not in said and Word.REFUSED not in said:
        assert after(state, Word.EXPIRED) is CommandState.EXPIRED


@given(st.permutations([Word.SENT, Word.TRANSMITTED, Word.ACKNOWLEDGED]))
def test_the_order_of_what_is_said_does_not_matter(said):
    state = CommandState.QUEUED
    for word in said:
        state = after(state, word)
    assert state is CommandState.ACKED


def command(number, name, parameters, state):
    return Command(
        command_id=UUID(int=number),
        device_id="70b3d50000000001",
        name=name,
        parameters=parameters,
        f_port=1,
        payload=b"",
        requested_by="manager",
        requested_at=NOON,
        expires_at=NOON + timedelta(hours=1),
        state=state,
    )


INTERVAL = "set-reporting-interval"


def told(name, parameters, minutes):
    return Reported(name=name, parameters=parameters, said_at=NOON + timedelta(minutes=minutes))


def test_the_newest_command_that_did_not_fail_is_what_is_desired():
    newest_first = [
        command(3, INTERVAL, {"seconds": "60"}, CommandState.FAILED),
        command(2, INTERVAL, {"seconds": "600"}, CommandState.ACKED),
        command(1, INTERVAL, {"seconds": "900"}, CommandState.ACKED),
        command(0, "reboot", {}, CommandState.ACKED),
    ]

    (setting,) = settings_of(newest_first, Telling())

    assert setting.desired == {"seconds": "600"}
    assert (setting.reported, setting.agreement) == (None, Agreement.NEVER)


@pytest.mark.parametrize(
    ("said", "agreement"),
    [
        ([], Agreement.NOT_YET),
        ([(-1, "600")], Agreement.NOT_YET),
        ([(-1, "900")], Agreement.NOT_YET),
        ([(0, "600")], Agreement.SAME),
        ([(5, "600"), (-1, "900")], Agreement.SAME),
        ([(5, "900"), (1, "600")], Agreement.DIFFERS),
    ],
)
def test_only_what_was_said_since_counts_and_of_that_the_newest(said, agreement):
    acked = [command(1, INTERVAL, {"seconds": "600"}, CommandState.ACKED)]
    telling = Telling(
        told=[told(INTERVAL, {"seconds": seconds}, minutes) for minutes, seconds in said], tells=frozenset({INTERVAL})
    )

    (setting,) = settings_of(acked, telling)

    assert setting.agreement is agreement
    assert setting.reported == ({"seconds": said[0][1]} if said else None)


def test_what_a_device_tells_that_nobody_asked_for_is_shown_too():
    (setting,) = settings_of([], Telling(told=[told(INTERVAL, {"seconds": "600"}, 0)], tells=frozenset({INTERVAL})))

    assert (setting.desired, setting.reported, setting.agreement) == (None, {"seconds": "600"}, Agreement.NOT_ASKED)


def test_each_block_of_a_display_is_a_setting_of_its_own():
    def text(number, block, words):
        parameters = {"template": "1", "block": block, "text": words}
        return command(number, "show-text", parameters, CommandState.SENT)

    said = {"template": "1", "block": "2", "text": "Closed"}
    telling = Telling(told=[told("show-text", said, 1)], tells=frozenset({"show-text"}))

    found = settings_of([text(3, "1", "Free"), text(2, "2", "Open"), text(1, "1", "Full")], telling)

    assert [(one.desired["text"], one.agreement) for one in found] == [
        ("Free", Agreement.NOT_YET),
        ("Open", Agreement.DIFFERS),
    ]
