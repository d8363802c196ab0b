"""Milesight VS340 (desk) and VS341 (seat): presence sensors that send the same bytes, LoRaWAN."""

from dataclasses import replace
from datetime import timedelta

from devices.codec import DeviceModel, Encoded, Frame
from devices.octets import occupancy, unsigned_octet
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_F_PORT = 85
_BATTERY, _OCCUPANCY, _POWER_ON = "battery", "occupancy", "power_on"
_CHANNELS = {
    b"\x01\x75": (_BATTERY, 1),
    b"\x03\x00": (_OCCUPANCY, 1),
    b"\xff\x01": ("protocol_version", 1),
    b"\xff\x09": ("hardware_version", 2),
    b"\xff\x0a": ("firmware_version", 2),
    b"\xff\x0b": (_POWER_ON, 1),
    b"\xff\x0f": ("lorawan_class", 1),
    b"\xff\x16": ("serial_number", 8),
    b"\xff\xfe": ("reset_event", 1),
    b"\xff\xff": ("tsl_version", 2),
}
_JOIN_REPORT = bytes.fromhex("ff0bff ff0101 ff160000000000000000 ff090110 ff0a0110 ff0f00")
_USUAL_PERCENT = 100.0


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode a VS34x uplink: channels of id, type and value, one after another, on fPort 85.

    | id type | value                                               |
    | 01 75   | battery, uint8 percent                              |
    | 03 00   | 0 vacant, 1 occupied                                |
    | ff 0b   | power on; makes the frame a startup (join report)   |
    | ff 01   | 1 byte protocol version, kept as hex                |
    | ff 09   | 2 bytes hardware version, kept as hex               |
    | ff 0a   | 2 bytes firmware version, kept as hex               |
    | ff 0f   | 1 byte LoRaWAN class, kept as hex                   |
    | ff 16   | 8 bytes serial number, kept as hex                  |
    | ff fe   | 1 byte reset event, kept as hex                     |
    | ff ff   | 2 bytes TSL version, kept as hex                    |

    The periodic report has both battery and occupancy, the report of a change occupancy alone: battery makes
    a heartbeat, occupancy without it an event. From the first unknown channel on the bytes are kept in
    raw["undecoded"]. 03 00 means something else on other Milesight models.

    Raises: ValueError: another fPort, nothing at all, a channel cut short, an occupancy other than 0 and 1.
    Source: Milesight SensorDecoders VS340 and VS341 README; ThingsBoard data-converters Milesight/VS34x.
    """
    if f_port != _F_PORT:
        raise ValueError("not the fPort of this model")
    channels, rest = _channels(payload)
    raw: dict[str, object] = {
        name: value.hex() for name, value in channels.items() if name not in {_BATTERY, _OCCUPANCY}
    }
    if rest:
        raw["undecoded"] = rest.hex()
    return Frame(kind=_kind(channels), measurements=_measurements(channels), raw=raw)


def _channels(payload: bytes) -> tuple[dict[str, bytes], bytes]:
    """The known channels by name, and what follows from the first unknown one on."""
    if not payload:
        raise ValueError("no channel at all")
    channels: dict[str, bytes] = {}
    rest = payload
    while len(rest) >= 2 and rest[:2] in _CHANNELS:
        name, size = _CHANNELS[rest[:2]]
        channels[name], rest = rest[2 : 2 + size], rest[2 + size :]
        if len(channels[name]) < size:
            raise ValueError(f"{name} is cut short")
    if len(rest) == 1:
        raise ValueError("a channel is cut short")
    return channels, rest


def _kind(channels: dict[str, bytes]) -> Kind:
    if _POWER_ON in channels:
        return Kind.STARTUP
    if _BATTERY in channels:
        return Kind.HEARTBEAT
    return Kind.EVENT if _OCCUPANCY in channels else Kind.CONFIG


def _measurements(channels: dict[str, bytes]) -> Measurements:
    measurements: Measurements = {}
    if _BATTERY in channels:
        measurements["battery_percent"] = channels[_BATTERY][0]
    if _OCCUPANCY in channels:
        if channels[_OCCUPANCY][0] > 1:
            raise ValueError("occupancy is neither 0 nor 1")
        measurements["occupied"] = channels[_OCCUPANCY][0] == 1
    return measurements


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode what a sensor would send; a startup is the join report, which carries no measurement.

    Raises:
        ValueError: another kind, no `occupied`, or a battery that does not fit into an octet.
    """
    state = bytes((0x03, 0x00, occupancy(measurements)))
    match kind:
        case Kind.EVENT:
            return Encoded(f_port=_F_PORT, payload=state)
        case Kind.HEARTBEAT:
            percent = measurements.get("battery_percent", _USUAL_PERCENT)
            battery = bytes((0x01, 0x75, unsigned_octet(percent, "battery")))
            return Encoded(f_port=_F_PORT, payload=battery + state)
        case Kind.STARTUP:
            return Encoded(f_port=_F_PORT, payload=_JOIN_REPORT)
    raise ValueError(f"no {kind} frame is made for this model")


VS340 = DeviceModel(
    key="milesight-vs340",
    vendor="Milesight",
    name="VS340 desk occupancy sensor",
    senses=AssetKind.BENCH,
    heartbeat=timedelta(minutes=1080),
    version=1,
    source="Milesight SensorDecoders VS340 and VS341 README; ThingsBoard data-converters Milesight/VS34x",
    decode=decode,
    encode=encode,
)
VS341 = replace(VS340, key="milesight-vs341", name="VS341 seat occupancy sensor")
