from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from simulators.weather import celsius, sunlight

GRAYS = {"lon": 0.325, "lat": 51.475}
TIMES = st.datetimes(datetime(2024, 1, 1), datetime(2034, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_the_sun_shines_at_noon_and_never_at_midnight() -> None:
    for day in range(365):
        midnight = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
        assert sunlight(7, midnight, **GRAYS) == 0
        assert 0 < sunlight(7, midnight + timedelta(hours=12), **GRAYS) < 1


def test_july_is_warmer_than_january() -> None:
    januaries = [celsius(7, datetime(2026, 1, day, 12, tzinfo=UTC)) for day in range(1, 32)]
    julies = [celsius(7, datetime(2026, 7, day, 12, tzinfo=UTC)) for day in range(1, 32)]
    assert sum(julies) / 31 - sum(januaries) / 31 > 10


@given(TIMES, st.integers(0, 99))
def test_the_temperature_is_one_that_essex_knows(at: datetime, seed: int) -> None:
    assert -20 < celsius(seed, at) < 42
