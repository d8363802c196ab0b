"""Too many frames of one device: counted by when they happened, so that a backlog that arrives at once is no flood."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime

LETTERS_AN_HOUR = 100
_MOST_COUNTS = 100_000


class _Counts:
    """Counters by key; of too many keys the one longest untouched is forgotten."""

    def __init__(self) -> None:
        self._counts: OrderedDict[Hashable, int] = OrderedDict()

    def add(self, key: Hashable) -> int:
        count = self._counts.pop(key, 0) + 1
        self._counts[key] = count
        if len(self._counts) > _MOST_COUNTS:
            self._counts.popitem(last=False)
        return count


@dataclass(slots=True)
class FloodGate:
    """A bucket of `burst` frames for each device and stretch of event time, as long as `per_minute` takes to fill it.

    A bucket belongs to its stretch of time and not to the moment of arrival: late and shuffled frames find their own
    bucket as it was, and nothing has to be remembered of a device but counts. The oldest of these are forgotten.
    """

    per_minute: float
    burst: int
    _frames: _Counts = field(default_factory=_Counts)
    _letters: _Counts = field(default_factory=_Counts)

    def admits(self, device_id: str, observed_at: datetime) -> bool:
        """Count a frame; whether it is within its device's rate."""
        stretch_s = self.burst / self.per_minute * 60
        return self._frames.add((device_id, int(observed_at.timestamp() // stretch_s))) <= self.burst

    def letter(self, device_id: str, received_at: datetime) -> str:
        """Name the dead letter of an excess frame; those that get the same name are one row, counted.

        So a device fills at most LETTERS_AN_HOUR rows an hour, whatever it sends.
        """
        hour = f"{received_at:%Y-%m-%dT%H}"
        number = min(self._letters.add((device_id, hour)), LETTERS_AN_HOUR)
        return f"{device_id}/{hour}/{number}"
