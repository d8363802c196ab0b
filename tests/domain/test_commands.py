"""A command only moves forwards, whatever networks say, how often and in which order."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.commands import Command, CommandState, Word, after, settings_of

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


def test_the_newest_command_that_did_not_fail_is_what_is_desired():
    newest_first = [
        command(3, "set-reporting-interval", {"seconds": "60"}, CommandState.FAILED),
        command(2, "set-reporting-interval", {"seconds": "600"}, CommandState.ACKED),
        command(1, "set-reporting-interval", {"seconds": "900"}, CommandState.ACKED),
        command(0, "reboot", {}, CommandState.ACKED),
    ]

    (setting,) = settings_of(newest_first, {})

    assert setting.desired == {"seconds": "600"}
    assert setting.reported is None
    assert settings_of(newest_first, {"set-reporting-interval": {"seconds": "900"}})[0].reported == {"seconds": "900"}
