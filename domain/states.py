"""States of bays, benches and areas, and counts that add up."""

from dataclasses import dataclass
from enum import StrEnum

from domain.measurements import Measurements
from domain.places import AssetKind


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a frame says of the asset under it. `number` is what was counted, None where it is a yes or no.

    `before_s`: how long the state before lasted, where the sensor says so.
    """

    state: State
    number: int | None
    before_s: int | None


def said_of(kind: AssetKind, measurements: Measurements) -> Said | None:
    """What these measurements say of an asset of this kind, or None where they say nothing of it."""
    if kind is AssetKind.GATE:
        return None
    if kind is AssetKind.AREA:
        number = counted(measurements)
        return None if number is None else Said(state=_state(number > 0), number=number, before_s=None)
    state = reported_state(measurements)
    if state is None:
        return None
    return Said(state=state, number=reported_number(measurements), before_s=reported_before_s(measurements))


def counted(measurements: Measurements) -> int | None:
    """How many are in an area: vehicles before people, where a device counts both."""
    for key in ("vehicles_present", "people_present", "occupants"):
        if key in measurements:
            return int(measurements[key])
    return None


def reported_state(measurements: Measurements) -> State | None:
    """The state that a sensor's words mean, or None where they say nothing about occupancy."""
    if "occupied" in measurements:
        return _state(measurements["occupied"])
    if "occupants" in measurements:
        return _state(measurements["occupants"] > 0)
    return None


def _state(occupied: bool) -> State:  # noqa: FBT001
    return State.OCCUPIED if occupied else State.FREE


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
