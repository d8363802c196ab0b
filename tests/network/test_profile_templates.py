"""Our templates are in ChirpStack's layout, and there is one for each LoRaWAN model."""

import tomllib
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from chirpstack_api.common import common_pb2

import network
from devices.catalogue import MODELS
from network.profile_templates import TemplateError, read_templates

VENDORS = Path(network.__file__).parent / "device_profiles" / "vendors"
HEARTBEATS = {model.key: model.heartbeat for model in MODELS}


def test_there_is_a_template_for_every_model_but_our_own():
    assert {key for key in HEARTBEATS if key not in read_templates(HEARTBEATS)} == {
        "smartplace-bench",
        "smartplace-count",
    }


def test_every_value_is_one_that_chirpstack_knows():
    for traits in read_templates(HEARTBEATS).values():
        assert traits.region in common_pb2.Region.keys()  # noqa: SIM118
        assert traits.mac_version in common_pb2.MacVersion.keys()  # noqa: SIM118
        assert traits.reg_params_revision in common_pb2.RegParamsRevision.keys()  # noqa: SIM118
        assert traits.supports_otaa
        assert traits.uplink_interval_s > 0


def test_every_file_is_named_and_every_id_is_its_own():
    ids = []
    for vendor in VENDORS.iterdir():
        told = tomllib.loads((vendor / "vendor.toml").read_text())["vendor"]
        ids.append(told["id"])
        assert sorted(told["devices"]) == sorted(path.name for path in (vendor / "devices").iterdir())
        for path in (vendor / "devices").iterdir():
            device = tomllib.loads(path.read_text())["device"]
            ids.append(device["id"])
            for firmware in device["firmware"]:
                assert all((vendor / "profiles" / name).is_file() for name in firmware["profiles"])
        for path in (vendor / "profiles").iterdir():
            profile = tomllib.loads(path.read_text())["profile"]
            ids.append(profile["id"])
            assert {"abp", "class_b", "class_c", "max_eirp", "vendor_profile_id"} <= profile.keys()

    assert len({UUID(one) for one in ids}) == len(ids) > 50


def test_a_template_of_another_layout_is_told(tmp_path):
    vendor = tmp_path / "vendors" / "acme"
    (vendor / "devices").mkdir(parents=True)
    (vendor / "vendor.toml").write_text('[vendor]\ndevices = ["acme-p1.toml"]\n')
    (vendor / "devices" / "acme-p1.toml").write_text("[device]\nfirmware = []\n")

    with pytest.raises(TemplateError, match="names no profile"):
        read_templates({"acme-p1": timedelta(hours=1)}, folder=tmp_path)
