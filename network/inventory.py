"""What a network server holds, as far as we have an opinion about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.ids import DeviceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A group of devices."""

    application_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a network server has to know of a model. `uplink_interval_s` is how often it is expected to speak."""

    region: str
    mac_version: str
    reg_params_revision: str
    supports_otaa: bool
    supports_class_b: bool
    supports_class_c: bool
    uplink_interval_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A device profile; ours go by the key of the model."""

    profile_id: str
    name: str
    traits: Traits


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkDevice:
    """A device as the network server has it. `join_eui` is 16 lower-case hex digits."""

    dev_eui: DeviceId
    application_id: str
    profile_id: str
    name: str
    tags: Mapping[str, str]
    join_eui: str
    skip_fcnt_check: bool = False
    is_disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything of one tenant. `keyed` are the devices that have root keys; the keys themselves are nowhere here."""

    applications: tuple[Application, ...] = ()
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    devices: Mapping[DeviceId, NetworkDevice] = field(default_factory=dict)
    keyed: frozenset[DeviceId] = frozenset()

    def application(self, name: str) -> Application | None:
        """The application of this name; the first by id where there are several."""
        named = [one for one in self.applications if one.name == name]
        return min(named, key=lambda one: one.application_id, default=None)

    def profile(self, name: str) -> Profile | None:
        """The profile of this name; the first by id where there are several."""
        named = [one for one in self.profiles.values() if one.name == name]
        return min(named, key=lambda one: one.profile_id, default=None)
