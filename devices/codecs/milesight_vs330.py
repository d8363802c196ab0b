"""Milesight VS330: a presence sensor for a cubicle or a seat, time of flight and PIR, LoRaWAN.

Channels of id, type and value on fPort 85, besides those of the join report (devices.milesight):

| id type | value                                               |
| 01 75   | battery, uint8 percent                              |
| 02 82   | distance, uint16 little-endian, mm                  |
| 03 8e   | 0 vacant, 1 occupied                                |
| 04 8e   | calibration: 0 failed, 1 succeeded, kept as code    |

Battery makes a heartbeat, anything measured without it an event.

Source: Milesight SensorDecoders VS330 README; ThingsBoard data-converters Milesight/VS330.
"""

from datetime import timedelta

from devices.channels import Value
from devices.codec import DeviceModel
from devices.milesight import (
    BATTERY,
    CHANGES,
    REBOOT,
    SECONDS,
    TELLS_SECONDS,
    channel_table,
    decoder,
    encoder,
    interval_in_seconds,
    reports_changes,
)
from domain.places import AssetKind

_CHANNELS = channel_table(
    {
        **BATTERY,
        "02 82": (Value("distance_mm", "H"),),
        "03 8e": (Value("occupied", "B"),),
        "04 8e": (Value("calibration_code", "B"),),
    },
    SECONDS,
)

MODEL = DeviceModel(
    key="milesight-vs330",
    vendor="Milesight",
    name="VS330 bathroom and seat occupancy sensor",
    senses=AssetKind.BENCH,
    measures=("occupied", "distance_mm", "battery_percent"),
    heartbeat=timedelta(hours=18),
    version=2,
    source="Milesight SensorDecoders VS330 README; ThingsBoard data-converters Milesight/VS330",
    decode=decoder(_CHANNELS, reports_changes),
    encode=encoder(_CHANNELS, "occupied", CHANGES),
    commands=(interval_in_seconds(60, 64_800), REBOOT),
    echoes=(TELLS_SECONDS,),
)
