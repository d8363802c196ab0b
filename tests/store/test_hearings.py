"""What gateways heard is read as it was told, from new rows and from those of earlier versions."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.device_record import HeardBy
from store.device_records import StoreDeviceRecords
from store.hearings import hearing_columns

pytestmark = [pytest.mark.anyio, pytest.mark.db]

BAY = "70b3d50000000001"
NEAR, FAR, AWAY = "0016c001f153a14c", "my gateway", "z"

printable = st.characters(min_codepoint=32, max_codepoint=126)
odd_names = st.sampled_from([NEAR, FAR, AWAY, "[", '["a"]', "-", "1 2"])
names = st.one_of(odd_names, st.text(printable, min_size=1, max_size=64))
# As radios say, SNR in quarters or in tenths; and as none does: to the thousandth, which 32-bit numbers still tell.
odd_levels = st.one_of(st.none(), st.integers(-300_000, 100_000).map(lambda n: n / 1000))
quarters = st.integers(-100, 67).map(lambda n: n / 4)
snrs = st.one_of(st.none(), quarters, quarters.map(lambda level: round(level, 1)))
rssis = st.one_of(st.none(), st.integers(-254, 0).map(float))
usual = st.tuples(names, rssis, snrs)
odd = st.tuples(names, odd_levels, odd_levels)
heard = st.one_of(st.lists(usual, max_size=5), st.lists(st.one_of(usual, odd), max_size=16)).map(tuple)


class NoScripts:
    """No model has a JavaScript codec."""

    def knows(self, model):
        return False


@pytest.fixture
def uplink(frame):
    return frame(BAY, 1).uplink


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gateways=heard, best=st.one_of(st.integers(0, 15), st.tuples(odd_levels, odd_levels)), unnamed=st.integers(0, 3))
@example(gateways=((FAR, -112.0, -5.25), (NEAR, -97.0, 5.2)), best=1, unnamed=0)
@example(gateways=((NEAR, None, None), (NEAR, -97.0, 7.0)), best=0, unnamed=0)
@example(gateways=((FAR, -112.0, None),), best=(None, None), unnamed=1)
def test_whatever_gateways_said_is_read_again(database, uplink, gateways, best, unnamed):
    """`best` is the place of the one whose signal is the frame's own, or a signal that none of them has."""
    if isinstance(best, int):
        best = gateways[best % len(gateways)][1:] if gateways else (None, None)
    said = replace(uplink, gateways=gateways, rssi_dbm=best[0], snr_db=best[1], gateway_count=len(gateways) + unnamed)
    count, *columns = hearing_columns(said)

    with psycopg.connect(database) as connection:
        found = connection.execute(
            "SELECT * FROM heard_by(%s, %s, %s::real, %s::real)", [*columns, said.rssi_dbm, said.snr_db]
        ).fetchall()
    in_order = {"key": repr}
    assert sorted(found, **in_order) == sorted(gateways, **in_order)
    assert len(gateways) + unnamed == (len(columns[0].split("\n")) if count is None else count)


def test_what_is_said_of_a_frame_is_not_said_again(uplink):
    gateways = ((FAR, -112.0, -5.25), (NEAR, -97.0, 7.25), (AWAY, -121.0, None))
    assert hearing_columns(replace(uplink, gateways=gateways, gateway_count=3)) == (
        None, f"{NEAR}\n{FAR}\n{AWAY}", bytes([112, 6 * 19 + 4, 121, 255]),
    )  # fmt: skip
    assert hearing_columns(replace(uplink, gateways=gateways[1:2], gateway_count=1)) == (None, NEAR, None)
    assert hearing_columns(replace(uplink, gateways=(), gateway_count=2)) == (2, None, None)


def test_what_radios_say_needs_no_json(uplink):
    """Quarters of a dB, and the same in tenths as older forwarders round them, as far as LoRa reaches."""
    for level in range(-25 * 4, 17 * 4):
        for snr_db in (level / 4, round(level / 4, 1)):
            for rssi_dbm in (-20, -150.0):
                gateways = ((FAR, rssi_dbm, snr_db), (NEAR, -97.0, 7.25))
                count, names, signals = hearing_columns(replace(uplink, gateways=gateways, gateway_count=2))
                assert (count, names, len(signals)) == (None, f"{NEAR}\n{FAR}", 2)


async def test_rows_of_earlier_versions_are_read_as_well(database, open_store, small_borough, frame, noon):
    """Two devices say the same; the rows of one are made what an earlier version would have written."""

    def said(f_cnt, *gateways, seconds=0):
        one = frame(BAY, f_cnt, minute=f_cnt, occupied=True)
        received_at = one.uplink.received_at + timedelta(seconds=seconds)
        return replace(
            one, uplink=replace(one.uplink, gateways=gateways, gateway_count=len(gateways), received_at=received_at)
        )

    frames = [
        said(1, (NEAR, -97.0, 7.25), (FAR, -110.0, -7.5), seconds=0.25),
        said(2, (FAR, -97.0, 7.25), seconds=30),
        said(3, (FAR, -111.0, -5.0), (NEAR, -97.0, 7.25)),
        said(4),
        said(5, (FAR, -90.0, 1.0), seconds=40 * 86_400),  # too long for `lag_ms`, and a signal that the frame has not
    ]
    async with open_store(database, small_borough, noon) as (store, pool):
        records = StoreDeviceRecords(pool, NoScripts(), now=lambda: noon + timedelta(days=41))
        await store.write(frames, [])
        new = await records.device_record(BAY, frames=9, days=90)
        for one in frames:
            uplink = one.uplink
            heard = msgspec.json.encode(uplink.gateways).decode() if uplink.gateways else None
            async with pool.connection() as connection:
                await connection.execute(
                    "UPDATE uplink SET observed_at = %s, gateway_count = %s, gateways = %s, lag_ms = NULL,"
                    " signals = NULL WHERE f_cnt = %s",
                    [uplink.observed_at, uplink.gateway_count, heard, uplink.f_cnt],
                )
        old = await records.device_record(BAY, frames=9, days=90)

    assert new == old
    assert [one.observed_at for one in new.frames] == [noon + timedelta(minutes=n) for n in (5, 4, 3, 2, 1)]
    assert [one.gateway_count for one in new.frames] == [1, 0, 2, 1, 2]
    assert new.gateways == (
        HeardBy(gateway_id=FAR, frames=4, heard_at=noon + timedelta(minutes=5), rssi_dbm=-90, snr_db=1,
                mean_rssi_dbm=-102, mean_snr_db=-1.0625),
        HeardBy(gateway_id=NEAR, frames=2, heard_at=noon + timedelta(minutes=3), rssi_dbm=-97, snr_db=7.25,
                mean_rssi_dbm=-97, mean_snr_db=7.25),
    )  # fmt: skip
