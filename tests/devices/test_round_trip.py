"""What encode makes, decode reads back: to the frame's resolution, and no more than the frame carries."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.catalogue import MODELS, model
from devices.codec import decode
from domain.measurements import QUANTITIES
from domain.uplinks import Kind

EVENT, HEARTBEAT, STARTUP = Kind.EVENT, Kind.HEARTBEAT, Kind.STARTUP
ENCODABLE = (EVENT, HEARTBEAT, STARTUP)
INT8 = st.floats(-128, 127)
FLAGS = {"occupied", "battery_low", "temperature_celsius"}

# (model, kind): the keys that the frame carries. The bench's JSON carries all that there is.
CARRIED = {
    ("bosch-tps110", EVENT): {"occupied"},
    ("bosch-tps110", HEARTBEAT): {"occupied", "temperature_celsius"},
    ("bosch-tps110", STARTUP): {"occupied"},
    ("libelium-smart-parking-v3", EVENT): FLAGS | {"sensor_fault"},
    ("libelium-smart-parking-v3", HEARTBEAT): FLAGS | {"sensor_fault"},
    ("libelium-smart-parking-v3", STARTUP): {"occupied", "battery_low"},
    ("milesight-vs340", EVENT): {"occupied"},
    ("milesight-vs340", HEARTBEAT): {"occupied", "battery_percent"},
    ("milesight-vs340", STARTUP): set(),
    ("milesight-vs341", EVENT): {"occupied"},
    ("milesight-vs341", HEARTBEAT): {"occupied", "battery_percent"},
    ("milesight-vs341", STARTUP): set(),
    ("nwave-nps405", EVENT): {"occupied", "previous_state_minutes"},
    ("nwave-nps405", HEARTBEAT): {"occupied", "battery_volts", "temperature_celsius"},
    ("nwave-nps405", STARTUP): {"occupied"},
    ("tekzitel-tekzipark", EVENT): FLAGS,
    ("tekzitel-tekzipark", HEARTBEAT): FLAGS,
    ("tekzitel-tekzipark", STARTUP): FLAGS,
}
SENSED = {
    "battery_low": st.booleans(),
    "sensor_fault": st.booleans(),
    "battery_percent": st.floats(0, 100),
    "temperature_celsius": INT8,
    "previous_state_minutes": st.integers(0, 100_000),
}
NPS405 = SENSED | {"battery_volts": st.floats(2.5, 3.52), "temperature_celsius": st.floats(-54, 73.5)}
NPS405_STEPS = {"battery_volts": 0.004, "temperature_celsius": 0.5}


def sensed(key: str) -> st.SearchStrategy[dict]:
    values = NPS405 if key == "nwave-nps405" else SENSED
    return st.fixed_dictionaries({"occupied": st.booleans()}, optional=values)


def is_near(key: str, name: str, read: float, sent: float) -> bool:
    if name == "previous_state_minutes":
        step = 1 if sent < 90 else 5 if sent < 240 else 60
        return read == 660 if sent >= 660 else 0 <= sent - read < step
    step = NPS405_STEPS.get(name, 1) if key == "nwave-nps405" else 1
    return math.isclose(read, sent, abs_tol=step / 2 + 1e-9)


def anything(name: str) -> st.SearchStrategy:
    low, high = QUANTITIES[name].bounds.low, QUANTITIES[name].bounds.high
    if QUANTITIES[name].kind is bool:
        return st.booleans()
    return st.floats(low, high) if QUANTITIES[name].kind is float else st.integers(int(low), int(high))


def test_every_encodable_frame_of_every_sensor_is_listed():
    sensors = {device.key for device in MODELS} - {"smartplace-bench"}
    assert CARRIED.keys() == {(key, kind) for key in sensors for kind in ENCODABLE}


@pytest.mark.parametrize(("key", "kind"), CARRIED)
@settings(deadline=None)
@given(data=st.data())
def test_a_sensor_says_again_what_it_was_told(key, kind, data):
    told = data.draw(sensed(key))
    frame = model(key).encode(kind, told)
    decoded = decode(model(key), frame.f_port, frame.payload)
    assert decoded.kind is kind
    assert decoded.measurements.keys() <= CARRIED[key, kind]
    for name in CARRIED[key, kind] & told.keys():
        assert is_near(key, name, decoded.measurements[name], told[name]), name


@pytest.mark.parametrize("kind", ENCODABLE)
@settings(deadline=None)
@given(
    told=st.fixed_dictionaries(
        {"occupied": st.booleans()}, optional={name: anything(name) for name in QUANTITIES if name != "occupied"}
    )
)
def test_a_bench_says_exactly_what_it_was_told(kind, told):
    frame = model("smartplace-bench").encode(kind, told)
    decoded = decode(model("smartplace-bench"), frame.f_port, frame.payload)
    assert (decoded.kind, decoded.measurements) == (kind, told)


def test_a_bench_may_count_people_instead_of_saying_occupied():
    frame = model("smartplace-bench").encode(EVENT, {"occupants": 0})
    assert decode(model("smartplace-bench"), 0, frame.payload).measurements == {"occupants": 0}


@pytest.mark.parametrize("device", MODELS, ids=lambda device: device.key)
def test_occupied_is_enough_to_encode(device):
    for kind in ENCODABLE:
        assert device.encode(kind, {"occupied": True}).payload


@pytest.mark.parametrize("device", MODELS, ids=lambda device: device.key)
@pytest.mark.parametrize("kind", [EVENT, HEARTBEAT, STARTUP])
def test_nothing_is_encoded_without_occupancy(device, kind):
    with pytest.raises(ValueError, match="needs occupied"):
        device.encode(kind, {"temperature_celsius": 20.0})


@pytest.mark.parametrize("device", MODELS, ids=lambda device: device.key)
@pytest.mark.parametrize("kind", [Kind.CONFIG, Kind.ERROR])
def test_other_kinds_are_not_encoded(device, kind):
    with pytest.raises(ValueError, match=r"kind|frame is made"):
        device.encode(kind, {"occupied": True})


@pytest.mark.parametrize(
    ("key", "name", "value"),
    [
        ("bosch-tps110", "temperature_celsius", 128.0),
        ("bosch-tps110", "temperature_celsius", -129.0),
        ("bosch-tps110", "temperature_celsius", math.nan),
        ("bosch-tps110", "temperature_celsius", math.inf),
        ("libelium-smart-parking-v3", "temperature_celsius", 128.0),
        ("tekzitel-tekzipark", "temperature_celsius", -129.0),
        ("milesight-vs340", "battery_percent", 256.0),
        ("milesight-vs341", "battery_percent", -1.0),
        ("nwave-nps405", "battery_volts", 2.4),
        ("nwave-nps405", "battery_volts", 3.6),
        ("nwave-nps405", "temperature_celsius", 74.0),
        ("smartplace-bench", "temperature_celsius", math.nan),
        ("smartplace-bench", "battery_percent", 101.0),
    ],
)
def test_a_value_that_does_not_fit_is_not_encoded(key, name, value):
    with pytest.raises(ValueError, match=r"fit|outside|number"):
        model(key).encode(HEARTBEAT, {"occupied": True, name: value})


def test_a_negative_duration_is_not_encoded():
    with pytest.raises(ValueError, match="negative"):
        model("nwave-nps405").encode(EVENT, {"occupied": True, "previous_state_minutes": -1})
