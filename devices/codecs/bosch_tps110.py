"""Bosch TPS110: a parking bay sensor, magnetic and radar, LoRaWAN."""

from datetime import timedelta

from devices.codec import DeviceModel, Frame
from devices.octets import Encoded, check_length, occupancy, signed, signed_octet
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_POWER_ON = 2
_FIRMWARE = (0, 29, 2)


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a TPS110 uplink.

    | fPort | kind      | byte  | meaning                                                  |
    | 1     | event     | 0     | bit 0: 0 free, 1 occupied; bits 7..1 reserved            |
    | 2     | heartbeat | 0     | as fPort 1                                               |
    |       |           | 1     | int8 degrees Celsius; absent in older firmware           |
    | 3     | startup   | 0-11  | three words, little-endian; low 12 bits a code, 0 none   |
    |       |           | 12-14 | firmware major, minor, patch; reversed before 0.23.3     |
    |       |           | 15    | reset cause, kept as a code: its sources name it apart   |
    |       |           | 16    | as byte 0 of fPort 1                                     |
    | 4 5 6 | config    | all   | device information, usage, debug: kept as hex            |

    Raises: ValueError: another fPort or length.
    Source: TTN lorawan-devices bosch/tpl110-0292.js; ZENNER element-parsers bosch_parksensor.ex, after Bosch.
    """
    match f_port:
        case 1:
            check_length(payload, 1)
            return Frame(kind=Kind.EVENT, measurements=_state(payload[0]), raw={})
        case 2:
            return _heartbeat(payload)
        case 3:
            return _startup(payload)
        case 4 | 5 | 6 if payload:
            return Frame(kind=Kind.CONFIG, measurements={}, raw={"payload": payload.hex()})
    raise ValueError("not an fPort of this model, or empty")


def _state(octet: int) -> Measurements:
    return {"occupied": bool(octet & 1)}


def _heartbeat(payload: bytes) -> Frame:
    check_length(payload, 1, 2)
    measurements = _state(payload[0])
    if len(payload) == 2:
        measurements["temperature_celsius"] = signed(payload[1])
    return Frame(kind=Kind.HEARTBEAT, measurements=measurements, raw={})


def _startup(payload: bytes) -> Frame:
    check_length(payload, 17)
    codes = (int.from_bytes(payload[at : at + 4], "little") & 0xFFF for at in (0, 4, 8))
    raw: dict[str, object] = {
        "debug_codes": [code for code in codes if code],
        "firmware_version": ".".join(str(number) for number in payload[12:15]),
        "reset_cause_code": payload[15],
    }
    return Frame(kind=Kind.STARTUP, measurements=_state(payload[16]), raw=raw)


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode what a sensor with firmware 0.29.2 would send; only a heartbeat carries a temperature.

    Raises:
        ValueError: another kind, no `occupied`, or a temperature outside -128..127.
    """
    state = bytes((occupancy(measurements),))
    match kind:
        case Kind.EVENT:
            return Encoded(f_port=1, payload=state)
        case Kind.HEARTBEAT:
            return Encoded(f_port=2, payload=state + _temperature(measurements))
        case Kind.STARTUP:
            return Encoded(f_port=3, payload=bytes((*bytes(12), *_FIRMWARE, _POWER_ON)) + state)
    raise ValueError(f"no {kind} frame is made for this model")


def _temperature(measurements: Measurements) -> bytes:
    if "temperature_celsius" not in measurements:
        return b""
    return bytes((signed_octet(measurements["temperature_celsius"], "temperature"),))


MODEL = DeviceModel(
    key="bosch-tps110",
    vendor="Bosch",
    name="TPS110 parking lot sensor",
    senses=AssetKind.BAY,
    measures=("occupied", "temperature_celsius"),
    heartbeat=timedelta(hours=24),
    version=1,
    source="TTN lorawan-devices bosch/tpl110-0292.js; ZENNER element-parsers bosch_parksensor.ex, after Bosch",
    decode=decode,
    encode=encode,
    disputes=(
        "Firmware octets 00 1D 02: 0.29.2 at TTN and ZENNER, 2.29.0 at ThingsBoard: 0.29.2, which Bosch released; the "
        "order changed with 0.23.3.",
        "Reset cause 2: power on at TTN and ThingsBoard, system request at ZENNER: the code, without a name.",
    ),
)
