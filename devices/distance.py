"""From a distance to a state: the threshold that belongs to an installation, not to a model.

A frame is judged by itself: what it means must not depend on the frames that came before it, which may be late. So a
distance between taken and free says nothing, and what was said before stands until it is too old to count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from domain.measurements import Measurements
from domain.places import AssetKind
from domain.sayings import Said, reported_state, said_of
from domain.states import State

FARTHEST_MM = 20_000
"""No sensor over a bay sees farther: what is greater is a code of the maker's, such as 65,535 for no echo."""
MARGIN_MM = 100
_GAP_MM = 400
_VEHICLE_MM = 500
_STEP_MM = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What is nearer than `occupied_below_mm` is there; what is at least `margin_mm` farther is gone.

    In between the state before stands, so that a bonnet at the very threshold does not come and go. Below
    `blind_below_mm` a sensor sees itself or dirt, and says nothing.
    """

    occupied_below_mm: int
    margin_mm: int = MARGIN_MM
    blind_below_mm: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError unless 0 <= blind < occupied, and the margin is not negative."""
        if not 0 <= self.blind_below_mm < self.occupied_below_mm or self.margin_mm < 0:
            raise ValueError("a threshold needs 0 <= blind_below_mm < occupied_below_mm and margin_mm >= 0")


def occupied(distance_mm: int, threshold: Threshold, *, before: bool | None = None) -> bool | None:
    """Whether something stands under the sensor; None where that cannot be told and was not known before.

    Args:
        distance_mm: from the sensor to what is in front of it, in millimetres.
        threshold: of this installation.
        before: the state until now, None if it is not known.
    """
    if distance_mm < threshold.blind_below_mm:
        return before
    if distance_mm < threshold.occupied_below_mm:
        return True
    return False if distance_mm >= threshold.occupied_below_mm + threshold.margin_mm else before


@lru_cache(maxsize=4096)
def installed(threshold_mm: int) -> Threshold:
    """The threshold of an installation, in millimetres from 1 on."""
    return Threshold(occupied_below_mm=threshold_mm)


def state_at(measurements: Measurements, threshold_mm: int | None) -> State | None:
    """The state that a frame means where a sensor is installed; None where it says nothing of a bay or bench.

    A threshold that somebody set counts more than what the sensor itself takes for occupied.
    """
    if threshold_mm is None or "distance_mm" not in measurements:
        return reported_state(measurements)
    distance_mm = measurements["distance_mm"]
    if not 0 < distance_mm <= FARTHEST_MM:
        return None
    is_occupied = occupied(distance_mm, installed(threshold_mm))
    return None if is_occupied is None else State.OCCUPIED if is_occupied else State.FREE


def said_at(kind: AssetKind, measurements: Measurements, threshold_mm: int | None) -> Said | None:
    """What a frame says of an asset of this kind where a sensor is installed; None where it says nothing of it."""
    if threshold_mm is None or "distance_mm" not in measurements or kind not in (AssetKind.BAY, AssetKind.BENCH):
        return said_of(kind, measurements)
    state = state_at(measurements, threshold_mm)
    return None if state is None else Said(state=state, number=None, before_s=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A threshold that measured distances speak for, in millimetres.

    `taken` and `free` are the least and the greatest distance on either side of it; `taken` is None where only one
    kind was seen, which then has to be an empty bay.
    """

    threshold_mm: int
    taken: tuple[int, int] | None
    free: tuple[int, int]


def proposal(distances_mm: Sequence[int]) -> Proposal | None:
    """The threshold for a place where these were measured; None where they say nothing.

    Where two kinds of distance were seen, half way between them, the margin above it included. Otherwise what stands
    half a metre high in front of the sensor is a vehicle, or half the way where there is not so much room.
    """
    seen = sorted(mm for mm in distances_mm if 0 < mm <= FARTHEST_MM)
    if not seen:
        return None
    gap, near, far = max(((b - a, a, b) for a, b in pairwise(seen)), default=(0, 0, 0))
    if gap >= _GAP_MM:
        middle = (near + far - MARGIN_MM) // 2
        return Proposal(threshold_mm=_rounded(middle), taken=(seen[0], near), free=(far, seen[-1]))
    free = seen[0]
    return Proposal(threshold_mm=_rounded(max(free - _VEHICLE_MM, free // 2)), taken=None, free=(free, seen[-1]))


def _rounded(threshold_mm: int) -> int:
    return max(threshold_mm // _STEP_MM * _STEP_MM, 1)
