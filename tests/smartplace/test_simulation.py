"""What gates say in the simulation, and what is counted by hand there, is the truth in the database, too."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from devices import catalogue, codec
from domain.uplinks import Accepted
from ingest.envelope import open_envelope
from ingest.source import Delivery
from smartplace.places import load_places, read_places
from smartplace.settings import load
from smartplace.simulation import count_by_hand, simulated_borough
from store.counting import Tally
from store.frames import FrameStore
from store.pool import open_pool

pytestmark = pytest.mark.db

AREA = "yard-level"
BEGINS_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLACES = """
name = "One yard"
simulated = true
[[site]]
id = "yard"
name = "Yard"
kind = "car_park"
locality = "Grays"
lon = 0.33
lat = 51.48
[[site.areas]]
id = "yard-level"
name = "Level"
capacity = 150
lon = 0.3301
lat = 51.4801
[[site.gates]]
id = "yard-in"
name = "Entry"
area = "yard-level"
direction = "in"
lon = 0.3302
lat = 51.4801
model = "nwave-ncc405"
device = "5a00000000000001"
[[site.gates]]
id = "yard-out"
name = "Exit"
area = "yard-level"
direction = "out"
lon = 0.3303
lat = 51.4801
model = "nwave-ncc405"
device = "5a00000000000002"
"""
SHOWN = """SELECT taken FROM event JOIN asset USING (asset_key)
WHERE asset_id = %s AND observed_at <= %s ORDER BY observed_at DESC LIMIT 1"""


def accepted(frame, model):
    delivery = Delivery(topic=frame.topic, payload=frame.payload, received_at=frame.at, retained=False, token=None)
    uplink = open_envelope(delivery)
    return Accepted(uplink=uplink, decoded=codec.decode(model, uplink.f_port, uplink.payload))


def rows(conninfo, statement, *parameters):
    with psycopg.connect(conninfo) as connection:
        return connection.execute(statement, parameters).fetchall()


@pytest.fixture
def play(database, tmp_path):
    """Thirty hours of the yard in the database, counted by hand; gives the borough."""
    places = tmp_path / "yard.toml"
    places.write_text(PLACES)

    def played(missed):
        settings = load(database_url=database, places_file=places, simulator_missed_passages=missed)
        until = BEGINS_AT + timedelta(hours=30)
        borough = simulated_borough(settings, BEGINS_AT)
        model = catalogue.model("nwave-ncc405")

        async def run():
            await load_places(settings, read_places(places))
            async with open_pool(database, size=2) as pool:
                # The register says who was where since it was written; those devices were there before.
                async with pool.connection() as connection:
                    await connection.execute("UPDATE installation SET begins_at = %s", [BEGINS_AT - timedelta(days=1)])
                store = FrameStore(pool)
                await store.refresh()
                await store.write([accepted(frame, model) for frame in borough.history(until=until)], [])
                await count_by_hand(settings, begins_at=BEGINS_AT, until=until)
                await Tally(pool, now=lambda: until).catch_up()

        asyncio.run(run())
        return borough

    return played


def test_the_count_is_the_truth_from_the_beginning_on(play, database):
    borough = play(0.0)
    for hours in range(1, 30, 4):
        at = BEGINS_AT + timedelta(hours=hours)
        [(taken,)] = rows(database, SHOWN, AREA, at)
        assert abs(taken - borough.taken(at)[AREA]) <= 1, hours
    recounts = rows(database, "SELECT taken, shown, counted_at, made_by FROM recount ORDER BY counted_at")
    assert len(recounts) == 2
    for taken, shown, at, by in recounts:
        assert (taken, by) == (borough.taken(at)[AREA], "demo")
        assert shown is None or abs(shown - taken) <= 1
    assert rows(database, "SELECT fault FROM quality_event WHERE fault IN ('residual', 'drift')") == []


def test_cars_that_counters_miss_are_a_drift_that_the_night_puts_right(play, database):
    borough = play(0.05)
    shown, taken, at = rows(database, "SELECT shown, taken, counted_at FROM recount ORDER BY counted_at")[1]
    assert abs(shown - taken) > 2
    [(after,)] = rows(database, SHOWN, AREA, at)
    assert after == taken == borough.taken(at)[AREA]
