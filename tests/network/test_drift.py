"""What is found, what is planned, what is undone: values only, for any register and any network server."""

import json

from hypothesis import given

from network.carry_out import carry_out
from network.changes import (
    CreateApplication,
    CreateDevice,
    CreateKeys,
    CreateProfile,
    DeleteApplication,
    DeleteDevice,
    DeleteKeys,
    DeleteProfile,
    UpdateDevice,
    UpdateProfile,
    as_document,
    from_document,
    plan,
    undo,
)
from network.drift import Drift, compare
from network.inventory import Application, Inventory, NetworkDevice, Profile
from network.wanted import wanted
from tests.network.registers import (
    BY_MODEL,
    EUIS,
    SCRIPTED,
    TRAITS,
    inventories,
    keys_for,
    others,
    registered,
    registers,
)


class Memory:
    """A network server as a value that changes."""

    def __init__(self, have):
        self.applications = {one.application_id: one for one in have.applications}
        self.profiles, self.devices, self.keyed = dict(have.profiles), dict(have.devices), set(have.keyed)

    def inventory(self):
        return Inventory(
            applications=tuple(self.applications.values()),
            profiles=dict(self.profiles),
            devices=dict(self.devices),
            keyed=frozenset(self.keyed),
        )

    def perform(self, change, keys):
        match change:
            case CreateApplication(made):
                made = Application(application_id=f"server-{made.name}", name=made.name)
                self.applications[made.application_id] = made
                return CreateApplication(made)
            case CreateProfile(made):
                made = Profile(profile_id=f"server-{made.name}", name=made.name, traits=made.traits)
                self.profiles[made.profile_id] = made
                return CreateProfile(made)
            case CreateDevice(made) | UpdateDevice(_, made):
                assert made.application_id in self.applications
                assert made.profile_id in self.profiles
                self.devices[made.dev_eui] = made
            case UpdateProfile(_, made):
                self.profiles[made.profile_id] = made
            case CreateKeys(eui):
                assert eui in self.devices
                assert eui in keys
                self.keyed.add(eui)
            case DeleteKeys(eui):
                self.keyed.remove(eui)
            case DeleteDevice(gone):
                del self.devices[gone.dev_eui]
            case DeleteProfile(gone):
                assert all(device.profile_id != gone.profile_id for device in self.devices.values())
                del self.profiles[gone.profile_id]
            case DeleteApplication(gone):
                assert all(device.application_id != gone.application_id for device in self.devices.values())
                del self.applications[gone.application_id]
        return change


def run(server, changes, keys):
    return carry_out(server, changes, keys=keys, note=lambda _: None, progress=lambda *_: None)


@given(registers, inventories())
def test_what_is_applied_no_longer_drifts_and_needs_nothing_more(register, have):
    want, server, keys = wanted(register, BY_MODEL, application="smartplace"), Memory(have), keys_for(EUIS)

    outcome = run(server, plan(want, have, keys), keys)

    assert outcome.refused == []
    assert compare(want, server.inventory()) == []
    assert plan(want, server.inventory(), keys) == []


@given(registers, inventories())
def test_without_keys_only_the_lack_of_keys_remains(register, have):
    want, server = wanted(register, BY_MODEL, application="smartplace"), Memory(have)

    run(server, plan(want, have, {}), {})

    lacking = {device.dev_eui for device in register} - have.keyed
    assert {(finding.drift, finding.subject) for finding in compare(want, server.inventory())} == {
        (Drift.NO_KEYS, eui) for eui in lacking
    }


@given(registers, inventories())
def test_undo_restores_what_was_there(register, have):
    want, server, keys = wanted(register, BY_MODEL, application="smartplace"), Memory(have), keys_for(EUIS)
    done = run(server, plan(want, have, keys), keys).done
    written = [from_document(json.loads(json.dumps(as_document(change)))) for change in done]

    changes, left = undo(written, server.inventory())
    run(server, changes, {})

    assert left == []
    assert server.inventory() == have


@given(registers, inventories())
def test_nothing_planned_means_nothing_found_but_keys(register, have):
    want = wanted(register, BY_MODEL, application="smartplace")
    findings = [finding for finding in compare(want, have) if finding.drift is not Drift.NO_KEYS]

    assert bool(plan(want, have, {})) == bool(findings)


@given(registers, inventories())
def test_devices_of_other_applications_and_tags_of_other_people_are_left_alone(register, have):
    want, server, keys = wanted(register, BY_MODEL, application="smartplace"), Memory(have), keys_for(EUIS)
    ours = {device.dev_eui for device in register}
    application = have.application("smartplace")

    run(server, plan(want, have, keys), keys)

    for eui, before in have.devices.items():
        after = server.devices[eui]
        assert after.tags.get("owner") == before.tags.get("owner")
        if eui not in ours and (application is None or before.application_id != application.application_id):
            assert after == before


@given(others, inventories())
def test_devices_without_a_template_of_ours_are_put_right_but_for_the_profile_that_people_make(register, have):
    want, server, keys = wanted(register, BY_MODEL, application="smartplace"), Memory(have), keys_for(EUIS)
    profile = have.profile(SCRIPTED)

    outcome = run(server, plan(want, have, keys), keys)

    assert outcome.refused == []
    assert server.profiles == dict(have.profiles)
    assert plan(want, server.inventory(), keys) == []
    for device in register:
        there = server.devices.get(device.dev_eui)
        if profile is None and device.dev_eui not in have.devices:
            assert there is None
        else:
            assert (there.is_disabled, there.skip_fcnt_check) == (False, False)
            assert there.tags["model"] == SCRIPTED
            assert there.profile_id == (profile or have.devices[device.dev_eui]).profile_id
    left = {finding.drift for finding in compare(want, server.inventory())}
    assert left <= ({Drift.ABP} if profile else {Drift.ABP, Drift.MISSING_PROFILE, Drift.MISSING, Drift.NO_KEYS})
    assert (Drift.MISSING_PROFILE in left) == (bool(register) and profile is None)


def test_a_device_of_another_world_is_left_out():
    want = wanted([registered(EUIS[0], "smartplace-bench")], BY_MODEL, application="a", elsewhere={"smartplace-bench"})
    assert (want.devices, want.profiles, want.profiles_of_others) == ({}, {}, [])


def network_device(**values):
    return NetworkDevice(
        **{
            "dev_eui": EUIS[0],
            "application_id": "a",
            "profile_id": "p",
            "name": "bay-1",
            "tags": {"model": "bosch-tps110", "asset": "bay-1", "site": "mill-yard"},
            "join_eui": "0" * 16,
            **values,
        }
    )


def drifts(have):
    want = wanted([registered(EUIS[0])], BY_MODEL, application="smartplace")
    return [finding.drift for finding in compare(want, have)]


def agreeing(device, *, profile_traits=TRAITS, keyed=True):
    return Inventory(
        applications=(
            Application(application_id="a", name="smartplace"),
            Application(application_id="b", name="other"),
        ),
        profiles={
            "p": Profile(profile_id="p", name="bosch-tps110", traits=TRAITS),
            "q": Profile(profile_id="q", name="mine", traits=profile_traits),
        },
        devices={device.dev_eui: device},
        keyed=frozenset({device.dev_eui} if keyed else ()),
    )


def test_each_way_to_drift_is_told_apart():
    from dataclasses import replace

    abp = replace(TRAITS, supports_otaa=False)

    assert drifts(agreeing(network_device())) == []
    assert drifts(agreeing(network_device(application_id="b"))) == [Drift.WRONG_APPLICATION]
    assert drifts(agreeing(network_device(profile_id="q"))) == [Drift.WRONG_PROFILE]
    assert drifts(agreeing(network_device(profile_id="q"), profile_traits=abp)) == [Drift.WRONG_PROFILE, Drift.ABP]
    assert drifts(agreeing(network_device(tags={"model": "bosch-tps110", "site": "mill-yard"}))) == [Drift.WRONG_TAG]
    assert drifts(agreeing(network_device(skip_fcnt_check=True))) == [Drift.SKIP_FCNT_CHECK]
    assert drifts(agreeing(network_device(is_disabled=True))) == [Drift.DISABLED]
    assert drifts(agreeing(network_device(), keyed=False)) == [Drift.NO_KEYS]
    assert drifts(agreeing(network_device(dev_eui=EUIS[1]))) == [Drift.MISSING, Drift.NO_KEYS, Drift.EXTRA]
    assert drifts(Inventory()) == [Drift.MISSING_APPLICATION, Drift.MISSING_PROFILE, Drift.MISSING, Drift.NO_KEYS]


def test_what_somebody_changed_since_is_not_undone():
    want, server = wanted([registered(EUIS[0])], BY_MODEL, application="smartplace"), Memory(Inventory())
    done = run(server, plan(want, Inventory(), {}), {}).done
    server.devices[EUIS[0]] = network_device(profile_id=server.devices[EUIS[0]].profile_id, name="renamed")
    server.devices[EUIS[0]] = network_device(
        application_id="server-smartplace", profile_id="server-bosch-tps110", name="renamed"
    )

    changes, left = undo(done, server.inventory())

    assert changes == []
    assert [line.split()[0] for line in left] == [EUIS[0], "bosch-tps110", "smartplace"]
