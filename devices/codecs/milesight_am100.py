"""Milesight AM102, AM103, AM104, AM107: air indoors, LoRaWAN.

Channels of id, type and value on fPort 85, besides those of the join report (devices.milesight); all numbers are
little-endian. Each model sends those that it has a sensor for:

| id type | value                                                                              | models      |
| 01 75   | battery, uint8 percent                                                             | all         |
| 03 67   | temperature, int16, tenths of a degree Celsius                                     | all         |
| 04 68   | relative humidity, uint8, halves of a percent                                      | all         |
| 05 6a   | activity, uint16: how often the PIR sensor was triggered, kept as it is            | 104 107     |
| 06 65   | illuminance, uint16 lux; visible and infrared, infrared: uint16 counts             | 104 107     |
| 07 7d   | carbon dioxide, uint16 ppm                                                         | 103 107     |
| 08 7d   | total volatile organic compounds, uint16 ppb                                       | 107         |
| 09 73   | barometric pressure, uint16, tenths of a hectopascal                               | 107         |

20 ce begins records of other times; from there on the bytes are kept in raw["undecoded"].

Source: Milesight SensorDecoders AM102 to AM107 README; TTN lorawan-devices milesight-iot/am107; ThingsBoard
data-converters Milesight/AM102 to AM107.
"""

from dataclasses import replace
from datetime import timedelta

from devices.channels import Value
from devices.codec import DeviceModel
from devices.milesight import (
    BATTERY,
    PERIODIC,
    REBOOT,
    SECONDS,
    TELLS_LIGHT,
    TELLS_SECONDS,
    channel_table,
    decoder,
    encoder,
    indicator,
    interval_in_seconds,
    light,
    reports_periodically,
)

_CHANNELS = channel_table(
    {
        **BATTERY,
        "03 67": (Value("temperature_celsius", "h", 10),),
        "04 68": (Value("humidity_percent", "B", 2),),
        "05 6a": (Value("activity", "H"),),
        "06 65": (Value("illuminance_lux", "H"), Value("visible_and_infrared", "H"), Value("infrared", "H")),
        "07 7d": (Value("co2_ppm", "H"),),
        "08 7d": (Value("tvoc_ppb", "H"),),
        "09 73": (Value("pressure_hpa", "H", 10),),
    },
    SECONDS | light("2f"),
)
_CLIMATE = ("temperature_celsius", "humidity_percent", "battery_percent")

AM102 = DeviceModel(
    key="milesight-am102",
    vendor="Milesight",
    name="AM102 climate sensor",
    senses=None,
    measures=_CLIMATE,
    heartbeat=timedelta(hours=1),
    version=2,
    source="Milesight SensorDecoders README; TTN lorawan-devices milesight-iot/am107; ThingsBoard data-converters",
    decode=decoder(_CHANNELS, reports_periodically),
    encode=encoder(_CHANNELS, "temperature_celsius", PERIODIC),
    kinds=PERIODIC,
    commands=(interval_in_seconds(1, 65_535), REBOOT),
    echoes=(TELLS_SECONDS,),
)
AM103 = replace(
    AM102,
    key="milesight-am103",
    name="AM103 air sensor",
    measures=(*_CLIMATE, "co2_ppm"),
    commands=(*AM102.commands, indicator("ff 2f", 2)),
    echoes=(*AM102.echoes, TELLS_LIGHT),
)
AM104 = replace(AM102, key="milesight-am104", name="AM104 air sensor", measures=(*_CLIMATE, "illuminance_lux"))
AM107 = replace(
    AM103,
    key="milesight-am107",
    name="AM107 air sensor",
    measures=(*_CLIMATE, "illuminance_lux", "co2_ppm", "tvoc_ppb", "pressure_hpa"),
)
