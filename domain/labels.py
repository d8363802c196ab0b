"""What stands on a sensor: device EUIs as people type and scan them."""

import re
from urllib.parse import parse_qs, urlsplit

from domain.errors import InvalidIdError
from domain.ids import DeviceId, parse_dev_eui, parse_device_id

_SEPARATORS = re.compile(r"[\s:.\-]")
_TR005 = re.compile(r"LW:D\d:[0-9A-F]{16}:(?P<dev_eui>[0-9A-F]{16})(?::.*)?", re.IGNORECASE)


def device_on_label(text: str) -> DeviceId:
    """The device that a label names: our own address, a LoRaWAN QR code, or an id in any spelling.

    `LW:D0:<JoinEUI>:<DevEUI>:...` is the form of LoRa Alliance TR005. Makers print EUIs with `-`, `:`, `.` or spaces.

    Raises:
        InvalidIdError: it names none.
    """
    text = text.strip()
    if named := _asked_for(text):
        return parse_device_id(named)
    if match := _TR005.fullmatch(text):
        return parse_dev_eui(match["dev_eui"])
    try:
        return parse_dev_eui(_SEPARATORS.sub("", text))
    except InvalidIdError:
        return parse_device_id(text.lower())


def _asked_for(text: str) -> str | None:
    try:
        found = parse_qs(urlsplit(text).query).get("device") if "://" in text else None
    except ValueError:
        return None
    return found[0] if found else None
