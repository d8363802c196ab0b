"""Since when an asset says what it says: the same from its newest words as from all of them."""

from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = [pytest.mark.anyio, pytest.mark.db]

BAY = "mill-yard-1"
# Seconds after the beginning, some of them the same; an hour of silence now and then.
WORDS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 3), st.sampled_from(["free", "occupied"])), min_size=1, max_size=14
)


@pytest.fixture
async def bay(database, open_store, small_borough, noon):
    async with open_store(database, small_borough, noon):
        pass
    with psycopg.connect(database) as connection:
        yield (
            connection,
            *connection.execute(
                "SELECT asset_key, device_key FROM asset JOIN installation USING (asset_key) WHERE asset_id = %s", [BAY]
            ).fetchone(),
        )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words=WORDS, slow=st.booleans())
async def test_the_newest_words_tell_the_same_as_all_of_them_or_nothing(bay, noon, words, slow):
    connection, asset_key, device_key = bay
    step = timedelta(hours=20) if slow else timedelta(minutes=1)
    connection.execute("DELETE FROM event")
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO event (observed_at, asset_key, device_key, f_cnt, kind, state)"
            " VALUES (%s, %s, %s, %s, 'event', %s)",
            [(noon + at * step, asset_key, device_key, f_cnt, state) for at, f_cnt, state in words],
        )
    told = [
        connection.execute("SELECT run_among(%s, %s)", [asset_key, most]).fetchone()[0]
        for most in (None, *range(1, len(words) + 2))
    ]
    since = connection.execute("SELECT run_since(%s)", [asset_key]).fetchone()[0]

    assert since == told[0]
    assert set(told[1:]) <= {None, since}


async def test_a_run_longer_than_what_is_looked_at_first_begins_where_it_began(bay, noon):
    connection, asset_key, device_key = bay
    connection.execute(
        "INSERT INTO event (observed_at, asset_key, device_key, f_cnt, kind, state)"
        " SELECT %s + n * INTERVAL '1 minute', %s, %s, n, 'event', CASE WHEN n = 0 THEN 'free' ELSE 'occupied' END"
        " FROM generate_series(0, 700) AS n",
        [noon, asset_key, device_key],
    )

    assert connection.execute("SELECT run_among(%s, 500)", [asset_key]).fetchone() == (None,)
    assert connection.execute("SELECT run_since(%s)", [asset_key]).fetchone() == (noon + timedelta(minutes=1),)
