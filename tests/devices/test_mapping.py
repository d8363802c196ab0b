# ruff: noqa: E501
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.mapping import apply_mapping, parse_mapping
from domain.errors import MappingError
from domain.measurements import QUANTITIES, faults
from domain.uplinks import Kind


def mapped(data, *rules, kind=None, f_port=1):
    document = {"measurements": list(rules)} | ({"kind": kind} if kind else {})
    return apply_mapping(parse_mapping(document), data, f_port)


STATUS = {"path": "status", "key": "occupied", "values": {"occupied": True, "1": True, "true": True, "free": False, "0": False}}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "occupied"), [("occupied", True), (1, True), (1.0, True), (True, True), ("free", False), (0, False)]
)
def test_vendors_words_for_occupied_become_yes_or_no(status, occupied):
    told = mapped({"status": status}, STATUS)

    assert told.measurements == {"occupied": occupied}
    assert type(told.measurements["occupied"]) is bool
    assert told.problems == ()


def test_a_word_that_is_not_in_the_table_is_a_fault_and_not_a_guess():
    told = mapped({"status": "maybe"}, STATUS)

    assert told.problems == ("status: 'maybe' is not among its values",)
    assert told.measurements == {}


@pytest.mark.parametrize(
    ("rule", "data", "expected"),
    [
        ({"path": "mv", "key": "battery_volts", "scale": 0.001}, {"mv": 3344}, {"battery_volts": 3.344}),
        ({"path": "t", "key": "temperature_celsius", "scale": 0.5, "offset": 10}, {"t": -20}, {"temperature_celsius": 0.0}),
        ({"path": "t", "key": "temperature_celsius"}, {"t": "21.50"}, {"temperature_celsius": 21.5}),
        ({"path": "cm", "key": "distance_mm", "scale": 10}, {"cm": 12.34}, {"distance_mm": 123}),
        ({"path": "good", "key": "battery_low", "invert": True}, {"good": True}, {"battery_low": False}),
        ({"path": "good", "key": "battery_low", "invert": True}, {"good": 0}, {"battery_low": True}),
        ({"path": "a.b[1].c", "key": "occupants"}, {"a": {"b": [0, {"c": 3}]}}, {"occupants": 3}),
        ({"path": "[0].x", "key": "occupants"}, {}, {}),
        ({"path": "gone", "key": "occupants"}, {"here": 1}, {}),
        ({"path": "null", "key": "occupants"}, {"null": None}, {}),
        ({"path": "s", "key": "occupied", "values": {"null": False}}, {"s": None}, {"occupied": False}),
    ],
)  # fmt: skip
def test_values_are_scaled_shifted_turned_and_found(rule, data, expected):
    told = mapped(data, rule)

    assert told.measurements == pytest.approx(expected)
    assert told.problems == ()
    assert faults(told.measurements) == []


@pytest.mark.parametrize(
    ("rule", "value", "problem"),
    [
        ({"path": "v", "key": "temperature_celsius"}, 900, "temperature_celsius is outside -128..127.5"),
        ({"path": "v", "key": "temperature_celsius"}, "hot", "v: 'hot' is not a number"),
        ({"path": "v", "key": "temperature_celsius"}, True, "v: 'true' is not a number"),
        ({"path": "v", "key": "temperature_celsius"}, [1], "v: is not a single value"),
        ({"path": "v", "key": "energy_wh_total", "scale": 1e300}, 1e300, "v: is not finite"),
        ({"path": "v", "key": "tilt"}, 2, "v: '2' is neither yes nor no"),
        ({"path": "v", "key": "tilt"}, "1", "v: '1' is neither yes nor no"),
        ({"path": "v", "key": "occupants"}, 10**400, "v: is too large"),
    ],
)
def test_what_cannot_be_is_a_problem(rule, value, problem):
    assert mapped({"v": value}, rule).problems == (problem,)


def test_the_first_rule_whose_path_is_there_wins():
    rules = [{"path": "percent", "key": "battery_percent"}, {"path": "battery", "key": "battery_percent", "scale": 100}]

    assert mapped({"battery": 0.5}, *rules).measurements == {"battery_percent": 50.0}
    assert mapped({"battery": 0.5, "percent": 40}, *rules).measurements == {"battery_percent": 40.0}


def test_what_no_rule_takes_is_kept_raw_with_its_path():
    told = mapped({"status": 1, "radio": {"sf": 7, "list": [1, {"x": "y"}]}, "none": None}, STATUS)

    assert told.raw == {"radio.sf": 7, "radio.list[0]": 1, "radio.list[1].x": "y", "none": None}


def test_the_trace_tells_of_every_rule_that_found_something():
    (step,) = mapped({"status": "free"}, STATUS, {"path": "gone", "key": "tilt"}).steps

    assert (step.path, step.key, step.found, step.made, step.problem) == ("status", "occupied", "free", False, "")


@pytest.mark.parametrize(
    ("kind", "data", "f_port", "expected"),
    [
        (None, {}, 9, Kind.EVENT),
        ({"f_port": {"1": "event", "2": "heartbeat"}}, {}, 2, Kind.HEARTBEAT),
        ({"f_port": {"1": "event"}, "default": "config"}, {}, 7, Kind.CONFIG),
        ({"path": "type", "values": {"hb": "heartbeat"}}, {"type": "hb"}, 1, Kind.HEARTBEAT),
        ({"path": "type", "values": {"hb": "heartbeat"}, "default": "error"}, {"type": "?"}, 1, Kind.ERROR),
        ({"path": "type", "values": {"hb": "heartbeat"}, "f_port": {"3": "startup"}}, {}, 3, Kind.STARTUP),
    ],
)
def test_why_the_device_spoke_is_told_by_port_or_by_value(kind, data, f_port, expected):
    assert mapped(data, STATUS, kind=kind, f_port=f_port).kind is expected


WRONG = [
    ([], "a mapping is an object"),
    ({}, "`measurements` must have"),
    ({"measurements": []}, "`measurements` must have"),
    ({"measurements": [STATUS] * 101}, "`measurements` must have"),
    ({"measurements": [STATUS], "mesurements": []}, "`mesurements` is not known"),
    ({"measurements": ["status"]}, "rule 1: must be an object"),
    ({"measurements": [STATUS, {"path": "a", "key": "ocupied"}]}, "rule 2: 'ocupied' is not a measurement"),
    ({"measurements": [{"key": "tilt"}]}, "rule 1: `path` must be"),
    ({"measurements": [{"path": ".a", "key": "tilt"}]}, "rule 1: `path` must be"),
    ({"measurements": [{"path": "a..b", "key": "tilt"}]}, "rule 1: `path` must be"),
    ({"measurements": [{"path": "a[x]", "key": "tilt"}]}, "rule 1: `path` must be"),
    ({"measurements": [{"path": "a" * 201, "key": "tilt"}]}, "rule 1: `path` must be"),
    ({"measurements": [{"path": "a", "key": "tilt", "scael": 2}]}, "rule 1: `scael` is not known"),
    ({"measurements": [{"path": "a", "key": "tilt", "scale": 2}]}, "rule 1: tilt is yes or no"),
    ({"measurements": [{"path": "a", "key": "occupants", "invert": True}]}, "rule 1: `invert` is"),
    ({"measurements": [{"path": "a", "key": "occupants", "scale": "2"}]}, "rule 1: `scale` must be a number"),
    ({"measurements": [{"path": "a", "key": "occupants", "scale": 0}]}, "rule 1: `scale` must not be 0"),
    ({"measurements": [{"path": "a", "key": "occupants", "offset": math.inf}]}, "rule 1: `offset` must be a number"),
    ({"measurements": [{"path": "a", "key": "tilt", "values": {"x": 1}}]}, "rule 1: tilt must be bool, got int"),
    ({"measurements": [{"path": "a", "key": "tilt", "values": {}}]}, "rule 1: `values` must be an object"),
    ({"measurements": [{"path": "a", "key": "battery_percent", "values": {"x": 101}}]}, "rule 1: battery_percent is outside"),
    ({"measurements": [{"path": "a", "key": "occupants", "values": {"x": 1}, "scale": 2}]}, "rule 1: `values` says it all"),
    ({"measurements": [STATUS], "kind": {"f_port": {"256": "event"}}}, "kind: '256' is no fPort"),
    ({"measurements": [STATUS], "kind": {"f_port": {"1": "evnt"}}}, "kind: 'evnt' is none of"),
    ({"measurements": [STATUS], "kind": {"path": "a"}}, "kind: `path` and `values` belong together"),
    ({"measurements": [STATUS], "kind": []}, "kind: an object"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "problem"), WRONG)
def test_a_mapping_with_a_fault_is_refused_with_a_sentence(document, problem):
    with pytest.raises(MappingError) as caught:
        parse_mapping(document)

    assert any(told.startswith(problem) for told in caught.value.problems), caught.value.problems


texts = st.text("ab01[]. %\u00e9", max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
table = parse_mapping(
    {
        "kind": {"path": "a", "values": {"1": "heartbeat"}},
        "measurements": [
            {"path": path, "key": key, **({} if QUANTITIES[key].kind is bool else {"scale": 2.5, "offset": -1})}
            for path, key in zip(["a", "b", "a.b", "[0]", "b[1].a", "a"], QUANTITIES, strict=False)
        ],
    }
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), json_values))
def test_whatever_a_codec_says_is_measurements_or_problems(data):
    told = apply_mapping(table, data, 1)

    assert told.problems or not faults(told.measurements)


@given(json_values)
def test_whatever_is_uploaded_is_a_mapping_or_an_error(document):
    with pytest.raises(MappingError):
        parse_mapping(document)
    with pytest.raises(MappingError):
        parse_mapping({"measurements": document, "kind": document, "commands": document, "settings": document})
