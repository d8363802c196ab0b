"""docs/devices.md says what the catalogue knows."""

import importlib.util
from pathlib import Path

import pytest

from devices.catalogue import MODELS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "devices.md"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("devices_page", ROOT / "tools" / "devices_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_page_is_what_the_catalogue_says(tool):
    committed = PAGE.read_text("utf-8")
    assert committed == tool.page(committed), "run .venv/bin/python tools/devices_page.py"


@pytest.mark.parametrize("device", MODELS, ids=lambda device: device.key)
def test_a_model_has_one_row_with_its_commands_and_disputes(device):
    text = PAGE.read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith(f"| `{device.key}` | {device.vendor} ")]
    assert len(rows) == 1
    assert device.name in rows[0]
    assert all(support.name in rows[0] for support in device.commands)
    assert all(dispute in text for dispute in device.disputes)
