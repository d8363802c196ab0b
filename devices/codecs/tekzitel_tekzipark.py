"""Tekzitel TEKZIPARK: a parking bay sensor, magnetic, radar and Bluetooth, LoRaWAN."""

from datetime import timedelta

from devices.codec import DeviceModel, Frame
from devices.octets import Encoded, check_length, occupancy, signed, signed_octet
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_OCCUPIED = 0x80
_BATTERY_GOOD = 0x20
_OBSTRUCTION = 0x10
_RADAR = 0x08
_NO_BEACON = 0x04
_RESET = 0x02
_KEEP_ALIVE = 0x01
_REASONS = {Kind.EVENT: 0, Kind.HEARTBEAT: _KEEP_ALIVE, Kind.STARTUP: _RESET}
_AXES = ("deflection_x", "deflection_y", "deflection_z", "baseline_x", "baseline_y", "baseline_z")
_USUAL_CELSIUS = 20.0


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a TEKZIPARK uplink.

    | fPort | byte | meaning                                                                    |
    | 1, 2  | 0    | bit 7: 0 free, 1 occupied; bit 5: 1 battery good; bit 4: 1 obstructed;     |
    |       |      | bit 3: 1 radar used; bit 2: 1 no beacon; bit 1: 1 reset; bit 0: keep-alive |
    |       | 1    | int8 degrees Celsius                                                       |
    |       | 2    | number of the bay, as configured                                           |
    | 1     | 3    | only with beacons: int8 RSSI, dBm                                          |
    |       | 4-   | beacon ids, uint16 big-endian each                                         |
    | 2     | 3-5  | deflection x, y, z, int8                                                   |
    |       | 6-8  | baseline x, y, z, int8                                                     |
    |       | 9-11 | fault, obstruction, reflection: codes, meaning not public                  |

    The reset bit makes a startup, else the keep-alive bit a heartbeat, else it is an event.

    Raises: ValueError: another fPort or length.
    Source: TTN lorawan-devices tekzitel/tekzipark.js.
    """
    match f_port:
        case 1:
            details = _beacons(payload)
        case 2:
            details = _diagnosis(payload)
        case _:
            raise ValueError("not an fPort of this model")
    measurements: Measurements = {
        "occupied": bool(payload[0] & _OCCUPIED),
        "battery_low": not payload[0] & _BATTERY_GOOD,
        "temperature_celsius": signed(payload[1]),
    }
    return Frame(kind=_kind(payload[0]), measurements=measurements, raw=_raw(payload) | details)


def _kind(flags: int) -> Kind:
    if flags & _RESET:
        return Kind.STARTUP
    return Kind.HEARTBEAT if flags & _KEEP_ALIVE else Kind.EVENT


def _raw(payload: bytes) -> dict[str, object]:
    return {
        "bay_number": payload[2],
        "obstructed": bool(payload[0] & _OBSTRUCTION),
        "radar_used": bool(payload[0] & _RADAR),
        "no_beacon": bool(payload[0] & _NO_BEACON),
    }


def _beacons(payload: bytes) -> dict[str, object]:
    if len(payload) == 3:
        return {}
    if len(payload) < 4 or len(payload) % 2:
        raise ValueError(f"{len(payload)} bytes where 3, or 4 and whole beacon ids, are documented")
    ids = [int.from_bytes(payload[at : at + 2], "big") for at in range(4, len(payload), 2)]
    return {"beacon_rssi_dbm": signed(payload[3]), "beacon_ids": ids}


def _diagnosis(payload: bytes) -> dict[str, object]:
    check_length(payload, 12)
    axes: dict[str, object] = dict(zip(_AXES, map(signed, payload[3:9]), strict=True))
    codes = {"fault_code": payload[9], "obstruction_code": payload[10], "reflection_code": payload[11]}
    return axes | codes


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode the 3-byte frame of fPort 1 for bay number 0; an absent temperature gets a usual value.

    Raises:
        ValueError: another kind, no `occupied`, or a temperature outside -128..127.
    """
    occupied = occupancy(measurements)
    if kind not in _REASONS:
        raise ValueError(f"no {kind} frame is made for this model")
    good = not measurements.get("battery_low", False)
    flags = occupied * _OCCUPIED | good * _BATTERY_GOOD | _RADAR | _REASONS[kind]
    celsius = measurements.get("temperature_celsius", _USUAL_CELSIUS)
    return Encoded(f_port=1, payload=bytes((flags, signed_octet(celsius, "temperature"), 0)))


MODEL = DeviceModel(
    key="tekzitel-tekzipark",
    vendor="Tekzitel",
    name="TEKZIPARK",
    senses=AssetKind.BAY,
    measures=("occupied", "battery_low", "temperature_celsius"),
    heartbeat=timedelta(hours=24),
    version=1,
    source="TTN lorawan-devices tekzitel/tekzipark.js",
    decode=decode,
    encode=encode,
    disputes=("A downlink writes the whole configuration at once, so none is made without the device's own.",),
)
