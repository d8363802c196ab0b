"""Milesight DS3604: an e-ink display of 4.2 inches with two templates, LoRaWAN.

Channels of id, type and value on fPort 85, besides those of the join report (devices.milesight):

| id type | value                                                                                     |
| 01 75   | battery, uint8 percent                                                                    |
| ff 2e   | button: 0 clicked, 1 clicked twice, 2 pressed, 3 pressed long; makes the frame an event   |
| ff 73   | template that is shown, uint8: 0 the first, 1 the second; fe 73 the same                  |
| fb 01   | what a block says: uint8 of template (bits 7..6) and block (bits 5..0: 0 to 9 text, 10    |
|         | QR code), uint8 length, then so many octets of UTF-8                                      |
| fa 01   | a block was written: template and block as above, uint8 result, kept as codes             |

Downlinks have the same form: fb 01 writes a block, ff 73 changes the template, ff 3d 02 draws anew. Octets of
a text that are no UTF-8 are kept as hex. From the first unknown channel on the bytes are kept in raw["undecoded"].

Source: Milesight SensorDecoders DS3604 README and encoder; ThingsBoard data-converters Milesight/DS3604.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial

from devices.channels import Reading, Value
from devices.codec import DeviceModel, Frame
from devices.downlinks import Limit, RefreshDisplay, ShowQrCode, ShowTemplate, ShowText
from devices.milesight import (
    BATTERY,
    DECODER,
    PERIODIC,
    REBOOT,
    SECONDS,
    TELLS_SECONDS,
    channel_table,
    check_f_port,
    encoder,
    interval_in_seconds,
    reports_periodically,
    supported,
)
from devices.settings import Echo, Parameters, Raw
from domain.uplinks import Kind

_BLOCK = b"\xfb\x01"
_QR_CODE = 10
_TEMPLATES = Limit(1, 2)
_TEXT = Limit(0, 47)  # with its 4 octets of heading it fits into the 51 octets of the slowest European data rate
_TEMPLATE = {tag: (Value("shown_template_code", "B"),) for tag in ("ff 73", "fe 73")}
_CHANNELS = channel_table(
    {
        **BATTERY,
        "ff 2e": (Value("button_code", "B"),),
        **_TEMPLATE,
        "fa 01": (Value("written_block_code", "B"), Value("written_result_code", "B")),
    },
    SECONDS,
)


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a DS3604 uplink: see the table above.

    Raises: ValueError: another fPort, nothing at all, a channel cut short.
    """
    check_f_port(f_port)
    reading = _CHANNELS.read(payload)
    blocks: dict[str, str] = {}
    while reading.rest.startswith(_BLOCK):
        end = _read_block(reading.rest, blocks)
        more = _CHANNELS.read(reading.rest, end)
        reading.measurements |= more.measurements
        reading.raw |= more.raw
        reading.rest = more.rest
    if blocks:
        reading.raw["blocks"] = blocks
    return reading.frame(_kind(reading))


def _read_block(octets: bytes, blocks: dict[str, str]) -> int:
    if len(octets) < 4 or len(octets) < 4 + octets[3]:
        raise ValueError("a block is cut short")
    place, end = octets[2], 4 + octets[3]
    name = f"template_{(place >> 6) + 1}_block_{(place & 0x3F) + 1}"
    try:
        blocks[name] = octets[4:end].decode("utf-8")
    except UnicodeDecodeError:
        blocks[name] = octets[4:end].hex()
    return end


def _kind(reading: Reading) -> Kind:
    if "button_code" in reading.raw:
        return Kind.EVENT
    if not reading.measurements and reading.raw.keys() <= {"written_block_code", "written_result_code"}:
        return Kind.CONFIG
    return reports_periodically(reading)


def _shown(raw: Raw) -> Iterable[Parameters]:
    code = raw.get("shown_template_code")
    return [{"template": str(code + 1)}] if isinstance(code, int) else []


def _written(raw: Raw, *, is_qr_code: bool) -> Iterator[Parameters]:
    blocks = raw.get("blocks")
    for name, text in blocks.items() if isinstance(blocks, dict) else ():
        _, template, _, block = name.split("_")
        if is_qr_code and int(block) == _QR_CODE + 1:
            yield {"template": template, "text": text}
        elif not is_qr_code and int(block) <= _QR_CODE:
            yield {"template": template, "block": block, "text": text}


def _block(template: int, block: int, text: str) -> bytes:
    """Template and block count from 1, on the wire from 0."""
    octets = text.encode()
    return _BLOCK + bytes(((template - 1) << 6 | (block - 1), len(octets))) + octets


MODEL = DeviceModel(
    key="milesight-ds3604",
    vendor="Milesight",
    name="DS3604 e-ink display",
    senses=None,
    measures=("battery_percent",),
    heartbeat=timedelta(hours=24),
    version=2,
    source="Milesight SensorDecoders DS3604 README and encoder; ThingsBoard data-converters Milesight/DS3604",
    decode=decode,
    encode=encoder(_CHANNELS, "battery_percent", PERIODIC),
    kinds=PERIODIC,
    commands=(
        interval_in_seconds(1, 65_535),
        REBOOT,
        supported(
            ShowText,
            lambda command: _block(command.template, command.block, command.text),
            {"template": _TEMPLATES, "block": Limit(1, 10), "text": _TEXT},
        ),
        supported(
            ShowQrCode,
            lambda command: _block(command.template, _QR_CODE + 1, command.text),
            {"template": _TEMPLATES, "text": _TEXT},
        ),
        supported(
            ShowTemplate,
            lambda command: b"\xff\x73" + bytes((command.template - 1,)),
            {"template": _TEMPLATES},
        ),
        supported(RefreshDisplay, lambda _: bytes.fromhex("ff 3d 02")),
    ),
    echoes=(
        TELLS_SECONDS,
        Echo(command="show-template", read=_shown, source=DECODER),
        Echo(command="show-text", read=partial(_written, is_qr_code=False), source=DECODER),
        Echo(command="show-qr-code", read=partial(_written, is_qr_code=True), source=DECODER),
    ),
)
