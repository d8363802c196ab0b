"""Nwave NCC405 (G4): counts cars that drive over it, LoRaWAN."""

from datetime import timedelta

from devices.codec import DeviceModel, Frame
from devices.octets import Encoded, check_length
from domain.measurements import Measurements
from domain.uplinks import Kind

_POWER_ON = 2
_FIRMWARE = (1, 13, 0)


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode an NCC405 uplink.

    | fPort | kind      | byte | meaning                                                                |
    | 1     | event     | 0-1  | cars since it was started, uint16 big-endian; begins anew after 65535  |
    | 2     | heartbeat | 0    | errors of the hardware, kept as a code: its mask is disputed           |
    |       |           | 1 2  | battery, last and mean of 24 h, kept as codes: their scale is disputed |
    | 3     | startup   | 0-2  | firmware major, minor, patch                                           |
    |       |           | 3    | reset cause, kept as a code                                            |

    Raises: ValueError: another fPort or length.
    Source: TTN lorawan-devices nwave/ncc405.js at 277e69a and 0e42be4, and its examples.
    """
    match f_port:
        case 1:
            check_length(payload, 2)
            total = int.from_bytes(payload, "big")
            return Frame(kind=Kind.EVENT, measurements={"vehicles_total": total}, raw={})
        case 2:
            check_length(payload, 3)
            return Frame(kind=Kind.HEARTBEAT, measurements={}, raw=_health(payload))
        case 3:
            check_length(payload, 4)
            return Frame(kind=Kind.STARTUP, measurements={}, raw=_start(payload))
    raise ValueError("not an fPort of this model")


def _health(payload: bytes) -> dict[str, object]:
    names = ("hardware_health_code", "battery_code", "mean_battery_code")
    return dict(zip(names, payload, strict=True))


def _start(payload: bytes) -> dict[str, object]:
    return {"firmware_version": ".".join(map(str, payload[:3])), "reset_cause_code": payload[3]}


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode what a counter with firmware 1.13.0 would send; the count is in events alone.

    Raises:
        ValueError: another kind, no `vehicles_total`, or one below zero; the count begins anew after 65535.
    """
    if "vehicles_total" not in measurements:
        raise ValueError("a frame of this model needs vehicles_total")
    if measurements["vehicles_total"] < 0:
        raise ValueError("vehicles_total is negative")
    match kind:
        case Kind.EVENT:
            return Encoded(f_port=1, payload=(measurements["vehicles_total"] & 0xFFFF).to_bytes(2, "big"))
        case Kind.HEARTBEAT:
            return Encoded(f_port=2, payload=bytes((0, 0xC8, 0xC8)))
        case Kind.STARTUP:
            return Encoded(f_port=3, payload=bytes((*_FIRMWARE, _POWER_ON)))
    raise ValueError(f"no {kind} frame is made for this model")


MODEL = DeviceModel(
    key="nwave-ncc405",
    vendor="Nwave",
    name="NCC405 G4 car counter",
    senses=None,
    measures=("vehicles_total",),
    heartbeat=timedelta(hours=24),
    version=1,
    source="TTN lorawan-devices nwave/ncc405.js at 277e69a and 0e42be4, and its examples",
    decode=decode,
    encode=encode,
    disputes=(
        "Hardware health 0xA8: 21 at TTN in 2022, 40 later and at ThingsBoard, 8 by the documented mask: a code.",
        "Battery: 2500 + 4 x mV in decoders, 2400 + 5 x mV in the guide, up to 155 mV apart: a code, no measurement.",
    ),
)
