"""Milesight WS302: a sound level meter, LoRaWAN.

Channels of id, type and value on fPort 85, besides those of the join report (devices.milesight):

| id type | value                                                                              |
| 01 75   | battery, uint8 percent                                                             |
| 05 5b   | byte 0 weighting: bits 1..0 frequency, 0 Z 1 A 2 C; bits 3..2 time, 0 I 1 F 2 S;   |
|         | then uint16 little-endian, tenths of a decibel: level, equivalent level, maximum   |

A-weighted levels are measurements: the equivalent level is sound_dba, the maximum sound_max_dba. Levels of another
weighting are no dB(A) and stay in raw, where all are.

Source: Milesight SensorDecoders WS302 README and decoder; ThingsBoard data-converters Milesight/WS302.
"""

from datetime import timedelta

from devices.channels import Value
from devices.codec import DeviceModel, Frame
from devices.milesight import (
    BATTERY,
    F_PORT,
    PERIODIC,
    REBOOT,
    TELLS_LIGHT,
    channel_table,
    check_f_port,
    encoder,
    indicator,
    light,
    reports_periodically,
)
from devices.octets import Encoded
from domain.measurements import Measurements
from domain.uplinks import Kind

_A_WEIGHTING = 1
_A_AND_FAST = 0x05
_CHANNELS = channel_table(
    {
        **BATTERY,
        "05 5b": (
            Value("weighting_code", "B"),
            Value("level_decibels", "H", 10),
            Value("equivalent_level_decibels", "H", 10),
            Value("maximum_level_decibels", "H", 10),
        ),
    },
    light("2d"),
)
_without_sound = encoder(_CHANNELS, "sound_dba", PERIODIC)


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a WS302 uplink: see the table above.

    Raises: ValueError: another fPort, nothing at all, a channel cut short.
    """
    check_f_port(f_port)
    reading = _CHANNELS.read(payload)
    weighting = reading.raw.get("weighting_code")
    if isinstance(weighting, int) and weighting & 0x03 == _A_WEIGHTING:
        reading.measurements["sound_dba"] = reading.raw["equivalent_level_decibels"]
        reading.measurements["sound_max_dba"] = reading.raw["maximum_level_decibels"]
    return reading.frame(reports_periodically(reading))


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode a periodic report in A and fast weighting; an absent maximum is the level itself.

    Raises:
        ValueError: another kind, no `sound_dba`, or a level that does not fit.
    """
    frame = _without_sound(kind, measurements)
    if kind is Kind.STARTUP:
        return frame
    level = _tenths(measurements["sound_dba"])
    loudest = _tenths(measurements.get("sound_max_dba", measurements["sound_dba"]))
    sound = b"\x05\x5b" + bytes((_A_AND_FAST,)) + level + level + loudest
    return Encoded(f_port=F_PORT, payload=frame.payload + sound)


def _tenths(decibels: float) -> bytes:
    if not 0 <= decibels <= 6553.5:
        raise ValueError(f"a level of {decibels:g} dB does not fit")
    return round(decibels * 10).to_bytes(2, "little")


MODEL = DeviceModel(
    key="milesight-ws302",
    vendor="Milesight",
    name="WS302 sound level sensor",
    senses=None,
    measures=("sound_dba", "sound_max_dba", "battery_percent"),
    heartbeat=timedelta(hours=24),
    version=2,
    source="Milesight SensorDecoders WS302 README and decoder; ThingsBoard data-converters Milesight/WS302",
    decode=decode,
    encode=encode,
    kinds=PERIODIC,
    commands=(REBOOT, indicator("ff 2d", 1)),
    echoes=(TELLS_LIGHT,),
)
