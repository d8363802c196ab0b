"""What is sent in the benchmark of ingest: bays, their sensors, and `up` events of them."""

import base64
import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

DEVICES = 2000
SPACING_S = 2
STAMP = b"@the time of sending, 35 characters"
APPLICATION = "0f9d5c2e-6a1b-4c6e-9d4b-3f1f4e2a7b11"


def places_of(bays: int, *, model: str = "bosch-tps110") -> str:
    """So many bays with a sensor each."""
    return f"""
name = "Benchmark"
simulated = true
[[site]]
id = "lot"
name = "Lot"
kind = "car_park"
locality = "Loopback"
lon = 0.3
lat = 51.4
[[site.bays]]
category = "general"
model = "{model}"
count = {bays}
from = [0.3, 51.4]
to = [0.4, 51.5]
"""


PLACES = places_of(DEVICES)


def event(dev_eui: str, f_cnt: int, gateway_time: str) -> tuple[str, bytes]:
    """An `up` event of ChirpStack v4 with one gateway, about 700 bytes; 40 % of them change the bay's state."""
    occupied = (f_cnt * 2 // 5 + int(dev_eui[-2:], 16)) % 2
    body = {
        "deduplicationId": "57433366-50a6-4dc2-8145-2df1bbc70d9e",
        "time": gateway_time,
        "deviceInfo": {
            "tenantId": "52f14cd4-c6f1-4fbd-8f87-4025e1d49242",
            "tenantName": "Borough",
            "applicationId": APPLICATION,
            "applicationName": "parking",
            "deviceProfileId": "605d08d4-65f5-4d2c-8a5a-3d2457662f79",
            "deviceProfileName": "TPS110",
            "deviceName": dev_eui,
            "devEui": dev_eui,
            "tags": {},
        },
        "devAddr": "01020304",
        "adr": True,
        "dr": 5,
        "fCnt": f_cnt,
        "fPort": 1,
        "confirmed": False,
        "data": base64.b64encode(bytes([occupied])).decode(),
        "rxInfo": [{"gatewayId": "0016c001f153a14c", "uplinkId": 4217106255, "gwTime": gateway_time, "rssi": -101}],
        "txInfo": {"frequency": 868100000},
        "regionConfigId": "eu868",
    }
    return f"application/{APPLICATION}/device/{dev_eui}/event/up", json.dumps(body).encode()


def events(
    dev_euis: Sequence[str], count: int, *, first: int, gateway_time: str | None = None
) -> Iterator[tuple[str, bytes]]:
    """Numbered from `first`, so that no frame of a run is like another.

    As a backlog that ends now: those of a device two seconds apart, in order.
    """
    now, last = datetime.now(UTC), (first + count - 1) // DEVICES
    for number in range(first, first + count):
        f_cnt, of_device = divmod(number, DEVICES)
        ago = timedelta(seconds=SPACING_S * (last - f_cnt), microseconds=DEVICES - of_device)
        yield event(dev_euis[of_device], f_cnt, gateway_time or (now - ago).isoformat())


def wait_for_a_past(newest: float, count: int) -> None:
    """Until a backlog of so many frames begins after the newest one: none of it is late."""
    time.sleep(max(0.0, newest + SPACING_S * (count / DEVICES + 1) - time.time()))
