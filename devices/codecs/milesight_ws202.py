"""Milesight WS202: a motion and light sensor, PIR, LoRaWAN.

Channels of id, type and value on fPort 85, besides those of the join report (devices.milesight):

| id type | value                                               |
| 01 75   | battery, uint8 percent                              |
| 03 00   | motion: 0 none, 1 triggered                         |
| 04 00   | daylight: 0 dark or dim, 1 light, kept as code      |

Battery makes a heartbeat, motion or daylight without it an event. Motion is not occupancy: somebody who sits still is
not seen.

Source: Milesight SensorDecoders WS202 README; ThingsBoard data-converters Milesight/WS202.
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
    {**BATTERY, "03 00": (Value("motion", "B"),), "04 00": (Value("daylight_code", "B"),)}, SECONDS
)

MODEL = DeviceModel(
    key="milesight-ws202",
    vendor="Milesight",
    name="WS202 PIR and light sensor",
    senses=AssetKind.BENCH,
    measures=("motion", "battery_percent"),
    heartbeat=timedelta(hours=24),
    version=2,
    source="Milesight SensorDecoders WS202 README; ThingsBoard data-converters Milesight/WS202",
    decode=decoder(_CHANNELS, reports_changes),
    encode=encoder(_CHANNELS, "motion", CHANGES),
    disputes=(
        "Daylight 0 is dark in the README and at ThingsBoard, dim in the maker's decoder: kept as a code.",
        "The same id and type 03 00 is occupancy on Milesight VS34x: read by model, never by channel alone.",
    ),
    commands=(interval_in_seconds(1, 65_535), REBOOT),
    echoes=(TELLS_SECONDS,),
)
