"""A map of one place drawn from the coordinates of its bays and benches, without tiles or script."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import cos, hypot, inf, radians

from dashboard import wording
from domain.snapshot import AssetStatus

WIDTH = 720.0
MIN_HEIGHT, MAX_HEIGHT = 150.0, 420.0
MARGIN = 40.0
MIN_RADIUS, MAX_RADIUS = 8.0, 17.0
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """One bay or bench on the map, in the map's own units."""

    status: AssetStatus
    x: float
    y: float
    word: str
    letter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteMap:
    """What the template draws. `letters` explains the letters in use; the scale bar stands for `bar_metres`."""

    width: float
    height: float
    radius: float
    markers: list[Marker]
    letters: dict[str, str]
    bar_metres: float
    bar_width: float


def draw(statuses: Sequence[AssetStatus]) -> SiteMap | None:
    """Lay the bays, benches and areas out, north up; None where there is nothing to draw."""
    if not statuses:
        return None
    metres = _metres(statuses)
    west, south = min(x for x, _ in metres), min(y for _, y in metres)
    wide = max(x for x, _ in metres) - west
    tall = max(y for _, y in metres) - south
    scale = min((WIDTH - 2 * MARGIN) / max(wide, 10.0), (MAX_HEIGHT - 2 * MARGIN) / max(tall, 10.0))
    height = min(max(tall * scale + 2 * MARGIN, MIN_HEIGHT), MAX_HEIGHT)
    left, bottom = (WIDTH - wide * scale) / 2, (height + tall * scale) / 2
    points = [(left + (x - west) * scale, bottom - (y - south) * scale) for x, y in metres]
    bar_metres = _round_length((WIDTH / 5) / scale)
    return SiteMap(
        width=WIDTH,
        height=round(height + 30, 1),
        radius=_radius(points),
        markers=[_marker(status, x, y) for status, (x, y) in zip(statuses, points, strict=True)],
        letters={wording.letter(s.asset): wording.kind_text(s.asset) for s in statuses if wording.letter(s.asset)},
        bar_metres=bar_metres,
        bar_width=round(bar_metres * scale, 1),
    )


def _metres(statuses: Sequence[AssetStatus]) -> list[tuple[float, float]]:
    middle = sum(s.asset.lat for s in statuses) / len(statuses)
    east = METRES_PER_DEGREE * cos(radians(middle))
    return [(s.asset.lon * east, s.asset.lat * METRES_PER_DEGREE) for s in statuses]


def _marker(status: AssetStatus, x: float, y: float) -> Marker:
    word = wording.status_text(status)
    return Marker(status=status, x=round(x, 1), y=round(y, 1), word=word, letter=wording.letter(status.asset))


def _radius(points: Sequence[tuple[float, float]]) -> float:
    """As large as the closest pair allows, within what stays legible."""
    closest = min((hypot(a[0] - b[0], a[1] - b[1]) for a, b in combinations(points, 2)), default=inf)
    return round(min(max(closest * 0.45, MIN_RADIUS), MAX_RADIUS), 1)


def _round_length(longest: float) -> float:
    """The longest of 1, 2, 5, 10, 20, 50 ... metres that fits."""
    length = 1.0
    for factor in (2.0, 2.5, 2.0) * 5:
        if length * factor > longest:
            break
        length *= factor
    return length
