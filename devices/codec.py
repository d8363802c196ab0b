"""A device model: the pure functions between a vendor's bytes and canonical measurements."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from domain.errors import DecodeError
from domain.measurements import Measurements, faults
from domain.places import AssetKind
from domain.uplinks import Decoded, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a decoder read: canonical measurements, and the vendor's own fields for people and disputes."""

    kind: Kind
    measurements: Measurements
    raw: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """Bytes as a device would send them."""

    f_port: int
    payload: bytes


Decode = Callable[[int, bytes], Frame]
Encode = Callable[[Kind, Measurements], Encoded]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceModel:
    """One model of one vendor.

    `decode(f_port, payload)` may raise ValueError, IndexError, KeyError or struct.error for bytes that are no
    frame; `encode(kind, measurements)` makes what the device would send, for simulators. `heartbeat` is the
    vendor's default interval; `version` counts changes of meaning, so that stored frames can be decoded anew.
    """

    key: str
    vendor: str
    name: str
    senses: AssetKind
    heartbeat: timedelta
    version: int
    source: str
    decode: Decode
    encode: Encode

    @property
    def silent_after(self) -> timedelta:
        """How long this model may be silent before its last word no longer counts: 2.5 heartbeats."""
        return self.heartbeat * 2.5


def decode(model: DeviceModel, f_port: int, payload: bytes) -> Decoded:
    """Decode one frame.

    Raises:
        DecodeError: the bytes are not a frame of this model, or mean something impossible.
    """
    try:
        frame = model.decode(f_port, payload)
    except (ValueError, IndexError, KeyError, struct.error) as error:
        raise DecodeError(model.key, f_port, payload, str(error) or type(error).__name__) from error
    if wrong := faults(frame.measurements):
        raise DecodeError(model.key, f_port, payload, "; ".join(wrong))
    return Decoded(
        model=model.key,
        codec_version=model.version,
        kind=frame.kind,
        measurements=frame.measurements,
        raw=frame.raw,
    )
