"""From a distance to a state: the threshold that belongs to an installation, not to a model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What is nearer than `occupied_below_mm` is there; what is at least `margin_mm` farther is gone.

    In between the state before stands, so that a bonnet at the very threshold does not come and go. Below
    `blind_below_mm` a sensor sees itself or dirt, and says nothing.
    """

    occupied_below_mm: int
    margin_mm: int = 100
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
