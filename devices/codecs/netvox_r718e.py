"""Netvox R718E: vibration by acceleration and velocity, temperature, LoRaWAN.

Reports after the heading of devices.netvox, device type 0x1c. A short float is the upper half of an IEEE 754
float32, its two octets little-endian:

| report | byte | meaning                                                        |
| 1      | 3    | battery, see devices.netvox                                    |
|        | 4-9  | acceleration x, y, z, short floats, m/s2                       |
|        | 10   | reserved                                                       |
| 2      | 3-8  | velocity x, y, z, short floats, mm/s                           |
|        | 9-10 | temperature, int16 big-endian, tenths of a degree Celsius      |

Source: TTN lorawan-devices netvox/r718e.js at 277e69a and its examples.
"""

import math
import struct
from datetime import timedelta

from devices import netvox
from devices.codec import DeviceModel, Frame
from domain.measurements import Measurements
from domain.uplinks import Kind

_DEVICE_TYPE = 0x1C
_ACCELERATION = 1


def read(report: int, data: bytes) -> Frame:
    """Read report 1 or 2: see the table above.

    Raises: ValueError: another report, or a float that is not finite.
    """
    match report:
        case 1:
            return Frame(
                kind=Kind.HEARTBEAT,
                measurements=netvox.battery(data[0]),
                raw=_axes("acceleration_{}_m_s2", data[1:7]),
            )
        case 2:
            (tenths,) = struct.unpack_from(">h", data, 6)
            return Frame(
                kind=Kind.HEARTBEAT,
                measurements={"temperature_celsius": tenths / 10},
                raw=_axes("velocity_{}_mm_s", data[:6]),
            )
    raise ValueError(f"report type {report} is not documented")


def _axes(name: str, octets: bytes) -> dict[str, object]:
    return {name.format(axis): _short_float(octets[at : at + 2]) for axis, at in (("x", 0), ("y", 2), ("z", 4))}


def _short_float(octets: bytes) -> float:
    (value,) = struct.unpack("<f", b"\0\0" + octets)
    if not math.isfinite(value):
        raise ValueError("a float is not finite")
    return float(value)


def _report(measurements: Measurements) -> bytes:
    """Report 1, at rest; the temperature is in report 2, which has no battery."""
    return bytes((_ACCELERATION, netvox.battery_octet(measurements)))


MODEL = DeviceModel(
    key="netvox-r718e",
    vendor="Netvox",
    name="R718E vibration sensor",
    senses=None,
    measures=("battery_volts", "battery_low", "temperature_celsius"),
    heartbeat=timedelta(hours=1),
    version=2,
    source="TTN lorawan-devices netvox/r718e.js at 277e69a and its examples",
    decode=netvox.decoder(_DEVICE_TYPE, read),
    encode=netvox.encoder(_DEVICE_TYPE, "battery_volts", _report),
    kinds=frozenset({Kind.HEARTBEAT, Kind.STARTUP}),
    commands=(netvox.interval(_DEVICE_TYPE, "01 0001"), netvox.asks_settings(_DEVICE_TYPE)),
    echoes=(netvox.TELLS_INTERVAL,),
)
