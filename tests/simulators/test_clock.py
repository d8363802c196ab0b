from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from simulators.clock import SimClock

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_simulated_time_runs_as_many_times_as_fast() -> None:
    assert SimClock(START, 60).simulated(START + timedelta(seconds=10)) == START + timedelta(minutes=10)


@given(st.floats(0.1, 3600), st.timedeltas(timedelta(), timedelta(days=30)))
def test_there_and_back_again_is_the_same_time(speed: float, later: timedelta) -> None:
    clock = SimClock(START, speed)
    there_and_back = clock.simulated(clock.wall(START + later))
    assert abs(there_and_back - START - later) <= timedelta(milliseconds=2)
