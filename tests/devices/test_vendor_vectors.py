"""Our codecs against the examples of vendors and of other platforms."""

from collections import Counter

import pytest

from devices.catalogue import MODELS, model
from devices.codec import decode
from domain.errors import DecodeError
from tests.devices.vendor_vectors import NOT_COMPARED, WITHOUT_EXAMPLES

FAMILIES = {device.key for device in MODELS} - {"smartplace-bench", "smartplace-count"} - WITHOUT_EXAMPLES


def differences(vector) -> set[str]:
    """The keys in which our reading is not the vector's."""
    decoded = decode(model(vector.model), vector.f_port, vector.payload)
    read = decoded.measurements | decoded.raw
    wrong = {key for key, value in (vector.raw | vector.expected).items() if not is_same(read.get(key), value)}
    return wrong | ({"kind"} if vector.kind not in {None, decoded.kind} else set())


def is_same(read: object, stated: object) -> bool:
    """Vendors round: six decimals are enough."""
    return read == (pytest.approx(stated, abs=1e-6) if isinstance(stated, float) else stated)


def counts(vectors) -> Counter[str]:
    return Counter(vector.model for vector in vectors)


def states_something(vector) -> bool:
    return bool(vector.expected or vector.raw or vector.kind)


def test_every_family_has_examples_that_state_something(vendor_vectors):
    stating = counts(vector for vector in vendor_vectors if vector.agrees and states_something(vector))
    superseded = counts(vector for vector in vendor_vectors if not vector.agrees)
    refused = counts(vector for vector in vendor_vectors if vector.refused)
    for key in sorted(FAMILIES):
        print(f"{key}: {stating[key]} must agree, {superseded[key]} must not, {refused[key]} refused")
    assert {key for key, number in stating.items() if number} == FAMILIES


def test_we_read_what_vendors_read(vendor_vectors):
    agreeing = [vector for vector in vendor_vectors if vector.agrees and not vector.refused]
    assert {v.id: wrong for v in agreeing if (wrong := differences(v))} == {}


def test_every_agreeing_example_is_compared_or_named(vendor_vectors):
    agreeing = [vector for vector in vendor_vectors if vector.agrees and not vector.refused]
    assert {v.id for v in agreeing if not states_something(v)} == set(NOT_COMPARED)


def test_a_presence_sensor_is_compared_in_its_presence(vendor_vectors):
    stating = {vector.model for vector in vendor_vectors if vector.agrees and "occupied" in vector.expected}
    presence = {key for key in FAMILIES if "occupied" in model(key).measures}
    # Elsys states a code, which is compared as such.
    assert presence - stating == {"elsys-ems-desk", "elsys-ers-eye"}


def test_we_refuse_what_vendors_refuse(vendor_vectors):
    refused = [vector for vector in vendor_vectors if vector.refused]
    assert refused
    for vector in refused:
        with pytest.raises(DecodeError):
            decode(model(vector.model), vector.f_port, vector.payload)


def test_examples_adjudicated_wrong_still_disagree(vendor_vectors):
    wrong = [vector for vector in vendor_vectors if not vector.agrees]
    readings = {}
    for vector in wrong:
        try:
            readings[vector.id] = differences(vector)
        except DecodeError:
            readings[vector.id] = {"refused"}
    print(readings)
    assert wrong
    assert [name for name, keys in readings.items() if not keys] == []


def test_only_the_unsigned_battery_sets_us_apart_from_thingsboard(vendor_vectors):
    wrong = [vector for vector in vendor_vectors if vector.id.endswith("G4_NPS_FM/ChirpStack/1")]
    assert [differences(vector) for vector in wrong] == [{"battery_volts"}]
