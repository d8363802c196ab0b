"""What the sensors in bays and benches read while a spell lasts: canonical measurements."""

from datetime import datetime, timedelta
from random import Random
from typing import Protocol

from domain.measurements import Measurements
from domain.places import Asset
from simulators.seeds import seeded
from simulators.spells import Spell
from simulators.weather import celsius, sunlight

_YEAR = timedelta(days=365.25)
_SHARE_OF_TIRED_BATTERIES = 0.02
_TO_THE_ROOF_MM, _TO_THE_GROUND_MM = 700, 2_500
_PANEL_WATTS, _IDLE_WATTS, _PORT_WATTS = 60.0, 2.0, 7.5


class Sensor(Protocol):
    """Reads what is true at a moment. Moments must be given in order."""

    def read(self, at: datetime, spell: Spell) -> Measurements:
        """Everything that the hardware can measure; a frame carries what its format has room for."""
        ...


class BatterySensor:
    """In or above a bay, or under a seat: taken or not, by whatever tells it, air temperature, a battery for years."""

    def __init__(self, asset: Asset, *, seed: int, begins_at: datetime) -> None:
        self._seed = seed
        self._begins_at = begins_at
        self._random = seeded(seed, asset.asset_id, "readings")
        self._tired = self._random.random() < _SHARE_OF_TIRED_BATTERIES
        self._charge = self._random.uniform(0.08, 0.18) if self._tired else self._random.uniform(0.6, 1.0)

    def read(self, at: datetime, spell: Spell) -> Measurements:
        """See Sensor."""
        charge = max(0.0, self._charge - 0.1 * ((at - self._begins_at) / _YEAR))
        return {
            "occupied": spell.occupied,
            "distance_mm": _TO_THE_ROOF_MM if spell.occupied else _TO_THE_GROUND_MM,
            "motion": spell.occupied,
            "vibration": spell.occupied,
            "temperature_celsius": _nearby_celsius(self._random, self._seed, at),
            "battery_volts": round(2.6 + 0.9 * charge, 3),
            "battery_percent": round(charge * 100),
            "battery_low": self._tired,
        }


class SolarBench:
    """Counts who sits, charges their phones, and lives on its panel."""

    def __init__(self, asset: Asset, *, seed: int, begins_at: datetime) -> None:
        self._asset = asset
        self._seed = seed
        self._random = seeded(seed, asset.asset_id, "readings")
        self._spell: Spell | None = None
        self._read_at = begins_at
        self._occupants = 0
        self._ports_in_use = 0
        self._sessions = self._random.randrange(200, 2_000)
        self._energy_wh = self._sessions * _PORT_WATTS / 3

    def read(self, at: datetime, spell: Spell) -> Measurements:
        """See Sensor."""
        self._energy_wh += self._ports_in_use * _PORT_WATTS * ((at - self._read_at) / timedelta(hours=1))
        self._read_at = at
        if spell != self._spell:
            self._seat(spell)
        light = sunlight(self._seed, at, lon=self._asset.lon, lat=self._asset.lat)
        charge = self._charge(at, light)
        return {
            "occupants": self._occupants,
            "charging_ports_in_use": self._ports_in_use,
            "charge_sessions_total": self._sessions,
            "energy_wh_total": round(self._energy_wh, 1),
            "solar_watts": round(_PANEL_WATTS * light, 1),
            "panel_volts": round(18.5 * min(1.0, 4 * light), 1),
            "load_watts": round(_IDLE_WATTS + _PORT_WATTS * self._ports_in_use, 1),
            "battery_percent": round(100 * charge, 1),
            "battery_volts": round(12.0 + 1.4 * charge, 2),
            "temperature_celsius": _nearby_celsius(self._random, self._seed, at),
        }

    def _seat(self, spell: Spell) -> None:
        """New people, or nobody: at most three seats and two charging ports."""
        self._spell = spell
        self._occupants = self._random.choices((1, 2, 3), (6, 3, 1))[0] if spell.occupied else 0
        wanting = sum(self._random.random() < 0.35 for _ in range(self._occupants))
        self._ports_in_use = min(2, wanting)
        self._sessions += self._ports_in_use

    def _charge(self, at: datetime, light: float) -> float:
        """Fullest in the afternoon, emptiest at dawn."""
        since_dawn_hours = (at.hour - 5) % 24 + at.minute / 60
        filled = since_dawn_hours / 11 if since_dawn_hours < 11 else (24 - since_dawn_hours) / 13
        return 0.62 + 0.28 * filled + 0.05 * light


def _nearby_celsius(random: Random, seed: int, at: datetime) -> float:
    return round(celsius(seed, at) + random.uniform(-0.6, 0.6), 1)
