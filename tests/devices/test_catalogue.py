"""The catalogue is complete, without duplicates, and so are its vectors and its documentation."""

import importlib
import json
import pkgutil
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devices import codecs
from devices.catalogue import BY_KEY, MODELS, model
from devices.codec import DeviceModel, decode
from devices.codecs.smartplace_bench import encode_message
from domain.errors import DecodeError, UnknownModelError
from domain.uplinks import Kind

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "devices.md"
KEYS = [device.key for device in MODELS]


def defined_models() -> dict[str, str]:
    """The key of every model defined in any module of devices.codecs, and its module."""
    names = [module.name for module in pkgutil.iter_modules(codecs.__path__)]
    modules = {name: importlib.import_module(f"devices.codecs.{name}") for name in names}
    defined = {
        name: [value.key for value in vars(module).values() if isinstance(value, DeviceModel)]
        for name, module in modules.items()
    }
    assert all(defined.values()), "a codec module without a model"
    return {key: name for name, keys in defined.items() for key in keys}


def test_every_model_of_every_module_is_in_the_catalogue():
    assert sorted(defined_models()) == sorted(KEYS)


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


@pytest.mark.parametrize("key", KEYS)
def test_a_model_has_vectors_with_a_name_and_a_source(key):
    vectors = json.loads((HERE / "vectors" / f"{key}.json").read_text("utf-8"))
    assert {"event", "heartbeat", "startup"} <= {vector["kind"] for vector in vectors}
    assert all(vector["name"] and vector["source"] for vector in vectors)
    assert len({vector["name"] for vector in vectors}) == len(vectors)


def test_every_file_of_vectors_belongs_to_a_model():
    assert sorted(path.stem for path in (HERE / "vectors").glob("*.json")) == sorted(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_a_model_has_one_row_in_the_documentation(key):
    rows = [line for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith(f"| `{key}` |")]
    assert len(rows) == 1
    assert model(key).name in rows[0]


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
