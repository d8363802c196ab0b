"""States of bays and benches, and counts that add up."""

from dataclasses import dataclass
from enum import StrEnum

from domain.measurements import Measurements


class State(StrEnum):
    """What is true of a bay or bench now. `unknown` is a state: silence is never `free`."""

    FREE = "free"
    OCCUPIED = "occupied"
    UNKNOWN = "unknown"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many of `capacity` are in each state; the four always add up to it."""

    free: int = 0
    occupied: int = 0
    unknown: int = 0
    closed: int = 0

    @property
    def capacity(self) -> int:
        """All bays, whatever their state."""
        return self.free + self.occupied + self.unknown + self.closed

    @property
    def coverage(self) -> float:
        """The share of open bays whose state is known, 0..1; 1 where none is open."""
        known = self.free + self.occupied
        opened = known + self.unknown
        return known / opened if opened else 1.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            free=self.free + other.free,
            occupied=self.occupied + other.occupied,
            unknown=self.unknown + other.unknown,
            closed=self.closed + other.closed,
        )

    @classmethod
    def of(cls, states: "list[State]") -> "Counts":
        """Count a list of states."""
        return cls(
            free=states.count(State.FREE),
            occupied=states.count(State.OCCUPIED),
            unknown=states.count(State.UNKNOWN),
            closed=states.count(State.CLOSED),
        )


def reported_state(measurements: Measurements) -> State | None:
    """The state that a sensor's words mean, or None where they say nothing about occupancy."""
    if "occupied" in measurements:
        return State.OCCUPIED if measurements["occupied"] else State.FREE
    if "occupants" in measurements:
        return State.OCCUPIED if measurements["occupants"] > 0 else State.FREE
    return None


def reported_number(measurements: Measurements) -> int | None:
    """How many persons a sensor counted, or None where it says no more than yes or no."""
    if "occupants" not in measurements:
        return None
    number = measurements["occupants"]
    occupied = measurements.get("occupied", number > 0)
    return max(1, number) if occupied else 0


def reported_before_s(measurements: Measurements) -> int | None:
    """How long the state before lasted, in seconds, where the sensor says so."""
    minutes = measurements.get("previous_state_minutes")
    return None if minutes is None else 60 * minutes
