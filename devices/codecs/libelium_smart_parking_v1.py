"""Libelium Smart Parking with firmware v1: a parking bay sensor, magnetic, LoRaWAN."""

import struct
from datetime import timedelta

from devices.codec import DeviceModel, Frame
from devices.octets import Encoded, check_application_port, check_length, occupancy
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_INFO, _KEEP_ALIVE, _DAILY, _ERROR, _START_1, _START_2 = range(6)
_KINDS = {
    _INFO: Kind.EVENT,
    _KEEP_ALIVE: Kind.HEARTBEAT,
    _DAILY: Kind.HEARTBEAT,
    _ERROR: Kind.ERROR,
    _START_1: Kind.STARTUP,
    _START_2: Kind.STARTUP,
}
_TYPES = {Kind.EVENT: _INFO, Kind.HEARTBEAT: _KEEP_ALIVE, Kind.STARTUP: _START_1}
_USUAL_VOLTS = 3.6


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a Smart Parking v1 uplink: 12 bytes on any application fPort, big-endian.

    | type | byte  | meaning                                                                           |
    | all  | 0     | bit 7: 0 free, 1 occupied; bit 6: 1 battery must be replaced;                     |
    |      |       | bits 5..4 reserved; bits 3..0: type                                               |
    |      | 1     | frame counter                                                                     |
    | 0 4  | 2-3   | temperature, int16, kept as a code: its formula is a picture in the guide         |
    |      | 4-9   | magnetic field x, y, z, int16 each; type 4: its reference                         |
    | 4    | 10-11 | battery, uint16 mV                                                                |
    | rest |       | kept as hex                                                                       |

    Types: 0 info (the state changed), 1 keep-alive, 2 daily, 3 error, 4 and 5 start. Byte 0 means the same in all
    of them.

    Raises: ValueError: another length, types 6 to 15, or no application fPort.
    Source: Libelium, Smart Parking technical guide, 7.2 (firmware v1.x.x) and its example of a start frame.
    """
    check_application_port(f_port)
    check_length(payload, 12)
    frame_type = payload[0] & 0x0F
    if frame_type not in _KINDS:
        raise ValueError(f"frame type {frame_type} is not documented")
    measurements: Measurements = {"occupied": bool(payload[0] & 0x80), "battery_low": bool(payload[0] & 0x40)}
    if frame_type == _START_1:
        measurements["battery_volts"] = int.from_bytes(payload[10:], "big") / 1000
    if frame_type == _ERROR:
        measurements["sensor_fault"] = True
    return Frame(kind=_KINDS[frame_type], measurements=measurements, raw=_raw(frame_type, payload))


def _raw(frame_type: int, payload: bytes) -> dict[str, object]:
    raw: dict[str, object] = {"frame_type": frame_type, "frame_counter": payload[1]}
    if frame_type not in {_INFO, _START_1}:
        return raw | {"undocumented": payload[2:].hex()}
    temperature, *field = struct.unpack_from(">hhhh", payload, 2)
    raw |= {"temperature_code": temperature, "magnetic_field": field}
    return raw if frame_type == _START_1 else raw | {"undocumented": payload[10:].hex()}


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode what a node would send, on fPort 1 with counter 0 and no field; the battery is in startups alone.

    Raises:
        ValueError: another kind, no `occupied`, or a battery that does not fit.
    """
    occupied = occupancy(measurements)
    if kind not in _TYPES:
        raise ValueError(f"no {kind} frame is made for this model")
    first = occupied << 7 | measurements.get("battery_low", False) << 6 | _TYPES[kind]
    millivolts = measurements.get("battery_volts", _USUAL_VOLTS) * 1000
    if not 0 <= millivolts <= 65_535:
        raise ValueError(f"a battery of {millivolts:g} mV does not fit")
    battery = round(millivolts) if kind is Kind.STARTUP else 0
    return Encoded(f_port=1, payload=bytes((first, *bytes(9))) + battery.to_bytes(2, "big"))


MODEL = DeviceModel(
    key="libelium-smart-parking-v1",
    vendor="Libelium",
    name="Smart Parking, firmware v1",
    senses=AssetKind.BAY,
    measures=("occupied", "battery_low", "battery_volts", "sensor_fault"),
    heartbeat=timedelta(hours=24),
    version=1,
    source="Libelium, Smart Parking technical guide, 7.2 (firmware v1.x.x) and its example of a start frame",
    decode=decode,
    encode=encode,
    disputes=("The temperature is a code: the formula was not readable in any copy of the guide.",),
)
