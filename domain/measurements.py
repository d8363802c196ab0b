"""Canonical measurements: what any sensor may say, in one unit each.

One row of `Measurements` is one key: name with its unit, type, and the range beyond which a value is a fault
of the sensor or of the codec. Nothing else has to change for a new key.
"""

import math
from dataclasses import dataclass
from typing import Annotated, TypedDict, get_type_hints


@dataclass(frozen=True, slots=True)
class Range:
    """Inclusive bounds of a plausible value."""

    low: float
    high: float


class Measurements(TypedDict, total=False):
    """What one uplink measured. Absent means not said; never zero for missing."""

    occupied: Annotated[bool, Range(0, 1)]
    occupants: Annotated[int, Range(0, 1_000)]
    battery_percent: Annotated[float, Range(0, 100)]
    battery_volts: Annotated[float, Range(0, 60)]
    battery_low: Annotated[bool, Range(0, 1)]
    temperature_celsius: Annotated[float, Range(-128, 127.5)]
    humidity_percent: Annotated[float, Range(0, 100)]
    distance_mm: Annotated[int, Range(0, 65_535)]
    tilt: Annotated[bool, Range(0, 1)]
    tamper: Annotated[bool, Range(0, 1)]
    sensor_fault: Annotated[bool, Range(0, 1)]
    previous_state_minutes: Annotated[int, Range(0, 100_000)]
    charging_ports_in_use: Annotated[int, Range(0, 64)]
    charge_sessions_total: Annotated[int, Range(0, 2**53)]
    energy_wh_total: Annotated[float, Range(0, 1e12)]
    solar_watts: Annotated[float, Range(0, 10_000)]
    panel_volts: Annotated[float, Range(0, 200)]
    load_watts: Annotated[float, Range(0, 10_000)]
    sound_dba: Annotated[float, Range(0, 200)]
    people_in_total: Annotated[int, Range(0, 2**53)]
    people_out_total: Annotated[int, Range(0, 2**53)]
    people_present: Annotated[int, Range(0, 100_000)]
    vehicles_total: Annotated[int, Range(0, 2**53)]
    vehicles_in_total: Annotated[int, Range(0, 2**53)]
    vehicles_out_total: Annotated[int, Range(0, 2**53)]
    # As the source counts: a counter that drifted says less than nothing. What is believed of it: domain.counts.
    vehicles_present: Annotated[int, Range(-1_000_000, 1_000_000)]
    # What a feed said that counts what is left; only kept.
    spaces_free: Annotated[int, Range(-1_000_000, 1_000_000)]
    motion: Annotated[bool, Range(0, 1)]
    motion_count: Annotated[int, Range(0, 65_535)]
    vibration: Annotated[bool, Range(0, 1)]
    illuminance_lux: Annotated[float, Range(0, 250_000)]
    co2_ppm: Annotated[int, Range(0, 65_535)]
    tvoc_ppb: Annotated[int, Range(0, 65_535)]
    formaldehyde_mg_m3: Annotated[float, Range(0, 1_000)]
    ozone_ppm: Annotated[float, Range(0, 1_000)]
    pm2_5_ug_m3: Annotated[float, Range(0, 65_535)]
    pm10_ug_m3: Annotated[float, Range(0, 65_535)]
    pressure_hpa: Annotated[float, Range(0, 10_000)]
    sound_max_dba: Annotated[float, Range(0, 200)]


@dataclass(frozen=True, slots=True)
class Quantity:
    """The type and the bounds of one key."""

    kind: type[bool] | type[int] | type[float]
    bounds: Range


def _quantities() -> dict[str, Quantity]:
    hints = get_type_hints(Measurements, include_extras=True)
    return {key: Quantity(hint.__origin__, hint.__metadata__[0]) for key, hint in hints.items()}


QUANTITIES: dict[str, Quantity] = _quantities()


CHARGING = frozenset({"charge_sessions_total", "energy_wh_total"})
"""What benches count for ever: how much it is between two readings is what history keeps."""


def faults(measurements: Measurements) -> list[str]:
    """One sentence for each key that is unknown, of the wrong type, not finite, or out of its range."""
    return [fault for key, value in measurements.items() if (fault := _fault(key, value))]


def _fault(key: str, value: object) -> str:
    quantity = QUANTITIES.get(key)
    if quantity is None:
        return f"{key[:64]!r} is not a measurement"
    if not _has_type(value, quantity.kind):
        return f"{key} must be {quantity.kind.__name__}, got {type(value).__name__}"
    assert isinstance(value, int | float)
    if isinstance(value, float) and not math.isfinite(value):
        return f"{key} is not finite"
    if not quantity.bounds.low <= value <= quantity.bounds.high:
        # An integer may have any number of digits: it is compared as it is, and not printed.
        return f"{key} is outside {quantity.bounds.low:g}..{quantity.bounds.high:g}"
    return ""


def _has_type(value: object, kind: type) -> bool:
    if kind is bool:
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (kind is float and isinstance(value, float))
