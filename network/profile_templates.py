"""Device profile templates in ChirpStack's TOML layout: what a network server has to know of each model."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from domain.errors import SmartPlaceError
from network.inventory import Traits


class TemplateError(SmartPlaceError):
    """A template that cannot be used; `source` is its file."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source


def read_templates(heartbeats: Mapping[str, timedelta], *, folder: Traversable | None = None) -> dict[str, Traits]:
    """What our templates say of each model in `heartbeats`, which tells how often it speaks.

    A model without a template is left out: it is no LoRaWAN device.

    Raises:
        TemplateError: a template is no TOML of this layout, or names a profile that is not there.
    """
    root = folder or files("network") / "device_profiles"
    found = {}
    for vendor in (root / "vendors").iterdir():
        named = _table(vendor / "vendor.toml", "vendor").get("devices", [])
        for file_name in named:
            key = file_name.removesuffix(".toml")
            if key in heartbeats:
                profile = _profile(vendor, file_name)
                found[key] = _traits(profile, heartbeats[key])
    return found


def _profile(vendor: Traversable, device: str) -> dict[str, Any]:
    source = vendor / "devices" / device
    firmware = _table(source, "device").get("firmware", [])
    if not firmware or not firmware[0].get("profiles"):
        raise TemplateError(str(source), "names no profile")
    return _table(vendor / "profiles" / firmware[0]["profiles"][0], "profile")


def _traits(profile: Mapping[str, object], heartbeat: timedelta) -> Traits:
    return Traits(
        region=str(profile["region"]),
        mac_version="LORAWAN_" + str(profile["mac_version"]).replace(".", "_"),
        reg_params_revision=str(profile["reg_params_revision"]).replace("-", "_").replace(".", "_"),
        supports_otaa=bool(profile["supports_otaa"]),
        supports_class_b=bool(profile["supports_class_b"]),
        supports_class_c=bool(profile["supports_class_c"]),
        uplink_interval_s=int(heartbeat.total_seconds()),
    )


def _table(source: Traversable, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))[name]  # type: ignore[no-any-return]
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise TemplateError(str(source), f"cannot be used: {error}") from error
