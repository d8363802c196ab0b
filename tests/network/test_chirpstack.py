"""The gRPC edge, against a server on ChirpStack's own service definitions over a real socket."""

import pytest
from chirpstack_api import api
from chirpstack_api.common import common_pb2
from hypothesis import given, settings

from domain.ids import DeviceId
from domain.lorawan import RegisteredDevice
from network.carry_out import carry_out
from network.changes import CreateApplication, CreateDevice, plan, undo
from network.chirpstack import PAGE, ChirpStack, _write_traits, _written
from network.drift import Drift, compare
from network.errors import (
    AlreadyThereError,
    ForbiddenError,
    NetworkServerError,
    NotThereError,
    TooSlowError,
    UnreachableError,
)
from network.grpc_calls import ATTEMPTS, Caller, open_channel
from network.inventory import Application, NetworkDevice, Traits
from network.keys_file import RootKeys
from network.wanted import wanted
from tests.network.registers import BY_MODEL, inventories, registers

SECRET = "00112233445566778899aabbccddeeff"
TRAITS = Traits(
    region="EU868",
    mac_version="LORAWAN_1_0_3",
    reg_params_revision="A",
    supports_otaa=True,
    supports_class_b=False,
    supports_class_c=False,
    uplink_interval_s=3600,
)


def nothing(*_):
    return None


def eui(number):
    return DeviceId(f"70b3d5{number:010x}")


def register(count):
    return [
        RegisteredDevice(dev_eui=eui(number), model="elsys-ers", asset_id=None, site_id=None) for number in range(count)
    ]


def keys_for(devices):
    return {device.dev_eui: RootKeys(dev_eui=device.dev_eui, join_eui="a" * 16, app_key=SECRET) for device in devices}


@pytest.fixture
def connect(chirpstack, chirpstack_module):
    """Makes a client; `slept` is what it waited."""
    opened = []

    def client(*, api_key=chirpstack_module.API_KEY, tenant_id=chirpstack_module.TENANT, deadline_s=20, slept=None):
        channel = open_channel(chirpstack.url)
        opened.append(channel)
        caller = Caller(api_key, deadline_s=deadline_s, sleep=(slept if slept is not None else []).append)
        return ChirpStack(channel, caller, tenant_id=tenant_id)

    yield client
    for channel in opened:
        channel.close()


def provision(client, devices, *, keys=None):
    want, have = wanted(devices, {"elsys-ers": TRAITS}, application="smartplace"), client.read(nothing)
    keys = keys_for(devices) if keys is None else keys
    return want, carry_out(client, plan(want, have, keys), keys=keys, note=nothing, progress=nothing)


def test_an_empty_chirpstack_gets_everything_and_agrees_page_after_page(chirpstack, connect):
    client, devices = connect(), register(PAGE * 2 + 1)

    want, outcome = provision(client, devices)

    assert outcome.refused == []
    assert len(chirpstack.devices) == len(chirpstack.keys) == PAGE * 2 + 1
    chirpstack.calls.clear()
    assert compare(want, client.read(nothing)) == []
    assert chirpstack.calls.count("ListDevices") == 3


def test_the_key_of_lorawan_1_0_is_where_chirpstack_looks_for_it(chirpstack, connect):
    provision(connect(), register(1))

    assert chirpstack.keys[eui(0)].nwk_key == SECRET
    assert chirpstack.keys[eui(0)].app_key == ""
    assert chirpstack.devices[eui(0)].join_eui == "a" * 16


def test_what_we_have_no_opinion_about_survives_an_update(chirpstack, connect):
    client = connect()
    want, _ = provision(client, register(1))
    device, profile = chirpstack.devices[eui(0)], next(iter(chirpstack.profiles.values()))
    device.description, device.skip_fcnt_check = "by the fountain", True
    device.variables["calibration"] = "3.5"
    device.tags["owner"] = "parks"
    profile.payload_codec_script, profile.region = "function decodeUplink() {}", common_pb2.US915

    found = {finding.drift for finding in compare(want, client.read(nothing))}
    provision(client, register(1))

    assert found == {Drift.SKIP_FCNT_CHECK, Drift.CHANGED_PROFILE}
    device, profile = chirpstack.devices[eui(0)], next(iter(chirpstack.profiles.values()))
    assert (device.description, device.skip_fcnt_check) == ("by the fountain", False)
    assert (device.variables["calibration"], device.tags["owner"]) == ("3.5", "parks")
    assert (profile.payload_codec_script, profile.region) == ("function decodeUplink() {}", common_pb2.EU868)


def test_undo_restores_the_server_to_the_byte(chirpstack, connect, chirpstack_module):
    client = connect()
    application = api.Application(id=chirpstack.new_id(), name="smartplace", tenant_id=chirpstack_module.TENANT)
    profile = api.DeviceProfile(id=chirpstack.new_id(), name="theirs", supports_otaa=False)
    chirpstack.applications[application.id], chirpstack.profiles[profile.id] = application, profile
    for number in (1, 9):
        chirpstack.devices[eui(number)] = api.Device(
            dev_eui=eui(number), application_id=application.id, device_profile_id=profile.id, description="x"
        )
        chirpstack.devices[eui(number)].join_eui = "0" * 16
    before = chirpstack.contents()

    _, outcome = provision(client, register(3))
    assert chirpstack.devices[eui(9)].is_disabled
    changes, left = undo(outcome.done, client.read(nothing))
    carry_out(client, changes, keys={}, note=nothing, progress=nothing)

    assert left == []
    assert chirpstack.contents() == before


def put(have, state):
    """Let the server hold this."""
    for shelf in (state.applications, state.profiles, state.devices, state.keys):
        shelf.clear()
    for application in have.applications:
        state.applications[application.application_id] = api.Application(
            id=application.application_id, name=application.name
        )
    for profile in have.profiles.values():
        state.profiles[profile.profile_id] = api.DeviceProfile(id=profile.profile_id, name=profile.name)
        _write_traits(profile.traits, state.profiles[profile.profile_id])
    for device in have.devices.values():
        state.devices[device.dev_eui] = _written(device, api.Device(description="of theirs"))
    for dev_eui in have.keyed:
        state.keys[dev_eui] = api.DeviceKeys(dev_eui=dev_eui, nwk_key=SECRET)


def test_any_server_is_brought_to_agree_and_back(chirpstack, connect):
    client = connect()

    @settings(max_examples=40, deadline=None)
    @given(registers, inventories())
    def brought_to_agree_and_back(register, have):
        put(have, chirpstack)
        before = chirpstack.contents()
        want, keys = wanted(register, BY_MODEL, application="smartplace"), keys_for(register)
        assert client.read(nothing) == have

        done = carry_out(client, plan(want, have, keys), keys=keys, note=nothing, progress=nothing).done
        assert compare(want, client.read(nothing)) == []
        changes, left = undo(done, client.read(nothing))
        carry_out(client, changes, keys={}, note=nothing, progress=nothing)

        assert left == []
        assert chirpstack.contents() == before

    brought_to_agree_and_back()


def test_a_device_that_another_tenant_has_does_not_stop_the_others(chirpstack, connect):
    elsewhere = api.Device(dev_eui=eui(0), application_id="of another tenant")
    chirpstack.devices[eui(0)] = elsewhere

    _, outcome = provision(connect(), register(2))

    assert set(chirpstack.keys) == {eui(1)}
    assert chirpstack.devices[eui(0)] == elsewhere
    assert outcome.refused == [f"{eui(0)}: CreateDevice: already exists"]


def test_a_server_that_is_away_for_a_moment_is_asked_again(chirpstack, connect):
    slept = []
    chirpstack.unavailable = ATTEMPTS - 1

    connect(slept=slept).read(nothing)

    assert len(slept) == ATTEMPTS - 1
    assert slept == sorted(slept)


def test_what_makes_something_is_never_repeated(chirpstack, connect):
    chirpstack.unavailable = 1

    with pytest.raises(UnreachableError):
        connect().perform(CreateApplication(Application(application_id="", name="smartplace")), {})

    assert chirpstack.calls == ["CreateApplication"]


@pytest.mark.parametrize(
    ("misbehaviour", "error"),
    [
        ({"api_key": "wrong"}, ForbiddenError),
        ({"tenant_id": "ffffffff-c6f1-4fbd-8f87-4025e1d49242"}, ForbiddenError),
    ],
)
def test_a_wrong_key_and_a_wrong_tenant_are_told(connect, misbehaviour, error):
    with pytest.raises(error):
        connect(**misbehaviour).read(nothing)


def test_a_server_that_stays_away_is_unreachable(chirpstack, connect):
    chirpstack.unavailable = 100

    with pytest.raises(UnreachableError, match="ListApplications: unavailable"):
        connect().read(nothing)


def test_a_slow_server_is_not_waited_for(chirpstack, connect):
    chirpstack.slow.set()

    with pytest.raises(TooSlowError):
        connect(deadline_s=0.2).read(nothing)


def test_what_is_there_already_and_what_is_not_there_are_told_apart(connect):
    client = connect()
    provision(client, register(1))
    device = client.read(nothing).devices[eui(0)]

    with pytest.raises(AlreadyThereError):
        client.perform(CreateDevice(device), {})
    with pytest.raises(NotThereError):
        client.perform(CreateDevice(device_like(device, application_id="nowhere")), {})


def device_like(device, **values):
    from dataclasses import replace

    assert isinstance(device, NetworkDevice)
    return replace(device, dev_eui=eui(77), **values)


def test_no_key_is_in_any_message_of_ours(connect):
    keys = keys_for(register(1))

    assert SECRET not in repr(keys)
    with pytest.raises(NetworkServerError) as caught:
        connect(api_key="a-wrong-key").read(nothing)
    assert "a-wrong-key" not in str(caught.value)
