from dataclasses import replace
from datetime import timedelta

import pytest

from domain.device_record import HeardBy
from domain.errors import ScriptError, ScriptFault
from domain.uplinks import Decoded, Kind
from store.device_records import StoreDeviceRecords

pytestmark = [pytest.mark.anyio, pytest.mark.db]

BAY = "70b3d50000000001"


class NoScripts:
    """No model has a JavaScript codec."""

    def knows(self, model):
        return False


async def test_a_device_is_told_with_its_frames_days_and_battery(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon) as (store, pool):
        day = 24 * 60
        frames = [
            frame(BAY, n, minute=n * day, occupied=True, battery_percent=90.0 - n, battery_volts=3.6) for n in range(20)
        ]
        await store.write([frame(BAY, 100, minute=-5, kind=Kind.STARTUP), *frames], [])
        records = StoreDeviceRecords(pool, NoScripts(), now=lambda: noon + timedelta(days=20))
        found = await records.device_record(BAY, frames=5, days=90)
        recent = await records.device_record(BAY, frames=50, days=3)
        nobody = await records.device_record("nobody", frames=5, days=90)

    assert nobody is None
    assert [one.f_cnt for one in found.frames] == [19, 18, 17, 16, 15]
    assert found.newest_startup.f_cnt == 100
    assert found.health.asset_id == "mill-yard-1"
    assert (found.expected_interval, found.usual_interval) == (timedelta(minutes=24), timedelta(days=1))
    assert found.battery_days_left == pytest.approx(72, abs=1.5)
    assert (len(found.days), found.days[0].frames, found.days[1].rssi_dbm) == (20, 2, -97.0)
    assert found.rssi_trend_db_per_week == 0
    assert (len(recent.frames), len(recent.days), recent.battery_days_left) == (21, 3, None)


async def test_frames_of_javascript_models_are_read_by_their_codec(database, open_store, small_borough, frame, noon):
    """In the order of the frames, beside those that a built-in codec reads and those that nobody reads any more."""
    asked = []

    class Scripts:
        def knows(self, model):
            return model == "acme-bay"

        async def decode(self, frames):
            asked.extend(frames)
            return [
                Decoded(
                    model=one.model, codec_version=2, kind=Kind.EVENT, measurements={"occupied": True}, raw={"n": n}
                )
                if n
                else ScriptError(one.model, 1, b"", ScriptFault.EXCEPTION, "broken")
                for n, one in enumerate(frames)
            ]

    def by(codec, f_cnt, **more):
        one = frame(BAY, f_cnt, minute=f_cnt, **more)
        return replace(one, decoded=replace(one.decoded, model=codec))

    async with open_store(database, small_borough, noon) as (store, pool):
        native = by("bosch-tps110", 3)
        native = replace(native, uplink=replace(native.uplink, payload=b"\x01"))
        await store.write([by("acme-bay", 1), by("gone", 2), native, by("acme-bay", 4, kind=Kind.STARTUP)], [])
        found = await StoreDeviceRecords(pool, Scripts(), now=lambda: noon).device_record(BAY, frames=9, days=9)

    assert [one.f_cnt for one in found.frames] == [4, 3, 2, 1]
    assert [one.meaning and one.meaning.model for one in found.frames] == [None, "bosch-tps110", None, "acme-bay"]
    assert found.frames[3].meaning.raw == {"n": 1}
    assert found.newest_startup.meaning.raw == {"n": 2}
    assert [one.observed_at for one in asked] == [noon + timedelta(minutes=minute) for minute in (4, 1, 4)]


A, B, NOBODY = "0016c001f153a14c", "my-gateway", ()


async def heard_by(database, open_store, small_borough, noon, batches):
    """The gateways of the bay, after these batches."""
    async with open_store(database, small_borough, noon) as (store, pool):
        for batch in batches:
            await store.write(batch, [])
        records = StoreDeviceRecords(pool, NoScripts(), now=lambda: noon + timedelta(hours=2))
        found = await records.device_record(BAY, frames=5, days=90)
        async with pool.connection() as connection:
            await connection.execute("TRUNCATE uplink, measurement, event, seen_frame, device_state, session_block")
        return found.gateways


async def test_gateways_are_told_the_same_however_frames_came(database, open_store, small_borough, frame, noon):
    """By when frames were observed, however late, shuffled or repeated they came; each gateway once for each frame."""

    def heard(f_cnt, *gateways):
        one = frame(BAY, f_cnt, minute=f_cnt, received_minute=60, occupied=True)
        return replace(one, uplink=replace(one.uplink, gateways=gateways))

    frames = [
        heard(1, (A, -90.0, 5.0), (B, -110.0, -7.5)),
        heard(2, (A, -100.0, None), (A, -94.0, 1.0)),
        heard(3, (B, None, -9.5)),
        heard(4, *NOBODY),
    ]
    expected = (
        HeardBy(gateway_id=B, frames=2, heard_at=noon + timedelta(minutes=3), rssi_dbm=None, snr_db=-9.5,
                mean_rssi_dbm=-110, mean_snr_db=-8.5),
        HeardBy(gateway_id=A, frames=2, heard_at=noon + timedelta(minutes=2), rssi_dbm=-94, snr_db=1,
                mean_rssi_dbm=-92, mean_snr_db=3),
    )  # fmt: skip
    world = database, open_store, small_borough, noon
    assert await heard_by(*world, [frames]) == expected
    assert await heard_by(*world, [[frames[2]], [frames[3], frames[0], frames[2]], [frames[1], frames[0]]]) == expected


async def test_what_was_heard_before_gateways_were_kept_names_none(database, open_store, small_borough, frame, noon):
    assert await heard_by(database, open_store, small_borough, noon, [[frame(BAY, 1, occupied=True)]]) == ()
