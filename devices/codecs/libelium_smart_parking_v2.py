"""Libelium Smart Parking with firmware v2: a parking bay sensor, magnetic, LoRaWAN."""

import struct
from collections.abc import Callable
from datetime import timedelta

from devices.codec import DeviceModel, Frame
from devices.octets import (
    Encoded,
    check_application_port,
    check_length,
    occupancy,
    signed,
    signed_octet,
    unsigned_octet,
)
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
_USUAL_CELSIUS = 20.0
_USUAL_VOLTS = 3.6


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a Smart Parking v2 uplink: 11 bytes on any application fPort, big-endian.

    | type | byte | meaning                                                                            |
    | all  | 0    | bit 7: 0 free, 1 occupied; bit 6: 1 battery must be replaced;                      |
    |      |      | bits 5..4 reserved; bits 3..0: type                                                |
    |      | 1    | frame counter                                                                      |
    | 0    | 2    | int8 degrees Celsius                                                               |
    |      | 3-8  | magnetic field x, y, z, int16 each                                                 |
    |      | 10   | battery, 2800 + 4 x mV                                                             |
    | 1    | 2-3  | clock of the node, hours and minutes                                               |
    |      | 4    | int8 degrees Celsius                                                               |
    |      | 5-10 | magnetic field x, y, z, int16 each                                                 |
    | 2    | 2-7  | in 24 h: measurements, Sigfox and LoRaWAN transmissions, uint16 each               |
    |      | 8 9  | resets in 24 h; number of the configuration                                        |
    | 3..5 | 2-10 | error, start 1 and 2: kept as hex                                                  |

    Types: 0 info (the state changed), 1 keep-alive, 2 daily, 3 error, 4 and 5 start. Byte 0 means the same in all
    of them. The firmware generation is not in the frame: v3 has its temperature elsewhere.

    Raises: ValueError: another length, types 6 to 15, or no application fPort.
    Source: Libelium, Smart Parking technical guide, 7.1 (firmware v2.x.x).
    """
    check_application_port(f_port)
    check_length(payload, 11)
    frame_type = payload[0] & 0x0F
    if frame_type not in _KINDS:
        raise ValueError(f"frame type {frame_type} is not documented")
    measurements: Measurements = {"occupied": bool(payload[0] & 0x80), "battery_low": bool(payload[0] & 0x40)}
    raw: dict[str, object] = {"frame_type": frame_type, "frame_counter": payload[1]}
    _READERS.get(frame_type, _read_rest)(payload, measurements, raw)
    return Frame(kind=_KINDS[frame_type], measurements=measurements, raw=raw)


def _read_info(payload: bytes, measurements: Measurements, raw: dict[str, object]) -> None:
    measurements["temperature_celsius"] = signed(payload[2])
    measurements["battery_volts"] = (2800 + 4 * payload[10]) / 1000
    raw["magnetic_field"] = list(struct.unpack_from(">hhh", payload, 3))


def _read_keep_alive(payload: bytes, measurements: Measurements, raw: dict[str, object]) -> None:
    measurements["temperature_celsius"] = signed(payload[4])
    raw["clock"] = f"{payload[2]:02}:{payload[3]:02}"
    raw["magnetic_field"] = list(struct.unpack_from(">hhh", payload, 5))


def _read_daily(payload: bytes, _measurements: Measurements, raw: dict[str, object]) -> None:
    measured, sigfox, lorawan = struct.unpack_from(">HHH", payload, 2)
    raw |= {"measurement_count": measured, "sigfox_count": sigfox, "lorawan_count": lorawan}
    raw |= {"reset_count": payload[8], "configuration_number": payload[9]}


def _read_error(payload: bytes, measurements: Measurements, raw: dict[str, object]) -> None:
    measurements["sensor_fault"] = True
    _read_rest(payload, measurements, raw)


def _read_rest(payload: bytes, _measurements: Measurements, raw: dict[str, object]) -> None:
    raw["undocumented"] = payload[2:].hex()


_READERS: dict[int, Callable[[bytes, Measurements, dict[str, object]], None]] = {
    _INFO: _read_info,
    _KEEP_ALIVE: _read_keep_alive,
    _DAILY: _read_daily,
    _ERROR: _read_error,
}


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode what a node would send, on fPort 1 with counter 0 and no field; what is absent gets a usual value.

    A battery below 2.8 V, where its scale begins, is 2.8 V.

    Raises:
        ValueError: another kind, no `occupied`, or a value that its octet cannot hold.
    """
    first = occupancy(measurements) << 7 | measurements.get("battery_low", False) << 6
    celsius = signed_octet(measurements.get("temperature_celsius", _USUAL_CELSIUS), "temperature")
    match kind:
        case Kind.EVENT:
            millivolts = max(2800, measurements.get("battery_volts", _USUAL_VOLTS) * 1000)
            battery = unsigned_octet((millivolts - 2800) / 4, "battery code")
            octets = (first | _INFO, 0, celsius, *bytes(7), battery)
        case Kind.HEARTBEAT:
            octets = (first | _KEEP_ALIVE, 0, 0, 0, celsius, *bytes(6))
        case Kind.STARTUP:
            octets = (first | _START_1, *bytes(10))
        case _:
            raise ValueError(f"no {kind} frame is made for this model")
    return Encoded(f_port=1, payload=bytes(octets))


MODEL = DeviceModel(
    key="libelium-smart-parking-v2",
    vendor="Libelium",
    name="Smart Parking, firmware v2",
    senses=AssetKind.BAY,
    measures=("occupied", "battery_low", "temperature_celsius", "battery_volts", "sensor_fault"),
    heartbeat=timedelta(hours=24),
    version=1,
    source="Libelium, Smart Parking technical guide, 7.1 (firmware v2.x.x)",
    decode=decode,
    encode=encode,
    disputes=("Octet 2 is the temperature in firmware v2, a sensor error in v3: choose the model by the firmware.",),
)
