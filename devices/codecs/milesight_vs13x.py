"""Milesight VS132 and VS133: people counters by time of flight that count across lines, LoRaWAN.

Channels of id, type and value on fPort 85, besides those of the join report (devices.milesight); all numbers are
little-endian. VS132 has line 1 alone:

| id type          | value                                                                  |
| 03 06 09 0c d2   | people in since it was started across line 1, 2, 3, 4, uint32          |
| 04 07 0a 0d d2   | people out since it was started across line 1, 2, 3, 4, uint32         |
| 05 08 0b 0e cc   | people in and out since the report before, lines 1 to 4, uint16 each   |
| 0f e3            | people in regions 1 to 4, uint8 each                                   |
| 10 e4            | region, uint8; mean and longest stay, uint16 each                      |

Totals are the sum of the lines in a frame that has line 1: lines that are not in use do not come.

Source: Milesight SensorDecoders VS132 and VS133 README; ThingsBoard data-converters Milesight/VS132 and VS133.
"""

from dataclasses import replace
from datetime import timedelta
from typing import cast

from devices.channels import Value
from devices.codec import DeviceModel, Frame
from devices.milesight import (
    F_PORT,
    PERIODIC,
    REBOOT,
    SECONDS,
    TELLS_SECONDS,
    channel_table,
    check_f_port,
    counts_people,
    encoder,
    interval_in_seconds,
)
from devices.octets import Encoded
from domain.measurements import Measurements
from domain.uplinks import Kind

_LINES = (1, 2, 3, 4)


def _line_channels() -> dict[str, tuple[Value, ...]]:
    channels: dict[str, tuple[Value, ...]] = {}
    for line in _LINES:
        first = 3 * line
        channels[f"{first:02x} d2"] = (Value(f"line_{line}_in_total", "I"),)
        channels[f"{first + 1:02x} d2"] = (Value(f"line_{line}_out_total", "I"),)
        channels[f"{first + 2:02x} cc"] = (Value(f"line_{line}_in", "H"), Value(f"line_{line}_out", "H"))
    return channels


_CHANNELS = channel_table(
    {
        **_line_channels(),
        "0f e3": (Value("people_in_regions", "4s", read=list),),
        "10 e4": (Value("region", "B"), Value("mean_stay", "H"), Value("longest_stay", "H")),
    },
    SECONDS,
)
_without_counts = encoder(_CHANNELS, "people_in_total", PERIODIC)


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a VS13x uplink: see the table above.

    Raises: ValueError: another fPort, nothing at all, a channel cut short.
    """
    check_f_port(f_port)
    reading = _CHANNELS.read(payload)
    for way in ("in", "out"):
        lines = [f"line_{line}_{way}_total" for line in _LINES]
        if lines[0] in reading.raw:
            reading.measurements[f"people_{way}_total"] = sum(cast("int", reading.raw.get(line, 0)) for line in lines)
    return reading.frame(counts_people(reading))


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode a report of line 1; an absent total out is 0.

    Raises:
        ValueError: another kind, no `people_in_total`, or a total that does not fit.
    """
    frame = _without_counts(kind, measurements)
    if kind is Kind.STARTUP:
        return frame
    totals = ((b"\x03\xd2", measurements["people_in_total"]), (b"\x04\xd2", measurements.get("people_out_total", 0)))
    return Encoded(f_port=F_PORT, payload=b"".join(tag + _total(total) for tag, total in totals))


def _total(total: int) -> bytes:
    if not 0 <= total < 2**32:
        raise ValueError("a total does not fit into a uint32")
    return total.to_bytes(4, "little")


VS133 = DeviceModel(
    key="milesight-vs133",
    vendor="Milesight",
    name="VS133 people counter",
    senses=None,
    measures=("people_in_total", "people_out_total"),
    heartbeat=timedelta(hours=1),
    version=2,
    source="Milesight SensorDecoders VS132, VS133 README; ThingsBoard data-converters Milesight/VS132, VS133",
    decode=decode,
    encode=encode,
    kinds=PERIODIC,
    commands=(interval_in_seconds(1, 64_800), REBOOT),
    echoes=(TELLS_SECONDS,),
)
VS132 = replace(
    VS133,
    key="milesight-vs132",
    name="VS132 people counter",
    disputes=(
        "The reporting interval is a uint16 in the maker's encoder of VS133, cut to one octet in that of VS132: no "
        "interval is sent to this model.",
    ),
    commands=(REBOOT,),
)
