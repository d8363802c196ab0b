"""Shares over time as bars, drawn by the server: where each bar, line and word of an SVG stands."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 72.0, 8.0, 16.0, 40.0
_GAP = 0.18
_LINES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Share:
    """A value from 0 to 1 at a place on the axis; None where it is not known. `kind` says how it is drawn."""

    label: str
    value: float | None
    kind: str = "plain"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the SVG, or (without height) the place of a value that is not known."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """What the template draws; `lines` and `labels` are places with words, `words` are for those who do not see it."""

    bars: Sequence[Bar]
    lines: Sequence[tuple[float, str]]
    labels: Sequence[tuple[float, str]]
    words: str
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = HEIGHT - BOTTOM


def bar_chart(shares: Sequence[Share], *, words: str, labels: int = 6) -> BarChart:
    """The shares as bars, oldest left; at most so many of them have their label below."""
    inner_width, inner_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    step = inner_width / max(len(shares), 1)
    every = -(-len(shares) // labels) or 1

    def y(value: float) -> float:
        return round(TOP + inner_height * (1 - value), 1)

    return BarChart(
        bars=[
            Bar(
                x=round(LEFT + step * (number + _GAP / 2), 1),
                y=y(one.value or 0.0),
                width=round(step * (1 - _GAP), 1),
                height=round(inner_height * (one.value or 0.0), 1),
                kind="unknown" if one.value is None else one.kind,
                title=f"{one.label}: {percent(one.value)}",
            )
            for number, one in enumerate(shares)
        ],
        lines=[(y(value), percent(value)) for value in _LINES],
        labels=[
            (round(LEFT + step * (number + 0.5), 1), one.label)
            for number, one in enumerate(shares)
            if number % every == 0
        ],
        words=words,
    )


def percent(share: float | None) -> str:
    """A share in words."""
    return "not known" if share is None else f"{100 * share:.0f}%"
