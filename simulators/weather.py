"""Temperature and sunlight in the borough: the season, the hour, and a seeded mood for each day."""

import math
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from simulators.seeds import seeded

_WARMEST_HOUR_UTC = 14.5
_COLDEST_DAY = 20


@lru_cache(maxsize=64)
def _mood(seed: int, day: int) -> tuple[float, float]:
    """Degrees above what is usual, and the share of sunlight that the clouds let through."""
    random = seeded(seed, "weather", day)
    return random.gauss(0, 2.0), random.uniform(0.15, 1.0)


def celsius(seed: int, at: datetime) -> float:
    """The temperature of the air."""
    utc = at.astimezone(UTC)
    season = math.cos(2 * math.pi * (utc.timetuple().tm_yday - _COLDEST_DAY) / 365.25)
    day = math.cos(2 * math.pi * (_hour(utc) - _WARMEST_HOUR_UTC) / 24)
    return 11 - 7 * season + (3.5 - 1.5 * season) * day + _mood(seed, utc.toordinal())[0]


def sunlight(seed: int, at: datetime, *, lon: float, lat: float) -> float:
    """The share of a clear overhead sun that reaches a flat panel, 0 at night."""
    utc = at.astimezone(UTC)
    return max(0.0, _sine_of_elevation(utc, lon, lat)) * _mood(seed, utc.toordinal())[1]


def _sine_of_elevation(utc: datetime, lon: float, lat: float) -> float:
    declination = math.radians(-23.44) * math.cos(2 * math.pi * (utc.timetuple().tm_yday + 10) / 365.25)
    hour_angle = math.radians(15 * (_hour(utc) - 12) + lon)
    latitude = math.radians(lat)
    overhead = math.sin(latitude) * math.sin(declination)
    return overhead + math.cos(latitude) * math.cos(declination) * math.cos(hour_angle)


def _hour(utc: datetime) -> float:
    midnight = utc.replace(hour=0, minute=0, second=0, microsecond=0)
    return (utc - midnight) / timedelta(hours=1)
