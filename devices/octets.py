"""Octets of fixed layouts, read and written with their bounds checked."""

from dataclasses import dataclass

from domain.measurements import Measurements

APPLICATION_PORTS = range(1, 224)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """Bytes for one LoRaWAN frame, as a device or an application would send them."""

    f_port: int
    payload: bytes


def check_application_port(f_port: int) -> None:
    """Raise ValueError unless an application may use this fPort: 1 to 223."""
    if f_port not in APPLICATION_PORTS:
        raise ValueError("not an application fPort")


def check_length(payload: bytes, *lengths: int) -> None:
    """Raise ValueError unless the payload has one of the documented lengths."""
    if len(payload) not in lengths:
        documented = " or ".join(map(str, lengths))
        raise ValueError(f"{len(payload)} bytes where {documented} are documented")


def signed(octet: int) -> int:
    """An octet read as int8, two's complement."""
    return octet - 256 if octet > 127 else octet


def unsigned_octet(value: float, name: str) -> int:
    """The nearest uint8, or ValueError."""
    if not 0 <= value <= 255:
        raise ValueError(f"{name} {value:g} does not fit into a uint8")
    return round(value)


def signed_octet(value: float, name: str) -> int:
    """The nearest int8 as an octet, two's complement, or ValueError."""
    if not -128 <= value <= 127:
        raise ValueError(f"{name} {value:g} does not fit into an int8")
    return round(value) & 0xFF


def occupancy(measurements: Measurements) -> bool:
    """What every frame of a presence sensor must say, or ValueError."""
    if "occupied" not in measurements:
        raise ValueError("a frame of this model needs occupied")
    return measurements["occupied"]
