"""Cayenne LPP: the generic format of many makers and of devices that somebody built.

Channel after channel on any application fPort: number, uint8; type, uint8; value, big-endian:

| type | value                                                                     |
| 00   | digital input, uint8                                                      |
| 01   | digital output, uint8                                                     |
| 02   | analogue input, int16, hundredths                                         |
| 03   | analogue output, int16, hundredths                                        |
| 64   | generic, uint32                                                           |
| 65   | illuminance, uint16 lux                                                   |
| 66   | presence, uint8: 0 nobody, else somebody                                  |
| 67   | temperature, int16, tenths of a degree Celsius                            |
| 68   | relative humidity, uint8, halves of a percent                             |
| 71   | acceleration x, y, z, int16, thousandths of g each                        |
| 73   | barometric pressure, uint16, tenths of a hectopascal                      |
| 74   | voltage, uint16, hundredths of a volt                                     |
| 75   | current, uint16 mA                                                        |
| 76   | frequency, uint32 Hz                                                      |
| 78   | percentage, uint8                                                         |
| 79   | altitude, int16 m                                                         |
| 7d   | concentration, uint16 ppm                                                 |
| 80   | power, uint16 W                                                           |
| 82   | distance, uint32 mm                                                       |
| 83   | energy, uint32 Wh                                                         |
| 84   | direction, uint16 degrees                                                 |
| 85   | time, uint32 Unix seconds                                                 |
| 86   | rotation x, y, z, int16, hundredths of a degree per second each           |
| 87   | colour, red, green, blue, uint8 each                                      |
| 88   | place, latitude and longitude int24, ten-thousandths of a degree each;    |
|      | altitude, int24, hundredths of a metre                                    |
| 8e   | switch, uint8                                                             |

The format does not say what a voltage or a percentage is of. Presence, temperature, humidity, pressure, illuminance
and distance are measurements, each the first of its type; all values are kept in raw by type and number. Frames do
not tell why they were sent: all are heartbeats. An unknown type ends the reading: the rest is raw["undecoded"].

Source: ChirpStack d77207c, src/codec/cayenne_lpp.rs and its test; Cayenne, Low Power Payload reference.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from devices.codec import DeviceModel, Frame
from devices.octets import Encoded, check_application_port
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind


@dataclass(frozen=True, slots=True)
class _Type:
    """Name, size in octets, and how the octets are read."""

    name: str
    size: int
    read: Callable[[bytes], object]


def _number(name: str, code: str, per_unit: int = 1) -> _Type:
    layout = struct.Struct(f">{code}")

    def read(octets: bytes) -> object:
        values = [packed if per_unit == 1 else packed / per_unit for packed in layout.unpack(octets)]
        return values if len(values) > 1 else values[0]

    return _Type(name, layout.size, read)


def _place(octets: bytes) -> object:
    latitude, longitude, altitude = (int.from_bytes(octets[at : at + 3], "big", signed=True) for at in (0, 3, 6))
    return [latitude / 10_000, longitude / 10_000, altitude / 100]


_PRESENCE, _HUMIDITY = 0x66, 0x68
_TYPES = {
    0x00: _number("digital_input", "B"),
    0x01: _number("digital_output", "B"),
    0x02: _number("analogue_input", "h", 100),
    0x03: _number("analogue_output", "h", 100),
    0x64: _number("generic", "I"),
    0x65: _number("illuminance_lux", "H"),
    _PRESENCE: _number("presence", "B"),
    0x67: _number("temperature_celsius", "h", 10),
    _HUMIDITY: _number("humidity_percent", "B", 2),
    0x71: _number("acceleration_g", "hhh", 1000),
    0x73: _number("pressure_hpa", "H", 10),
    0x74: _number("voltage_volts", "H", 100),
    0x75: _number("current_amperes", "H", 1000),
    0x76: _number("frequency_hertz", "I"),
    0x78: _number("percentage", "B"),
    0x79: _number("altitude_metres", "h"),
    0x7D: _number("concentration_ppm", "H"),
    0x80: _number("power_watts", "H"),
    0x82: _number("distance_mm", "I"),
    0x83: _number("energy_wh", "I"),
    0x84: _number("direction_degrees", "H"),
    0x85: _number("unix_seconds", "I"),
    0x86: _number("rotation_degrees_per_second", "hhh", 100),
    0x87: _number("colour_red_green_blue", "BBB"),
    0x88: _Type("latitude_longitude_altitude", 9, _place),
    0x8E: _number("switch", "B"),
}
_MEASURED = {"illuminance_lux", "temperature_celsius", "humidity_percent", "pressure_hpa", "distance_mm"}


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a Cayenne LPP uplink: see the table above.

    Raises: ValueError: no application fPort, nothing at all, a value cut short.
    """
    check_application_port(f_port)
    if not payload:
        raise ValueError("no channel at all")
    measurements: dict[str, object] = {}
    raw: dict[str, object] = {}
    for name, number, value in _channels(payload, raw):
        raw[f"{name}_{number}"] = value
        if name in _MEASURED:
            measurements.setdefault(name, value)
        elif name == "presence":
            measurements.setdefault("occupied", value != 0)
    kind = Kind.CONFIG if raw.keys() == {"undecoded"} else Kind.HEARTBEAT
    return Frame(kind=kind, measurements=cast("Measurements", measurements), raw=raw)


def _channels(payload: bytes, raw: dict[str, object]) -> Iterator[tuple[str, int, object]]:
    """Name, number and value of each channel; what follows an unknown type goes to raw."""
    at = 0
    while at < len(payload):
        if at + 1 == len(payload):
            raise ValueError("a channel is cut short")
        kind = _TYPES.get(payload[at + 1])
        if kind is None:
            raw["undecoded"] = payload[at:].hex()
            return
        begin, end = at + 2, at + 2 + kind.size
        if end > len(payload):
            raise ValueError(f"{kind.name} is cut short")
        yield kind.name, payload[at], kind.read(payload[begin:end])
        at = end


_WRITTEN: dict[str, tuple[int, str, int]] = {
    "occupied": (_PRESENCE, "B", 1),
    "temperature_celsius": (0x67, "h", 10),
    "humidity_percent": (_HUMIDITY, "B", 2),
    "pressure_hpa": (0x73, "H", 10),
    "illuminance_lux": (0x65, "H", 1),
    "distance_mm": (0x82, "I", 1),
}


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode what is given, with one number for each value, on fPort 1.

    Raises:
        ValueError: another kind than a heartbeat, no `occupied`, or a value that does not fit.
    """
    if "occupied" not in measurements:
        raise ValueError("a frame of this model needs occupied")
    if kind is not Kind.HEARTBEAT:
        raise ValueError(f"no {kind} frame is made for this model")
    told = cast("dict[str, float]", measurements)
    channels = [_channel(number, name, told[name]) for number, name in enumerate(_WRITTEN) if name in told]
    return Encoded(f_port=1, payload=b"".join(channels))


def _channel(number: int, name: str, value: float) -> bytes:
    tag, code, per_unit = _WRITTEN[name]
    try:
        return struct.pack(f">BB{code}", number, tag, round(value * per_unit))
    except (struct.error, OverflowError, ValueError):
        raise ValueError(f"{name} {value!r} does not fit") from None


MODEL = DeviceModel(
    key="cayenne-lpp",
    vendor="Cayenne",
    name="LPP, the generic format",
    senses=AssetKind.BAY,
    measures=tuple(_WRITTEN),
    heartbeat=timedelta(hours=24),
    version=1,
    source="ChirpStack d77207c, src/codec/cayenne_lpp.rs and its test; Cayenne, Low Power Payload reference",
    decode=decode,
    encode=encode,
    kinds=frozenset({Kind.HEARTBEAT}),
    disputes=(
        "An unknown type spoils the whole frame at ChirpStack, which also passes over a single octet at the end; here "
        "what was read before the type counts, and a single octet is a frame cut short.",
    ),
)
