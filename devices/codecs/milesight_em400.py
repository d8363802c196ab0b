"""Milesight EM400-UDL, EM400-MUD (ultrasonic) and EM400-TLD (laser): distance sensors, LoRaWAN.

Channels of id, type and value on fPort 85, besides those of the join report (devices.milesight):

| id type | value                                                                                     |
| 01 75   | battery, uint8 percent                                                                    |
| 03 67   | temperature, int16 little-endian, tenths of a degree Celsius                              |
| 04 82   | distance, uint16 little-endian, mm                                                        |
| 05 00   | position: 0 as installed, 1 tilted                                                        |
| 83 67   | temperature as 03 67, then uint8: 1 its alarm began, 0 it ended; makes the frame an event |
| 84 82   | distance as 04 82, then uint8: 1 its alarm began, 0 it ended; makes the frame an event    |

It does not know what it looks at: whether a bay is occupied is decided by its installation (devices.distance).

Source: Milesight SensorDecoders EM400-UDL, EM400-TLD and EM400-MUD README; ThingsBoard data-converters
Milesight/EM400-UDL and EM400-TLD.
"""

from dataclasses import replace
from datetime import timedelta

from devices.channels import Reading, Value
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
from domain.uplinks import Kind

_ALARMS = {"temperature_alarm_code", "distance_alarm_code"}
_CHANNELS = channel_table(
    {
        **BATTERY,
        "03 67": (Value("temperature_celsius", "h", 10),),
        "04 82": (Value("distance_mm", "H"),),
        "05 00": (Value("tilt", "B"),),
        "83 67": (Value("temperature_celsius", "h", 10), Value("temperature_alarm_code", "B")),
        "84 82": (Value("distance_mm", "H"), Value("distance_alarm_code", "B")),
    },
    SECONDS,
)


def _kind(reading: Reading) -> Kind:
    return Kind.EVENT if reading.raw.keys() & _ALARMS else reports_periodically(reading)


EM400_UDL = DeviceModel(
    key="milesight-em400-udl",
    vendor="Milesight",
    name="EM400-UDL ultrasonic distance sensor",
    senses=AssetKind.BAY,
    measures=("distance_mm", "temperature_celsius", "tilt", "battery_percent"),
    heartbeat=timedelta(hours=18),
    version=2,
    source="Milesight SensorDecoders EM400 README; ThingsBoard data-converters Milesight/EM400-UDL and EM400-TLD",
    decode=decoder(_CHANNELS, _kind),
    encode=encoder(_CHANNELS, "distance_mm", PERIODIC),
    kinds=PERIODIC,
    commands=(interval_in_seconds(60, 64_800), REBOOT),
    echoes=(TELLS_SECONDS,),
)
EM400_TLD = replace(EM400_UDL, key="milesight-em400-tld", name="EM400-TLD laser distance sensor")
EM400_MUD = replace(EM400_UDL, key="milesight-em400-mud", name="EM400-MUD multifunctional distance sensor")
