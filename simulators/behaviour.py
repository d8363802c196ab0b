"""When a device speaks and what it says: a startup, then an event at each change, and heartbeats in between."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import dropwhile
from random import Random

from domain.measurements import Measurements
from domain.places import Asset
from domain.uplinks import Kind
from simulators.readings import Sensor
from simulators.seeds import seeded
from simulators.spells import Spell


@dataclass(frozen=True, slots=True)
class Report:
    """What one asset's device has to say at one simulated time."""

    at: datetime
    asset: Asset
    kind: Kind
    measurements: Measurements


def reports(
    asset: Asset,
    life: Iterable[Spell],
    sensor: Sensor,
    *,
    heartbeat: timedelta,
    seed: int,
    begins_at: datetime,
) -> Iterator[Report]:
    """Everything that an asset's device says from `begins_at` on, in order, without end."""
    beats = beat_times(seeded(seed, asset.asset_id, "phase"), heartbeat, begins_at)
    beat_at = next(beats)
    past: Spell | None = None
    changed_at = begins_at
    for spell in dropwhile(lambda spell: spell.ends_at <= begins_at, life):
        if past is None:
            changed_at = spell.begins_at
            yield Report(begins_at, asset, Kind.STARTUP, sensor.read(begins_at, spell))
        elif spell.occupied != past.occupied:
            yield Report(spell.begins_at, asset, Kind.EVENT, _change(sensor, spell, changed_at))
            changed_at = spell.begins_at
        while beat_at < spell.ends_at:
            yield Report(beat_at, asset, Kind.HEARTBEAT, sensor.read(beat_at, spell))
            beat_at = next(beats)
        past = spell


def beat_times(random: Random, heartbeat: timedelta, begins_at: datetime) -> Iterator[datetime]:
    """Heartbeats: one a second after the startup, as not every startup frame says the state; then by the interval."""
    yield begins_at + timedelta(seconds=1)
    beat_at = begins_at + timedelta(seconds=round(random.uniform(0.05, 1) * heartbeat.total_seconds(), 3))
    while True:
        yield beat_at
        beat_at += heartbeat


def _change(sensor: Sensor, spell: Spell, changed_at: datetime) -> Measurements:
    measurements = sensor.read(spell.begins_at, spell)
    measurements["previous_state_minutes"] = int((spell.begins_at - changed_at) / timedelta(minutes=1))
    return measurements
