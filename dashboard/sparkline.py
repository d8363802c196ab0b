"""A small line of values over time, drawn by the server."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT, MARGIN = 300.0, 60.0, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """What the template draws: `points` of an SVG polyline, its last one, and the words for those who do not see it."""

    points: str
    last: tuple[float, float]
    words: str


def sparkline(values: Sequence[tuple[datetime, float]], unit: str) -> Sparkline | None:
    """The values as a line, oldest left; None for fewer than two."""
    if len(values) < 2:
        return None
    ordered = sorted(values)
    begins, span = ordered[0][0], (ordered[-1][0] - ordered[0][0]).total_seconds() or 1.0
    low, high = min(value for _, value in ordered), max(value for _, value in ordered)
    places = [
        (
            round(MARGIN + (WIDTH - 2 * MARGIN) * (moment - begins).total_seconds() / span, 1),
            round(HEIGHT / 2 if low == high else MARGIN + (HEIGHT - 2 * MARGIN) * (high - value) / (high - low), 1),
        )
        for moment, value in ordered
    ]
    words = f"{len(ordered)} days, from {low:.1f} to {high:.1f}{unit}, at last {ordered[-1][1]:.1f}{unit}"
    return Sparkline(
        points=" ".join(f"{x:g},{y:g}" for x, y in places), last=places[-1], words=words.replace("-", "\N{MINUS SIGN}")
    )
