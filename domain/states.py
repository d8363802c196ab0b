"""States of bays, benches and areas, and counts that add up."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What is true of a bay or bench now. `unknown` is a state: silence is never `free`.

    An area is `free` while it has a free space.
    """

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
    def of_area(cls, state: State, *, capacity: int, taken: int | None) -> "Counts":
        """The spaces of an area: known one by one where its state is, all alike where it is not."""
        if state is State.CLOSED:
            return cls(closed=capacity)
        if state is State.UNKNOWN or taken is None:
            return cls(unknown=capacity)
        held = min(max(taken, 0), capacity)
        return cls(free=capacity - held, occupied=held)

    @classmethod
    def of(cls, states: "list[State]") -> "Counts":
        """Count a list of states."""
        return cls(
            free=states.count(State.FREE),
            occupied=states.count(State.OCCUPIED),
            unknown=states.count(State.UNKNOWN),
            closed=states.count(State.CLOSED),
        )
