"""Frames made of channels: a tag that says what follows, then values of a fixed size, channel after channel.

Milesight (tags of two octets, little-endian), Elsys (one, big-endian) and PNI (two, big-endian) speak so. What a
tag means depends on the model, so each codec brings its own table.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from devices.codec import Frame
from domain.measurements import QUANTITIES, Measurements
from domain.uplinks import Kind


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a channel.

    `name` is a canonical measurement, or else a field of the vendor that goes to raw; `code` says how it is packed
    (struct: B uint8, h int16, ... "8s" octets, kept as hex); `per_unit` is how many steps make one unit; `read`
    replaces the usual reading for raw fields.
    """

    name: str
    code: str
    per_unit: int = 1
    read: Callable[[Any], object] | None = None

    @property
    def is_canonical(self) -> bool:
        """Whether it is a measurement."""
        return self.name in QUANTITIES


@dataclass(slots=True)
class Reading:
    """What the channels of a frame say: measurements, the vendor's own fields, and what could not be read."""

    measurements: dict[str, object] = field(default_factory=dict)
    raw: dict[str, object] = field(default_factory=dict)
    rest: bytes = b""

    def frame(self, kind: Kind) -> Frame:
        """A frame of this kind; the rest is kept as raw["undecoded"]."""
        if self.rest:
            self.raw["undecoded"] = self.rest.hex()
        return Frame(kind=kind, measurements=cast("Measurements", self.measurements), raw=self.raw)


class ChannelTable:
    """Which tag is followed by which values; `tags` maps "01 75" to the values behind that tag."""

    def __init__(self, byte_order: str, tags: Mapping[str, tuple[Value, ...]]) -> None:
        self._channels = {bytes.fromhex(tag): _Channel(byte_order, values) for tag, values in tags.items()}
        self._tag_size = len(next(iter(self._channels)))

    def read(self, payload: bytes, at: int = 0) -> Reading:
        """Read channels from `at` on; `rest` begins at the first unknown tag.

        Raises:
            ValueError: a channel is cut short, a flag is neither 0 nor 1, or there is no octet at all.
        """
        if not payload:
            raise ValueError("no channel at all")
        reading = Reading()
        size = self._tag_size
        while (channel := self._channels.get(payload[at : at + size])) is not None:
            at = channel.read(payload, at + size, reading)
        if 0 < len(payload) - at < size:
            raise ValueError("a channel is cut short")
        reading.rest = payload[at:]
        return reading

    def write(self, measurements: Mapping[str, object]) -> bytes:
        """The channels of these measurements, in the order of the table, each measurement once.

        What shares a channel with a measurement, and is not given, is 0.

        Raises:
            ValueError: a value does not fit.
        """
        payload = b""
        written: set[str] = set()
        for tag, channel in self._channels.items():
            canonical = channel.canonical
            if canonical & measurements.keys() and not canonical & written:
                payload += tag + channel.write(measurements)
                written |= canonical
        return payload


class _Channel:
    """The values behind one tag."""

    def __init__(self, byte_order: str, values: tuple[Value, ...]) -> None:
        self._values = values
        self._layout = struct.Struct(byte_order + "".join(value.code for value in values))
        self._readers = [(value.name, value.is_canonical, _reader(value)) for value in values]
        self.canonical = {value.name for value in values if value.is_canonical}

    def read(self, payload: bytes, at: int, reading: Reading) -> int:
        """Read into `reading` and return where the channel ends."""
        end = at + self._layout.size
        if end > len(payload):
            raise ValueError(f"{self._values[0].name} is cut short")
        for (name, canonical, read), packed in zip(self._readers, self._layout.unpack_from(payload, at), strict=True):
            (reading.measurements if canonical else reading.raw)[name] = read(packed)
        return end

    def write(self, measurements: Mapping[str, object]) -> bytes:
        return self._layout.pack(*(self._packed(value, measurements) for value in self._values))

    def _packed(self, value: Value, measurements: Mapping[str, object]) -> object:
        if value.code.endswith("s"):
            return bytes(struct.calcsize(value.code))
        number = measurements.get(value.name, 0) if value.is_canonical else 0
        assert isinstance(number, int | float)
        try:
            packed = round(number * value.per_unit)
            struct.pack(f"<{value.code}", packed)
        except (struct.error, OverflowError, ValueError):
            raise ValueError(f"{value.name} {number!r} does not fit") from None
        return packed


def _reader(value: Value) -> Callable[[Any], object]:
    if value.read is not None:
        return value.read
    if value.is_canonical and QUANTITIES[value.name].kind is bool:
        return _Truth(value.name)
    if value.code.endswith("s"):
        return bytes.hex
    return int if value.per_unit == 1 else lambda packed: packed / value.per_unit


class _Truth:
    """Reads 0 and 1."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, packed: int) -> bool:
        if packed > 1:
            raise ValueError(f"{self._name} is neither 0 nor 1")
        return packed == 1
