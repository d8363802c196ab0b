from datetime import timedelta

import pytest

from domain.errors import Reason
from domain.health import Attention
from domain.uplinks import Rejected
from store.inspection import StoreInspection

pytestmark = [pytest.mark.anyio, pytest.mark.db]

BAY = "70b3d50000000001"


async def test_device_health_is_the_newest_word_on_each_thing(database, open_store, small_borough, frame, noon):
    async with open_store(database, small_borough, noon) as (store, pool):
        await store.write(
            [
                frame(BAY, 1, occupied=True, battery_volts=3.1, battery_low=True),
                frame(BAY, 2, occupied=False, minute=5, tamper=True),
            ],
            [],
        )
        await store.write([frame(BAY, 0, occupied=False, minute=-5, battery_volts=9.9, received_minute=6)], [])
        devices = {device.device_id: device for device in await StoreInspection(pool, now=lambda: noon).device_health()}

    bay = devices[BAY]
    assert (bay.battery_volts, bay.battery_low, bay.tamper) == (pytest.approx(3.1), True, True)
    assert (bay.heard_at, bay.asset_id, bay.site_name) == (noon + timedelta(minutes=5), "mill-yard-1", "Mill Yard")
    assert bay.frames_24h == 3
    assert bay.attention(noon) == (Attention.TAMPER, Attention.BATTERY_LOW)
    assert devices["bench-green-1"].attention(noon) == (Attention.NEVER_HEARD,)


async def test_dead_letters_come_newest_first_page_by_page(database, open_store, small_borough, noon):
    letters = [
        Rejected(reason=reason, detail="", topic="t", device_id=None, payload=bytes([number]), received_at=noon)
        for number, reason in enumerate([Reason.NOT_JSON, Reason.RETAINED, Reason.NOT_JSON])
    ]
    async with open_store(database, small_borough, noon) as (store, pool):
        for letter in letters:
            await store.write([], [letter])
        inspection = StoreInspection(pool, now=lambda: noon)
        first = await inspection.dead_letters(before_id=None, limit=2)
        rest = await inspection.dead_letters(before_id=first[-1].dead_letter_id, limit=2)

        assert [letter.payload for letter in first + rest] == [b"\x02", b"\x01", b"\x00"]
        assert await inspection.dead_letter_counts() == {"not_json": 2, "retained": 1}
