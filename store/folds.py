"""The newest word of each asset and device in a batch: pure, and the same for any order of the frames.

What is made for every frame is a struct of msgspec, which takes a fifth of the time of a dataclass.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from domain.counts import believed
from domain.measurements import QUANTITIES
from domain.states import State
from domain.uplinks import Accepted

T = TypeVar("T")

# Below every count. As in `apply_states`.
_NOTHING_COUNTED = -(2**31)

DeviceFrames = tuple[int, Sequence[Accepted]]
"""A device, and frames of it."""


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A state-bearing frame of one asset. `silent_after` is how long it counts.

    `taken` is what was counted, where the sensor counts; `previous_s` how long the state before lasted, where it says
    so. `capacity` is that of an area, None for everything else.
    """

    asset_key: int
    device_key: int
    observed_at: datetime
    f_cnt: int
    kind: str
    state: State
    silent_after: timedelta
    taken: int | None = None
    previous_s: int | None = None
    capacity: int | None = None

    @property
    def is_believed(self) -> bool:
        """Whether its count can be true."""
        return self.taken is None or self.capacity is None or believed(self.taken, self.capacity).taken is not None

    @property
    def silent_at(self) -> datetime:
        """Until then it counts."""
        return self.observed_at + self.silent_after

    @property
    def order(self) -> tuple[datetime, int, str, timedelta, int]:
        """Which of two events of an asset is the newer: the greater. Events that are equal in this are equal."""
        taken = _NOTHING_COUNTED if self.taken is None else self.taken
        return self.observed_at, self.f_cnt, self.state, self.silent_after, taken

    def continues(self, before: "Event") -> bool:
        """Whether nothing had changed, as far as anybody could know, since the event before; of an area, its count."""
        same = self.state is before.state and (self.capacity is None or self.taken == before.taken)
        return same and self.observed_at < before.silent_at


class Latest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The newest event of one asset, and when the run began that it ends.

    `earliest` is the oldest event of the batch; `unbroken` when the run goes back to it.
    """

    event: Event
    since: datetime
    unbroken: bool
    earliest: datetime


def latest_by_asset(events: Iterable[Event]) -> list[Latest]:
    """One Latest for each asset, in order of asset_key."""
    groups: defaultdict[int, list[Event]] = defaultdict(list)
    for event in events:
        groups[event.asset_key].append(event)
    return [_latest(_ordered(groups[key], by=attrgetter("order"))) for key in sorted(groups)]


def _latest(events: list[Event]) -> Latest:
    if len(events) == 1:
        (event,) = events
        return Latest(event=event, since=event.observed_at, unbroken=True, earliest=event.observed_at)
    begins = max((n for n, (before, event) in enumerate(pairwise(events), 1) if not event.continues(before)), default=0)
    return Latest(
        event=events[-1],
        since=events[begins].observed_at,
        unbroken=begins == 0,
        earliest=events[0].observed_at,
    )


def frames_by_device(frames: Iterable[tuple[int, Accepted]]) -> list[DeviceFrames]:
    """The frames of each device, oldest first, in order of device_key."""
    groups: defaultdict[int, list[Accepted]] = defaultdict(list)
    for device_key, frame in frames:
        groups[device_key].append(frame)
    return [(key, _ordered(groups[key], by=frame_order)) for key in sorted(groups)]


def condition(device_key: int, frames: Sequence[Accepted]) -> tuple[object, ...]:
    """What every frame says of its device, by the newest: one row for `apply_conditions`."""
    newest = frames[-1].uplink
    return device_key, newest.observed_at, newest.session, newest.f_cnt, newest.rssi_dbm, newest.snr_db


def sayings(by_device: Iterable[DeviceFrames]) -> Iterator[tuple[object, ...]]:
    """What only some frames say of their device, the newest of each value and when: rows for `apply_sayings`."""
    for device_key, frames in by_device:
        if _say(frames):
            yield (device_key, *(pair for key in _SAID for pair in _newest_said(frames, key)))


def _say(frames: Sequence[Accepted]) -> bool:
    for frame in frames:  # noqa: SIM110  nearly always one, for which `any` costs more than the question
        if not _SAID_KEYS.isdisjoint(frame.decoded.measurements):
            return True
    return False


def _ordered(group: list[T], *, by: Callable[[T], Any]) -> list[T]:
    return sorted(group, key=by) if len(group) > 1 else group


def frame_order(frame: Accepted) -> tuple[datetime, int, str, float, float]:
    """Which of two frames of a device is the newer: the greater."""
    uplink = frame.uplink
    return uplink.observed_at, uplink.f_cnt, uplink.session, _level(uplink.rssi_dbm), _level(uplink.snr_db)


_SAID = ("battery_percent", "battery_volts", "battery_low", "sensor_fault", "tamper")
_SAID_KEYS = frozenset(_SAID)


def _newest_said(frames: Sequence[Accepted], key: str) -> Iterator[object]:
    """When it was said, and what; of two of one moment the greater. A whole number of volts is one of volts, too."""
    kind: Callable[[Any], Any] = QUANTITIES[key].kind
    values = [
        (frame.uplink.observed_at, kind(value))
        for frame in frames
        if (value := frame.decoded.measurements.get(key)) is not None
    ]
    yield from max(values, default=(None, None))


def _level(level: float | None) -> float:
    return float("-inf") if level is None else level
