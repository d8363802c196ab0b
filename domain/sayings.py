"""What a frame says of the asset under it: its measurements as a state, and as a number where something was counted."""

from domain.measurements import Measurements
from domain.places import AssetKind
from domain.states import State
from domain.values import value


@value
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


def beside(measurements: Measurements, state: State | None) -> list[tuple[str, float]]:
    """What was measured beside the state that was said of an asset, None for none.

    A sensor's own word for that very state is nothing else, and kept with it: nearly every frame of a bay has one.
    """
    occupied = None if state is None else state is State.OCCUPIED
    return [(key, float(value)) for key, value in measurements.items() if key != "occupied" or value is not occupied]  # type: ignore[arg-type]


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
