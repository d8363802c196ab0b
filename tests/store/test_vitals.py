from datetime import UTC, datetime, timedelta

import pytest

from store.vitals import read_vitals

pytestmark = pytest.mark.db

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def clock(*ahead):
    """Tells these times, as seen from now, one after the other."""
    times = iter(ahead)
    return lambda: datetime.now(UTC) + next(times)


def test_a_server_that_takes_long_to_answer_has_no_wrong_clock(database):
    assert read_vitals(database, now=clock(-30 * SECOND, 30 * SECOND)).skew == timedelta()


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_a_clock_that_is_wrong_is_told_from_either_side(database, ahead):
    skew = read_vitals(database, now=clock(-ahead, -ahead)).skew

    assert abs(skew - ahead) < 30 * SECOND
