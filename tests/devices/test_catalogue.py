"""The catalogue is complete, without duplicates, and so are its vectors and its documentation."""

import importlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devices.catalogue import BY_KEY, MODELS, model
from devices.codec import decode
from devices.codecs.smartplace_bench import encode_message
from devices.downlinks import encode_downlink, parameters_of, parse_command
from domain.errors import DecodeError, UnknownModelError
from domain.measurements import QUANTITIES
from domain.uplinks import Kind
from tests.devices.our_vectors import FILES, MODULE_OF, MODULES, UPLINKS, models_of

HERE = Path(__file__).parent
CONSUMED = {"parking_status", "keep_alive_status"}  # of PlacePod: they become `occupied`
KEYS = [device.key for device in MODELS]


def test_every_model_of_every_module_is_in_the_catalogue():
    assert all(models_of(module) for module in MODULES), "a codec module without a model"
    assert sorted(MODULE_OF) == sorted(KEYS)


def test_the_catalogue_is_in_the_order_of_its_keys():
    assert sorted(KEYS) == KEYS


def test_no_key_is_given_twice():
    assert len(BY_KEY) == len(MODELS)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_vendor_and_model_in_lower_case(key):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", key)
    assert key.startswith(model(key).vendor.lower() + "-")


@pytest.mark.parametrize("device", MODELS, ids=KEYS)
def test_a_model_says_where_its_layout_is_from_and_how_often_it_speaks(device):
    assert device.source
    assert device.version >= 1
    assert timedelta(minutes=1) <= device.heartbeat <= timedelta(days=1)


@pytest.mark.parametrize("device", MODELS, ids=KEYS)
def test_a_model_has_vectors_of_every_kind_and_of_everything_that_it_measures(device):
    vectors = UPLINKS[device.key]
    assert device.kinds <= {vector["kind"] for vector in vectors}
    measured = {key for vector in vectors for key in vector["measurements"]}
    assert measured <= set(device.measures)
    assert device.key == "smartplace-bench" or measured == set(device.measures)


@pytest.mark.parametrize("device", MODELS, ids=KEYS)
def test_a_setting_that_a_model_tells_has_a_source_a_vector_and_the_form_of_its_command(device):
    told = [setting for vector in UPLINKS[device.key] for setting in vector.get("settings", [])]
    for echo in device.echoes:
        assert echo.source
        assert echo.command in {name for name, _ in told}
    for name, parameters in told:
        assert parameters_of(parse_command(name, parameters)) == parameters


@pytest.mark.parametrize("device", MODELS, ids=KEYS)
def test_what_a_model_is_set_to_it_can_tell_in_the_same_words(device):
    """What was asked for and what is told are compared as text."""
    kinds = {support.name: support.limits for support in device.commands}
    for vector in UPLINKS[device.key]:
        for name, parameters in vector.get("settings", []):
            if name in kinds:
                assert encode_downlink(device.key, device.commands, parse_command(name, parameters)).payload


@pytest.mark.parametrize("module", MODULES)
def test_a_vector_has_a_source_and_a_name_of_its_own(module):
    uplinks, downlinks = FILES[module]["uplinks"], FILES[module]["downlinks"]
    assert all(vector["source"] for vector in uplinks + downlinks)
    assert all(vector["name"] for vector in uplinks)
    assert len({vector["name"] for vector in uplinks}) == len(uplinks)


@pytest.mark.parametrize("module", MODULES)
def test_every_value_of_a_table_of_channels_is_in_a_vector(module):
    table = getattr(importlib.import_module(f"devices.codecs.{module}"), "_CHANNELS", None)
    if table is None:
        return
    uplinks = FILES[module]["uplinks"]
    read = {name for vector in uplinks for name in vector["measurements"] | vector.get("raw", {})}
    assert table.names - read - CONSUMED <= {"reset_event", "tsl_version"}


@pytest.mark.parametrize("module", MODULES)
def test_a_vector_names_no_model_but_those_of_its_module(module):
    known = {device.key for device in models_of(module)}
    vectors = FILES[module]["uplinks"] + FILES[module]["downlinks"]
    assert {key for vector in vectors for key in vector.get("models", [])} <= known


def test_every_file_of_vectors_belongs_to_a_module():
    assert sorted(path.stem for path in (HERE / "vectors").glob("*.json")) == sorted(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_its_byte_table_and_its_source_in_words(module):
    code = importlib.import_module(f"devices.codecs.{module}")
    words = (code.__doc__ or "") + (getattr(getattr(code, "decode", None), "__doc__", None) or "")
    assert words.count("\n    | ") + words.count("\n| ") >= 3
    assert "Source: " in words


@pytest.mark.parametrize("device", MODELS, ids=KEYS)
def test_a_model_measures_what_the_platform_knows(device):
    assert device.measures
    assert set(device.measures) <= QUANTITIES.keys()
    assert len(set(device.measures)) == len(device.measures)
    assert Kind.HEARTBEAT in device.kinds


def test_an_unknown_key_is_an_error_that_names_it():
    with pytest.raises(UnknownModelError, match="acme-p1"):
        model("acme-p1")


def test_an_error_of_a_decoder_carries_the_frame():
    with pytest.raises(DecodeError) as caught:
        decode(model("bosch-tps110"), 9, b"\x01")
    assert (caught.value.model, caught.value.f_port, caught.value.payload) == ("bosch-tps110", 9, b"\x01")


def test_a_frame_is_stamped_with_its_model_and_version():
    decoded = decode(model("bosch-tps110"), 1, b"\x01")
    assert (decoded.model, decoded.codec_version) == ("bosch-tps110", 1)


def test_a_simulated_bench_keeps_its_own_count_time_and_session():
    noon = datetime(2025, 6, 1, 12, tzinfo=UTC)
    payload = encode_message(Kind.EVENT, {"occupied": True}, seq=4, time=noon, session="boot-1")
    raw = decode(model("smartplace-bench"), 0, payload).raw
    assert raw == {"seq": 4, "time": "2025-06-01T12:00:00+00:00", "session": "boot-1"}
