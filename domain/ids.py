"""Identifiers and the only places where text becomes one."""

import re
from typing import NewType

from domain.errors import InvalidIdError

DeviceId = NewType("DeviceId", str)
"""16 lower-case hex digits (a LoRaWAN dev_eui) or a slug (a device of our own MQTT contract)."""
SiteId = NewType("SiteId", str)
ZoneId = NewType("ZoneId", str)
AssetId = NewType("AssetId", str)
SignId = NewType("SignId", str)
ClosureId = NewType("ClosureId", str)

_DEV_EUI = re.compile(r"[0-9a-fA-F]{16}")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_LONG_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?")


def parse_dev_eui(text: str) -> DeviceId:
    """A LoRaWAN device EUI in any letter case, as 16 lower-case hex digits.

    Raises:
        InvalidIdError: anything else.
    """
    if not _DEV_EUI.fullmatch(text):
        raise InvalidIdError("dev_eui (16 hex digits)", text)
    return DeviceId(text.lower())


def parse_device_id(text: str) -> DeviceId:
    """A device id of our own MQTT contract: a slug, or a dev_eui.

    Raises:
        InvalidIdError: anything else.
    """
    if _DEV_EUI.fullmatch(text):
        return DeviceId(text.lower())
    return DeviceId(_slug("device id", text))


def parse_site_id(text: str) -> SiteId:
    """A site id: lower-case letters, digits and inner hyphens, at most 64.

    Raises:
        InvalidIdError: anything else.
    """
    return SiteId(_slug("site id", text))


def parse_zone_id(text: str) -> ZoneId:
    """A zone id; same alphabet as a site id.

    Raises:
        InvalidIdError: anything else.
    """
    return ZoneId(_slug("zone id", text))


def parse_asset_id(text: str) -> AssetId:
    """A bay or bench id; same alphabet as a site id.

    Raises:
        InvalidIdError: anything else.
    """
    return AssetId(_slug("asset id", text))


def parse_sign_id(text: str) -> SignId:
    """A sign id; same alphabet as a site id.

    Raises:
        InvalidIdError: anything else.
    """
    return SignId(_slug("sign id", text))


def parse_closure_id(text: str) -> ClosureId:
    """A closure id; same alphabet as a site id, at most 100, since it may say what is closed and from when on.

    Raises:
        InvalidIdError: anything else.
    """
    return ClosureId(_slug("closure id", text, _LONG_SLUG))


def _slug(kind: str, text: str, pattern: re.Pattern[str] = _SLUG) -> str:
    if not pattern.fullmatch(text):
        raise InvalidIdError(f"{kind} (lower-case letters, digits, inner hyphens)", text)
    return text
