"""Commands and settings that a mapping of a JavaScript codec has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.command_table import parse_commands, parse_settings
from devices.downlinks import COMMANDS, Limit, known_command, parse_command
from devices.settings import settings_in
from domain.errors import CommandRefusedError

TABLE = {
    "set-reporting-interval": {
        "data": {"config": [{"interval_min": "$seconds"}], "note": "by us", "version": 2},
        "parameters": {"seconds": {"low": 60, "high": 3600, "unit": 60}},
    },
    "set-indicator": {"data": {"led": "$on"}, "parameters": {"on": {"values": {"true": "ON", "false": "OFF"}}}},
    "reboot": {"data": {"reboot": True}},
    "show-qr-code": {
        "data": {"page": "$template", "text": "$text"},
        "parameters": {"template": {"low": 1, "high": 3}, "text": {"low": 0, "high": 9}},
    },
}
SETTINGS = [
    {"command": "set-reporting-interval", "path": "config[0].interval_min", "unit": 60},
    {"command": "set-indicator", "path": "led", "values": {"ON": True, "OFF": False}},
]


def parsed(table):
    problems = []
    commands = parse_commands(table, problems)
    assert problems == []
    return commands


def data_of(name, **parameters):
    command = parse_command(name, parameters)
    return known_command("acme", parsed(TABLE), command).data_of(command)


@pytest.mark.parametrize(
    ("name", "parameters", "data"),
    [
        (
            "set-reporting-interval",
            {"seconds": "600"},
            {"config": [{"interval_min": 10}], "note": "by us", "version": 2},
        ),
        ("set-indicator", {"on": "false"}, {"led": "OFF"}),
        ("reboot", {}, {"reboot": True}),
        ("show-qr-code", {"template": "2", "text": "$seconds"}, {"page": 2, "text": "$seconds"}),
    ],
)
def test_the_template_is_filled_with_what_was_asked_for(name, parameters, data):
    assert data_of(name, **parameters) == data


def test_a_switch_without_words_stays_yes_or_no():
    (indicator,) = parsed({"set-indicator": {"data": {"led": "$on"}}})
    assert indicator.data_of(parse_command("set-indicator", {"on": "true"})) == {"led": True}


@pytest.mark.parametrize(
    ("name", "parameters", "reason"),
    [
        ("set-reporting-interval", {"seconds": "3660"}, r"seconds is not in 60\.\.3600"),
        ("set-reporting-interval", {"seconds": "90"}, "multiple of 60"),
        ("show-qr-code", {"template": "1", "text": "ten octets"}, r"text is not in 0\.\.9 octets"),
        ("recalibrate", {}, "the model does not take it; it takes set-reporting-interval, set-indicator"),
    ],
)
def test_what_the_mapping_does_not_allow_is_refused(name, parameters, reason):
    with pytest.raises(CommandRefusedError, match=reason):
        data_of(name, **parameters)


def test_limits_are_told_to_those_who_ask():
    assert parsed(TABLE)[0].limits == {"seconds": Limit(60, 3600, 60)}


INTERVAL = "set-reporting-interval"


def interval(data, **seconds):
    return {INTERVAL: {"data": data, "parameters": {"seconds": seconds}}}


WRONG = [
    ([], "commands: an object"),
    ({"explode": {"data": {}}}, "commands.explode: is no command; there are set-reporting-interval"),
    ({"reboot": 5}, "commands.reboot: an object with `data`"),
    ({"reboot": {"data": []}}, "commands.reboot: an object with `data`"),
    ({"reboot": {"data": {}, "fPort": 1}}, "commands.reboot: an object with `data`"),
    ({"reboot": {"data": {}, "parameters": {"seconds": {}}}}, "commands.reboot: `parameters` may have none"),
    ({"reboot": {"data": {"a": "$seconds"}}}, "commands.reboot: `data` says $seconds, which is no parameter of it"),
    (interval({}, low=60, high=3600), f"commands.{INTERVAL}: `data` says nothing of $seconds"),
    (interval({"a": "$seconds"}), f"commands.{INTERVAL}: parameters.seconds: whole numbers `low`"),
    (interval({"a": "$seconds"}, low=60, high=60.5), f"commands.{INTERVAL}: parameters.seconds: whole numbers"),
    (interval({"a": "$seconds"}, low=90, high=600, unit=60), f"commands.{INTERVAL}: parameters.seconds: `unit` is"),
    (interval({"a": "$seconds"}, scale=1), f"commands.{INTERVAL}: parameters.seconds: an object with high, low, unit"),
    (
        {"set-indicator": {"data": {"a": "$on"}, "parameters": {"on": {"values": {"true": 1}}}}},
        'commands.set-indicator: parameters.on: `values` has "true"',
    ),
    ({"reboot": {"data": {"a": [[[[[[[[[]]]]]]]]]}}}, "commands.reboot: `data` is nested deeper"),
]
WRONG_SETTINGS = [
    ({}, "settings: a list"),
    ([5], "setting 1: `command` must be"),
    ([{"command": "reboot", "path": "a"}], "setting 1: `command` must be"),
    ([{"command": "show-text", "path": "a"}], "setting 1: `command` must be"),
    ([SETTINGS[0], {"command": "set-indicator", "path": ""}], "setting 2: an object with command, path, values"),
    ([{"command": "set-indicator", "path": "a", "unit": 60}], "setting 1: an object with"),
    ([{"command": "set-reporting-interval", "path": "a", "unit": 0.5}], "setting 1: `unit` is"),
    ([{"command": "set-indicator", "path": "a", "values": {"ON": 1}}], "setting 1: `values` has"),
]


@pytest.mark.parametrize(("document", "problem"), WRONG)
def test_a_command_with_a_fault_is_refused_with_a_sentence(document, problem):
    problems = []
    assert parse_commands(document, problems) == ()
    assert any(told.startswith(problem) for told in problems), problems


@pytest.mark.parametrize(("document", "problem"), WRONG_SETTINGS)
def test_a_setting_with_a_fault_is_refused_with_a_sentence(document, problem):
    problems = []
    parse_settings(document, problems)
    assert any(told.startswith(problem) for told in problems), problems


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (
            {"config[0].interval_min": 10, "led": "OFF"},
            [("set-reporting-interval", {"seconds": "600"}), ("set-indicator", {"on": "false"})],
        ),
        ({"config[0].interval_min": 2.5}, [("set-reporting-interval", {"seconds": "150"})]),
        ({"config[0].interval_min": 0.001, "led": "BLINKS"}, []),
        ({"config[0].interval_min": float("nan"), "led": None}, []),
        ({"config[0].interval_min": "10", "led": ["ON"]}, []),
        ({}, []),
    ],
)
def test_what_a_device_tells_of_its_settings_is_found_in_what_its_codec_gives(raw, told):
    problems = []
    assert settings_in(parse_settings(SETTINGS, problems), raw) == told
    assert problems == []


def test_a_switch_that_is_told_as_yes_or_no_needs_no_words():
    problems = []
    echoes = parse_settings([{"command": "set-indicator", "path": "led"}], problems)
    assert settings_in(echoes, {"led": True}) == [("set-indicator", {"on": "true"})]
    assert settings_in(echoes, {"led": 1}) == []


names = st.sampled_from([*COMMANDS])
texts = st.sampled_from(["$seconds", "$on", "data", "parameters", "low", "high", "unit", "values", "true", "$", "path"])
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts | st.sampled_from([*COMMANDS]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(documents, names)
def test_whatever_is_uploaded_is_commands_or_problems(document, name):
    problems = []
    found = parse_commands({name: document}, problems)
    assert bool(found) != bool(problems)
    parse_commands(document, problems)
    parse_settings(document, problems)


@given(st.dictionaries(st.sampled_from(["config[0].interval_min", "led"]), documents))
def test_whatever_a_codec_gives_tells_settings_that_can_be_asked_for(raw):
    for name, parameters in settings_in(parse_settings(SETTINGS, []), raw):
        assert parse_command(name, parameters)
