"""The Things Stack v3 over its HTTP API: reads what it holds, and changes nothing.

It has no device profiles; a device activated by personalisation stands under one of its own. Sources: The Things
Stack, HTTP API reference: EndDeviceRegistry.List, NsEndDeviceRegistry.Get, JsEndDeviceRegistry.Get.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from domain.errors import CommandError
from domain.ids import DeviceId
from network.carry_out import Progress
from network.drift import Drift, Finding, compare
from network.errors import ForbiddenError, NetworkServerError, NotThereError, TooSlowError, UnreachableError
from network.inventory import Application, Inventory, NetworkDevice, Profile, Traits
from network.wanted import Wanted

PAGE = 100
_ATTEMPTS = 4
_BACKOFF_S = 0.25
_READERS = 8
_MOST_BYTES = 16 * 1024 * 1024
_ABP = "activated by personalisation"
_ERRORS = {401: ForbiddenError, 403: ForbiddenError, 404: NotThereError, 504: TooSlowError}
_LISTED = "name,attributes"
_SETTINGS = "supports_join,mac_settings.resets_f_cnt"
# Only whether there are any: the keys themselves are read by nobody here.
_KEYS = "root_keys.app_key,root_keys.nwk_key"


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would take the API key to wherever it points."""

    def redirect_request(self, *_args: object, **_named: object) -> None:
        """Follow none: the answer is an error."""


class ThingsStack:
    """One application. Every method may raise NetworkServerError; `deadline_s` is for each attempt."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str,
        application: str,
        deadline_s: float = 10.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise CommandError("SMARTPLACE_THINGS_STACK_URL must be https://host")
        self._url = url.rstrip("/")
        self._api_key = api_key
        self._application = application
        self._deadline_s = deadline_s
        self._sleep = sleep
        # As an API key goes with each request, nobody in between whom the environment names.
        self._opener = build_opener(ProxyHandler({}), _NoRedirect())

    def drift(self, want: Wanted, progress: Progress) -> list[Finding]:
        """Every disagreement with the register, but for profiles, of which it knows nothing."""
        want = replace(want, application=self._application)
        findings = compare(want, self.read(want, progress))
        return [one for one in findings if one.drift not in {Drift.MISSING_PROFILE, Drift.WRONG_PROFILE}]

    def read(self, want: Wanted, progress: Progress) -> Inventory:
        """The devices of the application: two calls for each, several at a time."""
        listed = list(self._listed())
        devices: dict[DeviceId, NetworkDevice] = {}
        keyed: set[DeviceId] = set()
        with ThreadPoolExecutor(_READERS) as readers:
            for number, (device, has_keys) in enumerate(readers.map(self._read_device, listed), start=1):
                wanted = want.devices.get(device.dev_eui)
                profile = device.profile_id or (wanted.profile if wanted else "")
                devices[device.dev_eui] = replace(device, profile_id=profile)
                keyed.update({device.dev_eui} if has_keys else ())
                progress(number, len(listed))
        profiles = {name: Profile(profile_id=name, name=name, traits=traits) for name, traits in want.profiles.items()}
        return Inventory(
            applications=(Application(application_id=self._application, name=self._application),),
            profiles={**profiles, _ABP: Profile(profile_id=_ABP, name=_ABP, traits=_abp())},
            devices=devices,
            keyed=frozenset(keyed),
        )

    def _listed(self) -> Iterator[Mapping[str, Any]]:
        page = 1
        while True:
            found = self._get("", "devices", field_mask=_LISTED, limit=PAGE, page=page).get("end_devices", [])
            # What has no DevEUI is no device that could be in our register.
            yield from (device for device in found if device["ids"].get("dev_eui"))
            if len(found) < PAGE:
                return
            page += 1

    def _read_device(self, listed: Mapping[str, Any]) -> tuple[NetworkDevice, bool]:
        path = f"devices/{quote(listed['ids']['device_id'], safe='')}"
        settings = self._get_if_there("ns/", path, field_mask=_SETTINGS)
        keys = (self._get_if_there("js/", path, field_mask=_KEYS) or {}).get("root_keys", {})
        # What its network server does not know of is not activated at all.
        is_abp = settings is not None and not settings.get("supports_join", False)
        device = NetworkDevice(
            dev_eui=DeviceId(listed["ids"]["dev_eui"].lower()),
            application_id=self._application,
            profile_id=_ABP if is_abp else "",
            name=listed.get("name", ""),
            tags=listed.get("attributes", {}),
            join_eui=listed["ids"].get("join_eui", "").lower(),
            skip_fcnt_check=bool((settings or {}).get("mac_settings", {}).get("resets_f_cnt", False)),
        )
        return device, bool(keys.get("app_key") or keys.get("nwk_key"))

    def _get_if_there(self, server: str, path: str, **query: object) -> Mapping[str, Any] | None:
        try:
            return self._get(server, path, **query)
        except NotThereError:
            return None

    def _get(self, server: str, path: str, **query: object) -> Mapping[str, Any]:
        """One answer; up to four attempts while the server is away."""
        url = f"{self._url}/api/v3/{server}applications/{quote(self._application, safe='')}/{path}?{urlencode(query)}"
        for attempt in range(1, _ATTEMPTS):
            try:
                return self._once(url, server or "is/")
            except UnreachableError:
                self._sleep(random.uniform(0.5, 1) * _BACKOFF_S * 2**attempt)  # noqa: S311 - only spreads attempts
        return self._once(url, server or "is/")

    def _once(self, url: str, server: str) -> Mapping[str, Any]:
        # The scheme was looked at when this was made.
        request = Request(url, headers={"Authorization": f"Bearer {self._api_key}"})  # noqa: S310
        try:
            with self._opener.open(request, timeout=self._deadline_s) as answer:
                return _mapping(server, answer.read(_MOST_BYTES))
        except HTTPError as error:
            error.close()
            kind = _ERRORS.get(error.code, UnreachableError if error.code >= 500 else NetworkServerError)
            raise kind(f"The Things Stack, {server[:2]}", f"answers {error.code}") from None
        except TimeoutError:
            raise TooSlowError(f"The Things Stack, {server[:2]}", "no answer in time") from None
        except (URLError, OSError, HTTPException) as error:
            if isinstance(getattr(error, "reason", None), TimeoutError):
                raise TooSlowError(f"The Things Stack, {server[:2]}", "no answer in time") from None
            raise UnreachableError(f"The Things Stack, {server[:2]}", "does not answer") from None


def _mapping(server: str, body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NetworkServerError(f"The Things Stack, {server[:2]}", "answers something that is no JSON object")
    return found


def _abp() -> Traits:
    return Traits(
        region="",
        mac_version="",
        reg_params_revision="",
        supports_otaa=False,
        supports_class_b=False,
        supports_class_c=False,
        uplink_interval_s=0,
    )
