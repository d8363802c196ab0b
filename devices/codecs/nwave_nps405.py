"""Nwave NPS405 (G4, SM and FM): a parking bay sensor that also says how long a state lasted, LoRaWAN."""

from datetime import timedelta

from devices.codec import DeviceModel, Frame
from devices.octets import Encoded, check_length, occupancy, signed, signed_octet, unsigned_octet
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_POWER_ON = 2
_FIRMWARE = (2, 4, 9)
_USUAL_VOLTS = 3.3
_USUAL_CELSIUS = 20.0


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode an NPS405 uplink.

    | fPort | kind      | byte | meaning                                                          |
    | 1     | event     | 0    | bit 0: 0 free, 1 occupied; bits 7..1: code of the time before    |
    | 2     | heartbeat | 0    | bit 0 as fPort 1; bits 7..1 hardware health, kept as a code      |
    |       |           | 1    | battery, uint8: 2500 + 4 x millivolts                            |
    |       |           | 2    | temperature, int8: x / 2 + 10 degrees Celsius                    |
    |       |           | 3 4  | lowest, highest temperature of 24 h, kept as codes               |
    |       |           | 5    | mean current, x 10 microamperes                                  |
    | 3     | startup   | 0-2  | firmware major, minor, patch                                     |
    |       |           | 3    | reset: 0 rejoin 1 watchdog 2 power on 3 user 6 brown-out 7 other |
    |       |           | 4    | bit 0 as fPort 1                                                 |
    | 10    | event     | 0    | as fPort 1, but bit 0 = 0 means not known                        |
    |       |           | 1    | only if 6 bytes: battery of the tag, x / 10 volts                |
    |       |           | last | 4 bytes: id of the tag, big-endian                               |
    | 6     | config    | all  | debug, kept as hex                                               |

    Code of the minutes in the state before: c < 90: c exactly; 90..119: 90 + 5 (c - 90), up to 4 more;
    120..126: 240 + 60 (c - 120), up to 59 more; 127: 660 or more.

    Raises: ValueError: another fPort or length.
    Source: Nwave LoRaWAN parking sensor guide; TTN lorawan-devices nwave/nps405.js since 62c8acd.
    """
    match f_port:
        case 1:
            check_length(payload, 1)
            measurements, raw = _state_and_past(payload[0])
            return Frame(kind=Kind.EVENT, measurements=measurements, raw=raw)
        case 2:
            return _heartbeat(payload)
        case 3:
            return _startup(payload)
        case 10:
            return _registration(payload)
        case 6 if payload:
            return Frame(kind=Kind.CONFIG, measurements={}, raw={"payload": payload.hex()})
    raise ValueError("not an fPort of this model, or empty")


def _state_and_past(octet: int) -> tuple[Measurements, dict[str, object]]:
    code = octet >> 1
    minutes, error = _minutes(code)
    raw: dict[str, object] = {"previous_state_code": code, "previous_state_error_minutes": error}
    return {"occupied": bool(octet & 1), "previous_state_minutes": minutes}, raw


def _minutes(code: int) -> tuple[int, int | None]:
    """The least number of minutes that a code stands for, and how many more it may be; None is no limit."""
    if code < 90:
        return code, 0
    if code < 120:
        return 90 + 5 * (code - 90), 4
    if code < 127:
        return 240 + 60 * (code - 120), 59
    return 660, None


def _heartbeat(payload: bytes) -> Frame:
    check_length(payload, 6)
    state, battery, temperature, lowest, highest, current = payload
    measurements: Measurements = {
        "occupied": bool(state & 1),
        "battery_volts": (2500 + 4 * battery) / 1000,
        "temperature_celsius": signed(temperature) / 2 + 10,
    }
    raw: dict[str, object] = {
        "hardware_health_code": state >> 1,
        "lowest_temperature_code": lowest,
        "highest_temperature_code": highest,
        "mean_current_microamperes": current * 10,
    }
    return Frame(kind=Kind.HEARTBEAT, measurements=measurements, raw=raw)


def _startup(payload: bytes) -> Frame:
    check_length(payload, 5)
    raw: dict[str, object] = {
        "firmware_version": ".".join(str(number) for number in payload[:3]),
        "reset_cause_code": payload[3],
    }
    return Frame(kind=Kind.STARTUP, measurements={"occupied": bool(payload[4] & 1)}, raw=raw)


def _registration(payload: bytes) -> Frame:
    check_length(payload, 5, 6)
    raw: dict[str, object] = {"tag_id": payload[-4:].hex().upper()}
    if len(payload) == 6:
        raw["tag_battery_volts"] = payload[1] / 10
    if not payload[0] & 1:
        return Frame(kind=Kind.EVENT, measurements={}, raw=raw)
    measurements, past = _state_and_past(payload[0])
    return Frame(kind=Kind.EVENT, measurements=measurements, raw=raw | past)


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode what a sensor would send; what a frame must carry and is not given gets a usual value.

    Raises:
        ValueError: another kind, no `occupied`, or a value that its octet cannot hold.
    """
    occupied = occupancy(measurements)
    match kind:
        case Kind.EVENT:
            code = _duration_code(measurements.get("previous_state_minutes", 0))
            return Encoded(f_port=1, payload=bytes((code << 1 | occupied,)))
        case Kind.HEARTBEAT:
            return Encoded(f_port=2, payload=bytes((occupied, *_health(measurements), 0)))
        case Kind.STARTUP:
            return Encoded(f_port=3, payload=bytes((*_FIRMWARE, _POWER_ON, occupied)))
    raise ValueError(f"no {kind} frame is made for this model")


def _duration_code(minutes: int) -> int:
    if minutes < 0:
        raise ValueError("previous_state_minutes is negative")
    return next(code for code in range(127, -1, -1) if _minutes(code)[0] <= minutes)


def _health(measurements: Measurements) -> tuple[int, int, int, int]:
    volts = measurements.get("battery_volts", _USUAL_VOLTS)
    celsius = measurements.get("temperature_celsius", _USUAL_CELSIUS)
    battery = unsigned_octet((volts * 1000 - 2500) / 4, "battery code")
    temperature = signed_octet((celsius - 10) * 2, "temperature code")
    return battery, temperature, temperature, temperature


MODEL = DeviceModel(
    key="nwave-nps405",
    vendor="Nwave",
    name="NPS405 G4 parking sensor",
    senses=AssetKind.BAY,
    measures=("occupied", "previous_state_minutes", "battery_volts", "temperature_celsius"),
    heartbeat=timedelta(hours=24),
    version=1,
    source="Nwave LoRaWAN parking sensor guide; TTN lorawan-devices nwave/nps405.js since 62c8acd",
    decode=decode,
    encode=encode,
    disputes=(
        "Which bit is occupied: bit 7 at TTN until October 2022; bit 0 at TTN since, in the guide and "
        "at ThingsBoard: bit 0.",
        "Battery octet 0xD3: 2.32 V, critical, at ThingsBoard (signed); 3.344 V at TTN: unsigned, as the scale "
        "begins at 2.5 V.",
        "Bits 7..1 of the heartbeat and the range of 24 h: mask and scale are not documented consistently: codes.",
    ),
)
