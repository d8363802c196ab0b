from datetime import timedelta

import pytest

from domain.uplinks import Kind
from store.device_records import StoreDeviceRecords

pytestmark = [pytest.mark.anyio, pytest.mark.db]

BAY = "70b3d50000000001"


async def test_a_device_is_told_with_its_frames_days_and_battery(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon) as (store, pool):
        day = 24 * 60
        frames = [
            frame(BAY, n, minute=n * day, occupied=True, battery_percent=90.0 - n, battery_volts=3.6) for n in range(20)
        ]
        await store.write([frame(BAY, 100, minute=-5, kind=Kind.STARTUP), *frames], [])
        records = StoreDeviceRecords(pool, now=lambda: noon + timedelta(days=20))
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
