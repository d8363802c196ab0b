"""What a network server should hold: our register in its words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.ids import DeviceId
from domain.lorawan import RegisteredDevice
from network.inventory import Traits

# Tags are how the network's own pages show whose device it is; any others belong to somebody else and are left alone.
OUR_TAGS = ("model", "asset", "site")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDevice:
    """A device that must be there: the name of its profile is the key of its model."""

    dev_eui: DeviceId
    profile: str
    name: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One application with all of our devices, and the profiles that they need."""

    application: str
    profiles: Mapping[str, Traits]
    devices: Mapping[DeviceId, WantedDevice]


def wanted(registered: Iterable[RegisteredDevice], traits: Mapping[str, Traits], *, application: str) -> Wanted:
    """What the register asks for. A device of a model without `traits` is no LoRaWAN device and is left out."""
    devices = {device.dev_eui: _wanted_device(device) for device in registered if device.model in traits}
    needed = sorted({device.profile for device in devices.values()})
    return Wanted(application=application, profiles={name: traits[name] for name in needed}, devices=devices)


def _wanted_device(device: RegisteredDevice) -> WantedDevice:
    tags = {"model": device.model, "asset": device.asset_id or "", "site": device.site_id or ""}
    return WantedDevice(
        dev_eui=device.dev_eui,
        profile=device.model,
        name=device.asset_id or device.dev_eui,
        tags={key: value for key, value in tags.items() if value},
    )
