"""Netvox RB11E: presence by PIR, temperature and light, LoRaWAN.

Report 1 after the heading of devices.netvox, device type 0x03; big-endian:

| byte | meaning                                                            |
| 3    | battery, see devices.netvox                                        |
| 4-5  | temperature, int16, hundredths of a degree Celsius                 |
| 6-7  | illuminance, uint16 lux                                            |
| 8    | 0 vacant, 1 occupied                                               |
| 9    | 0 mounted, 1 taken from its mount                                  |
| 10   | reserved                                                           |

Source: TTN lorawan-devices netvox/rb11e.js at 277e69a and its examples.
"""

import struct
from datetime import timedelta

from devices import netvox
from devices.codec import DeviceModel, Frame
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_DEVICE_TYPE = 0x03
_DATA = 1
_LAYOUT = struct.Struct(">BhHBB")
_USUAL_CELSIUS = 20.0


def read(report: int, data: bytes) -> Frame:
    """Read report 1: see the table above.

    Raises: ValueError: another report, or a flag that is neither 0 nor 1.
    """
    if report != _DATA:
        raise ValueError(f"report type {report} is not documented")
    battery, centidegrees, lux, occupied, dismounted = _LAYOUT.unpack_from(data)
    if occupied > 1 or dismounted > 1:
        raise ValueError("a flag is neither 0 nor 1")
    measurements = netvox.battery(battery)
    measurements |= {
        "temperature_celsius": centidegrees / 100,
        "illuminance_lux": lux,
        "occupied": occupied == 1,
        "tamper": dismounted == 1,
    }
    return Frame(kind=Kind.HEARTBEAT, measurements=measurements, raw={})


def _report(measurements: Measurements) -> bytes:
    centidegrees = measurements.get("temperature_celsius", _USUAL_CELSIUS) * 100
    lux = measurements.get("illuminance_lux", 0)
    if not (-32768 <= centidegrees <= 32767 and 0 <= lux <= 65_535):
        raise ValueError("temperature or illuminance does not fit")
    flags = measurements.get("occupied", False), measurements.get("tamper", False)
    return bytes((_DATA,)) + _LAYOUT.pack(netvox.battery_octet(measurements), round(centidegrees), round(lux), *flags)


MODEL = DeviceModel(
    key="netvox-rb11e",
    vendor="Netvox",
    name="RB11E occupancy, temperature and light sensor",
    senses=AssetKind.BENCH,
    measures=("occupied", "tamper", "temperature_celsius", "illuminance_lux", "battery_volts", "battery_low"),
    heartbeat=timedelta(hours=1),
    version=2,
    source="TTN lorawan-devices netvox/rb11e.js at 277e69a and its examples",
    decode=netvox.decoder(_DEVICE_TYPE, read),
    encode=netvox.encoder(_DEVICE_TYPE, "occupied", _report),
    kinds=frozenset({Kind.HEARTBEAT, Kind.STARTUP}),
    commands=(netvox.interval(_DEVICE_TYPE, "01 0032 0064"), netvox.asks_settings(_DEVICE_TYPE)),
    echoes=(netvox.TELLS_INTERVAL,),
)
