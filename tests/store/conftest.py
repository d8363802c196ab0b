"""Frames of the small borough, and a store on each kind of database."""

from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from domain.ids import DeviceId
from domain.uplinks import Accepted, Decoded, Kind, Network, TimeSource, Uplink
from store.frames import FrameStore
from store.places import import_places
from store.pool import open_pool


@pytest.fixture
def frame(noon):
    """Makes an accepted frame: `frame("70b3d50000000001", 3, occupied=True, minute=5)`."""

    def make(
        device_id, f_cnt, *, minute=0.0, kind=Kind.EVENT, session="01020304", received_minute=None, **measurements
    ):
        observed_at = noon + timedelta(minutes=minute)
        received_at = observed_at if received_minute is None else noon + timedelta(minutes=received_minute)
        return Accepted(
            uplink=Uplink(
                device_id=DeviceId(device_id),
                network=Network.CHIRPSTACK,
                session=session,
                f_cnt=f_cnt,
                f_port=1,
                payload=repr(sorted(measurements.items())).encode(),
                observed_at=observed_at,
                time_source=TimeSource.GATEWAY,
                received_at=received_at,
                rssi_dbm=-97.0,
                snr_db=7.25,
                gateway_count=2,
            ),
            decoded=Decoded(model="bosch-tps110", codec_version=1, kind=kind, measurements=measurements, raw={}),
        )

    return make


@asynccontextmanager
async def _open_store(conninfo, places, at, *, size=2, prepare=True):
    async with open_pool(conninfo, size=size, prepare=prepare) as pool:
        await import_places(pool, places, at=at)
        store = FrameStore(pool)
        await store.refresh()
        yield store, pool


@pytest.fixture
def open_store():
    """`async with open_store(conninfo, places, at) as (store, pool)`."""
    return _open_store


class Clock:
    """A clock that tests move."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock(noon):
    return Clock(noon)


@pytest.fixture
async def borough_pool(database, small_borough, noon):
    """Connections to a database with the small borough in it."""
    async with open_pool(database, size=4) as pool:
        await import_places(pool, small_borough, at=noon)
        yield pool
