"""The newest word of each asset and device in a batch: pure, and the same for any order of the frames."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from domain.states import State
from domain.uplinks import Accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A state-bearing frame of one asset. `silent_after` is how long it counts."""

    asset_key: int
    device_key: int
    observed_at: datetime
    f_cnt: int
    kind: str
    state: State
    silent_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The newest event of one asset, and when the run of equal states that it ends began within the batch."""

    event: Event
    since: datetime


def latest_by_asset(events: Iterable[Event]) -> list[Latest]:
    """One Latest for each asset, in order of asset_key."""
    ordered = sorted(events, key=lambda event: (event.asset_key, event.observed_at, event.f_cnt))
    return [_latest(list(group)) for _, group in groupby(ordered, key=attrgetter("asset_key"))]


def _latest(events: list[Event]) -> Latest:
    newest = events[-1]
    since = newest.observed_at
    for event in reversed(events):
        if event.state is not newest.state:
            break
        since = event.observed_at
    return Latest(event=newest, since=since)


def condition_by_device(frames: Iterable[tuple[int, Accepted]]) -> list[tuple[object, ...]]:
    """What each device said of its own condition: one row for `upsert_device_states`, in order of device_key.

    Newest frame for what every frame has; newest that said it for what only some say.
    """
    ordered = sorted(frames, key=lambda pair: (pair[0], pair[1].uplink.observed_at, pair[1].uplink.f_cnt))
    return [_condition(key, [frame for _, frame in group]) for key, group in groupby(ordered, key=lambda pair: pair[0])]


_SAID = ("battery_percent", "battery_volts", "battery_low", "sensor_fault", "tamper")


def _condition(device_key: int, frames: list[Accepted]) -> tuple[object, ...]:
    newest = frames[-1].uplink
    said: dict[str, object] = {}
    for frame in frames:
        said.update(frame.decoded.measurements)
    return (
        device_key,
        newest.observed_at,
        newest.session,
        newest.f_cnt,
        newest.rssi_dbm,
        newest.snr_db,
        *(said.get(key) for key in _SAID),
    )
