"""Commands: the bytes that makers document, the limits that they state, and nothing beyond."""

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.catalogue import MODELS, model
from devices.codec import DeviceModel, decode
from devices.downlinks import (
    COMMANDS,
    Limit,
    Reboot,
    SetIndicator,
    SetReportingInterval,
    ShowText,
    Support,
    encode_downlink,
    parameters_of,
    parse_command,
)
from devices.settings import settings_in
from domain.errors import CommandRefusedError
from tests.devices.our_vectors import DOWNLINKS

CASES = [
    pytest.param(device, vector, id=f"{device.key}: {vector['command']} {vector['parameters'] or ''}")
    for device in MODELS
    for vector in DOWNLINKS[device.key]
]
SUPPORTED = [
    pytest.param(device, support, id=f"{device.key}: {support.name}")
    for device in MODELS
    for support in device.commands
]
SLOWEST_EUROPEAN_OCTETS = 51
every_supported = pytest.mark.parametrize(("device", "support"), SUPPORTED)


def as_text(parameters: dict) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in parameters.items()}


def send(device: DeviceModel, command) -> tuple[int, bytes]:
    encoded = encode_downlink(device.key, device.commands, command)
    return encoded.f_port, encoded.payload


@pytest.mark.parametrize(("device", "vector"), CASES)
def test_a_command_is_the_bytes_of_its_vector(device, vector):
    command = parse_command(vector["command"], as_text(vector["parameters"]))
    assert send(device, command) == (vector["f_port"], bytes.fromhex(vector["hex"]))


@every_supported
def test_a_command_that_a_model_takes_has_a_vector_and_a_source(device, support):
    assert support.source
    assert support.name in {vector["command"] for vector in DOWNLINKS[device.key]}


@every_supported
def test_a_limit_is_of_a_parameter_and_every_number_and_text_has_one(device, support):
    parameters = {parameter.name: parameter.type for parameter in fields(support.command)}
    assert support.limits.keys() == {name for name, kind in parameters.items() if kind is not bool}


def values(limit: Limit, kind: type) -> st.SearchStrategy:
    if kind is str:
        texts = st.text(st.characters(categories=("L", "N", "P", "S"), codec="utf-8"), max_size=limit.high)
        return texts.filter(lambda text: limit.low <= len(text.encode()) <= limit.high and text.isprintable())
    return st.integers(0, (limit.high - limit.low) // limit.step).map(lambda steps: limit.low + steps * limit.step)


def within(support: Support) -> st.SearchStrategy:
    """Any command within the limits."""
    parameters = {
        parameter.name: st.booleans()
        if parameter.type is bool
        else values(support.limits[parameter.name], parameter.type)
        for parameter in fields(support.command)
    }
    return st.builds(support.command, **parameters)


@every_supported
@pytest.mark.parametrize("end", ["low", "high"])
def test_the_ends_of_every_limit_are_within_it(device, support, end):
    kinds = {parameter.name: parameter.type for parameter in fields(support.command)}
    ends = {name: getattr(support.limits[name], end) if kind is not bool else True for name, kind in kinds.items()}
    texts = {name: "x" * length for name, length in ends.items() if kinds[name] is str}
    assert send(device, support.command(**(ends | texts)))[1]


@every_supported
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_every_command_within_its_limits_fits_into_the_slowest_data_rate(device, support, data):
    f_port, payload = send(device, data.draw(within(support)))
    assert 1 <= f_port <= 223
    assert 1 <= len(payload) <= SLOWEST_EUROPEAN_OCTETS


@every_supported
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_two_commands_with_other_parameters_are_other_bytes(device, support, data):
    one, other = data.draw(within(support)), data.draw(within(support))
    assert (one == other) == (send(device, one) == send(device, other))


@every_supported
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_a_number_beyond_its_limits_is_refused(device, support, data):
    for name, limit in support.limits.items():
        command = data.draw(within(support))
        if isinstance(getattr(command, name), str):
            continue
        beyond = st.integers(max_value=limit.low - 1) | st.integers(min_value=limit.high + 1)
        wrong = {**{field.name: getattr(command, field.name) for field in fields(command)}, name: data.draw(beyond)}
        with pytest.raises(CommandRefusedError, match=name):
            send(device, support.command(**wrong))


@pytest.mark.parametrize("device", MODELS, ids=lambda device: device.key)
def test_a_command_that_a_model_does_not_take_is_refused_with_those_that_it_takes(device):
    taken = {support.command for support in device.commands}
    assert len(taken) == len(device.commands)
    for command in (SetReportingInterval(seconds=600), Reboot(), SetIndicator(on=True)):
        if type(command) not in taken:
            with pytest.raises(CommandRefusedError, match=f"{device.key}: .*does not take it") as caught:
                send(device, command)
            assert caught.value.model == device.key


@pytest.mark.parametrize("seconds", [600.0, "600", True, None])
def test_a_number_that_is_none_is_refused(seconds):
    with pytest.raises(CommandRefusedError, match="seconds is not int"):
        send(model("milesight-ws202"), SetReportingInterval(seconds=seconds))


def test_an_interval_between_two_steps_is_refused():
    with pytest.raises(CommandRefusedError, match="multiple of 60"):
        send(model("milesight-vs340"), SetReportingInterval(seconds=90))


@pytest.mark.parametrize("text", ["a\x00b", "two\nlines", "\ud800", "\u202e"])
def test_a_text_that_cannot_be_printed_is_refused(text):
    with pytest.raises(CommandRefusedError, match="not printable"):
        send(model("milesight-ds3604"), ShowText(template=1, block=1, text=text))


def test_a_text_is_measured_in_octets_not_in_letters():
    display = model("milesight-ds3604")
    send(display, ShowText(template=1, block=1, text="é" * 23))
    with pytest.raises(CommandRefusedError, match="octets"):
        send(display, ShowText(template=1, block=1, text="é" * 24))


def test_every_command_has_a_name_and_is_taken_by_some_model():
    assert {support.command for device in MODELS for support in device.commands} == set(COMMANDS.values())


@pytest.mark.parametrize(
    ("name", "parameters", "reason"),
    [
        ("dance", {}, "no command 'dance'"),
        ("reboot", {"seconds": "1"}, "no parameter"),
        ("set-reporting-interval", {}, "needs seconds"),
        ("set-reporting-interval", {"seconds": "ten"}, "no whole number"),
        ("set-reporting-interval", {"seconds": "1", "minutes": "1"}, "wrong: minutes"),
        ("set-indicator", {"on": "perhaps"}, "neither true nor false"),
    ],
)
def test_a_command_in_words_that_is_none_is_refused_for_it(name, parameters, reason):
    with pytest.raises(ValueError, match=reason):
        parse_command(name, parameters)


ANSWERED = [
    pytest.param(device, support, id=f"{device.key}: {support.name}")
    for device in MODELS
    for support in device.commands
    if device.vendor in {"Milesight", "Netvox"} and support.name in {echo.command for echo in device.echoes}
]


@pytest.mark.parametrize(("device", "support"), ANSWERED)
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_a_device_that_answers_with_what_it_was_told_is_set_as_it_should_be(device, support, data):
    command = data.draw(within(support))
    f_port, payload = send(device, command)
    if device.vendor == "Netvox":
        answer = b"\x82" + payload[1:]
    else:
        # A block of a display is told as it is written.
        answer = payload if payload[:1] == b"\xfb" else b"\xfe" + payload[1:]
    told = settings_in(device.echoes, decode(device, f_port, answer).raw)
    assert told == [(support.name, parameters_of(command))]


@pytest.mark.parametrize(("text", "fault"), [("", "a whole number is needed"), ("ten", "'ten' is no whole number")])
def test_a_number_that_is_none_is_told_in_words(text, fault):
    name = next(name for name, kind in COMMANDS.items() if kind is SetReportingInterval)
    (parameter,) = fields(SetReportingInterval)
    with pytest.raises(ValueError, match=fault):
        parse_command(name, {parameter.name: text})
