"""The sun, against almanacs."""

from datetime import UTC, datetime

import pytest

from domain.daylight import sun_elevation_degrees

GREENWICH = {"lon": 0.0, "lat": 51.48}


@pytest.mark.parametrize(
    ("moment", "degrees"),
    [
        ("2026-06-21T12:02", 61.95),  # noon of the longest day: 90 - 51.48 + 23.43
        ("2026-12-21T11:58", 15.08),  # and of the shortest
        ("2026-03-20T12:07", 38.5),  # equinox
        ("2026-06-21T03:43", -0.6),  # sunrise at Greenwich
        ("2026-12-21T15:53", -0.6),  # sunset
        ("2026-12-21T00:00", -62.0),
    ],
)
def test_the_sun_stands_where_almanacs_say(moment, degrees):
    found = sun_elevation_degrees(datetime.fromisoformat(moment).replace(tzinfo=UTC), **GREENWICH)
    assert found == pytest.approx(degrees, abs=0.6)


def test_it_rises_in_the_east_first():
    dawn = datetime(2026, 3, 20, 6, 0, tzinfo=UTC)
    east, west = (sun_elevation_degrees(dawn, lon=lon, lat=51.5) for lon in (1.7, -5.5))
    assert east > west + 3
