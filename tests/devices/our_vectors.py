"""Our own vectors: one file for each module of devices.codecs, worked out by hand or taken with their source.

A vector counts for every model of its module, or for those that it names in `models`.
"""

import importlib
import json
import pkgutil
from pathlib import Path

from devices import codecs
from devices.catalogue import MODELS
from devices.codec import DeviceModel

HERE = Path(__file__).parent / "vectors"
MODULES = [module.name for module in pkgutil.iter_modules(codecs.__path__)]


def models_of(module: str) -> list[DeviceModel]:
    """Every model that a module of devices.codecs defines."""
    defined = importlib.import_module(f"devices.codecs.{module}")
    return [value for value in vars(defined).values() if isinstance(value, DeviceModel)]


MODULE_OF = {model.key: module for module in MODULES for model in models_of(module)}
FILES = {module: json.loads((HERE / f"{module}.json").read_text("utf-8")) for module in MODULES}


def _of(device: DeviceModel, part: str) -> list[dict]:
    vectors = FILES[MODULE_OF[device.key]][part]
    return [vector for vector in vectors if device.key in vector.get("models", [device.key])]


UPLINKS = {device.key: _of(device, "uplinks") for device in MODELS}
DOWNLINKS = {device.key: _of(device, "downlinks") for device in MODELS}


def payload_of(vector: dict) -> bytes:
    """The bytes of a vector."""
    return vector["text"].encode() if "text" in vector else bytes.fromhex(vector["hex"])
