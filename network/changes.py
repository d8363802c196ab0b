"""Changes to a network server as data: what they do, what undoes them, and their lines in a file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from domain.errors import CommandError
from domain.ids import DeviceId
from network.drift import is_extra
from network.inventory import Application, Inventory, NetworkDevice, Profile, Traits
from network.keys_file import RootKeys
from network.wanted import OUR_TAGS, Wanted, WantedDevice

NO_EUI = "0" * 16
_PLANNED = "planned:"


@dataclass(frozen=True, slots=True)
class CreateApplication:
    """Undone by deleting it."""

    made: Application


@dataclass(frozen=True, slots=True)
class DeleteApplication:
    """Only ever of one that we made."""

    gone: Application


@dataclass(frozen=True, slots=True)
class CreateProfile:
    """Undone by deleting it."""

    made: Profile


@dataclass(frozen=True, slots=True)
class UpdateProfile:
    """Of its traits; whatever else it says stays."""

    before: Profile
    after: Profile


@dataclass(frozen=True, slots=True)
class DeleteProfile:
    """Only ever of one that we made."""

    gone: Profile


@dataclass(frozen=True, slots=True)
class CreateDevice:
    """Undone by deleting it."""

    made: NetworkDevice


@dataclass(frozen=True, slots=True)
class UpdateDevice:
    """Of what we have an opinion about; whatever else it says stays."""

    before: NetworkDevice
    after: NetworkDevice


@dataclass(frozen=True, slots=True)
class DeleteDevice:
    """Only ever of one that we made."""

    gone: NetworkDevice


@dataclass(frozen=True, slots=True)
class CreateKeys:
    """The keys themselves are with whoever carries this out, not here."""

    dev_eui: DeviceId


@dataclass(frozen=True, slots=True)
class DeleteKeys:
    """Only ever of those that we gave."""

    dev_eui: DeviceId


Change = (
    CreateApplication
    | DeleteApplication
    | CreateProfile
    | UpdateProfile
    | DeleteProfile
    | CreateDevice
    | UpdateDevice
    | DeleteDevice
    | CreateKeys
    | DeleteKeys
)


def plan(want: Wanted, have: Inventory, keys: Mapping[DeviceId, RootKeys]) -> list[Change]:
    """What makes the server agree, in the order in which it can be done.

    Ids that the server will choose stand as `planned:<name>`. Nothing is deleted: a device that is not in our
    register is disabled. Keys are given where there are none, and never replaced. A device whose profile people have
    yet to make is not made, and keeps the profile that it has.
    """
    application = have.application(want.application) or Application(
        application_id=_PLANNED + want.application, name=want.application
    )
    changes: list[Change] = []
    if want.devices and is_planned(application.application_id):
        changes.append(CreateApplication(application))
    profiles = {name: _profile(name, traits, have) for name, traits in want.profiles.items()}
    changes += [change for name, profile in profiles.items() if (change := _profile_change(name, profile, have))]
    for device in want.devices.values():
        found = have.devices.get(device.dev_eui)
        profile = profiles.get(device.profile) or have.profile(device.profile)
        profile_id = profile.profile_id if profile else found.profile_id if found else None
        if profile_id is not None:
            placed = _placed(device, application, profile_id, found, keys)
            changes += _device_changes(placed, have, keys)
    extra = [device for device in have.devices.values() if is_extra(want, have, device)]
    return [*changes, *(UpdateDevice(device, replace(device, is_disabled=True)) for device in extra)]


def is_planned(server_id: str) -> bool:
    """Whether this stands for an id that the server has yet to choose."""
    return server_id.startswith(_PLANNED)


def undo(done: list[Change], have: Inventory) -> tuple[list[Change], list[str]]:
    """What takes these changes back, newest first, and a sentence for each that somebody has changed since.

    Those are left alone: their present state is nobody's we could ask.
    """
    changes: list[Change] = []
    left: list[str] = []
    for change in reversed(done):
        inverse = _inverse(change)
        if _is_used_by_others(inverse, have, changes):
            left.append(f"{subject(change)} holds devices that others put there, and is left alone")
        elif _still_so(change, have):
            changes.append(inverse)
        elif not _still_so(inverse, have):
            left.append(f"{subject(change)} was changed since, and is left alone")
    return changes, left


def subject(change: Change) -> str:
    """What a change is about: a dev_eui, or a name."""
    match change:
        case CreateKeys() | DeleteKeys():
            return change.dev_eui
        case CreateDevice(device) | DeleteDevice(device) | UpdateDevice(device, _):
            return device.dev_eui
        case CreateProfile(named) | DeleteProfile(named) | UpdateProfile(named, _):
            return named.name
        case CreateApplication(named) | DeleteApplication(named):
            return named.name


def as_document(change: Change) -> dict[str, object]:
    """For JSON; no key is in it."""
    return {"change": type(change).__name__, **asdict(change)}


def from_document(document: Any) -> Change:  # noqa: ANN401 - JSON
    """The change in a document of ours.

    Raises:
        CommandError: it is none.
    """
    try:
        values = dict(document)
        kind = _KINDS[values.pop("change")]
        if kind in {CreateKeys, DeleteKeys}:
            values = {"dev_eui": DeviceId(str(values["dev_eui"]))}
        else:
            values = {name: _RECORDS[kind](value) for name, value in values.items()}
        change: Change = kind(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError("this is no file of changes") from error
    return change


def _profile_record(value: Mapping[str, Any]) -> Profile:
    return Profile(**{**value, "traits": Traits(**value["traits"])})


_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        CreateApplication,
        DeleteApplication,
        CreateProfile,
        UpdateProfile,
        DeleteProfile,
        CreateDevice,
        UpdateDevice,
        DeleteDevice,
        CreateKeys,
        DeleteKeys,
    )
}
_RECORDS: dict[Any, Any] = {
    **dict.fromkeys((CreateApplication, DeleteApplication), lambda value: Application(**value)),
    **dict.fromkeys((CreateProfile, UpdateProfile, DeleteProfile), _profile_record),
    **dict.fromkeys((CreateDevice, UpdateDevice, DeleteDevice), lambda value: NetworkDevice(**value)),
}


def _profile(name: str, traits: Traits, have: Inventory) -> Profile:
    found = have.profile(name)
    return replace(found, traits=traits) if found else Profile(profile_id=_PLANNED + name, name=name, traits=traits)


def _profile_change(name: str, profile: Profile, have: Inventory) -> Change | None:
    found = have.profile(name)
    if found is None:
        return CreateProfile(profile)
    return UpdateProfile(found, profile) if found != profile else None


def _placed(
    device: WantedDevice,
    application: Application,
    profile_id: str,
    found: NetworkDevice | None,
    keys: Mapping[DeviceId, RootKeys],
) -> NetworkDevice:
    if found is None:
        given = keys.get(device.dev_eui)
        return NetworkDevice(
            dev_eui=device.dev_eui,
            application_id=application.application_id,
            profile_id=profile_id,
            name=device.name,
            tags=dict(device.tags),
            join_eui=given.join_eui if given else NO_EUI,
        )
    others = {tag: value for tag, value in found.tags.items() if tag not in OUR_TAGS}
    return replace(
        found,
        application_id=application.application_id,
        profile_id=profile_id,
        tags={**others, **device.tags},
        skip_fcnt_check=False,
        is_disabled=False,
    )


def _device_changes(placed: NetworkDevice, have: Inventory, keys: Mapping[DeviceId, RootKeys]) -> list[Change]:
    found = have.devices.get(placed.dev_eui)
    needs_keys = placed.dev_eui not in have.keyed and placed.dev_eui in keys
    if needs_keys:
        placed = replace(placed, join_eui=keys[placed.dev_eui].join_eui)
    changes: list[Change] = []
    if found is None:
        changes.append(CreateDevice(placed))
    elif found != placed:
        changes.append(UpdateDevice(found, placed))
    return [*changes, CreateKeys(placed.dev_eui)] if needs_keys else changes


def _inverse(change: Change) -> Change:
    match change:
        case CreateApplication(application):
            return DeleteApplication(application)
        case CreateProfile(profile):
            return DeleteProfile(profile)
        case CreateDevice(device):
            return DeleteDevice(device)
        case CreateKeys(dev_eui):
            return DeleteKeys(dev_eui)
        case UpdateProfile(before, after):
            return UpdateProfile(after, before)
        case UpdateDevice(old, new):
            return UpdateDevice(new, old)
        case _:
            raise CommandError(f"{type(change).__name__} cannot be undone")


def _is_used_by_others(change: Change, have: Inventory, before: list[Change]) -> bool:
    """Whether deleting this would delete, or strand, a device that the changes `before` it do not take away."""
    taken = {subject(one) for one in before}
    rest = [device for device in have.devices.values() if device.dev_eui not in taken]
    match change:
        case DeleteApplication(application):
            return any(device.application_id == application.application_id for device in rest)
        case DeleteProfile(profile):
            return any(device.profile_id == profile.profile_id for device in rest)
        case _:
            return False


def _still_so(change: Change, have: Inventory) -> bool:
    """Whether the server is as this change leaves it."""
    match change:
        case CreateProfile(profile) | UpdateProfile(_, profile):
            return have.profiles.get(profile.profile_id) == profile
        case CreateDevice(device) | UpdateDevice(_, device):
            return have.devices.get(device.dev_eui) == device
        case CreateApplication(application):
            return application in have.applications
        case CreateKeys(dev_eui):
            return dev_eui in have.keyed
        case _:
            return _is_gone(change, have)


def _is_gone(change: Change, have: Inventory) -> bool:
    match change:
        case DeleteApplication(application):
            return application not in have.applications
        case DeleteProfile(profile):
            return profile.profile_id not in have.profiles
        case DeleteDevice(device):
            return device.dev_eui not in have.devices
        case _:
            return subject(change) not in have.keyed
