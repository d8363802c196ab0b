"""What a network server should hold: our register in its words."""

from collections.abc import Collection, Iterable, Mapping
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
    """One application with all of our devices, and the profiles that they need, as far as we have templates.

    A model of a JavaScript codec has none: its profile is made there by people, and called by the key of the model.
    """

    application: str
    profiles: Mapping[str, Traits]
    devices: Mapping[DeviceId, WantedDevice]

    @property
    def profiles_of_others(self) -> list[str]:
        """The profiles that devices need and that we have no template of."""
        return sorted({device.profile for device in self.devices.values()} - self.profiles.keys())


def wanted(
    registered: Iterable[RegisteredDevice],
    traits: Mapping[str, Traits],
    *,
    application: str,
    elsewhere: Collection[str] = (),
) -> Wanted:
    """What the register asks for; devices of models `elsewhere` speak no LoRaWAN and are left out."""
    devices = {device.dev_eui: _wanted_device(device) for device in registered if device.model not in elsewhere}
    needed = sorted({device.profile for device in devices.values()} & traits.keys())
    return Wanted(application=application, profiles={name: traits[name] for name in needed}, devices=devices)


def _wanted_device(device: RegisteredDevice) -> WantedDevice:
    tags = {"model": device.model, "asset": device.asset_id or "", "site": device.site_id or ""}
    return WantedDevice(
        dev_eui=device.dev_eui,
        profile=device.model,
        name=device.asset_id or device.dev_eui,
        tags={key: value for key, value in tags.items() if value},
    )
