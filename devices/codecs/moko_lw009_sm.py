"""MOKOSmart LW009-SM: a parking bay sensor, magnetic and radar, LoRaWAN.

On fPort 1, big-endian:

| byte    | meaning                                                                      |
| 0       | 7e                                                                           |
| 1       | version of the format                                                        |
| 2-5     | time, uint32 Unix seconds                                                    |
| 6-7     | frame counter, uint16                                                        |
| 8-9     | length n of what follows in tags, uint16                                     |
| 10      | instruction                                                                  |
| 11      | 0 plain, else encrypted                                                      |
| 12..    | n octets of tags: tag, length, value                                         |
| then    | 2 octets of check, not verified: the algorithm is not public; 7e             |

| tag | value                                                                            |
| 02  | why: 00 heartbeat, 0b became free, 0c became occupied, 0d magnetic interference, |
|     | 0e battery low, 10 11 12 magnetic, climate, radar sensor failed                  |
| 03  | model, 85; makes the frame a startup                                             |
| 05  | version of the device                                                            |
| 06  | heartbeat interval, x 30 s                                                       |
| 0b  | temperature, uint8 or int8 degrees Celsius: below zero disputed                  |
| 22  | sensitivity                                                                      |
| 23  | radar, kept as hex                                                               |
| 24  | battery, percent                                                                 |
| 25  | magnetic field x, y, z, int16 each                                               |
| 29  | battery, mV                                                                      |
| 32  | 1 occupied, else free                                                            |
| 35  | relative humidity, percent                                                       |

Other tags are kept in raw as hex.

Source: MOKOSmart LW009-SM payload decoder for Tago.
"""

import struct
from collections.abc import Iterator
from datetime import timedelta

from devices.codec import DeviceModel, Frame
from devices.octets import Encoded, occupancy, signed_octet, unsigned_octet
from devices.settings import interval_echo
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_F_PORT = 1
_FLAG = 0x7E
_HEADING = struct.Struct(">BBIHHBB")
_TAIL = 3
_EVENT, _MODEL, _TEMPERATURE, _PERCENT, _MILLIVOLTS, _STATUS, _HUMIDITY = 0x02, 0x03, 0x0B, 0x24, 0x29, 0x32, 0x35
_INTERVAL, _FIELD = 0x06, 0x25
_BECAME_FREE, _BECAME_OCCUPIED, _BATTERY_LOW = 0x0B, 0x0C, 0x0E
_KINDS = {0x00: Kind.HEARTBEAT, 0x10: Kind.ERROR, 0x11: Kind.ERROR, 0x12: Kind.ERROR}
_USUAL_VOLTS = 3.6


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode an LW009-SM uplink: see the tables above.

    Raises: ValueError: another fPort, flags or length, an encrypted frame, a tag cut short or given twice.
    """
    if f_port != _F_PORT:
        raise ValueError("not the fPort of this model")
    if len(payload) < _HEADING.size + _TAIL or payload[0] != _FLAG or payload[-1] != _FLAG:
        raise ValueError("not framed in 7e")
    _, version, time, count, size, instruction, encrypted = _HEADING.unpack_from(payload)
    if encrypted:
        raise ValueError("the frame is encrypted")
    if len(payload) != _HEADING.size + size + _TAIL:
        raise ValueError(f"{len(payload)} bytes where {_HEADING.size + size + _TAIL} are declared")
    tags = dict(_tags(payload[_HEADING.size : -_TAIL]))
    raw: dict[str, object] = {
        "protocol_version": version,
        "unix_seconds": time,
        "frame_counter": count,
        "instruction": instruction,
    }
    return Frame(kind=_kind(tags), measurements=_measurements(tags), raw=raw | _raw(tags))


def _tags(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    seen: set[int] = set()
    while at < len(octets):
        value = octets[at + 2 : at + 2 + octets[at + 1]]
        if not value or len(value) < octets[at + 1] or octets[at] in seen:
            raise ValueError(f"tag {octets[at]:#04x} is cut short, empty or given twice")
        seen.add(octets[at])
        yield octets[at], value
        at += 2 + len(value)


def _number(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


def _kind(tags: dict[int, bytes]) -> Kind:
    if _EVENT in tags:
        return _KINDS.get(_number(tags[_EVENT]), Kind.EVENT)
    return Kind.STARTUP if _MODEL in tags else Kind.CONFIG


def _measurements(tags: dict[int, bytes]) -> Measurements:
    measurements: Measurements = {}
    if _STATUS in tags:
        measurements["occupied"] = _number(tags[_STATUS]) == 1
    if _PERCENT in tags:
        measurements["battery_percent"] = _number(tags[_PERCENT])
    if _MILLIVOLTS in tags:
        measurements["battery_volts"] = _number(tags[_MILLIVOLTS]) / 1000
    if _HUMIDITY in tags:
        measurements["humidity_percent"] = _number(tags[_HUMIDITY])
    return measurements | _climate_and_condition(tags)


def _climate_and_condition(tags: dict[int, bytes]) -> Measurements:
    measurements: Measurements = {}
    if _TEMPERATURE in tags and _number(tags[_TEMPERATURE]) < 128:
        measurements["temperature_celsius"] = _number(tags[_TEMPERATURE])
    if _kind(tags) is Kind.ERROR:
        measurements["sensor_fault"] = True
    if _EVENT in tags and _number(tags[_EVENT]) == _BATTERY_LOW:
        measurements["battery_low"] = True
    return measurements


_MEASURED = {_STATUS, _PERCENT, _MILLIVOLTS, _HUMIDITY}
_NAMES = {_EVENT: "event_code", _MODEL: "model_code", 0x05: "device_version", 0x22: "sensitivity"}


def _raw(tags: dict[int, bytes]) -> dict[str, object]:
    raw: dict[str, object] = {}
    for tag, value in tags.items():
        if tag in _NAMES:
            raw[_NAMES[tag]] = _number(value)
        elif tag == _INTERVAL:
            raw["heartbeat_seconds"] = _number(value) * 30
        elif tag == _FIELD and len(value) == 6:
            raw["magnetic_field"] = list(struct.unpack(">hhh", value))
        elif tag == _TEMPERATURE:
            raw["temperature_code"] = _number(value)
        elif tag not in _MEASURED:
            raw[f"tag_{tag:02x}"] = value.hex()
    return raw


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode a state frame, or for a startup the device frame; time, counter and check are 0.

    Raises:
        ValueError: another kind, no `occupied`, or a value that does not fit. A temperature below zero is not read
            again.
    """
    occupied = occupancy(measurements)
    match kind:
        case Kind.EVENT:
            tags = _state(_BECAME_OCCUPIED if occupied else _BECAME_FREE, measurements)
        case Kind.HEARTBEAT:
            tags = _state(0, measurements)
        case Kind.STARTUP:
            tags = bytes((_MODEL, 1, 0x85))
        case _:
            raise ValueError(f"no {kind} frame is made for this model")
    heading = _HEADING.pack(_FLAG, 1, 0, 0, len(tags), 0, 0)
    return Encoded(f_port=_F_PORT, payload=heading + tags + bytes((0, 0, _FLAG)))


def _state(event: int, measurements: Measurements) -> bytes:
    tags = bytes((_EVENT, 1, event, _STATUS, 1, measurements["occupied"]))
    if "battery_percent" in measurements:
        tags += bytes((_PERCENT, 1, unsigned_octet(measurements["battery_percent"], "battery")))
    if "temperature_celsius" in measurements:
        tags += bytes((_TEMPERATURE, 1, signed_octet(measurements["temperature_celsius"], "temperature")))
    if "humidity_percent" in measurements:
        tags += bytes((_HUMIDITY, 1, unsigned_octet(measurements["humidity_percent"], "humidity")))
    millivolts = measurements.get("battery_volts", _USUAL_VOLTS) * 1000
    if not 0 <= millivolts <= 65_535:
        raise ValueError(f"a battery of {millivolts:g} mV does not fit")
    return tags + bytes((_MILLIVOLTS, 2)) + round(millivolts).to_bytes(2, "big")


MODEL = DeviceModel(
    key="moko-lw009-sm",
    vendor="MOKO",
    name="LW009-SM parking sensor",
    senses=AssetKind.BAY,
    measures=(
        "occupied",
        "battery_percent",
        "battery_volts",
        "battery_low",
        "temperature_celsius",
        "humidity_percent",
        "sensor_fault",
    ),
    heartbeat=timedelta(hours=24),
    version=2,
    source="MOKOSmart LW009-SM payload decoder for Tago",
    decode=decode,
    encode=encode,
    disputes=(
        "Temperatures below zero: the maker's decoder reads the octet as unsigned, so that -1 would be 255. From 128 "
        "on it is no measurement; the code is kept.",
    ),
    echoes=(interval_echo("heartbeat_seconds", 1, "MOKOSmart LW009-SM payload decoder for Tago, device frame"),),
)
