"""Where a network server and our register disagree. Pure: two values in, findings out."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from network.inventory import Inventory, NetworkDevice
from network.wanted import OUR_TAGS, Wanted, WantedDevice


class Drift(StrEnum):
    """One way to disagree. The values are printed for machines: never reuse one."""

    MISSING_APPLICATION = "missing_application"
    MISSING_PROFILE = "missing_profile"
    CHANGED_PROFILE = "changed_profile"
    MISSING = "missing"
    EXTRA = "extra"
    WRONG_APPLICATION = "wrong_application"
    WRONG_PROFILE = "wrong_profile"
    WRONG_TAG = "wrong_tag"
    DISABLED = "disabled"
    NO_KEYS = "no_keys"
    SKIP_FCNT_CHECK = "skip_fcnt_check"
    ABP = "abp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`subject` is a dev_eui, or the name of a profile or an application."""

    drift: Drift
    subject: str
    detail: str


def compare(want: Wanted, have: Inventory) -> list[Finding]:
    """Every disagreement: what we lack there first, then what is there and not ours. Empty where both agree."""
    return [*_application(want, have), *_profiles(want, have), *_devices(want, have), *_extra(want, have)]


def is_extra(want: Wanted, have: Inventory, device: NetworkDevice) -> bool:
    """In our application, at work, and not in our register."""
    application = have.application(want.application)
    ours = application is not None and device.application_id == application.application_id
    return ours and not device.is_disabled and device.dev_eui not in want.devices


def _application(want: Wanted, have: Inventory) -> Iterator[Finding]:
    if want.devices and have.application(want.application) is None:
        yield Finding(drift=Drift.MISSING_APPLICATION, subject=want.application, detail="there is no such application")


def _profiles(want: Wanted, have: Inventory) -> Iterator[Finding]:
    for name, traits in want.profiles.items():
        profile = have.profile(name)
        if profile is None:
            yield Finding(drift=Drift.MISSING_PROFILE, subject=name, detail="there is no device profile of this name")
            continue
        for trait in traits.__slots__:
            ours, theirs = getattr(traits, trait), getattr(profile.traits, trait)
            if ours != theirs:
                yield Finding(
                    drift=Drift.CHANGED_PROFILE, subject=name, detail=f"{trait} is {theirs}, should be {ours}"
                )

    for name in want.profiles_of_others:
        if have.profile(name) is None:
            detail = "there is no device profile of this name, and no template of ours: make one there"
            yield Finding(drift=Drift.MISSING_PROFILE, subject=name, detail=detail)


def _devices(want: Wanted, have: Inventory) -> Iterator[Finding]:
    for device in want.devices.values():
        found = have.devices.get(device.dev_eui)
        if found is None:
            yield Finding(drift=Drift.MISSING, subject=device.dev_eui, detail=f"{device.name}, {device.profile}")
            yield from _without_keys(device, have)
        else:
            for drift, detail in _disagreements(want, have, device, found):
                yield Finding(drift=drift, subject=device.dev_eui, detail=detail)
            yield from _without_keys(device, have)


def _without_keys(device: WantedDevice, have: Inventory) -> Iterator[Finding]:
    if device.dev_eui not in have.keyed:
        yield Finding(drift=Drift.NO_KEYS, subject=device.dev_eui, detail="cannot join: it has no root keys there")


def _disagreements(
    want: Wanted, have: Inventory, device: WantedDevice, found: NetworkDevice
) -> Iterator[tuple[Drift, str]]:
    application = have.application(want.application)
    if application is None or found.application_id != application.application_id:
        yield Drift.WRONG_APPLICATION, f"is in application {found.application_id}"
    actual = have.profiles.get(found.profile_id)
    if _is_of_another_profile(want, have, device, found):
        yield Drift.WRONG_PROFILE, f"is {actual.name if actual else found.profile_id}, should be {device.profile}"
    if actual is not None and not actual.traits.supports_otaa:
        yield Drift.ABP, "is activated by personalisation: its keys and counters are never renewed"
    for tag in OUR_TAGS:
        if found.tags.get(tag) != device.tags.get(tag):
            yield Drift.WRONG_TAG, f"{tag} is {found.tags.get(tag)!r}, should be {device.tags.get(tag)!r}"
    if found.skip_fcnt_check:
        yield Drift.SKIP_FCNT_CHECK, "frame counters are not checked: a recorded frame can be played again"
    if found.is_disabled:
        yield Drift.DISABLED, "is disabled, and in our register"


def _is_of_another_profile(want: Wanted, have: Inventory, device: WantedDevice, found: NetworkDevice) -> bool:
    profile = have.profile(device.profile)
    # Nothing is wrong with a device whose own profile people have yet to make: that is told once, of the profile.
    return device.profile in want.profiles if profile is None else found.profile_id != profile.profile_id


def _extra(want: Wanted, have: Inventory) -> Iterator[Finding]:
    for device in have.devices.values():
        if is_extra(want, have, device):
            yield Finding(drift=Drift.EXTRA, subject=device.dev_eui, detail=f"{device.name}, not in our register")
