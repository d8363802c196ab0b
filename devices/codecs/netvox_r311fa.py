"""Netvox R311FA: an activity sensor, vibration, LoRaWAN.

Report 1 after the heading of devices.netvox, device type 0x4f:

| byte | meaning                                                            |
| 3    | battery, see devices.netvox                                        |
| 4    | 0 at rest, 1 moved                                                 |
| 5-10 | reserved                                                           |

Source: TTN lorawan-devices netvox/r311fa.js at 277e69a and its examples.
"""

from datetime import timedelta

from devices import netvox
from devices.codec import DeviceModel, Frame
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_DEVICE_TYPE = 0x4F
_DATA = 1


def read(report: int, data: bytes) -> Frame:
    """Read report 1: see the table above.

    Raises: ValueError: another report, or a state that is neither 0 nor 1.
    """
    if report != _DATA:
        raise ValueError(f"report type {report} is not documented")
    if data[1] > 1:
        raise ValueError("the state is neither 0 nor 1")
    measurements = netvox.battery(data[0])
    measurements["vibration"] = data[1] == 1
    return Frame(kind=Kind.HEARTBEAT, measurements=measurements, raw={})


def _report(measurements: Measurements) -> bytes:
    return bytes((_DATA, netvox.battery_octet(measurements), measurements["vibration"]))


MODEL = DeviceModel(
    key="netvox-r311fa",
    vendor="Netvox",
    name="R311FA activity sensor",
    senses=AssetKind.BENCH,
    measures=("vibration", "battery_volts", "battery_low"),
    heartbeat=timedelta(hours=1),
    version=2,
    source="TTN lorawan-devices netvox/r311fa.js at 277e69a and its examples",
    decode=netvox.decoder(_DEVICE_TYPE, read),
    encode=netvox.encoder(_DEVICE_TYPE, "vibration", _report),
    kinds=frozenset({Kind.HEARTBEAT, Kind.STARTUP}),
    commands=(netvox.interval(_DEVICE_TYPE, "01"), netvox.asks_settings(_DEVICE_TYPE)),
    echoes=(netvox.TELLS_INTERVAL,),
)
