"""A ChirpStack that keeps everything in memory, on the package's own service definitions, over a real gRPC socket."""

# ruff: noqa: N802 - gRPC names its methods so

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID, uuid5

import grpc
from chirpstack_api import api

TENANT = "52f14cd4-c6f1-4fbd-8f87-4025e1d49242"
API_KEY = "a-key-of-the-tenant"
_EMPTY = __import__("google.protobuf.empty_pb2", fromlist=["Empty"]).Empty


class ChirpStackServer:
    """What it holds, and how it misbehaves."""

    def __init__(self):
        self.applications, self.profiles, self.devices, self.keys = {}, {}, {}, {}
        self.calls = []
        self.unavailable = 0  # so many calls find nobody at home
        self.slow = threading.Event()  # while set, calls are not answered
        self.released = threading.Event()
        self._made = 0

    def new_id(self):
        self._made += 1
        return str(uuid5(UUID(TENANT), str(self._made)))

    def contents(self):
        """Everything, comparable."""
        return tuple(
            {key: message.SerializeToString(deterministic=True) for key, message in sorted(shelf.items())}
            for shelf in (self.applications, self.profiles, self.devices, self.keys)
        )

    def admit(self, context, request, *, tenant_id=None):
        self.calls.append(type(request).__name__.removesuffix("Request"))
        if self.slow.is_set():
            self.released.wait(30)
        if self.unavailable:
            self.unavailable -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")
        if dict(context.invocation_metadata()).get("authorization") != f"Bearer {API_KEY}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "invalid token")
        if tenant_id is not None and tenant_id != TENANT:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "not your tenant")


def found(shelf, key, context):
    if key not in shelf:
        context.abort(grpc.StatusCode.NOT_FOUND, f"Object does not exist (id: {key})")
    return shelf[key]


def page(messages, request):
    # A limit of 0 is a count only, as in ChirpStack.
    return list(messages)[request.offset : request.offset + request.limit]


def add(shelf, key, message, context):
    if key in shelf:
        context.abort(grpc.StatusCode.ALREADY_EXISTS, f"Object already exists (id: {key})")
    shelf[key] = copy_of(message)


def copy_of(message):
    return type(message).FromString(message.SerializeToString())


class Applications(api.ApplicationServiceServicer):
    def __init__(self, state):
        self.state = state

    def Create(self, request, context):
        self.state.admit(context, request, tenant_id=request.application.tenant_id)
        made = copy_of(request.application)
        made.id = self.state.new_id()
        add(self.state.applications, made.id, made, context)
        return api.CreateApplicationResponse(id=made.id)

    def List(self, request, context):
        self.state.admit(context, request, tenant_id=request.tenant_id)
        listed = [api.ApplicationListItem(id=one.id, name=one.name) for one in self.state.applications.values()]
        return api.ListApplicationsResponse(total_count=len(listed), result=page(listed, request))

    def Delete(self, request, context):
        self.state.admit(context, request)
        found(self.state.applications, request.id, context)
        del self.state.applications[request.id]
        for eui in [eui for eui, one in self.state.devices.items() if one.application_id == request.id]:
            del self.state.devices[eui]  # the foreign key cascades
        return _EMPTY()


class Profiles(api.DeviceProfileServiceServicer):
    def __init__(self, state):
        self.state = state

    def Create(self, request, context):
        self.state.admit(context, request, tenant_id=request.device_profile.tenant_id)
        made = copy_of(request.device_profile)
        made.id = self.state.new_id()
        add(self.state.profiles, made.id, made, context)
        return api.CreateDeviceProfileResponse(id=made.id)

    def Get(self, request, context):
        self.state.admit(context, request)
        return api.GetDeviceProfileResponse(device_profile=found(self.state.profiles, request.id, context))

    def Update(self, request, context):
        self.state.admit(context, request)
        found(self.state.profiles, request.device_profile.id, context)
        self.state.profiles[request.device_profile.id] = copy_of(request.device_profile)
        return _EMPTY()

    def List(self, request, context):
        self.state.admit(context, request, tenant_id=request.tenant_id)
        listed = [api.DeviceProfileListItem(id=one.id, name=one.name) for one in self.state.profiles.values()]
        return api.ListDeviceProfilesResponse(total_count=len(listed), result=page(listed, request))

    def Delete(self, request, context):
        self.state.admit(context, request)
        found(self.state.profiles, request.id, context)
        del self.state.profiles[request.id]
        return _EMPTY()


class Devices(api.DeviceServiceServicer):
    def __init__(self, state):
        self.state = state

    def _own(self, dev_eui, context):
        device = found(self.state.devices, dev_eui, context)
        if device.application_id not in self.state.applications:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "not your tenant")
        return device

    def _check_references(self, device, context):
        found(self.state.applications, device.application_id, context)
        found(self.state.profiles, device.device_profile_id, context)

    def Create(self, request, context):
        self.state.admit(context, request)
        self._check_references(request.device, context)
        add(self.state.devices, request.device.dev_eui, request.device, context)
        return _EMPTY()

    def Get(self, request, context):
        self.state.admit(context, request)
        return api.GetDeviceResponse(device=self._own(request.dev_eui, context))

    def Update(self, request, context):
        self.state.admit(context, request)
        self._own(request.device.dev_eui, context)
        self._check_references(request.device, context)
        self.state.devices[request.device.dev_eui] = copy_of(request.device)
        return _EMPTY()

    def List(self, request, context):
        self.state.admit(context, request)
        found(self.state.applications, request.application_id, context)
        listed = [
            api.DeviceListItem(dev_eui=one.dev_eui, name=one.name, device_profile_id=one.device_profile_id)
            for one in self.state.devices.values()
            if one.application_id == request.application_id
        ]
        return api.ListDevicesResponse(total_count=len(listed), result=page(listed, request))

    def Delete(self, request, context):
        self.state.admit(context, request)
        self._own(request.dev_eui, context)
        del self.state.devices[request.dev_eui]
        self.state.keys.pop(request.dev_eui, None)
        return _EMPTY()

    def CreateKeys(self, request, context):
        self.state.admit(context, request)
        self._own(request.device_keys.dev_eui, context)
        add(self.state.keys, request.device_keys.dev_eui, request.device_keys, context)
        return _EMPTY()

    def GetKeys(self, request, context):
        self.state.admit(context, request)
        return api.GetDeviceKeysResponse(device_keys=found(self.state.keys, request.dev_eui, context))

    def DeleteKeys(self, request, context):
        self.state.admit(context, request)
        found(self.state.keys, request.dev_eui, context)
        del self.state.keys[request.dev_eui]
        return _EMPTY()


@contextmanager
def running(state):
    """The address at which it listens."""
    with ThreadPoolExecutor(8) as workers:
        server = grpc.server(workers)
        api.add_ApplicationServiceServicer_to_server(Applications(state), server)
        api.add_DeviceProfileServiceServicer_to_server(Profiles(state), server)
        api.add_DeviceServiceServicer_to_server(Devices(state), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            state.released.set()
            server.stop(0).wait()
