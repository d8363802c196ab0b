"""Octets of fixed layouts, read and written with their bounds checked."""

from domain.measurements import Measurements


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
