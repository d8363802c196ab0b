"""Milesight VS340 (desk) and VS341 (seat): presence sensors that send the same bytes, LoRaWAN.

Channels of id, type and value on fPort 85, besides those of the join report (devices.milesight):

| id type | value                                               |
| 01 75   | battery, uint8 percent                              |
| 03 00   | 0 vacant, 1 occupied                                |

The periodic report has both battery and occupancy, the report of a change occupancy alone: battery makes a
heartbeat, occupancy without it an event. From the first unknown channel on the bytes are kept in raw["undecoded"].

Source: Milesight SensorDecoders VS340 and VS341 README; ThingsBoard data-converters Milesight/VS34x.
"""

from dataclasses import replace
from datetime import timedelta

from devices.channels import Value
from devices.codec import DeviceModel
from devices.milesight import (
    BATTERY,
    CHANGES,
    MINUTES,
    REBOOT,
    TELLS_LIGHT,
    TELLS_MINUTES,
    channel_table,
    decoder,
    encoder,
    indicator,
    interval_in_minutes,
    light,
    reports_changes,
)
from domain.places import AssetKind

_CHANNELS = channel_table({**BATTERY, "03 00": (Value("occupied", "B"),)}, MINUTES | light("2f"))

VS340 = DeviceModel(
    key="milesight-vs340",
    vendor="Milesight",
    name="VS340 desk occupancy sensor",
    senses=AssetKind.BENCH,
    measures=("occupied", "battery_percent"),
    heartbeat=timedelta(minutes=1080),
    version=2,
    source="Milesight SensorDecoders VS340 and VS341 README; ThingsBoard data-converters Milesight/VS34x",
    decode=decoder(_CHANNELS, reports_changes),
    encode=encoder(_CHANNELS, "occupied", CHANGES),
    disputes=("The same id and type 03 00 is motion on Milesight WS202: read by model, never by channel alone.",),
    commands=(interval_in_minutes(1, 1440), REBOOT, indicator("ff 2f", 1)),
    echoes=(TELLS_MINUTES, TELLS_LIGHT),
)
VS341 = replace(VS340, key="milesight-vs341", name="VS341 seat occupancy sensor")
