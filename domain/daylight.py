"""How high the sun stands: enough to dim a sign by."""

from datetime import UTC, datetime
from math import asin, atan2, cos, degrees, radians, sin


def sun_elevation_degrees(moment: datetime, *, lon: float, lat: float) -> float:
    """Degrees above the horizon at a place (WGS 84 degrees); right within half a degree, without refraction."""
    days = (moment.astimezone(UTC) - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() / 86_400
    mean_anomaly = radians(357.528 + 0.9856003 * days)
    mean_longitude = 280.46 + 0.9856474 * days
    ecliptic = radians(mean_longitude + 1.915 * sin(mean_anomaly) + 0.02 * sin(2 * mean_anomaly))
    tilt = radians(23.439)
    declination = asin(sin(tilt) * sin(ecliptic))
    equation = mean_longitude - degrees(_right_ascension(ecliptic, tilt))
    hour_angle = radians(360 * (days % 1) + lon + (equation + 180) % 360 - 180)
    height = sin(radians(lat)) * sin(declination) + cos(radians(lat)) * cos(declination) * cos(hour_angle)
    return degrees(asin(height))


def _right_ascension(ecliptic: float, tilt: float) -> float:
    return atan2(cos(tilt) * sin(ecliptic), cos(ecliptic))
