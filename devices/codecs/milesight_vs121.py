"""Milesight VS121: a people counter with a camera that keeps no pictures, LoRaWAN.

Channels of id, type and value on fPort 85, besides those of the join report (devices.milesight); numbers are
little-endian but for the mask:

| id type | value                                                                                     |
| 04 c9   | people present, uint8; regions, uint8; mask of the occupied regions, uint16 big-endian    |
| 05 cc   | people in and out since the report before, int16 each                                     |
| 06 cd   | most people present since the report before, uint8                                        |
| 07 d5   | people in regions 1 to 8, uint8 each                                                      |
| 08 d5   | people in regions 9 to 16, uint8 each                                                     |
| 09..0c da | flows from side a, b, c, d to a, b, c and d, uint16 each                                |
| 0d cc   | people in and out since it was started, uint16 each                                       |
| 0e e4   | region, uint8; mean and longest stay, uint16 seconds each                                 |
| 0f 85   | time, uint32 Unix seconds                                                                 |

Source: Milesight SensorDecoders VS121 README and decoder; ThingsBoard data-converters Milesight/VS121.
"""

from datetime import timedelta

from devices.channels import Value
from devices.codec import DeviceModel
from devices.milesight import (
    PERIODIC,
    REBOOT,
    SECONDS,
    TELLS_SECONDS,
    channel_table,
    counts_people,
    decoder,
    encoder,
    interval_in_seconds,
)


def _flows(side: str) -> tuple[Value, ...]:
    return tuple(Value(f"flow_{side}_to_{other}", "H") for other in "abcd")


_CHANNELS = channel_table(
    {
        "04 c9": (
            Value("people_present", "B"),
            Value("region_count", "B"),
            Value("occupied_region_mask", "2s"),
        ),
        "05 cc": (Value("people_in", "h"), Value("people_out", "h")),
        "06 cd": (Value("most_people_present", "B"),),
        "07 d5": (Value("people_in_regions_1_to_8", "8s", read=list),),
        "08 d5": (Value("people_in_regions_9_to_16", "8s", read=list),),
        "09 da": _flows("a"),
        "0a da": _flows("b"),
        "0b da": _flows("c"),
        "0c da": _flows("d"),
        "0d cc": (Value("people_in_total", "H"), Value("people_out_total", "H")),
        "0e e4": (Value("region", "B"), Value("mean_stay_seconds", "H"), Value("longest_stay_seconds", "H")),
        "0f 85": (Value("unix_seconds", "I"),),
    },
    SECONDS,
)


MODEL = DeviceModel(
    key="milesight-vs121",
    vendor="Milesight",
    name="VS121 people counter",
    senses=None,
    measures=("people_present", "people_in_total", "people_out_total"),
    heartbeat=timedelta(hours=1),
    version=2,
    source="Milesight SensorDecoders VS121 README and decoder; ThingsBoard data-converters Milesight/VS121",
    decode=decoder(_CHANNELS, counts_people),
    encode=encoder(_CHANNELS, "people_present", PERIODIC),
    kinds=PERIODIC,
    commands=(interval_in_seconds(5, 65_535), REBOOT),
    echoes=(TELLS_SECONDS,),
)
