"""A device model: the pure functions between a vendor's bytes and canonical measurements."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from devices.downlinks import Support
from devices.octets import Encoded
from devices.settings import Echo
from domain.errors import DecodeError
from domain.measurements import Measurements, faults
from domain.places import AssetKind
from domain.uplinks import Decoded, Kind
from domain.values import value


@value
class Frame:
    """What a decoder read: canonical measurements, and the vendor's own fields for people and disputes."""

    kind: Kind
    measurements: Measurements
    raw: dict[str, object]


Decode = Callable[[int, bytes], Frame]
Encode = Callable[[Kind, Measurements], Encoded]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceModel:
    """One model of one vendor.

    `decode(f_port, payload)` may raise ValueError, IndexError, KeyError or struct.error for bytes that are no
    frame; `encode(kind, measurements)` makes what the device would send, for simulators. `senses` is None where
    it watches a place rather than a bay or a bench. `measures` are the canonical keys that its frames may carry;
    `encode` needs the first, and makes the kinds in `kinds`. `heartbeat` is the vendor's default interval, and
    `heartbeat_source` where that is written, if anywhere. `version` counts changes of meaning, so that stored
    frames can be decoded anew. `disputes` are what its sources contradict each other in, and what is done about
    it; `commands` are the downlinks that it takes, `echoes` the settings that it tells.
    """

    key: str
    vendor: str
    name: str
    senses: AssetKind | None
    measures: tuple[str, ...]
    heartbeat: timedelta
    version: int
    source: str
    decode: Decode
    encode: Encode
    kinds: frozenset[Kind] = frozenset({Kind.EVENT, Kind.HEARTBEAT, Kind.STARTUP})
    heartbeat_source: str = ""
    disputes: tuple[str, ...] = ()
    commands: tuple[Support, ...] = ()
    echoes: tuple[Echo, ...] = ()

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


def encode(model: DeviceModel, kind: Kind, measurements: Measurements) -> Encoded:
    """What a device of this model would send, for simulators: a kind that its frames do not tell is a heartbeat.

    Raises:
        ValueError: no frame can carry these measurements, or the model needs one that is not given.
    """
    told = kind if kind in model.kinds else Kind.HEARTBEAT
    return model.encode(told, measurements)
