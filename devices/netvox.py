"""What all Netvox sensors have in common: the heading of reports on fPort 6 and of answers on fPort 7, downlinks.

| fPort | byte | meaning                                                                     |
| 6     | 0    | 1, the version of the format                                                |
|       | 1    | device type                                                                 |
|       | 2    | report type: 0 version, others as the model has them                        |
|       | 3    | report 0: software version in tenths                                        |
|       | 4    | report 0: hardware version                                                  |
|       | 5-8  | report 0: date code, binary-coded decimal                                   |
|       | 3    | report 1: battery, bits 6..0 tenths of a volt, bit 7: 1 low                 |
| 7     | 0    | command that is answered, 0x80 added                                        |
|       | 1    | device type                                                                 |
|       | 2-10 | answer, kept as hex                                                         |
|       | 2    | to command 1, which sets the intervals: 0 done, else refused                |
|       | 2-3  | to command 2, which asks for them: the least interval, uint16 seconds       |
|       | 4-5  | to command 2: the greatest interval, uint16 seconds                         |

All are 11 bytes. The version is sent after joining: it makes a startup. Downlinks are 11 bytes on fPort 7: command,
device type, then for command 1 the least and greatest reporting interval, uint16 big-endian seconds, and by how
much each value has to change to be reported in between.

Source: TTN lorawan-devices netvox/rb11e.js, r311fa.js, r718e.js at 277e69a and their examples.
"""

import struct
from collections.abc import Callable

from devices.codec import Decode, Encode, Frame
from devices.downlinks import Limit, ReportSettings, SetReportingInterval, Support
from devices.octets import Encoded, check_length
from devices.settings import interval_echo
from domain.measurements import Measurements
from domain.uplinks import Kind

_REPORTS, _ANSWERS = 6, 7
_SIZE = 11
_VERSION = 0
_SET, _ASK = 1, 2
_LOW = 0x80
_USUAL_VOLTS = 3.6
_SOURCE = "TTN lorawan-devices netvox at 277e69a, downlink examples"
TELLS_INTERVAL = interval_echo(
    "greatest_interval_seconds", 1, "TTN lorawan-devices netvox at 277e69a, examples of answers to command 2"
)

Read = Callable[[int, bytes], Frame]
"""Reads the data of a report: its type, and the octets from the third on."""


def decoder(device_type: int, read: Read) -> Decode:
    """The decode of the model with this device type; `read` knows its reports."""

    def decode(f_port: int, payload: bytes) -> Frame:
        if f_port not in {_REPORTS, _ANSWERS}:
            raise ValueError("not an fPort of this model")
        check_length(payload, _SIZE)
        if payload[1] != device_type:
            raise ValueError(f"device type {payload[1]:#04x} is another model")
        if f_port == _ANSWERS:
            return Frame(kind=Kind.CONFIG, measurements={}, raw=_answer(payload))
        if payload[0] != 1:
            raise ValueError(f"version {payload[0]} of the format is not documented")
        return _version(payload) if payload[2] == _VERSION else read(payload[2], payload[3:])

    return decode


def _answer(payload: bytes) -> dict[str, object]:
    command = payload[0] & 0x7F
    raw: dict[str, object] = {"answered_command": command, "answer": payload[2:].hex()}
    if command == _SET:
        raw["status_code"] = payload[2]
    elif command == _ASK:
        raw["least_interval_seconds"], raw["greatest_interval_seconds"] = struct.unpack_from(">HH", payload, 2)
    return raw


def _version(payload: bytes) -> Frame:
    raw: dict[str, object] = {
        "software_version": payload[3] / 10,
        "hardware_version": payload[4],
        "date_code": payload[5:9].hex(),
    }
    return Frame(kind=Kind.STARTUP, measurements={}, raw=raw)


def battery(octet: int) -> Measurements:
    """What the battery octet of a report says."""
    return {"battery_volts": (octet & 0x7F) / 10, "battery_low": bool(octet & _LOW)}


def battery_octet(measurements: Measurements) -> int:
    """The battery octet of a report; an absent battery gets a usual value.

    Raises:
        ValueError: the voltage does not fit into 7 bits of tenths.
    """
    tenths = measurements.get("battery_volts", _USUAL_VOLTS) * 10
    if not 0 <= tenths < 127.5:
        raise ValueError(f"battery of {tenths / 10:g} V does not fit")
    return round(tenths) | measurements.get("battery_low", False) * _LOW


def encoder(device_type: int, needed: str, report: Callable[[Measurements], bytes]) -> Encode:
    """The encode of a model: `report` makes the octets from the third on of its periodic report."""

    def encode(kind: Kind, measurements: Measurements) -> Encoded:
        if needed not in measurements:
            raise ValueError(f"a frame of this model needs {needed}")
        match kind:
            case Kind.HEARTBEAT:
                data = report(measurements)
            case Kind.STARTUP:
                data = bytes.fromhex("00 640a 20200611")
            case _:
                raise ValueError(f"no {kind} frame is made for this model")
        return Encoded(f_port=_REPORTS, payload=bytes((1, device_type)) + data.ljust(_SIZE - 2, b"\0"))

    return encode


def interval(device_type: int, changes: str) -> Support:
    """Least and greatest interval alike: reports come that often, and at once where something is triggered.

    `changes` are the octets of by how much values have to change, in hex, as in the maker's example.
    """

    def encode(command: SetReportingInterval) -> Encoded:
        seconds = command.seconds.to_bytes(2, "big")
        payload = bytes((_SET, device_type)) + seconds + seconds + bytes.fromhex(changes)
        return Encoded(f_port=_ANSWERS, payload=payload.ljust(_SIZE, b"\0"))

    return Support(command=SetReportingInterval, encode=encode, source=_SOURCE, limits={"seconds": Limit(1, 65_535)})


def asks_settings(device_type: int) -> Support:
    """Command 2: the device answers with the intervals that it has."""
    payload = bytes((_ASK, device_type)).ljust(_SIZE, b"\0")
    encoded = Encoded(f_port=_ANSWERS, payload=payload)
    return Support(command=ReportSettings, encode=lambda _: encoded, source=_SOURCE)
