"""Nwave NPS310SM (G3): a parking bay sensor, LoRaWAN."""

from datetime import timedelta

from devices.codec import DeviceModel, Frame
from devices.octets import Encoded, check_length, occupancy
from domain.measurements import Measurements
from domain.places import AssetKind
from domain.uplinks import Kind

_POWER_ON = 2
_FIRMWARE = (1, 13, 0)


def decode(f_port: int, payload: bytes) -> Frame:
    """Decode an NPS310SM uplink.

    | fPort | kind      | byte | meaning                                                  |
    | 1     | event     | 0    | bit 0: 0 free, 1 occupied                                |
    | 2     | heartbeat | 0    | as fPort 1                                               |
    | 3     | startup   | 0-2  | firmware major, minor, patch                             |
    |       |           | 3    | reset: 1 watchdog 2 power on 3 user 4 brown-out 5 other; |
    |       |           |      | not the codes of the fourth generation                   |
    |       |           | 4    | bit 0 as fPort 1                                         |

    Raises: ValueError: another fPort or length.
    Source: TTN lorawan-devices nwave/nps310sm.js at 277e69a and its examples.
    """
    match f_port:
        case 1 | 2:
            check_length(payload, 1)
            kind = Kind.EVENT if f_port == 1 else Kind.HEARTBEAT
            return Frame(kind=kind, measurements={"occupied": bool(payload[0] & 1)}, raw={})
        case 3:
            check_length(payload, 5)
            raw: dict[str, object] = {
                "firmware_version": ".".join(map(str, payload[:3])),
                "reset_cause_code": payload[3],
            }
            return Frame(kind=Kind.STARTUP, measurements={"occupied": bool(payload[4] & 1)}, raw=raw)
    raise ValueError("not an fPort of this model")


def encode(kind: Kind, measurements: Measurements) -> Encoded:
    """Encode what a sensor with firmware 1.13.0 would send.

    Raises:
        ValueError: another kind, or no `occupied`.
    """
    occupied = occupancy(measurements)
    match kind:
        case Kind.EVENT:
            return Encoded(f_port=1, payload=bytes((occupied,)))
        case Kind.HEARTBEAT:
            return Encoded(f_port=2, payload=bytes((occupied,)))
        case Kind.STARTUP:
            return Encoded(f_port=3, payload=bytes((*_FIRMWARE, _POWER_ON, occupied)))
    raise ValueError(f"no {kind} frame is made for this model")


MODEL = DeviceModel(
    key="nwave-nps310sm",
    vendor="Nwave",
    name="NPS310SM G3 parking sensor",
    senses=AssetKind.BAY,
    measures=("occupied",),
    heartbeat=timedelta(hours=24),
    version=1,
    source="TTN lorawan-devices nwave/nps310sm.js at 277e69a and its examples",
    decode=decode,
    encode=encode,
)
