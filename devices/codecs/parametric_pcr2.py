"""Parametric PCR2: counts people or vehicles that pass, by radar, LoRaWAN.

Big-endian:

| fPort | byte  | meaning                                                                             |
| 14    | 0     | 0a: the short form, 9 bytes                                                         |
|       | 1-2   | objects from left to right since the report before, uint16                          |
|       | 3     | 16; in one example 0a                                                               |
|       | 4-5   | objects from right to left since the report before, uint16                          |
|       | 6     | 01                                                                                  |
|       | 7-8   | temperature of the processor, int16, tenths of a degree Celsius                     |
| 14    | 0-2   | be 01 03: the extended form, 16 bytes; be 01 04: the same with 17 bytes             |
|       | 3-6   | left to right, right to left since the report before, uint16 each                   |
|       | 7-10  | left to right, right to left since it was started, uint16 each                      |
|       | 11    | version 3: battery of the solar charger, uint8 percent                              |
|       | 11-12 | version 4: battery of the solar charger, uint16, kept as a code                     |
|       | then  | power of the solar panel, uint16 mW; temperature of the processor as above          |
| 190   | all   | configuration, 14, 20, 31 or 34 bytes, kept as hex                                  |
|       | 1-3   | of 14 bytes, 4-6 of 20: firmware, major.minor.patch                                 |
|       | 7-8   | of 14 bytes, 11-12 of 20: measurement interval, uint16 minutes                      |

Left to right counts as in, right to left as out: turn the device, or read it so. A battery of 0 percent with a
panel of 0 mW is what a device without a solar charger sends, and says nothing.

Source: TTN lorawan-devices parametric/pcr2.js; Parametric, PCR2 application payloads v2; ZENNER element-parsers.
"""

import struct
from datetime import timedelta

from devices.codec import DeviceModel, Frame
from devices.octets import Encoded, check_length
from devices.settings import interval_echo
from domain.measurements import Measurements
from domain.uplinks import Kind

_APPLICATION, _CONFIGURATION = 14, 190
_CONFIGURED = {14: (1, 7), 20: (4, 11)}
"""Where the firmware and the interval are in a configuration of so many bytes."""
_SHORT = struct.Struct(">xHBHBh")
_LEFT_TO_RIGHT, _RIGHT_TO_LEFT, _TEMPERATURE = 0x0A, 0x16, 0x01
_VERSION_3 = b"\xbe\x01\x03"
_EXTENDED = {_VERSION_3: struct.Struct(">3xHHHHBHh"), b"\xbe\x01\x04": struct.Struct(">3xHHHHHHh")}
_USUAL_CELSIUS = 20.0


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a PCR2 uplink: see the table above. The form in Cayenne LPP is not read.

    Raises: ValueError: another fPort, form or length.
    """
    if f_port == _CONFIGURATION:
        check_length(payload, 14, 20, 31, 34)
        return Frame(kind=Kind.CONFIG, measurements={}, raw=_configuration(payload))
    if f_port != _APPLICATION:
        raise ValueError("not an fPort of this model")
    return _extended(payload) if payload[:3] in _EXTENDED else _short(payload)


def _configuration(payload: bytes) -> dict[str, object]:
    raw: dict[str, object] = {"configuration": payload.hex()}
    if len(payload) in _CONFIGURED:
        firmware_at, interval_at = _CONFIGURED[len(payload)]
        raw["firmware"] = ".".join(map(str, payload[firmware_at : firmware_at + 3]))
        raw["interval_minutes"] = int.from_bytes(payload[interval_at : interval_at + 2], "big")
    return raw


def _short(payload: bytes) -> Frame:
    check_length(payload, _SHORT.size)
    right, tag_left, left, tag_celsius, tenths = _SHORT.unpack(payload)
    if payload[0] != _LEFT_TO_RIGHT or tag_left not in {_RIGHT_TO_LEFT, 0x0A} or tag_celsius != _TEMPERATURE:
        raise ValueError("not the short form")
    return Frame(kind=Kind.HEARTBEAT, measurements={}, raw=_passed(right, left, tenths))


def _passed(right: int, left: int, tenths: int) -> dict[str, object]:
    return {"left_to_right": right, "right_to_left": left, "processor_celsius": tenths / 10}


def _extended(payload: bytes) -> Frame:
    layout = _EXTENDED[payload[:3]]
    check_length(payload, layout.size)
    right, left, right_total, left_total, battery, milliwatts, tenths = layout.unpack(payload)
    measurements: Measurements = {"people_in_total": right_total, "people_out_total": left_total}
    raw = _passed(right, left, tenths) | {"solar_battery_code": battery, "solar_panel_milliwatts": milliwatts}
    if battery or milliwatts:
        measurements["solar_watts"] = milliwatts / 1000
        if payload[:3] == _VERSION_3:
            measurements["battery_percent"] = battery
    return Frame(kind=Kind.HEARTBEAT, measurements=measurements, raw=raw)


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode version 3 of the extended form; nothing passed since the report before.

    Raises:
        ValueError: another kind than a heartbeat, no `people_in_total`, or a value that does not fit; totals
            count to 65535 and begin anew.
    """
    if "people_in_total" not in measurements:
        raise ValueError("a frame of this model needs people_in_total")
    if kind is not Kind.HEARTBEAT:
        raise ValueError(f"no {kind} frame is made for this model")
    totals = measurements["people_in_total"] & 0xFFFF, measurements.get("people_out_total", 0) & 0xFFFF
    milliwatts = measurements.get("solar_watts", 0.0) * 1000
    percent = measurements.get("battery_percent", 0)
    if not (0 <= milliwatts <= 65_535 and 0 <= percent <= 255):
        raise ValueError("the battery or the solar panel does not fit")
    fields = _EXTENDED[_VERSION_3].pack(0, 0, *totals, round(percent), round(milliwatts), round(_USUAL_CELSIUS * 10))
    return Encoded(f_port=_APPLICATION, payload=_VERSION_3 + fields[3:])


MODEL = DeviceModel(
    key="parametric-pcr2",
    vendor="Parametric",
    name="PCR2 radar people counter",
    senses=None,
    measures=("people_in_total", "people_out_total", "battery_percent", "solar_watts"),
    heartbeat=timedelta(minutes=10),
    heartbeat_source="Parametric, PCR2 configuration payload v3, default settings",
    version=2,
    source="TTN lorawan-devices parametric/pcr2.js; Parametric, PCR2 application payloads v2; ZENNER element-parsers",
    decode=decode,
    encode=encode,
    kinds=frozenset({Kind.HEARTBEAT}),
    disputes=(
        "The second tag of the short form is 16 in the maker's document, 0a in an example of ZENNER: both are read.",
        "Battery of the solar charger: percent in version 3 of the extended form; version 4 names no unit: a code.",
        "A downlink writes the whole configuration at once, so none is made without the device's own: no interval.",
    ),
    echoes=(
        interval_echo(
            "interval_minutes",
            60,
            "Parametric, PCR2 configuration payload v3; ZENNER element-parsers parametric_pcr2.ex",
        ),
    ),
)
