"""What encode makes, decode reads back: to the frame's resolution, and no more than the frame carries."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.catalogue import MODELS, model
from devices.codec import decode, encode
from domain.measurements import QUANTITIES
from domain.uplinks import Kind
from tests.devices.our_vectors import UPLINKS

EVENT, HEARTBEAT, STARTUP = Kind.EVENT, Kind.HEARTBEAT, Kind.STARTUP
ENCODABLE = (EVENT, HEARTBEAT, STARTUP)
BENCH = "smartplace-bench"
OWN = {BENCH, "smartplace-count"}
SENSORS = [device for device in MODELS if device.key not in OWN]
MADE = [(device.key, kind) for device in SENSORS for kind in sorted(device.kinds)]

# What the street and a room may bring; every sensor must be able to say it, to its own resolution.
USUAL = {
    "occupied": st.booleans(),
    "battery_percent": st.floats(0, 100),
    "battery_volts": st.floats(2.5, 3.5),
    "battery_low": st.booleans(),
    "temperature_celsius": st.floats(-30, 60),
    "humidity_percent": st.floats(0, 100),
    "distance_mm": st.integers(0, 65_535),
    "tilt": st.booleans(),
    "tamper": st.booleans(),
    "sensor_fault": st.booleans(),
    "previous_state_minutes": st.integers(0, 100_000),
    "solar_watts": st.floats(0, 60),
    "sound_dba": st.floats(0, 130),
    "sound_max_dba": st.floats(0, 130),
    "people_in_total": st.integers(0, 65_535),
    "people_out_total": st.integers(0, 65_535),
    "people_present": st.integers(0, 255),
    "vehicles_total": st.integers(0, 65_535),
    "motion": st.booleans(),
    "motion_count": st.integers(0, 255),
    "vibration": st.booleans(),
    "illuminance_lux": st.floats(0, 60_000),
    "co2_ppm": st.integers(0, 32_767),
    "tvoc_ppb": st.integers(0, 65_535),
    "formaldehyde_mg_m3": st.floats(0, 100),
    "ozone_ppm": st.floats(0, 100),
    "pm2_5_ug_m3": st.floats(0, 1_000),
    "pm10_ug_m3": st.floats(0, 1_000),
    "pressure_hpa": st.floats(300, 1_100),
}
# Steps of the coarsest sensor; whoever is finer is held to it by the vectors.
STEPS = {
    "battery_percent": 1,
    "battery_volts": 0.1,
    "temperature_celsius": 1,
    "humidity_percent": 1,
    "solar_watts": 0.001,
    "sound_dba": 0.1,
    "sound_max_dba": 0.1,
    "illuminance_lux": 2,
    "formaldehyde_mg_m3": 0.01,
    "ozone_ppm": 0.01,
    "pm2_5_ug_m3": 1,
    "pm10_ug_m3": 1,
    "pressure_hpa": 0.1,
}

# (model, kind): what a frame of that kind leaves out of what the model measures.
CLIMATE = {"temperature_celsius", "battery_volts"}
LEFT_OUT = {
    ("bosch-tps110", EVENT): {"temperature_celsius"},
    ("bosch-tps110", STARTUP): {"temperature_celsius"},
    ("libelium-smart-parking-v1", EVENT): {"battery_volts", "sensor_fault"},
    ("libelium-smart-parking-v1", HEARTBEAT): {"battery_volts", "sensor_fault"},
    ("libelium-smart-parking-v1", STARTUP): {"sensor_fault"},
    ("libelium-smart-parking-v2", EVENT): {"sensor_fault"},
    ("libelium-smart-parking-v2", HEARTBEAT): {"battery_volts", "sensor_fault"},
    ("libelium-smart-parking-v2", STARTUP): {"battery_volts", "temperature_celsius", "sensor_fault"},
    ("libelium-smart-parking-v3", STARTUP): {"temperature_celsius", "sensor_fault"},
    ("milesight-vs330", EVENT): {"battery_percent"},
    ("milesight-vs340", EVENT): {"battery_percent"},
    ("milesight-vs341", EVENT): {"battery_percent"},
    ("milesight-ws202", EVENT): {"battery_percent"},
    ("moko-lw009-sm", EVENT): {"battery_low", "sensor_fault"},
    ("moko-lw009-sm", HEARTBEAT): {"battery_low", "sensor_fault"},
    ("netvox-r718e", HEARTBEAT): {"temperature_celsius"},
    ("nwave-ncc405", HEARTBEAT): {"vehicles_total"},
    ("nwave-nps405", EVENT): CLIMATE,
    ("nwave-nps405", HEARTBEAT): {"previous_state_minutes"},
    ("nwave-nps405", STARTUP): CLIMATE | {"previous_state_minutes"},
}
# The join report of these makers carries no measurement.
SILENT_STARTUPS = ("milesight-", "netvox-", "moko-", "nwave-ncc405")
# Their scale begins at 2.8 V; their temperature has no sign.
NARROWER = {
    "libelium-smart-parking-v2": {"battery_volts": st.floats(2.8, 3.5)},
    "moko-lw009-sm": {"temperature_celsius": st.floats(0, 60)},
}


def carried(key: str, kind: Kind) -> set[str]:
    if kind is STARTUP and key.startswith(SILENT_STARTUPS):
        return set()
    return set(model(key).measures) - LEFT_OUT.get((key, kind), set())


def told_to(key: str) -> st.SearchStrategy[dict]:
    """Some of what a model measures; always what its frames need."""
    measures = model(key).measures
    values = {name: NARROWER.get(key, {}).get(name, USUAL[name]) for name in measures}
    needed = {measures[0]: values.pop(measures[0])}
    return st.fixed_dictionaries(needed, optional=values)


def is_near(name: str, read: float, sent: float) -> bool:
    if name == "previous_state_minutes":
        step = 1 if sent < 90 else 5 if sent < 240 else 60
        return read == 660 if sent >= 660 else 0 <= sent - read < step
    return math.isclose(read, sent, abs_tol=STEPS.get(name, 0) / 2 + 1e-6)


def anything(name: str) -> st.SearchStrategy:
    low, high = QUANTITIES[name].bounds.low, QUANTITIES[name].bounds.high
    if QUANTITIES[name].kind is bool:
        return st.booleans()
    return st.floats(low, high) if QUANTITIES[name].kind is float else st.integers(int(low), int(high))


def test_what_a_frame_leaves_out_is_something_that_its_model_measures():
    for (key, kind), names in LEFT_OUT.items():
        assert names <= set(model(key).measures)
        assert kind in model(key).kinds


@pytest.mark.parametrize(("key", "kind"), MADE)
@settings(deadline=None)
@given(data=st.data())
def test_a_sensor_says_again_what_it_was_told(key, kind, data):
    told = data.draw(told_to(key))
    frame = model(key).encode(kind, told)
    decoded = decode(model(key), frame.f_port, frame.payload)
    assert decoded.kind is kind
    assert decoded.measurements.keys() <= carried(key, kind)
    for name in carried(key, kind) & told.keys():
        if name in decoded.measurements or is_alone(key, name, told):
            assert is_near(name, decoded.measurements[name], told[name]), name


def is_alone(key: str, name: str, told: dict) -> bool:
    """Whether a value must be read back; a solar charger at zero says nothing, as one that is not there."""
    if key == "parametric-pcr2" and name in {"battery_percent", "solar_watts"}:
        return round(told.get("battery_percent", 0)) > 0 or told.get("solar_watts", 0) >= 0.001
    return True


@pytest.mark.parametrize("device", SENSORS, ids=lambda device: device.key)
def test_what_a_vector_says_is_said_again_in_the_same_words(device):
    again = 0
    for vector in UPLINKS[device.key]:
        kind, said = Kind(vector["kind"]), vector["measurements"]
        if kind not in device.kinds or device.measures[0] not in said:
            continue
        frame = device.encode(kind, said)
        decoded = decode(device, frame.f_port, frame.payload)
        both = decoded.measurements.keys() & said.keys()
        assert both >= carried(device.key, kind) & said.keys()
        for name in both - {"illuminance_lux"}:
            assert decoded.measurements[name] == pytest.approx(said[name]), name
        assert is_near("illuminance_lux", *(m.get("illuminance_lux", 0) for m in (decoded.measurements, said)))
        again += 1
    assert again


@pytest.mark.parametrize("device", SENSORS, ids=lambda device: device.key)
@pytest.mark.parametrize("kind", ENCODABLE)
def test_a_kind_that_a_model_does_not_tell_is_played_as_a_heartbeat(device, kind):
    told = {device.measures[0]: 1 if QUANTITIES[device.measures[0]].kind is not bool else True}
    frame = encode(device, kind, told)
    expected = kind if kind in device.kinds else HEARTBEAT
    assert decode(device, frame.f_port, frame.payload).kind is expected


@pytest.mark.parametrize("kind", ENCODABLE)
@settings(deadline=None)
@given(
    told=st.fixed_dictionaries(
        {"occupied": st.booleans()}, optional={name: anything(name) for name in QUANTITIES if name != "occupied"}
    )
)
def test_a_bench_says_exactly_what_it_was_told(kind, told):
    frame = model(BENCH).encode(kind, told)
    decoded = decode(model(BENCH), frame.f_port, frame.payload)
    assert (decoded.kind, decoded.measurements) == (kind, told)


def test_a_bench_may_count_people_instead_of_saying_occupied():
    frame = model(BENCH).encode(EVENT, {"occupants": 0})
    assert decode(model(BENCH), 0, frame.payload).measurements == {"occupants": 0}


@pytest.mark.parametrize("device", MODELS, ids=lambda device: device.key)
@pytest.mark.parametrize("kind", ENCODABLE)
def test_nothing_is_encoded_without_what_its_frames_need(device, kind):
    with pytest.raises(ValueError, match=f"needs {device.measures[0]}"):
        device.encode(kind, {"energy_wh_total": 20.0})


@pytest.mark.parametrize("device", MODELS, ids=lambda device: device.key)
@pytest.mark.parametrize("kind", list(Kind))
def test_other_kinds_are_not_encoded(device, kind):
    if kind in device.kinds:
        return
    with pytest.raises(ValueError, match=r"kind|frame is made"):
        device.encode(kind, {device.measures[0]: True})


@pytest.mark.parametrize(
    ("key", "name", "value"),
    [
        ("bosch-tps110", "temperature_celsius", 128.0),
        ("bosch-tps110", "temperature_celsius", -129.0),
        ("bosch-tps110", "temperature_celsius", math.nan),
        ("bosch-tps110", "temperature_celsius", math.inf),
        ("browan-tbms100", "temperature_celsius", -33.0),
        ("browan-tbms100", "battery_volts", 4.1),
        ("cayenne-lpp", "temperature_celsius", math.nan),
        ("cayenne-lpp", "humidity_percent", 128.0),
        ("decentlab-dl-iam", "pressure_hpa", 1311.0),
        ("elsys-ers", "humidity_percent", 256.0),
        ("elsys-ers", "temperature_celsius", math.inf),
        ("libelium-smart-parking-v1", "battery_volts", 66.0),
        ("libelium-smart-parking-v2", "temperature_celsius", 128.0),
        ("libelium-smart-parking-v3", "temperature_celsius", 128.0),
        ("tekzitel-tekzipark", "temperature_celsius", -129.0),
        ("milesight-am107", "co2_ppm", 65_536),
        ("milesight-em310-udl", "distance_mm", -1),
        ("milesight-vs340", "battery_percent", 256.0),
        ("milesight-vs341", "battery_percent", -1.0),
        ("milesight-ws302", "sound_dba", -1.0),
        ("moko-lw009-sm", "temperature_celsius", -129.0),
        ("moko-lw009-sm", "battery_volts", 66.0),
        ("netvox-rb11e", "battery_volts", 12.8),
        ("netvox-rb11e", "temperature_celsius", 328.0),
        ("nwave-nps405", "battery_volts", 2.4),
        ("nwave-nps405", "battery_volts", 3.6),
        ("nwave-nps405", "temperature_celsius", 74.0),
        ("parametric-pcr2", "solar_watts", 66.0),
        ("pni-placepod", "battery_volts", 328.0),
        ("smartplace-bench", "temperature_celsius", math.nan),
        ("smartplace-bench", "battery_percent", 101.0),
    ],
)
def test_a_value_that_does_not_fit_is_not_encoded(key, name, value):
    needed = model(key).measures[0]
    told = {needed: True if QUANTITIES[needed].kind is bool else 1, name: value}
    kind = STARTUP if key == "libelium-smart-parking-v1" else EVENT if key == "libelium-smart-parking-v2" else HEARTBEAT
    with pytest.raises(ValueError, match=r"fit|outside|number"):
        model(key).encode(kind, told)


def test_a_negative_number_is_not_encoded():
    with pytest.raises(ValueError, match="negative"):
        model("nwave-nps405").encode(EVENT, {"occupied": True, "previous_state_minutes": -1})
    with pytest.raises(ValueError, match="negative"):
        model("nwave-ncc405").encode(EVENT, {"vehicles_total": -1})
