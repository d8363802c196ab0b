"""Libelium Smart Parking with firmware v3: a parking bay sensor, radar and magnetic, LoRaWAN."""

from datetime import timedelta

from devices.codec import DeviceModel, Frame
from devices.octets import Encoded, check_length, occupancy, signed, signed_octet
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_INFO, _KEEP_ALIVE, _ERROR, _START = 0, 1, 3, 4
_KINDS = {
    _INFO: Kind.EVENT,
    _KEEP_ALIVE: Kind.HEARTBEAT,
    2: Kind.HEARTBEAT,  # the daily summary
    _ERROR: Kind.ERROR,
    _START: Kind.STARTUP,
    5: Kind.STARTUP,
    6: Kind.CONFIG,  # service
    7: Kind.CONFIG,  # answer to a downlink
    8: Kind.CONFIG,  # RSSI
}
_TYPES = {Kind.EVENT: _INFO, Kind.HEARTBEAT: _KEEP_ALIVE, Kind.STARTUP: _START}
_FIRMWARE = 30
_USUAL_CELSIUS = 20.0


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a Smart Parking v3 uplink: 11 bytes on any application fPort.

    | byte | meaning                                                                             |
    | 0    | bit 7: 0 free, 1 occupied; bit 6: 1 battery must be replaced;                       |
    |      | bit 5: 1 configuration not acknowledged; bit 4: 1 recalibrated; bits 3..0: type     |
    | 1    | frame counter                                                                       |
    | 2    | types 0, 1: sensor error, 0 none; type 4: firmware version                          |
    | 3    | types 0, 1: int8 degrees Celsius                                                    |
    | rest | not documented for v3, kept as hex                                                  |

    Types: 0 info (the state changed), 1 keep-alive, 2 daily, 3 error, 4 and 5 start, 6 service, 7 downlink,
    8 RSSI. Byte 0 means the same in all of them. The firmware generation is not in the frame: v2 has its
    temperature elsewhere, so a v2 node must not be given this model.

    Raises: ValueError: another length, types 9 to 15, or fPort 0 or above 223.
    Source: ZENNER element-parsers libelium_smart-parking_v3.ex, after Libelium's technical guide.
    """
    if not 1 <= f_port <= 223:
        raise ValueError("not an application fPort")
    check_length(payload, 11)
    kind = _kind(payload[0] & 0x0F)
    measurements: Measurements = {
        "occupied": bool(payload[0] & 0x80),
        "battery_low": bool(payload[0] & 0x40),
    }
    measurements.update(_readings(payload))
    return Frame(kind=kind, measurements=measurements, raw=_raw(payload))


def _kind(frame_type: int) -> Kind:
    if frame_type not in _KINDS:
        raise ValueError(f"frame type {frame_type} is not documented")
    return _KINDS[frame_type]


def _readings(payload: bytes) -> Measurements:
    match payload[0] & 0x0F:
        case 0 | 1:
            return {"sensor_fault": payload[2] != 0, "temperature_celsius": signed(payload[3])}
        case 3:
            return {"sensor_fault": True}
    return {}


def _raw(payload: bytes) -> dict[str, object]:
    raw: dict[str, object] = {
        "frame_type": payload[0] & 0x0F,
        "frame_counter": payload[1],
        "configuration_unacknowledged": bool(payload[0] & 0x20),
        "recalibrated": bool(payload[0] & 0x10),
    }
    match payload[0] & 0x0F:
        case 0 | 1:
            return raw | {"sensor_error_code": payload[2], "undocumented": payload[4:].hex()}
        case 4:
            return raw | {"firmware_version": payload[2], "undocumented": payload[3:].hex()}
    return raw | {"undocumented": payload[2:].hex()}


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode what a node would send, on fPort 1 with counter 0; an absent temperature gets a usual value.

    Raises:
        ValueError: another kind, no `occupied`, or a temperature outside -128..127.
    """
    occupied = occupancy(measurements)
    if kind not in _TYPES:
        raise ValueError(f"no {kind} frame is made for this model")
    low = measurements.get("battery_low", False)
    first = occupied << 7 | low << 6 | _TYPES[kind]
    second, third = (_FIRMWARE, 0) if kind is Kind.STARTUP else _reading_octets(measurements)
    return Encoded(f_port=1, payload=bytes((first, 0, second, third, *bytes(7))))


def _reading_octets(measurements: Measurements) -> tuple[int, int]:
    celsius = measurements.get("temperature_celsius", _USUAL_CELSIUS)
    return measurements.get("sensor_fault", False), signed_octet(celsius, "temperature")


MODEL = DeviceModel(
    key="libelium-smart-parking-v3",
    vendor="Libelium",
    name="Smart Parking, firmware v3",
    senses=AssetKind.BAY,
    measures=("occupied", "battery_low", "temperature_celsius", "sensor_fault"),
    heartbeat=timedelta(hours=24),
    version=1,
    source="ZENNER element-parsers libelium_smart-parking_v3.ex, after Libelium's technical guide",
    decode=decode,
    encode=encode,
    disputes=(
        "Octet 2: a sensor error in firmware v3, the temperature in v2: choose the model by the firmware.",
        "Byte 0 has the occupancy in every type, also daily, service and RSSI: it counts in every documented type.",
        "Types 9 to 15: ZENNER reads byte 0 as usual; not documented, so refused.",
    ),
)
