"""Simulated time against the clock on the wall."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SimClock:
    """Both clocks show `start` at one moment; from then on the simulated one runs `speed` times as fast."""

    start: datetime
    speed: float = 1.0

    def simulated(self, wall: datetime) -> datetime:
        """The simulated time at a time on the wall."""
        return self.start + (wall - self.start) * self.speed

    def wall(self, simulated: datetime) -> datetime:
        """The time on the wall at a simulated time."""
        return self.start + (simulated - self.start) / self.speed
