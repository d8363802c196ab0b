"""Milesight AM307, AM308, AM319: air indoors with particles and gases, LoRaWAN.

Channels of id, type and value on fPort 85, besides those of the join report (devices.milesight); all numbers are
little-endian. Each model sends those that it has a sensor for:

| id type | value                                                            | models          |
| 01 75   | battery, uint8 percent                                           | all             |
| 03 67   | temperature, int16, tenths of a degree Celsius                   | all             |
| 04 68   | relative humidity, uint8, halves of a percent                    | all             |
| 05 00   | motion: 0 none, 1 triggered                                      | all             |
| 06 cb   | light level, uint8, 0 to 5, kept as it is                        | all             |
| 07 7d   | carbon dioxide, uint16 ppm                                       | all             |
| 08 7d   | volatile organic compounds, uint16, kept as a code               | all             |
| 08 e6   | volatile organic compounds, uint16 microgram/m3, kept in raw     | all             |
| 09 73   | barometric pressure, uint16, tenths of a hectopascal             | all             |
| 0a 7d   | formaldehyde, uint16, hundredths of a milligram/m3               | 319 HCHO        |
| 0b 7d   | particles up to 2.5 micrometres, uint16 microgram/m3             | 308 319         |
| 0c 7d   | particles up to 10 micrometres, uint16 microgram/m3              | 308 319         |
| 0d 7d   | ozone, uint16, hundredths of a ppm                               | 319 O3          |
| 0e 01   | buzzer: 0 off, 1 on, kept as a code                              | all             |

20 ce and 21 ce begin records of other times; from there on the bytes are kept in raw["undecoded"].

Source: Milesight SensorDecoders AM307, AM308, AM319-HCHO and AM319-O3 README; ThingsBoard data-converters
Milesight/AM307, AM308 and AM319.
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
        "05 00": (Value("motion", "B"),),
        "06 cb": (Value("light_level", "B"),),
        "07 7d": (Value("co2_ppm", "H"),),
        "08 7d": (Value("tvoc_code", "H"),),
        "08 e6": (Value("tvoc_ug_m3", "H"),),
        "09 73": (Value("pressure_hpa", "H", 10),),
        "0a 7d": (Value("formaldehyde_mg_m3", "H", 100),),
        "0b 7d": (Value("pm2_5_ug_m3", "H"),),
        "0c 7d": (Value("pm10_ug_m3", "H"),),
        "0d 7d": (Value("ozone_ppm", "H", 100),),
        "0e 01": (Value("buzzer_code", "B"),),
    },
    SECONDS | light("2e"),
)
_AIR = ("temperature_celsius", "humidity_percent", "motion", "co2_ppm", "pressure_hpa", "battery_percent")
_PARTICLES = ("pm2_5_ug_m3", "pm10_ug_m3")

AM307 = DeviceModel(
    key="milesight-am307",
    vendor="Milesight",
    name="AM307 air sensor",
    senses=None,
    measures=_AIR,
    heartbeat=timedelta(hours=1),
    version=2,
    source="Milesight SensorDecoders README; ThingsBoard data-converters Milesight/AM307, AM308, AM319",
    decode=decoder(_CHANNELS, reports_periodically),
    encode=encoder(_CHANNELS, "temperature_celsius", PERIODIC),
    kinds=PERIODIC,
    disputes=(
        "Channel 08 7d: an air quality index in hundredths in the README, the plain number at ThingsBoard, ppb on "
        "AM107: kept as a code, no measurement.",
    ),
    commands=(interval_in_seconds(1, 65_535), REBOOT, indicator("ff 2e", 1)),
    echoes=(TELLS_SECONDS, TELLS_LIGHT),
)
AM308 = replace(AM307, key="milesight-am308", name="AM308 air sensor", measures=_AIR + _PARTICLES)
AM319 = replace(
    AM307,
    key="milesight-am319",
    name="AM319 air sensor, formaldehyde or ozone",
    measures=(*_AIR, *_PARTICLES, "formaldehyde_mg_m3", "ozone_ppm"),
)
