"""ChirpStack v4 over gRPC: reads the inventory of a tenant, and carries changes out."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from chirpstack_api import api
from chirpstack_api.common import common_pb2

from domain.ids import DeviceId
from network.carry_out import Progress
from network.changes import (
    Change,
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
)
from network.errors import NotThereError
from network.grpc_calls import Caller, open_channel
from network.inventory import Application, Inventory, NetworkDevice, Profile, Traits
from network.keys_file import RootKeys

PAGE = 100
_READERS = 8
_ADR = "default"


@contextmanager
def open_chirpstack(url: str, *, api_key: str, tenant_id: str, deadline_s: float = 10.0) -> Iterator["ChirpStack"]:
    """A connection that is made when first used; raises CommandError where `url` is no address."""
    with open_channel(url) as channel:
        yield ChirpStack(channel, Caller(api_key, deadline_s=deadline_s), tenant_id=tenant_id)


class ChirpStack:
    """Satisfies network.carry_out.Server. Every method may raise NetworkServerError."""

    def __init__(self, channel: Any, caller: Caller, *, tenant_id: str) -> None:  # noqa: ANN401
        self._applications = api.ApplicationServiceStub(channel)
        self._profiles = api.DeviceProfileServiceStub(channel)
        self._devices = api.DeviceServiceStub(channel)
        self._call = caller
        self._tenant_id = tenant_id

    def read(self, progress: Progress) -> Inventory:
        """Everything of the tenant: two calls for each device, several at a time."""
        listed = self._paged(self._applications.List, lambda **page: self._of_tenant(api.ListApplicationsRequest, page))
        applications = tuple(Application(application_id=one.id, name=one.name) for one in listed)
        profiles = self._read_profiles()
        euis = [dev_eui for application in applications for dev_eui in self._euis(application)]
        devices: dict[DeviceId, NetworkDevice] = {}
        keyed = set()
        with ThreadPoolExecutor(_READERS) as readers:
            for number, (dev_eui, device, has_keys) in enumerate(readers.map(self._read_device, euis), start=1):
                if device is not None:
                    devices[dev_eui] = device
                if has_keys:
                    keyed.add(dev_eui)
                progress(number, len(euis))
        return Inventory(applications=applications, profiles=profiles, devices=devices, keyed=frozenset(keyed))

    def perform(self, change: Change, keys: Mapping[DeviceId, RootKeys]) -> Change:
        """Do it, and give it back with the ids that ChirpStack chose."""
        match change:
            case CreateApplication(application):
                return CreateApplication(self._create_application(application))
            case CreateProfile(profile):
                return CreateProfile(self._create_profile(profile))
            case CreateDevice(device):
                self._call.once(self._devices.Create, api.CreateDeviceRequest(device=_written(device, api.Device())))
            case CreateKeys(dev_eui):
                self._call.once(self._devices.CreateKeys, api.CreateDeviceKeysRequest(device_keys=_keys(keys, dev_eui)))
            case UpdateProfile(_, profile):
                self._update_profile(profile)
            case UpdateDevice(_, device):
                self._update_device(device)
            case _:
                self._delete(change)
        return change

    def _read_profiles(self) -> dict[str, Profile]:
        def request(**page: int) -> Any:  # noqa: ANN401
            # Without the templates that all tenants share: a device cannot have one of them.
            return self._of_tenant(api.ListDeviceProfilesRequest, {**page, "tenant_only": True})

        ids = [one.id for one in self._paged(self._profiles.List, request)]
        return {profile_id: _profile(self._profile(profile_id)) for profile_id in ids}

    def _euis(self, application: Application) -> list[DeviceId]:
        def request(**page: int) -> Any:  # noqa: ANN401
            return api.ListDevicesRequest(application_id=application.application_id, **page)

        return [DeviceId(one.dev_eui.lower()) for one in self._paged(self._devices.List, request)]

    def _read_device(self, dev_eui: DeviceId) -> tuple[DeviceId, NetworkDevice | None, bool]:
        try:
            device = _device(self._device(dev_eui))
        except NotThereError:
            # Deleted since it was listed.
            return dev_eui, None, False
        try:
            self._call.repeatable(self._devices.GetKeys, api.GetDeviceKeysRequest(dev_eui=dev_eui))
        except NotThereError:
            return dev_eui, device, False
        return dev_eui, device, True

    def _paged(self, call: Any, request: Callable[..., Any]) -> Iterator[Any]:  # noqa: ANN401
        offset = 0
        while True:
            answer = self._call.repeatable(call, request(limit=PAGE, offset=offset))
            yield from answer.result
            offset += len(answer.result)
            if not answer.result or offset >= answer.total_count:
                return

    def _of_tenant(self, kind: Any, page: Mapping[str, object]) -> Any:  # noqa: ANN401
        return kind(tenant_id=self._tenant_id, **page)

    def _profile(self, profile_id: str) -> Any:  # noqa: ANN401
        return self._call.repeatable(self._profiles.Get, api.GetDeviceProfileRequest(id=profile_id)).device_profile

    def _device(self, dev_eui: str) -> Any:  # noqa: ANN401
        return self._call.repeatable(self._devices.Get, api.GetDeviceRequest(dev_eui=dev_eui)).device

    def _create_application(self, application: Application) -> Application:
        message = api.Application(name=application.name, tenant_id=self._tenant_id)
        made = self._call.once(self._applications.Create, api.CreateApplicationRequest(application=message))
        return Application(application_id=made.id, name=application.name)

    def _create_profile(self, profile: Profile) -> Profile:
        message = api.DeviceProfile(tenant_id=self._tenant_id, name=profile.name, adr_algorithm_id=_ADR)
        message.flush_queue_on_activate = True
        _write_traits(profile.traits, message)
        made = self._call.once(self._profiles.Create, api.CreateDeviceProfileRequest(device_profile=message))
        return Profile(profile_id=made.id, name=profile.name, traits=profile.traits)

    def _update_profile(self, profile: Profile) -> None:
        message = self._profile(profile.profile_id)
        _write_traits(profile.traits, message)
        self._call.repeatable(self._profiles.Update, api.UpdateDeviceProfileRequest(device_profile=message))

    def _update_device(self, device: NetworkDevice) -> None:
        # An update replaces the whole device, also its description and variables: those stay what they are.
        message = _written(device, self._device(device.dev_eui))
        self._call.repeatable(self._devices.Update, api.UpdateDeviceRequest(device=message))

    def _delete(self, change: Change) -> None:
        call: Any
        match change:
            case DeleteApplication(application):
                call, request = self._applications.Delete, api.DeleteApplicationRequest(id=application.application_id)
            case DeleteProfile(profile):
                call, request = self._profiles.Delete, api.DeleteDeviceProfileRequest(id=profile.profile_id)
            case DeleteDevice(device):
                call, request = self._devices.Delete, api.DeleteDeviceRequest(dev_eui=device.dev_eui)
            case DeleteKeys(dev_eui):
                call, request = self._devices.DeleteKeys, api.DeleteDeviceKeysRequest(dev_eui=dev_eui)
            case _:
                raise AssertionError(change)
        self._call.repeatable(call, request)


def _profile(message: Any) -> Profile:  # noqa: ANN401
    traits = Traits(
        region=common_pb2.Region.Name(message.region),
        mac_version=common_pb2.MacVersion.Name(message.mac_version),
        reg_params_revision=common_pb2.RegParamsRevision.Name(message.reg_params_revision),
        supports_otaa=message.supports_otaa,
        supports_class_b=message.supports_class_b,
        supports_class_c=message.supports_class_c,
        uplink_interval_s=message.uplink_interval,
    )
    return Profile(profile_id=message.id, name=message.name, traits=traits)


def _write_traits(traits: Traits, message: Any) -> None:  # noqa: ANN401
    message.region = common_pb2.Region.Value(traits.region)
    message.mac_version = common_pb2.MacVersion.Value(traits.mac_version)
    message.reg_params_revision = common_pb2.RegParamsRevision.Value(traits.reg_params_revision)
    message.supports_otaa = traits.supports_otaa
    message.supports_class_b = traits.supports_class_b
    message.supports_class_c = traits.supports_class_c
    message.uplink_interval = traits.uplink_interval_s


def _device(message: Any) -> NetworkDevice:  # noqa: ANN401
    return NetworkDevice(
        dev_eui=DeviceId(message.dev_eui.lower()),
        application_id=message.application_id,
        profile_id=message.device_profile_id,
        name=message.name,
        tags=dict(message.tags),
        join_eui=message.join_eui.lower(),
        skip_fcnt_check=message.skip_fcnt_check,
        is_disabled=message.is_disabled,
    )


def _written(device: NetworkDevice, message: Any) -> Any:  # noqa: ANN401
    message.dev_eui = device.dev_eui
    message.application_id = device.application_id
    message.device_profile_id = device.profile_id
    message.name = device.name
    message.join_eui = device.join_eui
    message.skip_fcnt_check = device.skip_fcnt_check
    message.is_disabled = device.is_disabled
    message.tags.clear()
    message.tags.update(device.tags)
    return message


def _keys(keys: Mapping[DeviceId, RootKeys], dev_eui: DeviceId) -> Any:  # noqa: ANN401
    given = keys[dev_eui]
    if given.nwk_key:
        return api.DeviceKeys(dev_eui=dev_eui, nwk_key=given.nwk_key, app_key=given.app_key)
    # The one key of LoRaWAN 1.0, which its specification calls AppKey, is ChirpStack's nwk_key.
    return api.DeviceKeys(dev_eui=dev_eui, nwk_key=given.app_key)
