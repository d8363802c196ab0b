"""Milesight EM310-UDL: an ultrasonic distance sensor, usable above a bay, LoRaWAN.

Channels of id, type and value on fPort 85, besides those of the join report (devices.milesight):

| id type | value                                               |
| 01 75   | battery, uint8 percent                              |
| 03 82   | distance, uint16 little-endian, mm                  |
| 04 00   | position: 0 as installed, 1 tilted                  |

It does not know what it looks at: whether a bay is occupied is decided by its installation (devices.distance).

Source: Milesight SensorDecoders EM310-UDL README; ThingsBoard data-converters Milesight/EM310-UDL.
"""

from datetime import timedelta

from devices.channels import Value
from devices.codec import DeviceModel
from devices.milesight import (
    BATTERY,
    PERIODIC,
    REBOOT,
    SECONDS,
    TELLS_SECONDS,
    channel_table,
    decoder,
    encoder,
    interval_in_seconds,
    reports_periodically,
)
from domain.places import AssetKind

_CHANNELS = channel_table({**BATTERY, "03 82": (Value("distance_mm", "H"),), "04 00": (Value("tilt", "B"),)}, SECONDS)

MODEL = DeviceModel(
    key="milesight-em310-udl",
    vendor="Milesight",
    name="EM310-UDL ultrasonic distance sensor",
    senses=AssetKind.BAY,
    measures=("distance_mm", "tilt", "battery_percent"),
    heartbeat=timedelta(hours=24),
    version=2,
    source="Milesight SensorDecoders EM310-UDL README; ThingsBoard data-converters Milesight/EM310-UDL",
    decode=decoder(_CHANNELS, reports_periodically),
    encode=encoder(_CHANNELS, "distance_mm", PERIODIC),
    kinds=PERIODIC,
    commands=(interval_in_seconds(1, 65_535), REBOOT),
    echoes=(TELLS_SECONDS,),
)
