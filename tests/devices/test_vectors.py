"""Every model against our own vectors, and against what is left of them when bytes are cut or flipped."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.catalogue import MODELS
from devices.codec import DeviceModel, decode
from devices.settings import settings_in
from domain.errors import DecodeError
from tests.devices.our_vectors import MODULE_OF, UPLINKS, models_of, payload_of

CASES = [
    pytest.param(device, vector, id=f"{device.key}: {vector['name']}")
    for device in MODELS
    for vector in UPLINKS[device.key]
]
PORTS = {device.key: sorted({vector["f_port"] for vector in UPLINKS[device.key]}) for device in MODELS}
LORAWAN_MOST = 242
# A family shares its table, so that a sensor with another's channels would still be read.
SHARED_TABLES = {device.key for device in MODELS if len(models_of(MODULE_OF[device.key])) > 1}
every_model = pytest.mark.parametrize("device", MODELS, ids=lambda device: device.key)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
documents = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner))


def decode_or_refuse(device: DeviceModel, f_port: int, payload: bytes) -> None:
    """Anything but a frame of plain JSON values or a DecodeError fails the test."""
    try:
        decoded = decode(device, f_port, payload)
    except DecodeError:
        return
    json.dumps([decoded.raw, decoded.measurements, settings_in(device.echoes, decoded.raw)], allow_nan=False)
    assert decoded.measurements.keys() <= set(device.measures) or device.key in SHARED_TABLES


@pytest.mark.parametrize(("device", "vector"), CASES)
def test_a_vector_is_read_as_worked_out_by_hand(device, vector):
    decoded = decode(device, vector["f_port"], payload_of(vector))
    assert decoded.kind == vector["kind"]
    assert decoded.measurements == vector["measurements"]
    assert decoded.raw == vector.get("raw", decoded.raw)
    told = [list(setting) for setting in settings_in(device.echoes, decoded.raw)]
    assert told == vector.get("settings", told)


@every_model
@settings(deadline=None)
@given(f_port=st.integers(0, 255), payload=st.binary(max_size=LORAWAN_MOST))
def test_any_bytes_are_a_frame_or_refused(device, f_port, payload):
    decode_or_refuse(device, f_port, payload)


@every_model
@settings(deadline=None)
@given(data=st.data())
def test_any_bytes_on_a_port_in_use_are_a_frame_or_refused(device, data):
    f_port = data.draw(st.sampled_from(PORTS[device.key]))
    decode_or_refuse(device, f_port, data.draw(st.binary(max_size=LORAWAN_MOST)))


@every_model
@settings(deadline=None)
@given(data=st.data())
def test_vectors_joined_cut_and_overwritten_are_a_frame_or_refused(device, data):
    vectors = st.sampled_from(UPLINKS[device.key])
    one, other, length, at, octets = data.draw(
        st.tuples(vectors, vectors, st.integers(0, LORAWAN_MOST), st.integers(0, 40), st.binary(max_size=4))
    )
    payload = (payload_of(one) + payload_of(other))[:length]
    overwritten = payload[:at] + octets + payload[at + len(octets) :]
    decode_or_refuse(device, one["f_port"], overwritten)


@pytest.mark.parametrize(("device", "vector"), CASES)
def test_every_prefix_is_a_frame_or_refused(device, vector):
    payload = payload_of(vector)
    for length in range(len(payload)):
        decode_or_refuse(device, vector["f_port"], payload[:length])


@pytest.mark.parametrize(("device", "vector"), CASES)
def test_every_flipped_bit_is_a_frame_or_refused(device, vector):
    payload = payload_of(vector)
    number = int.from_bytes(payload, "big")
    for bit in range(8 * len(payload)):
        flipped = (number ^ 1 << bit).to_bytes(len(payload), "big")
        decode_or_refuse(device, vector["f_port"], flipped)


@settings(deadline=None)
@given(seq=documents, time=documents, kind=documents, measurements=documents)
def test_any_json_from_a_bench_is_a_frame_or_refused(seq, time, kind, measurements):
    message = {"seq": seq, "time": time, "kind": kind, "measurements": measurements}
    bench = next(device for device in MODELS if device.key == "smartplace-bench")
    decode_or_refuse(bench, 0, json.dumps(message).encode())
    decode_or_refuse(bench, 0, json.dumps(message | {"seq": 1, "kind": "event"}).encode())
